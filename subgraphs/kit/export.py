"""``python -m subgraphs.kit.export``: every subgraph's SDL, printed to the file that the registry names.

What is left of a subgraph that the registry no longer names is deleted. ``--check`` writes nothing and fails where a file
is missing, stale or left over.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated

import typer

from subgraphs.kit.registry import Entry, read_registry, registered_sdls
from subgraphs.kit.schema import printed
from subgraphs.kit.settings import ROOT

__all__ = ["left_over", "main", "stale", "write"]


def stale(entries: Mapping[str, Entry], root: Path = ROOT) -> list[str]:
    """The names of the subgraphs whose file under ``root`` is not what their schema prints, in the registry's order."""
    out = []
    for name, entry in entries.items():
        path = root / entry.sdl
        if not path.exists() or path.read_text(encoding="utf-8") != printed(entry.load_schema()):
            out.append(name)
    return out


def write(entries: Mapping[str, Entry], root: Path = ROOT) -> None:
    """Write every subgraph's SDL to its file under ``root``."""
    for entry in entries.values():
        path = root / entry.sdl
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(printed(entry.load_schema()), encoding="utf-8")


def left_over(named: Iterable[str], root: Path = ROOT) -> list[Path]:
    """The SDLs below ``root``, beside the ``named`` files, that are none of these."""
    kept = {root / each for each in named}
    folders = {path.parent for path in kept}
    return sorted(path for folder in folders for path in folder.glob("*.graphql") if path not in kept)


def main(
    names: Annotated[list[str] | None, typer.Argument(help="Subgraphs; all of the registry by default.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Fail where a file is stale; write nothing.")] = False,
) -> None:
    """Print the subgraphs' SDLs to schema/subgraphs/."""
    registered = read_registry()
    entries = {name: entry for name, entry in registered.items() if not names or name in names}
    gone = [] if names else left_over(registered_sdls())
    if not check:
        write(entries)
        for path in gone:
            path.unlink()
        return
    for name in (found := stale(entries)):
        typer.echo(f"{entries[name].sdl} is stale; run python -m subgraphs.kit.export", err=True)
    for path in gone:
        typer.echo(f"{path.relative_to(ROOT)} is left of no registered subgraph; run the same", err=True)
    raise typer.Exit(1 if found or gone else 0)


if __name__ == "__main__":
    typer.run(main)
