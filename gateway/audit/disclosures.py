"""The accounting of disclosures: what about one traveler went to which agency, when, why and on what basis.

The Privacy Act asks each agency to keep one (5 U.S.C. 552a(c)): date, nature and purpose of each disclosure, and to
whom. Reads by the agency that owns the data are no disclosures and are left out unless asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.audit.keys import Pseudonyms
from gateway.audit.place import Where
from gateway.audit.search import Found, Search, search

__all__ = ["Disclosure", "disclosures_of"]

_PAGE = 500
_RELEASED = frozenset({"ALLOW", "MASK"})


@dataclass(frozen=True, slots=True)
class Disclosure:
    """One release: what ``owner`` let ``recipient`` see of one coordinate, in one answer, and why it could.

    ``at`` is UTC text; ``subjects_in_answer`` tells how many travelers the same answer concerned: where it is more
    than one, ``count`` covers them all. An answer
    that looked a person up and showed nothing of them is no disclosure.
    """

    at: str
    index: int
    request_id: str
    owner: str
    recipient: str
    role: str
    user: str
    purpose: str
    case: str
    coordinate: str
    mask: str
    agreement: str
    version: int
    article: str
    count: int
    subjects_in_answer: int
    shard: str = ""


def disclosures_of(
    log: Where,
    pseudonyms: Pseudonyms,
    traveler_id: str,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    within_agency: bool = False,
) -> tuple[Disclosure, ...]:
    """Every disclosure about the traveler in ``since <= at < until``, oldest first; months whose key was shredded
    hold none that can be found. ``within_agency`` adds reads by the owner itself."""
    subjects = pseudonyms.every(traveler_id)
    if not subjects:
        return ()
    what = Search(subjects=subjects, since=since, until=until)
    lines: list[Disclosure] = []
    before: str | None = None
    while True:
        page, _ = search(log, what, limit=_PAGE, before=before)
        for found in page:
            lines += _lines(found, within_agency, _owners(found, subjects))
        if len(page) < _PAGE:
            return tuple(sorted(lines, key=lambda line: (line.at, line.shard, line.index, line.coordinate)))
        before = page[-1].cursor


def _owners(found: Found, subjects: Sequence[str]) -> set[str] | None:
    """Whose values about this person were shown; None where the record does not say (nothing was, or it is older)."""
    given: dict[str, list[str]] | None = found.record.get("given")
    return None if given is None else {owner for subject in subjects for owner in given.get(subject, ())}


def _lines(found: Found, within_agency: bool, owners: set[str] | None) -> list[Disclosure]:
    record = found.record
    caller = record["caller"]
    return [
        _line(found, item)
        for item in record["disclosed"]
        if record["kind"] == "release"
        and item["outcome"].upper() in _RELEASED
        and item["count"]
        and (owners is None or item["owner"] in owners)
        and (within_agency or item["owner"] != caller["agency"])
    ]


def _line(found: Found, item: dict[str, Any]) -> Disclosure:
    record = found.record
    caller = record["caller"]
    return Disclosure(
        at=record["at"],
        index=found.index,
        request_id=record["request"],
        owner=item["owner"],
        recipient=caller["agency"],
        role=caller["role"],
        user=caller["user"],
        purpose=caller["purpose"],
        case=caller["case"],
        coordinate=item["coordinate"],
        mask=item["mask"],
        agreement=item["agreement"],
        version=item["version"],
        article=item["article"],
        count=item["count"],
        subjects_in_answer=len(record["subjects"]),
        shard=found.shard,
    )
