"""What a supergraph knows of subgraphs that are entered by fields: which field leads to an entity, what fills its arguments.

Written on the schema of the supergraph, under a specification of this gateway (``lookup/v1.0``), for execution: a router
that does not know it may not serve such a supergraph, because it would ask those subgraphs for ``_entities``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from gateway.errors import GatewayError
from gateway.supergraph.model import AppliedDirective
from gateway.supergraph.selectionmap import Made, SelectionMap, SelectionMapError, field_set_of, parse_selection_map

__all__ = ["DEFINITIONS", "LINK", "Filled", "Lookup", "Requirement", "lines_of", "read_lookups"]

LINK = '@link(url: "https://two-way-street.example/lookup/v1.0", for: EXECUTION)'
DEFINITIONS = {
    "@lookup__entry": "directive @lookup__entry(graph: join__Graph!, type: String!, path: String!, "
    "arguments: [lookup__Argument!]!) repeatable on SCHEMA",
    "@lookup__requirement": "directive @lookup__requirement(graph: join__Graph!, type: String!, field: String!, "
    "arguments: [lookup__Argument!]!) repeatable on SCHEMA",
    "lookup__Argument": "input lookup__Argument {\n  name: String!\n  type: String!\n  from: String!\n}",
}


@dataclass(frozen=True)
class Filled:
    """An argument, its type as GraphQL text, and the text of the selection map that makes its value."""

    name: str
    type: str
    text: str

    @cached_property
    def made(self) -> SelectionMap:
        """The selection map; raises ``SelectionMapError``."""
        return parse_selection_map(self.text)


@dataclass(frozen=True)
class Lookup:
    """The field at ``path`` of ``Query`` in a graph finds an object of ``type``; only its last step has arguments."""

    graph: str
    type: str
    path: tuple[str, ...]
    arguments: tuple[Filled, ...]

    @cached_property
    def key(self) -> str:
        """What has to be known of the object, as the text of a field set."""
        return field_set_of(Made(tuple((each.name, each.made) for each in self.arguments)))


@dataclass(frozen=True)
class Requirement:
    """Arguments of ``type.field`` in a graph that the gateway fills from the object itself; clients do not see them."""

    graph: str
    type: str
    field: str
    arguments: tuple[Filled, ...]


def lines_of(entries: Iterable[Lookup | Requirement]) -> Iterator[str]:
    """Each entry as a directive on the schema."""
    for each in entries:
        filled = ", ".join(
            f"{{name: {json.dumps(one.name)}, type: {json.dumps(one.type)}, from: {json.dumps(one.text)}}}"
            for one in each.arguments
        )
        if isinstance(each, Lookup):
            path = json.dumps(".".join(each.path))
            yield f'@lookup__entry(graph: {each.graph}, type: "{each.type}", path: {path}, arguments: [{filled}])'
        else:
            yield (
                f'@lookup__requirement(graph: {each.graph}, type: "{each.type}", field: "{each.field}", '
                f"arguments: [{filled}])"
            )


def read_lookups(applied: Iterable[AppliedDirective]) -> tuple[Lookup | Requirement, ...]:
    """The entries among the directives of a supergraph's schema; raises ``GatewayError`` ``INVALID_SUPERGRAPH``."""
    found: list[Lookup | Requirement] = []
    try:
        for each in applied:
            if each.name == "lookup__entry":
                path = tuple(each.get("path").split("."))
                found.append(Lookup(each.get("graph"), each.get("type"), path, _filled(each.get("arguments"))))
            elif each.name == "lookup__requirement":
                filled = _filled(each.get("arguments"))
                found.append(Requirement(each.get("graph"), each.get("type"), each.get("field"), filled))
    except (SelectionMapError, KeyError, TypeError, AttributeError) as problem:
        raise GatewayError(
            "INVALID_SUPERGRAPH",
            f"the supergraph's lookups cannot be read: {problem}",
            hint="Compose the subgraphs again: gateway compose.",
        ) from None
    return tuple(found)


def _filled(given: Iterable[dict[str, Any]]) -> tuple[Filled, ...]:
    found = tuple(Filled(each["name"], each["type"], each["from"]) for each in given)
    for each in found:
        each.made  # noqa: B018 (a map that cannot be read is found now, not by the first request)
    return found
