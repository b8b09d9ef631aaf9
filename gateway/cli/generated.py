"""The generated files of a registry: what belongs in them, and which are stale."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path

from graphql import print_ast

from gateway.composition import SubgraphSDL, compose
from gateway.config import read_registry
from gateway.enforcement.view import agency_view
from gateway.opening import read_text
from gateway.policy import Policy
from gateway.supergraph import Supergraph, load_supergraph, print_api

__all__ = ["generated_files", "generated_views", "stale_files", "view_day"]

_HEAD = """\
# The graph as {agency} may see it on {day}: what some agreement in force could give one of its roles.
# Made by `make schema` from the subgraphs and the agreements; `gateway check` says when it is stale.
"""
_DAY = re.compile(r"may see it on (\d{4}-\d\d-\d\d):")


def generated_files(registry: Path) -> dict[Path, str]:
    """The paths of ``supergraph.graphql`` and ``api.graphql`` beside ``registry``, and the text that belongs in each.

    Raises ``PolicyError`` when the registry or an SDL cannot be read, ``CompositionFailed`` when they do not compose.
    """
    return composed_files(registry)[0]


def composed_files(registry: Path) -> tuple[dict[Path, str], Supergraph]:
    """The files of ``generated_files``, and the graph that they hold; raises as that does."""
    subgraphs = [
        SubgraphSDL(
            name,
            entry.url,
            read_text(entry.sdl, "SDL_MISSING", f"The SDL of {name}", "Run `make schema`, or correct the registry."),
            entry.dialect,
        )
        for name, entry in read_registry(registry).items()
    ]
    text = compose(subgraphs).supergraph_sdl
    supergraph = load_supergraph(text)
    folder = registry.parent
    pages = {folder / "supergraph.graphql": _ended(text), folder / "api.graphql": _ended(print_api(supergraph))}
    return pages, supergraph


def generated_views(schema: Path, supergraph: Supergraph, policy: Policy, day: date | None = None) -> dict[Path, str]:
    """The paths of ``views/<agency>.graphql`` in ``schema``, and the text that belongs in each, for every agency that asks.

    They hold for one day, which they name: ``day``, or that of the views on disk, or today where there are none. So a
    view is stale when the graph or the agreements changed, not because a day has passed.
    """
    folder = schema / "views"
    day = day or view_day(schema)
    at = datetime(day.year, day.month, day.day, tzinfo=UTC)
    agencies = sorted({agency for words in policy.vocabulary.roles.values() for agency in words.agencies})
    return {
        folder / f"{agency}.graphql": _HEAD.format(agency=agency, day=day)
        + "\n"
        + _ended(print_ast(agency_view(supergraph.api_schema, policy, agency, at)))
        for agency in agencies
    }


def view_day(schema: Path) -> date:
    """The day for which the views in ``schema/views`` were made; today (UTC) where there are none."""
    for path in sorted((schema / "views").glob("*.graphql")):
        if found := _DAY.search(path.read_text(encoding="utf-8")):
            return date.fromisoformat(found[1])
    return datetime.now(UTC).date()


def stale_files(pages: Mapping[Path, str]) -> list[Path]:
    """Those of ``pages`` that are missing on disk or hold another text, and what is left over in a folder of views."""
    wrong = [path for path, text in pages.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    views = {path.parent for path in pages if path.parent.name == "views"}
    return wrong + sorted(path for folder in views for path in folder.glob("*.graphql") if path not in pages)


def _ended(text: str) -> str:
    return text.rstrip("\n") + "\n"
