"""Composition: subgraph SDLs in, the supergraph or every mistake out.

The stages, in order; a stage that finds mistakes ends the run, and everything that stage found is told::

    parse      each SDL on its own                                      subgraph.parse_sdl
    lower      composite schemas brought to federation's terms          composite.lower
    read       links, definitions, references; then GraphQL's rules,    subgraph.read_subgraph, graphql_rules,
               then federation's, each only where the last was clean    federation_rules
    upgrade    Federation 1 subgraphs, if there are any                 upgrade.upgrade
    prepare    names, header, composed directives                       merging.merge.prepare
    merge      types, fields, arguments, directives                     merging.merge.merge_subgraphs
    judge      the merged schema as a whole                             merged_rules
    satisfy    every query of the API must have a way                   satisfiability.check
    print      join specification                                       printer.print_supergraph
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from gateway.composition import facts as facts_of
from gateway.composition.composite import Lowered, lower
from gateway.composition.federation_rules import federation_mistakes
from gateway.composition.graphql_rules import graphql_mistakes
from gateway.composition.merged_rules import merged_mistakes
from gateway.composition.merging.merge import merge_subgraphs, prepare
from gateway.composition.printer import print_supergraph
from gateway.composition.report import Hint, failed, in_subgraph
from gateway.composition.satisfiability import Budget, unsatisfied
from gateway.composition.subgraph import (
    Subgraph,
    SubgraphSDL,
    Syntax,
    new_query,
    parse_sdl,
    read_subgraph,
    rename_roots,
)
from gateway.composition.upgrade import upgrade
from gateway.errors import Mistake

__all__ = ["Composed", "compose"]


@dataclass(frozen=True, slots=True)
class Composed:
    """The supergraph's SDL, and what deserves a look though it composes."""

    supergraph_sdl: str
    hints: tuple[Hint, ...] = ()


def compose(subgraphs: Sequence[SubgraphSDL], *, budget: Budget | None = None) -> Composed:
    """The supergraph of the subgraphs, whatever their order.

    Raises ``CompositionFailed`` with every mistake of the first stage that finds any.
    """
    ordered = _sorted(subgraphs)
    syntaxes, lowered = _lower(_parse(ordered))
    read = _read(syntaxes)
    read = _upgrade(read)
    for subgraph in read:
        subgraph.schema.types.setdefault("Query", new_query())
    merge = prepare(read, [facts_of.gather(subgraph) for subgraph in read])
    _stop_at(merge.mistakes)
    merge_subgraphs(merge)
    _stop_at(merge.mistakes)
    for stage in merged_mistakes(merge):
        _stop_at(stage)
    _stop_at(unsatisfied(merge, budget or Budget()))
    return Composed(print_supergraph(merge, lowered.entries), (*lowered.hints, *merge.hints))


def _stop_at(mistakes: Sequence[Mistake]) -> None:
    if mistakes:
        raise failed(mistakes)


def _sorted(subgraphs: Sequence[SubgraphSDL]) -> list[SubgraphSDL]:
    ordered = sorted(subgraphs, key=lambda subgraph: subgraph.name)
    _stop_at(
        [
            Mistake(
                "DUPLICATE_SUBGRAPH_NAME",
                f'Two subgraphs are named "{later.name}".',
                where=later.name,
                hint="give each subgraph a name of its own",
                subgraphs=(later.name,),
            )
            for earlier, later in pairwise(ordered)
            if earlier.name == later.name
        ]
    )
    return ordered


def _parse(sources: Sequence[SubgraphSDL]) -> list[Syntax]:
    parsed = [parse_sdl(source) for source in sources]
    _stop_at([entry for entry in parsed if isinstance(entry, Mistake)])
    return [entry for entry in parsed if isinstance(entry, Syntax)]


def _lower(syntaxes: Sequence[Syntax]) -> tuple[list[Syntax], Lowered]:
    """Subgraphs in the composite schemas dialect as federation would write them; the others as they are."""
    lowered = lower([(each.source.name, each.document, each.source.dialect) for each in syntaxes])
    _stop_at(lowered.mistakes)
    documents = lowered.documents
    return [replace(each, document=documents.get(each.source.name, each.document)) for each in syntaxes], lowered


def _read(syntaxes: Sequence[Syntax]) -> list[Subgraph]:
    """Each subgraph read and judged on its own; Federation 1 ones meet federation's rules after their upgrade."""
    read: list[Subgraph] = []
    mistakes: list[Mistake] = []
    for syntax in syntaxes:
        subgraph, found = read_subgraph(syntax)
        if subgraph is not None and not found:
            found = graphql_mistakes(subgraph)
        if subgraph is not None and not found:
            found = rename_roots(subgraph)
            if not found and subgraph.federation is not None:
                found = federation_mistakes(facts_of.gather(subgraph))
        mistakes.extend(in_subgraph(syntax.source.name, found))
        if subgraph is not None:
            read.append(subgraph)
    _stop_at(mistakes)
    return read


def _upgrade(subgraphs: list[Subgraph]) -> list[Subgraph]:
    if all(subgraph.federation is not None for subgraph in subgraphs):
        return subgraphs
    upgraded, mistakes = upgrade(subgraphs)
    _stop_at(mistakes)
    for subgraph in upgraded:
        if subgraph.upgraded:
            mistakes.extend(in_subgraph(subgraph.name, federation_mistakes(facts_of.gather(subgraph))))
    _stop_at(mistakes)
    return upgraded
