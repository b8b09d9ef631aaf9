"""What came of carrying out the rulings: the ledger, the counts for the record, and what could not be had."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from gateway.enforcement.hidden import HIDDEN
from gateway.enforcement.permitted import Entry
from gateway.policy import Decision, Outcome

__all__ = ["Applied", "Unavailable"]


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
    value is shown, each with the agency whose it is."""

    ledger: list[Entry]
    outcomes: Counter[tuple[str, str, str, int, str, str]] = field(default_factory=Counter)
    weighed: dict[tuple[str, str, str, int, str, str], dict[int, tuple[Decision, int]]] = field(default_factory=dict)
    subjects: set[str] = field(default_factory=set)
    given: set[tuple[str, str]] = field(default_factory=set)
    unavailable: list[Unavailable] = field(default_factory=list)
    entered: set[tuple[str, tuple[str, ...], str]] = field(default_factory=set, repr=False)

    def __post_init__(self) -> None:
        self.entered.update((entry.coordinate, entry.path, entry.outcome) for entry in self.ledger)

    def count(self, ruling: Decision, path: tuple[str | int, ...]) -> None:
        """Enter that ``ruling`` was made of the value at ``path``; what is withheld or masked gets a line in the ledger."""
        basis = ruling.basis
        key = (
            ruling.coordinate,
            str(ruling.outcome) + (f":{ruling.mask}" if ruling.mask else ""),
            basis.agreement if basis else "",
            basis.version if basis else 0,
            basis.article if basis else "",
            ruling.reason,
        )
        self.outcomes[key] += 1
        behind = self.weighed.setdefault(key, {})
        behind[id(ruling)] = (ruling, behind[id(ruling)][1] + 1 if id(ruling) in behind else 1)
        if ruling.outcome in (Outcome.ALLOW, Outcome.ABSENT):
            return
        if ruling.outcome is Outcome.UNAVAILABLE:
            self.unavailable.append(Unavailable(path, ruling.coordinate, ruling.owner))
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
