"""Three agencies over random records whose values all differ: every value can be recognised in whatever is sent."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import orjson
from graphql import GraphQLSchema, build_schema, graphql_sync, print_schema

from gateway.composition import SubgraphSDL, compose
from gateway.coordinates import Coordinate
from gateway.errors import FetchError
from gateway.execution.transport import SubgraphRequest, SubgraphResponse
from gateway.supergraph import load_supergraph
from tests.policy.kit import AT

__all__ = ["GRAPH", "Agencies", "Mark"]

_HEAD = """
directive @classified(category: String!, overlays: [String!], origin: String) on FIELD_DEFINITION
directive @reads(fields: [String!]!) on ARGUMENT_DEFINITION | INPUT_FIELD_DEFINITION | FIELD_DEFINITION
schema @composeDirective(name: "@classified") @composeDirective(name: "@reads")
  @link(url: "https://two-way-street.example/classified/v1.0", import: ["@classified", "@reads"])
  @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@composeDirective", "@key", "@shareable"]) { query: Query }
"""
_PEOPLE = """
type Query { person(id: ID!): Person @classified(category: "LINK") }
type Person @key(fields: "id") {
  id: ID! @classified(category: "SYS")
  name: String @classified(category: "BIO")
}
"""
_PETITIONS = """
type Query { ping: String @classified(category: "SYS") }
type Person @key(fields: "id") {
  id: ID! @classified(category: "SYS")
  flags: Flags @classified(category: "LINK")
}
type Flags { p1367: Boolean @classified(category: "ADJ", overlays: ["P1367"]) }
"""
_VISAS = """
type Query {
  visa(number: String! @reads(fields: ["Visa.number"])): Visa @classified(category: "LINK")
  visas(filter: VisaFilter, first: Int, after: String, last: Int, before: String): VisaConnection @classified(category: "LINK")
  search(text: String! @reads(fields: [])): [Found!] @classified(category: "LINK")
}
union Found = Visa | Person
input VisaFilter { status: Status @reads(fields: ["Visa.status"]) }
type Person @key(fields: "id") {
  id: ID! @classified(category: "SYS")
  visas(first: Int, after: String, last: Int, before: String): VisaConnection @classified(category: "LINK")
}
type Visa @key(fields: "number") {
  number: String @classified(category: "TDOC")
  status: Status @classified(category: "ADJ")
  kind: Coded @classified(category: "ADJ")
  issuedOn: Date @classified(category: "ADJ")
  fee: Int @classified(category: "ADJ")
  notes: String @classified(category: "DELIB")
  filedOn: Date @classified(category: "ADJ", origin: "USCIS")
  holder: Person @classified(category: "LINK")
  revocation: Revocation @classified(category: "LINK")
  source: Source @classified(category: "SYS")
}
type Revocation {
  at: DateTime @classified(category: "ADJ")
  ground: String @classified(category: "DLE")
}
enum Status { ISSUED REVOKED }
type Coded { code: String @classified(category: "SYS") }
type Source { system: String @classified(category: "SYS") }
type VisaConnection {
  edges: [VisaEdge!]! @classified(category: "SYS")
  pageInfo: PageInfo! @classified(category: "SYS")
  nodes: [Visa!]! @classified(category: "SYS")
  totalCount: Int! @classified(category: "SYS")
}
type VisaEdge { cursor: String! @classified(category: "SYS")  node: Visa @classified(category: "SYS") }
type PageInfo {
  hasNextPage: Boolean! @classified(category: "SYS")
  hasPreviousPage: Boolean! @classified(category: "SYS")
  startCursor: String @classified(category: "SYS")
  endCursor: String @classified(category: "SYS")
}
scalar Date
scalar DateTime
"""
GRAPH = load_supergraph(
    compose(
        [
            SubgraphSDL(name, f"http://{name}.test", _HEAD + sdl)
            for name, sdl in (("people", _PEOPLE), ("petitions", _PETITIONS), ("visas", _VISAS))
        ]
    ).supergraph_sdl
)
"""Person is three agencies': the record is OBIM's, the visas are State's, the flags that decide are USCIS's."""


@dataclass(frozen=True)
class Mark:
    """One value of one record: what it is, where it stands, and whose visa it is of."""

    value: str | int
    coordinate: Coordinate
    visa: Mapping[str, Any]


@dataclass
class Agencies:
    """The subgraphs of ``GRAPH`` and all that they were asked.

    ``down`` do not answer; ``quoting`` answer with an error besides, whose text quotes every value that they hold.
    """

    people: list[dict[str, Any]]
    marks: list[Mark]
    down: frozenset[str] = frozenset()
    quoting: frozenset[str] = frozenset()
    requests: list[SubgraphRequest] = field(default_factory=list)

    @classmethod
    def random(cls, rng: random.Random) -> Agencies:
        """Three people with up to three visas each; about every third of them is protected."""
        numbers = iter(rng.sample(range(100_000, 999_999), 100))
        days = iter(rng.sample([*range(-900, 0), *range(1, 60)], 40))  # none of them is the day of the question
        marks: list[Mark] = []

        def visa(person: dict[str, Any]) -> dict[str, Any]:
            found: dict[str, Any] = {"__typename": "Visa", "holder": person, "number": f"V{next(numbers)}"}
            found["status"] = rng.choice(["ISSUED", "REVOKED"])
            found["kind"] = rng.choice([None, {"code": f"K{next(numbers)}"}])
            found["fee"] = rng.choice([None, next(numbers) * 10 + 7])  # no mask leaves it as it is
            found["issuedOn"] = (AT.date() + timedelta(days=next(days))).isoformat()
            found["filedOn"] = (AT.date() + timedelta(days=next(days))).isoformat()
            found["notes"] = f"N{next(numbers)}"
            found["revocation"] = {"ground": f"G{next(numbers)}", "at": f"A{next(numbers)}"}
            marks.extend(
                Mark(found[name], Coordinate("Visa", name), found)
                for name in ("number", "fee", "issuedOn", "filedOn", "notes")
                if found[name] is not None
            )
            marks.extend(
                Mark(found["revocation"][each], Coordinate("Revocation", each), found) for each in ("ground", "at")
            )
            return found

        people = []
        for number in range(3):
            person: dict[str, Any] = {"__typename": "Person", "id": f"P{number}", "name": f"M{next(numbers)}"}
            person["flags"] = {"p1367": rng.random() < 0.3}
            person["visaList"] = [visa(person) for _ in range(rng.randint(0, 3))]
            people.append(person)
        return cls(people, marks)

    def visas(self) -> Iterator[dict[str, Any]]:
        """Every visa there is."""
        for person in self.people:
            yield from person["visaList"]

    async def send(self, request: SubgraphRequest) -> SubgraphResponse:
        """What the agency answers."""
        self.requests.append(request)
        if request.subgraph in self.down:
            raise FetchError("SUBGRAPH_UNREACHABLE", "The agency could not be reached.")
        page = orjson.loads(request.body)
        found = graphql_sync(_SCHEMA, page["query"], _Root(self), variable_values=page.get("variables"))
        assert not found.errors, (found.errors, page)
        told: dict[str, Any] = {"data": found.data}
        if request.subgraph in self.quoting:
            values = " ".join(str(each.value) for each in self.marks)
            told["errors"] = [{"message": values, "path": [values], "extensions": {"code": values, "stack": values}}]
        return SubgraphResponse(200, orjson.dumps(told))


def _connection(rows: list[dict[str, Any]]) -> Any:
    def connect(_: Any, first: int | None = None, after: str | None = None, **__: Any) -> dict[str, Any]:
        start = 0 if after is None else int(after) + 1
        shown = rows[start:] if first is None else rows[start : start + first]
        edges = [{"cursor": str(start + place), "node": row} for place, row in enumerate(shown)]
        more = start + len(shown) < len(rows)
        page = {"hasNextPage": more, "hasPreviousPage": start > 0, "startCursor": None, "endCursor": None}
        return {"edges": edges, "nodes": shown, "totalCount": len(rows), "pageInfo": page}

    return connect


class _Root:
    def __init__(self, agencies: Agencies) -> None:
        self._agencies = agencies
        for person in agencies.people:
            person["visas"] = _connection(person["visaList"])

    def person(self, _: Any, id: str) -> Any:
        return next((each for each in self._agencies.people if each["id"] == id), None)

    def visa(self, _: Any, number: str) -> Any:
        return next((each for each in self._agencies.visas() if each["number"] == number), None)

    def visas(self, info: Any, filter: dict[str, Any] | None = None, **page: Any) -> Any:
        rows = [
            each
            for each in self._agencies.visas()
            if all(wanted is None or each[name] == wanted for name, wanted in (filter or {}).items())
        ]
        return _connection(rows)(info, **page)

    def search(self, _: Any, text: str) -> Any:
        return [*self._agencies.visas(), *self._agencies.people]

    def ping(self, _: Any) -> str:
        return "here"

    def _entities(self, info: Any, representations: list[dict[str, Any]]) -> list[Any]:
        return [
            self.person(info, each["id"]) if each["__typename"] == "Person" else self.visa(info, each["number"])
            for each in representations
        ]


def _schema() -> GraphQLSchema:
    text = print_schema(GRAPH.api_schema)
    return build_schema(
        text + "\nscalar _Any\nunion _Entity = Person | Visa\n"
        "extend type Query { _entities(representations: [_Any!]!): [_Entity]! }"
    )


_SCHEMA = _schema()
