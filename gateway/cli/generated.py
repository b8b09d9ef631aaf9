"""The generated files of a registry: what belongs in them, and which are stale."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from gateway.composition import SubgraphSDL, compose
from gateway.config import read_registry
from gateway.opening import read_text
from gateway.supergraph import load_supergraph, print_api

__all__ = ["generated_files", "stale_files"]


def generated_files(registry: Path) -> dict[Path, str]:
    """The paths of ``supergraph.graphql`` and ``api.graphql`` beside ``registry``, and the text that belongs in each.

    Raises ``PolicyError`` when the registry or an SDL cannot be read, ``CompositionFailed`` when they do not compose.
    """
    subgraphs = [
        SubgraphSDL(
            name,
            entry.url,
            read_text(entry.sdl, "SDL_MISSING", f"The SDL of {name}", "Run `make schema`, or correct the registry."),
        )
        for name, entry in read_registry(registry).items()
    ]
    text = compose(subgraphs).supergraph_sdl
    api = print_api(load_supergraph(text))
    return {registry.parent / "supergraph.graphql": _ended(text), registry.parent / "api.graphql": _ended(api)}


def stale_files(pages: Mapping[Path, str]) -> list[Path]:
    """Those of ``pages`` that are missing on disk or hold another text."""
    return [path for path, text in pages.items() if not path.exists() or path.read_text(encoding="utf-8") != text]


def _ended(text: str) -> str:
    return text.rstrip("\n") + "\n"
