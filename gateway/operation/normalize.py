"""Normalization: the client's document as the one tree that every later stage reads.

Named fragments are inlined; equal fields (response key, name, arguments, conditions) of one selection are one field;
literal ``@skip``/``@include`` are gone; a type condition stands only where it narrows something, and one that can
never match is gone with all it holds. The order of first occurrence is kept, because it is the answer's order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias, cast

from graphql import GraphQLSchema
from graphql.language import (
    ArgumentNode,
    BooleanValueNode,
    DirectiveNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    ListValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    StringValueNode,
    ValueNode,
    VariableNode,
    print_ast,
)
from graphql.type import (
    GraphQLCompositeType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    get_named_type,
    is_abstract_type,
)

from gateway.operation.deferral import deferral_of
from gateway.operation.model import Argument, Condition, Deferral, Field, Fragment, Selection

__all__ = ["EMPTY_KEY", "normalize", "used_variables", "value_text"]

# the key of the type name that is fetched where a composite field has no other selection left: whether the object
# exists, is null or failed still shows in the answer
EMPTY_KEY = "__f_typename"

_Conditions: TypeAlias = tuple[Condition, ...]


def value_text(node: ValueNode) -> str:
    """A literal or variable as canonical text: object fields sorted, strings in quotes, no line breaks."""
    match node:
        case StringValueNode():
            return print_ast(StringValueNode(value=node.value, block=False))
        case ListValueNode():
            return "[" + ", ".join(value_text(item) for item in node.values) + "]"
        case ObjectValueNode():
            fields = sorted(node.fields, key=lambda entry: entry.name.value)
            return "{" + ", ".join(f"{entry.name.value}: {value_text(entry.value)}" for entry in fields) + "}"
    return print_ast(node)


def _variables_in(node: ValueNode) -> Iterable[str]:
    match node:
        case VariableNode():
            yield node.name.value
        case ListValueNode():
            for item in node.values:
                yield from _variables_in(item)
        case ObjectValueNode():
            for entry in node.fields:
                yield from _variables_in(entry.value)


def _arguments(nodes: Sequence[ArgumentNode]) -> tuple[Argument, ...]:
    found = (Argument(a.name.value, value_text(a.value), frozenset(_variables_in(a.value))) for a in nodes)
    return tuple(sorted(found, key=lambda argument: argument.name))


def _conditions(directives: Iterable[DirectiveNode], held: frozenset[Condition]) -> _Conditions | None:
    """The conditions that variables decide and that do not hold already; None where the selection can never be."""
    found: set[Condition] = set()
    for directive in directives:
        name = directive.name.value
        if name not in ("skip", "include"):
            continue
        value = (directive.arguments or ())[0].value
        negated = name == "skip"
        if isinstance(value, BooleanValueNode):
            if value.value is negated:
                return None
        elif isinstance(value, VariableNode):
            found.add(Condition(value.name.value, negated))
    found -= held
    if any(Condition(c.variable, not c.negated) in found | held for c in found):
        return None
    return tuple(sorted(found, key=lambda c: (c.variable, c.negated)))


@dataclass(slots=True)
class _OpenField:
    """A field that may yet meet its equals: every occurrence of it in one selection."""

    key: str
    arguments: tuple[Argument, ...]
    conditions: _Conditions
    nodes: list[FieldNode]


@dataclass(slots=True)
class _OpenFragment:
    """Inline fragments on one type under the same conditions, one after another."""

    type: GraphQLCompositeType
    conditions: _Conditions
    reach: frozenset[str]
    sets: list[SelectionSetNode]
    defer: Deferral | None = None


# whether a selection set has a field of that key, fragments opened
_Mentions: TypeAlias = Callable[[SelectionSetNode, str], bool]


@dataclass(slots=True)
class _Level:
    """One selection while it is collected: fields and fragments in order of first occurrence."""

    items: list[_OpenField | _OpenFragment] = field(default_factory=list)
    fields: dict[tuple[str, str, tuple[Argument, ...], _Conditions], _OpenField] = field(default_factory=dict)

    def add_field(self, node: FieldNode, conditions: _Conditions, mentions: _Mentions) -> None:
        """Join ``node`` to its equal, or open it.

        Not over something in between that has the same key under other conditions: what lies below would change order.
        """
        key = (node.alias or node.name).value
        arguments = _arguments(node.arguments or ())
        identity = (key, node.name.value, arguments, conditions)
        known = self.fields.get(identity)
        if known is not None and (node.selection_set is None or not self._between(known, mentions)):
            known.nodes.append(node)
            return
        self.fields[identity] = opened = _OpenField(key, arguments, conditions, [node])
        self.items.append(opened)

    def _between(self, known: _OpenField, mentions: _Mentions) -> bool:
        """Whether anything opened after ``known`` has its key."""
        for item in reversed(self.items):
            if item is known:
                return False
            if isinstance(item, _OpenField):
                if item.key == known.key:
                    return True
            elif any(mentions(each, known.key) for each in item.sets):
                return True
        return False

    def add_fragment(self, fragment: _OpenFragment) -> None:
        """Join ``fragment`` to an equal one right before it, or open it.

        Only right before it: joining over a field in between would change the order of the answer.
        """
        last = self.items[-1] if self.items else None
        if (
            isinstance(last, _OpenFragment)
            and last.type is fragment.type
            and last.conditions == fragment.conditions
            and last.reach == fragment.reach
            and last.defer is fragment.defer is None
        ):
            last.sets.extend(fragment.sets)
        else:
            self.items.append(fragment)


class _Normalizer:
    """Walks one operation; holds the schema and the document's fragments."""

    def __init__(
        self, schema: GraphQLSchema, fragments: Mapping[str, FragmentDefinitionNode], *, deferring: bool
    ) -> None:
        self.schema = schema
        self.fragments = fragments
        self.deferring = deferring

    def possible(self, type_: GraphQLCompositeType) -> frozenset[str]:
        """The names of the object types a value of ``type_`` can have."""
        if is_abstract_type(type_):
            return frozenset(t.name for t in self.schema.get_possible_types(type_))
        return frozenset((type_.name,))

    def within(self, inner: GraphQLCompositeType, outer: GraphQLCompositeType) -> bool:
        """Whether every field of ``outer`` can be asked of ``inner`` itself."""
        if inner is outer:
            return True
        return (
            is_abstract_type(outer)
            and isinstance(inner, GraphQLObjectType | GraphQLInterfaceType)
            and self.schema.is_sub_type(outer, inner)
        )

    def selections(
        self,
        sets: Sequence[SelectionSetNode],
        parent: GraphQLCompositeType,
        reach: frozenset[str],
        held: frozenset[Condition],
    ) -> tuple[Selection, ...]:
        """The normalized selections of one object; ``reach`` are the runtime types it can have here."""
        level = _Level()
        for selection_set in sets:
            self._collect(selection_set, parent, reach, held, level)
        finished: list[Selection] = []
        for item in level.items:
            if isinstance(item, _OpenField):
                finished.append(self._field(item, parent, held))
                continue
            inside = held | frozenset(item.conditions)
            below = self.selections(item.sets, item.type, item.reach, inside)
            if below:
                finished.append(Fragment(item.type.name, item.conditions, below, item.defer))
        return tuple(finished)

    def _collect(
        self,
        selection_set: SelectionSetNode,
        parent: GraphQLCompositeType,
        reach: frozenset[str],
        held: frozenset[Condition],
        level: _Level,
    ) -> None:
        """Put the fields and fragments of ``selection_set`` into ``level``; what narrows nothing is opened."""
        for node in selection_set.selections:
            conditions = _conditions(node.directives or (), held)
            if conditions is None:
                continue
            if isinstance(node, FieldNode):
                level.add_field(node, conditions, self.mentions)
                continue
            opened = self._opened(node)
            type_ = self._condition_type(opened, parent)
            narrowed = reach & self.possible(type_)
            if not narrowed:
                continue
            wide = self.within(parent, type_)
            defer = deferral_of(node.directives or ()) if self.deferring else None
            if wide and not conditions and defer is None:
                self._collect(opened.selection_set, parent, reach, held, level)
            else:
                kept = parent if wide else type_
                level.add_fragment(_OpenFragment(kept, conditions, narrowed, [opened.selection_set], defer))

    def mentions(self, selection_set: SelectionSetNode, key: str) -> bool:
        """Whether ``selection_set`` has a field with that response key, in fragments as well."""
        for node in selection_set.selections:
            if isinstance(node, FieldNode):
                if (node.alias or node.name).value == key:
                    return True
            elif self.mentions(self._opened(node).selection_set, key):
                return True
        return False

    def _opened(self, node: SelectionNode) -> FragmentDefinitionNode | InlineFragmentNode:
        """What a spread or an inline fragment holds."""
        if isinstance(node, FragmentSpreadNode):
            return self.fragments[node.name.value]
        return cast(InlineFragmentNode, node)  # the grammar has no fourth kind of selection

    def _condition_type(
        self, node: FragmentDefinitionNode | InlineFragmentNode, parent: GraphQLCompositeType
    ) -> GraphQLCompositeType:
        """The type a fragment stands on; the enclosing one where none is written."""
        if node.type_condition is None:
            return parent
        # validation (FragmentsOnCompositeTypes) lets nothing else through
        return cast(GraphQLCompositeType, self.schema.type_map[node.type_condition.name.value])

    def _field(self, item: _OpenField, parent: GraphQLCompositeType, held: frozenset[Condition]) -> Field:
        """A collected field with its own selections normalized."""
        first = item.nodes[0]
        below: tuple[Selection, ...] = ()
        sets = [node.selection_set for node in item.nodes if node.selection_set]
        definition = self.schema.get_field(parent, first.name.value)
        if sets and definition is not None:
            type_ = cast(GraphQLCompositeType, get_named_type(definition.type))  # validation: ScalarLeafs
            below = self.selections(sets, type_, self.possible(type_), held | frozenset(item.conditions))
            below = below or (Field(EMPTY_KEY, "__typename", type_.name, hidden=True),)
        place = first.loc.start_token if first.loc else None
        return Field(
            key=item.key,
            name=first.name.value,
            parent=parent.name,
            arguments=item.arguments,
            conditions=item.conditions,
            selections=below,
            location=(place.line, place.column) if place else (0, 0),
        )


def normalize(
    operation: OperationDefinitionNode,
    schema: GraphQLSchema,
    fragments: Mapping[str, FragmentDefinitionNode],
    *,
    deferring: bool = False,
) -> tuple[Selection, ...]:
    """The normalized selections of a validated operation, on the root type of its kind.

    With ``deferring`` a fragment that is deferred stays one and says so.
    """
    root = cast(GraphQLObjectType, schema.get_root_type(operation.operation))  # validation: KnownOperationTypes
    walker = _Normalizer(schema, fragments, deferring=deferring)
    return walker.selections([operation.selection_set], root, frozenset((root.name,)), frozenset())


def used_variables(selections: Iterable[Selection]) -> frozenset[str]:
    """The variables that arguments and conditions of ``selections`` read, at whatever depth."""
    found: set[str] = set()
    stack = list(selections)
    while stack:
        selection = stack.pop()
        found.update(condition.variable for condition in selection.conditions)
        if isinstance(selection, Field):
            for argument in selection.arguments:
                found |= argument.variables
        stack.extend(selection.selections)
    return frozenset(found)
