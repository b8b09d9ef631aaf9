"""The way to the subgraphs as settings and limits make it: the transport, and what guards and measures it."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Mapping
from pathlib import Path
from typing import Any

from gateway.config import Registered, Settings
from gateway.errors import Mistake, PolicyError
from gateway.execution.asgi import AsgiTransport
from gateway.execution.beside import Beside
from gateway.execution.http import HttpTransport, Tls
from gateway.execution.transport import SubgraphRequest, Transport
from gateway.identity import valid_until
from gateway.limits import LimitsPage
from gateway.resilience import Breaker, Hedges, JoinedRequests, Lanes, Retries, Timeouts
from gateway.telemetry import Telemetry

__all__ = ["http_transport", "sending", "way_to"]


def http_transport(urls: Mapping[str, str], settings: Settings, limits: LimitsPage) -> HttpTransport:
    """HTTP to ``urls`` (by subgraph name). Raises ``PolicyError`` ``TLS_WRONG`` where a file of its TLS cannot be used."""
    return HttpTransport(
        urls,
        timeouts=_timeouts(urls, settings, limits),
        most_bytes={name: limits.subgraph(name).answer_bytes for name in urls},
        connections=max((limits.subgraph(name).connections for name in urls), default=1),
        tls=_tls(settings),
    )


def way_to(
    registry: Mapping[str, Registered], settings: Settings, limits: LimitsPage, apps: Mapping[str, Any] | None = None
) -> tuple[HttpTransport | AsgiTransport | Beside, Mapping[str, Any]]:
    """The transport to the registered subgraphs, and the applications that run in this process; ``apps`` when given.

    ``asgi`` runs here what can be made here; a subgraph whose address was moved by ``TWS_URL_<NAME>``, or that is no
    Python, is asked where it is. One that is mocked is not asked at all: its mock runs here. Raises ``PolicyError``
    ``SETTING_WRONG`` for a mock of what cannot be mocked.
    """
    if apps is not None:
        return AsgiTransport(apps), apps
    mocked, here = _mocked(settings, registry), settings.subgraph_transport == "asgi"
    away = {name: entry.url for name, entry in registry.items() if name not in mocked and (not here or entry.elsewhere)}
    made = {
        name: entry.make_mock() if name in mocked else entry.make_app()
        for name, entry in registry.items()
        if name not in away
    }
    if not made:
        return http_transport(away, settings, limits), {}
    inside = AsgiTransport(made)
    return (Beside(inside, http_transport(away, settings, limits), away) if away else inside), made


def _mocked(settings: Settings, registry: Mapping[str, Registered]) -> frozenset[str]:
    """The subgraphs that mocks stand in for."""
    wrong = [f"there is no subgraph {name}" for name in sorted(settings.mocked - registry.keys())]
    wrong += [
        f"schema/registry.toml has no line mocks = ..., which makes a mock of {name}"
        for name in sorted(settings.mocked & registry.keys())
        if not registry[name].mock
    ]
    if wrong:
        mistakes = tuple(Mistake("SETTING_WRONG", f"Nothing is mocked: {each}.", "TWS_MOCKED") for each in wrong)
        raise PolicyError("SETTING_WRONG", "The environment holds settings that cannot be used.", mistakes)
    return settings.mocked


def sending(
    transport: Transport,
    settings: Settings,
    limits: LimitsPage,
    telemetry: Telemetry,
    *,
    open_to_all: bool,
    clock: Callable[[], float] = time.monotonic,
) -> Transport:
    """``transport`` guarded and measured; equal requests at once are one, where that is configured.

    ``open_to_all``: no request says who asks, so any two may share an answer. ``clock`` gives seconds that only grow.
    """
    guarding = _guarded(transport, settings, limits, telemetry, clock)
    if settings.joined != "off":

        def key(request: SubgraphRequest) -> Hashable:
            return (request.body, request.sharing) if open_to_all or request.sharing is not None else None

        guarding = JoinedRequests(guarding, key, telemetry.metrics.event)
    if settings.subgraph_certificate is not None:
        _ending(telemetry, settings.subgraph_certificate)
    return telemetry.measured(guarding)


def _ending(telemetry: Telemetry, certificate: Path) -> None:
    """Show when the certificate ends that this process shows to subgraphs: the one it started with."""
    until = valid_until(_read(certificate))
    if until is None:
        raise _wrong(str(certificate), "The file holds no certificate.")
    what, ends = "When the certificate ends that is shown to subgraphs.", until.timestamp()
    telemetry.metrics.gauge("gateway_certificate_ends_timestamp_seconds", what, "", lambda: {"": ends})


def _guarded(
    transport: Transport, settings: Settings, limits: LimitsPage, telemetry: Telemetry, clock: Callable[[], float]
) -> Transport:
    """``transport`` with lanes and a time limit for each try, a breaker for each subgraph, and retries within a budget."""
    of, metrics = limits.subgraph, telemetry.metrics
    lanes = Lanes(transport, lambda name: of(name).connections, metrics.event)
    asked: Transport = lanes
    if any(each.hedged for each in (limits.subgraphs, *limits.named.values())):
        asked = Hedges(lanes, lambda name: of(name).hedged, clock, metrics.event)
    seconds = settings.subgraph_timeout if limits.subgraphs.timeout is None else limits.subgraphs.timeout
    timed = Timeouts(asked, seconds, _timeouts(limits.named, settings, limits), metrics.event)
    breaker = Breaker(timed, clock, lambda name: of(name).failures, lambda name: of(name).rest, metrics.event)
    metrics.gauge("gateway_breaker", "0 closed, 1 half open, 2 open.", "subgraph", lambda: {**breaker.states()})
    metrics.gauge("gateway_lanes", "Requests that a subgraph is asked now.", "subgraph", lambda: {**lanes.inside()})
    return Retries(breaker, lambda name: of(name).retried, note=metrics.event)


def _timeouts(names: Mapping[str, object], settings: Settings, limits: LimitsPage) -> dict[str, float]:
    told = ((name, limits.subgraph(name).timeout) for name in names)
    return {name: settings.subgraph_timeout if seconds is None else seconds for name, seconds in told}


def _tls(settings: Settings) -> Tls:
    certificate, key = settings.subgraph_certificate, settings.subgraph_key
    if (certificate is None) != (key is None):
        raise _wrong(str(certificate or key), "A certificate needs its key, and a key its certificate.")
    identity = b"" if certificate is None or key is None else _read(certificate) + b"\n" + _read(key)
    return Tls(b"" if settings.subgraph_ca is None else _read(settings.subgraph_ca), identity)


def _read(path: Path) -> bytes:
    try:
        found = path.read_bytes()
    except OSError as problem:
        raise _wrong(str(path), f"The file cannot be read: {problem.strerror}.") from problem
    if b"-----BEGIN " not in found:
        raise _wrong(str(path), "The file holds no PEM.")
    return found


def _wrong(where: str, said: str) -> PolicyError:
    hint = "Set TWS_SUBGRAPH_CA, or TWS_SUBGRAPH_CERTIFICATE and TWS_SUBGRAPH_KEY together, to files in PEM."
    return PolicyError(
        "TLS_WRONG", "The TLS of subgraphs cannot be set up.", (Mistake("TLS_WRONG", said, where=where, hint=hint),)
    )
