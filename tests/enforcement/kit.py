"""A small governed graph for the tests of enforcement, and operations printed so that a test can read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gateway.caller import Caller
from gateway.coordinates import Coordinate
from gateway.enforcement.apply import Applied, apply_rulings
from gateway.enforcement.authorize import authorize
from gateway.enforcement.permitted import Permitted
from gateway.enforcement.shapes import Shapes
from gateway.operation import read_operation
from gateway.operation.model import Field, Selection
from gateway.policy import Policy
from tests.policy.kit import AT, agreement, caller, policy, small_graph

__all__ = [
    "GRAPH",
    "OPEN",
    "P1367",
    "SDL",
    "agreement",
    "applied",
    "caller",
    "permitted",
    "policy_of",
    "shapes_for",
    "shown",
]

SDL = """
type Query @in(graph: "visas") {
  visa(number: String!): Visa @classified(category: "LINK")
  visas(filter: VisaFilter, first: Int, after: String, last: Int, before: String): VisaConnection @classified(category: "LINK")
  person(id: ID!): Person @classified(category: "LINK")
  search(text: String!): [Found!] @classified(category: "LINK")
}
union Found = Visa | Person
input VisaFilter { status: Status  fee: Int }
type Person @key(fields: "id") @in(graph: "people") {
  id: ID! @classified(category: "SYS")
  name: String @classified(category: "BIO")
  visas(first: Int, after: String, last: Int, before: String): VisaConnection @classified(category: "LINK") @at(graph: "visas")
  visaEvents: [VisaEvent!] @classified(category: "LINK") @at(graph: "visas")
  nameEvents: [NameEvent!] @classified(category: "LINK")
  timeline(first: Int, kinds: [String!]): [Event!] @classified(category: "LINK")
  flags: Flags @classified(category: "LINK") @at(graph: "petitions")
}
type Flags @in(graph: "petitions") { p1367: Boolean @classified(category: "ADJ", overlays: ["P1367"]) }
interface Event { at: DateTime  kind: String  summary: String }
type VisaEvent implements Event @in(graph: "visas") {
  at: DateTime @classified(category: "SYS")
  kind: String @classified(category: "SYS")
  summary: String @classified(category: "ADJ")
}
type NameEvent implements Event @in(graph: "people") {
  at: DateTime @classified(category: "SYS")
  kind: String @classified(category: "SYS")
  summary: String @classified(category: "BIO")
}
type Visa @key(fields: "number") @in(graph: "visas") {
  number: String @classified(category: "TDOC")
  status: Status @classified(category: "ADJ")
  kind: Coded @classified(category: "ADJ")
  issuedOn: Date @classified(category: "ADJ")
  fee: Int @classified(category: "ADJ")
  notes: String @classified(category: "DELIB")
  filedOn: Date @classified(category: "ADJ", origin: "USCIS")
  holder: Person @classified(category: "LINK")
  revocation: Revocation @classified(category: "LINK")
}
type Revocation @in(graph: "visas") {
  at: DateTime @classified(category: "ADJ")
  ground: String @classified(category: "DLE")
}
enum Status { ISSUED REVOKED }
type Coded @in(graph: "visas") { code: String @classified(category: "SYS") }
type VisaConnection @in(graph: "visas") {
  edges: [VisaEdge!]! @classified(category: "SYS")
  pageInfo: PageInfo! @classified(category: "SYS")
  nodes: [Visa!]! @classified(category: "SYS")
  totalCount: Int! @classified(category: "SYS")
}
type VisaEdge @in(graph: "visas") {
  cursor: String! @classified(category: "SYS")
  node: Visa @classified(category: "SYS")
}
type PageInfo @in(graph: "visas") {
  hasNextPage: Boolean! @classified(category: "SYS")
  hasPreviousPage: Boolean! @classified(category: "SYS")
  startCursor: String @classified(category: "SYS")
  endCursor: String @classified(category: "SYS")
}
scalar Date
scalar DateTime
"""

GRAPH = small_graph(SDL)

OPEN = agreement(
    more="""
    [[grant]]
    article = "I"
    fields = ["Visa.number", "Visa.status", "Visa.kind", "Visa.revocation.at", "VisaEvent.summary"]
    [[grant]]
    article = "II"
    fields = ["Visa.revocation.ground"]
    mask = { "Visa.revocation.ground" = "category-only" }
    [[withhold]]
    article = "III"
    fields = ["Visa.notes"]
    """
)
NAMES = agreement(
    id='"OBIM-CBP-NAMES"',
    provider='"OBIM"',
    more="""
    [[grant]]
    article = "I"
    fields = ["Person.name", "NameEvent.summary"]
    """,
)
P1367 = """
id = "usc-1367"
title = "8 U.S.C. 1367"
authority = ["8 U.S.C. 1367"]
overridable = false
effect = "absent"
[[rule]]
article = "a"
fields = ["Visa", "Person", "VisaEvent", "NameEvent"]
when = { attr = "subject.p1367", is = true }
"""


def policy_of(*agreements: str, prohibitions: tuple[str, ...] = ()) -> Policy:
    """The policy of these agreements (``OPEN`` and the names when none is given)."""
    return policy(*(agreements or (OPEN, NAMES)), prohibitions=prohibitions, sdl=SDL)


def shapes_for(made: Policy) -> Shapes:
    """The shapes of the small graph."""
    catalogue = made.catalogue
    return Shapes(
        GRAPH.api_schema,
        subjects=made.subjects,
        gathers={"Person.timeline": (("visaEvents", "nameEvents"), "at")},
        reads={"VisaFilter.status": ("Visa.status",), "VisaFilter.fee": ("Visa.fee",)},
        records=catalogue.group,
        owner=made.owner,
        keys={"Visa": Coordinate("Visa", "number"), "Person": Coordinate("Person", "id")},
    )


def permitted(
    query: str,
    made: Policy | None = None,
    who: Caller | None = None,
    variables: Mapping[str, Any] | None = None,
    facts: Mapping[str, Any] | None = None,
    subjects: Mapping[str, Mapping[str, Any]] | None = None,
) -> Permitted:
    """What of ``query`` is permitted to ``who`` (CBP at primary when not given)."""
    made = made or policy_of()
    operation = read_operation(query, GRAPH.api_schema, variables or {})
    return authorize(operation, made, who or caller(), shapes_for(made), facts or {}, subjects or {}, AT)


def applied(
    found: Permitted,
    data: dict[str, Any],
    made: Policy | None = None,
    who: Caller | None = None,
    subjects: Mapping[str, Mapping[str, Any]] | None = None,
    failed: Sequence[Sequence[str | int]] = (),
) -> Applied:
    """The rulings carried out on ``data``, in place."""
    made = made or policy_of()
    return apply_rulings(found, data, made, who or caller(), shapes_for(made), subjects or {}, AT, failed=failed)


def shown(selections: tuple[Selection, ...]) -> str:
    """Selections on one line: hidden fields under their hidden key, fragments with their type."""
    parts = []
    for each in selections:
        if isinstance(each, Field):
            alias = "" if each.key == each.name else f"{each.key}: "
            arguments = ", ".join(f"{one.name}: {one.text}" for one in each.arguments)
            text = f"{alias}{each.name}" + (f"({arguments})" if arguments else "")
        else:
            text = f"... on {each.type}"
        parts.append(text + (f" {{ {shown(each.selections)} }}" if each.selections else ""))
    return " ".join(parts)
