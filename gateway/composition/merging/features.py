"""Specification directives that the supergraph carries on: their names, the header that links them, their definitions.

Code: LINK_IMPORT_NAME_MISMATCH.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from gateway.composition.merging.context import Merge, free_alias, listed
from gateway.composition.specs import CONNECT, Version
from gateway.composition.subgraph import spots
from gateway.errors import Mistake

__all__ = ["FEATURES", "Feature", "connect_link", "feature_links", "join_version", "settle_names"]


@dataclass(frozen=True)
class Feature:
    """A directive the supergraph keeps: which specification holds it there, and its definition after the name."""

    spec: str
    version: str
    purpose: str
    definition: str
    repeatable: bool = False
    defaults: tuple[tuple[str, object], ...] = ()


_AUTH = " on FIELD_DEFINITION | OBJECT | INTERFACE | SCALAR | ENUM"
_PLACES = (
    "FIELD_DEFINITION | OBJECT | INTERFACE | UNION | ARGUMENT_DEFINITION | SCALAR | ENUM | ENUM_VALUE | INPUT_OBJECT"
)
FEATURES: dict[str, Feature] = {
    "tag": Feature(
        "tag", "v0.3", "", f"(name: String!) repeatable on {_PLACES} | INPUT_FIELD_DEFINITION | SCHEMA", True
    ),
    "inaccessible": Feature("inaccessible", "v0.2", "SECURITY", f" on {_PLACES} | INPUT_FIELD_DEFINITION"),
    "authenticated": Feature("authenticated", "v0.1", "SECURITY", _AUTH),
    "requiresScopes": Feature("requiresScopes", "v0.1", "SECURITY", f"(scopes: [[requiresScopes__Scope!]!]!){_AUTH}"),
    "policy": Feature("policy", "v0.1", "SECURITY", f"(policies: [[policy__Policy!]!]!){_AUTH}"),
    "context": Feature("context", "v0.1", "SECURITY", "(name: String!) repeatable on INTERFACE | OBJECT | UNION", True),
    "cost": Feature(
        "cost",
        "v0.1",
        "",
        "(weight: Int!) on ARGUMENT_DEFINITION | ENUM | FIELD_DEFINITION | INPUT_FIELD_DEFINITION | OBJECT | SCALAR",
    ),
    "listSize": Feature(
        "cost",
        "v0.1",
        "",
        "(assumedSize: Int, slicingArguments: [String!], sizedFields: [String!], "
        "requireOneSlicingArgument: Boolean = true) on FIELD_DEFINITION",
        defaults=(("requireOneSlicingArgument", True),),
    ),
    "cacheTag": Feature("cacheTag", "v0.1", "EXECUTION", ""),
}
_CONNECT_RAISES: dict[Version, Version] = {(0, 1): (2, 10), (0, 2): (2, 11), (0, 3): (2, 12), (0, 4): (2, 13)}


def settle_names(merge: Merge) -> None:
    """Find which features the subgraphs apply, and under what name; one name for all, or a mistake."""
    used: dict[str, dict[str, list[int]]] = {}
    for index, subgraph in enumerate(merge.subgraphs):
        built_in = (definition.directives for definition in subgraph.aside)
        for applied in (*(spot.applied for spot in spots(subgraph.schema)), *built_in):
            for application in applied:
                if application.element in FEATURES:
                    places = used.setdefault(application.element, {}).setdefault(application.name, [])
                    if index not in places:
                        places.append(index)
    for element in FEATURES:
        names = used.get(element)
        if names is None:
            continue
        merge.names[element] = next(iter(names))
        if len(names) > 1:
            uses = listed([f'"@{name}" in {merge.named(indexes)}' for name, indexes in names.items()])
            involved = tuple(merge.subgraphs[i].name for indexes in names.values() for i in indexes)
            message = f'The "@{element}" directive has several names: {uses}.'
            hint = f'import "@{element}" under one name in every subgraph'
            merge.mistakes.append(Mistake("LINK_IMPORT_NAME_MISMATCH", message, f"@{element}", hint, involved))
            return


def join_version(merge: Merge) -> str:
    """The join specification's version that the highest federation version calls for."""
    highest = max((subgraph.version for subgraph in merge.subgraphs), default=(2, 0))
    for index, subgraph in enumerate(merge.subgraphs):
        connect = subgraph.links.by_identity(CONNECT)
        wanted = _CONNECT_RAISES.get(connect.version) if connect is not None else None
        if wanted is not None and wanted > highest:
            highest = wanted
            merge.note(
                "IMPLICITLY_UPGRADED_FEDERATION_VERSION",
                f"{merge.named([index])} links {connect.url if connect else ''}, which needs federation "
                f"v{wanted[0]}.{wanted[1]}: the supergraph uses that version.",
                "schema",
            )
    if highest < (2, 7):
        return "v0.3"
    return "v0.4" if highest < (2, 8) else "v0.5"


def feature_links(merge: Merge, taken: set[str]) -> list[str]:
    """The ``@link`` of each specification whose directives are applied; ``taken`` are names of composed directives."""
    links: list[str] = []
    done: set[str] = set()
    for element, feature in FEATURES.items():
        if element not in merge.names or feature.spec in done:
            continue
        done.add(feature.spec)
        alias = free_alias(feature.spec, taken)
        imports = [
            _import(other, merge.names[other])
            for other, another in FEATURES.items()
            if another.spec == feature.spec
            and other in merge.names
            and _needs_import(other, feature.spec, alias, merge)
        ]
        parts = [f'url: "https://specs.apollo.dev/{feature.spec}/{feature.version}"']
        if alias != feature.spec:
            parts.append(f'as: "{alias}"')
        if feature.purpose:
            parts.append(f"for: {feature.purpose}")
        if imports:
            parts.append(f"import: [{', '.join(imports)}]")
        links.append(f"@link({', '.join(parts)})")
    return links


def _needs_import(element: str, spec: str, alias: str, merge: Merge) -> bool:
    if spec == "cacheTag":
        return False
    return merge.names[element] != element or element != spec or alias != spec


def _import(element: str, name: str) -> str:
    return f'"@{element}"' if element == name else f'{{name: "@{element}", as: "@{name}"}}'


def connect_link(merge: Merge) -> tuple[list[str], list[str]]:
    """The link to the connect specification and the subgraphs' own links to it, kept as ``@join__directive``."""
    kept: dict[str, list[str]] = {}
    newest: Version = (0, 3)
    for index, subgraph in enumerate(merge.subgraphs):
        link = subgraph.links.by_identity(CONNECT)
        if link is None:
            continue
        newest = max(newest, link.version)
        args = [f'url: "{link.url}"']
        if link.alias != link.spec:
            args.append(f'as: "{link.alias}"')
        if link.imports:
            entries = [
                json.dumps(i.name) if i.name == i.local else f'{{name: "{i.name}", as: "{i.local}"}}'
                for i in link.imports
            ]
            args.append(f"import: [{', '.join(entries)}]")
        kept.setdefault(", ".join(args), []).append(merge.graphs[index])
    if not kept:
        return [], []
    links = [f'@link(url: "{CONNECT}/v{newest[0]}.{newest[1]}", for: EXECUTION)']
    return links, [
        f'@join__directive(graphs: [{", ".join(graphs)}], name: "link", args: {{{args}}})'
        for args, graphs in kept.items()
    ]
