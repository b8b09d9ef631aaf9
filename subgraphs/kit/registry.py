"""``schema/registry.toml``: which subgraphs there are, whose they are, and where their parts live."""

from __future__ import annotations

import importlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import MetaData
from starlette.applications import Starlette

from subgraphs.kit.schema import Schema
from subgraphs.kit.settings import ROOT

__all__ = ["REGISTRY", "Entry", "read_registry", "registered_sdls"]

REGISTRY = ROOT / "schema" / "registry.toml"


@dataclass(frozen=True, slots=True)
class Entry:
    """One subgraph of the registry; its Python parts are imported when asked for."""

    name: str
    agency: str
    url: str
    app: str
    schema: str
    sdl: str

    def load_schema(self) -> Schema:
        """The Strawberry schema; raises ``ImportError`` where it cannot be imported."""
        made = _load(self.schema)
        if not isinstance(made, Schema):
            raise ImportError(f"{self.schema} is not made by subgraphs.kit.make_schema")
        return made

    def make_app(self) -> Starlette:
        """The subgraph as an ASGI application; raises ``ImportError`` where it cannot be imported."""
        made = _load(self.app)()
        if not isinstance(made, Starlette):
            raise ImportError(f"{self.app} makes no application")
        return made

    def load_tables(self) -> MetaData:
        """The metadata of the subgraph's tables (``tables.Base``)."""
        metadata = self.module("tables").Base.metadata
        if not isinstance(metadata, MetaData):
            raise ImportError(f"subgraphs.{self.name}.tables.Base has no metadata")
        return metadata

    def load_events(self) -> type[Any]:
        """The outbox table (``tables.Event``)."""
        return self.module("tables").Event  # type: ignore[no-any-return]

    def module(self, name: str) -> Any:
        """The module ``subgraphs.<subgraph>.<name>``."""
        return importlib.import_module(f"subgraphs.{self.name}.{name}")

    @property
    def versions(self) -> Path:
        """The folder of the subgraph's migrations."""
        return ROOT / "subgraphs" / self.name / "versions"


def read_registry(path: Path = REGISTRY) -> Mapping[str, Entry]:
    """The registry's entries that are made with the kit, by name, in the file's order."""
    document = tomllib.loads(path.read_text(encoding="utf-8"))
    entries = document["subgraphs"].items()
    return {name: _entry(name, entry) for name, entry in entries if "package" in entry or "app" in entry}


def registered_sdls(path: Path = REGISTRY) -> frozenset[str]:
    """The SDL files that the registry names, those of subgraphs that are not made with the kit among them."""
    document = tomllib.loads(path.read_text(encoding="utf-8"))
    return frozenset(
        entry.get("sdl", f"schema/subgraphs/{name}.graphql") for name, entry in document["subgraphs"].items()
    )


def _entry(name: str, entry: Mapping[str, str]) -> Entry:
    """``package`` stands for app, schema and SDL in their usual places."""
    if (package := entry.get("package")) is not None:
        usual = {"app": f"{package}.app:create_app", "schema": f"{package}.schema:schema"}
        entry = {**usual, "sdl": f"schema/subgraphs/{name}.graphql", **entry}
    return Entry(name, *(entry[key] for key in ("agency", "url", "app", "schema", "sdl")))


def _load(dotted: str) -> Any:
    module, _, attribute = dotted.partition(":")
    return getattr(importlib.import_module(module), attribute)
