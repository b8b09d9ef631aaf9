"""What one operation may be, how often one caller may ask, and how much the gateway works on at once: the values of ``limits.toml``.

Five tables, all optional: ``[gateway]``, ``[operation]``, and ``[callers]``, ``[subgraphs]`` and ``[subjects]`` with a table for
each role, subgraph or purpose that differs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self, TypeVar

import msgspec

__all__ = ["CallerLimits", "DoorLimits", "Limits", "LimitsPage", "SubgraphLimits", "SubjectLimits"]


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one operation may cost to read, and to run. Counts go through fragments; bytes are UTF-8."""

    text_bytes: int = 100_000
    tokens: int = 10_000
    nesting: int = 60  # brackets in the text, and selection sets within each other through fragments
    depth: int = 25  # fields within fields
    aliases: int = 300
    root_fields: int = 60
    directives: int = 200
    definitions: int = 100  # operations and fragments in one document
    selections: int = 5_000  # fields and fragments once every spread is expanded
    repeats: int = 20_000  # pairs of fields under one response key, which validation compares one by one
    variable_nodes: int = 20_000
    variable_depth: int = 32
    representations: int = 50_000  # entities that subgraphs are asked about
    executions: int = 1_000_000  # fields asked of subgraphs: those selected, for each representation
    list_size: int = 10  # items that a list is taken to have where no @listSize says more

    def __post_init__(self) -> None:
        _positive(**{each: getattr(self, each) for each in self.__dataclass_fields__})


@dataclass(frozen=True, slots=True)
class DoorLimits:
    """The gateway's own: requests worked on at once, requests waiting for a place and for how many seconds, the seconds a
    request may take in all, and how many requests one body may be an array of (0: arrays are refused).
    """

    concurrent: int = 64
    waiting: int = 256
    patience: float = 5.0
    deadline: float = 30.0
    batch: int = 0

    def __post_init__(self) -> None:
        _positive(concurrent=self.concurrent, deadline=self.deadline)
        _not_negative(waiting=self.waiting, patience=self.patience, batch=self.batch)


@dataclass(frozen=True, slots=True)
class CallerLimits:
    """One user's: requests a second (0: no limit), how many may come at once, and what one operation may cost (0: no
    limit; see ``gateway.cost``).
    """

    rate: float = 0.0
    burst: int = 100
    cost: int = 0

    def __post_init__(self) -> None:
        _not_negative(rate=self.rate, cost=self.cost)
        _positive(burst=self.burst)


@dataclass(frozen=True, slots=True)
class SubgraphLimits:
    """One subgraph's: what one operation may cost it (0: no limit), and how it is asked.

    ``timeout`` in seconds for one request (None: ``TWS_SUBGRAPH_TIMEOUT``); ``connections`` at once; ``answer_bytes`` of one
    answer; the shares of requests that may be sent again after a failure (``retried``) and beside a slow one
    (``hedged``); after how many ``failures`` in a row it is left alone for ``rest`` seconds.
    """

    cost: int = 0
    timeout: float | None = None
    connections: int = 200
    answer_bytes: int = 32_000_000
    retried: float = 0.1
    hedged: float = 0.0
    failures: int = 5
    rest: float = 10.0

    def __post_init__(self) -> None:
        _not_negative(cost=self.cost, retried=self.retried, hedged=self.hedged)
        _positive(connections=self.connections, answer_bytes=self.answer_bytes, failures=self.failures, rest=self.rest)
        _positive(timeout=1.0 if self.timeout is None else self.timeout)


@dataclass(frozen=True, slots=True)
class SubjectLimits:
    """Of how many different travelers one user is given something for one purpose in so many ``hours`` (0: no limit).

    From ``warn`` on, answers say how much is left (0: they never do).
    """

    most: int = 0
    warn: int = 0
    hours: float = 24.0

    def __post_init__(self) -> None:
        _not_negative(most=self.most, warn=self.warn)
        _positive(hours=self.hours)
        if self.warn > self.most:
            raise ValueError("warn cannot be more than most")

    @property
    def seconds(self) -> float:
        """The period in seconds."""
        return self.hours * 3600


@dataclass(frozen=True, slots=True)
class LimitsPage:
    """Every limit. ``roles``, ``named`` and ``purposes`` hold whole rows, their tables' own entries filled in."""

    door: DoorLimits = field(default_factory=DoorLimits)
    operation: Limits = field(default_factory=Limits)
    callers: CallerLimits = field(default_factory=CallerLimits)
    roles: Mapping[str, CallerLimits] = field(default_factory=dict)
    subgraphs: SubgraphLimits = field(default_factory=SubgraphLimits)
    named: Mapping[str, SubgraphLimits] = field(default_factory=dict)
    subjects: SubjectLimits = field(default_factory=SubjectLimits)
    purposes: Mapping[str, SubjectLimits] = field(default_factory=dict)

    def caller(self, role: str) -> CallerLimits:
        """What a caller in ``role`` may use."""
        return self.roles.get(role, self.callers)

    def subgraph(self, name: str) -> SubgraphLimits:
        """What the subgraph ``name`` may be asked, and how."""
        return self.named.get(name, self.subgraphs)

    def subjects_of(self, purpose: str) -> SubjectLimits:
        """Of how many travelers something may be given for ``purpose``."""
        return self.purposes.get(purpose, self.subjects)

    @classmethod
    def read(cls, page: Mapping[str, Any]) -> Self:
        """The limits that the page (of TOML) says. Raises ``ValueError`` naming what cannot be used."""
        unknown = sorted(page.keys() - {"gateway", "operation", "callers", "subgraphs", "subjects"})
        if unknown:
            raise ValueError(f"there is no table [{unknown[0]}]")
        callers, roles = _rows(page, "callers", CallerLimits)
        subgraphs, named = _rows(page, "subgraphs", SubgraphLimits)
        door = _convert({**page.get("gateway", {})}, DoorLimits, "gateway")
        operation = _convert({**page.get("operation", {})}, Limits, "operation")
        subjects, purposes = _rows(page, "subjects", SubjectLimits)
        return cls(door, operation, callers, roles, subgraphs, named, subjects, purposes)


_Made = TypeVar("_Made", DoorLimits, Limits, CallerLimits, SubgraphLimits, SubjectLimits)


def _rows(page: Mapping[str, Any], name: str, kind: type[_Made]) -> tuple[_Made, dict[str, _Made]]:
    """A table's own entries, and the rows of the tables in it with what they leave out taken from those."""
    table = page.get(name, {})
    own = {key: value for key, value in table.items() if not isinstance(value, dict)}
    rows = {
        key: _convert({**own, **value}, kind, f"{name}.{key}")
        for key, value in table.items()
        if isinstance(value, dict)
    }
    return _convert(own, kind, name), rows


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
