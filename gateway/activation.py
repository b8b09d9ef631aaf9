"""Following published bundles: each is looked at, made ready beside the one in force, and in force from its instant on.

Every replica does so by itself, from the same folder and its own clock, and comes to the same: what holds is a function
of the bundles that lie there and the instant. A bundle that is wrong changes nothing, and it is told why.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from gateway.bundles import (
    BundleFolder,
    Choice,
    Refused,
    Remembered,
    SignedBundle,
    Standing,
    choose,
    read_keys,
    remember,
    remembered,
    unpack,
)
from gateway.config import Registered, Settings, read_limits, read_registry
from gateway.enforcement.arguments import silent_arguments
from gateway.errors import GatewayError, Mistake, PolicyError
from gateway.execution.http import HttpTransport
from gateway.house import Graph
from gateway.journal import Activation, Journal, Published, journal_of, stood
from gateway.opening import OpenHouse, open_graph
from gateway.policy import read_bundle
from gateway.reloading import made_ready, on_hangup, on_record, swap

__all__ = ["EVERY", "Followed", "following", "graph_of", "settle", "write_down"]

_LOG = logging.getLogger("gateway.bundles")

EVERY: Final = 2.0
"""Seconds between two looks at the folder."""
_AHEAD: Final = timedelta(seconds=10)
"""So long before its instant a bundle's graph is made ready for what was asked lately."""


def graph_of(bundle: SignedBundle, folder: Path, settings: Settings, at: datetime, like: Graph | None = None) -> Graph:
    """The graph of a bundle that is unpacked in ``folder``, held to everything that has to hold at ``at``.

    Raises ``PolicyError``: as ``open_graph`` does, ``ARGUMENT_WITHOUT_READS``, and ``BUNDLE_READ_OTHERWISE`` where the files
    mean something else to this version than to the publisher's. Examples are for who publishes: what suspends an
    agreement in a hurry has some that fail.
    """
    limits = read_limits(settings.limits or folder / "limits.toml")
    graph = open_graph(folder, at=at, labels=settings.labels, limits=limits.operation, like=like)
    read_registry(folder / "registry.toml")
    silent = silent_arguments(graph.supergraph, graph.policy, graph.shapes)
    if silent:
        raise PolicyError("ARGUMENT_WITHOUT_READS", "Arguments do not say what they read.", silent)
    stated = (bundle.manifest.epoch, bundle.manifest.supergraph)
    if (graph.policy.epoch, graph.hash) != stated:
        said = f"It was published as epoch {stated[0]} and is {graph.policy.epoch} here."
        hint = "Let publisher and gateways run the same version of the gateway, then publish again."
        mistake = Mistake("BUNDLE_READ_OTHERWISE", said, f"version {bundle.manifest.version}", hint)
        raise PolicyError("BUNDLE_READ_OTHERWISE", "The bundle cannot be used.", (mistake,))
    return graph


def _unpacked(bundle: SignedBundle, var: Path) -> Path:
    """The bundle as a schema folder of its own under ``var``."""
    return unpack(bundle.pages, var / "bundles" / bundle.digest.removeprefix("sha256:")[:16] / "schema")


def settle(settings: Settings, now: datetime | None = None) -> tuple[Settings, Standing | None]:
    """``settings`` with the bundle that is in force as the schema folder, and how that stands; as they are without bundles.

    Raises ``PolicyError`` where none can be in force: ``BUNDLES_EMPTY``, ``BUNDLE_OLDER``, or why the newest was refused.
    """
    if settings.bundles is None or settings.publisher_key is None:
        return settings, None
    at = now or datetime.now(UTC)
    sound, refused = BundleFolder(settings.bundles, read_keys(settings.publisher_key)).sound()
    newest = remembered(settings.var)
    while True:
        choice = choose(sound, at, newest)
        if choice.now is None:
            raise _nothing(settings.bundles, (*refused, *choice.refused))
        shift = timedelta(0) if settings.today is None else settings.today - at
        try:
            folder = _unpacked(choice.now, settings.var)
            graph_of(choice.now, folder, settings, choice.now.manifest.activates + shift)
        except PolicyError as problem:
            refused = (*refused, _noted(choice.now, problem))
            sound = tuple(each for each in sound if each is not choice.now)
            continue
        remember(settings.var, choice.now)
        write_down(journal_of(settings.var), sound, choice.now, shift)
        standing = Standing(choice.now.manifest.version, choice.now.digest, choice.now.manifest.activates)
        standing.refused = (*refused, *choice.refused)
        return replace(settings, schema=folder), standing


def write_down(journal: Journal, bundles: Iterable[SignedBundle], now: SignedBundle, shift: timedelta) -> None:
    """Nothing; the journal holds the activation of ``now``, and of what was in force before it while nobody wrote it down.

    Which those are follows from versions and instants, so that every replica writes the same. ``shift`` is what the clock of
    decisions is ahead of this machine's. What cannot be written is in the log, and the gateway goes on.
    """
    newest = 0
    try:
        newest = max((each.published.version for each in journal.entries() if each.published), default=0)
        for each in _reigned(bundles, now):
            if each.manifest.version > newest:
                journal.add(_activation(each, shift))
    except (OSError, PolicyError) as problem:
        _LOG.error("the activation of bundle %d is not in the journal: %s", now.manifest.version, problem)


def _reigned(bundles: Iterable[SignedBundle], now: SignedBundle) -> tuple[SignedBundle, ...]:
    """Those of ``bundles`` that held until ``now`` did, in order: none of them before a higher version's instant had come."""
    found: list[SignedBundle] = []
    for each in sorted(bundles, key=lambda each: each.manifest.version, reverse=True):
        before = found[-1] if found else now
        if each.manifest.version < now.manifest.version and each.manifest.activates < before.manifest.activates:
            found.append(each)
    return (*reversed(found), now)


def _activation(bundle: SignedBundle, shift: timedelta) -> Activation:
    said = bundle.manifest
    published = Published(said.version, bundle.publisher, said.author, said.reason, said.republishes)
    deeds = {name: text for name, text in bundle.pages.items() if name.startswith("agreements/")}
    agreements = stood(read_bundle(deeds).agreements)
    return Activation(said.activates + shift, said.epoch, said.supergraph, agreements, published)


def _noted(bundle: SignedBundle, problem: GatewayError) -> Refused:
    _LOG.error("bundle %d is refused: %s: %s", bundle.manifest.version, problem.code, problem)
    return Refused(bundle.manifest.version, problem.code, str(problem))


def _nothing(folder: Path, refused: tuple[Refused, ...]) -> PolicyError:
    code = refused[-1].code if refused else "BUNDLES_EMPTY"
    hint = "Publish one with `gateway publish`; `gateway publish --list` says what lies there."
    mistakes = tuple(Mistake(each.code, each.why, f"version {each.version}", hint) for each in reversed(refused))
    none = Mistake(code, "No bundle that lies there can be in force now.", str(folder), hint)
    return PolicyError(code, "There is no bundle to serve.", mistakes or (none,))


@dataclass(slots=True)
class _Armed:
    """A bundle that is ready beside the one in force: it needs its instant and nothing else."""

    bundle: SignedBundle
    graph: Graph
    folder: Path
    registry: Mapping[str, Registered]
    warm: bool = False


@dataclass(slots=True)
class Followed:
    """Follows ``folder`` for the house ``opened``. ``clock`` tells instants, ``pause`` waits for so many seconds.

    ``clock`` is this machine's: bundles hold from an instant of the real time on, whatever day decisions are made for.
    """

    opened: OpenHouse
    folder: BundleFolder
    standing: Standing
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    pause: Callable[[float], Coroutine[Any, Any, None]] = asyncio.sleep
    armed: _Armed | None = None
    _read: dict[int, tuple[tuple[int, int], SignedBundle | Refused]] = field(default_factory=dict)
    _unfit: dict[str, Refused] = field(default_factory=dict)
    _turning: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def turn(self) -> None:
        """One look at the folder: what comes next is made ready, what should be in force already is put in force.

        Never raises for what lies there, or what cannot be reached: that is in ``standing`` and in the log.
        """
        async with self._turning:
            try:
                sound = await asyncio.to_thread(self._look)
            except PolicyError as problem:
                self._lost(problem)
                return
            self.standing.lost = None
            while not await self._follow(choose(sound, self.clock(), self._newest())):
                sound = tuple(each for each in sound if each.digest not in self._unfit)

    def strike(self) -> bool:
        """Whether the bundle that is ready was put in force: its instant has come. One step; nothing is waited for."""
        armed, opened = self.armed, self.opened
        if armed is None or armed.bundle.manifest.activates > self.clock():
            return False
        if isinstance(opened.transport, HttpTransport):
            opened.transport.reach({name: entry.url for name, entry in armed.registry.items()})
        opened.settings = replace(opened.settings, schema=armed.folder)
        manifest = armed.bundle.manifest
        self.armed = None
        standing = self.standing
        standing.version, standing.digest, standing.since = manifest.version, armed.bundle.digest, manifest.activates
        standing.coming = standing.activates = None
        standing.armed = False
        swap(opened, armed.graph)
        standing.catch_up()
        _LOG.warning("bundle %d is in force: %s", manifest.version, manifest.epoch)
        return True

    async def keep(self, graph: Graph) -> None:
        """Nothing, once it is kept that ``graph`` and its bundle are in force here; what fails is in the log."""
        bundle = self._read.get(self.standing.version)
        try:
            await asyncio.to_thread(self.opened.keep_epoch, graph, self.opened.house.clock())
            if bundle is not None and isinstance(bundle[1], SignedBundle):
                opened = self.opened
                shift = timedelta(0) if opened.settings.today is None else opened.house.clock() - self.clock()
                await asyncio.to_thread(write_down, opened.journal, self._held(), bundle[1], shift)
                await asyncio.to_thread(remember, opened.settings.var, bundle[1])
        except (OSError, PolicyError) as problem:
            _LOG.error("the version in force cannot be kept in mind: %s", problem)

    def _held(self) -> tuple[SignedBundle, ...]:
        """The bundles that lie there and may have been in force."""
        bundles = (each for _, each in self._read.values() if isinstance(each, SignedBundle))
        return tuple(each for each in bundles if each.digest not in self._unfit)

    def _newest(self) -> Remembered:
        return Remembered(self.standing.version, self.standing.digest)

    def _look(self) -> tuple[SignedBundle, ...]:
        """The bundles that lie there and are signed and whole; only what is new or changed is read."""
        found: dict[int, tuple[tuple[int, int], SignedBundle | Refused]] = {}
        for version in self.folder.versions():
            with contextlib.suppress(OSError):
                state = self.folder.file(version).stat()
                stamp = state.st_mtime_ns, state.st_size
                known = self._read.get(version)
                found[version] = known if known is not None and known[0] == stamp else (stamp, self._open(version))
        self._read = found
        return self._held()

    def _open(self, version: int) -> SignedBundle | Refused:
        try:
            return self.folder.read(version)
        except PolicyError as problem:
            _LOG.error("bundle %d is refused: %s: %s", version, problem.code, problem)
            return Refused(version, problem.code, str(problem))

    def _lost(self, problem: PolicyError) -> None:
        if self.standing.lost is None:
            self.standing.lost = self.clock()
            _LOG.error("%s: %s", problem.code, problem)

    async def _follow(self, choice: Choice) -> bool:
        """Do what ``choice`` asks for; False where a bundle turned out unfit, so that there is another choice."""
        standing, due = self.standing, choice.now
        standing.refused = (*self._misread(), *choice.refused, *self._unfit.values())
        if due is not None and due.manifest.version > standing.version:
            if self.armed is None or self.armed.bundle.digest != due.digest:
                standing.fall_behind()
            if not await self._arm(due):
                return False
            if self.strike():
                await self.keep(self.opened.graph)
            return True
        standing.catch_up()
        if choice.next is None:
            self.armed, standing.armed = None, False
            standing.coming = standing.activates = None
            return True
        standing.coming, standing.activates = choice.next.manifest.version, choice.next.manifest.activates
        return await self._arm(choice.next)

    def _misread(self) -> tuple[Refused, ...]:
        return tuple(each for _, each in self._read.values() if isinstance(each, Refused))

    async def _arm(self, bundle: SignedBundle) -> bool:
        """Make ``bundle`` ready beside what is in force; False where it is unfit. What cannot be now is tried again."""
        if self.armed is None or self.armed.bundle.digest != bundle.digest:
            self.armed, self.standing.armed = None, False
            try:
                self.armed = await self._ready(bundle)
            except PolicyError as problem:
                self._unfit[bundle.digest] = _noted(bundle, problem)
                return False
            except (GatewayError, OSError) as problem:  # no room, no record: it may pass
                _LOG.error("bundle %d is not ready: %s", bundle.manifest.version, problem)
                return True
            self.standing.armed = True
        if self.standing.late:  # who asks waits for it already
            return True
        if not self.armed.warm and bundle.manifest.activates - self.clock() <= _AHEAD:
            self.armed.warm = True
            opened = self.opened
            await made_ready(opened, opened.graph, self.armed.graph, opened.house.clock())
        return True

    async def _ready(self, bundle: SignedBundle) -> _Armed:
        opened = self.opened
        old, at = opened.graph, opened.house.clock()
        instant = bundle.manifest.activates + (at - self.clock())  # the same instant by the clock of decisions
        folder = await asyncio.to_thread(_unpacked, bundle, opened.settings.var)
        graph = await asyncio.to_thread(graph_of, bundle, folder, opened.settings, instant, old)
        registry = read_registry(folder / "registry.toml")
        self._check_reach(registry)
        told = (("bundle", str(bundle.manifest.version)), ("activates", bundle.manifest.activates.isoformat()))
        by = (("author", bundle.manifest.author), ("reason", bundle.manifest.reason))
        if isinstance(old.policy, type(graph.policy)):
            await on_record(opened, old.policy, graph, at, (*told, *by))
        return _Armed(bundle, graph, folder, registry)

    def _check_reach(self, registry: Mapping[str, Registered]) -> None:
        """Nothing; raises ``PolicyError`` where a subgraph is new that would have to run in this process."""
        if isinstance(self.opened.transport, HttpTransport):
            return
        known = {each.name for each in self.opened.graph.supergraph.subgraphs}
        for name in sorted(registry.keys() - known):
            hint = "Start the gateway anew; with --subgraphs http no start is needed."
            said = f"Subgraph {name} is new, and subgraphs run in this process."
            mistake = Mistake("BUNDLE_NEEDS_RESTART", said, "registry.toml", hint)
            raise PolicyError("BUNDLE_NEEDS_RESTART", "The bundle cannot be used.", (mistake,))

    async def looking(self) -> None:
        """Look at the folder for ever."""
        while True:
            await self.turn()
            await self.pause(EVERY)

    async def striking(self) -> None:
        """Put in force what is ready, at its instant, for ever; whatever the folder does meanwhile."""
        while True:
            if self.strike():
                await self.keep(self.opened.graph)
            left = EVERY
            if self.armed is not None:
                left = (self.armed.bundle.manifest.activates - self.clock()).total_seconds()
            await self.pause(min(max(left, 0.0), 0.2))


@asynccontextmanager
async def following(opened: OpenHouse) -> AsyncIterator[None]:
    """While inside, the bundles that ``opened`` was started from are followed; SIGHUP looks at the folder at once."""
    settings = opened.settings
    if opened.bundle is None or settings.bundles is None or settings.publisher_key is None:
        yield
        return
    followed = Followed(opened, BundleFolder(settings.bundles, read_keys(settings.publisher_key)), opened.bundle)
    tasks = [asyncio.create_task(each()) for each in (followed.looking, followed.striking)]
    try:
        with on_hangup(followed.turn):
            yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
