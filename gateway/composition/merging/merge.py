"""The merge as one list of steps; every mistake of every step is kept."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.composition.facts import Facts
from gateway.composition.merging.access import spread_access
from gateway.composition.merging.applied import merge_applied
from gateway.composition.merging.composed import composed_links, settle_composed
from gateway.composition.merging.context import Merge, graph_names
from gateway.composition.merging.executables import merge_executables
from gateway.composition.merging.features import connect_link, feature_links, join_version, settle_names
from gateway.composition.merging.fields import merge_fields
from gateway.composition.merging.interface_objects import add_interface_object_fields
from gateway.composition.merging.joins import kept_joins
from gateway.composition.merging.types import create_types, merge_description, merge_enums, merge_inputs, merge_unions
from gateway.composition.read import ROOT_NAMES
from gateway.composition.schema import Kind, Schema
from gateway.composition.subgraph import Subgraph
from gateway.errors import Mistake

__all__ = ["merge_subgraphs", "prepare"]


def prepare(subgraphs: Sequence[Subgraph], facts: Sequence[Facts]) -> Merge:
    """A merge whose header is settled: which specifications are linked, which directives composed."""
    merge = Merge(list(subgraphs), list(facts), graph_names([subgraph.name for subgraph in subgraphs]))
    merge.schema = Schema()
    settle_names(merge)
    settle_composed(merge)
    composed = composed_links(merge)
    connect, kept = connect_link(merge)
    schemas = {i: SchemaHolder(subgraph.schema) for i, subgraph in enumerate(merge.subgraphs)}
    merge.links = [
        '@link(url: "https://specs.apollo.dev/link/v1.0")',
        f'@link(url: "https://specs.apollo.dev/join/{join_version(merge)}", for: EXECUTION)',
        *feature_links(merge, {*merge.composed, *composed}),
        *connect,
        *composed.values(),
        *kept,
        *kept_joins(merge, schemas),
    ]
    for name in merge.composed:
        if name == "join" or name.startswith("join__"):
            message = f'Composed directive "@{name}" has a name that belongs to the join specification.'
            hint = "import it under another name"
            merge.mistakes.append(Mistake("INVALID_LINK_DIRECTIVE_USAGE", message, "schema", hint))
    return merge


def merge_subgraphs(merge: Merge) -> None:
    """Fill the merged schema."""
    create_types(merge)
    merge_unions(merge)
    merge_inputs(merge)
    merge_fields(merge, Kind.INTERFACE)
    merge_fields(merge, Kind.OBJECT)
    merge_executables(merge)
    merge_enums(merge)
    add_interface_object_fields(merge)
    spread_access(merge)
    _merge_roots(merge)


def _merge_roots(merge: Merge) -> None:
    schema = merge.schema
    holders = dict(enumerate(subgraph.schema for subgraph in merge.subgraphs))
    schema.description = merge_description(merge, holders, "schema")
    schema.applied = merge_applied(merge, {i: SchemaHolder(holder) for i, holder in holders.items()}, "schema")
    for operation, name in ROOT_NAMES.items():
        root = schema.types.get(name)
        if root is not None and root.kind is Kind.OBJECT and root.fields:
            schema.roots[operation] = name
    if "query" not in schema.roots:
        schema.types.pop("Query", None)
        message = "No queries found in any subgraph: a supergraph must have a query root type."
        names = tuple(subgraph.name for subgraph in merge.subgraphs)
        hint = "define type Query with at least one field in one of the subgraphs"
        merge.mistakes.append(Mistake("NO_QUERIES", message, "Query", hint, names))


class SchemaHolder:
    """What stands on ``schema``, in the form ``merge_applied`` reads."""

    def __init__(self, schema: Schema) -> None:
        self.directives = schema.applied
