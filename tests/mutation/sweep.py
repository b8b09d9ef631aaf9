"""Runs tests against many mutants in one process that imported everything once: each mutant in a fork of its own.

A pytest plugin. The tests are collected; a first fork runs them all on the modules as they are and says which test runs
which line; then each mutant runs the tests that reach its line, and no others, until one fails. No fork knows of another.
"""

from __future__ import annotations

import os
import pickle
import resource
import select
import signal
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from tests.mutation.hot import put_in
from tests.mutation.mutants import Mutant

__all__ = ["Reached", "Sweep", "Tried"]

_LIMIT = 60.0
_MEMORY = 3 << 30


@dataclass(frozen=True)
class Tried:
    """A mutant and what became of it.

    ``fate``: ``killed`` by the test ``by``; ``stopped`` by the clock; ``survived`` the tests that reach it; ``unreached``
    by any; ``imported``: it differs in what ran at import, which a fork cannot change.
    """

    file: str
    mutant: Mutant
    fate: str
    seconds: float = 0
    by: str = ""

    def __str__(self) -> str:
        return f"{self.fate:9} {self.file}:{self.mutant.line}  {self.mutant}  ({self.seconds:.1f} s) {self.by}"


@dataclass
class Reached:
    """What a run of the tests as they are showed: which tests reach a line, how long each takes, and what failed."""

    lines: dict[tuple[str, int], set[str]] = field(default_factory=lambda: defaultdict(set))
    seconds: dict[str, float] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)


class Sweep:
    """Takes the place of pytest's loop over tests: what became of each of ``mutants`` goes to ``tell``."""

    def __init__(
        self,
        root: Path,
        mutants: Sequence[tuple[str, Mutant]],
        tell: Callable[[Tried], None],
        jobs: int = 2,
        limit: float = _LIMIT,
    ) -> None:
        self.root = root
        self.mutants = mutants
        self.tell = tell
        self.jobs = jobs
        self.limit = limit
        self.broken: list[str] = []
        self._failed = ""
        self._reached: Reached | None = None
        self._files = {str(root / file): file for file, _ in mutants}

    # -- pytest's hooks --------------------------------------------------------------------------------------------
    def pytest_configure(self) -> None:
        """Hypothesis draws the same for each mutant, and does not look for the smallest example."""
        from hypothesis import HealthCheck, Phase, settings  # not before pytest, which rewrites its asserts

        settings.register_profile(
            "mutants", derandomize=True, database=None, deadline=None, suppress_health_check=tuple(HealthCheck),
            phases=(Phase.explicit, Phase.generate),
        )  # fmt: skip
        settings.load_profile("mutants")

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """All of it, once the tests are collected; what a fork runs is not for the terminal."""
        session.config.pluginmanager.unregister(name="terminalreporter")
        self.sweep(session.items)
        return True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """In a fork: how long a test took, and the first that failed."""
        if self._reached is not None:
            known = self._reached.seconds
            known[report.nodeid] = known.get(report.nodeid, 0.0) + report.duration
            if report.failed:
                self._reached.failed.append(report.nodeid)
        if report.failed:
            self._failed = self._failed or report.nodeid

    # -- the sweep -------------------------------------------------------------------------------------------------
    def sweep(self, items: Sequence[pytest.Item]) -> None:
        """Try every mutant; nothing is tried when a test fails without any (``broken``)."""
        reached: Reached = _in_fork(lambda: self._run_as_is(items), 1800).wait() or Reached(failed=["the first run"])
        self.broken = reached.failed
        if self.broken:
            return
        running: list[tuple[_Fork, str, Mutant, float]] = []
        for file, mutant in self.mutants:
            chosen = self._chosen(items, reached, file, mutant)
            if not chosen:
                self.tell(Tried(file, mutant, "unreached"))
                continue
            while len(running) >= self.jobs:
                self._gather(running)
            fork = _in_fork(lambda f=file, m=mutant, c=chosen: self._run_mutant(f, m, c), self.limit)  # type: ignore[misc]
            running.append((fork, file, mutant, time.monotonic()))
        while running:
            self._gather(running)

    def _gather(self, running: list[tuple[_Fork, str, Mutant, float]]) -> None:
        """Wait until one of those that run is over, and tell of it."""
        select.select([each[0].reading for each in running], [], [], 0.5)
        for each in list(running):
            fork, file, mutant, started = each
            if fork.over():
                running.remove(each)
                fate, by = fork.wait() or ("stopped", "")
                self.tell(Tried(file, mutant, fate, time.monotonic() - started, by))

    def _chosen(self, items: Sequence[pytest.Item], reached: Reached, file: str, mutant: Mutant) -> list[pytest.Item]:
        """The tests that reach the mutant's line, by module: the module that is through first comes first."""
        names = reached.lines.get((file, mutant.line), set())
        found = [each for each in items if each.nodeid in names]
        cost: dict[str, float] = defaultdict(float)
        for each in found:
            cost[each.nodeid.partition("::")[0]] += reached.seconds[each.nodeid]
        return sorted(found, key=lambda each: cost[each.nodeid.partition("::")[0]])

    # -- in a fork -------------------------------------------------------------------------------------------------
    def _run_as_is(self, items: Sequence[pytest.Item]) -> Reached:
        self._reached = Reached()
        lines = self._reached.lines
        now = ""

        def inside(frame: FrameType, event: str, _: object) -> Any:
            if event == "line":
                lines[self._files[frame.f_code.co_filename], frame.f_lineno].add(now)
            return inside

        def called(frame: FrameType, _: str, __: object) -> Any:
            return inside if frame.f_code.co_filename in self._files else None

        for item, following in _with_next(items):
            now = item.nodeid
            threading.settrace(called)
            sys.settrace(called)
            try:
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            finally:
                sys.settrace(None)
        return self._reached

    def _run_mutant(self, file: str, mutant: Mutant, items: Sequence[pytest.Item]) -> tuple[str, str]:
        if not put_in(self.root / file, mutant.source):
            return "imported", ""
        for item, following in _with_next(items):
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if self._failed:
                return "killed", self._failed
        return "survived", ""


def _with_next(items: Sequence[pytest.Item]) -> Iterator[tuple[pytest.Item, pytest.Item | None]]:
    for place, item in enumerate(items):
        yield item, items[place + 1] if place + 1 < len(items) else None


@dataclass
class _Fork:
    """A process that runs one function and writes what it returns; past ``until`` it is ended."""

    pid: int
    reading: int
    until: float
    told: bytes = b""
    ended: bool = False

    def over(self) -> bool:
        """Whether it has returned, died, or had to be ended."""
        while not self.ended and select.select([self.reading], [], [], 0)[0]:
            part = os.read(self.reading, 1 << 20)
            self.told += part
            self.ended = not part
        if not self.ended and time.monotonic() > self.until:
            self.told, self.ended = b"", True
        if self.ended:
            self._end()
        return self.ended

    def wait(self) -> Any:
        """What it returned; None when it died or was ended."""
        while not self.over():
            select.select([self.reading], [], [], 0.5)
        return pickle.loads(self.told) if self.told else None

    def _end(self) -> None:
        if self.pid:
            os.killpg(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            os.close(self.reading)
            self.pid = 0


def _in_fork(run: Callable[[], Any], limit: float) -> _Fork:
    """``run()`` in a process of its own, and a group of its own, so that what it starts ends with it."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writing)
        os.setpgid(pid, pid)
        return _Fork(pid, reading, time.monotonic() + limit)
    try:
        os.setpgid(0, 0)
        os.close(reading)
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
        nothing = os.open(os.devnull, os.O_RDWR)
        for each in (0, 1, 2):
            os.dup2(nothing, each)
        with tempfile.TemporaryDirectory() as folder:
            tempfile.tempdir = folder
            told = pickle.dumps(run())
        with os.fdopen(writing, "wb") as out:
            out.write(told)
    finally:
        os._exit(0)
