"""``gateway serve``: answer requests until told to stop."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
import uvicorn
from rich.console import Console

from gateway.config import Settings, read_settings
from gateway.errors import AccessError
from gateway.opening import OpenHouse, open_house, open_unrestricted, read_text
from gateway.web.app import create_app

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("serve")(serve)


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
    subgraphs: Annotated[
        str | None, typer.Option("--subgraphs", help="asgi: all in this process; http: at their URLs.")
    ] = None,
) -> None:
    """Serve the graph under its agreements, or another graph that governs nothing.

    Example: [bold]TWS_MODE=development gateway serve --subgraphs asgi --port 4000[/bold]
    Example: [bold]gateway serve --supergraph shop.graphql --port 4000 --policy unrestricted[/bold]
    """
    settings = read_settings(host=host, port=port, schema=schema, var=var, subgraph_transport=subgraphs)
    opened = _open(settings, supergraph, policy)
    _welcome(settings, opened)
    uvicorn.run(
        create_app(opened), host=settings.host, port=settings.port, log_level="warning", access_log=False,
        timeout_graceful_shutdown=5,
    )  # fmt: skip


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
        return open_house(settings)
    if policy != "unrestricted":
        raise AccessError(
            "POLICY_MISSING",
            "A graph without agreements answers nobody.",
            where="--policy",
            hint='If the graph governs nothing, say "--policy unrestricted".',
        )
    text = read_text(supergraph, "SUPERGRAPH_MISSING", "The supergraph", "Name a file with --supergraph.")
    return open_unrestricted(text, settings)


def _welcome(settings: Settings, opened: OpenHouse) -> None:
    console = Console(highlight=False)
    address = f"http://{settings.host}:{settings.port}"
    console.print(f"[bold]Two-Way Street[/bold] answers at {address}/graphql")
    if opened.tokens is None:
        console.print("  policy: unrestricted (this graph governs nothing; nothing is recorded)")
        return
    console.print(
        f"  policy   {len(opened.graph.policy.agreements)} agreements, epoch {opened.graph.policy.epoch[:19]}..."
    )
    console.print(f"  subgraphs {', '.join(each.name for each in opened.graph.supergraph.subgraphs)}")
    if opened.issuer is not None:
        console.print(f"  explorer [bold]{address}/explorer[/bold]   (mode development: personas and tokens made here)")
        console.print(f"  a query  TOKEN=$(make -s token PERSONA=cbp-primary-nyc)")  # noqa: F541
        console.print(
            f"           curl -s {address}/graphql -H \"authorization: Bearer $TOKEN\" -H 'content-type: application/json' "
            "-d @docs/first-query.json",
            markup=False,
            soft_wrap=True,
        )
