"""A second, naive decider, written from policy.md section 4 alone: no cells, no caches, no stages, no shared helpers.

It knows bundles as the test made them (plain data), one coordinate at a time, and answers with (outcome, mask, basis,
reason). Whatever the policy room does to be fast has to agree with it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

__all__ = ["Book", "Clause", "Deed", "Law", "answer"]

UNKNOWN = "unknown"
MASK_STRENGTH = {"": 0, "BUCKET": 1, "YEAR_ONLY": 2, "CATEGORY_ONLY": 3}


@dataclass
class Clause:
    """A grant or a withhold: ``when`` is a list of (fact, wanted) pairs that must all be equal; ``any_of`` one of them."""

    article: str
    when: list[tuple[str, Any]] = field(default_factory=list)
    any_of: list[tuple[str, Any]] = field(default_factory=list)
    roles: list[str] = field(default_factory=lambda: ["primary", "secondary"])
    mask: str = ""


@dataclass
class Deed:
    """An agreement on the one coordinate under test."""

    id: str
    grants: list[Clause]
    withholds: list[Clause]
    obligations: int = 0
    status: str = "active"
    effective: date = date(2024, 1, 1)
    expires: date = date(2029, 1, 1)
    review_by: date = date(2028, 1, 1)
    marked: bool = False
    purposes: list[str] = field(default_factory=lambda: ["inspection"])
    recipients: list[str] = field(default_factory=lambda: ["CBP"])


@dataclass
class Law:
    """A prohibition of one rule: when all pairs hold, ``effect``; nobody in ``exempt`` roles is bound."""

    id: str
    when: list[tuple[str, Any]]
    effect: str
    exempt: list[str] = field(default_factory=list)


@dataclass
class Book:
    """Everything written about the coordinate."""

    deeds: list[Deed]
    laws: list[Law]


def _is(fact: str, wanted: Any, facts: dict[str, Any]) -> Any:
    value = facts.get(fact, UNKNOWN)
    if isinstance(value, str) and value in (UNKNOWN, "unreachable"):
        return UNKNOWN
    if value is None:
        return UNKNOWN if fact == "subject.p1367" else False
    return type(value) is type(wanted) and value == wanted


def _all(results: list[Any]) -> Any:
    if any(each is False for each in results):
        return False
    return UNKNOWN if UNKNOWN in results else True


def _any(results: list[Any]) -> Any:
    if any(each is True for each in results):
        return True
    return UNKNOWN if UNKNOWN in results else False


def _holds(clause: Clause, facts: dict[str, Any], *, ideal: bool = False) -> Any:
    """``ideal``: as if every record were just right, so that only case and caller can fail."""

    def look(fact: str, wanted: Any) -> Any:
        return True if ideal and fact.split(".")[0] in ("record", "subject") else _is(fact, wanted, facts)

    parts = [look(*pair) for pair in clause.when]
    if clause.any_of:
        parts.append(_any([look(*pair) for pair in clause.any_of]))
    return _all(parts)


def _unreachable(clause: Clause, facts: dict[str, Any]) -> bool:
    return any(facts.get(fact) == "unreachable" for fact, _ in clause.when + clause.any_of)


def _about_records(clause: Clause) -> bool:
    return any(fact.split(".")[0] in ("record", "subject") for fact, _ in clause.when + clause.any_of)


def _in_force(deed: Deed, at: datetime) -> bool:
    return (
        deed.status == "active"
        and deed.effective <= at.date() < deed.expires
        and at.date() < deed.review_by + timedelta(days=90)
    )


def answer(
    book: Book, agency: str, role: str, purpose: str, facts: dict[str, Any], at: datetime
) -> tuple[str, str, str, str]:
    """(outcome, mask, basis, reason) for fully settled facts: every fact is known, null or unreachable."""
    laws = [law for law in book.laws if role not in law.exempt]
    results = [(law, _all([_is(*pair, facts) for pair in law.when])) for law in laws]
    # what follows from the caller and the case alone is the same for every record, and is said first
    withholds = [
        (deed, each)
        for deed in book.deeds
        for each in deed.withholds
        if agency in deed.recipients and purpose in deed.purposes and _in_force(deed, at)
    ]
    plain = [deed.id for deed, each in withholds if not _about_records(each) and _holds(each, facts) is True]
    if plain:
        return ("DENY", "", plain[0], "WITHHELD_BY_PROVIDER")
    mine = [(deed, each) for deed in book.deeds for each in deed.grants if agency in deed.recipients]
    if not mine:
        return ("DENY", "", "", "NO_AGREEMENT")
    live = [pair for pair in mine if _in_force(pair[0], at)]
    fitting = [pair for pair in live if purpose in pair[0].purposes and role in pair[1].roles]
    if not fitting:
        dead = [pair for pair in mine if purpose in pair[0].purposes and role in pair[1].roles]
        if dead or not live:
            return ("DENY", "", "", "NOT_IN_FORCE")
        named = any(purpose in deed.purposes for deed, _ in live)
        return ("DENY", "", "", "ROLE_NOT_COVERED" if named else "PURPOSE_NOT_COVERED")
    ideals = [_holds(each, facts, ideal=True) for _, each in fitting]
    if not any(each is True for each in ideals):
        if UNKNOWN in ideals:
            return ("UNAVAILABLE", "", "", "FACT_UNAVAILABLE")
        marked = any(deed.marked for deed, _ in fitting)
        return ("DENY", "", "", "CASE_CONDITION" if marked else "NOT_SHARED")
    # from here on it is the record's doing
    hit = [law for law, result in results if result is True]
    if hit:
        gone = sorted(law.id for law in hit if law.effect == "absent")
        return ("ABSENT", "", gone[0], "") if gone else ("DENY", "", min(law.id for law in hit), "STATUTE")
    held = [(deed, _holds(each, facts)) for deed, each in withholds]
    doubtful = [law for law, result in results if result == UNKNOWN]
    kept_back = next((deed.id for deed, result in held if result is True), "")
    ungranted = all(_holds(each, facts) is False for _, each in fitting)
    if (kept_back or ungranted) and all(law.effect == "absent" for law in doubtful):
        return ("ABSENT", "", kept_back if not doubtful else "", "")  # nothing comes out whatever the laws come to
    if doubtful:
        return ("UNAVAILABLE", "", "", "FACT_UNAVAILABLE")
    if any(result == UNKNOWN for _, result in held):
        return ("UNAVAILABLE", "", "", "FACT_UNAVAILABLE")
    good = [(deed, each) for deed, each in fitting if _holds(each, facts) is True]
    if good:
        deed, best = min(
            good,
            key=lambda pair: (
                pair[1].mask != "",
                MASK_STRENGTH[pair[1].mask],
                pair[0].obligations,
                pair[0].id,
                pair[1].article,
            ),
        )
        return ("MASK" if best.mask else "ALLOW", best.mask, deed.id, "")
    if any(_holds(each, facts) == UNKNOWN and _unreachable(each, facts) for _, each in fitting):
        return ("UNAVAILABLE", "", "", "FACT_UNAVAILABLE")
    return ("ABSENT", "", "", "")
