"""Field sets (``@key``, ``@requires``, ``@provides``) as frozen trees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from graphql import FieldNode, InlineFragmentNode, OperationDefinitionNode, SelectionSetNode, parse, print_ast

__all__ = ["FieldSet", "FieldSetField", "FieldSetFragment", "parse_field_set", "print_field_set"]


@dataclass(frozen=True, slots=True)
class FieldSetField:
    """One field with its arguments as ``(name, canonical text)`` sorted by name, and what is selected below it."""

    name: str
    arguments: tuple[tuple[str, str], ...] = ()
    selections: FieldSet = ()


@dataclass(frozen=True, slots=True)
class FieldSetFragment:
    """Selections that hold only for objects of ``type``."""

    type: str
    selections: FieldSet


FieldSet: TypeAlias = tuple[FieldSetField | FieldSetFragment, ...]


def parse_field_set(text: str) -> FieldSet:
    """The tree of a field set, duplicates merged; raises ``graphql.GraphQLSyntaxError`` when it is none."""
    body = text.strip()
    if not body.startswith("{"):
        body = "{" + body + "}"
    definition = parse(body, no_location=True).definitions[0]
    return _read(definition.selection_set) if isinstance(definition, OperationDefinitionNode) else ()


def _read(node: SelectionSetNode | None) -> FieldSet:
    if node is None:
        return ()
    found: dict[tuple[object, ...], FieldSet] = {}
    for selection in node.selections:
        if isinstance(selection, FieldNode):
            arguments = tuple(sorted((each.name.value, print_ast(each.value)) for each in selection.arguments or ()))
            key: tuple[object, ...] = (selection.name.value, arguments)
        elif isinstance(selection, InlineFragmentNode):
            if selection.type_condition is None:
                for inner in _read(selection.selection_set):
                    _put(found, _key(inner), inner.selections)
                continue
            key = (selection.type_condition.name.value,)
        else:
            continue
        _put(found, key, _read(selection.selection_set))
    return tuple(_make(key, below) for key, below in found.items())


def _key(part: FieldSetField | FieldSetFragment) -> tuple[object, ...]:
    return (part.name, part.arguments) if isinstance(part, FieldSetField) else (part.type,)


def _put(found: dict[tuple[object, ...], FieldSet], key: tuple[object, ...], below: FieldSet) -> None:
    merged: dict[tuple[object, ...], FieldSet] = {}
    for part in (*found.get(key, ()), *below):
        _put(merged, _key(part), part.selections)
    found[key] = tuple(_make(inner, selections) for inner, selections in merged.items())


def _make(key: tuple[object, ...], below: FieldSet) -> FieldSetField | FieldSetFragment:
    if len(key) == 1:
        return FieldSetFragment(str(key[0]), below)
    return FieldSetField(str(key[0]), key[1], below)  # type: ignore[arg-type]


def print_field_set(fields: FieldSet) -> str:
    """The field set as text on one line, without outer braces."""
    parts = []
    for part in fields:
        if isinstance(part, FieldSetField):
            text = part.name
            if part.arguments:
                text += "(" + ", ".join(f"{name}: {value}" for name, value in part.arguments) + ")"
        else:
            text = f"... on {part.type}"
        if part.selections:
            text += " { " + print_field_set(part.selections) + " }"
        parts.append(text)
    return " ".join(parts)
