"""A16: what no agreement could ever give is no field, byte for byte; nothing is suggested."""

from __future__ import annotations

import orjson
import pytest
from graphql import GraphQLObjectType, get_introspection_query, get_named_type, is_composite_type

from gateway.coordinates import Coordinate
from gateway.errors import OperationError
from gateway.policy.naming import closed_to
from tests.scenarios.asking import TODAY, Asker, World
from tests.web.client import JSON, MODERN, Face

pytestmark = pytest.mark.asyncio(loop_scope="session")

CLOSED = {
    "cbp-primary-nyc": (
        "Traveler.asylumCases",
        "Traveler.protectedFlags",
        "Petition.rfeReasons",
        "SecurityReview.coordination",
    ),
    "ero-officer": (
        "Traveler.lookouts",
        "Traveler.statutoryProtections",
        "Petition.sensitiveHistory",
        "VisaApplication.medicalRefusals",
    ),
    "consular-officer-nwd": ("Traveler.asylumCases", "RemovalCase.relief", "Traveler.protectedFlags"),
    "uscis-adjudicator": ("Traveler.asylumCases", "Traveler.lookouts"),
}
WAYS = {
    "Traveler": '{{ traveler(id: "x") {{ {} }} }}',
    "Petition": '{{ traveler(id: "x") {{ petitions {{ nodes {{ {} }} }} }} }}',
    "SecurityReview": '{{ traveler(id: "x") {{ securityReviews {{ nodes {{ {} }} }} }} }}',
    "VisaApplication": '{{ traveler(id: "x") {{ visaApplications {{ nodes {{ {} }} }} }} }}',
    "RemovalCase": '{{ traveler(id: "x") {{ removalCases {{ nodes {{ {} }} }} }} }}',
}


@pytest.mark.parametrize(("who", "coordinate"), [(who, each) for who, found in CLOSED.items() for each in found])
async def test_a16_a_never_grantable_field_answers_like_one_that_does_not_exist(
    world: World, who: str, coordinate: str
) -> None:
    """Over HTTP: status, headers and bytes are those of a name nobody ever gave, but for the name itself."""
    face = Face(world.opened)
    kind, field = coordinate.split(".")
    unknown = "zq" * 20
    stand_in = unknown[: len(field)]
    told = {}
    for name in (field, stand_in):
        for below in ("", " { id }"):
            body = orjson.dumps({"query": WAYS[kind].format(name + below)})
            told[name, below] = await face.send(token=face.token(who), body=body, content_type=JSON, accept=MODERN)
    for below in ("", " { id }"):
        real, made_up = told[field, below], told[stand_in, below]
        assert (real.status, made_up.status) == (400, 400)
        assert orjson.dumps(real.page) == orjson.dumps(made_up.page).replace(stand_in.encode(), field.encode())
        assert {k: v for k, v in real.headers.items() if k != "date"} == {
            k: v for k, v in made_up.headers.items() if k != "date"
        }
    assert world.traffic.requests == []


async def test_a16_every_closed_coordinate_of_every_role_is_unknown_and_nothing_else_is(world: World) -> None:
    """The view of each role holds no closed coordinate, and every open one that something leads to."""
    graph = world.opened.graph
    for role, words in graph.policy.vocabulary.roles.items():
        for agency in words.agencies:
            caller = Face(world.opened).caller()
            caller = type(caller)(agency, role, "x")
            closed = closed_to(graph.policy, agency, role, TODAY)
            shown = graph.views.documents(caller, TODAY).shown
            assert shown is not None
            named = {
                Coordinate(kind.name, field)
                for kind in shown.type_map.values()
                if isinstance(kind, GraphQLObjectType) and not kind.name.startswith("__")
                for field in kind.fields
            }
            assert named & closed == set()
            assert Coordinate("AsylumCase", "stage") in closed or role == "uscis-protection-officer"


async def test_a16_a_type_that_is_no_word_is_no_fragments_condition_and_no_variable(ask: Asker) -> None:
    """`... on AsylumCase` and a variable of one of its enums are as unknown as any other name."""
    for text, code in (
        ('{ traveler(id: "x") { ... on AsylumCase { stage } } }', "UNKNOWN_TYPE"),
        ('{ traveler(id: "x") { ... on NoSuchThing { stage } } }', "UNKNOWN_TYPE"),
        ("query($k: AsylumKind) { traveler(id: $k) { id } }", "UNKNOWN_TYPE"),
        ("fragment F on ProtectedFlag { kind } { __typename ...F }", "UNKNOWN_TYPE"),
    ):
        with pytest.raises(OperationError) as refused:
            await ask("cbp-primary-nyc", text)
        assert refused.value.code == code


async def test_a16_nothing_is_suggested(ask: Asker) -> None:
    """One letter off an existing name, a closed name, an argument and an enum value: no guess, no list."""
    for text in (
        '{ traveler(id: "x") { nams { family } } }',
        '{ traveler(id: "x") { asylumCase { stage } } }',
        '{ traveler(ids: "x") { id } }',
        '{ travelerByIdentifier(kind: PASSPORTS, value: "x") { id } }',
        '{ traveler(id: "x") { ... on Travelers { id } } }',
        "query Q($x: Strin) { __typename }",
    ):
        with pytest.raises(OperationError) as refused:
            await ask("cbp-primary-nyc", text)
        for error in refused.value.errors:
            assert "did you mean" not in error.message.lower()
            assert "asylumCases" not in error.message


async def test_a16_introspection_tells_no_more_than_a_query_could(ask: Asker, world: World) -> None:
    """Every field that introspection tells can be named; no closed type, enum or input is told."""
    for who in CLOSED:
        told = await ask(who, get_introspection_query())
        shown = world.opened.graph.views.documents(ask.caller(who), TODAY).shown
        assert shown is not None
        for kind in told.data["__schema"]["types"]:
            if kind["fields"] and not kind["name"].startswith("__") and kind["name"] != "Query":
                known = shown.type_map[kind["name"]]
                assert is_composite_type(get_named_type(known))
                assert {each["name"] for each in kind["fields"]} <= set(getattr(known, "fields", {}))
        assert b"Asylum" not in told.body
        assert b"ProtectedFlag" not in told.body


async def test_a16_explain_tells_no_more_either(world: World) -> None:
    """A closed coordinate is explained like one that is nowhere."""
    face = Face(world.opened)
    pages = {}
    for coordinate in ("Traveler.asylumCases", "Traveler.nowhereAtAll", "AsylumCase.stage"):
        answered = await face.get("/explain", face.token("cbp-primary-nyc"), coordinate=coordinate)
        pages[coordinate] = orjson.dumps(answered.page).replace(coordinate.encode(), b"X")
    assert len(set(pages.values())) == 1


async def test_a16_what_is_only_not_agreed_on_is_told_with_whom_to_ask(ask: Asker) -> None:
    """The other side of the line: a petition's status is a field to CBP, denied with the reason."""
    found = await ask(
        "cbp-primary-nyc", '{ traveler(id: "TRV-01KST0RY000000000000000006") { petitions { totalCount } } }'
    )
    (entry,) = found.page["extensions"]["sharing"]
    assert (entry["outcome"], entry["reason"]) == ("DENY", "NO_AGREEMENT")
    assert entry["howToRequest"]
