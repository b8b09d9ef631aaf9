"""The field sets of ``@key``, ``@requires`` and ``@provides``.

Codes, with KEY_, REQUIRES_ or PROVIDES_ in front: INVALID_FIELDS_TYPE, INVALID_FIELDS, DIRECTIVE_IN_FIELDS_ARG,
FIELDS_HAS_ARGS (key, provides), FIELDS_MISSING_EXTERNAL (requires, provides), UNSUPPORTED_ON_INTERFACE;
KEY_FIELDS_SELECT_INVALID_TYPE; PROVIDES_ON_NON_OBJECT_FIELD and EXTERNAL_COLLISION_WITH_ANOTHER_DIRECTIVE.
The first problem of parsing ends one application; what a walk over the parsed set finds is collected.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from graphql.language import print_ast

from gateway.composition import typerefs
from gateway.composition.facts import Facts, applied, set_applications
from gateway.composition.fieldsets import (
    FieldSetError,
    Selection,
    Step,
    implementations,
    parse_field_set,
    problem,
    walk,
)
from gateway.composition.schema import Applied, FieldDef, Kind
from gateway.errors import Mistake

__all__ = ["provides_places", "wrong_field_sets"]


@dataclass(frozen=True)
class _Use:
    """One application: which directive, on what, over which type its set selects."""

    directive: str
    application: Applied
    holder: str
    owner: str
    argument: str = "fields"

    @property
    def code(self) -> str:
        """What the directive's codes begin with."""
        return self.directive.upper()

    def mistake(self, code: str, what: str, hint: str) -> Mistake:
        """The mistake about this application."""
        node = self.application.nodes.get(self.argument)
        text = print_ast(node) if node is not None else ""
        message = f"On {self.holder}, for @{self.directive}({self.argument}: {text}): {what}"
        return Mistake(code, message, f"{self.holder}, line {self.application.line}", hint)


def wrong_field_sets(facts: Facts) -> Iterator[Mistake]:
    """A mistake for each thing wrong with the field sets of a subgraph, keys first."""
    schema = facts.subgraph.schema
    for definition in schema.types.values():
        for application in definition.directives:
            if application.element == "key":
                use = _Use("key", application, definition.name, definition.name)
                if definition.kind is Kind.INTERFACE and facts.subgraph.version < (2, 3):
                    yield use.mistake(
                        "KEY_UNSUPPORTED_ON_INTERFACE",
                        "interfaces have keys from federation v2.3 on",
                        "link federation v2.3 or later, or put the key on the implementing types only",
                    )
                yield from _judge(use, facts)
    for item, application in set_applications(facts.subgraph, "requires"):
        use = _Use("requires", application, item.coordinate, item.owner)
        yield from _on_interface(use, item, facts)
        yield from _judge(use, facts)
    for item, application in set_applications(facts.subgraph, "provides"):
        use = _Use("provides", application, item.coordinate, typerefs.base(item.type))
        target = schema.types.get(use.owner)
        if target is not None and target.composite:
            yield from _on_interface(use, item, facts)
            yield from _judge(use, facts)


def _on_interface(use: _Use, item: FieldDef, facts: Facts) -> Iterator[Mistake]:
    if facts.subgraph.schema.types[item.owner].kind is Kind.INTERFACE:
        yield use.mistake(
            f"{use.code}_UNSUPPORTED_ON_INTERFACE",
            f"@{use.directive} is not supported on fields of interfaces",
            f"put @{use.directive} on the field of each implementing type",
        )


def _judge(use: _Use, facts: Facts) -> Iterator[Mistake]:
    text = use.application.args.get("fields")
    node = use.application.nodes.get("fields")
    if not isinstance(text, str) or node is None or node.kind != "string_value":
        yield use.mistake(
            f"{use.code}_INVALID_FIELDS_TYPE", "the value must be a string", 'write fields: "field otherField"'
        )
        return
    wrong = _unusable(use, text, facts)
    if wrong is not None:
        yield wrong
        return
    selections = parse_field_set(text)
    for step in walk(selections, use.owner, facts.subgraph.schema):
        yield from _judge_step(use, step, facts)
    for name in _fragment_directives(selections):
        yield _directive_inside(use, name)


def _unusable(use: _Use, text: str, facts: Facts) -> Mistake | None:
    """The first problem of the set as text and against the schema."""
    schema = facts.subgraph.schema
    hint = (
        f"select fields that {use.owner} has in this subgraph; add a missing one, marked @external if it is another's"
    )
    try:
        selections = parse_field_set(text)
    except FieldSetError as error:
        return use.mistake(f"{use.code}_INVALID_FIELDS", str(error), hint)
    if use.directive == "key":
        wrong = _abstract_key_field(use, selections, facts)
        if wrong is not None and not problem(wrong[1], use.owner, schema):
            return wrong[0]
    found = problem(selections, use.owner, schema)
    return use.mistake(f"{use.code}_INVALID_FIELDS", found, hint) if found else None


def _abstract_key_field(
    use: _Use, selections: tuple[Selection, ...], facts: Facts
) -> tuple[Mistake, tuple[Selection, ...]] | None:
    """The first key field of an interface or union type, with the selections before it."""
    types = facts.subgraph.schema.types
    for position, entry in enumerate(selections):
        for step in walk((entry,), use.owner, facts.subgraph.schema):
            target = types.get(typerefs.base(step.field.type))
            if target is not None and target.kind in (Kind.INTERFACE, Kind.UNION):
                what = f'field "{step.field.coordinate}" is of {target.kind} type, which a key cannot hold'
                hint = "use fields of scalar, enum or object type in the key"
                return use.mistake("KEY_FIELDS_SELECT_INVALID_TYPE", what, hint), selections[:position]
    return None


def _judge_step(use: _Use, step: Step, facts: Facts) -> Iterator[Mistake]:
    for name in step.selection.directives:
        yield _directive_inside(use, name)
    if step.field.args and use.directive != "requires":
        yield use.mistake(
            f"{use.code}_FIELDS_HAS_ARGS",
            f'field "{step.field.coordinate}" has arguments, which @{use.directive} cannot give',
            "leave the field out, or make a field without arguments",
        )
    if use.directive != "key" and not step.selection.children and not _external_somewhere(step, facts):
        yield use.mistake(
            f"{use.code}_FIELDS_MISSING_EXTERNAL",
            f'field "{step.field.coordinate}" is resolved by this subgraph itself: it is not marked @external',
            f"leave it out of @{use.directive}, or mark it @external if another subgraph resolves it",
        )


def _external_somewhere(step: Step, facts: Facts) -> bool:
    if step.field.name != "__typename" and _external(step.field, facts):
        return True
    return any(_external(item, facts) for item in step.above)


def _external(item: FieldDef, facts: Facts) -> bool:
    others = implementations(item, facts.subgraph.schema)
    return item.coordinate in facts.external or any(other.coordinate in facts.external for other in others)


def _fragment_directives(selections: tuple[Selection, ...]) -> Iterator[str]:
    for entry in selections:
        if not entry.name:
            yield from entry.directives
        yield from _fragment_directives(entry.children)


def _directive_inside(use: _Use, name: str) -> Mistake:
    what = f"directives cannot be applied inside the set, but @{name} is"
    return use.mistake(f"{use.code}_DIRECTIVE_IN_FIELDS_ARG", what, f"leave @{name} out")


def provides_places(facts: Facts) -> Iterator[Mistake]:
    """``@provides`` on a field that selects nothing, or on an external one: these hide the subgraph's other mistakes."""
    for item, application in set_applications(facts.subgraph, "provides"):
        use = _Use("provides", application, item.coordinate, typerefs.base(item.type))
        target = facts.subgraph.schema.types.get(use.owner)
        if target is None or not target.composite:
            what = f'the field is of type "{item.type}", which has no fields to provide'
            hint = "put @provides on a field of object, interface or union type"
            yield use.mistake("PROVIDES_ON_NON_OBJECT_FIELD", what, hint)
        elif applied(item, "external") is not None and item.coordinate in facts.external:
            what = "a field cannot be both @external and @provides"
            hint = "leave out @external if this subgraph resolves the field, @provides if it does not"
            yield use.mistake("EXTERNAL_COLLISION_WITH_ANOTHER_DIRECTIVE", what, hint)
