"""External fields must look like the field they stand for.

Codes: EXTERNAL_TYPE_MISMATCH, EXTERNAL_ARGUMENT_MISSING, EXTERNAL_ARGUMENT_TYPE_MISMATCH,
EXTERNAL_ARGUMENT_DEFAULT_MISMATCH.
"""

from __future__ import annotations

from collections.abc import Mapping

from gateway.composition import values
from gateway.composition.merging.context import Merge
from gateway.composition.rules.implementations import covariant
from gateway.composition.schema import Argument, FieldDef

__all__ = ["check_externals"]


def check_externals(
    merge: Merge, merged: FieldDef, sources: Mapping[int, FieldDef], resolving: Mapping[int, FieldDef]
) -> None:
    """A mistake for each way an external declaration differs from the merged field."""
    external = {i: source for i, source in sources.items() if i not in resolving}
    if not external or not resolving:
        return
    differ = len({source.type for source in resolving.values()}) > 1
    wrong = {
        i: source
        for i, source in external.items()
        if source.type != merged.type and not (differ and covariant(source.type, merged.type, merge.schema))
    }
    coordinate = merged.coordinate
    if wrong:
        types = ", ".join(f'"{source.type}" in {merge.named([i])}' for i, source in wrong.items())
        message = f'Type of external field "{coordinate}" is {types} but the field is of type "{merged.type}".'
        hint = f'declare it as "{merged.type}"'
        merge.error("EXTERNAL_TYPE_MISMATCH", message, wrong, coordinate, hint)
    for name, argument in merged.args.items():
        _check_argument(merge, f"{coordinate}({name}:)", argument, external)


def _check_argument(merge: Merge, coordinate: str, argument: Argument, external: Mapping[int, FieldDef]) -> None:
    missing = {i: source for i, source in external.items() if argument.name not in source.args}
    if missing:
        message = f'Argument "{coordinate}" is missing where the field is external: {merge.named(missing)}.'
        hint = f"declare the argument {argument.name}: {argument.type} there"
        merge.error("EXTERNAL_ARGUMENT_MISSING", message, missing, coordinate, hint)
    having = {i: source.args[argument.name] for i, source in external.items() if argument.name in source.args}
    typed = {
        i: own
        for i, own in having.items()
        if own.type != argument.type and not covariant(argument.type, own.type, merge.schema)
    }
    if typed:
        message = f'Argument "{coordinate}" has another type where the field is external: {merge.named(typed)}.'
        hint = f"give it the type {argument.type} there"
        merge.error("EXTERNAL_ARGUMENT_TYPE_MISMATCH", message, typed, coordinate, hint)
    defaulted = {i: own for i, own in having.items() if not values.same(own.default_value, argument.default_value)}
    if defaulted:
        message = f'Argument "{coordinate}" has another default where the field is external: {merge.named(defaulted)}.'
        hint = "give it the default of the field it stands for"
        merge.error("EXTERNAL_ARGUMENT_DEFAULT_MISMATCH", message, defaulted, coordinate, hint)
