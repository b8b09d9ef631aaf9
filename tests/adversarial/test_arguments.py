"""A15: what a caller does not see in clear it cannot filter, order, search or count by."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import GraphQLInputObjectType, GraphQLObjectType, get_named_type

from gateway.coordinates import Coordinate
from gateway.errors import AccessError
from gateway.policy.naming import closed_to
from tests.enforcement.kit import agreement, applied, permitted, policy_of, shown
from tests.scenarios.asking import TODAY, Asker, World

STORY = "TRV-01KST0RY0000000000000000"

CONDITIONAL = agreement(
    more="""
    [[grant]]
    article = "I"
    fields = ["Visa.number"]
    [[grant]]
    article = "II"
    fields = ["Visa.status"]
    when = { attr = "record.kind.code", is = "B2" }
    """
)


@pytest.mark.parametrize(
    "query",
    [
        "{ visas(filter: {fee: 3}) { totalCount } }",
        "{ a: visas(filter: {status: ISSUED, fee: 3}) { pageInfo { hasNextPage } } }",
        "query($f: VisaFilter) { visas(filter: $f) { nodes { number } } }",
        "query($n: Int) { visas(filter: {fee: $n}) { totalCount } }",
        "query($f: VisaFilter = {fee: 3}) { visas(filter: $f) { totalCount } }",
        "{ visas { totalCount } ... { b: visas(filter: {fee: 3}) { totalCount } } }",
    ],
)
def test_a15_a_filter_on_a_denied_field_is_refused_wherever_it_stands(query: str) -> None:
    """Written out, in a variable, in a variable's default, in a fragment: one code, and not a word of the value."""
    variables = {"f": {"fee": 3}, "n": 3} if "= {fee" not in query else {}
    with pytest.raises(AccessError) as refused:
        permitted(query, variables=variables)
    assert (refused.value.code, refused.value.status) == ("ARGUMENT_WITHHELD", 403)
    assert "3" not in refused.value.message + refused.value.hint


def test_a15_a_filter_finds_no_record_by_what_that_record_withholds() -> None:
    """The status is shared of some visas only: filtering by it must not tell it of the others, nor count them."""
    made = policy_of(CONDITIONAL)
    found = permitted("{ visas(filter: {status: REVOKED}) { totalCount nodes { number } } }", made)
    assert "__f_kind: kind" in shown(found.operation.selections)
    rows = [("A1", "B2"), ("A2", "J1"), ("A3", None)]
    data: dict[str, Any] = {
        "visas": {
            "totalCount": 3,
            "nodes": [{"number": number, "__f_kind": {"__f_code": code}} for number, code in rows],
            "__f_edges": [{"cursor": number, "__f_node": {"__f_kind": {"__f_code": code}}} for number, code in rows],
            "__f_pageInfo": {"hasNextPage": False},
        }
    }
    applied(found, data, made)
    assert data["visas"]["totalCount"] == 1
    assert [each["number"] for each in data["visas"]["nodes"]] == ["A1"]


def test_a15_without_the_filter_the_same_rows_are_there() -> None:
    """It is the argument that reads: unfiltered, all three are listed, two without their status."""
    made = policy_of(CONDITIONAL)
    found = permitted("{ visas { nodes { number status } } }", made)
    data: dict[str, Any] = {
        "visas": {
            "nodes": [
                {"number": number, "status": "REVOKED", "__f_kind": {"__f_code": code}}
                for number, code in (("A1", "B2"), ("A2", "J1"), ("A3", "B1"))
            ]
        }
    }
    applied(found, data, made)
    assert [each["number"] for each in data["visas"]["nodes"]] == ["A1", "A2", "A3"]
    assert [each["status"] for each in data["visas"]["nodes"]] == ["REVOKED", None, None]


def test_a15_every_filter_and_ordering_of_the_graph_says_what_it_reads(house: World) -> None:
    """An input that could test a field and does not say which would be a hole: there is none."""
    graph = house.opened.graph
    silent = []
    for kind in graph.supergraph.api_schema.type_map.values():
        if not isinstance(kind, GraphQLObjectType) or kind.name in ("Mutation",) or kind.name.startswith("__"):
            continue
        for field in kind.fields.values():
            for argument in field.args.values():
                inner = get_named_type(argument.type)
                if isinstance(inner, GraphQLInputObjectType):
                    silent += [
                        f"{inner.name}.{name}"
                        for name in inner.fields
                        if name != "direction" and f"{inner.name}.{name}" not in graph.shapes.reads
                    ]
    assert silent == []


def test_a15_no_argument_that_a_role_can_write_reads_what_it_cannot_name(house: World) -> None:
    """The name of a filter would tell of a field that the caller is not to know of."""
    graph = house.opened.graph
    for role, words in graph.policy.vocabulary.roles.items():
        for agency in words.agencies:
            closed = closed_to(graph.policy, agency, role, TODAY)
            for place, fields in graph.shapes.reads.items():
                holder = place.partition("(")[0]
                telling = all(Coordinate.parse(each) in closed for each in fields)
                assert not telling or Coordinate.parse(holder) in closed, (agency, role, place)


@pytest.mark.asyncio(loop_scope="session")
async def test_a15_in_the_house_a_withheld_field_finds_nothing(ask: Asker, world: World) -> None:
    """CBP may not read petitions at all, VSP not order applications by the decision's date."""
    for who, query in (
        (
            "cbp-primary-nyc",
            "query($t: ID!) { traveler(id: $t) { petitions(filter: {status: APPROVED}) { totalCount } } }",
        ),
        ("ero-officer", 'query { petition(receiptNumber: "IOE0926001001") { status } }'),
    ):
        found = await ask(who, query, **({"t": STORY + "06"} if "$t" in query else {}))
        assert "petitions(" not in world.traffic.bodies().replace("statutoryProtections", "")
        assert set((found.data.get("traveler") or found.data).values()) <= {None}


@pytest.mark.asyncio(loop_scope="session")
async def test_a15_kinds_select_among_what_is_left(ask: Asker) -> None:
    """Choosing the kinds of events or of numbers tells nothing that the unfiltered list does not."""
    query = """query($t: ID!, $k: [String!]) { traveler(id: $t) { all: timeline { kind }
      some: timeline(kinds: $k) { kind } none: timeline(kinds: ["asylum.filed", "petition.received"]) { kind } } }"""
    found = await ask(9, query, t=STORY + "13", k=["visa.issued"])
    traveler = found.data["traveler"]
    listed = [each["kind"] for each in traveler["all"]]
    assert [each["kind"] for each in traveler["some"]] == [kind for kind in listed if kind == "visa.issued"]
    assert traveler["none"] == []


# ---- keys ----------------------------------------------------------------------------------------------------------------


def test_a15_every_argument_of_a_look_up_says_what_it_reads(house: World) -> None:
    """A key is a value like any other: who may not read it must not find out by guessing which ones there are."""
    shapes = house.opened.graph.shapes
    root = house.opened.graph.supergraph.types["Query"]
    elsewhere = {"first", "last", "after", "before", "filter", "orderBy"}
    silent = [
        f"Query.{field.name}({each.name}:)"
        for field in root.fields.values()
        for each in field.arguments
        if each.name not in elsewhere and f"Query.{field.name}({each.name}:)" not in shapes.reads
    ]
    assert silent == []


@pytest.mark.asyncio(loop_scope="session")
async def test_a15_a_record_is_not_looked_up_by_a_key_that_is_not_shared(ask: Asker, world: World) -> None:
    """A lead comes without the I-94 number: numbers are not tried out, and one that is somebody's tells no more."""
    told = []
    for number in ("130000002A3", "130000009A9"):
        world.traffic.requests.clear()
        found = await ask("ero-lead", "query($n: String!) { admission(i94Number: $n) { admittedAt } }", n=number)
        assert found.data == {"admission": None}
        assert number not in world.traffic.bodies()
        told.append((found.errors, found.sharing(), [each.subgraph for each in world.traffic.requests]))
    assert told[0] == told[1]
    assert told[0][0] == []
    assert told[0][1] == ["admission DENY NO_AGREEMENT CBP"]
