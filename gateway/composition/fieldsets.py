"""Field sets (``"id org { name }"``) parsed and resolved against a schema."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from graphql import GraphQLError
from graphql.language import (
    FieldNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    parse,
    print_ast,
)

from gateway.composition import typerefs
from gateway.composition.inputs import argument_problems
from gateway.composition.schema import FieldDef, Kind, Schema, TypeDef

__all__ = [
    "FieldSetError",
    "Selection",
    "Step",
    "equal",
    "implementations",
    "mentioned",
    "parse_field_set",
    "problem",
    "walk",
]


class FieldSetError(Exception):
    """The text is not a field set."""


@dataclass(frozen=True, slots=True)
class Selection:
    """A field of a set, or (``name`` empty) an inline fragment ``... on condition``."""

    name: str = ""
    condition: str = ""
    alias: str = ""
    args: tuple[tuple[str, ValueNode], ...] = ()
    directives: tuple[str, ...] = ()
    children: tuple[Selection, ...] = ()
    spread: str = ""
    braces: bool = False

    @property
    def signature(self) -> tuple[Any, ...]:
        """What two selections must share to be equal, whatever the order of their children."""
        args = tuple(sorted((name, print_ast(node)) for name, node in self.args))
        children = tuple(sorted({child.signature for child in self.children}))
        return (self.name, self.condition, args, children)


@lru_cache(maxsize=4096)
def parse_field_set(text: str) -> tuple[Selection, ...]:
    """The selections in the text, with or without outer braces; raises ``FieldSetError``."""
    source = text.strip()
    if not source.startswith("{"):
        source = "{" + source + "}"
    try:
        document = parse(source, no_location=True)
    except GraphQLError as error:
        raise FieldSetError(error.message) from None
    first = document.definitions[0]
    if len(document.definitions) != 1 or not isinstance(first, OperationDefinitionNode):
        raise FieldSetError("expected one selection set")
    return _selections(first.selection_set)


def _selections(node: SelectionSetNode | None) -> tuple[Selection, ...]:
    found: list[Selection] = []
    if node is not None and not node.selections:
        raise FieldSetError("Syntax Error: a selection set cannot be empty")
    for entry in node.selections if node else ():
        directives = tuple(directive.name.value for directive in entry.directives or ())
        if isinstance(entry, FieldNode):
            found.append(
                Selection(
                    name=entry.name.value,
                    alias=entry.alias.value if entry.alias else "",
                    args=tuple((argument.name.value, argument.value) for argument in entry.arguments or ()),
                    directives=directives,
                    children=_selections(entry.selection_set),
                    braces=entry.selection_set is not None,
                )
            )
        elif isinstance(entry, InlineFragmentNode):
            condition = entry.type_condition.name.value if entry.type_condition else ""
            found.append(
                Selection(condition=condition, directives=directives, children=_selections(entry.selection_set))
            )
        elif isinstance(entry, FragmentSpreadNode):
            found.append(Selection(spread=entry.name.value, directives=directives))
    return tuple(found)


def equal(left: Sequence[Selection], right: Sequence[Selection]) -> bool:
    """Whether two field sets select the same, in any order."""
    return frozenset(entry.signature for entry in left) == frozenset(entry.signature for entry in right)


def problem(selections: Sequence[Selection], owner: str, schema: Schema) -> str:
    """The first thing that keeps the set from being valid on the type; empty when it is valid."""
    definition = schema.types[owner]
    for entry in selections:
        found = (
            _fragment_problem(entry, definition, schema)
            if not entry.name
            else _field_problem(entry, definition, schema)
        )
        if found:
            return found
    return ""


def _fragment_problem(entry: Selection, definition: TypeDef, schema: Schema) -> str:
    if entry.spread:
        return f'named fragment "{entry.spread}" cannot be used here'
    condition = entry.condition or definition.name
    target = schema.types.get(condition)
    if target is None or not target.composite:
        return f'unknown type "{condition}" in a fragment'
    if not set(schema.possible_types(condition)) & set(schema.possible_types(definition.name)):
        return f'fragment cannot be spread here: "{definition.name}" can never be of type "{condition}"'
    return problem(entry.children, condition, schema)


def _field_problem(entry: Selection, definition: TypeDef, schema: Schema) -> str:
    if entry.alias:
        return f'cannot use alias "{entry.alias}" in a field set'
    if entry.name == "__typename":
        return "" if not entry.braces else '"__typename" has no fields to select'
    item = definition.fields.get(entry.name)
    if item is None:
        return f'cannot query field "{entry.name}" on type "{definition.name}"'
    for wrong in argument_problems(dict(entry.args), item.args, schema):
        return f"{item.coordinate}: {wrong}"
    for directive in entry.directives:
        if directive not in schema.directives:
            return f'unknown directive "@{directive}"'
    target = schema.types.get(typerefs.base(item.type))
    composite = target is not None and target.composite
    if composite and not entry.children:
        return f'field "{item.coordinate}" of type "{item.type}" needs a selection of its fields'
    if not composite and entry.braces:
        return f'field "{item.coordinate}" of type "{item.type}" has no fields to select'
    return problem(entry.children, target.name, schema) if target is not None and composite else ""


@dataclass(frozen=True, slots=True)
class Step:
    """A field met while walking a set: where it stands, and the fields above it."""

    field: FieldDef
    selection: Selection
    above: tuple[FieldDef, ...]


def walk(
    selections: Sequence[Selection], owner: str, schema: Schema, above: tuple[FieldDef, ...] = ()
) -> Iterator[Step]:
    """Each field of the set as far as it resolves, parents before children; ``__typename`` as a field of its type."""
    definition = schema.types.get(owner)
    if definition is None:
        return
    for entry in selections:
        if not entry.name:
            yield from walk(entry.children, entry.condition or owner, schema, above)
            continue
        item = definition.fields.get(entry.name)
        if entry.name == "__typename":
            item = FieldDef(owner, "__typename", "String!")
        if item is None:
            continue
        yield Step(item, entry, above)
        yield from walk(entry.children, typerefs.base(item.type), schema, (*above, item))


def implementations(item: FieldDef, schema: Schema) -> list[FieldDef]:
    """The same field on every type of the schema that implements the interface the field belongs to."""
    owner = schema.types.get(item.owner)
    if owner is None or owner.kind is not Kind.INTERFACE:
        return []
    return [
        t.fields[item.name]
        for t in schema.types.values()
        if item.owner in t.interfaces and t.kind is Kind.OBJECT and item.name in t.fields
    ]


def mentioned(selections: Sequence[Selection], owner: str, schema: Schema) -> Iterator[FieldDef]:
    """Each field the set names, and for interface fields also their implementations."""
    for step in walk(selections, owner, schema):
        if step.field.name != "__typename":
            yield step.field
            yield from implementations(step.field, schema)
