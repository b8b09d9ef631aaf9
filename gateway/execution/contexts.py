"""Values that entity fetches take from objects around the entities (``@fromContext``), and the request they go out in.

A variable has one value in a request, so entities whose values differ are asked for under aliases of their own: the
fetch is written out once more for each distinct set of values, and the copies go out together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, TypeAlias

from graphql import (
    FieldNode,
    NameNode,
    Node,
    OperationDefinitionNode,
    VariableDefinitionNode,
    VariableNode,
    Visitor,
    parse,
    print_ast,
    visit,
)

from gateway.execution.paths import find
from gateway.execution.wire import encode
from gateway.planning.plan import EntityBatch, Fetch, InputField, InputSelection

__all__ = ["MOST_COPIES", "Handed", "handed_down", "spread"]

# how many distinct sets of values one request carries; beyond that a client asks for fewer objects at once
MOST_COPIES = 500

Handed: TypeAlias = tuple[tuple[str, bytes], ...]  # each variable with its value as JSON


def handed_down(root: dict[str, Any], batch: EntityBatch) -> dict[int, Handed]:
    """For each object that ``batch`` may ask about, by identity: its contextual values.

    Objects for which a value that must not be null is not there are left out.
    """
    found: dict[int, Handed] = {}
    for target in batch.targets:
        values: dict[int, dict[str, bytes] | None] = {id(item): {} for item in find(root, target)}
        for context in batch.contexts:
            above = len(target) - context.up
            for holder in find(root, target[:above]):
                value = _read(holder, context.selections)
                missing = value is None and context.type.endswith("!")
                encoded = encode(value)
                for item in find(holder, target[above:]):
                    known = values[id(item)]
                    if missing:
                        values[id(item)] = None
                    elif known is not None:
                        known[context.variable] = encoded
        found.update({item: tuple(each.items()) for item, each in values.items() if each is not None})
    return found


def _read(holder: Any, selections: Sequence[InputSelection]) -> Any:
    """The value at the end of a chain of fields, lists item by item; None where it is not there."""
    if isinstance(holder, list):
        return [_read(item, selections) for item in holder]
    if not isinstance(holder, dict):
        return None
    for each in selections:
        if not isinstance(each, InputField):
            if holder.get("__typename") in each.types:
                return _read(holder, each.selections)
        elif each.name != "__typename":
            value = holder.get(each.source)
            return _read(value, each.selections) if each.selections else value
    return None


@lru_cache(maxsize=256)
def spread(fetch: Fetch, copies: tuple[int, ...]) -> Fetch:
    """``fetch`` with each batch as often as ``copies`` says, every copy with alias and variables of its own.

    The first copy of each batch keeps its names.
    """
    document = parse(fetch.text, no_location=True)
    operation = document.definitions[0]
    if not isinstance(operation, OperationDefinitionNode):
        raise TypeError("the text of a fetch is one operation")
    calls = {node.alias.value: node for node in _fields(operation.selection_set.selections) if node.alias}
    declared = {node.variable.name.value: node for node in operation.variable_definitions or ()}
    batches: list[EntityBatch] = []
    selections: list[FieldNode] = []
    definitions = list(declared.values())
    for batch, count in zip(fetch.batches, copies, strict=True):
        for number in range(count):
            names = _names(batch, number)
            batches.append(_copy(batch, number, names))
            selections.append(_renamed(calls[batch.alias], batches[-1].alias, names))
            if number:
                definitions += [_redeclared(declared[old], new) for old, new in names.items()]
    text = _text(operation, selections, definitions)
    return replace(fetch, text=text, batches=tuple(batches))


def _fields(nodes: Iterable[Node]) -> Iterator[FieldNode]:
    return (node for node in nodes if isinstance(node, FieldNode))


def _names(batch: EntityBatch, number: int) -> dict[str, str]:
    old = (batch.variable, *(each.variable for each in batch.contexts))
    return {name: f"{name}_{number}" if number else name for name in old}


def _copy(batch: EntityBatch, number: int, names: Mapping[str, str]) -> EntityBatch:
    alias = f"{batch.alias}_{number}" if number else batch.alias
    contexts = tuple(replace(each, variable=names[each.variable]) for each in batch.contexts)
    return replace(batch, alias=alias, variable=names[batch.variable], contexts=contexts)


class _Rename(Visitor):
    def __init__(self, names: Mapping[str, str]) -> None:
        super().__init__()
        self.names = names

    def enter_variable(self, node: VariableNode, *_: Any) -> VariableNode | None:
        """The variable under its new name, where it has one."""
        new = self.names.get(node.name.value)
        return VariableNode(name=NameNode(value=new)) if new is not None else None


def _renamed(call: FieldNode, alias: str, names: Mapping[str, str]) -> FieldNode:
    made: FieldNode = visit(call, _Rename(names))
    return FieldNode(
        alias=NameNode(value=alias),
        name=made.name,
        arguments=made.arguments,
        directives=made.directives,
        selection_set=made.selection_set,
    )


def _redeclared(node: VariableDefinitionNode, name: str) -> VariableDefinitionNode:
    variable = VariableNode(name=NameNode(value=name))
    return VariableDefinitionNode(variable=variable, type=node.type, default_value=node.default_value, directives=())


def _text(operation: OperationDefinitionNode, calls: list[FieldNode], definitions: list[VariableDefinitionNode]) -> str:
    head = ", ".join(print_ast(each) for each in definitions)
    body = " ".join(" ".join(print_ast(each).split()) for each in calls)
    return f"{operation.operation.value}({head}) {{ {body} }}"
