"""Fields that only the merge shows to be wrong.

Codes: INTERFACE_FIELD_NO_IMPLEM; REQUIRES_INVALID_FIELDS for arguments the supergraph no longer has or now needs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gateway.composition import typerefs
from gateway.composition.facts import parsed_fields, set_applications
from gateway.composition.fieldsets import Selection
from gateway.composition.merging.context import Merge
from gateway.errors import Mistake

__all__ = ["misfit_requires", "missing_implementations"]


def missing_implementations(merge: Merge) -> Iterator[Mistake]:
    """A mistake for each field an interface has got from one subgraph that an implementation of another lacks."""
    types = merge.schema.types
    for merged in types.values():
        for interface in merged.interfaces:
            for item in types[interface].fields.values() if interface in types else ():
                if item.name in merged.fields:
                    continue
                declaring = [i for i, s in merge.sources(interface).items() if item.name in s.fields]
                implementing = {i: s for i, s in merge.sources(merged.name).items() if interface in s.interfaces}
                message = (
                    f'Interface field "{item.coordinate}" is declared in {merge.named(declaring)} but type '
                    f'"{merged.name}", which implements "{interface}" in {merge.named(implementing)}, lacks it.'
                )
                lines = "; ".join(f"{merge.subgraphs[i].name}: line {s.line}" for i, s in implementing.items())
                hint = f'add "{item.name}" to "{merged.name}", or take it off the interface'
                names = tuple(merge.subgraphs[i].name for i in (*declaring, *implementing))
                yield Mistake("INTERFACE_FIELD_NO_IMPLEM", message, f"{merged.name} ({lines})", hint, names)


def misfit_requires(merge: Merge) -> Iterator[Mistake]:
    """A mistake for each ``@requires`` whose arguments no longer fit the merged field."""
    for subgraph in merge.subgraphs:
        for item, application in set_applications(subgraph, "requires"):
            problem = next(_argument_problems(merge, parsed_fields(application), item.owner), "")
            if problem:
                text = application.args.get("fields")
                message = f'[{subgraph.name}] On {item.coordinate}, for @requires(fields: "{text}"): {problem}'
                where = f"{item.coordinate} ({subgraph.name}: line {application.line})"
                hint = "give exactly the arguments that the field has in the supergraph"
                yield Mistake("REQUIRES_INVALID_FIELDS", message, where, hint, (subgraph.name,))


def _argument_problems(merge: Merge, selections: Sequence[Selection], owner: str) -> Iterator[str]:
    definition = merge.schema.types.get(owner)
    for entry in selections:
        if not entry.name:
            yield from _argument_problems(merge, entry.children, entry.condition or owner)
            continue
        item = definition.fields.get(entry.name) if definition is not None else None
        if item is None:
            continue
        given = dict(entry.args)
        for name in given:
            if name not in item.args:
                yield f'argument "{item.coordinate}({name}:)" is not in the supergraph: some subgraphs lack it'
        for argument in item.args.values():
            if argument.required and argument.name not in given:
                yield f'argument "{item.coordinate}({argument.name}:)" is required in the supergraph but not given'
        yield from _argument_problems(merge, entry.children, typerefs.base(item.type))
