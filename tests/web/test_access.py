"""@authenticated, @requiresScopes and @policy on a graph that governs nothing: enforced as Apollo Router does, on every door."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from graphql import build_schema, graphql_sync, print_schema

from gateway.caller import Claims
from gateway.composition import SubgraphSDL, compose
from gateway.config import Settings
from gateway.errors import GatewayError, IdentityError, PolicyError
from gateway.execution.transport import SubgraphRequest, SubgraphResponse
from gateway.house import Question
from gateway.identity import SigningKey
from gateway.identity.jwt import sign
from gateway.live import Live
from gateway.live.event import read_subscription
from gateway.opening import open_unrestricted
from gateway.web.app import create_app
from tests.live.sockets import connected
from tests.support import ask_app

LINK = (
    'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", '
    'import: ["@key", "@requires", "@external", "@shareable", "@authenticated", "@requiresScopes", "@policy"])\n'
)
PEOPLE = (
    LINK
    + """
type Query {
  me: Person
  open: String
  secret: String @authenticated
  either: String @requiresScopes(scopes: [["read:a", "read:b"], ["admin"]])
  kept: String @policy(policies: [["staff"], ["owner", "paid"]])
  both: String @authenticated @requiresScopes(scopes: [["read:a"]]) @policy(policies: [["staff"]])
  people: [Person!]!
  node: Node
  nodes: [Node!]!
  found: [Found!]!
  level: Level
  stamp: Stamp
  vault: Vault
  sure: Sure
}
type Mutation { open: String  erase: String @requiresScopes(scopes: [["admin"]]) }
interface Node { id: ID! name: String }
union Found = Person | Robot
type Person implements Node @key(fields: "id") {
  id: ID!
  name: String
  mail: String @requiresScopes(scopes: [["read:mail"]])
  friend: Person
}
type Robot implements Node { id: ID! name: String @authenticated  serial: String }
type Vault @authenticated { gold: Int }
type Sure { must: String! @authenticated  other: String }
enum Level @authenticated { HIGH LOW }
scalar Stamp @policy(policies: [["staff"]])
"""
)
RATES = (
    LINK
    + """
type Person @key(fields: "id") {
  id: ID!
  mail: String @external
  rank: Int @requires(fields: "mail") @requiresScopes(scopes: [["read:mail"]])
}
type Query { rates: Int }
"""
)
ANA = {"__typename": "Person", "id": "1", "name": "Ana", "mail": "ana@mail", "rank": 7, "friend": None}
BOB = {**ANA, "id": "2", "name": "Bob", "mail": "bob@mail", "friend": ANA}
ROBOT = {"__typename": "Robot", "id": "3", "name": "R3", "serial": "S3"}
ROOT: dict[str, Any] = {
    "me": BOB, "open": "open", "secret": "secret", "either": "either", "kept": "kept", "both": "both", "people": [ANA, BOB],
    "node": ROBOT, "nodes": [ANA, ROBOT], "found": [ANA, ROBOT], "level": "HIGH", "stamp": "now", "vault": {"gold": 1},
    "sure": {"must": "must", "other": "other"}, "erase": "erased", "rates": 1,
}  # fmt: skip
ISSUER = "https://issuer.test"


class Subgraphs:
    """Both subgraphs over the same few people, and what they were asked."""

    def __init__(self, supergraph: Any) -> None:
        self.asked: list[str] = []
        more = (
            "scalar _Any union _Entity = Person extend type Query { _entities(representations: [_Any!]!): [_Entity]! }"
        )
        self.schema = build_schema(supergraph + more)

    async def send(self, request: SubgraphRequest) -> SubgraphResponse:
        """The answer, without a word of who may see it: that is the gateway's to enforce."""
        page = orjson.loads(request.body)
        self.asked.append(page["query"])
        root = {**ROOT, "_entities": lambda _, representations: [
            {"1": ANA, "2": BOB}[each["id"]] for each in representations
        ]}  # fmt: skip
        found = graphql_sync(self.schema, page["query"], root, variable_values=page.get("variables"))
        assert not found.errors, (found.errors, page)
        return SubgraphResponse(200, orjson.dumps({"data": found.data}))


class Gate:
    """The whole application over that graph, with an issuer whose tokens count."""

    def __init__(self, folder: Path) -> None:
        self.key = SigningKey.generate()
        jwks = folder / "issuer.jwks.json"
        jwks.write_bytes(orjson.dumps(self.key.public().jwks()))
        text = compose([SubgraphSDL("people", "http://p.test", PEOPLE), SubgraphSDL("rates", "http://r.test", RATES)])
        settings = Settings(var=folder, issuer=ISSUER, jwks=jwks)
        opened = open_unrestricted(text.supergraph_sdl, settings)
        self.subgraphs = Subgraphs(print_schema(opened.graph.supergraph.api_schema))
        self.opened = open_unrestricted(text.supergraph_sdl, settings, self.subgraphs)
        self.app = create_app(self.opened)

    def token(self, scope: Any = "", policies: Any = (), **changes: Any) -> str:
        """A token with these claims."""
        now = int(datetime.now(UTC).timestamp())
        claims = {"iss": ISSUER, "aud": "two-way-street", "sub": "u", "iat": now, "exp": now + 600, "scope": scope}
        return sign(self.key, "at+jwt", {**claims, "policies": policies, **changes})

    async def ask(self, query: str, token: str = "", *, accept: str = "application/json", **more: Any) -> Any:
        """The answer to a query; its status where that is not 200."""
        headers = {"content-type": "application/json", "accept": accept}
        if token:
            headers["authorization"] = f"Bearer {token}"
        body = orjson.dumps({"query": query, **more})
        status, _, told = await ask_app(self.app, "POST", "/graphql", headers=headers, body=body)
        return orjson.loads(told) | ({} if status == 200 else {"status": status})


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    return Gate(tmp_path)


def closed(*paths: str) -> list[dict[str, Any]]:
    """The errors of the closed places, ``a.b`` with ``@`` for positions of lists."""
    hint = "Ask with a token that carries the scopes or policies which the field demands."
    return [
        {
            "message": "Unauthorized field or type",
            "path": path.split("."),
            "extensions": {"code": "UNAUTHORIZED_FIELD_OR_TYPE", "hint": hint},
        }
        for path in paths
    ]


ALL = "{ open secret either kept both }"


@pytest.mark.parametrize(
    ("scope", "policies", "shown"),
    [
        (None, (), {"open"}),
        ("", (), {"open", "secret"}),
        ("read:a", (), {"open", "secret"}),
        ("read:b other", (), {"open", "secret"}),
        ("read:a read:b", (), {"open", "secret", "either"}),
        ("admin", (), {"open", "secret", "either"}),
        ("", ("staff",), {"open", "secret", "kept"}),
        ("", ("owner",), {"open", "secret"}),
        ("", ("owner", "paid"), {"open", "secret", "kept"}),
        ("read:a", ("staff",), {"open", "secret", "kept", "both"}),
        ("staff", ("read:a",), {"open", "secret"}),  # a scope is no policy, and a policy no scope
    ],
)
async def test_lists_are_alternatives_and_what_they_name_is_needed_together(
    gate: Gate, scope: str | None, policies: tuple[str, ...], shown: set[str]
) -> None:
    told = await gate.ask(ALL, "" if scope is None else gate.token(scope, policies))
    names = ["open", "secret", "either", "kept", "both"]
    assert told["data"] == {name: name if name in shown else None for name in names}
    assert told.get("errors", []) == closed(*(name for name in names if name not in shown))
    sent = "".join(gate.subgraphs.asked)
    assert {name for name in names if name in sent} == shown  # what is closed was never asked for


async def test_where_all_is_closed_nobody_is_asked(gate: Gate) -> None:
    assert await gate.ask("{ secret a: kept }") == {
        "data": {"secret": None, "a": None},
        "errors": closed("secret", "a"),
    }
    assert gate.subgraphs.asked == []


async def test_a_type_closes_every_field_that_returns_it(gate: Gate) -> None:
    query = "{ vault { gold } level stamp }"
    assert (await gate.ask(query))["data"] == {"vault": None, "level": None, "stamp": None}
    assert (await gate.ask(query, gate.token()))["data"] == {"vault": {"gold": 1}, "level": "HIGH", "stamp": None}
    told = await gate.ask(query, gate.token("", ("staff",)))
    assert told == {"data": {"vault": {"gold": 1}, "level": "HIGH", "stamp": "now"}}


async def test_in_lists_it_is_told_once_and_in_every_row_null(gate: Gate) -> None:
    told = await gate.ask("{ people { name mail friend { mail } } }", gate.token())
    assert told["data"] == {
        "people": [
            {"name": "Ana", "mail": None, "friend": None},
            {"name": "Bob", "mail": None, "friend": {"mail": None}},
        ]
    }
    assert told["errors"] == closed("people.@.mail", "people.@.friend.mail")


async def test_a_null_that_the_type_forbids_travels_up(gate: Gate) -> None:
    assert await gate.ask("{ sure { must other } }") == {"data": {"sure": None}, "errors": closed("sure.must")}


async def test_a_field_of_an_interface_demands_what_any_of_its_types_demands(gate: Gate) -> None:
    """A2: the interface is no way round the rule of one of its types."""
    told = await gate.ask("{ nodes { id name } node { name } }")
    assert told["data"] == {"nodes": [{"id": "1", "name": None}, {"id": "3", "name": None}], "node": {"name": None}}
    assert told["errors"] == closed("nodes.@.name", "node.name")
    each = "{ nodes { ... on Person { name } ... on Robot { name serial } } }"
    told = await gate.ask(each)
    assert told["data"] == {"nodes": [{"name": "Ana"}, {"name": None, "serial": "S3"}]}
    assert told["errors"] == closed("nodes.@.name")
    assert await gate.ask(each, gate.token()) == {"data": {"nodes": [{"name": "Ana"}, {"name": "R3", "serial": "S3"}]}}


@pytest.mark.parametrize(
    "query",
    [
        "{ a: me { b: mail } }",
        "{ a: me { ...F } } fragment F on Person { b: mail }",
        "{ a: me { ... on Node { ... on Person { b: mail } } } }",
        "query($y: Boolean = true) { a: me { ... @include(if: $y) { b: mail } } }",
        "{ a: me { id: name b: mail } a: me { b: mail } }",
    ],
)
async def test_no_alias_or_fragment_loses_the_field(gate: Gate, query: str) -> None:
    """A1."""
    told = await gate.ask(query, gate.token())
    assert told["data"]["a"]["b"] is None
    assert told["errors"] == closed("a.b")
    assert "mail" not in "".join(gate.subgraphs.asked)


async def test_what_a_condition_leaves_out_is_not_told(gate: Gate) -> None:
    query = "query($y: Boolean!) { open secret @include(if: $y) }"
    assert await gate.ask(query, variables={"y": False}) == {"data": {"open": "open"}}
    assert (await gate.ask(query, variables={"y": True}))["errors"] == closed("secret")


async def test_what_is_read_for_a_requirement_is_not_shown(gate: Gate) -> None:
    """A4: mail is fetched for rank where rank is open; where it is closed neither is, under no name."""
    assert await gate.ask("{ me { rank } }", gate.token("read:mail")) == {"data": {"me": {"rank": 7}}}
    gate.subgraphs.asked.clear()
    told = await gate.ask("{ me { name mail rank } }", gate.token())
    assert told["data"] == {"me": {"name": "Bob", "mail": None, "rank": None}}
    assert "mail" not in "".join(gate.subgraphs.asked)


async def test_a_closed_mutation_is_not_sent(gate: Gate) -> None:
    told = await gate.ask("mutation { erase open }", gate.token("read:a"))
    assert told == {"data": {"erase": None, "open": "open"}, "errors": closed("erase")}
    assert "erase" not in "".join(gate.subgraphs.asked)
    assert await gate.ask("mutation { erase }", gate.token("admin")) == {"data": {"erase": "erased"}}


async def test_two_who_ask_the_same_get_each_their_own(gate: Gate) -> None:
    """A19: what is kept of one caller's question is no other's."""
    for _ in range(2):
        assert (await gate.ask("{ secret }"))["data"] == {"secret": None}
        assert (await gate.ask("{ secret }", gate.token()))["data"] == {"secret": "secret"}


def expired(gate: Gate) -> str:
    return gate.token(exp=int((datetime.now(UTC) - timedelta(seconds=30)).timestamp()))


@pytest.mark.parametrize(
    ("made", "code"),
    [
        (lambda gate: "x.y.z", "TOKEN_MALFORMED"),
        (expired, "TOKEN_EXPIRED"),
        (lambda gate: gate.token(aud="another"), "TOKEN_WRONG_AUDIENCE"),
        (lambda gate: gate.token(iss="another"), "TOKEN_WRONG_ISSUER"),
        (lambda gate: gate.token(scope=["read:a"]), "TOKEN_CLAIM_MISSING"),
        (lambda gate: gate.token(policies="staff"), "TOKEN_CLAIM_MISSING"),
        (lambda gate: sign(SigningKey.generate(), "at+jwt", {}), "TOKEN_UNKNOWN_KEY"),
        (lambda gate: sign(gate.key, "caller+jwt", {}), "TOKEN_WRONG_TYPE"),
    ],
)
async def test_a_token_that_does_not_hold_is_refused_and_not_taken_for_none(gate: Gate, made: Any, code: str) -> None:
    """A23."""
    told = await gate.ask("{ open }", made(gate))
    assert (told["status"], told["errors"][0]["extensions"]["code"]) == (401, code)
    assert gate.subgraphs.asked == []


async def test_the_same_over_server_sent_events_and_multipart(gate: Gate) -> None:
    """A27."""
    headers = {"content-type": "application/json", "accept": "text/event-stream"}
    status, _, told = await ask_app(
        gate.app, "POST", "/graphql", headers=headers, body=orjson.dumps({"query": "{ secret }"})
    )
    assert status == 200
    assert b'"secret":null' in told
    assert b"UNAUTHORIZED_FIELD_OR_TYPE" in told
    kind = "multipart/mixed;subscriptionSpec=1.0, application/json"
    assert (await gate.ask("{ secret }", accept=kind))["data"] == {"secret": None}


TICKS = (
    LINK
    + """
type Query { now: Int }
type Subscription { tick: Tick }
type Tick { id: ID!  name: String @requiresScopes(scopes: [["hear"]]) }
"""
)


class Told:
    """A live house over a stream of one subgraph, whose events are handed to it."""

    def __init__(self, folder: Path, now: datetime) -> None:
        jwks = folder / "jwks.json"
        jwks.write_bytes(orjson.dumps(SigningKey.generate().public().jwks()))
        text = compose([SubgraphSDL("ticks", "http://t.test", TICKS)]).supergraph_sdl
        house = open_unrestricted(text, Settings(var=folder, issuer=ISSUER, jwks=jwks))
        self.live = Live(lambda: house.graph, house.house, address=lambda _: None, now=lambda: now)

    async def code(self, claims: Claims | None, query: str = "subscription { tick { id name } }") -> str:
        """Why nothing is streamed: there is no address, so whoever may hear is told of that."""
        with pytest.raises(GatewayError) as error:
            async with self.live.subscribe(Question(query, claims=claims), None):
                pass
        return error.value.code


async def test_a_subscription_that_is_closed_in_part_is_refused_whole(tmp_path: Path) -> None:
    told = Told(tmp_path, datetime.now(UTC))
    for claims in (None, Claims(), Claims(frozenset({"read"}), frozenset({"hear"}))):
        assert await told.code(claims) == "UNAUTHORIZED_FIELD_OR_TYPE"
        assert await told.code(claims, "subscription { tick { id } }") == "SUBSCRIPTIONS_NOT_SERVED"
    assert await told.code(Claims(frozenset({"hear"}))) == "SUBSCRIPTIONS_NOT_SERVED"


async def test_an_event_after_the_token_s_end_is_not_told(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    live = Told(tmp_path, now).live
    question = Question("subscription { tick { id name } }")
    operation = read_subscription(replace(question, claims=Claims(frozenset({"hear"}))), None, live.graph(), now)
    event = {"data": {"tick": {"id": "1", "name": "x"}}}
    still = Claims(frozenset({"hear"}), expires_at=now + timedelta(seconds=1))
    assert orjson.loads(await live.completed(event, operation, still)) == event
    with pytest.raises(IdentityError, match="expired"):
        await live.completed(event, operation, replace(still, expires_at=now))


async def test_the_same_over_a_websocket(gate: Gate) -> None:
    async def over_socket(payload: dict[str, Any]) -> list[Any]:
        async with connected(gate) as socket:
            socket.send(type="connection_init", payload=payload)
            first = await socket.raw()
            if first["type"] == "websocket.close":
                return [first["code"], first["reason"]]
            socket.send(type="subscribe", id="1", payload={"query": "{ secret }"})
            return [(await socket.next())["payload"]["data"]]

    assert await over_socket({}) == [{"secret": None}]
    assert await over_socket({"authorization": f"Bearer {gate.token()}"}) == [{"secret": "secret"}]
    assert await over_socket({"authorization": f"Bearer {expired(gate)}"}) == [4403, "TOKEN_EXPIRED"]


def test_without_an_issuer_such_a_graph_is_not_served(tmp_path: Path) -> None:
    """A8: a check that could not be made is no reason to leave it out."""
    text = compose([SubgraphSDL("people", "http://p.test", PEOPLE)]).supergraph_sdl
    for settings in (
        Settings(var=tmp_path),
        Settings(var=tmp_path, issuer=ISSUER),
        Settings(var=tmp_path, jwks=tmp_path),
    ):
        with pytest.raises(PolicyError) as error:
            open_unrestricted(text, settings)
        assert error.value.code == "UNENFORCED_DIRECTIVE"
