"""A subgraph answers the gateway only, and only what was granted (adversarial list: A12, A17, A24)."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.identity import SigningKey, sign_assertion
from subgraphs.kit.settings import Settings
from subgraphs.kit.testing import NOW, OFFICER, Asked, Denies, send
from subgraphs.travelers.app import create_app
from subgraphs.travelers.enums import IdentifierKind
from subgraphs.travelers.tables import IdentifierRow, TravelerRow
from tests.subgraphs.conftest import SubgraphFactory
from tests.subgraphs.test_travelers import ANA, ORIGIN, traveler

QUERY = "query($id: ID!) { traveler(id: $id) { id sex identifiers { kind value } } }"
GRANTS = dict.fromkeys(
    ("Query.traveler", "Traveler.id", "Traveler.sex", "Traveler.identifiers", "Identifier.kind", "Identifier.value"),
    "allow",
)


def identifier(value: str = "A299000101", kind: IdentifierKind = IdentifierKind.A_NUMBER) -> IdentifierRow:
    return IdentifierRow(traveler_id=ANA, kind=kind, value=value, issuer="USCIS", country="", confidence=1.0, **ORIGIN)


async def travelers(subgraph: SubgraphFactory, policy: Denies | None = None) -> Asked:
    return await subgraph("travelers", [traveler(), identifier()], policy=policy)


async def raw(app: Asked, body: bytes, token: str | None) -> tuple[int, str]:
    headers = {} if token is None else {"Gateway-Assertion": token}
    answer = await send(app.app, "POST", "/graphql", body, headers)
    return answer.status, answer.code


async def test_without_an_assertion_nothing_is_answered(subgraph: SubgraphFactory) -> None:
    app = await travelers(subgraph)
    doors = [
        QUERY,
        "{ _service { sdl } }",
        '{ _entities(representations: [{__typename: "Traveler", id: "x"}]) { __typename } }',
        "{ __schema { types { name } } }",
        "{ __typename }",
        "not graphql",
    ]
    for text in doors:
        body = json.dumps({"query": text}).encode()
        assert await raw(app, body, None) == (401, "ASSERTION_MISSING")
        assert await raw(app, body, "a.b.c") == (401, "ASSERTION_MALFORMED")
    assert await raw(app, b"not json", None) == (401, "ASSERTION_MISSING")


async def test_an_assertion_is_for_one_body_one_subgraph_one_minute(subgraph: SubgraphFactory) -> None:
    app = await travelers(subgraph)
    body = json.dumps({"query": QUERY, "variables": {"id": ANA}}).encode()
    good: dict[str, Any] = {
        "audience": "travelers",
        "caller": OFFICER,
        "epoch": "sha256:test",
        "grants": GRANTS,
        "body": body,
        "at": NOW,
    }
    token = sign_assertion(app.key, **good)
    answer = await send(app.app, "POST", "/graphql", body, {"gateway-assertion": token})
    assert (answer.status, answer.json()["data"]["traveler"]["sex"]) == (200, "F")
    assert await raw(app, body + b" ", token) == (401, "ASSERTION_WRONG_BODY")
    for changes, code in (
        ({"audience": "visas"}, "ASSERTION_WRONG_AUDIENCE"),
        ({"at": NOW - timedelta(seconds=60)}, "ASSERTION_EXPIRED"),
        ({"at": NOW + timedelta(seconds=60)}, "ASSERTION_NOT_YET_VALID"),
    ):
        assert await raw(app, body, sign_assertion(app.key, **{**good, **changes})) == (401, code)
    assert await raw(app, body, sign_assertion(SigningKey.generate(), **good)) == (401, "ASSERTION_UNKNOWN_KEY")


LINK = """mutation($id: ID!, $value: String!) {
  linkIdentifier(travelerId: $id, kind: A_NUMBER, value: $value, issuer: USCIS, reason: "x") { id } }"""


async def test_an_assertion_changes_something_once(subgraph: SubgraphFactory) -> None:
    app = await travelers(subgraph)
    body = json.dumps({"query": LINK, "variables": {"id": ANA, "value": "A299000199"}}).encode()
    given: dict[str, Any] = {
        "audience": "travelers",
        "caller": OFFICER,
        "epoch": "sha256:test",
        "grants": {"Mutation.linkIdentifier": "allow", "Traveler.id": "allow"},
        "body": body,
        "at": NOW,
    }
    token = sign_assertion(app.key, **given)
    headers = {"Gateway-Assertion": token}
    assert (await send(app.app, "POST", "/graphql", body, headers)).json() == {"data": {"linkIdentifier": {"id": ANA}}}
    assert await raw(app, body, token) == (403, "ASSERTION_SPENT")
    assert len(await app.events()) == 1
    again = {"Gateway-Assertion": sign_assertion(app.key, **given)}
    assert (await send(app.app, "POST", "/graphql", body, again)).status == 200


@pytest.mark.parametrize("missing", sorted(GRANTS))
async def test_every_selected_coordinate_must_be_granted(subgraph: SubgraphFactory, missing: str) -> None:
    app = await travelers(subgraph)
    grants = {name: grant for name, grant in GRANTS.items() if name != missing}
    answer = await app.send(QUERY, {"id": ANA}, grants=grants)
    assert (answer.status, answer.code) == (403, "NOT_PERMITTED")
    assert answer.json()["errors"][0]["extensions"]["coordinates"] == [missing]
    assert "data" not in answer.json()


HIDING_PLACES = {
    "an alias": "query($id: ID!) { a: traveler(id: $id) { kind: identifiers { sex: value } } }",
    "an inline fragment": "query($id: ID!) { traveler(id: $id) { ... { identifiers { ... on Identifier { value } } } } }",
    "a named fragment": (
        "query($id: ID!) { traveler(id: $id) { ...T } } fragment T on Traveler { identifiers { ...I } }"
        " fragment I on Identifier { value }"
    ),
    "an entity": (
        'query($id: ID!) { _entities(representations: [{__typename: "Traveler", id: $id}])'
        " { ... on Traveler { identifiers { value } } } }"
    ),
    "a union": '{ search(text: "x") { ... on Traveler { identifiers { value } } } }',
    "a directive": "query($id: ID!) { traveler(id: $id) { identifiers @skip(if: true) { value } } }",
}


@pytest.mark.parametrize("place", HIDING_PLACES)
async def test_a_coordinate_is_found_wherever_it_hides(subgraph: SubgraphFactory, place: str) -> None:
    app = await travelers(subgraph)
    granted = {**GRANTS, "Query.search": "allow"}
    del granted["Identifier.value"]
    text = HIDING_PLACES[place].replace('{__typename: "Traveler", id: $id}', '{__typename: "Traveler", id: "x"}')
    text = text if "id: $id" in text else text.replace("query($id: ID!) ", "")
    answer = await app.send(text, {"id": ANA} if "$id" in text else {}, grants=granted)
    assert (answer.status, answer.code) == (403, "NOT_PERMITTED")
    assert answer.json()["errors"][0]["extensions"]["coordinates"] == ["Identifier.value"]


async def test_a_selection_on_an_interface_needs_every_type_behind_it(subgraph: SubgraphFactory) -> None:
    app = await subgraph("visas")
    text = "query { _entities(representations: []) { ... on Traveler { visaEvents { ... on TimelineEvent { summary } } } } }"
    answer = await app.send(text, grants={"Traveler.visaEvents": "allow", "TimelineEvent.summary": "allow"})
    assert answer.json()["errors"][0]["extensions"]["coordinates"] == ["VisaEvent.summary"]
    answer = await app.send(text, grants={"Traveler.visaEvents": "allow", "VisaEvent.summary": "allow"})
    assert answer.json() == {"data": {"_entities": []}}


async def test_the_agency_s_own_agreements_are_asked_too(subgraph: SubgraphFactory) -> None:
    app = await travelers(subgraph, Denies(denied=frozenset({"Identifier.value"})))
    for grant in ("allow", "conditional", "mask:LAST4", "fact", "key"):
        answer = await app.send(QUERY, {"id": ANA}, grants={**GRANTS, "Identifier.value": grant})
        assert (answer.status, answer.code) == (403, "NOT_PERMITTED"), grant


async def test_what_the_record_decides_is_left_to_the_gateway(subgraph: SubgraphFactory) -> None:
    app = await travelers(subgraph, Denies(unsettled=frozenset({"Identifier.value"})))
    answer = await app.send(QUERY, {"id": ANA}, grants={**GRANTS, "Identifier.value": "conditional"})
    assert answer.json()["data"]["traveler"]["identifiers"] == [{"kind": "A_NUMBER", "value": "A299000101"}]


@pytest.mark.parametrize(
    ("policy", "grant", "status"),
    [
        (Denies(denied=frozenset({"Identifier.value"}), facts=frozenset({"Identifier.value"})), "fact", 200),
        (Denies(denied=frozenset({"Identifier.value"}), facts=frozenset({"Identifier.value"})), "key", 403),
        (Denies(denied=frozenset({"Identifier.value"}), flows=frozenset({"Identifier.value"})), "key", 200),
        (Denies(denied=frozenset({"Identifier.value"}), flows=frozenset({"Identifier.value"})), "fact", 403),
        (Denies(denied=frozenset({"Query.traveler"}), case_roots=frozenset({"traveler"})), "allow", 403),
        (Denies(denied=frozenset({"Traveler.id"})), "allow", 403),
    ],
)
async def test_hidden_values_go_out_only_as_declared(
    subgraph: SubgraphFactory, policy: Denies, grant: str, status: int
) -> None:
    app = await travelers(subgraph, policy)
    answer = await app.send(QUERY, {"id": ANA}, grants={**GRANTS, "Identifier.value": grant})
    assert answer.status == status


async def test_a_key_field_may_be_a_key(subgraph: SubgraphFactory) -> None:
    app = await travelers(subgraph, Denies(denied=frozenset({"Traveler.id"})))
    grants = {"Query.travelerByIdentifier": "allow", "Traveler.id": "key"}
    assert (await app.send(LOOKUP, {"v": "A299000101"}, grants=grants)).status == 200


async def test_what_is_a_key_only_finds_nobody(subgraph: SubgraphFactory) -> None:
    """A look-up by it reads it: who may not read it must not find out which ones there are."""
    app = await travelers(subgraph, Denies(denied=frozenset({"Traveler.id"})))
    answer = await app.send(QUERY, {"id": ANA}, grants={**GRANTS, "Traveler.id": "key"})
    assert (answer.status, answer.json()["errors"][0]["extensions"]["coordinates"]) == (403, ["Traveler.id"])


LOOKUP = "query($v: String!) { travelerByIdentifier(kind: A_NUMBER, value: $v) { id } }"


async def test_an_argument_cannot_read_what_is_denied(subgraph: SubgraphFactory) -> None:
    app = await travelers(subgraph, Denies(denied=frozenset({"Identifier.value"})))
    grants = {"Query.travelerByIdentifier": "allow", "Traveler.id": "allow"}
    answer = await app.send(LOOKUP, {"v": "A299000101"}, grants=grants)
    assert (answer.status, answer.json()["errors"][0]["extensions"]["coordinates"]) == (403, ["Identifier.value"])
    as_fact = await travelers(
        subgraph, Denies(denied=frozenset({"Identifier.value"}), case_roots=frozenset({"travelerByIdentifier"}))
    )
    answer = await as_fact.send(LOOKUP, {"v": "A299000101"}, grants={**grants, "Query.travelerByIdentifier": "fact"})
    # it may be asked, as a case is; by a number that is denied, nobody is found
    assert (answer.status, answer.json()) == (200, {"data": {"travelerByIdentifier": None}})


async def test_masks_are_laid_before_the_value_leaves(subgraph: SubgraphFactory) -> None:
    app = await travelers(subgraph)
    answer = await app.send(QUERY, {"id": ANA}, grants={**GRANTS, "Identifier.value": "mask:LAST4"})
    assert answer.json()["data"]["traveler"]["identifiers"] == [{"kind": "A_NUMBER", "value": "******0101"}]
    assert b"A29900" not in answer.body


async def test_introspection_and_the_sdl_are_closed(subgraph: SubgraphFactory) -> None:
    app = await travelers(subgraph)
    for text in ("{ __schema { types { name } } }", '{ __type(name: "Traveler") { name } }', "{ _service { sdl } }"):
        answer = await app.send(text, grants=GRANTS)
        assert (answer.status, answer.code) == (403, "NOT_PERMITTED")
    answer = await app.send("{ _service { sdl } }", grants={"_service": "allow"})
    assert "type Traveler" in answer.json()["data"]["_service"]["sdl"]


async def test_an_open_sdl_opens_nothing_else(subgraph: SubgraphFactory) -> None:
    app = await travelers(subgraph)
    settings: Settings = app.subgraph.settings
    object.__setattr__(settings, "open_sdl", True)
    sdl = await send(app.app, "POST", "/graphql", b'{"query": "{ _service { sdl } }"}')
    assert "type Traveler" in sdl.json()["data"]["_service"]["sdl"]
    for text in (QUERY, "{ __schema { types { name } } }", "{ _service { sdl } __schema { types { name } } }"):
        body = json.dumps({"query": text, "variables": {"id": ANA}}).encode()
        assert await raw(app, body, None) == (403, "NOT_PERMITTED")


async def test_no_readable_policy_denies_everything(subgraph: SubgraphFactory) -> None:
    app = await travelers(subgraph)
    app.subgraph.trust.policy = None
    answer = await app.send(QUERY, {"id": ANA}, grants=GRANTS)
    assert (answer.status, answer.code) == (403, "NOT_PERMITTED")


async def test_an_app_without_keys_answers_nothing(tmp_path: Any) -> None:
    app = create_app(Settings(data=tmp_path, keys=tmp_path))
    answer = await send(app, "POST", "/graphql", b'{"query": "{ __typename }"}', {"Gateway-Assertion": "a.b.c"})
    assert (answer.status, answer.code) == (500, "KEYS_MISSING")


SECRET = "A299000101"


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        ("query($id: ID!) { traveler(id: $id) { id } }", {"id": {"secret": SECRET}}),
        ('query($k: [IdentifierKind!]) { traveler(id: "x") { identifiers(kinds: $k) { kind } } }', {"k": [SECRET]}),
        (f'{{ traveler(id: "x") {{ {SECRET} }} }}', {}),
        (f'{{ traveler(id: "x") {{ id }} {SECRET}(', {}),
    ],
)
async def test_a_bad_request_is_never_quoted_back(
    subgraph: SubgraphFactory, query: str, variables: Mapping[str, Any]
) -> None:
    app = await travelers(subgraph)
    answer = await app.send(query, variables, grants=dict.fromkeys([*GRANTS, "Query.traveler"], "allow"))
    assert answer.code == "OPERATION_INVALID"
    assert SECRET.encode() not in answer.body


async def test_a_fault_of_the_subgraph_is_told_by_code_alone(
    subgraph: SubgraphFactory, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], caplog: Any
) -> None:
    app = await travelers(subgraph)

    def fail(row: TravelerRow) -> Any:
        raise RuntimeError(f"cannot read {SECRET} with SELECT * FROM travelers")

    monkeypatch.setattr("subgraphs.travelers.schema.Traveler.of", fail)
    with caplog.at_level(logging.DEBUG):
        answer = await app.send("query($id: ID!) { traveler(id: $id) { id } }", {"id": ANA})
    assert (answer.status, answer.code) == (200, "INTERNAL")
    printed = capsys.readouterr()
    for text in (answer.body.decode(), printed.out, printed.err, caplog.text):
        for secret in (SECRET, "SELECT", ANA):
            assert secret not in text
    assert "RuntimeError" in printed.out + printed.err
    assert answer.json()["errors"][0]["path"] == ["traveler"]


async def test_a_body_or_a_list_beyond_the_limit_is_not_read(subgraph: SubgraphFactory) -> None:
    app = await travelers(subgraph)
    limit = app.subgraph.settings.max_body
    answer = await send(app.app, "POST", "/graphql", b" " * (limit + 1))
    assert (answer.status, answer.code) == (413, "REQUEST_TOO_LARGE")
    many = [{"__typename": "Traveler", "id": "x"}] * (app.subgraph.settings.max_representations + 1)
    text = "query($r: [_Any!]!) { _entities(representations: $r) { ... on Traveler { id } } }"
    refused = await app.send(text, {"r": many}, grants=GRANTS)
    assert (refused.status, refused.code) == (413, "REQUEST_TOO_LARGE")


async def test_health_says_whether_the_database_answers(subgraph: SubgraphFactory) -> None:
    app = await travelers(subgraph)
    answer = await send(app.app, "GET", "/health")
    assert (answer.status, answer.json()) == (200, {"status": "ok", "subgraph": "travelers", "refused": {}})
    assert (await send(app.app, "GET", "/graphql")).status == 405


async def test_health_of_a_database_without_tables(tmp_path: Path) -> None:
    app = create_app(Settings(data=tmp_path, keys=tmp_path))
    answer = await send(app, "GET", "/health")
    assert (answer.status, answer.json()) == (503, {"status": "unavailable", "subgraph": "travelers", "refused": {}})
    await app.state.subgraph.database.dispose()
