"""Introspection answers from the caller's own view of the graph: what no grant could give is not there."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson
import pytest
from graphql import (
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    build_ast_schema,
    build_client_schema,
    build_schema,
    get_introspection_query,
    print_schema,
    validate_schema,
)

from gateway.coordinates import Coordinate
from gateway.enforcement.view import view_sdl
from tests.scenarios.asking import ROOT
from tests.web.client import JSON, MODERN, Face

pytestmark = pytest.mark.asyncio(loop_scope="module")

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


async def view(face: Face, persona: str) -> GraphQLSchema:
    """The schema that introspection tells the persona; a client can build it and it is valid."""
    answered = await face.ask(get_introspection_query(), persona)
    assert answered.status == 200, answered.page
    assert "errors" not in answered.page
    schema = build_client_schema(answered.data)
    assert validate_schema(schema) == []
    return schema


def fields(schema: GraphQLSchema, name: str) -> set[str]:
    """The fields of a type, none when the type is not there."""
    found = schema.get_type(name)
    return set(getattr(found, "fields", {}))


async def test_a_cbp_officer_does_not_learn_of_asylum_cases_and_a_protection_officer_does(face: Face) -> None:
    primary = await view(face, "cbp-primary-nyc")
    protection = await view(face, "uscis-protection-officer")

    assert "AsylumCase" not in print_schema(primary)
    assert fields(protection, "AsylumCase")
    assert "rfeReasons" not in fields(primary, "Petition")
    assert "rfeReasons" in fields(protection, "Petition")


async def test_a_type_asked_for_by_name_is_null_when_it_is_not_in_the_view(face: Face) -> None:
    query = '{ __type(name: "AsylumCase") { name fields { name } } }'

    assert (await face.ask(query, "cbp-primary-nyc")).data == {"__type": None}
    assert (await face.ask(query, "uscis-protection-officer")).data["__type"]["name"] == "AsylumCase"


@pytest.mark.parametrize("persona", ["cbp-primary-nyc", "consular-officer-nwd", "vsp-agent-cairo", "developer"])
async def test_a_view_holds_exactly_what_the_role_could_be_given(face: Face, persona: str) -> None:
    """No object field is told that the policy could never give; fields given are missing only where nothing is under them."""
    schema = await view(face, persona)
    caller = face.caller(persona)
    given = face.opened.graph.policy.view(caller.agency, caller.role, NOW)
    told = {
        Coordinate(name, field)
        for name, kind in schema.type_map.items()
        if not name.startswith("__") and hasattr(kind, "interfaces") and type(kind).__name__ == "GraphQLObjectType"
        for field in getattr(kind, "fields", {})
    }
    interfaces = {
        field
        for kind in schema.type_map.values()
        if type(kind).__name__ == "GraphQLInterfaceType"
        for field in getattr(kind, "fields", {})
    }

    assert told
    assert [str(each) for each in sorted(told - given) if each.field not in interfaces] == []


async def test_mutations_are_told_to_those_who_may_act(face: Face) -> None:
    officer = await view(face, "consular-officer-nwd")
    developer = await view(face, "developer")

    assert "revokeVisa" in fields(officer, "Mutation")
    assert "revokeVisa" not in fields(developer, "Mutation")


async def test_whoever_may_only_listen_is_told_so(face: Face) -> None:
    """Oversight reads the record of disclosures, which is not in the graph, and hears of changes of the agreements."""
    auditor = await view(face, "auditor")

    assert fields(auditor, "Query") == {"nothing"}
    assert fields(auditor, "Subscription") == {"agreementChanged"}
    assert auditor.mutation_type is None
    assert auditor.query_type is not None
    assert auditor.query_type.description == "Your role is given subscriptions and nothing else."


async def test_the_graph_machinery_is_in_nobodys_view(face: Face) -> None:
    for persona in ("cbp-primary-nyc", "uscis-adjudicator", "auditor"):
        text = print_schema(await view(face, persona))
        for word in ("_Any", "_Entity", "_Service", "join__", "link__", "_entities", "_service"):
            assert word not in text


async def test_two_roles_of_one_agency_are_told_two_graphs(face: Face) -> None:
    primary = print_schema(await view(face, "cbp-primary-nyc"))
    secondary = print_schema(await view(face, "cbp-secondary-nyc"))

    assert primary != secondary


AGENCIES = sorted(path.stem for path in (ROOT / "schema" / "views").glob("*.graphql"))


def told(schema: GraphQLSchema, kind: type[GraphQLObjectType | GraphQLInterfaceType]) -> set[Coordinate]:
    """The fields of the schema's object or interface types, without those of introspection."""
    return {
        Coordinate(name, field)
        for name, found in schema.type_map.items()
        if isinstance(found, kind) and not name.startswith("__")
        for field in found.fields
    }


@pytest.mark.parametrize("agency", AGENCIES)
async def test_the_view_on_disk_is_what_introspection_tells_the_agencys_roles(face: Face, agency: str) -> None:
    """Field by field: nothing on disk that none of its roles is told, nothing told that is not on disk."""
    on_disk = build_schema((ROOT / "schema" / "views" / f"{agency}.graphql").read_text())
    roles = face.opened.graph.policy.vocabulary.roles
    asked = orjson.dumps({"query": get_introspection_query()})
    found: set[Coordinate] = set()
    for role, words in roles.items():
        if agency in words.agencies:
            token = face.token("developer", agency=agency, role=role, purpose=sorted(words.purposes)[0])
            answered = await face.send(token=token, body=asked, content_type=JSON, accept=MODERN)
            assert answered.status == 200, answered.page
            found |= told(build_client_schema(answered.data), GraphQLObjectType)
    kept = told(on_disk, GraphQLObjectType)

    assert validate_schema(on_disk) == []
    filler = {
        Coordinate("Query", "nothing")
    }  # what a role that is given nothing of the graph is told: sharing officers
    assert sorted(map(str, found - kept - filler)) == []
    needed = {each.field for each in told(on_disk, GraphQLInterfaceType)}  # GraphQL asks them of every implementer
    assert [str(each) for each in sorted(kept - found) if each.field not in needed] == []


async def test_every_agency_with_a_role_has_a_view_on_disk(face: Face) -> None:
    roles = face.opened.graph.policy.vocabulary.roles.values()
    assert sorted({agency for words in roles for agency in words.agencies}) == AGENCIES


async def test_whoever_is_given_nothing_of_the_graph_is_told_so(face: Face) -> None:
    """A graph that says so: GraphQL knows none without a query."""
    shown = build_ast_schema(view_sdl(face.opened.graph.supergraph.api_schema, lambda _: False))

    assert shown.subscription_type is None
    assert fields(shown, "Query") == {"nothing"}
    assert shown.query_type is not None
    assert shown.query_type.description == "Nothing of this graph is given to your role."
