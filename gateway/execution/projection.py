"""The answer's form, compiled from the client's operation: per runtime type, which fields in which order.

A ``Form`` is one selection on one static type; it learns the fields of each runtime type when that type first occurs.
Completion follows the specification (https://spec.graphql.org/draft/#sec-Value-Completion); a null that a non-null
type forbids travels upwards as ``BUBBLE`` until something nullable stops it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeAlias

from graphql import GraphQLSchema
from graphql.type import (
    GraphQLCompositeType,
    GraphQLField,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLUnionType,
    is_abstract_type,
    is_composite_type,
    is_leaf_type,
)

from gateway.execution.introspect import INTROSPECTION
from gateway.execution.leaves import BAD, LeafCheck, leaf_check
from gateway.operation.model import Field, Operation, Selection

__all__ = ["BUBBLE", "Complete", "Form", "Link", "Report", "Slot", "form_of"]

# a null that was reported already and has to travel on
BUBBLE: Final = object()

Link: TypeAlias = "tuple[Link, str | int] | None"


class Report(Protocol):
    """Where completion reports what it had to turn into null."""

    def wrong(self, link: Link, coordinate: str) -> None:
        """A value at ``link`` does not fit its type."""
        ...

    def null(self, link: Link, coordinate: str) -> None:
        """There is no value at ``link`` although the type forbids null."""
        ...


Complete: TypeAlias = Callable[[Any, Link, Report], Any]


@dataclass(frozen=True, slots=True)
class Slot:
    """One field of the answer. ``complete`` is None for a type name; ``form`` what lies below, for walking paths."""

    key: str
    fields: tuple[Field, ...]
    complete: Complete | None
    non_null: bool = False
    form: Form | None = None
    leaf: LeafCheck | None = None  # the check of a leaf that is no list: most values need no more


_Row: TypeAlias = tuple[str, Complete | None, LeafCheck | None, bool]


class Form:
    """One selection on one static type, under conditions already decided."""

    def __init__(
        self,
        schema: GraphQLSchema,
        type_: GraphQLCompositeType,
        selections: Sequence[Selection],
        taken: Callable[[Selection], bool],
    ) -> None:
        self.schema = schema
        self.type = type_
        self.selections = selections
        self.taken = taken
        self._slots: dict[str, tuple[Slot, ...]] = {}
        self._rows: dict[str, tuple[_Row, ...]] = {}
        self._needs_type: bool | None = None
        self._object = type_.name if isinstance(type_, GraphQLObjectType) else None

    def slots(self, typename: str) -> tuple[Slot, ...]:
        """The fields of an object whose runtime type is ``typename``, in the answer's order."""
        known = self._slots.get(typename)
        if known is None:
            known = self._slots[typename] = tuple(self._make(typename))
        return known

    def slots_of(self, value: Any) -> Iterator[Slot]:
        """The fields of ``value``; where it is not there, those of every type it could have. For errors only."""
        typename = self.runtime_type(value) if isinstance(value, dict) else None
        if typename is not None:
            yield from self.slots(typename)
            return
        if is_abstract_type(self.type):
            for each in self.schema.get_possible_types(self.type):
                yield from self.slots(each.name)
        if not isinstance(self.type, GraphQLUnionType):
            yield from self.slots(self.type.name)

    def runtime_type(self, value: dict[str, Any]) -> str | None:
        """The name of the value's type; None where it has none that the API schema allows here.

        An interface whose real type nobody asked for keeps the interface's own name.
        """
        claimed = value.get("__typename")
        if claimed is None:
            return None if isinstance(self.type, GraphQLUnionType) else self.type.name
        if claimed == self.type.name:
            return self.type.name
        found = self.schema.type_map.get(claimed) if isinstance(claimed, str) else None
        if not is_abstract_type(self.type) or not isinstance(found, GraphQLObjectType):
            return None
        return found.name if self.schema.is_sub_type(self.type, found) else None

    def complete(self, value: Any, link: Link, report: Report) -> Any:
        """``value`` in the answer's form, or ``BUBBLE`` where it cannot be (and that is reported)."""
        if type(value) is not dict:
            report.wrong(link, self.type.name)
            return BUBBLE
        claimed = value.get("__typename")
        typename = self._object if claimed is None or claimed == self._object else None
        if typename is None:
            typename = self.runtime_type(value)
            if typename is None:
                report.wrong(link, self.type.name)
                return BUBBLE
            if claimed is None and self._undecided():
                report.null(link, f"{self.type.name}.__typename")
                return BUBBLE
        return self.fill(value, typename, link, report)

    def fill(self, value: dict[str, Any], typename: str, link: Link, report: Report) -> Any:
        """The fields of ``value`` as an object of ``typename``."""
        shaped: dict[str, Any] = {}
        for key, complete, leaf, non_null in self._rows.get(typename) or self._make_rows(typename):
            item = value.get(key)
            if item is None:
                if complete is None:
                    shaped[key] = typename
                    continue
                if not non_null:
                    shaped[key] = None
                    continue
            elif leaf is not None:
                checked = leaf(item)
                if checked is not BAD:
                    shaped[key] = checked
                    continue
            item = typename if complete is None else complete(item, (link, key), report)
            if item is BUBBLE:
                return BUBBLE
            shaped[key] = item
        return shaped

    def _undecided(self) -> bool:
        """Whether a fragment asks for the type of an object of this interface, so that it must be known."""
        if self._needs_type is None:
            self._needs_type = self._asks_for_type(self.selections)
        return self._needs_type

    def _asks_for_type(self, selections: Iterable[Selection]) -> bool:
        for item in selections:
            if isinstance(item, Field) or not self.taken(item):
                continue
            if not self._applies(item.type, self.type.name) or self._asks_for_type(item.selections):
                return True
        return False

    def _make_rows(self, typename: str) -> tuple[_Row, ...]:
        """The slots as plain tuples, which is how ``fill`` reads them."""
        rows = tuple((slot.key, slot.complete, slot.leaf, slot.non_null) for slot in self.slots(typename))
        self._rows[typename] = rows
        return rows

    def _make(self, typename: str) -> Iterable[Slot]:
        grouped: dict[str, list[Field]] = {}
        self._collect(self.selections, typename, grouped)
        owner = self.schema.type_map[typename]
        for key, fields in grouped.items():
            name = fields[0].name
            if name == "__typename":
                # an interface's own name is no type name: there the real one is missing, and that is an error
                known = isinstance(owner, GraphQLObjectType)
                yield Slot(key, tuple(fields), None if known else _missing(f"{typename}.__typename"), non_null=True)
                continue
            if name in INTROSPECTION:
                yield Slot(key, tuple(fields), _as_it_is)
                continue
            definition = self._definition(owner, fields[0])
            if definition is not None and any(each.closed for each in fields):
                yield Slot(key, tuple(fields), _closed(definition.type), non_null=True)
            elif definition is not None:
                yield self._slot(key, fields, definition.type, f"{typename}.{name}")

    def _definition(self, owner: Any, field: Field) -> GraphQLField | None:
        """The field on its owner; on the type it was selected on where the owner is an interface without it."""
        for type_ in (owner, self.schema.type_map.get(field.parent)):
            found = self.schema.get_field(type_, field.name) if is_composite_type(type_) else None
            if found is not None:
                return found
        return None

    def _slot(self, key: str, fields: list[Field], type_: GraphQLOutputType, coordinate: str) -> Slot:
        named: Any = type_
        while isinstance(named, GraphQLNonNull | GraphQLList):
            named = named.of_type
        form: Form | None = None
        if is_composite_type(named):
            below = tuple(item for each in fields for item in each.selections)
            form = Form(self.schema, named, below, self.taken)
        non_null = isinstance(type_, GraphQLNonNull)
        bare: Any = type_.of_type if isinstance(type_, GraphQLNonNull) else type_
        leaf = leaf_check(bare) if is_leaf_type(bare) else None
        return Slot(key, tuple(fields), _completer(type_, form, coordinate), non_null, form, leaf)

    def _collect(self, selections: Iterable[Selection], typename: str, grouped: dict[str, list[Field]]) -> None:
        for item in selections:
            if not self.taken(item):
                continue
            if isinstance(item, Field):
                if not item.hidden:
                    grouped.setdefault(item.key, []).append(item)
            elif self._applies(item.type, typename):
                self._collect(item.selections, typename, grouped)

    def _applies(self, condition: str, typename: str) -> bool:
        """Whether a fragment on ``condition`` is for objects of ``typename``."""
        if condition == typename:
            return True
        outer, inner = self.schema.type_map.get(condition), self.schema.type_map.get(typename)
        if not is_composite_type(outer) or not is_composite_type(inner):
            return False
        # an object whose real type nobody asked for: only what holds for every type it can have applies to it
        return self._possible(inner) <= self._possible(outer)

    def _possible(self, type_: GraphQLCompositeType) -> set[str]:
        """The names of the object types that an object of ``type_`` can have."""
        if is_abstract_type(type_):
            return {each.name for each in self.schema.get_possible_types(type_)}
        return {type_.name}


def _as_it_is(value: Any, link: Link, report: Report) -> Any:
    return value


def _missing(coordinate: str) -> Complete:
    def complete(value: Any, link: Link, report: Report) -> Any:
        report.null(link, coordinate)
        return BUBBLE

    return complete


def _closed(type_: GraphQLOutputType) -> Complete:
    """Null whatever the value is; where the type forbids it, it travels up, and who closed the field tells of it."""
    nothing = BUBBLE if isinstance(type_, GraphQLNonNull) else None
    return lambda value, link, report: nothing


def _completer(type_: GraphQLOutputType, form: Form | None, coordinate: str) -> Complete:
    """How a value of ``type_`` is completed: BUBBLE only where the type is non-null."""
    if isinstance(type_, GraphQLNonNull):
        inner = _raw(type_.of_type, form, coordinate)

        def non_null(value: Any, link: Link, report: Report) -> Any:
            if value is None:
                report.null(link, coordinate)
                return BUBBLE
            return inner(value, link, report)

        return non_null
    raw = _raw(type_, form, coordinate)

    def nullable(value: Any, link: Link, report: Report) -> Any:
        if value is None:
            return None
        completed = raw(value, link, report)
        return None if completed is BUBBLE else completed

    return nullable


def _raw(type_: GraphQLOutputType, form: Form | None, coordinate: str) -> Complete:
    """How a value that is not null is completed; BUBBLE where it turns out to be null after all."""
    if isinstance(type_, GraphQLList):
        return _list(_completer(type_.of_type, form, coordinate), coordinate)
    if form is not None:
        return form.complete
    if not is_leaf_type(type_):
        raise TypeError(f"{type_} is neither a leaf nor a composite type")
    check = leaf_check(type_)

    def leaf(value: Any, link: Link, report: Report) -> Any:
        checked = check(value)
        if checked is BAD:
            report.wrong(link, coordinate)
            return BUBBLE
        return checked

    return leaf


def _list(item: Complete, coordinate: str) -> Complete:
    def complete(value: Any, link: Link, report: Report) -> Any:
        if type(value) is not list:
            report.wrong(link, coordinate)
            return BUBBLE
        shaped: list[Any] = []
        for index, each in enumerate(value):
            completed = item(each, (link, index), report)
            if completed is BUBBLE:
                return BUBBLE
            shaped.append(completed)
        return shaped

    return complete


def form_of(operation: Operation, schema: GraphQLSchema, taken: Callable[[Selection], bool]) -> Form:
    """The form of the whole answer to ``operation``."""
    root = schema.type_map[operation.root]
    if not isinstance(root, GraphQLObjectType):
        raise TypeError(f"the root type {operation.root} is not in the schema")
    return Form(schema, root, operation.selections, taken)
