"""The record as a visitor may read it: oversight the whole, an agency its own side of the street and nothing more.

What an agency is shown of a record is at most what its own people were told when it was answered, and what was done with
its own data. Whatever was withheld without a word (``ABSENT``) stays unsaid here too: a row that is missing because a
statute protects somebody must not be found by reading the record of who asked, nor by looking for that person in it. So an
agency finds by person only the answers that showed something of the person, and counts only people of whom something was
shown; and what is blanked in a record cannot be searched by.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

from gateway.audit import Found, Search, search
from gateway.web.console.room import Room, Visitor
from gateway.web.console.words import REASONS

__all__ = ["Recent", "Seen", "gather", "recent", "seen_by"]

_PAGE: Final = 250
_MOST: Final = 5_000
RELEASED: Final = frozenset({"ALLOW", "MASK"})


@dataclass(frozen=True, slots=True)
class Seen:
    """One record as the visitor may read it. ``whole`` is the record itself, where nothing of it is kept from them.

    ``items`` are its coordinates with what became of them, ``people`` how many travelers it showed the reader something
    of, and for oversight how many it looked at.
    """

    shard: str
    index: int
    at: str
    noted: str
    kind: str
    request: str
    caller: dict[str, str]
    operation: dict[str, str]
    items: tuple[dict[str, Any], ...]
    people: int
    epoch: str
    note: dict[str, str]
    whole: dict[str, Any] | None = None

    @property
    def released(self) -> int:
        """How many values were given."""
        return sum(each["count"] for each in self.items if each["outcome"] in RELEASED)

    @property
    def withheld(self) -> int:
        """How many coordinates were not."""
        return len({each["coordinate"] for each in self.items if each["outcome"] not in RELEASED})


def seen_by(visitor: Visitor, found: Found, subjects: Collection[str] = ()) -> Seen | None:
    """The record as the visitor may read it; None where it is none of their side.

    ``subjects`` are pseudonyms that were searched for: to an agency, a record that showed it nothing of them is none.
    """
    record = found.record
    caller, operation = dict(record["caller"]), record["operation"]
    if visitor.oversight:
        return Seen(
            found.shard, found.index, record["at"], found.noted, record["kind"], record["request"], caller, operation,
            tuple(record["disclosed"]), len(record["subjects"]), record["epoch"], dict(record.get("note", {})), record,
        )  # fmt: skip
    mine = caller["agency"] == visitor.agency
    given = {subject: owners for subject, owners in record.get("given", {}).items() if mine or visitor.agency in owners}
    items = tuple(
        {name: value for name, value in each.items() if name != "truths"}
        for each in record["disclosed"]
        if _was_told(each) and (mine or each["owner"] == visitor.agency)
    )
    if subjects and not given.keys() & set(subjects):
        return None
    if not mine and (not items or record["kind"] != "release"):
        return None
    if not mine:
        caller |= {"user": "", "location": "", "token_id": ""}
    told = {"name": operation["name"] if mine else "", "kind": operation["kind"]}
    note = dict(record.get("note", {})) if mine else {}
    return Seen(
        found.shard, found.index, record["at"], found.noted, record["kind"], record["request"], caller, told,
        items, len(given), record["epoch"], note,
    )  # fmt: skip


def _was_told(item: dict[str, Any]) -> bool:
    """Whether the client was told of it, in words that do not depend on whom the record is about."""
    if item["outcome"] in RELEASED or item["outcome"] == "UNAVAILABLE":
        return True
    if item["outcome"] != "DENY" or item["reason"] not in REASONS:  # a notice's own code is for its addressee
        return False
    return item["reason"] != "STATUTE" or not item["count"]  # a statute that was weighed says something of the person


def gather(
    room: Room, visitor: Visitor, what: Search, *, limit: int = 50, before: str | None = None
) -> tuple[list[Seen], int | None, str]:
    """The newest records the visitor may read, how many match (None: not counted), and where to go on ("": the end)."""
    if visitor.oversight:
        page, total = search(room.where, what, limit=limit, before=before)
        shown = [one for each in page if (one := seen_by(visitor, each)) is not None]
        return shown, total, page[-1].cursor if len(page) == limit else ""
    # what an agency asks for is looked for in what it may read, never in the whole record
    wide = replace(what, coordinate="", agreement="", outcome="", user="")
    kept: list[Seen] = []
    for _ in range(_MOST // _PAGE):
        page, _ = search(room.where, wide, limit=_PAGE, before=before)
        for each in page:
            before = each.cursor
            one = seen_by(visitor, each, what.subjects)
            if one is not None and _matches(one, what):
                kept.append(one)
                if len(kept) == limit:
                    return kept, None, before
        if len(page) < _PAGE:
            return kept, None, ""
    return kept, None, before or ""


def _matches(one: Seen, what: Search) -> bool:
    if what.user and one.caller["user"] != what.user:
        return False
    if not (what.coordinate or what.agreement or what.outcome):
        return True
    prefix = what.coordinate[:-1] if what.coordinate.endswith(".*") else ""
    return any(
        (not what.coordinate or each["coordinate"] == what.coordinate or (prefix and each["coordinate"].startswith(prefix)))
        and what.agreement in ("", each["agreement"])
        and what.outcome in ("", each["outcome"])
        for each in one.items
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Recent:
    """The answers of the last ``days`` that the visitor may read, newest first; ``cut`` where there were more."""

    days: int
    records: tuple[Seen, ...]
    cut: bool


def recent(room: Room, visitor: Visitor, days: int = 30) -> Recent:
    """What the reports are counted from: at most the newest 5,000 answers of the last ``days``."""
    what = Search(since=room.now - timedelta(days=days), kind="release")
    kept: list[Seen] = []
    before: str | None = None
    for _ in range(_MOST // _PAGE):
        page, _ = search(room.where, what, limit=_PAGE, before=before)
        kept += [one for each in page if (one := seen_by(visitor, each)) is not None]
        if len(page) < _PAGE:
            return Recent(days, tuple(kept), False)
        before = page[-1].cursor
    return Recent(days, tuple(kept), True)
