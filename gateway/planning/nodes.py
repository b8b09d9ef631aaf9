"""Small readings of GraphQL nodes for the prover."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from graphql import (
    ArgumentNode,
    DirectiveNode,
    FieldNode,
    InlineFragmentNode,
    SelectionSetNode,
    VariableNode,
    print_ast,
)

from gateway.operation.model import Condition
from gateway.planning.knowledge import Conditions

__all__ = [
    "arguments_of",
    "condition_type",
    "conditions_of",
    "fields_of",
    "fragments_of",
    "held_by_fields",
    "key_of",
]


def held_by_fields(node: SelectionSetNode | None, under: Conditions) -> Iterator[Conditions]:
    """Under which conditions the fields of a selection set are asked for."""
    for each in node.selections if node else ():
        here = under | conditions_of(each.directives)
        if isinstance(each, FieldNode):
            yield here
        elif isinstance(each, InlineFragmentNode):
            yield from held_by_fields(each.selection_set, here)


def fields_of(node: SelectionSetNode | None) -> list[FieldNode]:
    """The fields directly in a selection set."""
    return [each for each in (node.selections if node else ()) if isinstance(each, FieldNode)]


def fragments_of(node: SelectionSetNode | None) -> list[InlineFragmentNode]:
    """The inline fragments directly in a selection set."""
    return [each for each in (node.selections if node else ()) if isinstance(each, InlineFragmentNode)]


def condition_type(node: InlineFragmentNode) -> str:
    """The type condition of a fragment; empty where it has none."""
    return node.type_condition.name.value if node.type_condition else ""


def key_of(node: FieldNode) -> str:
    """The response key of a field."""
    return node.alias.value if node.alias else node.name.value


def arguments_of(nodes: Iterable[ArgumentNode] | None) -> tuple[tuple[str, str], ...]:
    """Arguments as ``(name, canonical text)``, sorted by name."""
    return tuple(sorted((each.name.value, print_ast(each.value)) for each in nodes or ()))


def conditions_of(nodes: Iterable[DirectiveNode] | None) -> Conditions:
    """What ``@include`` and ``@skip`` say."""
    found: set[Condition] = set()
    for node in nodes or ():
        for argument in node.arguments or ():
            if isinstance(argument.value, VariableNode):
                found.add(Condition(argument.value.name.value, node.name.value == "skip"))
    return frozenset(found)
