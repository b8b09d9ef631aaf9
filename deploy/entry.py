"""What a container runs: ``entry.py certificates [ARGUMENT...]|data|subgraph NAME|gateway|health [URL]``.

``certificates`` issues what is due under ``TWS_CERTIFICATES``, or does what else ``gateway certificates`` can. ``data``
makes or migrates every database it was given an address for, and in mode development fills them with the synthetic
world. ``subgraph`` waits for its certificate and its database and serves. ``gateway`` puts its public key where the
subgraphs read it, waits for its certificate and the record's database and serves. ``health`` ends with 0 when the
address answers 200.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path

PATIENCE = 300.0
"""Seconds to wait for a database, which the first start has to create."""


async def _answers(name: str, statement: str) -> bool:
    from sqlalchemy.exc import SQLAlchemyError

    from subgraphs.kit.database import Database
    from subgraphs.kit.settings import Settings

    database = Database(Settings.from_env().database_url(name), name)
    try:
        async with database.engine.connect() as connection:
            found = (await connection.exec_driver_sql(statement)).scalar()
    except (OSError, SQLAlchemyError) as error:
        print(f"{name}: waiting for the database ({type(error).__name__})", flush=True)
        return False
    finally:
        await database.dispose()
    if found is None:
        print(f"{name}: waiting for the data", flush=True)
    return found is not None


def _wait(name: str, statement: str) -> None:
    """Return when ``statement`` finds something in the database of ``name``; exit 1 when patience ends."""
    deadline = time.monotonic() + PATIENCE
    while not asyncio.run(_answers(name, statement)):
        if time.monotonic() > deadline:
            sys.exit(f"{name}: the database did not answer within {PATIENCE:.0f} s")
        time.sleep(2)


def _wait_for(name: str, path: str) -> None:
    """Return when the file at ``path`` is there ("" is none to wait for); exit 1 when patience ends."""
    deadline = time.monotonic() + PATIENCE
    while path and not Path(path).exists():
        if time.monotonic() > deadline:
            sys.exit(f"{name}: {path} was not there within {PATIENCE:.0f} s")
        print(f"{name}: waiting for the certificate", flush=True)
        time.sleep(1)


async def _recordable(url: str) -> bool:
    import asyncpg

    try:
        connection = await asyncpg.connect(url, timeout=10)
        await connection.close()
    except (OSError, TimeoutError, asyncpg.PostgresError) as error:
        print(f"gateway: waiting for the record's database ({type(error).__name__})", flush=True)
        return False
    return True


def certificates(*arguments: str) -> None:
    """Issue what is due, or run what ``arguments`` say after ``gateway certificates``."""
    command, *options = arguments or ("issue",)
    folder = os.environ.get("TWS_CERTIFICATES")
    if not folder:
        sys.exit("SETTING_WRONG Set TWS_CERTIFICATES to the folder that certificates are to be written to.")
    _become("gateway", "certificates", command, folder, *options)


def data() -> None:
    """Make, migrate and (in development) fill the databases."""
    from subgraphs.kit.registry import read_registry

    for name in read_registry():
        _wait(name, "select 1")
    _run("subgraphs.kit.migrate", "upgrade")
    if os.environ.get("TWS_MODE") == "development":
        _run("subgraphs.kit.seed", "--scale", os.environ.get("TWS_SCALE", "demo"))


def subgraph(name: str) -> None:
    """Serve the subgraph ``name`` once its database has tables and, in development, the whole synthetic world."""
    tls = os.environ.get("TWS_TLS")
    _wait_for(name, f"{tls}/authorities.pem" if tls else "")
    _wait(name, "select version_num from alembic_version")
    if os.environ.get("TWS_MODE") == "development":
        _wait(name, "select kind from events where kind = 'worldSeeded'")
    _become("subgraphs.kit.serve", name, "--host", "0.0.0.0")  # noqa: S104 - in a container


def gateway() -> None:
    """Publish the public half of the gateway's key, then serve."""
    from gateway.config import read_settings
    from gateway.identity import development_key, load_signing_key

    settings = read_settings()
    keys = settings.var / "keys"
    if settings.development:
        key = development_key(keys, "gateway", mode=settings.mode)
    else:
        key = load_signing_key(keys, "gateway")
    public = Path(os.environ["TWS_PUBLIC"]) / "gateway.jwks.json"
    draft = public.with_suffix(f".{socket.gethostname()}")  # another replica may be doing the same
    draft.write_text(json.dumps(key.public().jwks()))
    draft.chmod(0o644)
    draft.replace(public)
    _wait_for("gateway", str(settings.subgraph_ca or ""))
    deadline = time.monotonic() + PATIENCE
    while settings.record and not asyncio.run(_recordable(settings.record)):
        if time.monotonic() > deadline:
            sys.exit(f"gateway: the record's database did not answer within {PATIENCE:.0f} s")
        time.sleep(2)
    _become("gateway", "serve")


def health(url: str = "http://127.0.0.1:4000/health/ready") -> None:
    """Exit 0 when ``url`` answers 200, 1 otherwise."""
    try:
        with urllib.request.urlopen(url, timeout=3) as answer:  # noqa: S310 - the address is the container's own
            sys.exit(0 if answer.status == 200 else 1)
    except OSError:
        sys.exit(1)


def _run(module: str, *arguments: str) -> None:
    finished = subprocess.run([sys.executable, "-m", module, *arguments], check=False)  # noqa: S603 - our own module
    if finished.returncode:
        sys.exit(finished.returncode)


def _become(module: str, *arguments: str) -> None:
    """Go on as ``python -m module``, so that signals reach it and nothing stands between."""
    os.execv(sys.executable, [sys.executable, "-m", module, *arguments])  # noqa: S606 - no shell is the point


def main(arguments: Sequence[str]) -> None:
    """Run what ``arguments`` name."""
    actions: dict[str, Callable[..., None]] = {
        "certificates": certificates,
        "data": data,
        "subgraph": subgraph,
        "gateway": gateway,
        "health": health,
    }
    if not arguments or arguments[0] not in actions:
        sys.exit(__doc__)
    from gateway.cli.main import tell
    from gateway.cli.serve import unusable
    from gateway.errors import GatewayError

    try:
        actions[arguments[0]](*arguments[1:])
    except GatewayError as error:
        tell(error)
        sys.exit(1)
    except OSError as problem:
        tell(unusable(problem))
        sys.exit(1)


if __name__ == "__main__":
    main(sys.argv[1:])
