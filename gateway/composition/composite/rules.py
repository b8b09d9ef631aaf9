"""What a document in the composite schemas dialect may not say, where federation has no such rule.

Codes: EXTERNAL_REQUIRE_COLLISION, KEY_INVALID_SYNTAX, PROVIDES_INVALID_SYNTAX, REFERENCE_TO_INTERNAL_TYPE,
TYPE_DEFINITION_INVALID.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from graphql.language import FieldDefinitionNode

from gateway.composition.composite.dialect import SCALARS, Document, argument_text, base_name, has
from gateway.composition.fieldsets import FieldSetError, parse_field_set
from gateway.composition.read import line_of
from gateway.errors import Mistake

__all__ = ["local_mistakes"]


def local_mistakes(document: Document) -> list[Mistake]:
    """Every mistake of one document that can be seen in it alone."""
    found: list[Mistake] = []
    for name in sorted(SCALARS & document.types.keys()):
        message = f'"{name}" is a scalar of the composite schemas specification, and defined as something else.'
        found.append(Mistake("TYPE_DEFINITION_INVALID", message, f"{name}, line {line_of(document.types[name][0])}",
                             "take the definition away: the specification brings it"))  # fmt: skip
    for name, nodes in document.types.items():
        for node in nodes:
            found.extend(_unreadable(node, "key", name, line_of(node)))
        for field in document.fields(name).values():
            where = f"{name}.{field.name.value}"
            found.extend(_unreadable(field, "provides", where, line_of(field)))
            found.extend(_collision(field, where))
            if not has(field, "internal") and not document.has_on(name, "internal"):
                found.extend(_internal(document, field, where))
    return found


def _unreadable(node: Any, name: str, where: str, line: int) -> Iterator[Mistake]:
    for applied in node.directives or ():
        text = argument_text(applied, "fields") if applied.name.value == name else None
        if text is None:
            continue
        try:
            parse_field_set(text)
        except FieldSetError as problem:
            yield Mistake(
                f"{name.upper()}_INVALID_SYNTAX",
                f'"@{name}(fields:)" on "{where}" cannot be read: {_said(problem)}.',
                f"{where}, line {line}",
                'write a selection without braces around it: "id", "id region { code }"',
            )


def _said(problem: FieldSetError) -> str:
    return str(problem).removeprefix("Syntax Error: ").rstrip(".")


def _collision(field: FieldDefinitionNode, where: str) -> Iterator[Mistake]:
    if has(field, "external") and any(has(each, "require") for each in field.arguments or ()):
        yield Mistake(
            "EXTERNAL_REQUIRE_COLLISION",
            f'"{where}" is external and has an argument with "@require": it is not resolved here, so it requires nothing.',
            f"{where}, line {line_of(field)}",
            'take away "@external", or the argument',
        )


def _internal(document: Document, field: FieldDefinitionNode, where: str) -> Iterator[Mistake]:
    inner = base_name(field.type)
    if document.has_on(inner, "internal"):
        yield Mistake(
            "REFERENCE_TO_INTERNAL_TYPE",
            f'"{where}" returns "{inner}", which is internal, but is not internal itself.',
            f"{where}, line {line_of(field)}",
            f'make the field internal too, or take "@internal" off "{inner}"',
        )
