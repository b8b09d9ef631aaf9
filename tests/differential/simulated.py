"""The subgraphs, simulated from their SDLs and the data in the clear; strict about what a gateway may ask them.

They validate operations against their own schema, answer only for what they own (or were told to provide), let in by
the keys they declare, and compute ``@requires`` fields from the representation alone. What they did not like is in
``Simulated.violations``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import GraphQLSchema, execute_sync, parse, validate
from graphql.language import DocumentNode, FieldNode, InlineFragmentNode, SelectionSetNode

from gateway.execution.transport import SubgraphRequest, SubgraphResponse
from tests.differential.clear import Clear, ResolverError, Unknown, computed, is_error, is_link, shown
from tests.differential.sides import Side, leading, selection_of

__all__ = ["Simulated"]

_NOTHING: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class _At:
    """A record in one subgraph. ``sent`` is the representation it was found by, ``provided`` what the way here brings."""

    typename: str  # the record's own type
    shown: str  # what this subgraph calls it
    record: Mapping[str, Any]
    sent: Mapping[str, Any] = field(default_factory=dict)
    provided: tuple[SelectionSetNode, ...] = ()


class _Subgraph:
    """One subgraph's resolvers."""

    def __init__(self, side: Side, clear: Clear, simulated: Simulated) -> None:
        self.side = side
        self.clear = clear
        self.simulated = simulated

    def complain(self, what: str) -> None:
        self.simulated.violations.append(f"{self.side.name} {what}")

    def resolve(self, source: _At, info: Any, **arguments: Any) -> Any:
        """The value of one field. Errors are raised, those of list items stand in their places."""
        name = info.field_name
        if name == "_entities":
            return self.entities(arguments["representations"])
        if source.typename == "Mutation":
            self.simulated.acts.append(f"{name} {shown('', arguments)}")
        declared = self.side.kinds[source.shown].fields[name]
        brought = [below for each in source.provided for below in self._brought(each, source, name)]
        if declared.stale:
            self.complain(f"was asked for {source.shown}.{name}, which another subgraph overrides")
        if declared.external and not brought and name not in self.side.kinds[source.shown].key_fields:
            self.complain(f"was asked for {source.shown}.{name}, which is external and not provided here")
        if declared.requires and name not in source.record:
            return self.required(source, name, declared.requires)
        below = (selection_of(declared.provides),) if declared.provides else tuple(each for each in brought if each)
        value = self.made(source.record.get(name), arguments, below)
        if isinstance(value, Exception):
            raise value
        return value

    def _brought(self, selection: SelectionSetNode, at: _At, name: str) -> Iterable[SelectionSetNode | None]:
        """What a ``@provides`` on the way here says of a field: nothing, or what lies below it (None for a leaf)."""
        for node in selection.selections:
            if isinstance(node, FieldNode) and node.name.value == name:
                yield node.selection_set
            elif isinstance(node, InlineFragmentNode):
                wanted = node.type_condition.name.value if node.type_condition else at.shown
                if wanted == at.shown or at.shown in self.side.kinds[wanted].members:
                    yield from self._brought(node.selection_set, at, name)

    def made(self, value: Any, arguments: Mapping[str, Any], provided: tuple[SelectionSetNode, ...]) -> Any:
        """A stored value as graphql-core takes it."""
        if isinstance(value, list):
            return [self.made(item, arguments, provided) for item in value]
        if is_error(value):
            return ResolverError(value["!"])
        if is_link(value):
            typename, record = self.clear.record(value)
            return _At(typename, self.name_of(typename), record, provided=provided)
        if isinstance(value, dict):
            return _At(value["__typename"], value["__typename"], value, provided=provided)
        return shown(value, arguments)

    def name_of(self, typename: str) -> str:
        """What this subgraph calls a type: its own name, or that of the interface object that stands for it here."""
        if typename in self.side.kinds:
            return typename
        return next((name for name, members in self.clear.items.items() if typename in members), typename)

    def required(self, source: _At, name: str, requires: str) -> Any:
        """A computed field, from the representation; from the records where the way here brought the values along."""
        provided = {n for n in leading(requires) for each in source.provided if list(self._brought(each, source, n))}
        own = {n for n in leading(requires) if not self.side.kinds[source.shown].fields[n].external}
        needed: dict[str, Any] = {}
        for each in leading(requires):
            if each in source.sent:
                needed |= self.picked({each: source.sent[each]}, selection_of(requires), source.shown)
            elif each not in provided | own:
                self.complain(f"was asked for {source.shown}.{name} without {each}")
        if len(needed) < len(leading(requires)):
            try:
                told = self.clear.needed(source.typename, source.record, selection_of(requires), set())
            except Unknown:
                return None
            needed = {**told, **needed}
        return computed(name, needed)

    def picked(self, sent: Mapping[str, Any], selection: SelectionSetNode, typename: str) -> dict[str, Any]:
        """What ``selection`` reads of a representation, which may hold more for the sake of other fields."""
        found: dict[str, Any] = {}
        for node in selection.selections:
            if isinstance(node, InlineFragmentNode):
                wanted = node.type_condition.name.value if node.type_condition else typename
                if wanted == typename or typename in self.side.kinds[wanted].members:
                    found |= self.picked(sent, node.selection_set, typename)
            elif isinstance(node, FieldNode) and node.name.value in sent:
                value = sent[node.name.value]
                below = node.selection_set
                found[node.name.value] = value if below is None else self.picked_inside(value, below)
        return found

    def picked_inside(self, value: Any, below: SelectionSetNode) -> Any:
        if isinstance(value, list):
            return [self.picked_inside(item, below) for item in value]
        return None if value is None else self.picked(value, below, value.get("__typename", ""))

    def entities(self, representations: list[dict[str, Any]]) -> list[Any]:
        """The records that ``representations`` stand for; null or an error where this subgraph does not know one."""
        distinct = {json.dumps(each, sort_keys=True) for each in representations}
        if len(distinct) < len(representations):
            self.complain(f"was asked twice about the same in {representations}")
        return [self.entity(each) for each in representations]

    def entity(self, sent: Mapping[str, Any]) -> Any:
        name = sent["__typename"]
        kind = self.side.kinds.get(name)
        if kind is None:
            self.complain(f"has no type {name}")
            return None
        known = set(kind.fields) | {"__typename"}
        for each in kind.members:
            known |= set(self.side.kinds[each].fields)
        if not set(sent) <= known:
            self.complain(f"has no {set(sent) - known} on {name}")
        members = self.clear.items.get(name, {name})
        for key in kind.keys:
            if not leading(key) <= set(sent):
                continue
            for member in sorted(members):
                for record in self.clear.case.data.get(member, {}).values():
                    if _matches(record, sent, selection_of(key)):
                        return self.found(member, record, sent)
        self.complain(f"cannot find {dict(sent)} by any of {kind.keys}")
        return None

    def found(self, typename: str, record: Mapping[str, Any], sent: Mapping[str, Any]) -> Any:
        lost = self.clear.lost(self.side.name, typename, record)
        if lost is not None:
            return ResolverError(lost) if lost else None
        return _At(typename, self.name_of(typename), record, sent)


def _matches(record: Mapping[str, Any], sent: Any, key: SelectionSetNode) -> bool:
    for node in key.selections:
        name = node.name.value if isinstance(node, FieldNode) else ""
        if not isinstance(sent, dict) or name not in sent:
            return False
        below = node.selection_set if isinstance(node, FieldNode) else None
        if below is not None:
            if not _matches(record[name], sent[name], below):
                return False
        elif record[name] != sent[name]:
            return False
    return True


class Simulated:
    """A transport to the subgraphs of a case, in process. ``acts`` are the mutations in the order they were run."""

    def __init__(self, clear: Clear) -> None:
        self.clear = clear
        self.violations: list[str] = []
        self.acts: list[str] = []
        self._subgraphs = {name: _Subgraph(side, clear, self) for name, side in clear.sides.items()}
        self._known: dict[tuple[str, str], DocumentNode | None] = {}

    def again(self) -> Simulated:
        """The same subgraphs, asked by nobody yet."""
        fresh = Simulated(self.clear)
        fresh._known = self._known
        return fresh

    async def send(self, request: SubgraphRequest) -> SubgraphResponse:
        """The subgraph's answer."""
        body = json.loads(request.body)
        subgraph = self._subgraphs[request.subgraph]
        document = self._document(request.subgraph, subgraph.side.schema, body["query"])
        if document is None:
            return SubgraphResponse(200, b'{"errors":[{"message":"SECRET invalid"}]}')
        root = "Mutation" if request.body.startswith(b'{"query":"mutation') else "Query"
        result = execute_sync(
            subgraph.side.schema,
            document,
            root_value=_At(root, root, self.clear.case.data.get(root, _NOTHING)),
            variable_values=body.get("variables") or {},
            field_resolver=subgraph.resolve,
            type_resolver=lambda value, *_: value.shown,
        )
        told: dict[str, Any] = {"data": result.data}
        if result.errors:
            for error in result.errors:
                if not isinstance(error.original_error, ResolverError) and "Cannot return null" not in error.message:
                    subgraph.complain(f"fails: {error}")
            told["errors"] = [error.formatted for error in result.errors]
        return SubgraphResponse(200, json.dumps(told).encode())

    def _document(self, name: str, schema: GraphQLSchema, text: str) -> DocumentNode | None:
        if (name, text) not in self._known:
            document = parse(text, no_location=True)
            invalid = validate(schema, document)
            if invalid:
                self.violations.append(f"{name}: {invalid[0].message} in {text}")
            self._known[name, text] = None if invalid else document
        return self._known[name, text]
