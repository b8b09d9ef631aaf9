"""``gateway serve``: answer requests until told to stop."""

from __future__ import annotations

import gc
import math
import signal
import socket
import sys
import threading
from contextlib import ExitStack
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
import uvicorn
from rich.console import Console

from gateway.activation import settle
from gateway.cli.shared import counted
from gateway.config import Settings, read_settings
from gateway.errors import AccessError, GatewayError
from gateway.opening import OpenHouse, open_house, open_unrestricted, read_text
from gateway.warming import asked_by_everyone, read_operations, warm, warm_open
from gateway.web.app import create_app
from gateway.web.leaving import Server
from gateway.web.wire import Wire

__all__ = ["Transport", "listen", "register", "unusable"]


class Transport(StrEnum):
    """How subgraphs are reached."""

    ASGI = "asgi"
    HTTP = "http"


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command(
        "serve",
        epilog="Example: [bold]TWS_MODE=development gateway serve --subgraphs asgi --port 4000[/bold]\n\nExample: [bold]gateway serve --supergraph shop.graphql --port 4000 --policy unrestricted[/bold]",
    )(serve)


def serve(
    supergraph: Annotated[
        Path | None, typer.Option("--supergraph", help="Serve this graph, which governs nothing.")
    ] = None,
    policy: Annotated[
        str, typer.Option("--policy", help='"unrestricted" has to be said for a graph that governs nothing.')
    ] = "",
    host: Annotated[str | None, typer.Option("--host")] = None,
    port: Annotated[int | None, typer.Option("--port")] = None,
    schema: Annotated[Path | None, typer.Option("--schema")] = None,
    var: Annotated[Path | None, typer.Option("--var")] = None,
    bundles: Annotated[
        Path | None,
        typer.Option("--bundles", help="Follow the bundles published to this folder, in the place of --schema."),
    ] = None,
    publisher_key: Annotated[
        Path | None, typer.Option("--publisher-key", help="The public keys of those who may publish.")
    ] = None,
    subgraphs: Annotated[
        Transport | None, typer.Option("--subgraphs", help="asgi: all in this process; http: at their URLs.")
    ] = None,
    warm: Annotated[
        Path | None,
        typer.Option("--warm", help="Operations to make ready before anybody asks: .graphql, or a manifest."),
    ] = None,
    fd: Annotated[
        int | None, typer.Option("--fd", help="Answer on this open socket, inherited from who starts it.")
    ] = None,
) -> None:
    """Serve the graph under its agreements, or another graph that governs nothing."""
    settings = read_settings(
        host=host, port=port, schema=schema, var=var, subgraph_transport=subgraphs and subgraphs.value, warm=warm,
        bundles=bundles, publisher_key=publisher_key,
    )  # fmt: skip
    try:
        opened = _open(settings, supergraph, policy)
    except OSError as problem:
        raise unusable(problem) from problem
    listening = listen(settings) if fd is None else socket.socket(fileno=fd)
    _warm(opened)
    _welcome(f"http://{settings.host}:{listening.getsockname()[1]}", opened)
    # what start-up made stays, and a request leaves nothing; what a wrong document leaves is found in short rounds
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)
    # one event loop serves; the graph is read-only and the record has a thread of its own
    app = create_app(opened)
    last = math.ceil(opened.limits.door.deadline) + 1  # whoever is being answered is answered
    config = uvicorn.Config(app, http=Wire, log_level="warning", access_log=False, timeout_graceful_shutdown=last)
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # raised anew by the server when all is over
    server = Server(config, opened.leave, app.state.live.stop, settings.drain_seconds, lent=fd is not None)
    server.run(sockets=[listening])


def unusable(problem: OSError) -> GatewayError:
    """The error for a file or folder that a start needs and the system refuses."""
    return GatewayError(
        "FOLDER_UNUSABLE",
        f"What a start needs cannot be read or written: {problem.strerror or type(problem).__name__}.",
        where=str(problem.filename or ""),
        hint="Mount it, or let this user read and write it; TWS_VAR, TWS_SCHEMA and TWS_PUBLIC say where folders are.",
    )


def _warm(opened: OpenHouse) -> None:
    """Make ready what the settings name; clients that come meanwhile wait in the socket's queue."""
    path = opened.settings.warm
    if path is None:
        return
    opened.warm, at = read_operations(path), opened.house.clock()
    if opened.tokens is None:
        warmed = warm_open(opened.graph, opened.warm, at)
    else:
        warmed = warm(opened.graph, asked_by_everyone(opened.graph, opened.warm), at)
    Console(highlight=False).print(
        f"  ready    {counted(warmed.ready, 'operation')}, {warmed.left_out} that may not be asked so"
    )


def listen(settings: Settings) -> socket.socket:
    """The listening socket, bound before anything is promised; raises ``GatewayError`` ``ADDRESS_UNUSABLE``."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with ExitStack() as closing:
            listening = closing.enter_context(socket.socket(family, kind, protocol))
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(address)
            listening.listen(2048)  # from now on a client waits instead of being refused
            closing.pop_all()  # it stays open for the server
    except OSError as problem:
        raise GatewayError(
            "ADDRESS_UNUSABLE",
            f"{settings.host}:{settings.port} cannot be listened on: {problem.strerror}.",
            where="--port",
            hint="Choose another with --port (0 takes any free one) or --host.",
        ) from None
    return listening


def _open(settings: Settings, supergraph: Path | None, policy: str) -> OpenHouse:
    if policy not in ("", "unrestricted"):
        raise AccessError(
            "POLICY_UNKNOWN", f"There is no policy {policy!r}.", where="--policy", hint='Say "unrestricted".'
        )
    if supergraph is None:
        if policy:
            raise AccessError(
                "POLICY_MISPLACED",
                "The agencies' own graph is never served without its agreements.",
                where="--policy",
                hint="Name another graph with --supergraph, or leave --policy out.",
            )
        settings, standing = settle(settings)
        opened = open_house(settings)
        opened.bundle = standing
        return opened
    if policy != "unrestricted":
        raise AccessError(
            "POLICY_MISSING",
            "A graph without agreements answers nobody.",
            where="--policy",
            hint='If the graph governs nothing, say "--policy unrestricted".',
        )
    text = read_text(supergraph, "SUPERGRAPH_MISSING", "The supergraph", "Name a file with --supergraph.")
    return open_unrestricted(text, settings)


def _welcome(address: str, opened: OpenHouse) -> None:
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"[bold]Two-Way Street[/bold] answers at {address}/graphql")
    if opened.tokens is None:
        console.print("  policy: unrestricted (this graph governs nothing; nothing is recorded)")
        return
    console.print(
        f"  policy   {len(opened.graph.policy.agreements)} agreements, epoch {opened.graph.policy.epoch[:19]}..."
    )
    if opened.bundle is not None:
        console.print(f"  bundle   {opened.bundle.version}, in force since {opened.bundle.since.isoformat()}")
    console.print(f"  subgraphs {', '.join(each.name for each in opened.graph.supergraph.subgraphs)}")
    if opened.settings.mocked:
        console.print(f"  mocks of  {', '.join(sorted(opened.settings.mocked))}")
    if opened.issuer is not None:
        console.print(f"  explorer [bold]{address}/explorer[/bold]   (mode development: personas and tokens made here)")
        console.print("  a query  TOKEN=$(make -s token PERSONA=cbp-secondary-nyc)")
        console.print(
            f"           curl -s {address}/graphql -H \"authorization: Bearer $TOKEN\" -H 'content-type: application/json' "
            "-d @docs/first-query.json",
            markup=False,
        )
