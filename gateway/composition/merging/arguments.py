"""Arguments of fields and executable directives: the common ones, as narrow as any subgraph needs.

Codes: REQUIRED_ARGUMENT_MISSING_IN_SOME_SUBGRAPH, FIELD_ARGUMENT_TYPE_MISMATCH, FIELD_ARGUMENT_DEFAULT_MISMATCH,
CONTEXTUAL_ARGUMENT_NOT_CONTEXTUAL_IN_ALL_SUBGRAPHS.
"""

from __future__ import annotations

from collections.abc import Mapping

from gateway.composition.merging.applied import merge_applied
from gateway.composition.merging.context import Merge, find
from gateway.composition.merging.joins import quoted
from gateway.composition.merging.references import merge_default, merge_type
from gateway.composition.merging.types import merge_description
from gateway.composition.schema import Argument, DirectiveDef, FieldDef

__all__ = ["context_arguments", "merge_arguments"]


def merge_arguments(
    merge: Merge, merged: FieldDef | DirectiveDef, sources: Mapping[int, FieldDef | DirectiveDef]
) -> None:
    """Give the merged field or directive the arguments that every source has."""
    owner = merged.coordinate if isinstance(merged, FieldDef) else f"@{merged.name}"
    for name in dict.fromkeys(n for source in sources.values() for n in source.args):
        having = {i: source.args[name] for i, source in sources.items() if name in source.args}
        lacking = [i for i in sources if i not in having]
        coordinate = f"{owner}({name}:)"
        contextual = {i for i, argument in having.items() if find(argument.directives, "fromContext") is not None}
        if contextual:
            _check_contextual(merge, coordinate, having, contextual)
        elif lacking:
            _leave_out(merge, coordinate, having, lacking)
        else:
            argument = Argument(name, "")
            argument.description = merge_description(merge, having, coordinate)
            argument.directives = merge_applied(merge, having, coordinate)
            types = {i: source.type for i, source in having.items()}
            code = "FIELD_ARGUMENT_TYPE_MISMATCH"
            argument.type = merge_type(merge, types, having, coordinate, code, inputs=True)
            argument.default = merge_default(merge, having, coordinate, "FIELD_ARGUMENT_DEFAULT_MISMATCH")
            merged.args[name] = argument


def _leave_out(merge: Merge, coordinate: str, having: Mapping[int, Argument], lacking: list[int]) -> None:
    required = [i for i, argument in having.items() if argument.required]
    if required:
        message = f'Argument "{coordinate}" is required in {merge.named(required)} but does not appear in {merge.named(lacking)}.'
        hint = "add the argument there, or make it optional"
        merge.error("REQUIRED_ARGUMENT_MISSING_IN_SOME_SUBGRAPH", message, having, coordinate, hint)
    else:
        message = f'Argument "{coordinate}" is left out: it does not appear in {merge.named(lacking)}.'
        merge.note("INCONSISTENT_ARGUMENT_PRESENCE", message, coordinate)


def _check_contextual(merge: Merge, coordinate: str, having: Mapping[int, Argument], contextual: set[int]) -> None:
    plain = {i: argument for i, argument in having.items() if i not in contextual}
    required = {i: argument for i, argument in plain.items() if argument.required}
    code = "CONTEXTUAL_ARGUMENT_NOT_CONTEXTUAL_IN_ALL_SUBGRAPHS"
    if required:
        message = f'Argument "{coordinate}" comes from a context elsewhere but is required in {merge.named(required)}.'
        merge.error(code, message, having, coordinate, "make it optional there, or take it from a context there too")
    elif plain:
        message = f'Argument "{coordinate}" comes from a context elsewhere; {merge.named(plain)} never gets it.'
        merge.note(code, message, coordinate)


def context_arguments(merge: Merge, index: int, source: FieldDef) -> list[str]:
    """The printed ``contextArguments`` of a field in one subgraph."""
    found: list[str] = []
    for argument in source.args.values():
        application = find(argument.directives, "fromContext")
        text = application.args.get("field") if application is not None else None
        if not isinstance(text, str):
            continue
        name, rest = _split(text)
        context = f"{merge.subgraphs[index].name}__{name}"
        found.append(
            f"{{context: {quoted(context)}, name: {quoted(argument.name)}, "
            f"type: {quoted(argument.type)}, selection: {quoted(rest)}}}"
        )
    return found


def _split(text: str) -> tuple[str, str]:
    """The context's name and the rest of ``"$name selection"``, the rest untrimmed."""
    body = text.lstrip().removeprefix("$")
    length = next((i for i, c in enumerate(body) if not (c.isalnum() or c == "_")), len(body))
    return body[:length], body[length:]
