"""``python -m subgraphs.kit.serve NAME``: one subgraph on its port; by mutual TLS where it was given certificates.

With ``TWS_TLS`` (a folder as ``gateway certificates`` writes it) it speaks TLS 1.3 only, and only to whom its authorities
vouch for as a client. What asks after its health has no certificate: ``/health``, and nothing else, then answers in clear on
a port of its own that only this machine reaches. Certificates that were renewed are in use within a minute.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path

import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route

from subgraphs.kit.registry import read_registry
from subgraphs.kit.settings import Settings

__all__ = ["Certificates", "main", "serve"]

log = structlog.get_logger("subgraphs")

HEALTH_PORT = 8001
LOOK = 60.0
"""Seconds between looks at the certificates' files."""


class Certificates:
    """What a server shows and whom it trusts, from ``certificate.pem``, ``key.pem`` and ``authorities.pem`` in ``folder``.

    Raises ``OSError`` (``ssl.SSLError`` among them) where a file cannot be used: nothing is then served.
    """

    def __init__(self, folder: Path) -> None:
        self._files = [folder / name for name in ("certificate.pem", "key.pem", "authorities.pem")]
        self._seen = self._stamps()
        self.context = self._load(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
        self.context.minimum_version = ssl.TLSVersion.TLSv1_3
        self.context.verify_mode = ssl.CERT_REQUIRED

    def _stamps(self) -> list[tuple[int, int]]:
        return [(status.st_ino, status.st_mtime_ns) for status in (file.stat() for file in self._files)]

    def _load(self, context: ssl.SSLContext) -> ssl.SSLContext:
        certificate, key, authorities = self._files
        context.load_cert_chain(certificate, key)
        context.load_verify_locations(authorities)
        return context

    def renew(self) -> bool:
        """Whether files changed and are in use for connections from now on; authorities are added, never taken away.

        Files that cannot be used, as between two that are being replaced, leave what was in use and are tried again.
        """
        try:
            stamps = self._stamps()
            if stamps == self._seen:
                return False
            self._load(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))  # what cannot be used leaves a context half changed
            self._load(self.context)
        except OSError as error:
            log.error("the certificates cannot be read; those before stay in use", error=type(error).__name__)
            return False
        self._seen = stamps
        return True

    async def keep(self, pause: Callable[[float], Awaitable[object]] = asyncio.sleep) -> None:
        """Look for renewed files every minute, until cancelled."""
        while True:
            await pause(LOOK)
            if self.renew():
                log.warning("certificates renewed")


class _Beside(uvicorn.Server):
    """A server that leaves signals to the one it stands beside."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _health(app: Starlette, port: int) -> uvicorn.Server:
    alone = Starlette(routes=[each for each in app.routes if isinstance(each, Route) and each.path == "/health"])
    return _Beside(uvicorn.Config(alone, port=port, log_level="warning", access_log=False, lifespan="off"))


async def serve(
    app: Starlette, host: str, port: int, health_port: int = HEALTH_PORT, certificates: Certificates | None = None
) -> None:
    """Serve ``app`` until told to stop; with ``certificates`` by TLS, and its health beside it on loopback."""
    config = uvicorn.Config(app, host=host, port=port, log_level="warning")
    if certificates is None:
        await uvicorn.Server(config).serve()
        return
    config.ssl_context_factory = lambda _config, _default: certificates.context
    health = _health(app, health_port)
    beside = [asyncio.ensure_future(health.serve()), asyncio.ensure_future(certificates.keep())]
    try:
        await uvicorn.Server(config).serve()
    finally:
        health.should_exit = True
        beside[1].cancel()
        await asyncio.gather(*beside, return_exceptions=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve the subgraph that ``arguments`` name."""
    entries = read_registry()
    parser = argparse.ArgumentParser(prog="python -m subgraphs.kit.serve")
    parser.add_argument("name", choices=list(entries))
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--health-port", type=int, default=HEALTH_PORT)
    chosen = parser.parse_args(arguments)
    settings = Settings.from_env()
    certificates = None if settings.tls is None else Certificates(settings.tls)
    app = entries[chosen.name].make_app()
    asyncio.run(serve(app, chosen.host, chosen.port, chosen.health_port, certificates))


if __name__ == "__main__":
    main()
