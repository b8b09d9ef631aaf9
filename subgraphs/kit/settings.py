"""What the environment says to the subgraphs; no other module of ``subgraphs`` reads the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["ROOT", "Settings"]

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Settings:
    """Where things are, as one frozen value.

    ``data`` holds one SQLite file per subgraph unless ``database_urls`` (by subgraph, ``"*"`` for all) names a server;
    on PostgreSQL each subgraph has its own schema, named as the subgraph. ``keys`` holds the gateway's public keys
    (``gateway.jwks.json``) and, in development, its private ones. ``policy`` and ``supergraph`` are the subgraph's own
    copies of the agreements and of the graph they speak of. ``tls`` holds its certificate, its key and whom it trusts,
    where it is served by ``subgraphs.kit.serve``.
    copies of the agreements and of the graph they speak of. ``events`` is the NATS server that events are published to
    (``nats://`` or ``tls://``, several with commas between); where it is empty they stay in the outbox, to be asked for.
    """

    data: Path = ROOT / "var" / "data"
    keys: Path = ROOT / "var" / "keys"
    policy: Path = ROOT / "schema"
    supergraph: Path = ROOT / "schema" / "supergraph.graphql"
    mode: str = "development"
    database_urls: Mapping[str, str] = field(default_factory=dict)
    cursor_secret: str = ""
    tls: Path | None = None
    events: str = ""
    events_ca: Path | None = None
    open_sdl: bool = False
    max_body: int = 8 * 1024 * 1024
    max_representations: int = 5_000

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> Settings:
        """The settings that ``env`` (the process's own by default) describes; unset variables keep their defaults."""
        env = os.environ if env is None else env
        urls = {"*": env["TWS_DATABASE_URL"]} if env.get("TWS_DATABASE_URL") else {}
        for name, url in env.items():
            if url and name.startswith("TWS_DATABASE_URL_"):
                urls[name.removeprefix("TWS_DATABASE_URL_").lower()] = url
        default = cls()
        return cls(
            data=Path(env.get("TWS_DATA", default.data)),
            keys=Path(env.get("TWS_KEYS", default.keys)),
            policy=Path(env.get("TWS_POLICY", default.policy)),
            supergraph=Path(env.get("TWS_SUPERGRAPH", default.supergraph)),
            mode=env.get("TWS_MODE", default.mode),
            database_urls=urls,
            cursor_secret=env.get("TWS_CURSOR_SECRET", ""),
            tls=Path(env["TWS_TLS"]) if env.get("TWS_TLS") else None,
            events=env.get("TWS_EVENTS", ""),
            events_ca=Path(env["TWS_EVENTS_CA"]) if env.get("TWS_EVENTS_CA") else None,
        )

    def cursor_key(self) -> bytes:
        """The secret that seals cursors: ``TWS_CURSOR_SECRET``, or a file beside the keys, made at first use."""
        if self.cursor_secret:
            return self.cursor_secret.encode()
        path = self.keys / "cursors.key"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            try:
                handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            except FileExistsError:  # another subgraph started at the same moment
                return path.read_bytes()
            with os.fdopen(handle, "wb") as file:
                file.write(os.urandom(32))
        return path.read_bytes()

    def database_url(self, subgraph: str) -> str:
        """The SQLAlchemy address (asynchronous driver) of ``subgraph``'s own database."""
        url = self.database_urls.get(subgraph) or self.database_urls.get("*")
        if url is None:
            return f"sqlite+aiosqlite:///{self.data / f'{subgraph}.sqlite3'}"
        if url.startswith("postgresql://"):
            return "postgresql+asyncpg://" + url.removeprefix("postgresql://")
        return url
