"""Reading join-spec SDL: what of it ends up where in the model."""

from __future__ import annotations

import pytest

from gateway.errors import GatewayError
from gateway.supergraph import load_supergraph, print_api
from gateway.supergraph.fieldset import FieldSetField, parse_field_set, print_field_set
from gateway.supergraph.model import list_depth, named_type
from tests.supergraph.samples import supergraph_sdl

BODY = """
directive @classified(category: String!, overlays: [String!], origin: String) on FIELD_DEFINITION
directive @reads(fields: [String!]) on ARGUMENT_DEFINITION | INPUT_FIELD_DEFINITION
directive @inaccessible on FIELD_DEFINITION | OBJECT | ARGUMENT_DEFINITION | ENUM_VALUE | INPUT_FIELD_DEFINITION
directive @live on FIELD
type Query @join__type(graph: VISAS) @join__type(graph: PORTS) {
  visa(foil: String! @reads(fields: ["Visa.foil"]), secret: Int @inaccessible): Visa @join__field(graph: VISAS)
  visas(filter: Filter): [[Visa!]!]! @join__field(graph: VISAS)
}
"A visa."
type Visa implements Event
  @join__implements(graph: VISAS, interface: "Event")
  @join__type(graph: VISAS, key: "foil") @join__type(graph: VISAS, key: "control { number }", resolvable: false)
  @join__type(graph: PORTS, key: "foil", extension: true)
{
  foil: String! @classified(category: "TDOC", overlays: ["VISA_222F"], origin: "STATE_CA")
  at: String @join__field(graph: VISAS)
  control: Control @join__field(graph: VISAS)
  status: Status @join__field(graph: VISAS) @join__field(graph: PORTS, external: true)
  stay: Int @join__field(graph: PORTS, requires: "status", override: "visas", overrideLabel: "percent(5)")
  hidden: Hidden @join__field(graph: VISAS)
  note: String @join__field(graph: VISAS) @inaccessible
  score: Int @join__field
}
type Control @join__type(graph: VISAS) { number: String! }
type Hidden @join__type(graph: VISAS) @inaccessible { x: Int }
interface Event @join__type(graph: VISAS) @join__type(graph: PORTS, key: "at", isInterfaceObject: true) {
  at: String
  score: Int @join__field(graph: PORTS)
}
enum Status @join__type(graph: VISAS) @join__type(graph: PORTS) {
  ISSUED @join__enumValue(graph: VISAS) @join__enumValue(graph: PORTS)
  REVOKED @join__enumValue(graph: VISAS) @inaccessible
}
input Filter @join__type(graph: VISAS) { status: Status @reads(fields: ["Visa.status"]) deep: Int = 3 @inaccessible }
union Thing @join__type(graph: VISAS) @join__unionMember(graph: VISAS, member: "Visa")
  @join__unionMember(graph: VISAS, member: "Control") = Visa | Control
scalar Moment @join__type(graph: VISAS)
"""
SUPERGRAPH = load_supergraph(supergraph_sdl(BODY, "visas", "ports"))


@pytest.mark.parametrize("version", ["v0.3", "v0.4"])
def test_older_join_specifications_say_the_same(version: str) -> None:
    older = load_supergraph(supergraph_sdl(BODY, "visas", "ports").replace("join/v0.5", f"join/{version}"))
    assert older.types == SUPERGRAPH.types
    assert print_api(older) == print_api(SUPERGRAPH)


def test_subgraphs_and_roots() -> None:
    assert [(each.graph, each.name, each.url) for each in SUPERGRAPH.subgraphs] == [
        ("VISAS", "visas", "http://visas.test/graphql"),
        ("PORTS", "ports", "http://ports.test/graphql"),
    ]
    assert SUPERGRAPH.roots == {"query": "Query"}
    assert SUPERGRAPH.by_name["ports"].graph == "PORTS"
    assert SUPERGRAPH.by_graph["PORTS"].name == "ports"


def test_machinery_is_no_type() -> None:
    assert not [name for name in SUPERGRAPH.types if "__" in name]


def test_keys_with_what_they_are_worth() -> None:
    visa = SUPERGRAPH.types["Visa"]
    assert [(key.graph, print_field_set(key.fields), key.resolvable) for key in visa.keys] == [
        ("VISAS", "foil", True),
        ("VISAS", "control { number }", False),
        ("PORTS", "foil", True),
    ]
    assert visa.keys_in("PORTS")[0].fields == (FieldSetField("foil"),)
    join = visa.join("PORTS")
    assert join is not None
    assert join.extension
    assert visa.description == "A visa."


def test_field_joins() -> None:
    visa = SUPERGRAPH.types["Visa"]
    assert [join.graph for join in visa.fields["foil"].joins] == ["VISAS", "PORTS"]
    stay = visa.fields["stay"].join("PORTS")
    assert stay is not None
    assert (stay.requires, stay.override, stay.override_label) == ((FieldSetField("status"),), "visas", "percent(5)")
    status = visa.fields["status"].join("PORTS")
    assert status is not None
    assert status.external
    assert visa.fields["score"].joins == ()
    assert visa.fields["stay"].join("VISAS") is None


def test_applied_directives_are_kept_where_they_stand() -> None:
    classified = SUPERGRAPH.types["Visa"].fields["foil"].directive("classified")
    assert classified is not None
    assert (classified.get("category"), classified.get("overlays"), classified.get("origin")) == (
        "TDOC",
        ["VISA_222F"],
        "STATE_CA",
    )
    assert classified.get("missing", "none") == "none"
    argument = SUPERGRAPH.types["Query"].fields["visa"].argument("foil")
    assert argument is not None
    reads = argument.directive("reads")
    assert reads is not None
    assert reads.get("fields") == ["Visa.foil"]
    given = SUPERGRAPH.types["Filter"].input_fields[0].directive("reads")
    assert given is not None
    assert given.get("fields") == ["Visa.status"]
    assert SUPERGRAPH.types["Visa"].fields["at"].directive("classified") is None


def test_abstract_types() -> None:
    assert SUPERGRAPH.possible_types("Event") == ("Visa",)
    assert SUPERGRAPH.possible_types("Thing") == ("Control", "Visa")
    assert SUPERGRAPH.possible_types("Visa") == ("Visa",)
    assert SUPERGRAPH.possible_types("Moment") == ()
    assert SUPERGRAPH.types["Thing"].members_in == {"VISAS": ("Control", "Visa")}
    assert SUPERGRAPH.types["Visa"].interfaces_in == {"VISAS": ("Event",), "PORTS": ()}
    assert [value.graphs for value in SUPERGRAPH.types["Status"].values] == [("VISAS", "PORTS"), ("VISAS",)]


def test_the_api_shows_nothing_inaccessible_and_no_machinery() -> None:
    assert print_api(SUPERGRAPH) == (
        "schema {\n  query: Query\n}\n\n"
        "directive @live on FIELD\n\n"
        "type Control {\n  number: String!\n}\n\n"
        "interface Event {\n  at: String\n  score: Int\n}\n\n"
        "input Filter {\n  status: Status\n}\n\n"
        "scalar Moment\n\n"
        "type Query {\n  visa(foil: String!): Visa\n  visas(filter: Filter): [[Visa!]!]!\n}\n\n"
        "enum Status {\n  ISSUED\n}\n\n"
        "union Thing = Visa | Control\n\n"
        '"""A visa."""\n'
        "type Visa implements Event {\n  foil: String!\n  at: String\n  control: Control\n  status: Status\n"
        "  stay: Int\n  score: Int\n}\n"
    ).removeprefix("schema {\n  query: Query\n}\n\n")


def test_the_full_schema_has_what_is_inaccessible() -> None:
    assert "Hidden" in SUPERGRAPH.full_schema.type_map
    assert "Hidden" not in SUPERGRAPH.api_schema.type_map


def test_an_inaccessible_directive_under_another_name() -> None:
    sdl = supergraph_sdl(
        "directive @secret on FIELD_DEFINITION\ntype Query @join__type(graph: A) { x: Int y: Int @secret }",
        "a",
    ).replace('inaccessible/v0.2", for', 'inaccessible/v0.2", as: "secret", for')
    assert "y: Int" not in print_api(load_supergraph(sdl))


def test_the_first_join_version_has_owners() -> None:
    supergraph = load_supergraph("""
schema @core(feature: "https://specs.apollo.dev/core/v0.1") @core(feature: "https://specs.apollo.dev/join/v0.1") {
  query: Query
}
enum join__Graph { A @join__graph(name: "a", url: "") B @join__graph(name: "b", url: "") }
type Query { user: User @join__field(graph: B) }
type User @join__owner(graph: A) @join__type(graph: A, key: "id") @join__type(graph: B, key: "id") {
  id: ID!
  name: String
  orders: [Order] @join__field(graph: B)
}
type Order { total: Int }
""")
    user = supergraph.types["User"]
    assert [join.graph for join in user.fields["id"].joins] == ["A", "B"]
    assert [join.graph for join in user.fields["name"].joins] == ["A"]
    assert [join.graph for join in user.fields["orders"].joins] == ["B"]
    assert supergraph.types["Order"].graphs == ("A", "B")


def test_roots_may_have_other_names() -> None:
    supergraph = load_supergraph(
        supergraph_sdl("type Root @join__type(graph: A) { x: Int }", "a", roots="{ query: Root }")
    )
    assert supergraph.roots == {"query": "Root"}


@pytest.mark.parametrize(
    ("sdl", "message"),
    [
        ("type {", "the supergraph is not GraphQL"),
        ("type Query { x: Int }", "no enum join__Graph: this is not a supergraph"),
        (supergraph_sdl("type Query { x: Nothing }", "a"), "the supergraph's types do not hold together"),
    ],
)
def test_what_is_no_supergraph_is_refused(sdl: str, message: str) -> None:
    with pytest.raises(GatewayError) as caught:
        load_supergraph(sdl)
    assert caught.value.code == "INVALID_SUPERGRAPH"
    assert message in caught.value.message


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("id", "id"),
        ("{ id }", "id"),
        ("a { b } a { c } a { b }", "a { b c }"),
        ('p(z: 1, a: "x")', 'p(a: "x", z: 1)'),
        ("... on T { x } ... { y } ... on T { z }", "... on T { x z } y"),
    ],
)
def test_field_sets(text: str, printed: str) -> None:
    assert print_field_set(parse_field_set(text)) == printed


def test_type_references() -> None:
    assert (named_type("[[Visa!]!]!"), list_depth("[[Visa!]!]!")) == ("Visa", 2)
