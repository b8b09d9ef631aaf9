"""Mocks: every field of every subgraph answers with a valid value, the same for the same key, behind the kit's own trust."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLObjectType,
    GraphQLSchema,
    execute,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    is_list_type,
    is_required_argument,
    parse,
)

from subgraphs.kit.mocks import create_app, make_mock
from subgraphs.kit.mocks.records import Record
from subgraphs.kit.registry import read_registry
from subgraphs.kit.settings import ROOT, Settings
from subgraphs.kit.testing import NOW, OFFICER, Asked, Denies, send
from subgraphs.kit.trust_mocks import Law, PersonaCase
from subgraphs.kit.trust_testing import SigningKey, sign_assertion
from subgraphs.kit.trust_words import HEADER
from tests.cli.test_foreign import OTHERS

NAMES = tuple(read_registry())
HERS = "TRV-01KST0RY000000000000000029"
LAW = Law(
    compared={"status": ("ISSUED",), "mark.code": ("P1",)},
    subject=("Traveler", "id"),
    flags=frozenset({"protections.sealed"}),
    cases=(PersonaCase("Visa", "S1", {"status": "ISSUED", "mark.code": "NWD"}, "holder.id", "all-chapters"),),
)
SDL = """
extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@external", "@requires"])
directive @reads(fields: [String!]!) on ARGUMENT_DEFINITION
scalar Date
scalar UUID
scalar Money
scalar Odd
enum Status { ISSUED REVOKED EXPIRED VOID }
interface Event { id: ID! at: Date }
type Entry implements Event { id: ID! at: Date port: String }
type Exit implements Event { id: ID! at: Date by: Int! }
union Found = Visa | Entry
type Mark { code: String label: String }
type Protections { sealed: Boolean! }
type Traveler @key(fields: "id") {
  id: ID!
  pendingSince: Date @external
  protections: Protections
  overstay: Int @requires(fields: "pendingSince")
  visas(first: Int, after: String): VisaConnection
}
type Visa @key(fields: "foil") @key(fields: "mark { code }") {
  foil: String
  status: Status
  mark: Mark
  holder: Traveler
  events: [Event!]!
  fee: Money!
  token: UUID!
  odd: Odd!
}
type VisaEdge { cursor: String! node: Visa }
type VisaConnection { edges: [VisaEdge!]! nodes: [Visa!]! pageInfo: PageInfo! totalCount: Int! }
type PageInfo { hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: String endCursor: String }
type Query {
  visa(foil: String! @reads(fields: ["Visa.foil"])): Visa
  found(text: String!): [Found!]
}
"""
FEDERATION_1 = """
type Product @key(fields: "upc") { upc: String! price: Int weight: Int }
extend type User @key(fields: "id") { id: ID! @external reviews: [Review] }
type Review { body: String author: User @provides(fields: "name") }
extend type Query { top(first: Int = 5): [Product] }
"""


def mocked(sdl: str = SDL, name: str = "visas", policy: Denies | None = None) -> Asked:
    """A mock of ``sdl`` ready to be asked, with its own key and a policy that says what is denied."""
    key, policy = SigningKey.generate(), policy or Denies()
    app = make_mock(name, sdl, Settings(), law=LAW, keys=key.public(), policy=policy, clock=lambda: NOW)
    return Asked(app, app.state.subgraph, key, policy)


def argument(kind: Any) -> str:
    """A literal that fits an input type."""
    kind = get_nullable_type(kind)
    if is_list_type(kind):
        return f"[{argument(kind.of_type)}]"
    if isinstance(kind, GraphQLEnumType):
        return str(next(iter(kind.values)))
    if isinstance(kind, GraphQLInputObjectType):
        needed = (
            f"{name}: {argument(each.type)}" for name, each in kind.fields.items() if str(each.type).endswith("!")
        )
        return "{" + ", ".join(needed) + "}"
    literals: dict[str, str] = {
        "Int": "1",
        "Float": "1.5",
        "Boolean": "true",
        "Date": '"2026-01-01"',
        "DateTime": '"2026-01-01T00:00:00Z"',
    }
    return literals.get(str(kind.name), '"A1"')


def selected(kind: GraphQLObjectType) -> str:
    """Every field of ``kind``, with the arguments it needs; of an object its ``__typename``."""
    fields = []
    for name, each in kind.fields.items():
        if name not in ("_entities", "_service"):
            given = [f"{key}: {argument(arg.type)}" for key, arg in each.args.items() if is_required_argument(arg)]
            told = f"({', '.join(given)})" if given else ""
            fields.append(f"{name}{told}" + ("" if is_leaf_type(get_named_type(each.type)) else " { __typename }"))
    return "{ " + " ".join(fields) + " }"


def objects(schema: GraphQLSchema) -> Iterator[GraphQLObjectType]:
    for kind in schema.type_map.values():
        if isinstance(kind, GraphQLObjectType) and not kind.name.startswith("_"):
            yield kind


@pytest.mark.parametrize("name", NAMES)
def test_every_field_of_the_domain_answers_with_a_valid_value(name: str) -> None:
    """graphql-core completes each value by its type: an enum's, a non-null one, an interface's."""
    core = create_app(name).state.subgraph.core
    told = 0
    for kind in objects(core):
        schema = GraphQLSchema(query=kind, types=tuple(core.type_map.values()))
        root = Record(kind.name, f"{kind.name}:probe", HERS)
        result: Any = execute(schema, parse(selected(kind)), root_value=None if kind is core.query_type else root)
        assert result.errors is None, f"{name}.{kind.name}: {result.errors}"
        told += sum(value is not None for value in result.data.values())
        assert result.data.keys() == {each for each in kind.fields if each not in ("_entities", "_service")}
    assert told > 20, "almost everything is null"


@pytest.mark.parametrize("name", NAMES)
def test_the_same_key_has_the_same_bytes_in_another_process(name: str) -> None:
    answers = []
    for who in (HERS, HERS, "TRV-01KST0RY000000000000000028"):
        core = create_app(name).state.subgraph.core
        schema = GraphQLSchema(query=core.type_map["Traveler"], types=tuple(core.type_map.values()))
        root = Record("Traveler", f"Traveler:{who}", who, given={"id": who})
        answers.append(json.dumps(execute(schema, parse(selected(core.type_map["Traveler"])), root).data))  # type: ignore[union-attr]
    assert answers[0] == answers[1] != answers[2]


async def test_keys_come_back_in_order_and_what_nobody_has_is_null() -> None:
    asked = mocked()
    await asked.assert_entities({"__typename": "Visa", "foil": "A"}, {"__typename": "Traveler", "id": HERS})
    await asked.assert_entities({"__typename": "Visa", "mark": {"code": "Z"}})
    wrong: list[Any] = [
        {"__typename": "Nobody", "id": "1"},
        {"__typename": "Visa"},
        {"__typename": "Visa", "mark": {}},
        "x",
        {},
    ]
    found = await asked.entities(wrong, "... on Visa { foil }")
    assert found == [None] * len(wrong)


async def test_an_entity_is_the_same_by_whatever_way_it_is_reached() -> None:
    asked = mocked()
    first = await asked.entities(
        [{"__typename": "Traveler", "id": f"TRV-{number:026d}"} for number in range(6)],
        "... on Traveler { id visas { nodes { foil status holder { id } } } }",
    )
    visas = [visa for each in first for visa in each["visas"]["nodes"]]
    assert visas
    assert all(visa["holder"]["id"] == each["id"] for each in first for visa in each["visas"]["nodes"])
    again = await asked.entities(
        [{"__typename": "Visa", "foil": each["foil"]} for each in visas], "... on Visa { foil status holder { id } }"
    )
    assert again == visas
    query = "query($f: String!) { visa(foil: $f) { foil status holder { id } } }"
    assert (await asked.ask(query, {"f": visas[0]["foil"]}))["data"]["visa"] == visas[0]


async def test_what_another_subgraph_sends_along_comes_back_and_changes_no_other_value() -> None:
    asked = mocked()
    selection = "... on Traveler { id overstay visas { totalCount } }"
    key = {"__typename": "Traveler", "id": HERS}
    (without,) = await asked.entities([key], selection)
    (given,) = await asked.entities(
        [{**key, "pendingSince": "2026-05-05"}], selection + " ... on Traveler { pendingSince }"
    )
    assert given == {**without, "pendingSince": "2026-05-05"}


async def test_pages_go_on_where_they_ended() -> None:
    asked = mocked()
    query = "query($r: [_Any!]!, $a: String) { _entities(representations: $r) { ... on Traveler { visas(first: 1, after: $a) { totalCount nodes { foil } pageInfo { hasNextPage endCursor } } } } }"
    travelers = [f"TRV-{number:026d}" for number in range(12)]
    sizes = set()
    for traveler in travelers:
        seen: list[str] = []
        after: str | None = None
        for _ in range(9):
            variables = {"r": [{"__typename": "Traveler", "id": traveler}], "a": after}
            page = (await asked.ask(query, variables))["data"]["_entities"][0]["visas"]
            seen += [each["foil"] for each in page["nodes"]]
            if not page["pageInfo"]["hasNextPage"]:
                break
            after = page["pageInfo"]["endCursor"]
        assert len(seen) == len(set(seen)) == page["totalCount"]
        sizes.add(page["totalCount"])
    assert len(sizes) > 2


async def test_interfaces_unions_and_scalars_of_ones_own() -> None:
    asked = mocked()
    visas = [{"__typename": "Visa", "foil": str(number)} for number in range(30)]
    found = await asked.entities(visas, "... on Visa { fee token odd events { __typename id ... on Exit { by } } }")
    assert {event["__typename"] for each in found for event in each["events"]} == {"Entry", "Exit"}
    assert all(isinstance(event["by"], int) for each in found for event in each["events"] if "by" in event)
    assert all(float(each["fee"]) >= 0 and len(each["token"]) == 36 and each["odd"] for each in found)
    kinds = set()
    for text in "abcdefgh":
        answer = await asked.ask("query($t: String!) { found(text: $t) { __typename } }", {"t": text})
        kinds |= {each["__typename"] for each in answer["data"]["found"]}
    assert kinds == {"Visa", "Entry"}


async def test_conditions_can_be_met_and_can_fail() -> None:
    """What agreements compare a field with is among its values, and not the only one."""
    asked = mocked()
    visas = [{"__typename": "Visa", "foil": str(number)} for number in range(40)]
    found = await asked.entities(visas, "... on Visa { status mark { code } holder { protections { sealed } } }")
    assert 10 < sum(each["status"] == "ISSUED" for each in found) < 40
    assert 10 < sum(each["mark"]["code"] == "P1" for each in found) < 40
    travelers = [{"__typename": "Traveler", "id": f"TRV-{number:026d}"} for number in range(40)]
    flags = await asked.entities(travelers, "... on Traveler { protections { sealed } }")
    assert 0 < sum(each["protections"]["sealed"] for each in flags) < 20


async def test_a_personas_case_is_open_at_its_place_and_its_subject_is_the_storys() -> None:
    asked = mocked()
    (found,) = await asked.entities(
        [{"__typename": "Visa", "foil": "S1"}],
        "... on Visa { status mark { code } holder { id protections { sealed } } }",
    )
    assert found == {
        "status": "ISSUED",
        "mark": {"code": "NWD"},
        "holder": {"id": HERS, "protections": {"sealed": False}},
    }


async def test_a_mock_stands_behind_the_same_trust() -> None:
    asked = mocked(policy=Denies(denied=frozenset({"Visa.fee"})))
    query = '{ visa(foil: "S1") { foil fee } }'
    stranger = await send(asked.app, "POST", "/graphql", json.dumps({"query": query}).encode())
    assert stranger.status == 401
    denied = await asked.send(query)
    assert (denied.status, denied.code) == (403, "NOT_PERMITTED")
    ungranted = await asked.send('{ visa(foil: "S1") { foil } }', grants={"Query.visa": "allow"})
    assert ungranted.status == 403
    masked = await asked.ask(
        '{ visa(foil: "S1234567") { foil } }', grants={"Query.visa": "allow", "Visa.foil": "mask:LAST4"}
    )
    assert masked["data"]["visa"]["foil"] == "****4567"
    read = mocked(policy=Denies(denied=frozenset({"Visa.foil"})))
    assert (await read.send('{ visa(foil: "S1") { status } }')).status == 403, "an argument reads what is denied"


async def test_nothing_ever_happens_in_a_mock() -> None:
    asked = mocked()
    body = b'{"events": {"after": 7, "wait": 0}}'
    told: Any = []
    for grants in ({"_events": "allow"}, {}):
        token = sign_assertion(
            asked.key,
            audience="visas",
            caller=OFFICER,
            epoch=asked.policy.epoch,
            grants=grants,
            body=body,
            at=NOW,
            now=NOW,
        )
        told.append(await send(asked.app, "POST", "/graphql", body, {HEADER: token}))
    assert told[0].json() == {"last": 0, "events": []}
    assert told[1].status == 403


async def test_federation_1_and_a_file_without_queries_can_be_mocked() -> None:
    asked = mocked(FEDERATION_1, "shop")
    await asked.assert_entities({"__typename": "Product", "upc": "A"}, {"__typename": "User", "id": "9"})
    assert (await asked.ask("{ top { upc price } }"))["data"]["top"]
    assert (await asked.ask("{ _service { sdl } }", grants={"_service": "allow"}))["data"]["_service"][
        "sdl"
    ] == FEDERATION_1
    lone = mocked('type Thing @key(fields: "id") { id: ID! name: String }', "things")
    await lone.assert_entities({"__typename": "Thing", "id": "1"})


@pytest.mark.parametrize("how", OTHERS)
async def test_what_other_servers_print_can_be_mocked(how: str) -> None:
    asked = mocked(OTHERS[how], "luggage")
    await asked.assert_entities({"__typename": "Report", "reportId": "A"}, {"__typename": "Traveler", "id": HERS})
    assert "nothing" in (await asked.ask("{ nothing }"))["data"]


def test_a_name_that_is_not_registered_is_none(tmp_path: Path) -> None:
    with pytest.raises(KeyError):
        create_app("luggage", Settings(policy=ROOT / "schema", keys=tmp_path))
