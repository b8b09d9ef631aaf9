"""Arguments by which a record could be found and that do not say what they read."""

from __future__ import annotations

from collections.abc import Iterator

from graphql import GraphQLInputObjectType, GraphQLInputType, get_named_type

from gateway.coordinates import Coordinate
from gateway.enforcement.shapes import Shapes
from gateway.errors import Mistake
from gateway.policy import Policy
from gateway.supergraph import Supergraph

__all__ = ["silent_arguments"]

_READS_NOTHING = frozenset({"first", "last", "after", "before", "direction"})  # where a page begins, which way it goes


def silent_arguments(supergraph: Supergraph, policy: Policy, shapes: Shapes) -> tuple[Mistake, ...]:
    """One mistake, ``ARGUMENT_WITHOUT_READS``, for each argument of a governed query field without ``@reads``.

    Input types are looked through. An argument that reads nothing says so too: ``@reads(fields: [])``. Without it the
    gateway cannot tell that a caller looks for, filters or orders by what is not shared with them (adversarial A15).
    """
    root = supergraph.api_schema.query_type
    if root is None:
        return ()
    silent = {
        place: f"{root.name}.{name}"
        for name, field in root.fields.items()
        if Coordinate(root.name, name) in policy.catalogue.entries
        for argument, given in field.args.items()
        for place in _silent(f"{root.name}.{name}({argument}:)", argument, given.type, shapes, frozenset())
    }
    return tuple(
        Mistake(
            "ARGUMENT_WITHOUT_READS",
            f"{place} can be asked by and does not say which fields it reads.",
            where,
            "Add @reads(fields: [...]) with the coordinates whose values it tests, or @reads(fields: []) for none.",
        )
        for place, where in sorted(silent.items())
    )


def _silent(place: str, name: str, type: GraphQLInputType, shapes: Shapes, seen: frozenset[str]) -> Iterator[str]:
    kind = get_named_type(type)
    if name in _READS_NOTHING or place in shapes.reads:
        return
    if not isinstance(kind, GraphQLInputObjectType):
        yield place
    elif kind.name not in seen:
        for inner, given in kind.fields.items():
            yield from _silent(f"{kind.name}.{inner}", inner, given.type, shapes, seen | {kind.name})
