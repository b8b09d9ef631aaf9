"""``@composeDirective``: which directives of the teams' own the supergraph keeps. Code: DIRECTIVE_COMPOSITION_ERROR."""

from __future__ import annotations

from dataclasses import dataclass, replace

from gateway.composition.links import Link
from gateway.composition.merging.applied import MERGED
from gateway.composition.merging.context import ComposedDirective, Merge, free_alias
from gateway.composition.schema import DirectiveDef
from gateway.composition.specs import FEDERATION
from gateway.composition.subgraph import spots
from gateway.errors import Mistake

__all__ = ["composed_links", "settle_composed"]

_HINT_ONLY = ("tag", "inaccessible", "authenticated", "requiresScopes", "policy")


@dataclass(frozen=True)
class _Request:
    """One valid ``@composeDirective``: who asks, for which local name, from which linked element."""

    index: int
    name: str
    link: Link
    element: str


def settle_composed(merge: Merge) -> None:
    """Judge every ``@composeDirective`` and define the directives that remain in the merged schema."""
    requests: list[_Request] = []
    for index, subgraph in enumerate(merge.subgraphs):
        for application in subgraph.schema.applied:
            if application.element == "composeDirective":
                request = _request(merge, index, application.args.get("name"))
                if request is not None:
                    requests.append(request)
    requests += _of_federation_1(merge, requests)
    _note_mismatched_majors(merge, {request.link.identity for request in requests})
    refused = _mismatched_majors(merge, requests)
    requests = [request for request in requests if request.link.identity not in refused]
    refused_names = _mismatched_names(merge, requests)
    for name in dict.fromkeys(request.name for request in requests if request.name not in refused_names):
        _define(merge, [request for request in requests if request.name == name])
    for name in merge.composed:
        merge.schema.directives[name] = _carried(merge.schema.directives[name], merge)


def _of_federation_1(merge: Merge, requests: list[_Request]) -> list[_Request]:
    """What Federation 1 subgraphs ask for without words: it has no ``@composeDirective``.

    Such a subgraph that links a specification takes part in those of its directives that others compose.
    """
    asked = dict.fromkeys((request.name, request.link.identity, request.element) for request in requests)
    found: list[_Request] = []
    for index, subgraph in enumerate(merge.subgraphs):
        for name, identity, element in asked if subgraph.upgraded else ():
            source = subgraph.links.source_of(f"@{name}") if name in subgraph.schema.directives else None
            if source is not None and (source[0].identity, source[1]) == (identity, element):
                found.append(_Request(index, name, source[0], element))
    return found


def _error(merge: Merge, message: str, indexes: list[int], hint: str) -> None:
    names = tuple(merge.subgraphs[i].name for i in indexes)
    merge.mistakes.append(Mistake("DIRECTIVE_COMPOSITION_ERROR", message, "schema", hint, names))


def _request(merge: Merge, index: int, raw: object) -> _Request | None:
    subgraph = merge.subgraphs[index]
    where = f'subgraph "{subgraph.name}"'
    if not isinstance(raw, str) or not raw:
        _error(merge, f"@composeDirective in {where} names no directive", [index], 'write name: "@directive"')
        return None
    if not raw.startswith("@"):
        message = f'Argument to @composeDirective "{raw}" in {where} must have a leading "@"'
        _error(merge, message, [index], f'write name: "@{raw}"')
        return None
    name = raw[1:]
    found = subgraph.links.source_of(raw)
    if name not in subgraph.schema.directives:
        message = f'Could not find a definition of the directive that @composeDirective names in {where}: "{raw}"'
        hint = f"define {raw} there; if it is imported under another name, write that name"
        _error(merge, message, [index], hint)
        return None
    if found is None:
        message = f'Directive "{raw}" in {where} cannot be composed because it belongs to no linked specification'
        hint = f'link a specification of your own: @link(url: "https://.../v1.0", import: ["{raw}"])'
        _error(merge, message, [index], hint)
        return None
    link, element = found
    if link.identity == FEDERATION:
        if element[1:] in _HINT_ONLY:
            message = f'"{raw}" in {where} is composed anyway: @composeDirective is not needed for it.'
            merge.note("DIRECTIVE_COMPOSITION_INFO", message, raw)
        else:
            message = f'Composing the federation directive "{raw}" in {where} is not supported'
            _error(merge, message, [index], "leave out this @composeDirective")
        return None
    taken = [i for i, other in enumerate(merge.subgraphs) if name in (other.local("tag"), other.local("inaccessible"))]
    if taken or name in merge.names.values():
        message = f'Directive "{raw}" in {where} cannot be composed: a federation directive has that name elsewhere'
        _error(merge, message, [index, *taken], "import one of the two under another name")
        return None
    return _Request(index, name, link, element)


def _note_mismatched_majors(merge: Merge, composed: set[str]) -> None:
    """Hint at specifications nobody composes that subgraphs link in several major versions."""
    majors: dict[str, set[int]] = {}
    for subgraph in merge.subgraphs:
        for link in subgraph.links.items:
            if not link.identity.startswith("https://specs.apollo.dev/"):
                majors.setdefault(link.identity, set()).add(link.version[0])
    for identity, versions in majors.items():
        if len(versions) > 1 and identity not in composed:
            message = f'Specification "{identity}", which is not composed, is linked in several major versions.'
            merge.note("DIRECTIVE_COMPOSITION_INFO", message, identity)


def _mismatched_majors(merge: Merge, requests: list[_Request]) -> set[str]:
    refused: set[str] = set()
    for identity in dict.fromkeys(request.link.identity for request in requests):
        asking = [request for request in requests if request.link.identity == identity]
        if len({request.link.version[0] for request in asking}) > 1:
            refused.add(identity)
            message = f'Specification "{identity}" is composed from several major versions'
            indexes = list(dict.fromkeys(request.index for request in asking))
            _error(merge, message, indexes, "link the same major version in every subgraph that composes it")
    return refused


def _mismatched_names(merge: Merge, requests: list[_Request]) -> set[str]:
    refused: set[str] = set()
    for name in dict.fromkeys(request.name for request in requests):
        asking = [request for request in requests if request.name == name]
        indexes = [request.index for request in asking]
        if len({request.element for request in asking}) > 1:
            refused.add(name)
            message = f'Composed directive "@{name}" is not the same directive in every subgraph'
            _error(merge, message, indexes, "import the directives under different names")
        if len({request.link.identity for request in asking}) > 1:
            refused.add(name)
            message = f'Composed directive "@{name}" is not of the same linked specification in every subgraph'
            _error(merge, message, indexes, "link it from one specification, or give it different names")
    by_element: dict[tuple[str, str], dict[str, int]] = {}
    for request in requests:
        by_element.setdefault((request.link.identity, request.element), {}).setdefault(request.name, request.index)
    for (identity, element), names in by_element.items():
        if len(names) > 1:
            refused |= set(names)
            known = ", ".join(f'"@{name}"' for name in names)
            message = f'Directive "{element}" of {identity} is composed under several names: {known}'
            _error(merge, message, list(names.values()), "import it under one name")
    return refused


def _define(merge: Merge, asking: list[_Request]) -> None:
    """Take the definition from a subgraph with the highest version (the last such), and remember who composes."""
    first = asking[0]
    version = max(request.link.version for request in _of_identity(merge, first.link.identity))
    holders = [
        subgraph
        for subgraph in merge.subgraphs
        if (link := subgraph.links.by_identity(first.link.identity)) is not None
        and link.version == version
        and first.name in subgraph.schema.directives
    ]
    if not holders:
        message = f'Directive "@{first.name}" has no definition in the subgraphs that link {first.link.identity} newest'
        _error(merge, message, [request.index for request in asking], "define the directive there")
        return
    merge.composed[first.name] = ComposedDirective(first.name, frozenset(request.index for request in asking))
    merge.schema.directives[first.name] = holders[-1].schema.directives[first.name]
    _warn_of_others(merge, first)


def _carried(definition: DirectiveDef, merge: Merge) -> DirectiveDef:
    """The definition with only such directives on its arguments as the supergraph knows."""
    args = {
        name: replace(
            argument, directives=[a for a in argument.directives if a.element in MERGED or a.name in merge.composed]
        )
        for name, argument in definition.args.items()
    }
    return replace(definition, args=args)


def _warn_of_others(merge: Merge, request: _Request) -> None:
    """Hint at subgraphs that link the same specification and apply the directive without composing it."""
    composers = merge.composed[request.name].composers
    for index, subgraph in enumerate(merge.subgraphs):
        if index in composers or subgraph.links.by_identity(request.link.identity) is None:
            continue
        if any(a.name == request.name for spot in spots(subgraph.schema) for a in spot.applied):
            message = f'"@{request.name}" is composed elsewhere but not in {merge.named([index])}, which applies it.'
            merge.note("DIRECTIVE_COMPOSITION_WARN", message, f"@{request.name}")


def _of_identity(merge: Merge, identity: str) -> list[_Request]:
    """Every composing subgraph's link to a specification."""
    found: list[_Request] = []
    for index, subgraph in enumerate(merge.subgraphs):
        link = subgraph.links.by_identity(identity)
        if link is None:
            continue
        for application in subgraph.schema.applied:
            raw = application.args.get("name") if application.element == "composeDirective" else None
            source = subgraph.links.source_of(raw) if isinstance(raw, str) else None
            if source is not None and source[0].identity == identity:
                found.append(_Request(index, str(raw)[1:], link, source[1]))
    return found


def composed_links(merge: Merge) -> dict[str, str]:
    """The ``@link`` of each specification that composed directives come from, by the name it is linked as."""
    chosen: dict[str, tuple[Link, list[str]]] = {}
    used = {"link", "join"}
    for name, composed in merge.composed.items():
        subgraph = merge.subgraphs[min(composed.composers)]
        found = subgraph.links.source_of(f"@{name}")
        if found is None:
            continue
        link, element = found
        newest = max((request.link for request in _of_identity(merge, link.identity)), key=lambda entry: entry.version)
        entry = f'"@{name}"' if element == f"@{name}" else f'{{name: "{element}", as: "@{name}"}}'
        chosen.setdefault(link.identity, (newest, []))[1].append(entry)
    printed: dict[str, str] = {}
    for identity in sorted(chosen):
        newest, entries = chosen[identity]
        alias = free_alias(newest.spec, used)
        used.add(alias)
        renamed = f'as: "{alias}", ' if alias != newest.spec else ""
        printed[alias] = f'@link(url: "{newest.url}", {renamed}import: [{", ".join(entries)}])'
    return printed
