"""The only reader of the environment and of ``schema/registry.toml``: everything else is given values."""

from __future__ import annotations

import importlib
import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

from gateway.documents import TrustMode
from gateway.errors import Mistake, PolicyError
from gateway.limits import LimitsPage
from gateway.planning.labels import LabelRules, labels_of_page, labels_of_text

__all__ = [
    "Mode",
    "Registered",
    "Settings",
    "read_labels",
    "read_limits",
    "read_registry",
    "read_settings",
    "read_text",
]

Mode: TypeAlias = Literal["development", "production"]


@dataclass(frozen=True, slots=True)
class Registered:
    """One subgraph of the registry: whose it is, where it answers, and what it is made of when run in process.

    ``app`` and ``schema`` are dotted names (``module:attribute``), so that the gateway imports no subgraph.
    """

    name: str
    agency: str
    url: str
    sdl: Path
    app: str = ""
    schema: str = ""
    dialect: str = ""  # "federation" or "composite"; shown by the schema itself when empty
    moved: bool = False  # ``TWS_URL_<NAME>`` says where it is
    mock: str = ""  # what makes a mock of it, given its name

    @property
    def elsewhere(self) -> bool:
        """Whether it is asked at its address even where the others run in this process."""
        return self.moved or not self.app

    def make_app(self) -> Any:
        """The subgraph's ASGI application, made by the factory that the registry names."""
        factory: Callable[[], Any] = _named(self.app)
        return factory()

    def make_mock(self) -> Any:
        """An application that stands in for the subgraph, made of its SDL by what the registry names under ``mocks``."""
        factory: Callable[[str], Any] = _named(self.mock)
        return factory(self.name)


def _named(dotted: str) -> Any:
    module, _, attribute = dotted.partition(":")
    return getattr(importlib.import_module(module), attribute)


_SUBSCRIPTIONS: Final = "TWS_SUBSCRIPTIONS_"


@dataclass(frozen=True, slots=True)
class Settings:
    """How this gateway runs. Every field has an environment variable of the same name with ``TWS_`` before it.

    ``schema`` is the folder of agreements and the supergraph, ``var`` where keys, databases and the record are kept.
    ``subgraph_transport`` is ``asgi`` (all subgraphs in this process) or ``http`` (each at its registered URL).
    """

    mode: Mode = "production"
    host: str = "127.0.0.1"
    port: int = 4000
    schema: Path = Path("schema")
    var: Path = Path("var")
    bundles: Path | None = None  # the folder of published bundles that this gateway follows, in the place of ``schema``
    publisher_key: Path | None = None  # the public keys of those who may publish
    subgraph_transport: Literal["asgi", "http"] = "http"
    subgraph_timeout: float = 5.0
    subgraph_ca: Path | None = None  # authorities that https to subgraphs trusts beside the system's, in PEM
    subgraph_certificate: Path | None = None  # who the gateway says it is to them (mTLS), in PEM
    subgraph_key: Path | None = None
    issuer: str = ""
    audience: str = "two-way-street"
    jwks: Path | None = None
    record: str = ""  # a PostgreSQL URL for the record; files below ``var`` when empty
    labels: LabelRules | None = (
        None  # over those of ``labels.toml``: ``TWS_LABELS="new-visas=on, beta=12.5, key=user"``
    )
    log: Literal["json", "off"] = "json"  # one line per request on standard error
    metrics: Literal["local", "open", "off"] = "local"  # who may read /metrics: this machine, anybody, nobody
    server_timing: frozenset[str] = frozenset()  # roles whose answers carry Server-Timing; "all" for everybody's
    cost_told: frozenset[str] = frozenset()  # roles whose answers say what they cost; "all" for everybody's
    otlp_endpoint: str = ""  # an OpenTelemetry collector; spans are made only when there is one
    cors_origins: frozenset[str] = frozenset()  # origins whose pages may ask: ``https://portal.example``
    limits: Path | None = None  # the page of limits; ``schema/limits.toml`` when not given
    joined: Literal["off", "fetches", "answers"] = "off"  # what is asked once for all who ask for it at the same time
    warm: Path | None = None  # operations that are made ready at the start, and before a new policy goes live
    valkey: str = ""  # what several gateways share: rates, and documents by hash (``redis://host:6379/0``)
    events: str = ""  # the NATS servers that tell of events (``nats://events.example:4222``); the outboxes where empty
    events_ca: Path | None = None  # authorities that ``tls://`` to them trusts in place of the system's, in PEM
    documents: Path | None = None  # the manifest of trusted documents: client to hash to text
    trusted_documents: TrustMode = "off"  # whether the manifest's documents may be named (prefer), or run alone (only)
    persisted_queries: Literal["on", "off"] = "off"  # whether a text is kept by its hash at first use
    streams: int = 10_000  # open subscriptions of this process
    streams_per_caller: int = 20
    heartbeat: float = 15.0  # seconds between signs of life on a stream
    drain: float | None = None  # seconds that it serves on after SIGTERM, not ready any more
    subscription_urls: Mapping[str, str] = field(default_factory=dict)
    mocked: frozenset[str] = frozenset()  # development only: subgraphs that mocks stand in for
    today: datetime | None = None  # development only: the day of the synthetic world, by which agreements are decided

    @property
    def development(self) -> bool:
        """Whether development conveniences (an issuer of test tokens, the explorer's personas) may exist at all."""
        return self.mode == "development"

    @property
    def drain_seconds(self) -> float:
        """How long balancers have to see that this gateway is about to end: ``drain``, else five seconds, in development none."""
        if self.drain is not None:
            return self.drain
        return 0.0 if self.development else 5.0


def read_settings(environment: Mapping[str, str] | None = None, **given: Any) -> Settings:
    """The settings from ``TWS_*`` variables, with ``given`` values on top (None means: not given).

    Raises ``PolicyError`` ``SETTING_WRONG`` naming each variable that cannot be read.
    """
    environment = os.environ if environment is None else environment
    values: dict[str, Any] = {}
    mistakes: list[Mistake] = []
    readers: dict[str, Callable[[str], Any]] = {
        "mode": _one_of("development", "production"),
        "host": str,
        "port": int,
        "schema": Path,
        "var": Path,
        "bundles": Path,
        "publisher_key": Path,
        "subgraph_transport": _one_of("asgi", "http"),
        "subgraph_timeout": float,
        "subgraph_ca": Path,
        "subgraph_certificate": Path,
        "subgraph_key": Path,
        "issuer": str,
        "audience": str,
        "jwks": Path,
        "record": str,
        "labels": labels_of_text,
        "log": _one_of("json", "off"),
        "metrics": _one_of("local", "open", "off"),
        "server_timing": _names,
        "cost_told": _names,
        "otlp_endpoint": str,
        "cors_origins": _names,
        "limits": Path,
        "joined": _one_of("off", "fetches", "answers"),
        "warm": Path,
        "valkey": str,
        "events": _servers,
        "events_ca": Path,
        "documents": Path,
        "trusted_documents": _one_of("off", "prefer", "only"),
        "persisted_queries": _one_of("on", "off"),
        "streams": int,
        "streams_per_caller": int,
        "heartbeat": float,
        "drain": float,
        "mocked": _names,
        "today": _aware,
    }
    for name, read in readers.items():
        text = environment.get(f"TWS_{name.upper()}")
        if text:
            try:
                values[name] = read(text)
            except ValueError as problem:
                mistakes.append(
                    Mistake("SETTING_WRONG", f"{text!r} cannot be used: {problem}.", where=f"TWS_{name.upper()}")
                )
    values["subscription_urls"] = {
        name.removeprefix(_SUBSCRIPTIONS).lower(): url
        for name, url in environment.items()
        if name.startswith(_SUBSCRIPTIONS)
    }
    if mistakes:
        raise PolicyError("SETTING_WRONG", "The environment holds settings that cannot be used.", tuple(mistakes))
    values.update({name: value for name, value in given.items() if value is not None})
    settings = Settings(**values)
    if settings.trusted_documents != "off" and settings.documents is None:
        mistake = Mistake("SETTING_WRONG", "Set TWS_DOCUMENTS to the manifest.", where="TWS_TRUSTED_DOCUMENTS")
        raise PolicyError("SETTING_WRONG", "The environment holds settings that cannot be used.", (mistake,))
    if settings.mocked and not settings.development:
        mistake = Mistake("SETTING_WRONG", "Mocks exist in development only.", where="TWS_MOCKED")
        raise PolicyError("SETTING_WRONG", "The environment holds settings that cannot be used.", (mistake,))
    if settings.bundles is not None and settings.publisher_key is None:
        mistake = Mistake("SETTING_WRONG", "Set TWS_PUBLISHER_KEY to the publishers' public keys.", where="TWS_BUNDLES")
        raise PolicyError("SETTING_WRONG", "The environment holds settings that cannot be used.", (mistake,))
    if settings.today is not None and not settings.development:
        mistake = Mistake("SETTING_WRONG", "Another day than today exists in development only.", where="TWS_TODAY")
        raise PolicyError("SETTING_WRONG", "The environment holds settings that cannot be used.", (mistake,))
    return settings


def _aware(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _servers(text: str) -> str:
    if not all(each.strip().startswith(("nats://", "tls://")) for each in text.split(",")):
        raise ValueError("write nats://host:4222 or tls://host:4222, several with commas between")
    return text


def _names(text: str) -> frozenset[str]:
    return frozenset(filter(None, (each.strip() for each in text.split(","))))


def _one_of(*allowed: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in allowed:
            raise ValueError("it must be one of " + ", ".join(allowed))
        return text

    return read


def read_labels(path: Path, given: LabelRules | None, known: frozenset[str]) -> LabelRules:
    """The rules of ``labels.toml`` at ``path`` (none where there is no file) with ``given`` over them.

    Raises ``PolicyError`` ``LABELS_WRONG`` where the file is no such page, or a rule names a label that is not among
    ``known``, the graph's.
    """
    rules = LabelRules()
    hint = 'Write [labels] with a line like "new-visas" = true or = 12.5, and key = "user" above it.'
    if path.exists():
        try:
            rules = labels_of_page(tomllib.loads(path.read_text()))
        except (OSError, ValueError) as problem:
            mistake = Mistake("LABELS_WRONG", f"The page cannot be used: {problem}.", where=str(path), hint=hint)
            raise PolicyError("LABELS_WRONG", "The labels of overrides cannot be read.", (mistake,)) from problem
    rules = given.over(rules) if given is not None else rules
    unknown = sorted(rules.shares.keys() - known)
    if unknown:
        hint = f"Take it out; the graph's labels are: {', '.join(sorted(known)) or 'none'}."
        wrong = tuple(
            Mistake("LABELS_WRONG", f"No @override has the label {each!r}.", where=str(path), hint=hint)
            for each in unknown
        )
        raise PolicyError("LABELS_WRONG", "A rule names a label that the graph does not have.", wrong)
    return rules


def read_limits(path: Path) -> LimitsPage:
    """The limits that ``limits.toml`` at ``path`` says; the built-in ones where there is no file.

    Raises ``PolicyError`` ``LIMITS_WRONG``.
    """
    if not path.exists():
        return LimitsPage()
    try:
        return LimitsPage.read(tomllib.loads(path.read_text()))
    except (OSError, ValueError) as problem:
        hint = "docs/operations.md, Limits, lists what the page may say."
        mistake = Mistake("LIMITS_WRONG", f"The page cannot be used: {problem}.", where=str(path), hint=hint)
        raise PolicyError("LIMITS_WRONG", "The limits cannot be read.", (mistake,)) from problem


def read_registry(path: Path) -> dict[str, Registered]:
    """The registered subgraphs by name, in the file's order.

    A subgraph's URL can be moved with ``TWS_URL_<NAME>``. Raises ``PolicyError`` ``REGISTRY_WRONG``.
    """
    try:
        page = tomllib.loads(path.read_text())
    except (OSError, tomllib.TOMLDecodeError) as problem:
        mistake = Mistake("REGISTRY_WRONG", f"The registry cannot be read: {problem}.", where=str(path))
        raise PolicyError("REGISTRY_WRONG", "The registry of subgraphs cannot be read.", (mistake,)) from problem
    found: dict[str, Registered] = {}
    mistakes: list[Mistake] = []
    for name, entry in page.get("subgraphs", {}).items():
        entry = _of_package(name, entry)
        missing = [key for key in ("agency", "url", "sdl") if not isinstance(entry.get(key), str)]
        if missing:
            hint = f"Add {', '.join(missing)} to [subgraphs.{name}]."
            mistakes.append(Mistake("REGISTRY_WRONG", "An entry is incomplete.", where=f"{path}: {name}", hint=hint))
            continue
        moved = os.environ.get(f"TWS_URL_{name.upper()}", "")
        sdl = path.parent.parent / entry["sdl"]
        parts = (entry.get("app", ""), entry.get("schema", ""), entry.get("dialect", ""))
        if parts[2] not in ("", "federation", "composite"):
            hint = 'Say dialect = "federation" or "composite", or leave it out: most schemas show it themselves.'
            said = f"There is no dialect {parts[2]!r}."
            mistakes.append(Mistake("REGISTRY_WRONG", said, where=f"{path}: {name}", hint=hint))
            continue
        url, mock = moved or entry["url"], str(page.get("mocks", ""))
        found[name] = Registered(name, entry["agency"], url, sdl, *parts, moved=bool(moved), mock=mock)
    if mistakes:
        raise PolicyError("REGISTRY_WRONG", "The registry of subgraphs is wrong.", tuple(mistakes))
    return found


def _of_package(name: str, entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """``entry``, with what its ``package`` says where it does not say it itself: app, schema and SDL in their usual places."""
    package = entry.get("package")
    if not isinstance(package, str):
        return entry
    usual = {
        "app": f"{package}.app:create_app",
        "schema": f"{package}.schema:schema",
        "sdl": f"schema/subgraphs/{name}.graphql",
    }
    return {**usual, **entry}


def read_text(path: Path, code: str, what: str, hint: str) -> str:
    """The text of a file; raises ``PolicyError`` with ``code`` when it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as problem:
        mistake = Mistake(code, f"{what} cannot be read: {problem.strerror}.", where=str(path), hint=hint)
        raise PolicyError(code, f"{what} cannot be read.", (mistake,)) from problem
