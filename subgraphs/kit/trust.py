"""Whom a subgraph answers, and with what: the gateway's assertion, and the agency's own copy of the agreements.

A second lock, not the first: the gateway has cut the operation already. What arrives here without an assertion for
exactly this body, or selects a coordinate that was not granted, or that the agency's own copy of the policy denies, is
refused whole. Nothing here trusts the network.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import structlog
from graphql import GraphQLOutputType

from gateway.caller import Caller
from gateway.coordinates import Coordinate
from gateway.errors import GatewayError
from gateway.identity import Assertion, PublicKeys, load_public_keys, verify_assertion
from gateway.policy import compile_policy, load_bundle
from gateway.policy.masks import apply_mask
from gateway.supergraph import load_supergraph
from subgraphs.kit.errors import Refusal
from subgraphs.kit.operations import Prepared
from subgraphs.kit.settings import Settings
from subgraphs.kit.types import Agency

__all__ = ["SOURCE_MASKS", "Clock", "Grant", "PolicyCopy", "Trust", "own_policy", "stamp_of", "system_clock"]

log = structlog.get_logger("subgraphs")
_BESIDE = ThreadPoolExecutor(
    1, "policy"
)  # one: subgraphs of one process have one copy, and the second finds it compiled

Clock = Callable[[], datetime]
Stamp = tuple[tuple[str, int, int], ...]
KEYS_FOR = timedelta(minutes=1)
"""How long a key set that was read from disk is used before it is read again."""
LATE = 30.0
"""Seconds that a request waits at most for a copy of the agreements that is being compiled."""
LOOK = 2.0
"""Seconds between looks at the files of that copy."""
WITHHELD = frozenset({"DENY", "ABSENT"})
HIDDEN = frozenset({"fact", "key"})
"""Grants for values that the gateway needs and no client gets."""

SOURCE_MASKS = frozenset({"LAST4", "YEAR_ONLY", "DATE_ONLY", "BUCKET"})
"""Masks laid here, before the value leaves the agency: those that a second laying, at the gateway, does not change.

The others need the gateway's key (HASHED_REF) or tell the ledger more than the value shows, so they are laid there.
"""


def system_clock() -> datetime:
    """The present instant in UTC."""
    return datetime.now(UTC)


class PolicyCopy(Protocol):
    """What of ``gateway.policy.Policy`` a subgraph uses."""

    @property
    def epoch(self) -> str: ...

    @property
    def cases(self) -> Mapping[str, Any]: ...

    def fact_coordinates(self) -> frozenset[Coordinate]: ...

    def flow(self, coordinate: Coordinate, to: str, use: str, at: datetime) -> Any: ...

    def decide(self, caller: Caller, coordinate: Coordinate, facts: Mapping[str, Any], at: datetime) -> Any: ...


@dataclass(frozen=True, slots=True)
class Grant:
    """An operation that may run: for whom, by which instant, with which masks (coordinate -> method)."""

    assertion: Assertion
    masks: Mapping[str, str]


@dataclass(slots=True)
class Trust:
    """Decides on each request. ``keys`` and ``policy`` are read lazily from ``settings`` where not given.

    ``key_fields`` are the coordinates of the schema's ``@key`` fields.
    """

    audience: str
    settings: Settings
    key_fields: frozenset[str] = frozenset()
    clock: Clock = system_clock
    keys: PublicKeys | None = None
    policy: PolicyCopy | None = None
    _keys_read: datetime | None = None
    _keys_looked: datetime | None = None
    _spent: dict[str, datetime] = field(default_factory=dict)
    _files_read: Stamp | None = None
    _coming: tuple[Stamp, PolicyCopy | None] | None = None  # compiled beside, not in force yet
    _seen: Stamp | None = None
    _facts: tuple[PolicyCopy, frozenset[str]] | None = None

    def assertion(self, token: str | None, body: bytes) -> Assertion:
        """The verified assertion of a request; raises ``gateway.errors.IdentityError``.

        Keys that came from disk are read anew every minute, and at once (but not again within a second) for a key that
        is not among them, so that the gateway's key can be replaced while both run.
        """
        now = self.clock()
        keys = self._known_keys(now)
        try:
            return verify_assertion(token, keys=keys, audience=self.audience, body=body, now=now)
        except GatewayError as error:
            if error.code != "ASSERTION_UNKNOWN_KEY" or self._keys_read is None or not self._may_look(now):
                raise
        self._keys_looked = now
        self.keys = None
        return verify_assertion(token, keys=self._known_keys(now), audience=self.audience, body=body, now=now)

    def _known_keys(self, now: datetime) -> PublicKeys:
        stale = self._keys_read is not None and now - self._keys_read >= KEYS_FOR
        if self.keys is None or stale:
            self.keys = load_public_keys(self.settings.keys, "gateway")
            self._keys_read = now
        return self.keys

    def _may_look(self, now: datetime) -> bool:
        return self._keys_looked is None or now - self._keys_looked >= timedelta(seconds=1)

    def admit(self, assertion: Assertion, operation: Prepared, variables: Mapping[str, Any]) -> Grant:
        """The grant under which ``operation`` runs; raises ``Refusal`` NOT_PERMITTED naming the coordinates."""
        if operation.introspection or (operation.service and "_service" not in assertion.grants):
            raise Refusal("NOT_PERMITTED", "A subgraph does not describe itself here")
        if missing := sorted(operation.coordinates - assertion.grants.keys()):
            raise Refusal("NOT_PERMITTED", f"The assertion does not grant {', '.join(missing)}", coordinates=missing)
        policy = self._policy(assertion.epoch)
        denied = {name for name in operation.coordinates if self._denied(policy, assertion, name)}
        for holder, read in operation.reads(variables):
            if assertion.grants.get(holder) not in HIDDEN and self._denied_by_policy(policy, assertion, read):
                denied.add(read)
        if denied:
            named = sorted(denied)
            raise Refusal(
                "NOT_PERMITTED", f"The agency's own agreements do not allow {', '.join(named)}", coordinates=named
            )
        if operation.kind == "mutation":
            self._spend(assertion)
        masks = {
            name: grant.removeprefix("mask:")
            for name, grant in assertion.grants.items()
            if grant.removeprefix("mask:") in SOURCE_MASKS and name in operation.coordinates
        }
        return Grant(assertion, masks)

    def mask(self, method: str, value: Any, type_: GraphQLOutputType, coordinate: str) -> Any:
        """The JSON ``value`` of ``coordinate`` masked by ``method``, by the policy's own functions."""
        vocabulary = getattr(self.policy, "vocabulary", None)
        spec = vocabulary.masks.get(method) if vocabulary is not None else None
        return apply_mask(method, value, type_, spec, coordinate=coordinate)

    def _denied(self, policy: PolicyCopy | None, assertion: Assertion, name: str) -> bool:
        grant = assertion.grants[name]
        if grant == "key" and name in self.key_fields:
            return False
        if grant == "fact" and policy is not None and name in self._declared_facts(policy):
            return False
        if grant == "key" and policy is not None and _is_flow(policy, name, assertion.at):
            return False
        return self._denied_by_policy(policy, assertion, name)

    def _denied_by_policy(self, policy: PolicyCopy | None, assertion: Assertion, name: str) -> bool:
        """Whether the policy denies ``name`` to the caller whatever the record; no policy denies everything."""
        if policy is None:
            return True
        decision = policy.decide(assertion.caller, Coordinate.parse(name), {}, assertion.at)
        return bool(decision.settled) and str(decision.outcome) in WITHHELD

    def clear(self, assertion: Assertion, name: str, facts: Mapping[str, Any]) -> bool:
        """Whether the caller can be given ``name`` in clear, with these ``facts`` and with what is not known at best.

        For a search: what a caller never reads in clear is not what it may find a record by.
        """
        policy = self._policy(assertion.epoch)
        if policy is None:
            return False
        decision = policy.decide(assertion.caller, Coordinate.parse(name), facts, assertion.at)
        return not decision.settled or str(decision.outcome) == "ALLOW"

    def _spend(self, assertion: Assertion) -> None:
        """Let one assertion change something once: replayed within its minute, it would change it twice."""
        now = self.clock()
        self._spent = {each: until for each, until in self._spent.items() if until > now}
        if assertion.id in self._spent:
            raise Refusal("ASSERTION_SPENT", "The assertion has been used for its change already")
        self._spent[assertion.id] = assertion.expires_at

    def _declared_facts(self, policy: PolicyCopy) -> frozenset[str]:
        """What the gateway may read to decide: the policy's facts, and the root fields that find a case."""
        if self._facts is None or self._facts[0] is not policy:
            facts = {str(coordinate) for coordinate in policy.fact_coordinates()}
            roots = {f"Query.{case.root}" for case in policy.cases.values() if case.root}
            self._facts = (policy, frozenset(facts | roots))
        return self._facts[1]

    def prepare(self) -> None:
        """Read the agency's own copy of the agreements now, so that the first request need not wait for it."""
        if self.policy is None:
            self._read_policy()

    async def ready(self, epoch: str) -> None:
        """Nothing, once no file of the agency's copy has to be compiled to answer under ``epoch``.

        Raises ``Refusal`` ``POLICY_LATE`` where that takes too long: a copy that is on its way out answers
        nobody who asks under another epoch than its own.
        """
        if self.policy is not None and self.policy.epoch == epoch:
            return
        files = stamp_of(self.settings)
        if files == self._files_read or (self._coming is not None and self._coming[0] == files):
            return
        try:
            async with asyncio.timeout(LATE):
                await self._beside(files)
        except TimeoutError:
            raise Refusal("POLICY_LATE", "The agency's copy of the agreements is being read; ask again") from None

    async def watching(self, pause: Callable[[float], Awaitable[object]] = asyncio.sleep) -> None:
        """Compile what is new among the files before anybody asks under it, until cancelled; at once over without files."""
        while self._files_read is not None:
            await pause(LOOK)
            try:
                await self.look()
            except Exception as error:  # the next look may find them whole
                log.error("the copy of the agreements cannot be read", error=type(error).__name__)

    async def look(self) -> None:
        """One look: files that are new, and the same as at the look before (so nobody is writing them), are compiled."""
        files = stamp_of(self.settings)
        settled, self._seen = files == self._seen, files
        known = self._files_read if self._coming is None else self._coming[0]
        if settled and files not in (known, self._files_read):
            await self._beside(files)

    async def _beside(self, files: Stamp) -> None:
        loop = asyncio.get_running_loop()
        self._coming = files, await loop.run_in_executor(_BESIDE, lambda: own_policy(self.settings, files))

    def _policy(self, epoch: str) -> PolicyCopy | None:
        if self.policy is None or self.policy.epoch != epoch:
            self._read_policy()
        return self.policy

    def _read_policy(self) -> None:
        """Go by the files as they are now, compiled beside where there was time; nothing where they are those gone by already."""
        files = stamp_of(self.settings)
        if files != self._files_read:
            made = self._coming if self._coming is not None and self._coming[0] == files else None
            self.policy = (own_policy(self.settings, files) if made is None else made[1]) or self.policy
            self._files_read, self._coming = files, None


def _is_flow(policy: PolicyCopy, name: str, at: datetime) -> bool:
    """Whether some clause in force lets ``name`` go to some agency's subgraph, as a key or as an input."""
    coordinate = Coordinate.parse(name)
    uses = ((agency, use) for agency in Agency.__members__ for use in ("join", "input"))
    return any(policy.flow(coordinate, agency, use, at) is not None for agency, use in uses)


def stamp_of(settings: Settings) -> Stamp:
    """What tells one state of the agency's copy from another: each file's name, time of change and size.

    A bundle may be taken back to an older epoch, or reach the agency after the gateway's first request under it: an
    epoch alone does not say whether the files are worth another look.
    """
    files = [settings.supergraph, *sorted(settings.policy.glob("**/*.toml"))]
    found = []
    for file in files:
        with suppress(OSError):
            state = file.stat()
            found.append((str(file), state.st_mtime_ns, state.st_size))
    return tuple(found)


def own_policy(settings: Settings, files: Stamp) -> PolicyCopy | None:
    """The policy compiled from the agency's own copy of the agreements; ``None`` where it cannot be read.

    ``files`` (see ``stamp_of``) only keys the cache: files that changed are read anew.
    """
    return _compiled(settings.policy, settings.supergraph, files)


@lru_cache(maxsize=4)
def _compiled(folder: Path, supergraph: Path, _files: Stamp) -> PolicyCopy | None:
    try:
        return compile_policy(load_bundle(folder), load_supergraph(supergraph.read_text(encoding="utf-8")))
    except (GatewayError, OSError) as error:
        log.error("no policy: every request is refused", error=type(error).__name__, folder=str(folder))
        return None
