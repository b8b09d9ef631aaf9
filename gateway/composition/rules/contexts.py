"""``@context`` and ``@fromContext``.

Codes: CONTEXT_NAME_INVALID, CONTEXT_NOT_SET, NO_CONTEXT_IN_SELECTION, CONTEXT_INVALID_SELECTION,
CONTEXT_NO_RESOLVABLE_KEY.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from gateway.composition import typerefs
from gateway.composition.facts import Facts
from gateway.composition.fieldsets import FieldSetError, Selection, parse_field_set, problem
from gateway.composition.rules.implementations import covariant
from gateway.composition.schema import Applied, Argument, FieldDef, Kind, Schema, TypeDef
from gateway.errors import Mistake

__all__ = ["wrong_contexts"]

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*")
_VALUE = re.compile(r"\s*\$\s*([A-Za-z_][A-Za-z0-9_]*)(.*)", re.DOTALL)


def wrong_contexts(facts: Facts) -> Iterator[Mistake]:
    """A mistake for each context named wrongly and each argument that cannot take its value from one."""
    schema = facts.subgraph.schema
    contexts: dict[str, list[TypeDef]] = {}
    for definition in schema.types.values():
        for application in definition.directives:
            if application.element == "context":
                name = str(application.args.get("name"))
                contexts.setdefault(name, []).append(definition)
                if not _NAME.fullmatch(name):
                    message = f'Context name "{name}" on "{definition.name}" is invalid.'
                    hint = "begin with a letter, then letters and digits only, without underscores"
                    yield Mistake("CONTEXT_NAME_INVALID", message, f"{definition.name}, line {application.line}", hint)
    for directive in schema.directives.values():
        for argument in directive.args.values():
            for application in _uses(argument):
                use = _Use(f"@{directive.name}({argument.name}:)", argument, application)
                yield use.mistake("CONTEXT_NOT_SET", "arguments of directives cannot take a context", "take it off")
    for definition in schema.types.values():
        for item in definition.fields.values():
            for argument in item.args.values():
                for application in _uses(argument):
                    use = _Use(f"{item.coordinate}({argument.name}:)", argument, application)
                    yield from _judge(use, definition, item, contexts, facts)


def _uses(argument: Argument) -> list[Applied]:
    return [application for application in argument.directives if application.element == "fromContext"]


class _Use:
    """One ``@fromContext``: where it is, on which argument."""

    def __init__(self, coordinate: str, argument: Argument, application: Applied) -> None:
        self.coordinate = coordinate
        self.argument = argument
        self.application = application

    def mistake(self, code: str, what: str, hint: str) -> Mistake:
        """The mistake about this use."""
        value = self.application.args.get("field")
        message = f'@fromContext(field: "{value}") on "{self.coordinate}": {what}.'
        return Mistake(code, message, f"{self.coordinate}, line {self.application.line}", hint)


def _judge(
    use: _Use, definition: TypeDef, item: FieldDef, contexts: dict[str, list[TypeDef]], facts: Facts
) -> Iterator[Mistake]:
    schema = facts.subgraph.schema
    if definition.kind is not Kind.OBJECT:
        yield use.mistake("CONTEXT_NOT_SET", "only fields of object types can take a context", "take it off")
        return
    for interface in definition.interfaces:
        if interface in schema.types and item.name in schema.types[interface].fields:
            what = f'the field implements "{interface}.{item.name}", whose callers would have to give the argument'
            yield use.mistake("CONTEXT_NOT_SET", what, "take the field off the interface")
    if use.argument.default is not None:
        yield use.mistake("CONTEXT_NOT_SET", "the argument has a default", "leave out the default")
    if not any(key.resolvable for key in facts.keys.get(definition.name, ())):
        what = f'"{definition.name}" has no resolvable key, so the field cannot be asked for with a value'
        yield use.mistake("CONTEXT_NO_RESOLVABLE_KEY", what, f'give "{definition.name}" a resolvable @key')
    value = use.application.args.get("field")
    found = _VALUE.fullmatch(value) if isinstance(value, str) else None
    if found is None or not found[2].strip():
        yield use.mistake("NO_CONTEXT_IN_SELECTION", "no context is named", 'write "$context { field }"')
        return
    if found[1] not in contexts:
        what = f'no type of this subgraph sets context "{found[1]}"'
        yield use.mistake("CONTEXT_NOT_SET", what, f'put @context(name: "{found[1]}") on the type that has the value')
        return
    wrong = _selection_problem(found[2], contexts[found[1]], use.argument, facts)
    if wrong:
        hint = "select one field, or one field for each object type that sets the context"
        yield use.mistake("CONTEXT_INVALID_SELECTION", wrong, hint)


def _selection_problem(text: str, locations: Sequence[TypeDef], argument: Argument, facts: Facts) -> str:
    """What keeps the selection from giving the argument its value at every type that sets the context."""
    try:
        selections = parse_field_set(text)
    except FieldSetError as error:
        return str(error)
    wrong = _shape_problem(selections)
    if wrong:
        return wrong
    if selections[0].name:
        problems = (_field_problem(selections[0], location, argument, facts, nullable=False) for location in locations)
        return next((found for found in problems if found), "")
    return _conditions_problem(selections, locations, argument, facts)


def _shape_problem(selections: Sequence[Selection]) -> str:
    """Only chains of single fields, at the top also one for each of several type conditions."""
    for entry in selections:
        if entry.spread:
            return "named fragments cannot be used"
        if entry.alias:
            return f'alias "{entry.alias}" cannot be used'
        if entry.directives:
            return "directives cannot be used"
    fields = [entry for entry in selections if entry.name]
    if fields and len(selections) > 1:
        return "more than one field is selected"
    for entry in selections:
        if not entry.name and not entry.condition:
            return "a fragment without type condition cannot be used"
        if entry.children:
            wrong = _shape_problem(entry.children)
            if wrong:
                return wrong
            if not entry.children[0].name:
                return "type conditions can only stand at the top"
    return ""


def _conditions_problem(
    selections: Sequence[Selection], locations: Sequence[TypeDef], argument: Argument, facts: Facts
) -> str:
    schema = facts.subgraph.schema
    counts = Counter(entry.condition for entry in selections)
    for entry in selections:
        target = schema.types.get(entry.condition)
        if target is None or target.kind is not Kind.OBJECT:
            return f'type condition "{entry.condition}" is no object type'
        if counts[entry.condition] > 1:
            return f'type condition "{entry.condition}" is repeated'
        if not any(entry.condition in schema.possible_types(location.name) for location in locations):
            return f'type condition "{entry.condition}" fits no type that sets the context'
        wrong = _field_problem(entry.children[0], target, argument, facts, nullable=True)
        if wrong:
            return wrong
    for location in locations:
        if not any(entry.condition in schema.possible_types(location.name) for entry in selections):
            return f'no type condition fits "{location.name}", which sets the context'
    return ""


def _field_problem(entry: Selection, location: TypeDef, argument: Argument, facts: Facts, *, nullable: bool) -> str:
    schema = facts.subgraph.schema
    if location.kind is Kind.UNION:
        return f'"{location.name}" is a union: select with type conditions'
    wrong = problem((entry,), location.name, schema)
    if wrong:
        return wrong
    if location.name in facts.interface_objects or _passes_interface_object(entry, location, facts):
        return "the selection passes an @interfaceObject"
    ref = _resulting_type(entry, location, schema)
    ref = typerefs.nullable(ref) if nullable else ref
    if not covariant(ref, argument.type, schema) or typerefs.base(ref) != typerefs.base(argument.type):
        return f'the selection gives "{ref}" at "{location.name}" but the argument is of type "{argument.type}"'
    return ""


def _passes_interface_object(entry: Selection, location: TypeDef, facts: Facts) -> bool:
    target = facts.subgraph.schema.types.get(typerefs.base(location.fields[entry.name].type))
    if target is None or not entry.children:
        return False
    return target.name in facts.interface_objects or _passes_interface_object(entry.children[0], target, facts)


def _resulting_type(entry: Selection, location: TypeDef, schema: Schema) -> str:
    """The type of the chain's last field, in the lists of the fields above it, nullable where one of them is."""
    ref = location.fields[entry.name].type
    if not entry.children:
        return ref
    inner = _resulting_type(entry.children[0], schema.types[typerefs.base(ref)], schema)
    return _substituted(ref, inner)


def _substituted(ref: str, inner: str) -> str:
    if typerefs.non_null(ref):
        body = _substituted(ref[:-1], inner)
        return f"{body}!" if typerefs.is_list(ref) else (inner if typerefs.non_null(inner) else body)
    if typerefs.is_list(ref):
        return f"[{_substituted(typerefs.item(ref), inner)}]"
    return typerefs.nullable(inner)
