"""The watch of one request: what stage took how long, who was asked, what was decided. Never a value that was read.

A request's watch is found by ``watching()`` wherever a stage ends; where nobody set one, what is noted goes nowhere.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar, Token
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, Final, NamedTuple

from gateway.errors import GatewayError

__all__ = ["Fetched", "Watch", "start_watch", "stop_watch", "watching"]

_LONGEST_NAME: Final = 100  # of an operation; what is longer is cut, so that a line stays a line
_TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


class Fetched(NamedTuple):
    """One request to one subgraph: when it began (by the watch's clock), its seconds, and its code (``""``: answered)."""

    subgraph: str
    began: float
    seconds: float
    code: str = ""


def _none() -> defaultdict[tuple[str, str], int]:
    return defaultdict(int)


@dataclass(slots=True)
class Watch:
    """Fed at the boundaries of stages. ``clock`` gives seconds that only grow.

    ``outcomes`` counts by (agreement or ``""``, outcome). ``trace`` is the request's valid ``traceparent`` or ``""``.
    """

    clock: Callable[[], float] = perf_counter
    trace: str = ""
    began: float = 0.0
    last: float = 0.0
    stages: list[tuple[str, float, float]] = field(default_factory=list)  # name, begin, end
    fetches: list[Fetched] = field(default_factory=list)
    outcomes: defaultdict[tuple[str, str], int] = field(default_factory=_none)
    plans: dict[str, int] = field(default_factory=dict)  # "hit", "miss"
    cost: dict[str, int] = field(default_factory=dict)  # "estimated", "actual"
    request_id: str = ""
    name: str = ""
    kind: str = ""
    hash: str = ""
    agency: str = ""
    role: str = ""
    purpose: str = ""
    code: str = ""
    detail: str = ""
    failures: int = 0
    span: Any = None

    def __post_init__(self) -> None:
        self.began = self.last = self.clock()

    def lap(self, stage: str) -> None:
        """``stage`` ends now; the next one begins."""
        now = self.clock()
        self.stages.append((stage, self.last, now))
        self.last = now

    def planned(self, cache: str) -> None:
        """A plan was taken from the cache (``hit``), or made (``miss``)."""
        self.plans[cache] = self.plans.get(cache, 0) + 1

    def asked(self, name: str, kind: str, text_hash: str) -> None:
        """What was asked is known: the operation's name, its kind and its document's hash."""
        self.name, self.kind, self.hash = name[:_LONGEST_NAME], kind, text_hash

    def by(self, agency: str, role: str, purpose: str) -> None:
        """Who asks is known; which person it is stays with the record."""
        self.agency, self.role, self.purpose = agency, role, purpose

    def refused(self, error: GatewayError) -> None:
        """The request came to nothing, and why."""
        self.code, self.detail = error.code, error.detail

    def decided(self, outcomes: Mapping[Any, int], cut: Iterable[Any]) -> None:
        """What enforcement came to: its counts by (coordinate, outcome, agreement, ...), and the ledger's entries."""
        for key, count in outcomes.items():
            self.outcomes[(key[2], key[1].partition(":")[0])] += count
        for entry in cut:
            self.outcomes[(entry.agreement, entry.outcome)] += 1

    def timings(self) -> dict[str, float]:
        """Seconds by stage, in the order in which stages first ended."""
        told: dict[str, float] = {}
        for stage, begin, end in self.stages:
            told[stage] = told.get(stage, 0.0) + end - begin
        return told


_current: ContextVar[Watch | None] = ContextVar("watch", default=None)


def watching() -> Watch:
    """The watch of the request under way; a watch of its own where there is none."""
    return _current.get() or Watch()


def start_watch(traceparent: str = "", clock: Callable[[], float] = perf_counter) -> tuple[Watch, Token[Watch | None]]:
    """A new watch, found by ``watching()`` until ``stop_watch`` is given the token.

    A ``traceparent`` that is not one (https://www.w3.org/TR/trace-context/) counts as none.
    """
    watch = Watch(clock, traceparent if traceparent and _TRACEPARENT.fullmatch(traceparent) else "")
    return watch, _current.set(watch)


def stop_watch(token: Token[Watch | None]) -> None:
    """The watch that ``token`` came with is found no more."""
    _current.reset(token)
