"""State machines as tables: which step leads from which state to which."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from subgraphs.kit.errors import Refusal

__all__ = ["StateMachine", "Transition"]

S = TypeVar("S", bound=enum.Enum)


@dataclass(frozen=True, slots=True)
class Transition(Generic[S]):
    """``step`` leads from ``before`` to ``after``."""

    before: S
    step: str
    after: S


class StateMachine(Generic[S]):
    """The allowed steps of one kind of record; ``name`` is the coordinate of its state (``Petition.status``)."""

    def __init__(self, name: str, transitions: Iterable[Transition[S]]) -> None:
        self.name = name
        self.transitions = tuple(transitions)
        self._next: dict[S, dict[str, S]] = {}
        for move in self.transitions:
            steps = self._next.setdefault(move.before, {})
            if steps.setdefault(move.step, move.after) is not move.after:
                raise ValueError(f"{name}: {move.step} from {move.before.name} leads to two states")

    def allowed(self, state: S) -> tuple[S, ...]:
        """The states reachable in one step from ``state``, in the order of the table."""
        return tuple(dict.fromkeys(self._next.get(state, {}).values()))

    def fire(self, state: S, step: str) -> S:
        """The state after ``step``; raises ``Refusal`` ILLEGAL_TRANSITION, naming the allowed next states."""
        after = self._next.get(state, {}).get(step)
        if after is None:
            raise self._illegal(state, f"step {step}")
        return after

    def move(self, state: S, target: S) -> S:
        """``target``, when some step leads there from ``state``; raises ``Refusal`` ILLEGAL_TRANSITION otherwise."""
        if target not in self.allowed(state):
            raise self._illegal(state, f"a move to {target.name}")
        return target

    def _illegal(self, state: S, wanted: str) -> Refusal:
        allowed = [after.name for after in self.allowed(state)]
        told = ", ".join(allowed) or "none: the state is final"
        return Refusal(
            "ILLEGAL_TRANSITION",
            f"{self.name} does not allow {wanted} now; allowed next states: {told}",
            allowed=allowed,
        )
