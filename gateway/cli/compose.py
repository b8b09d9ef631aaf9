"""``gateway compose``: subgraph SDLs in, one supergraph out, or every reason why not."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.generated import composed_files, generated_files, generated_views, stale_files
from gateway.cli.shared import instant_of
from gateway.composition import SubgraphSDL, compose
from gateway.composition.jsonl import compose_lines
from gateway.errors import RequestError
from gateway.opening import check_flows, read_text
from gateway.policy import compile_policy, load_bundle
from gateway.supergraph import load_supergraph

__all__ = ["compose_under", "generate", "register"]


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command(
        "compose",
        epilog="Example: [bold]gateway compose --config schema/registry.toml[/bold]\n\nExample: [bold]gateway compose accounts.graphql reviews.graphql > supergraph.graphql[/bold]",
    )(compose_command)


def compose_command(
    files: Annotated[list[Path] | None, typer.Argument(help="SDL files; each file's name is its subgraph's.")] = None,
    config: Annotated[Path | None, typer.Option("--config", help="A registry; its supergraph is written.")] = None,
    jsonl: Annotated[
        bool, typer.Option("--jsonl", help="Read cases from standard input, a JSON object a line.")
    ] = False,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; fail when a generated file is stale.")] = False,
    day: Annotated[
        str, typer.Option("--at", help="The day of the agencies' views; that of the views on disk when not given.")
    ] = "",
) -> None:
    """Compose subgraphs into a supergraph in the join specification's form."""
    if jsonl:
        _compose_lines()
    elif config is not None:
        generate(config, day, check=check)
    elif files:
        subgraphs = [SubgraphSDL(each.stem, "", _sdl(each)) for each in files]
        composed = compose(subgraphs)
        for hint in composed.hints:
            typer.echo(str(hint), err=True)
        typer.echo(composed.supergraph_sdl)
    else:
        raise RequestError(
            "NOTHING_TO_COMPOSE",
            "There is nothing to compose.",
            where="arguments",
            hint="Name SDL files, or give --config schema/registry.toml.",
        )


def _compose_lines() -> None:
    try:
        compose_lines(sys.stdin, sys.stdout)
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        raise RequestError(
            "LINE_MALFORMED",
            f"A line is no case to compose: {problem!r}.",
            where="standard input",
            hint='Write {"id": 1, "subgraphs": [{"name": "...", "url": "...", "sdl": "..."}]} on each line.',
        ) from None


def _sdl(path: Path) -> str:
    return read_text(path, "SDL_MISSING", f"The SDL of {path.stem}", "Name files that exist, one for each subgraph.")


def generate(registry: Path, day: str = "", *, check: bool = False) -> None:
    """Write the graph first, so that it is there even where the agreements do not fit it yet; then each agency's view of it."""
    pages = generated_files(registry)
    stale = _write(pages, check=check)
    if (registry.parent / "vocabulary.toml").exists():
        supergraph = load_supergraph(pages[registry.parent / "supergraph.graphql"])
        policy = compile_policy(load_bundle(registry.parent), supergraph)
        views = generated_views(registry.parent, supergraph, policy, instant_of(day).date() if day else None)
        stale += _write(views, check=check)
        pages.update(views)
    if check and stale:
        names = ", ".join(str(path) for path in stale)
        raise RequestError(
            "GENERATED_FILE_STALE", f"Not up to date: {names}.", hint="Run `make schema` and commit the result."
        )
    typer.echo(f"{len(pages)} files, {len(stale)} written")


def compose_under(registry: Path, at: datetime) -> None:
    """Write supergraph and API, once the graph holds under the agreements in force at ``at``; raises ``GatewayError``.

    What takes long, each agency's view, is left to ``generate``.
    """
    pages, supergraph = composed_files(registry)
    if (registry.parent / "vocabulary.toml").exists():
        check_flows(supergraph, compile_policy(load_bundle(registry.parent), supergraph), at)
    _write(pages, check=False)


def _write(pages: dict[Path, str], *, check: bool) -> list[Path]:
    """The files that were stale; unless they were only looked at, they are so no more."""
    stale = stale_files(pages)
    for path in stale if not check else ():
        path.parent.mkdir(exist_ok=True)
        if path in pages:
            path.write_text(pages[path], encoding="utf-8")
        else:
            path.unlink()
    return stale
