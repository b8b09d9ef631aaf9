"""A Strawberry federation schema with the manners this house asks of it.

* every field is classified, or the schema is refused when it is made;
* ``_entities`` tolerates what it does not know: another ``__typename``, a missing or odd key, extra keys, all are null;
* ``resolve_reference(cls, info, key)`` gets the whole representation as a mapping, so ``@requires`` values are in it.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Iterable, Iterator, Mapping
from typing import Any, TypeAlias

import strawberry
from graphql import FieldNode, GraphQLObjectType, GraphQLSchema, SelectionSetNode, get_named_type, parse
from strawberry.federation.schema import FederationAny
from strawberry.federation.schema import Schema as FederationSchema
from strawberry.federation.schema_directives import Key as KeyDirective
from strawberry.schema.config import StrawberryConfig

from subgraphs.kit.directives import KINDS, Classified
from subgraphs.kit.errors import Refusal
from subgraphs.kit.types import SCALARS, TimelineEvent

__all__ = ["Key", "Schema", "core_schema", "heard_kinds", "key_fields", "make_schema", "printed", "unclassified"]

Key: TypeAlias = Mapping[str, Any]
"""A representation as the gateway sent it, without its ``__typename``."""


class Schema(FederationSchema):
    """The federation schema; see the module's text."""

    def entities_resolver(self, info: strawberry.Info, representations: list[FederationAny]) -> list[FederationAny]:
        return [_resolve(self, info, representation) for representation in representations]


def _resolve(schema: Schema, info: strawberry.Info, representation: Any) -> Any:
    if not isinstance(representation, Mapping):
        return None
    name = representation.get("__typename")
    known = schema.schema_converter.type_map.get(name) if isinstance(name, str) else None
    origin = getattr(getattr(known, "definition", None), "origin", None)
    if origin is None or not hasattr(origin, "resolve_reference"):
        return None
    key = {field: value for field, value in representation.items() if field != "__typename"}
    try:
        found = origin.resolve_reference(info, key)
    except (KeyError, TypeError, ValueError):  # a key field is missing or of another kind: nothing has that key
        return None
    return _tolerant(found) if inspect.isawaitable(found) else found


async def _tolerant(found: Awaitable[Any]) -> Any:
    try:
        return await found
    except (KeyError, TypeError, ValueError):
        return None
    except Refusal as refusal:  # an identifier of the wrong form names nothing
        if refusal.code == "BAD_IDENTIFIER":
            return None
        raise


def core_schema(schema: FederationSchema) -> GraphQLSchema:
    """The graphql-core schema behind a Strawberry one."""
    return schema._schema


def unclassified(schema: FederationSchema) -> list[str]:
    """The coordinates of object fields that carry no ``@classified``, sorted; the federation machinery aside."""
    missing = []
    for type_ in core_schema(schema).type_map.values():
        if not isinstance(type_, GraphQLObjectType) or type_.name.startswith("_"):
            continue
        for name, field in type_.fields.items():
            declared = field.extensions.get("strawberry-definition")
            marks = getattr(declared, "directives", ())
            if not name.startswith("_") and not any(isinstance(mark, Classified) for mark in marks):
                missing.append(f"{type_.name}.{name}")
    return sorted(missing)


def key_fields(schema: FederationSchema) -> frozenset[str]:
    """The coordinates of every field that is part of a ``@key`` of the schema, nested ones included."""
    core = core_schema(schema)
    out: set[str] = set()
    for type_ in core.type_map.values():
        if not isinstance(type_, GraphQLObjectType):
            continue
        declared = type_.extensions.get("strawberry-definition")
        for mark in getattr(declared, "directives", None) or ():
            if isinstance(mark, KeyDirective):
                selection = parse(f"{{ {mark.fields} }}").definitions[0]
                out.update(_selected(core, type_, selection.selection_set))  # type: ignore[attr-defined]
    return frozenset(out)


def _selected(core: GraphQLSchema, type_: GraphQLObjectType, selection: SelectionSetNode) -> Iterator[str]:
    for node in selection.selections:
        if not isinstance(node, FieldNode) or node.name.value == "__typename":
            continue
        yield f"{type_.name}.{node.name.value}"
        target = get_named_type(type_.fields[node.name.value].type)
        if node.selection_set is not None and isinstance(target, GraphQLObjectType):
            yield from _selected(core, target, node.selection_set)


def printed(schema: FederationSchema) -> str:
    """The SDL as it is kept under ``schema/subgraphs``, ending in one newline."""
    return schema.as_str().rstrip("\n") + "\n"


def heard_kinds(schema: FederationSchema) -> dict[str, tuple[str, ...]]:
    """The kinds of events that each field of the subscription root tells of, by the field's name."""
    root = core_schema(schema).subscription_type
    return {
        name: tuple(field.extensions["strawberry-definition"].metadata.get(KINDS, ()))
        for name, field in (root.fields if root else {}).items()
    }


def make_schema(
    query: type, mutation: type | None = None, types: Iterable[type] = (), subscription: type | None = None
) -> Schema:
    """The subgraph's schema; raises ``ValueError`` naming every field that is not classified."""
    schema = Schema(
        query=query,
        mutation=mutation,
        subscription=subscription,
        types=[*types, TimelineEvent],
        config=StrawberryConfig(scalar_map=SCALARS, disable_field_suggestions=True),
        federation_version="2.9",
    )
    if missing := unclassified(schema):
        raise ValueError(f"give these fields a category (subgraphs.kit.directives.classified): {', '.join(missing)}")
    return schema
