"""How often one caller may ask, and how much the gateway works on at once: the values of ``limits.toml``.

Two tables, both optional: ``[gateway]``, and ``[callers]`` with a table for each role that differs. What concerns the
reading of a document is in ``gateway.operation.limits``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self, TypeVar

import msgspec

__all__ = ["CallerLimits", "DoorLimits", "LimitsPage"]


@dataclass(frozen=True, slots=True)
class DoorLimits:
    """The gateway's own: requests worked on at once, requests waiting for a place and for how many seconds, and the
    seconds a request may take in all.
    """

    concurrent: int = 64
    waiting: int = 256
    patience: float = 5.0
    deadline: float = 30.0

    def __post_init__(self) -> None:
        _positive(concurrent=self.concurrent, deadline=self.deadline)
        _not_negative(waiting=self.waiting, patience=self.patience)


@dataclass(frozen=True, slots=True)
class CallerLimits:
    """One user's: requests a second (0: no limit), and how many may come at once."""

    rate: float = 0.0
    burst: int = 100

    def __post_init__(self) -> None:
        _not_negative(rate=self.rate)
        _positive(burst=self.burst)


@dataclass(frozen=True, slots=True)
class LimitsPage:
    """Every limit. ``roles`` holds whole rows, the table's own entries filled in."""

    door: DoorLimits = field(default_factory=DoorLimits)
    callers: CallerLimits = field(default_factory=CallerLimits)
    roles: Mapping[str, CallerLimits] = field(default_factory=dict)

    def caller(self, role: str) -> CallerLimits:
        """What a caller in ``role`` may use."""
        return self.roles.get(role, self.callers)

    @classmethod
    def read(cls, page: Mapping[str, Any]) -> Self:
        """The limits that the page (of TOML) says. Raises ``ValueError`` naming what cannot be used."""
        unknown = sorted(page.keys() - {"gateway", "callers"})
        if unknown:
            raise ValueError(f"there is no table [{unknown[0]}]")
        door = _convert({**page.get("gateway", {})}, DoorLimits, "gateway")
        table = page.get("callers", {})
        own = {key: value for key, value in table.items() if not isinstance(value, dict)}
        roles = {
            key: _convert({**own, **value}, CallerLimits, f"callers.{key}")
            for key, value in table.items()
            if isinstance(value, dict)
        }
        return cls(door, _convert(own, CallerLimits, "callers"), roles)


_Made = TypeVar("_Made", DoorLimits, CallerLimits)


def _convert(values: dict[str, Any], kind: type[_Made], name: str) -> _Made:
    unknown = sorted(values.keys() - kind.__dataclass_fields__.keys())
    if unknown:
        raise ValueError(f"[{name}] has no {unknown[0]}")
    try:
        return msgspec.convert(values, kind)
    except (msgspec.ValidationError, ValueError) as problem:
        raise ValueError(f"[{name}]: {problem}") from None


def _positive(**values: float) -> None:
    for name, value in values.items():
        if value <= 0:
            raise ValueError(f"{name} has to be more than 0")


def _not_negative(**values: float) -> None:
    for name, value in values.items():
        if value < 0:
            raise ValueError(f"{name} cannot be less than 0")
