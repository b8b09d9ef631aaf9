"""Where objects stand in an answer, and which fetch brings which field: the tree a plan's Structs are made from.

A ``Spot`` is one place where objects of one type stand (``users.@.reviews.@.author``); a ``Place`` one field there.
What the client asked for comes first, in its order; what only the gateway needs follows and is not shown. A plan that
does not fit this form raises ``Unfit``, and the reference executor runs it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from graphql import GraphQLSchema
from graphql.language import (
    BooleanValueNode,
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
)
from graphql.type import GraphQLList, GraphQLNonNull, GraphQLObjectType, GraphQLOutputType, is_composite_type

from gateway.execution.introspect import INTROSPECTION
from gateway.execution.projection import Form
from gateway.planning.plan import Path, Rename

__all__ = ["Asked", "Place", "Selected", "Spot", "Unfit", "answer_tree", "asked_of", "claim", "read_text", "spot_at"]


class Unfit(Exception):  # noqa: N818 (no error: the plan is one for the reference executor)
    """The plan needs what only the reference executor does; the message says what."""


@dataclass(eq=False, slots=True)
class Place:
    """One field of a spot: its key, its type (None for a type name), what stands below, and who brings it.

    ``source`` is (fetch id, batch number or -1); None until a fetch claims it. ``alias`` is its name in the answer that
    brings it. ``read`` says that the gateway itself reads it.
    """

    key: str
    type: GraphQLOutputType | None
    child: Spot | None = None
    shown: bool = True
    source: tuple[int, int] | None = None
    alias: str = ""
    attribute: str = ""
    read: bool = False

    @property
    def depth(self) -> int:
        """How many lists stand around the objects below."""
        count, type_ = 0, self.type
        while isinstance(type_, GraphQLNonNull | GraphQLList):
            count += isinstance(type_, GraphQLList)
            type_ = type_.of_type
        return count


@dataclass(eq=False, slots=True)
class Spot:
    """A place where objects of ``typename`` stand. ``typed`` says that their type name is fetched with them."""

    typename: str
    places: dict[str, Place] = field(default_factory=dict)
    parent: Spot | None = None
    above: Place | None = None  # the field of ``parent`` that these objects are the value of
    typed: bool = False
    number: int = -1

    def everything(self) -> Iterable[Spot]:
        """This spot and all below it, outermost first."""
        yield self
        for place in self.places.values():
            if place.child is not None:
                yield from place.child.everything()


def answer_tree(form: Form, typename: str, schema: GraphQLSchema, parent: Spot | None = None) -> Spot:
    """The spots of the client's answer. Raises ``Unfit`` for introspection and for objects whose type can vary."""
    spot = Spot(typename, parent=parent)
    owner = schema.type_map[typename]
    for slot in form.slots(typename):
        name = slot.fields[0].name
        if name in INTROSPECTION:
            raise Unfit("introspection")
        if name == "__typename":
            spot.places[slot.key] = Place(slot.key, None)
            continue
        if slot.key == "__typename":
            raise Unfit("an alias that hides the type name")
        definition = schema.get_field(owner, name) if isinstance(owner, GraphQLObjectType) else None
        if definition is None:
            raise Unfit(f"{typename}.{name} is no field of an object type")
        place = Place(slot.key, definition.type)
        if slot.form is not None:
            if not isinstance(slot.form.type, GraphQLObjectType):
                raise Unfit(f"{typename}.{name} can be of several types")
            place.child = answer_tree(slot.form, slot.form.type.name, schema, spot)
            place.child.above = place
        spot.places[slot.key] = place
    return spot


# -- what a fetch asks for --------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Asked:
    """One field that a fetch's text asks for, under one alias."""

    name: str
    below: list[SelectionSetNode] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Selected:
    """A fetch's text, read under decided conditions: its outermost fields, and how to read on."""

    top: SelectionSetNode
    fragments: Mapping[str, FragmentDefinitionNode]
    taken: Callable[[str], bool]
    schema: GraphQLSchema


def read_text(document: DocumentNode, values: Mapping[str, bool], schema: GraphQLSchema) -> Selected:
    """What ``document``, written by the planner, asks for where the conditions' variables are ``values``."""
    fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
    top = next(d.selection_set for d in document.definitions if isinstance(d, OperationDefinitionNode))
    return Selected(top, fragments, lambda name: bool(values.get(name)), schema)


def asked_of(sets: Iterable[SelectionSetNode], typename: str, selected: Selected) -> dict[str, Asked]:
    """The fields that ``sets`` ask for of an object of ``typename``, by alias."""
    found: dict[str, Asked] = {}
    for each in sets:
        _collect(each, typename, selected, found)
    return found


def _collect(selection: SelectionSetNode, typename: str, selected: Selected, found: dict[str, Asked]) -> None:
    for node in selection.selections:
        if not _included(node.directives or (), selected):
            continue
        if isinstance(node, FieldNode):
            alias = (node.alias or node.name).value
            asked = found.setdefault(alias, Asked(node.name.value))
            if node.selection_set is not None:
                asked.below.append(node.selection_set)
            continue
        inner: Any = node
        if isinstance(node, FragmentSpreadNode):
            inner = selected.fragments[node.name.value]
        elif not isinstance(node, InlineFragmentNode):  # pragma: no cover - the grammar has no other selection
            raise Unfit("an unknown selection")
        condition = inner.type_condition.name.value if inner.type_condition is not None else typename
        if _applies(condition, typename, selected.schema):
            _collect(inner.selection_set, typename, selected, found)


def _included(directives: Iterable[DirectiveNode], selected: Selected) -> bool:
    for each in directives:
        if each.name.value in ("skip", "include"):
            value = (each.arguments or ())[0].value
            if isinstance(value, VariableNode):
                holds = selected.taken(value.name.value)
            elif isinstance(value, BooleanValueNode):
                holds = value.value
            else:
                raise Unfit("a condition that is neither a variable nor a truth value")
            if holds is (each.name.value == "skip"):
                return False
    return True


def _applies(condition: str, typename: str, schema: GraphQLSchema) -> bool:
    if condition == typename:
        return True
    outer, inner = schema.type_map.get(condition), schema.type_map.get(typename)
    if not is_composite_type(outer) or not isinstance(inner, GraphQLObjectType) or isinstance(outer, GraphQLObjectType):
        return False
    return schema.is_sub_type(outer, inner)


# -- who brings what --------------------------------------------------------------------------------------------------

_Renames: TypeAlias = dict[tuple[Path, str], str]


def claim(
    spot: Spot, sets: Iterable[SelectionSetNode], selected: Selected, renames: Iterable[Rename], source: tuple[int, int]
) -> dict[str, Place]:
    """Note at ``spot`` and below what one fetch brings there; returns the fields at ``spot`` itself, by alias.

    Raises ``Unfit`` where a field has two sources, or something is asked for that the schema does not have.
    """
    names: _Renames = {(tuple(step for step in each.path if step != "@"), each.alias): each.key for each in renames}
    return _claim(spot, sets, selected, names, source, ())


def _claim(
    spot: Spot,
    sets: Iterable[SelectionSetNode],
    selected: Selected,
    names: _Renames,
    source: tuple[int, int],
    path: Path,
) -> dict[str, Place]:
    brought: dict[str, Place] = {}
    for alias, asked in asked_of(sets, spot.typename, selected).items():
        key = names.get((path, alias), alias)
        place = _place(spot, key, asked, selected.schema)
        if place.source is not None:
            raise Unfit(f"{spot.typename}.{key} has two sources")
        place.source, place.alias = source, alias
        brought[alias] = place
        if alias == "__typename":
            spot.typed = True
        if place.child is not None:
            _claim(place.child, asked.below, selected, names, source, (*path, key))
    return brought


def _place(spot: Spot, key: str, asked: Asked, schema: GraphQLSchema) -> Place:
    """The place of a field at ``spot``, made where the client did not ask for it."""
    known = spot.places.get(key)
    if asked.name == "__typename":
        if known is not None and known.type is not None:
            raise Unfit("a type name where the client wants a value")
        if known is None:
            known = spot.places[key] = Place(key, None, shown=False)
        return known
    if known is not None:
        if known.type is None or (known.child is None) != (not asked.below):
            raise Unfit(f"{spot.typename}.{key} is asked for in two forms")
        return known
    owner = schema.type_map.get(spot.typename)
    definition = schema.get_field(owner, asked.name) if isinstance(owner, GraphQLObjectType) else None
    if definition is None:
        raise Unfit(f"{spot.typename}.{asked.name} is no field of an object type")
    place = spot.places[key] = Place(key, definition.type, shown=False)
    if asked.below:
        named: Any = definition.type
        while isinstance(named, GraphQLNonNull | GraphQLList):
            named = named.of_type
        if not isinstance(named, GraphQLObjectType):
            raise Unfit(f"{spot.typename}.{asked.name} can be of several types")
        place.child = Spot(named.name, parent=spot, above=place)
    return place


def spot_at(root: Spot, path: Path) -> Spot | None:
    """The spot that a plan's path leads to; None where a type guard lets nothing of this type through.

    Every field on the way is noted as one that the gateway reads.
    """
    spot, depth = root, 0
    for step in path:
        if step == "@":
            depth -= 1
        elif step[0] == "|":
            if not spot.typed:
                raise Unfit("a type guard on objects whose type is not fetched")
            if spot.typename not in step[1:].split("|"):
                return None
        else:
            place = spot.places.get(step)
            if place is None or place.child is None or place.source is None or depth:
                raise Unfit(f"a path through {spot.typename}.{step}, where no object stands")
            place.read = True
            spot, depth = place.child, place.depth
    if depth:
        raise Unfit("a path that ends inside a list")
    return spot
