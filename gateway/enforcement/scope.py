"""Where the walk over an operation stands: what is known there, whose record it is, and which of its facts are needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gateway.policy import Decision, Outcome

__all__ = ["Frame", "Scope", "Told"]


@dataclass(slots=True)
class Frame:
    """The object being selected: which of its facts, as dotted paths, its fields' decisions need.

    ``outer`` is the object it stands in. A fact that an object has no field for is the outer record's, and an object
    without a traveler of its own is about the outer one's.
    """

    fields: frozenset[str] = frozenset()
    outer: Frame | None = None
    own_subject: str = ""
    record: bool = False
    paths: set[str] = field(default_factory=set)

    def note(self, needs: frozenset[str]) -> bool:
        """Take note of the facts a decision needs; returns whether a statutory flag of the subject is among them."""
        flags = False
        for fact in needs:
            source, _, path = fact.partition(".")
            if source == "record":
                self.ask(path)
            elif source == "subject":
                flags = flags or path != "id"
                self.ask_subject()
        return flags

    def ask(self, path: str) -> None:
        """See to it that the record's fact is at hand, on this object or on one around it."""
        if path.partition(".")[0] in self.fields:
            self.paths.add(path)
        elif self.outer is not None and not self.record:  # a record's facts are its own, never another record's
            self.outer.ask(path)

    def ask_subject(self) -> None:
        """See to it that the subject's id is at hand, on this record or on the one around it."""
        if self.own_subject:
            self.paths.add(self.own_subject)
        elif self.outer is not None:
            self.outer.ask_subject()


@dataclass(slots=True)
class Scope:
    """What is known while walking down: the facts, the path for the ledger, the record that fields belong to."""

    facts: Mapping[str, Any]
    path: tuple[str, ...]
    frames: dict[str, Frame]


@dataclass(frozen=True, slots=True)
class Told:
    """Of the coordinates that tell of a record: what they still need, if none shows it; whether none ever can."""

    needs: tuple[frozenset[str], ...]
    impossible: bool

    @classmethod
    def of(cls, decisions: Sequence[Decision]) -> Told:
        settled = [each.outcome for each in decisions if each.settled]
        shown = any(outcome in (Outcome.ALLOW, Outcome.MASK) for outcome in settled)
        refused = all(outcome in (Outcome.DENY, Outcome.ABSENT) for outcome in settled)
        return cls(
            () if shown else tuple(dict.fromkeys(each.needs for each in decisions if not each.settled)),
            refused and len(settled) == len(decisions) and Outcome.ABSENT in settled,
        )
