"""Open the house: from settings and files to a graph under its policy, and everything a request is answered with."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from gateway.audit.keys import Pseudonyms
from gateway.audit.keys import load_signing_key as load_record_key
from gateway.audit.log import AuditLog
from gateway.bundles import Standing
from gateway.caller import Caller
from gateway.config import Settings, read_labels, read_limits, read_registry, read_text
from gateway.cost import Budgets
from gateway.documents import Kept, MemoryKept, NamedDocuments, ValkeyKept, read_manifest
from gateway.duties import open_duties
from gateway.enforcement.flows import missing_flows
from gateway.enforcement.shapes import shapes_of
from gateway.epochs import folder_of, keep
from gateway.errors import PolicyError
from gateway.execution.asgi import AsgiTransport
from gateway.execution.beside import Beside
from gateway.execution.http import HttpTransport
from gateway.execution.lookups import ByLookups, entries_of
from gateway.execution.transport import Transport
from gateway.house import Graph, House
from gateway.identity import (
    ClaimsReader,
    Persona,
    PublicKeys,
    SigningKey,
    TokenReader,
    current_key,
    development_key,
    load_personas,
    load_public_keys,
    sign_assertion,
)
from gateway.issuers import claims_reader, token_reader
from gateway.journal import Activation, Journal, journal_of, stood
from gateway.limits import Limits, LimitsPage
from gateway.planning import LabelRules
from gateway.policy import Bundle, Policy, compile_policy, load_bundle, unrestricted
from gateway.resilience import Joined
from gateway.sending import http_transport, sending, way_to
from gateway.supergraph import Supergraph, load_supergraph, unenforced_directives
from gateway.telemetry import Lines, Telemetry, exported_spans
from gateway.traffic import (
    Buckets,
    Crowd,
    MemoryBuckets,
    MemorySeen,
    Seen,
    SubjectBudget,
    Turnstile,
    ValkeyBuckets,
    ValkeySeen,
    open_valkey,
)

if TYPE_CHECKING:
    from redis.asyncio import Redis

_LOG = logging.getLogger("gateway.policy")

__all__ = [
    "OpenHouse",
    "Reloaded",
    "check_flows",
    "open_graph",
    "open_house",
    "open_unrestricted",
    "read_text",
    "sending",
    "signer",
]


@dataclass(frozen=True, slots=True)
class Reloaded:
    """How the last try to read the policy anew went: when, and the epoch in force since.

    ``code`` and ``error`` say why it was refused, the latter with file and line of every mistake; "" when it was not.
    """

    at: datetime
    epoch: str
    code: str = ""
    error: str = ""


@dataclass(slots=True)
class OpenHouse:
    """A gateway that can answer: its graph, its house, who may ask, and what has to be closed at the end."""

    settings: Settings
    graph: Graph
    house: House
    tokens: TokenReader | None
    issuer: SigningKey | None = None
    personas: Mapping[str, Persona] = field(default_factory=dict)
    subgraph_apps: Mapping[str, Any] = field(default_factory=dict)
    log: AuditLog | None = None
    transport: HttpTransport | AsgiTransport | Beside | None = None
    gateway_keys: Callable[[], PublicKeys] | None = None
    telemetry: Telemetry = field(default_factory=Telemetry)
    limits: LimitsPage = field(default_factory=LimitsPage)
    reloaded: Reloaded | None = None
    reloading: asyncio.Lock = field(default_factory=asyncio.Lock)
    new_epoch: list[Callable[[Graph], None]] = field(default_factory=list)
    bundle: Standing | None = None  # how published bundles are followed; None where a schema folder is served
    crowd: Crowd = field(init=False)
    turnstile: Turnstile = field(init=False)
    documents: NamedDocuments = field(init=False)
    store: Redis | None = None
    claims: ClaimsReader | None = None
    leaving: bool = False  # told to end: it serves on, and is not ready any more
    warm: tuple[str, ...] = ()  # documents that are made ready before a policy goes live

    def __post_init__(self) -> None:
        door, metrics = self.limits.door, self.telemetry.metrics
        self.crowd = Crowd(door.concurrent, door.waiting, door.patience, metrics.event)
        buckets: Buckets = MemoryBuckets(time.monotonic)
        if self.store is not None:
            buckets = ValkeyBuckets(self.store, buckets, time.monotonic, metrics.event)
        self.turnstile = Turnstile(self.limits, buckets, metrics.event)
        self.documents = _documents(self.settings, self.store, metrics.event)

    def watched(self) -> Self:
        """This house, with how crowded it is among its metrics."""
        crowd, gauge = self.crowd, self.telemetry.metrics.gauge
        gauge("gateway_crowd", "Requests with a place, and waiting for one.", "where",
              lambda: {"inside": crowd.inside, "waiting": crowd.waiting})  # fmt: skip
        gauge("gateway_bundle", "Versions of the bundles in force and coming, and how many are refused; 1 while late.",
              "what", lambda: {} if self.bundle is None else self.bundle.numbers())  # fmt: skip
        gauge("gateway_epoch", "1 for the epoch in force.", "epoch", lambda: {self.graph.policy.epoch: 1})
        return self

    def leave(self) -> None:
        """From now on it says that it is not ready."""
        self.leaving = True

    def at_new_epoch(self, told: Callable[[Graph], None]) -> Callable[[], None]:
        """What ends it: until then ``told`` is called with the new graph, on the event loop, after each change of policy.

        From that moment on every new request is answered under that graph. ``told`` returns at once; what takes time
        it starts as a task.
        """
        self.new_epoch.append(told)
        return lambda: self.new_epoch.remove(told)

    @property
    def journal(self) -> Journal:
        """What was in force here when."""
        return journal_of(self.settings.var)

    def keep_epoch(self, graph: Graph, at: datetime) -> None:
        """Keep the policy of ``graph``, in force from ``at`` on, for those who ask later what was decided under it.

        Its activation goes into the journal; of a published bundle who follows it sees to that (``gateway.activation``). It is on
        record by its hash in any case; where the files cannot be kept, the log says so and the gateway goes on.
        """
        if not isinstance(graph.policy, Policy):
            return
        try:
            keep(folder_of(self.settings.var), graph.policy, at)
            if self.settings.bundles is None:
                self.journal.add(Activation(at, graph.policy.epoch, graph.hash, stood(graph.policy.agreements)))
        except OSError as problem:
            _LOG.error("the policy's files cannot be kept: %s", problem.strerror)
        except PolicyError as problem:
            _LOG.error("%s: %s", problem.code, problem)

    async def current(self) -> Graph:
        """The graph to answer under; a bundle whose instant has passed is waited for (see ``Standing.settled``)."""
        if self.bundle is not None and self.bundle.late:
            await self.bundle.settled()
        return self.graph

    async def close(self) -> None:
        """Close what was opened; safe to call twice."""
        if self.store is not None:
            await self.store.aclose()
        if isinstance(self.transport, HttpTransport | Beside):
            await self.transport.close()
        if self.log is not None:
            self.log.close()
        if self.house.duties is not None:
            self.house.duties.close()
        self.telemetry.spans.close()


def open_graph(
    schema: Path,
    supergraph_file: Path | None = None,
    at: datetime | None = None,
    labels: LabelRules | None = None,
    limits: Limits | None = None,
    like: Graph | None = None,
) -> Graph:
    """The graph in ``schema/supergraph.graphql`` under the agreements beside it.

    Of ``like`` it takes over what was learned there: what was asked and, where the supergraph is the same, the plans.

    Raises ``PolicyError`` when either cannot be read, the policy does not compile, a directive of the graph demands what
    is not enforced here, or a key or requirement moves a value to an agency that no agreement in force at ``at`` (now,
    when not given) lets have it: such a gateway does not start.
    """
    path = supergraph_file or schema / "supergraph.graphql"
    text = read_text(path, "SUPERGRAPH_MISSING", "The supergraph", "Run `gateway compose` to write it.")
    same = like is not None and like.hash == _hash(text)
    supergraph = like.supergraph if like is not None and same else _enforceable(text)
    policy = compile_policy(load_bundle(schema), supergraph)
    check_flows(supergraph, policy, at or datetime.now(UTC))
    rules = read_labels(schema / "labels.toml", labels, supergraph.labels)
    if like is not None and same:
        return like.under(policy, rules, limits or Limits())
    made = _graph(supergraph, policy, text, rules, limits or Limits())
    return made if like is None else made.learning_from(like)


def _enforceable(text: str, *, enforced: bool = False) -> Supergraph:
    """The supergraph in ``text``; raises ``PolicyError`` ``UNENFORCED_DIRECTIVE`` where it demands what nobody checks."""
    supergraph = load_supergraph(text)
    unenforced = unenforced_directives(supergraph)
    if unenforced and not enforced:
        raise PolicyError(
            "UNENFORCED_DIRECTIVE", "The supergraph demands access that this gateway does not enforce.", unenforced
        )
    return supergraph


def _graph(supergraph: Supergraph, policy: Policy, text: str, labels: LabelRules, limits: Limits) -> Graph:
    return Graph(supergraph, policy, shapes_of(supergraph, policy), _hash(text), limits, labels)


def _hash(text: str) -> str:
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def check_flows(supergraph: Supergraph, policy: Policy, at: datetime) -> None:
    """Nothing; raises ``PolicyError`` ``FLOW_MISSING`` where a key or requirement moves a value that none lets go."""
    uncovered = missing_flows(supergraph, policy, at)
    if uncovered:
        raise PolicyError("FLOW_MISSING", "The graph sends values that no agreement lets go.", uncovered)


def open_house(settings: Settings, apps: Mapping[str, Any] | None = None) -> OpenHouse:
    """The governed gateway that ``settings`` describe; ``apps`` are subgraphs made elsewhere, run in this process.

    In development, keys for tokens and assertions are made on first use. In production the issuer's JWKS and the
    gateway's key have to be installed; raises ``IdentityError`` or ``PolicyError`` naming what is missing.
    """
    limits = read_limits(settings.limits or settings.schema / "limits.toml")
    graph = open_graph(settings.schema, at=settings.today, labels=settings.labels, limits=limits.operation)
    registry = read_registry(settings.schema / "registry.toml")
    keys = settings.var / "keys"
    issuer, reader = token_reader(settings, graph.policy, keys)
    if settings.development:
        development_key(keys, "gateway", mode=settings.mode)
    signing = current_key(keys, "gateway")
    transport, apps = way_to(registry, settings, limits, apps)
    telemetry = _telemetry(settings)
    log = AuditLog(settings.record or settings.var / "record" / "record.sqlite3", load_record_key(keys))
    telemetry.metrics.gauge("gateway_record_waiting", "Records waiting for the writer.", "", lambda: {"": log.waiting})
    store, secret = _store(settings), _secret(keys / "mask.key")
    house = House(
        transport=sending(transport, settings, limits, telemetry, open_to_all=False),
        record=log,
        sign=signer(signing),
        pseudonym=Pseudonyms(keys).of,
        clock=_clock(settings.today),
        mask_key=secret,
        duties=open_duties(settings.var / "record"),
        joining=settings.joined != "off",
        budgets=Budgets(limits, settings.cost_told),
        subjects=_subjects(limits, store, secret, telemetry),
        entered=entries_of(graph.supergraph),
    )
    personas: Mapping[str, Persona] = {}
    if settings.development and (settings.schema / "personas.toml").exists():
        personas = load_personas(settings.schema / "personas.toml")
    opened = OpenHouse(
        settings,
        graph,
        house,
        reader,
        issuer,
        personas,
        apps,
        log,
        transport,
        gateway_keys=lambda: _published(keys, signing()),
        telemetry=telemetry,
        limits=limits,
        store=store,
    ).watched()
    opened.keep_epoch(graph, house.clock())
    return opened


def _store(settings: Settings) -> Redis | None:
    return open_valkey(settings.valkey) if settings.valkey else None


def _subjects(limits: LimitsPage, store: Redis | None, secret: bytes, telemetry: Telemetry) -> SubjectBudget:
    """What bounds of how many travelers one user is given something, by all gateways together where they share a store."""
    note = telemetry.metrics.event
    seen: Seen = MemorySeen(time.monotonic)
    if store is not None:
        seen = ValkeySeen(store, seen, time.monotonic, note)
    return SubjectBudget(limits, seen, secret, note)


def _documents(settings: Settings, store: Redis | None, note: Callable[[str, str], None]) -> NamedDocuments:
    """The documents that clients may name; raises ``PolicyError`` ``DOCUMENTS_WRONG`` (see ``read_manifest``)."""
    mode, path = settings.trusted_documents, settings.documents
    trusted = read_manifest(path) if path is not None and mode != "off" else {}
    if settings.persisted_queries == "off":
        return NamedDocuments(mode, trusted)
    kept: Kept = MemoryKept()
    if store is not None:
        kept = ValkeyKept(store, kept, time.monotonic, note)
    return NamedDocuments(mode, trusted, kept)


def _telemetry(settings: Settings) -> Telemetry:
    return Telemetry(Lines(on=settings.log == "json"), spans=exported_spans(settings.otlp_endpoint))


def _secret(path: Path) -> bytes:
    """The gateway's own secret at ``path`` (32 bytes, mode 0600), made at first use."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with contextlib.suppress(FileExistsError):  # another process may make it at the same moment
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(os.urandom(32))
    return path.read_bytes()


def _clock(today: datetime | None) -> Callable[[], datetime]:
    """The clock by which decisions are made: the real one, or in development one that starts at ``today``."""
    if today is None:
        return lambda: datetime.now(UTC)
    shift = today - datetime.now(UTC)
    return lambda: datetime.now(UTC) + shift


def _published(keys: Path, signing: SigningKey) -> PublicKeys:
    """The key set that subgraphs check assertions with: what is published, and in any case the key that signs."""
    if not (keys / "gateway.jwks.json").exists():
        return signing.public()
    return load_public_keys(keys, "gateway") | signing.public()


def signer(key: Callable[[], SigningKey]) -> Any:
    """Vouches with what ``key`` returns for requests to subgraphs (``gateway.house.Signer``)."""

    def sign(subgraph: str, body: bytes, caller: Caller, epoch: str, grants: bytes, at: datetime) -> str:
        now = datetime.now(UTC)
        return sign_assertion(
            key(), audience=subgraph, caller=caller, epoch=epoch, grants=grants, body=body, at=at, now=now
        )

    return sign


def open_unrestricted(text: str, settings: Settings, transport: Transport | None = None) -> OpenHouse:
    """A gateway for a graph that governs nothing: every field is anyone's, and nothing is recorded.

    What its own directives demand of callers is enforced where ``settings`` name an issuer and its keys. Raises
    ``PolicyError`` when the graph holds classified fields, or demands access and nobody is named whose tokens count.
    """
    claims = claims_reader(settings)
    supergraph = _enforceable(text, enforced=claims is not None)
    labels = read_labels(Path("TWS_LABELS"), settings.labels, supergraph.labels)
    limits = read_limits(settings.limits) if settings.limits else LimitsPage()
    graph = _graph(supergraph, unrestricted(Bundle(), supergraph), text, labels, limits.operation)
    urls = {each.name: each.url for each in supergraph.subgraphs}
    http = http_transport(urls, settings, limits) if transport is None else None
    chosen: Transport = http if http is not None else transport  # type: ignore[assignment]
    telemetry = _telemetry(settings)
    way, entries = sending(chosen, settings, limits, telemetry, open_to_all=True), entries_of(supergraph)
    house = House(
        ByLookups(way, entries) if entries else way,
        None, None, lambda subject, at: "",
        joined=Joined(lambda: telemetry.metrics.event("joined", "answer")) if settings.joined == "answers" else None,
        budgets=Budgets(limits, settings.cost_told),
    )  # fmt: skip
    return OpenHouse(
        settings, graph, house, None, transport=http, telemetry=telemetry, limits=limits, store=_store(settings),
        claims=claims if supergraph.access_demands else None,
    ).watched()  # fmt: skip
