"""The prover's part on contextual arguments: each is given, by a variable, what its context's selection says.

Part of the prover; shares no code with the planner's search.
"""

from __future__ import annotations

from collections.abc import Iterator

from graphql import FieldNode, VariableNode

from gateway.planning.knowledge import Place, follow
from gateway.planning.plan import ContextInput, EntityBatch, InputField, InputSelection
from gateway.supergraph.fieldset import FieldSet, FieldSetField
from gateway.supergraph.model import ContextArgument, FieldJoin, Supergraph

__all__ = ["context_problems", "contextual_names"]


def contextual_names(join: FieldJoin | None) -> frozenset[str]:
    """The arguments of a field that the gateway fills from contexts in one subgraph."""
    return frozenset(each.name for each in join.context_arguments) if join is not None else frozenset()


def context_problems(
    supergraph: Supergraph, root: Place, batch: EntityBatch | None, node: FieldNode, join: FieldJoin
) -> Iterator[str]:
    """What is wrong with the contextual arguments of ``node``, a field that ``batch`` (None: no batch) asks for."""
    given = {argument.name.value: argument.value for argument in node.arguments or ()}
    offered = {each.variable: each for each in batch.contexts} if batch is not None else {}
    for argument in join.context_arguments:
        value = given.get(argument.name)
        context = offered.get(value.name.value) if isinstance(value, VariableNode) else None
        where = f"{node.name.value}({argument.name}:)"
        if batch is None or context is None:
            yield f"{where} takes its value from {argument.context}, which is not handed down"
        elif context.type != argument.type:
            yield f"{where} is of type {argument.type}, and {context.type} is handed down"
        else:
            yield from _source_problems(supergraph, root, batch, context, argument, where)


def _source_problems(
    supergraph: Supergraph,
    root: Place,
    batch: EntityBatch,
    context: ContextInput,
    argument: ContextArgument,
    where: str,
) -> Iterator[str]:
    for target in batch.targets:
        above = len(target) - context.up
        rest = target[above:]
        guarded = frozenset(rest[0][1:].split("|")) if rest and rest[0].startswith("|") else None
        for spot in follow(root, target[:above]):
            if isinstance(spot, str):
                yield spot
                continue
            for each in sorted(spot.types if guarded is None else spot.types & guarded):
                if not supergraph.sets(each, argument.context):
                    yield f"{where} is read of {each}, which does not set {argument.context}"
                elif not _reads(supergraph, spot.place, each, context.selections, argument.selection):
                    yield f"{where} does not read what {argument.context} selects of {each}"


def _reads(
    supergraph: Supergraph, place: Place, type: str, parts: tuple[InputSelection, ...], wanted: FieldSet
) -> bool:
    """Whether ``parts`` read the field chain ``wanted`` of an object of ``type``, and it has been fetched."""
    for each in wanted:
        if not isinstance(each, FieldSetField):
            within = supergraph.possible_types(each.type) or (each.type,)
            if type in within and not _reads(supergraph, place, type, parts, each.selections):
                return False
            continue
        found = [part for part in _fields_for(parts, type) if part.name == each.name]
        value = place.value(type, found[0].source) if found else None
        if value is None or value.identity != (each.name, each.arguments):
            return False
        value.used = True
        below = value.place
        if below is not None and not all(
            _reads(supergraph, below, one, found[0].selections, each.selections) for one in sorted(below.alive)
        ):
            return False
    return True


def _fields_for(parts: tuple[InputSelection, ...], type: str) -> Iterator[InputField]:
    for part in parts:
        if isinstance(part, InputField):
            yield part
        elif type in part.types:
            yield from _fields_for(part.selections, type)
