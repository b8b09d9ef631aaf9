"""``@cost`` and ``@listSize`` where they mean nothing.

Codes: COST_APPLIED_TO_INTERFACE_FIELD, LIST_SIZE_APPLIED_TO_NON_LIST, LIST_SIZE_INVALID_ASSUMED_SIZE,
LIST_SIZE_INVALID_SLICING_ARGUMENT, LIST_SIZE_INVALID_SIZED_FIELD.
"""

from __future__ import annotations

from collections.abc import Iterator

from gateway.composition import typerefs
from gateway.composition.facts import Facts, applied
from gateway.composition.schema import Applied, FieldDef, Kind, Schema
from gateway.errors import Mistake

__all__ = ["wrong_costs"]


def wrong_costs(facts: Facts) -> Iterator[Mistake]:
    """A mistake for each cost on an interface field and for each thing wrong with a ``@listSize``."""
    schema = facts.subgraph.schema
    for definition in schema.types.values():
        for item in definition.fields.values():
            if definition.kind is Kind.INTERFACE and applied(item, "cost") is not None:
                message = f'@cost cannot be applied to interface field "{item.coordinate}".'
                yield _mistake("COST_APPLIED_TO_INTERFACE_FIELD", message, item, "put it on the implementing fields")
            size = applied(item, "listSize")
            if size is not None:
                yield from _list_size(size, item, schema)


def _list_size(size: Applied, item: FieldDef, schema: Schema) -> Iterator[Mistake]:
    sized = size.args.get("sizedFields")
    if not sized and not typerefs.is_list(item.type):
        message = f'"{item.coordinate}" is not a list but has @listSize.'
        yield _mistake("LIST_SIZE_APPLIED_TO_NON_LIST", message, item, "name its lists in sizedFields, or leave it out")
    assumed = size.args.get("assumedSize")
    if isinstance(assumed, int) and assumed < 0:
        message = f'Assumed size of "{item.coordinate}" cannot be negative.'
        yield _mistake("LIST_SIZE_INVALID_ASSUMED_SIZE", message, item, "give a number from 0 up")
    for name in size.args.get("slicingArguments") or ():
        argument = item.args.get(name)
        if argument is None or typerefs.nullable(argument.type) != "Int":
            message = f'Slicing argument "{item.coordinate}({name}:)" must be an argument of type Int or Int!.'
            yield _mistake("LIST_SIZE_INVALID_SLICING_ARGUMENT", message, item, "name an Int argument of the field")
    yield from _sized_fields(sized or (), item, schema)


def _sized_fields(names: list[str] | tuple[str, ...], item: FieldDef, schema: Schema) -> Iterator[Mistake]:
    target = schema.types.get(typerefs.base(item.type))
    for name in names:
        field = target.fields.get(name) if target is not None else None
        if field is None:
            message = f'Sized field "{name}" is not a field of type "{typerefs.base(item.type)}".'
            hint = "name fields of the type that the field returns"
            yield _mistake("LIST_SIZE_INVALID_SIZED_FIELD", message, item, hint)
        elif not typerefs.is_list(field.type):
            message = f'Sized field "{field.coordinate}" is not a list.'
            yield _mistake("LIST_SIZE_APPLIED_TO_NON_LIST", message, item, "name fields that are lists")


def _mistake(code: str, message: str, item: FieldDef, hint: str) -> Mistake:
    return Mistake(code, message, f"{item.coordinate}, line {item.line}", hint)
