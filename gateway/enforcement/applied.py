"""What came of carrying out the rulings: the ledger, the counts for the record, and what could not be had."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from gateway.enforcement.hidden import HIDDEN
from gateway.enforcement.permitted import Entry
from gateway.policy import Decision, Outcome

__all__ = ["Applied", "Unavailable"]


_MOST_KEYS: Final = 2_000
_Key: TypeAlias = tuple[str, str, str, int, str, str]
"""(coordinate, outcome and mask, agreement, version, article, reason)."""


@dataclass(frozen=True, slots=True)
class Unavailable:
    """A place in the answer whose value, or whose deciding fact, could not be had."""

    path: tuple[str | int, ...]
    coordinate: str
    owner: str = ""


@dataclass(slots=True)
class Applied:
    """The ledger, how often each (coordinate, outcome, agreement, version, article, reason) occurred, the decisions
    behind each and for how many values each stood, and who was looked at. ``given`` are the travelers of whom a governed
    value is shown, each with the agency whose it is. ``keys`` may be shared by answers: under what each ruling is counted.
    """

    ledger: list[Entry]
    outcomes: Counter[_Key] = field(default_factory=Counter)
    weighed: dict[_Key, dict[int, tuple[Decision, int]]] = field(default_factory=dict)
    subjects: set[str] = field(default_factory=set)
    given: set[tuple[str, str]] = field(default_factory=set)
    unavailable: list[Unavailable] = field(default_factory=list)
    entered: set[tuple[str, tuple[str, ...], str]] = field(default_factory=set, repr=False)
    keys: dict[int, tuple[Decision, _Key]] = field(default_factory=dict, repr=False)
    _rows: dict[int, list[Any]] = field(default_factory=dict, repr=False)  # by identity: [decisions, how often]
    _counted: dict[int, list[Any]] = field(default_factory=dict, repr=False)  # by identity: [decision, how often]

    def __post_init__(self) -> None:
        self.entered.update((entry.coordinate, entry.path, entry.outcome) for entry in self.ledger)

    def note(self, rulings: tuple[Decision, ...]) -> None:
        """Note that each of ``rulings`` was made of a value; ``sum_up`` counts what was noted.

        Many objects are ruled on by the very same tuple: those are counted together.
        """
        known = self._rows.get(id(rulings))
        if known is None:
            self._rows[id(rulings)] = [rulings, 1]
        else:
            known[1] += 1

    def _note(self, ruling: Decision, times: int = 1) -> None:
        known = self._counted.get(id(ruling))
        if known is None:
            self._counted[id(ruling)] = [ruling, times]
        else:
            known[1] += times

    def count(self, ruling: Decision, path: tuple[str | int, ...]) -> None:
        """Note that ``ruling`` was made of the value at ``path``; what is withheld or masked gets a line in the ledger."""
        self._note(ruling)
        if ruling.outcome in (Outcome.ALLOW, Outcome.ABSENT):
            return
        if ruling.outcome is Outcome.UNAVAILABLE:
            self.unavailable.append(Unavailable(path, ruling.coordinate, ruling.owner))
        basis = ruling.basis
        shown = tuple("[]" if isinstance(step, int) else step for step in path if not str(step).startswith(HIDDEN))
        if (ruling.coordinate, shown, str(ruling.outcome)) not in self.entered:
            self.entered.add((ruling.coordinate, shown, str(ruling.outcome)))
            self.ledger.append(
                Entry(
                    str(ruling.outcome),
                    ruling.coordinate,
                    shown,
                    ruling.owner,
                    ruling.reason,
                    mask=ruling.mask,
                    how_to_request=ruling.how_to_request,
                    agreement=basis.agreement if basis and ruling.outcome is Outcome.MASK else "",
                )
            )

    def sum_up(self) -> None:
        """Count what was noted since the last time, into ``outcomes`` and ``weighed``."""
        for rulings, times in self._rows.values():
            for ruling in rulings:
                self._note(ruling, times)
        for number, (ruling, times) in self._counted.items():
            kept = self.keys.get(number)
            if kept is None:
                if len(self.keys) >= _MOST_KEYS:
                    self.keys.clear()
                kept = self.keys[number] = (ruling, _key(ruling))  # holding the ruling makes its identity its own
            key = kept[1]
            self.outcomes[key] += times
            behind = self.weighed.setdefault(key, {})
            behind[number] = (ruling, behind[number][1] + times if number in behind else times)
        self._counted, self._rows = {}, {}


def _key(ruling: Decision) -> _Key:
    basis = ruling.basis
    return (
        ruling.coordinate,
        str(ruling.outcome) + (f":{ruling.mask}" if ruling.mask else ""),
        basis.agreement if basis else "",
        basis.version if basis else 0,
        basis.article if basis else "",
        str(ruling.reason),
    )
