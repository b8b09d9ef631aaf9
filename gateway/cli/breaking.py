"""Whom a change of the graph breaks: breaking changes of the published schema, held against the operations that were asked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from graphql import (
    BreakingChange,
    BreakingChangeType,
    DocumentNode,
    EnumValueNode,
    FieldNode,
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLSchema,
    NamedTypeNode,
    ObjectFieldNode,
    TypeInfo,
    TypeInfoVisitor,
    VariableDefinitionNode,
    Visitor,
    find_breaking_changes,
    get_named_type,
    is_abstract_type,
    parse,
    type_from_ast,
    validate,
    visit,
)
from graphql.type import GraphQLEnumType

from gateway.cli.recorded import Recorded, RecordedOperation
from gateway.cli.shared import counted
from gateway.cli.steps import Step
from gateway.errors import Mistake

__all__ = ["breaking_step"]

_ARGUMENT = re.compile(r"\b([A-Za-z_]\w*\.[A-Za-z_]\w*)\(([A-Za-z_]\w*):\)")
_MEMBER = re.compile(r"\b([A-Za-z_]\w*\.[A-Za-z_]\w*)\b")
_FIELD_ON = re.compile(r"Cannot query field '(\w+)' on type '(\w+)'")
_UNKNOWN_ARGUMENT = re.compile(r"Unknown argument '(\w+)' on field '(\w+\.\w+)'")
_QUOTED = re.compile(r"'(\w+)'")
_MENDS = (
    "Mark it @deprecated, let these clients move, then take it away; or name it in schema/overrides.toml, with a day."
)


_OF_THE_HOLDER = frozenset({BreakingChangeType.REQUIRED_ARG_ADDED, BreakingChangeType.ARG_CHANGED_KIND})
"""Changes of an argument that concern whoever asks for the field, whether the argument is given or not."""


@dataclass(slots=True)
class _Break:
    """One thing that breaks: where, what is said of it, by which name an operation uses it, and those that it hits."""

    place: str
    told: str
    used_as: str
    hit: dict[int, RecordedOperation] = field(default_factory=dict)


def breaking_step(new: GraphQLSchema, old: GraphQLSchema | None, recorded: Recorded | None) -> Step:
    """What ``new`` breaks of ``old`` (the published API schema) and of ``recorded`` operations, with whom and how often.

    A breaking change that no recorded operation meets is a note; without recorded operations nobody knows, and each is a
    mistake. Without ``old`` the operations alone are held against ``new``.
    """
    breaks = [_change(each) for each in (find_breaking_changes(old, new) if old is not None else ())]
    if recorded is not None:
        for number, operation in enumerate(recorded.operations):
            _hold(number, operation, new, old, breaks)
    mistakes, notes = [], []
    for each in breaks:
        if recorded is None:
            hint = "Hold it against what is asked with --operations FILE (`gateway audit operations` writes it), or override it."
            mistakes.append(Mistake("CHANGE_BREAKING", each.told, each.place, hint))
        elif each.hit:
            mistakes.append(_hits(each, recorded))
        else:
            notes.append(f"{each.told} Nobody asked for it in {recorded.days} days.")
    return Step("operations", _told(recorded, len(mistakes), len(notes)), tuple(mistakes), tuple(notes))


def _change(change: BreakingChange) -> _Break:
    place = _place(change.description)
    used_as = place
    if change.type in _OF_THE_HOLDER:
        used_as = place.partition("(")[0]
    elif change.type is BreakingChangeType.REQUIRED_INPUT_FIELD_ADDED:
        used_as = place.partition(".")[0]
    return _Break(place, change.description, used_as)


def _told(recorded: Recorded | None, mistakes: int, notes: int) -> str:
    breaking = f"{counted(mistakes or notes, 'change')} {'breaks' if (mistakes or notes) == 1 else 'break'}"
    if recorded is None:
        return f"{breaking} the published schema" if mistakes else "nothing breaks the published schema"
    requests = sum(asked.count for each in recorded.operations for asked in each.asked)
    asked = (
        f"{counted(len(recorded.operations), 'operation')} of {counted(requests, 'request')} in {recorded.days} days"
    )
    if mistakes:
        return f"{breaking} some of {asked}"
    return f"{breaking} the published schema, and none of {asked}" if notes else f"nothing breaks {asked}"


def _hits(found: _Break, recorded: Recorded) -> Mistake:
    operations = list(found.hit.values())
    clients = sorted({asked.who for each in operations for asked in each.asked})
    requests = sum(asked.count for each in operations for asked in each.asked)
    names = sorted({each.name or "(unnamed)" for each in operations})
    message = (
        f"{found.told} It breaks {counted(len(operations), 'operation')} ({_some(names)}) of "
        f"{counted(len(clients), 'client')} ({_some(clients)}), {counted(requests, 'request')} in the last {recorded.days} days."
    )
    broken = tuple({"name": each.name, "hash": each.hash} for each in operations)
    extra = (("operations", broken), ("clients", tuple(clients)), ("requests", requests), ("days", recorded.days))
    return Mistake("CHANGE_BREAKS_CLIENTS", message, found.place, _MENDS, extra=extra)


def _some(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _hold(
    number: int, operation: RecordedOperation, new: GraphQLSchema, old: GraphQLSchema | None, breaks: list[_Break]
) -> None:
    """Note ``operation`` with each change that it meets, and, where it meets none, with what makes it invalid now."""
    try:
        document = parse(operation.text)
    except GraphQLError:  # written by another gateway: what this one cannot parse it did not answer
        return
    if old is not None:
        if validate(old, document):
            return  # it did not hold under the published schema either
        used = _uses(document, old)
        for each in breaks:
            if each.used_as in used:
                each.hit[number] = operation
    if not any(number in each.hit for each in breaks):
        for error in validate(new, document):
            _at(_place_of_error(error.message), _sentence(error.message), breaks).hit[number] = operation


def _at(place: str, told: str, breaks: list[_Break]) -> _Break:
    found = next((each for each in breaks if each.place == place), None)
    if found is None:
        found = _Break(place, told, place)
        breaks.append(found)
    return found


def _sentence(message: str) -> str:
    return message.partition(" Did you mean ")[0].rstrip(".") + "."


def _place(description: str) -> str:
    """The coordinate that a change is about: ``Visa.status``, ``Query.visa(foil:)``, ``Visa``, ``@tag``."""
    if found := _ARGUMENT.search(description):
        return f"{found[1]}({found[2]}:)"
    if found := _MEMBER.search(description):
        return found[1]
    words = [each.strip(".") for each in description.split()]
    named = [each for each in words if each[:1] == "@" or (each[:1].isupper() and each not in _OPENING)]
    return named[0] if named else description


_OPENING = frozenset({"A", "Argument", "Directive", "Enum", "Field", "Repeatable", "Standard", "Type"})


def _place_of_error(message: str) -> str:
    if found := _FIELD_ON.search(message):
        return f"{found[2]}.{found[1]}"
    if found := _UNKNOWN_ARGUMENT.search(message):
        return f"{found[2]}({found[1]}:)"
    if found := _ARGUMENT.search(message):
        return f"{found[1]}({found[2]}:)"
    found = _QUOTED.search(message)
    return found[1] if found else message


def _uses(document: DocumentNode, schema: GraphQLSchema) -> set[str]:
    """What an operation uses of a schema: types, ``Type.field``, ``Type.field(argument:)``, members of inputs and enums."""
    info = TypeInfo(schema)
    used: set[str] = set()

    class Uses(Visitor):
        def enter_field(self, node: FieldNode, *_: object) -> None:
            parent = info.get_parent_type()
            if parent is not None and not node.name.value.startswith("__"):
                owners = [parent, *(schema.get_possible_types(parent) if is_abstract_type(parent) else ())]
                fields = [f"{owner.name}.{node.name.value}" for owner in owners]
                used.update(fields)
                used.update(f"{each}({given.name.value}:)" for each in fields for given in node.arguments or ())
            if (kind := info.get_type()) is not None:
                used.add(get_named_type(kind).name)

        def enter_named_type(self, node: NamedTypeNode, *_: object) -> None:
            used.add(node.name.value)

        def enter_variable_definition(self, node: VariableDefinitionNode, *_: object) -> None:
            kind = type_from_ast(schema, node.type)
            if kind is not None:
                used.update(_members(get_named_type(kind), set()))

        def enter_object_field(self, node: ObjectFieldNode, *_: object) -> None:
            if (parent := info.get_parent_input_type()) is not None:
                name = get_named_type(parent).name
                used.update((name, f"{name}.{node.name.value}"))

        def enter_enum_value(self, node: EnumValueNode, *_: object) -> None:
            kind = info.get_input_type()
            if kind is not None:
                used.add(f"{get_named_type(kind).name}.{node.value}")

    visit(document, TypeInfoVisitor(info, Uses()))
    return used


def _members(kind: object, seen: set[str]) -> Iterator[str]:
    """All that a variable of ``kind`` may name: what it held is not on record, so whatever it can hold counts."""
    if isinstance(kind, GraphQLEnumType):
        yield kind.name
        yield from (f"{kind.name}.{name}" for name in kind.values)
    elif isinstance(kind, GraphQLInputObjectType) and kind.name not in seen:
        seen.add(kind.name)
        yield kind.name
        for name, each in kind.fields.items():
            yield f"{kind.name}.{name}"
            yield from _members(get_named_type(each.type), seen)
