"""Introspection, answered from a schema alone: no subgraph is asked, and no field outside that schema is seen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from graphql import GraphQLSchema, execute_sync, parse

from gateway.operation.model import Field, Operation, Selection

__all__ = ["INTROSPECTION", "introspect"]

# the root fields that are answered here
INTROSPECTION = frozenset({"__schema", "__type"})


def introspect(fields: Iterable[Field], operation: Operation, schema: GraphQLSchema) -> dict[str, Any]:
    """The values of ``fields``, introspection fields of the root, by response key.

    ``schema`` is what the caller may know of. A wrong argument (a null name) gives null for its field.
    """
    wanted = tuple(fields)
    variables = {name: f"${name}: {type_}" for name, type_ in operation.definitions}
    head = f"query({', '.join(variables.values())}) " if variables else ""
    text = f"{head}{{ {_print(wanted)} }}"
    result = execute_sync(schema, parse(text, no_location=True), variable_values=_known(operation))
    data = result.data or {}
    return {field.key: data.get(field.key) for field in wanted}


def _known(operation: Operation) -> dict[str, Any]:
    values: Mapping[str, Any] = operation.variables
    return dict(values)


def _print(selections: Iterable[Selection]) -> str:
    """Normalized selections as GraphQL text, conditions included."""
    parts: list[str] = []
    for item in selections:
        if isinstance(item, Field):
            arguments = ", ".join(f"{each.name}: {each.text}" for each in item.arguments)
            head = f"{item.key}: {item.name}" + (f"({arguments})" if arguments else "")
        else:
            head = f"... on {item.type}"
        head += "".join(f" @{'skip' if c.negated else 'include'}(if: ${c.variable})" for c in item.conditions)
        parts.append(f"{head} {{ {_print(item.selections)} }}" if item.selections else head)
    return " ".join(parts)
