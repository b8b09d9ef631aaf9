"""Directives as applied: defined, in an allowed place, not repeated, arguments right.

Codes: INVALID_GRAPHQL, and INVALID_LINK_DIRECTIVE_USAGE for an element used by a name its import replaced.
"""

from __future__ import annotations

from collections.abc import Iterator

from gateway.composition.inputs import argument_problems
from gateway.composition.schema import Applied
from gateway.composition.subgraph import Spot, Subgraph, spots
from gateway.errors import Mistake

__all__ = ["wrong_applications"]


def wrong_applications(subgraph: Subgraph) -> Iterator[Mistake]:
    """A mistake for each directive applied wrongly."""
    for spot in spots(subgraph.schema):
        seen: set[str] = set()
        for application in spot.applied:
            definition = subgraph.schema.directives.get(application.name)
            if definition is None:
                yield _unknown(subgraph, spot, application)
                continue
            if spot.location not in definition.locations:
                message = f'Directive "@{application.name}" on {spot.coordinate} may not be used on {spot.location}.'
                hint = f"it may stand on {', '.join(definition.locations)}"
                yield _mistake(message, spot, application, hint)
            if application.name in seen and not definition.repeatable:
                message = f'Directive "@{application.name}" is used twice on {spot.coordinate} but is not repeatable.'
                yield _mistake(message, spot, application, "keep one of them")
            seen.add(application.name)
            for problem in argument_problems(application.nodes, definition.args, subgraph.schema):
                message = f'Directive "@{application.name}" on {spot.coordinate}: {problem}.'
                yield _mistake(message, spot, application, "give the arguments that the directive defines")


def _unknown(subgraph: Subgraph, spot: Spot, application: Applied) -> Mistake:
    found = subgraph.links.source_of(f"@{application.name}")
    if found is not None:
        link, element = found
        local = link.local(element)
        if local != application.name and any(entry.name == element for entry in link.imports):
            message = f'"@{application.name}" on {spot.coordinate} is imported as "@{local}" and has that name here.'
            hint = f'write "@{local}"'
            return Mistake("INVALID_LINK_DIRECTIVE_USAGE", message, _where(spot, application), hint)
    hint = f'import "@{application.name}" with @link, or define it'
    if subgraph.federation is None:
        hint = "link federation v2 and import the directive, or define it"
    return _mistake(f'Unknown directive "@{application.name}" on {spot.coordinate}.', spot, application, hint)


def _where(spot: Spot, application: Applied) -> str:
    return f"{spot.coordinate}, line {application.line}"


def _mistake(message: str, spot: Spot, application: Applied, hint: str) -> Mistake:
    return Mistake("INVALID_GRAPHQL", message, _where(spot, application), hint)
