"""What changed of the agreements: at an activation, or at an instant that an agreement's own dates name.

A function of the journal and the instant up to which one asks, so that every replica that has the same activations tells the
same changes under the same numbers, however often it was restarted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from gateway.journal.activation import Activation, Stood
from gateway.policy.lifecycle import IN_FORCE, boundaries, midnight, state_of

__all__ = ["Change", "Shown", "changes", "next_boundary", "place_of", "shown_to"]

_REIGN: Final = 32
_DATES: Final = 1 << 20
"""Within a reign, what its dates bring is numbered from here on: so it does not hang on what the activation changed."""
_AN_INSTANT: Final = timedelta(microseconds=1)
_OVER: Final = {
    "review-overdue": "REVIEW_OVERDUE",
    "suspended": "SUSPENDED",
    "expired": "EXPIRED",
    "terminated": "TERMINATED",
}


@dataclass(frozen=True, slots=True)
class Change:
    """One agreement that stands otherwise from ``at`` on than just before; ``number`` orders all changes.

    ``now`` is None where it is gone, ``before`` where it is new. ``kinds`` say what happened, ``articles`` and ``flows`` which of
    them are new, gone or otherwise. ``state`` is that of ``gateway.policy.lifecycle``.
    """

    number: int
    at: datetime
    epoch: str
    before: Stood | None
    now: Stood | None
    kinds: tuple[str, ...]
    state: str
    articles: tuple[str, ...] = ()
    flows: tuple[str, ...] = ()

    @property
    def ordinal(self) -> int:
        """The activation in whose reign it fell."""
        return self.number >> _REIGN

    @property
    def agreement(self) -> Stood:
        """The agreement, as it was last where it is gone."""
        found = self.now or self.before
        assert found is not None  # noqa: S101 - it was there before or is now
        return found


@dataclass(frozen=True, slots=True)
class Shown:
    """What of a change one agency is told. ``agreement`` is None for who is out: the new text is no longer theirs."""

    change: Change
    kinds: tuple[str, ...]
    agreement: Stood | None
    articles: tuple[str, ...] = ()
    flows: tuple[str, ...] = ()


def changes(entries: Sequence[Activation], until: datetime) -> tuple[Change, ...]:
    """Every change that ``entries`` and the calendar brought up to and with ``until``, in order.

    The first entry changes nothing: what was before it is not known. An activation counts as soon as it is in the journal.
    """
    found: list[Change] = []
    for place, entry in enumerate(entries):
        following = entries[place + 1] if place + 1 < len(entries) else None
        if place:
            found += _activated(entries[place - 1], entry)
        end = until if following is None else following.at - _AN_INSTANT
        found += _by_date(entry, end)
    return tuple(found)


def next_boundary(entry: Activation, at: datetime) -> datetime | None:
    """The next instant after ``at`` at which a date of an agreement in ``entry`` changes how it stands."""
    return next((each for each in _boundaries(entry) if each > at), None)


def place_of(entry: Activation) -> int:
    """The number before all changes of ``entry``'s reign."""
    return entry.ordinal << _REIGN


def shown_to(change: Change, agency: str, *, everything: bool = False) -> Shown | None:
    """What ``agency`` is told of ``change``: its parties all, who left that it is out, others nothing (None).

    ``everything``: to oversight every change is told whole.
    """
    whole = Shown(change, change.kinds, change.agreement, change.articles, change.flows)
    was = change.before is not None and agency in change.before.parties
    now = change.now is not None and agency in change.now.parties
    if everything or (was and (now or change.now is None)):
        return whole
    if was:
        return Shown(change, ("LEFT",), None)
    if not now:
        return None
    return Shown(change, ("JOINED",), change.agreement) if change.before is not None else whole


def _activated(old: Activation, new: Activation) -> Iterator[Change]:
    first, second = old.agreements, new.agreements
    place = place_of(new)
    for name in sorted(first.keys() | second.keys()):
        before, now = first.get(name), second.get(name)
        was = state_of(before, new.at - _AN_INSTANT) if before else ""
        state = state_of(now, new.at) if now else "terminated"
        articles, flows = _touched(before, now, "articles"), _touched(before, now, "flows")
        kinds = tuple(_kinds(before, now, was, state, flows))
        if kinds:
            place += 1
            yield Change(place, new.at, new.epoch, before, now, kinds, state, articles, flows)


def _kinds(before: Stood | None, now: Stood | None, was: str, state: str, flows: tuple[str, ...]) -> Iterator[str]:
    if before is None:
        yield "ACTIVATED" if state in IN_FORCE else "ANNOUNCED"
        return
    yield from _moved(was, state)
    if now is not None and before.text != now.text:
        yield "AMENDED"
    if flows:
        yield "FLOWS_CHANGED"


def _moved(was: str, state: str) -> Iterator[str]:
    """What it is called that an agreement goes from one state into another."""
    if state == was:
        return
    if state in IN_FORCE and was not in IN_FORCE:
        yield "ACTIVATED"
    if state in _OVER:
        yield _OVER[state]


def _touched(before: Stood | None, now: Stood | None, part: str) -> tuple[str, ...]:
    """The articles whose clauses are new, gone or otherwise; none where the agreement itself is new or gone."""
    if before is None or now is None:
        return ()
    first, second = getattr(before, part), getattr(now, part)
    return tuple(sorted(each for each in first.keys() | second.keys() if first.get(each) != second.get(each)))


def _boundaries(entry: Activation) -> tuple[datetime, ...]:
    agreements = entry.agreements.values()
    reviews = {midnight(each.review_by) for each in agreements if each.status == "active"}
    return tuple(sorted({*boundaries(agreements), *reviews}))


def _by_date(entry: Activation, end: datetime) -> Iterator[Change]:
    """What the dates of ``entry`` bring after its own instant, up to and with ``end``."""
    place = place_of(entry) + _DATES
    for instant in _boundaries(entry):
        for _, deed in sorted(entry.agreements.items()):
            was, state = state_of(deed, instant - _AN_INSTANT), state_of(deed, instant)
            kinds = tuple(_moved(was, state))
            if kinds:
                place += 1
                if entry.at < instant <= end:
                    yield Change(place, instant, entry.epoch, deed, deed, kinds, state)
