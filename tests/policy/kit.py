"""A small graph and a small bundle for the policy tests, written as SDL and TOML so that a test shows what it is about.

``small_graph`` reads plain SDL in which ``@in(graph: "visas")`` on a type says who answers it, and ``@key`` makes it a
record. It is turned into the gateway's own ``Supergraph``; nothing of composition is needed.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from graphql import (
    FieldDefinitionNode,
    GraphQLSchema,
    ObjectTypeDefinitionNode,
    build_ast_schema,
    parse,
    print_ast,
    value_from_ast_untyped,
)

from gateway.caller import Caller
from gateway.coordinates import Coordinate
from gateway.policy import Bundle, Decision, Policy, compile_policy, read_bundle
from gateway.supergraph.model import (
    AppliedDirective,
    FieldDef,
    FieldJoin,
    Key,
    Kind,
    Subgraph,
    Supergraph,
    TypeDef,
    TypeJoin,
)

__all__ = ["AT", "SDL", "VOCABULARY", "agreement", "bundle", "caller", "decide", "policy", "small_graph"]

AT = datetime(2026, 11, 1, 12, tzinfo=UTC)

_HEAD = """
directive @in(graph: String!) on OBJECT
directive @at(graph: String!) on FIELD_DEFINITION
directive @key(fields: String!) repeatable on OBJECT
directive @classified(category: String!, overlays: [String!], origin: String) on FIELD_DEFINITION
"""

SDL = """
type Query @in(graph: "visas") {
  visa(number: String!): Visa @classified(category: "LINK")
  person(id: ID!): Person @classified(category: "LINK")
}
type Mutation @in(graph: "visas") {
  revokeVisa(number: String!): Visa @classified(category: "ACT")
}
type Person @key(fields: "id") @in(graph: "people") {
  id: ID! @classified(category: "SYS")
  name: String @classified(category: "BIO")
  visas: VisaConnection @classified(category: "LINK") @at(graph: "visas")
  flags: Flags @classified(category: "LINK") @at(graph: "petitions")
}
type Flags @in(graph: "petitions") {
  p1367: Boolean @classified(category: "ADJ", overlays: ["P1367"])
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
  source: Source @classified(category: "SYS")
}
type Revocation @in(graph: "visas") {
  at: DateTime @classified(category: "ADJ")
  ground: String @classified(category: "DLE")
}
enum Status { ISSUED REVOKED }
type Coded @in(graph: "visas") { code: String @classified(category: "SYS") }
type Source @in(graph: "visas") { system: String @classified(category: "SYS") }
type VisaConnection @in(graph: "visas") {
  edges: [VisaEdge!]! @classified(category: "SYS")
  pageInfo: PageInfo! @classified(category: "SYS")
  nodes: [Visa!]! @classified(category: "SYS")
}
type VisaEdge @in(graph: "visas") {
  cursor: String! @classified(category: "SYS")
  node: Visa @classified(category: "SYS")
}
type PageInfo @in(graph: "visas") { hasNextPage: Boolean! @classified(category: "SYS") }
scalar Date
scalar DateTime
"""

VOCABULARY = """
shared_types = ["Coded", "Source", "PageInfo"]
hubs = ["Person"]
subject_arguments = ["Query.person(id:)"]

[agencies.OBIM]
name = "Identity"
subgraphs = ["people"]
[agencies.STATE_CA]
name = "Consular Affairs"
subgraphs = ["visas"]
contact = "Ask the Visa Office."
[agencies.USCIS]
name = "Citizenship and Immigration Services"
subgraphs = ["petitions"]
[agencies.CBP]
name = "Customs and Border Protection"

[purposes.inspection]
title = "Inspection at a port"
[purposes.adjudication]
title = "Deciding on a visa"

[roles.primary]
title = "Officer at primary"
agencies = ["CBP"]
purposes = ["inspection"]
[roles.secondary]
title = "Officer at secondary"
agencies = ["CBP"]
purposes = ["inspection", "adjudication"]
[roles.consul]
title = "Consular officer"
agencies = ["STATE_CA"]
purposes = ["adjudication"]

[categories]
SYS = { title = "follows its parent" }
LINK = { title = "leads elsewhere" }
ACT = { title = "a change" }
BIO = { title = "biographic" }
TDOC = { title = "travel document" }
ADJ = { title = "adjudication" }
DLE = { title = "law enforcement" }
DELIB = { title = "deliberation", owner_only = true }

[overlays.P1367]
title = "8 U.S.C. 1367"
flag = "subject.p1367"

[masks.CATEGORY_ONLY]
title = "the category"
types = ["String", "enum"]
strength = 3
[[masks.CATEGORY_ONLY.table]]
prefixes = { "212(a)" = "INADMISSIBILITY" }
default = "OTHER"
[masks.YEAR_ONLY]
title = "the year"
types = ["Date"]
strength = 2
[masks.BUCKET]
title = "a step"
types = ["Int"]
strength = 1
[[masks.BUCKET.table]]
step = 100

[obligations.audit]
title = "every read is recorded"
stage = "pre"
[obligations.notify-provider]
title = "the provider is told"
stage = "post"

[subjects]
Person = "id"
Visa = "holder.id"

[authorities]
"subject.p1367" = "Person.flags.p1367"

[cases.inspection]
pattern = "^INS[0-9]+$"
agencies = ["CBP"]
[cases.inspection.facts]
port = "port.code"
"""


def agreement(**changes: str) -> str:
    """The text of a plain agreement; ``changes`` replace lines by key, ``more`` is appended."""
    lines = {
        "id": '"CA-CBP-VISA"',
        "version": "3",
        "title": '"Visas to ports of entry"',
        "provider": '"STATE_CA"',
        "recipients": '["CBP"]',
        "authority": '["INA 222(f)"]',
        "status": '"active"',
        "effective": "2023-10-01",
        "review_by": "2027-10-01",
        "expires": "2028-10-01",
        "purposes": '["inspection"]',
        "roles": '["primary", "secondary"]',
    }
    more = textwrap.dedent(changes.pop("more", ""))
    lines |= changes
    return "".join(f"{key} = {value}\n" for key, value in lines.items()) + more


def bundle(*agreements: str, prohibitions: tuple[str, ...] = (), vocabulary: str = VOCABULARY) -> Bundle:
    """The bundle of these texts, as if each were a file."""
    pages = {"vocabulary.toml": vocabulary}
    pages |= {f"agreements/{number}.toml": text for number, text in enumerate(agreements)}
    pages |= {f"prohibitions/{number}.toml": text for number, text in enumerate(prohibitions)}
    return read_bundle(pages)


def policy(*agreements: str, prohibitions: tuple[str, ...] = (), sdl: str = SDL) -> Policy:
    """The policy of these texts on the small graph."""
    return compile_policy(bundle(*agreements, prohibitions=prohibitions), small_graph(sdl))


def caller(role: str = "primary", **more: Any) -> Caller:
    """A caller of CBP at a port; a consular officer for role ``consul``."""
    agency, purpose = ("STATE_CA", "adjudication") if role == "consul" else ("CBP", "inspection")
    return Caller(**{"agency": agency, "role": role, "purpose": purpose, "case": "INS1", "location": "NYC"} | more)


def decide(policy: Policy, coordinate: str, who: Caller | None = None, at: datetime = AT, **facts: Any) -> Decision:
    """The decision on ``coordinate``; facts are given as ``case_state="open"`` for ``case.state``."""
    named = {name.replace("_", ".", 1): value for name, value in facts.items()}
    return policy.decide(who or caller(), Coordinate.parse(coordinate), named, at)


def small_graph(sdl: str = SDL) -> Supergraph:
    """The supergraph of SDL with ``@in``, ``@at`` and ``@key``."""
    document = parse(_HEAD + sdl)
    schema: GraphQLSchema = build_ast_schema(document, assume_valid=True)
    types: dict[str, TypeDef] = {}
    graphs: set[str] = set()
    for node in document.definitions:
        if isinstance(node, ObjectTypeDefinitionNode):
            made = _object(node)
            types[made.name] = made
            graphs |= {join.graph for join in made.joins}
            graphs |= {join.graph for each in made.fields.values() for join in each.joins}
    for name, kind in schema.type_map.items():
        if name not in types and not name.startswith("__"):
            types[name] = TypeDef(name, _kind(kind.__class__.__name__), members=_members(kind))
    subgraphs = tuple(Subgraph(graph, graph.lower(), "") for graph in sorted(graphs))
    roots = {"query": "Query", "mutation": "Mutation"}
    return Supergraph(subgraphs, types, roots, schema, schema)


def _object(node: ObjectTypeDefinitionNode) -> TypeDef:
    graph = next((each.get("graph").upper() for each in _applied(node) if each.name == "in"), "VISAS")
    keys = tuple(Key(graph, ()) for each in _applied(node) if each.name == "key")
    fields = {each.name.value: _field(node.name.value, each, graph) for each in node.fields or ()}
    interfaces = tuple(each.name.value for each in node.interfaces or ())
    return TypeDef(node.name.value, "object", (TypeJoin(graph),), keys, fields, interfaces)


def _field(parent: str, node: FieldDefinitionNode, graph: str) -> FieldDef:
    applied = _applied(node)
    at = next((each.get("graph").upper() for each in applied if each.name == "at"), graph)
    joins = tuple(FieldJoin(one, print_ast(node.type)) for one in at.split("+"))
    kept = tuple(each for each in applied if each.name != "at")
    return FieldDef(node.name.value, parent, print_ast(node.type), joins=joins, directives=kept)


def _applied(node: ObjectTypeDefinitionNode | FieldDefinitionNode) -> tuple[AppliedDirective, ...]:
    return tuple(
        AppliedDirective(
            each.name.value, tuple((arg.name.value, value_from_ast_untyped(arg.value)) for arg in each.arguments or ())
        )
        for each in node.directives or ()
    )


def _kind(name: str) -> Kind:
    kinds: Mapping[str, Kind] = {
        "GraphQLEnumType": "enum",
        "GraphQLUnionType": "union",
        "GraphQLInterfaceType": "interface",
        "GraphQLInputObjectType": "input",
    }
    return kinds.get(name, "scalar")


def _members(kind: Any) -> tuple[str, ...]:
    return tuple(member.name for member in getattr(kind, "types", ()))
