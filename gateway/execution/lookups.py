"""Subgraphs of the composite schemas dialect asked their own way: an ``_entities`` fetch goes out as lookup fields.

The plan is the same for every subgraph. For one that is entered by lookups, this stands between plan and wire::

    query($r0: [_Any!]!) { _e0: _entities(representations: $r0) { ... on Product { price delivery(zip: "1") } } }
    query($_0: ID!, $_1: Int!, $_2: ID!, $_3: Int!) {
      _e0_0: productById(id: $_0) { ... on Product { price delivery(zip: "1", size: $_1) } }
      _e0_1: productById(id: $_2) { ... on Product { price delivery(zip: "1", size: $_3) } }
    }

The answer comes back as the answer to the first, paths of errors and all. Many entities are asked for in several requests
at once, ``MOST`` in each.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, TypeAlias

from graphql import parse, print_ast
from graphql.language import (
    ArgumentNode,
    FieldNode,
    InlineFragmentNode,
    NameNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    VariableNode,
)

from gateway.execution.transport import SubgraphRequest, SubgraphResponse, Transport
from gateway.execution.wire import NotJson, decode, encode
from gateway.supergraph import Lookup, Requirement, Supergraph, value_of
from gateway.supergraph.fieldset import FieldSet, FieldSetField, parse_field_set

__all__ = ["MOST", "ByLookups", "Entries", "ask_by_lookups", "entries_of"]

Send: TypeAlias = Callable[[SubgraphRequest], Awaitable[SubgraphResponse]]

_VARIABLE = re.compile(r"\$(\w+)")
MOST = 100  # entities in one request: some servers limit the root fields of an operation


@dataclass(frozen=True, slots=True)
class Entries:
    """How one subgraph is entered: lookups by type, and what it wants filled by type and field."""

    lookups: dict[str, list[tuple[Lookup, FieldSet]]] = field(default_factory=dict)
    filled: dict[tuple[str, str], Requirement] = field(default_factory=dict)

    def add(self, entry: Lookup | Requirement) -> None:
        """Take one entry of the supergraph in."""
        if isinstance(entry, Lookup):
            self.lookups.setdefault(entry.type, []).append((entry, _key(entry.key)))
        else:
            self.filled[entry.type, entry.field] = entry

    def of(self, representation: Mapping[str, Any]) -> Lookup | None:
        """The lookup whose key the representation holds; the one with most fields where it holds several."""
        found = [
            (len(key), -place, lookup)
            for place, (lookup, key) in enumerate(self.lookups.get(str(representation.get("__typename")), ()))
            if _holds(key, representation)
        ]
        return max(found, key=lambda each: each[:2])[2] if found else None


def entries_of(supergraph: Supergraph) -> dict[str, Entries]:
    """The entries of every subgraph of the graph that has no ``_entities``, by its name."""
    names = {subgraph.graph: subgraph.name for subgraph in supergraph.subgraphs}
    entries: dict[str, Entries] = {}
    for each in supergraph.lookups:
        entries.setdefault(names[each.graph], Entries()).add(each)
    return entries


_key = lru_cache(maxsize=4096)(parse_field_set)


def _holds(key: FieldSet, held: Any) -> bool:
    if isinstance(held, list):
        return all(_holds(key, each) for each in held)
    if not isinstance(held, Mapping):
        return False
    return all(
        isinstance(each, FieldSetField)
        and each.name in held
        and (not each.selections or _holds(each.selections, held[each.name]))
        for each in key
    )


@dataclass(frozen=True, slots=True)
class _Call:
    """One ``_entities`` of a fetch: its alias, the variable of its representations, and what it asks of each type."""

    alias: str
    variable: str
    selections: tuple[SelectionNode, ...]


@dataclass(frozen=True, slots=True)
class _Fetch:
    """A fetch as read: its calls, and the types of its other variables."""

    calls: tuple[_Call, ...]
    variables: Mapping[str, str]


@lru_cache(maxsize=512)
def _read(text: str) -> _Fetch | None:
    """The fetch's calls; None where it has none."""
    operation = parse(text, no_location=True).definitions[0]
    if not isinstance(operation, OperationDefinitionNode):
        return None
    calls = []
    for each in operation.selection_set.selections:
        if isinstance(each, FieldNode) and each.name.value == "_entities" and each.selection_set and each.arguments:
            alias, variable = each.alias or each.name, each.arguments[0].value
            if isinstance(variable, VariableNode):
                calls.append(_Call(alias.value, variable.name.value, tuple(each.selection_set.selections)))
    variables = {each.variable.name.value: print_ast(each.type) for each in operation.variable_definitions or ()}
    return _Fetch(tuple(calls), variables) if calls else None


async def ask_by_lookups(send: Send, entries: Entries, request: SubgraphRequest) -> SubgraphResponse:
    """The answer to ``request`` in the shape it expects, got with ``send`` by the subgraph's lookups.

    What fetches no entities goes out as it is. Raises ``FetchError`` as ``send`` does.
    """
    told = decode(request.body)
    fetch = _read(told["query"])
    if fetch is None:
        return await send(request)
    asked = _Asked(entries, fetch, told.get("variables") or {})
    answers = await asyncio.gather(*(send(replace(request, body=each)) for each in asked.bodies()))
    return asked.answer(answers)


@dataclass(frozen=True, slots=True)
class ByLookups:
    """A transport that asks ``entries``' subgraphs by their lookup fields, all others as it is told."""

    inner: Transport
    entries: Mapping[str, Entries]

    async def send(self, request: SubgraphRequest) -> SubgraphResponse:
        """The answer to ``request``, in the shape of ``_entities``. Raises ``FetchError`` as ``inner`` does."""
        entries = self.entries.get(request.subgraph)
        if entries is None:
            return await self.inner.send(request)
        return await ask_by_lookups(self.inner.send, entries, request)


class _Asked:
    """One fetch on its way: where each representation's answer will be found."""

    def __init__(self, entries: Entries, fetch: _Fetch, variables: Mapping[str, Any]) -> None:
        self.entries = entries
        self.fetch = fetch
        self.variables = variables
        self.places: dict[str, tuple[str, int, tuple[str, ...]]] = {}  # alias -> call, position, steps below the alias
        self.nobody: list[tuple[str, int]] = []
        self.items = [
            (call, position, representation)
            for call in fetch.calls
            for position, representation in enumerate(variables.get(call.variable) or ())
        ]

    def bodies(self) -> list[bytes]:
        """The requests as JSON, ``MOST`` entities in each."""
        lines = [line for each in self.items if (line := self._line(*each)) is not None]
        return [self._body(lines[start : start + MOST]) for start in range(0, len(lines), MOST)]

    def _line(
        self, call: _Call, position: int, representation: Mapping[str, Any]
    ) -> tuple[SelectionNode, dict[str, tuple[str, Any]]] | None:
        """The lookup of one entity, and its variables with type and value."""
        lookup = self.entries.of(representation)
        if lookup is None:
            self.nobody.append((call.alias, position))
            return None
        alias = f"{call.alias}_{position}"
        own: dict[str, tuple[str, Any]] = {}
        arguments = []
        for each in lookup.arguments:
            name = f"{alias}_{each.name}"
            own[name] = (each.type, value_of(each.made, representation))
            arguments.append(_argument(each.name, name))
        inner = self._selected(call.selections, lookup.type, alias, representation, own)
        node = _field(lookup.path[-1], tuple(arguments), inner)
        for step in reversed(lookup.path[:-1]):
            node = _field(step, (), (node,))
        node = replace(node, alias=NameNode(value=alias))
        self.places[alias] = (call.alias, position, lookup.path[1:])
        return node, own

    def _selected(
        self,
        selections: Sequence[SelectionNode],
        type_name: str,
        alias: str,
        representation: Mapping[str, Any],
        own: dict[str, tuple[str, Any]],
    ) -> tuple[SelectionNode, ...]:
        """The selections with the arguments that the subgraph wants filled."""
        found: list[SelectionNode] = []
        for each in selections:
            if isinstance(each, InlineFragmentNode):
                on = each.type_condition.name.value if each.type_condition else type_name
                inner = self._selected(each.selection_set.selections, on, alias, representation, own)
                found.append(replace(each, selection_set=SelectionSetNode(selections=inner)))
            elif isinstance(each, FieldNode) and (type_name, each.name.value) in self.entries.filled:
                found.append(self._filled(each, type_name, alias, representation, own))
            else:
                found.append(each)
        return tuple(found)

    def _filled(
        self,
        node: FieldNode,
        type_name: str,
        alias: str,
        representation: Mapping[str, Any],
        own: dict[str, tuple[str, Any]],
    ) -> FieldNode:
        arguments = list(node.arguments or ())
        for each in self.entries.filled[type_name, node.name.value].arguments:
            name = f"{alias}_{node.name.value}_{each.name}"
            own[name] = (each.type, value_of(each.made, representation))
            arguments.append(_argument(each.name, name))
        return replace(node, arguments=tuple(arguments))

    def _body(self, lines: Sequence[tuple[SelectionNode, dict[str, tuple[str, Any]]]]) -> bytes:
        own = {name: each for _, variables in lines for name, each in variables.items()}
        text = "\n".join(print_ast(node) for node, _ in lines)
        used = set(_VARIABLE.findall(text))
        kept = {name: kind for name, kind in self.fetch.variables.items() if name in used}
        types = {**{name: kind for name, (kind, _) in own.items()}, **kept}
        values = {name: value for name, (_, value) in own.items()}
        values |= {name: self.variables[name] for name in kept if name in self.variables}
        head = ", ".join(f"${name}: {kind}" for name, kind in types.items())
        return encode({"query": f"query({head}) {{ {text} }}", "variables": values})

    def answer(self, answers: Sequence[SubgraphResponse]) -> SubgraphResponse:
        """The answers as one answer to the fetch; the first that is none of GraphQL's as it came."""
        lists = {call.alias: [None] * len(self.variables.get(call.variable) or ()) for call in self.fetch.calls}
        errors: list[dict[str, Any]] = []
        for each in answers:
            page = _page(each)
            if page is None:
                return each
            errors.extend(self._error(one) for one in page.get("errors") or ())
            for alias, value in (page.get("data") or {}).items():
                self._put(lists, alias, value)
        errors.extend(_unknown(alias, position) for alias, position in self.nobody)
        made: dict[str, Any] = {"data": lists}
        if errors:
            made["errors"] = errors
        return SubgraphResponse(200, encode(made))

    def _put(self, lists: dict[str, list[Any]], alias: str, value: Any) -> None:
        place = self.places.get(alias)
        if place is None:
            return
        call, position, steps = place
        for step in steps:
            value = value.get(step) if isinstance(value, Mapping) else None
        lists[call][position] = value

    def _error(self, told: Any) -> dict[str, Any]:
        """The error with its path in the fetch's own terms."""
        error = dict(told) if isinstance(told, Mapping) else {"message": "The subgraph reported an error."}
        path = error.get("path")
        place = self.places.get(path[0]) if isinstance(path, list) and path and isinstance(path[0], str) else None
        if place is not None and isinstance(path, list):
            call, position, steps = place
            error["path"] = [call, position, *path[1 + len(steps) :]]
        return error


def _page(response: SubgraphResponse) -> dict[str, Any] | None:
    try:
        page = decode(response.body)
    except NotJson:
        return None
    if response.status != 200 or not isinstance(page, dict):
        return None
    data, errors = page.get("data"), page.get("errors")
    read = isinstance(data, dict) or (data is None and errors)
    return page if read and (errors is None or isinstance(errors, list)) else None


def _unknown(alias: str, position: int) -> dict[str, Any]:
    return {
        "message": "No lookup finds an object by what is known of it.",
        "path": [alias, position],
        "extensions": {"code": "LOOKUP_MISSING"},
    }


def _argument(name: str, variable: str) -> ArgumentNode:
    return ArgumentNode(name=NameNode(value=name), value=VariableNode(name=NameNode(value=variable)))


def _field(name: str, arguments: tuple[ArgumentNode, ...], selections: tuple[SelectionNode, ...]) -> FieldNode:
    return FieldNode(
        alias=None,
        name=NameNode(value=name),
        arguments=arguments,
        directives=(),
        selection_set=SelectionSetNode(selections=selections),
    )
