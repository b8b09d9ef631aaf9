"""What a check found: steps, their mistakes, and which of these pass for a while because somebody answers for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from gateway.errors import CompositionFailed, GatewayError, Mistake, PolicyError

__all__ = ["Checked", "Override", "Passed", "Step", "mistakes_of"]


@dataclass(frozen=True, slots=True)
class Override:
    """One entry of ``overrides.toml``: the finding it lets pass before the day ``until``, why, and who answers for it.

    ``code`` and ``where`` are those of the finding; ``at`` is the entry's own file and line.
    """

    code: str
    where: str
    reason: str
    author: str
    until: date
    at: str

    def names(self, mistake: Mistake) -> bool:
        """Whether ``mistake`` is the finding: the same code, at the same place; a path may be named from its end."""
        same = mistake.where == self.where or mistake.where.endswith(f"/{self.where}")
        return self.code == mistake.code and same


@dataclass(frozen=True, slots=True)
class Passed:
    """A mistake that an override lets pass."""

    mistake: Mistake
    override: Override

    def __str__(self) -> str:
        told, entry = self.mistake, self.override
        place = f" [{told.where}]" if told.where else ""
        return f"passes until {entry.until}: {told.code}{place}: {told.message} {entry.author}: {entry.reason}"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was checked: what was found in words, every mistake, and what is worth knowing and none.

    ``passed`` are mistakes that count for nothing, because an override lets them pass.
    """

    name: str
    told: str
    mistakes: tuple[Mistake, ...] = ()
    notes: tuple[str, ...] = ()
    passed: tuple[Passed, ...] = ()


@dataclass(frozen=True, slots=True)
class Checked:
    """Every step that could be taken."""

    steps: tuple[Step, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong that no override lets pass."""
        return not any(step.mistakes for step in self.steps)

    def as_json(self) -> dict[str, Any]:
        """The result as data."""
        return {"ok": self.ok, "steps": [dict(_step(step)) for step in self.steps]}


def _step(step: Step) -> Iterator[tuple[str, Any]]:
    yield "name", step.name
    yield "told", step.told
    yield "mistakes", [_mistake(each) for each in step.mistakes]
    yield "notes", list(step.notes)
    if step.passed:
        yield "overridden", [{**_mistake(each.mistake), **_override(each.override)} for each in step.passed]


def _mistake(mistake: Mistake) -> dict[str, Any]:
    return {
        "code": mistake.code,
        "message": mistake.message,
        "where": mistake.where,
        "hint": mistake.hint,
        **({"extra": dict(mistake.extra)} if mistake.extra else {}),
    }


def _override(override: Override) -> dict[str, Any]:
    return {"reason": override.reason, "author": override.author, "until": override.until.isoformat()}


def mistakes_of(error: GatewayError) -> tuple[Mistake, ...]:
    """Every mistake that an error holds, or the error itself as one."""
    if isinstance(error, CompositionFailed | PolicyError) and error.mistakes:
        return error.mistakes
    return (Mistake(error.code, error.message, error.where, error.hint),)
