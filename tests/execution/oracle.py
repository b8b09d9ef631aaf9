"""The oracle: one world answered naively by a monolith, and the same world split over simulated subgraphs.

The subgraphs are strict: they validate what they are asked against their own schema, answer only for what they own (or
were told to provide), insist on the keys they declare, and compute ``@requires`` fields from the representation alone.
What they did not like is in ``Simulated.violations``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import GraphQLSchema, build_schema, execute_sync, parse, validate

from gateway.execution.transport import SubgraphRequest, SubgraphResponse
from tests.execution.world import FieldSpec, World

__all__ = ["Simulated", "ask_monolith"]


@dataclass(slots=True)
class _Object:
    """A record on its way through graphql-core; ``sent`` is the representation it was made from."""

    typename: str
    record: Mapping[str, Any]
    sent: Mapping[str, Any] = field(default_factory=dict)
    provided: str = ""


def _map(value: Any, make: Callable[[Any], Any]) -> Any:
    if isinstance(value, list):
        return [_map(item, make) for item in value]
    return None if value is None else make(value)


def _shown(value: Any, spec: FieldSpec, number: int) -> Any:
    """A plain value; that of a field with an argument shows the argument."""
    return f"{value}:{number}" if spec.argument and value is not None else value


def _needed(world: World, typename: str, record: Mapping[str, Any], selection: str) -> Any:
    """What a representation must hold for ``selection``, taken from the records themselves."""
    name = selection.split("(")[0].split(" ")[0]
    spec = world.types[typename].fields[name]
    if spec.requires:
        return _computed(name, _needed(world, typename, record, spec.requires))
    if spec.named in world.types:
        return _map(record[name], lambda key: {"id": key[1]})
    return _shown(record[name], spec, 3)


def _computed(name: str, needed: Any) -> str:
    """The value of a ``@requires`` field."""
    return f"{name}<{json.dumps(needed, sort_keys=True)}>"


def _without_types(value: Any) -> Any:
    """A representation's value without the type names a gateway may add."""
    if isinstance(value, dict):
        return {key: item for key, item in value.items() if key != "__typename"}
    return [_without_types(item) for item in value] if isinstance(value, list) else value


class _Resolver:
    """Resolves any field of a world, for the monolith (``graph`` is "") or for one subgraph."""

    def __init__(self, world: World, graph: str, complain: Callable[[str], None]) -> None:
        self.world = world
        self.graph = graph
        self.complain = complain

    def root(self) -> _Object:
        return _Object("Query", self.world.records["Query"][""])

    def field(self, source: _Object, info: Any, **arguments: Any) -> Any:
        name = info.field_name
        if name == "_entities":
            return [self.entity(each) for each in arguments["representations"]]
        specs = self.world.query if source.typename == "Query" else self.world.spec(source.typename).fields
        spec = specs[name]
        if self.graph and self.graph not in spec.graphs and source.provided != name:
            self.complain(f"{self.graph} was asked for {source.typename}.{name}, which it does not answer here")
        if spec.requires:
            return self.required(source, spec)
        value = source.record[name]
        if spec.named in self.world.values:
            return _map(value, lambda inner: _Object(inner["__typename"], inner))
        if spec.named in self.world.types or spec.named in ("Node", "Named", "Thing", "Item"):
            return _map(value, lambda key: self.target(spec, key))
        return _shown(value, spec, arguments.get("n") or 0)

    def target(self, spec: FieldSpec, key: tuple[str, str]) -> _Object:
        """The record that a link leads to; graph ``o`` knows no type of item but Item."""
        typename = "Item" if self.graph == "o" else key[0]
        return _Object(typename, self.world.records[key[0]][key[1]], provided=spec.provides)

    def required(self, source: _Object, spec: FieldSpec) -> Any:
        name = spec.requires.split("(")[0].split(" ")[0]
        if not self.graph:
            return _computed(spec.name, _needed(self.world, source.typename, source.record, spec.requires))
        if name == source.provided:  # the subgraph brought the value along itself
            return _computed(spec.name, _needed(self.world, source.typename, source.record, spec.requires))
        if name not in source.sent:
            self.complain(f"{self.graph} was asked for {source.typename}.{spec.name} without {name}")
            return None
        return _computed(spec.name, _without_types(source.sent[name]))

    def entity(self, sent: Mapping[str, Any]) -> _Object | None:
        if sent["__typename"] == "Item":
            for name in self.world.members:
                record = self.world.records[name].get(sent["id"])
                if record is not None:
                    return _Object("Item" if self.graph == "o" else name, record, sent)
        spec = self.world.spec(sent["__typename"])
        for key in spec.keys.get(self.graph, {}):
            for record in self.world.records.get(spec.name, {}).values():
                if key in sent and record[key] == sent[key]:
                    return _Object(spec.name, record, sent)
        self.complain(f"{self.graph} cannot find {sent!r}")
        return None


def _run(schema: GraphQLSchema, text: str, variables: Mapping[str, Any], resolver: _Resolver) -> dict[str, Any]:
    result = execute_sync(
        schema,
        parse(text),
        root_value=resolver.root(),
        variable_values=dict(variables),
        field_resolver=resolver.field,
        type_resolver=lambda value, *_: value.typename,
    )
    told: dict[str, Any] = {"data": result.data}
    if result.errors:
        told["errors"] = [{"message": f"SECRET {error.message}", "path": error.path} for error in result.errors]
    return told


def ask_monolith(world: World, schema: GraphQLSchema, text: str, variables: Mapping[str, Any]) -> Any:
    """The data that one server with every record answers; ``schema`` is the API schema."""
    told = _run(schema, text, variables, _Resolver(world, "", lambda _: None))
    if "errors" in told:
        raise AssertionError(f"the oracle failed: {told['errors']}")
    return told["data"]


class Simulated:
    """A transport to the world's subgraphs, in process."""

    def __init__(self, world: World) -> None:
        self.violations: list[str] = []
        self.sent: list[tuple[str, str]] = []
        self._schemas = {graph: build_schema(world.subgraph(graph)) for graph in world.graphs}
        self._resolvers = {graph: _Resolver(world, graph, self.violations.append) for graph in world.graphs}

    async def send(self, request: SubgraphRequest) -> SubgraphResponse:
        """What the subgraph answers when nothing goes wrong."""
        return SubgraphResponse(200, json.dumps(self.answer(request)).encode())

    def answer(self, request: SubgraphRequest) -> dict[str, Any]:
        """The answer as a value."""
        body = json.loads(request.body)
        schema = self._schemas[request.subgraph]
        self.sent.append((request.subgraph, body["query"]))
        invalid = validate(schema, parse(body["query"]))
        if invalid:
            self.violations.append(f"{request.subgraph}: {invalid[0].message} in {body['query']}")
            return {"errors": [{"message": "SECRET invalid"}]}
        return _run(schema, body["query"], body.get("variables") or {}, self._resolvers[request.subgraph])
