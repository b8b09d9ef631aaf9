"""A1, A2, A6: a field is decided by what it is, whatever it is called and whichever way leads to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from gateway.enforcement.hidden import HIDDEN
from gateway.execution import project
from tests.enforcement.kit import GRAPH, OPEN, agreement, applied, permitted, policy_of, shown
from tests.scenarios.asking import Asker, World

STORY = "TRV-01KST0RY0000000000000000"


# ---- A1 -------------------------------------------------------------------------------------------------------------------

HIDING_PLACES = {
    "an alias": "fee: number number: fee",
    "another field's name": "status: notes",
    "twice": "a: fee b: fee c: notes d: notes",
    "an inline fragment": "... { a: fee } ... on Visa { b: notes }",
    "a named fragment": "...F",
    "a fragment in a fragment": "...G",
    "a condition": "a: fee @include(if: true) b: notes @skip(if: false)",
}


@pytest.mark.parametrize("place", HIDING_PLACES)
def test_a01_aliases_and_fragments_hide_nothing(place: str) -> None:
    """A denied field is cut wherever it stands, and each place is entered in the ledger under its own key."""
    query = f'{{ visa(number: "x") {{ {HIDING_PLACES[place]} }} }} fragment F on Visa {{ number: fee status: notes }} fragment G on Visa {{ ...F }}'
    if "...F" not in HIDING_PLACES[place] and "...G" not in HIDING_PLACES[place]:
        query = query.split(" fragment F")[0]
    elif "...G" not in HIDING_PLACES[place]:
        query = query.split(" fragment G")[0]
    found = permitted(query)
    asked = shown(found.operation.selections)
    assert "fee" not in asked.replace("fee: number", "")
    assert "notes" not in asked
    assert {entry.coordinate for entry in found.ledger} <= {"Visa.fee", "Visa.notes"}
    assert found.ledger


@pytest.mark.asyncio(loop_scope="session")
async def test_a01_every_governed_field_under_the_name_of_an_allowed_one(ask: Asker, world: World) -> None:
    """A CBP officer names every denied field after one that is shared; nothing of it is sent, nothing comes back."""
    found = await ask(
        "cbp-primary-nyc",
        """query($t: ID!) { traveler(id: $t) { names: petitions { nodes { family: formType receiptNumber: status } }
          ...Fields sex: securityReviews { totalCount } } }
        fragment Fields on Traveler { id: visaApplications { nodes { applicationId: status status: refusals { ground } } } }
        """,
        t=STORY + "06",
    )
    data = found.data["traveler"]
    assert data["names"] is None
    assert data["sex"] is None
    assert all(each == {"applicationId": None, "status": None} for each in (data["id"] or {"nodes": []})["nodes"])
    for word in ("formType", "refusals", "securityReviews"):
        assert word not in world.traffic.bodies()


# ---- A2 -------------------------------------------------------------------------------------------------------------------

WAYS = {
    "the interface": '{ person(id: "p") { timeline { summary } } }',
    "the interface, aliased": '{ person(id: "p") { timeline { at: summary } } }',
    "the concrete type": '{ person(id: "p") { timeline { ... on NameEvent { summary } } } }',
    "a named fragment on the interface": '{ person(id: "p") { timeline { ...E } } } fragment E on Event { summary }',
    "a fragment on the interface around the type": '{ person(id: "p") { timeline { ... on Event { ... on NameEvent { summary } } } } }',
    "the list itself": '{ person(id: "p") { nameEvents { summary } } }',
}


@pytest.mark.parametrize("way", WAYS)
def test_a02_each_way_to_a_field_is_decided_on_the_concrete_type(way: str) -> None:
    """Without an agreement on names, what a name's event says is asked of nobody, by whichever way."""
    found = permitted(WAYS[way], policy_of(OPEN))
    assert "nameEvents" not in shown(found.operation.selections)
    assert any(entry.owner == "OBIM" for entry in found.ledger)


def test_a02_members_of_a_union_have_rules_of_their_own() -> None:
    """One key in a search is the allowed number of a visa and the denied name of a person; each is what it is."""
    found = permitted('{ search(text: "x") { ... on Visa { x: number } ... on Person { x: name } } }', policy_of(OPEN))
    data: dict[str, Any] = {
        "search": [{"__typename": "Visa", "x": "A1"}, {"__typename": "Person", "x": "Ann", HIDDEN + "id": "p"}]
    }
    applied(found, data, policy_of(OPEN))
    answer = project(found.client, data, GRAPH.api_schema, ())
    assert "Ann" not in str(answer.data)
    assert answer.data is not None
    assert {"x": "A1"} in answer.data["search"]


def test_a02_a_type_that_came_later_is_not_shown_before_it_is_decided() -> None:
    """A subgraph that answers with a type of which nothing was ruled gets no object past the gateway."""
    found = permitted('{ search(text: "x") { ... on Visa { number } } }')
    data: dict[str, Any] = {"search": [{"__typename": "Passport", "number": "SECRET"}]}
    applied(found, data)
    assert "SECRET" not in str(project(found.client, data, GRAPH.api_schema, ()).data)


# ---- A6 -------------------------------------------------------------------------------------------------------------------

ORDERS = (
    '{ search(text: "x") { ... on Person { x: name } ... on Visa { x: number } } }',
    '{ search(text: "x") { ... on Visa { x: number } ... on Person { x: name } } }',
)
ITEMS = (
    [{"__typename": "Visa", "x": "A1"}, {"__typename": "Person", "x": "Ann"}],
    [{"__typename": "Person", "x": "Ann"}, {"__typename": "Visa", "x": "A1"}],
)


@pytest.mark.parametrize("query", ORDERS)
@pytest.mark.parametrize("items", ITEMS)
def test_a06_one_key_allowed_in_one_fragment_and_denied_in_its_sibling(
    query: str, items: list[Mapping[str, str]]
) -> None:
    """Either order of the fragments and of the items: the allowed value stays, the denied one is gone."""
    found = permitted(query, policy_of(OPEN))
    data: dict[str, Any] = {"search": [dict(item) for item in items]}
    applied(found, data, policy_of(OPEN))
    answer = project(found.client, data, GRAPH.api_schema, ())
    assert answer.data is not None
    assert "Ann" not in str(answer.data)
    assert [each for each in answer.data["search"] if each.get("x")] == [{"x": "A1"}]


NESTED = agreement(
    more="""
    [[grant]]
    article = "I"
    fields = ["Visa.number", "Visa.revocation.at"]
    """
)


@pytest.mark.parametrize(
    "selection",
    [
        "revocation { ground at } ... on Visa { revocation { at } }",
        "revocation { at } ... on Visa { revocation { ground } }",
        "... on Visa { revocation { ground } } ... on Visa { revocation { at } }",
        "r: revocation { x: ground } ... { r: revocation { y: at } }",
    ],
)
def test_a06_selections_merged_under_one_key_keep_their_own_rulings(selection: str) -> None:
    """What is merged is the object; each of its fields is ruled on by itself, and a null climbs no higher than its place."""
    made = policy_of(NESTED)
    found = permitted(f"{{ visas {{ nodes {{ number {selection} }} }} }}", made)
    assert "ground" not in shown(found.operation.selections)
    row = {"number": "A1"}
    inner = {"ground": "212(a)", "at": "2026-01-01T00:00:00Z", "x": "212(a)", "y": "2026-01-01T00:00:00Z"}
    key = "r" if selection.startswith("r:") else "revocation"
    data: dict[str, Any] = {"visas": {"nodes": [{**row, key: inner}]}}
    applied(found, data, made)
    answer = project(found.client, data, GRAPH.api_schema, ())
    assert answer.data is not None
    (node,) = answer.data["visas"]["nodes"]
    assert node["number"] == "A1"
    assert "212(a)" not in str(answer.data)
    assert "2026-01-01T00:00:00Z" in node[key].values()


@pytest.mark.asyncio(loop_scope="session")
async def test_a06_in_the_house_both_orders_answer_alike(ask: Asker) -> None:
    """A search finds a traveler and a visa; the same key in both fragments, in both orders, is the same answer."""
    one = "... on Visa { x: foilNumber } ... on VisaApplication { x: applicationId }"
    two = "... on VisaApplication { x: applicationId } ... on Visa { x: foilNumber }"
    answers = [
        (await ask("cbp-primary-nyc", f'{{ search(text: "S2900002") {{ __typename {each} }} }}')).data
        for each in (one, two)
    ]
    assert answers[0] == answers[1]
