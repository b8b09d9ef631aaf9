"""``gateway check --subgraph URL``: one made with the kit passes, and each broken promise of another's is named."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from gateway.cli.foreign import Foreign, check_foreign
from gateway.cli.steps import Checked
from gateway.errors import GatewayError, RequestError
from gateway.identity import development_key, load_public_keys, verify_assertion
from gateway.identity.assertions import HEADER
from tests.scenarios.asking import ROOT

SCHEMA = ROOT / "schema"
SDL = """
extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@composeDirective"])
  @link(url: "https://two-way-street.example/classified/v1.0", import: ["@classified"])
  @composeDirective(name: "@classified")
directive @classified(category: String!, overlays: [String!], origin: String) on FIELD_DEFINITION
type Report @key(fields: "reportId") {
  reportId: String @classified(category: "XING")
  traveler: Traveler @classified(category: "LINK")
}
type Traveler @key(fields: "id") {
  id: ID! @classified(category: "SYS", origin: "OBIM")
  reports: [Report!] @classified(category: "LINK")
}
type Query { nothing: Boolean @classified(category: "SYS") }
"""
_FIELDS = SDL.partition("type Report")[2]
_CLASSIFIED = "directive @classified(category: String!, overlays: [String!], origin: String) on FIELD_DEFINITION"
_LINK = '@link(url: "https://two-way-street.example/classified/v1.0", import: ["@classified"])'
OTHERS = {
    # every server adds something of its own to what _service gives
    "Federation 1": f"""
extend schema {_LINK}
{_CLASSIFIED}
type Report @key(fields: "reportId") {{
  reportId: String @classified(category: "XING")
  traveler: Traveler @classified(category: "LINK")
}}
extend type Traveler @key(fields: "id") {{
  id: ID! @external @classified(category: "SYS", origin: "OBIM")
  reports: [Report!] @classified(category: "LINK")
}}
extend type Query {{ nothing: Boolean @classified(category: "SYS") }}
""",
    "with its directives and scalars defined": f"""
schema @link(url: "https://specs.apollo.dev/link/v1.0") @link(url: "https://specs.apollo.dev/federation/v2.7", import: ["@key", "@composeDirective", "FieldSet"])
  {_LINK} @composeDirective(name: "@classified") {{ query: Query }}
directive @link(url: String!, as: String, for: link__Purpose, import: [link__Import]) repeatable on SCHEMA
directive @key(fields: FieldSet!, resolvable: Boolean = true) repeatable on OBJECT | INTERFACE
directive @composeDirective(name: String!) repeatable on SCHEMA
scalar FieldSet
scalar link__Import
enum link__Purpose {{ SECURITY EXECUTION }}
{_CLASSIFIED}
type Report{_FIELDS}
""",
    "with what Federation adds, and another name for the root": f"""
schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@composeDirective"])
  {_LINK} @composeDirective(name: "@classified") {{ query: Root }}
{_CLASSIFIED}
type Report{_FIELDS.replace("type Query {", "type Root { _entities(representations: [_Any!]!): [_Entity]! _service: _Service!")}
scalar _Any
union _Entity = Report | Traveler
type _Service {{ sdl: String }}
""",
    "with prefixed directives": f"""
extend schema @link(url: "https://specs.apollo.dev/federation/v2.9") {_LINK} @federation__composeDirective(name: "@classified")
{_CLASSIFIED}
type Report{_FIELDS.replace("@key", "@federation__key")}
""",
}
REAL = tuple(json.dumps({"__typename": "Report", "reportId": each}) for each in ("R1", "R2"))


@dataclass
class Luggage:
    """A subgraph that is not made with the kit. What it does wrong is changed by a test."""

    keys: Path
    sdl: str = SDL
    verifies: bool = True
    holds: bool = True  # to what the assertion grants
    found: Callable[[list[Any]], Any] = field(default=lambda asked: [_entity(each) for each in asked])

    def answer(self, body: bytes, token: str | None) -> tuple[int, Any]:
        request = json.loads(body)
        describes = "_service" in request["query"]
        if self.verifies:
            try:
                claims = verify_assertion(
                    token, keys=load_public_keys(self.keys, "gateway"), audience="luggage", body=body,
                    now=datetime.now(UTC),
                )  # fmt: skip
            except GatewayError as error:
                return 401, {"errors": [error.as_graphql()]}
            if self.holds and describes and "_service" not in claims.grants:
                return 403, {"errors": [{"message": "not granted"}]}
        if describes:
            return 200, {"data": {"_service": {"sdl": self.sdl}}}
        found = self.found(request["variables"]["r"])
        return 200, found if isinstance(found, dict) else {"data": {"_entities": found}}


def _entity(asked: dict[str, Any]) -> dict[str, Any] | None:
    known = asked["__typename"] == "Traveler" or asked["reportId"] in ("R1", "R2")
    return {name: value for name, value in asked.items() if name != "__typename"} if known else None


@contextmanager
def running(luggage: Luggage) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            status, page = luggage.answer(body, self.headers.get(HEADER))
            told = json.dumps(page).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/graphql"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keys")
    development_key(folder, "gateway", mode="development")
    return folder


def checked(luggage: Luggage, representations: tuple[str, ...] = REAL) -> Checked:
    with running(luggage) as url:
        foreign = Foreign.at(url, SCHEMA, "luggage", "CBP", ["Report=traveler.id"])
        return check_foreign(foreign, SCHEMA, luggage.keys, representations)


def codes(result: Checked) -> dict[str, list[str]]:
    return {step.name: [each.code for each in step.mistakes] for step in result.steps if step.mistakes}


def test_one_that_keeps_its_promises_passes(keys: Path) -> None:
    result = checked(Luggage(keys))

    assert codes(result) == {}
    assert [step.name for step in result.steps] == [
        "sdl", "trust", "composition", "entities", "policy", "examples", "flows", "arguments",
    ]  # fmt: skip
    assert 'luggage = { agency = "CBP"' in result.steps[0].notes[0]


@pytest.mark.parametrize("how", OTHERS)
def test_the_sdl_of_other_servers_is_welcome(keys: Path, how: str) -> None:
    result = checked(Luggage(keys, sdl=OTHERS[how]))

    assert codes(result) == {}
    assert result.steps[-1].name == "arguments"


def test_federation_1_that_links_nothing_is_told_that_it_classifies_nothing(keys: Path) -> None:
    result = checked(Luggage(keys, sdl=OTHERS["Federation 1"].replace(f"extend schema {_LINK}", "")), ())

    assert set(codes(result)) == {"policy"}
    assert set(codes(result)["policy"]) == {"POLICY_UNCLASSIFIED"}


def test_one_that_answers_anybody(keys: Path) -> None:
    result = checked(Luggage(keys, verifies=False), ())

    assert codes(result)["trust"] == ["SUBGRAPH_TRUSTS_TOO_MUCH"] * 5


def test_one_that_forgets_what_is_granted(keys: Path) -> None:
    (mistake,) = next(step for step in checked(Luggage(keys, holds=False), ()).steps if step.name == "trust").mistakes

    assert "what the assertion does not grant" in mistake.message


@pytest.mark.parametrize(
    "found",
    [
        lambda asked: [_entity(each) for each in asked][::-1],
        lambda asked: [_entity(each) for each in asked][:1],
        lambda asked: None,
        lambda asked: {"data": None, "errors": [{"message": "no such report"}]},
    ],
    ids=["another order", "too few", "no list", "errors instead of null"],
)
def test_one_whose_entities_cannot_be_relied_on(keys: Path, found: Callable[[list[Any]], Any]) -> None:
    broken = codes(checked(Luggage(keys, found=found)))

    assert set(broken["entities"]) == {"SUBGRAPH_ENTITIES_WRONG"}


def test_one_that_does_not_compose(keys: Path) -> None:
    sdl = SDL.replace('id: ID! @classified(category: "SYS", origin: "OBIM")', 'id: Int! @classified(category: "SYS")')
    result = checked(Luggage(keys, sdl=sdl), ())

    assert codes(result)["composition"]
    assert result.steps[-1].name == "composition"


def test_one_that_classifies_nothing(keys: Path) -> None:
    result = checked(
        Luggage(keys, sdl=SDL.replace('reportId: String @classified(category: "XING")', "reportId: String")), ()
    )

    assert "POLICY_UNCLASSIFIED" in codes(result)["policy"]


def test_one_that_is_not_there(keys: Path) -> None:
    with running(Luggage(keys)) as url:
        pass
    foreign = Foreign.at(url, SCHEMA, "luggage", "CBP", [])
    assert codes(check_foreign(foreign, SCHEMA, keys)) == {"sdl": ["SUBGRAPH_WITHOUT_SDL"]}


def test_one_that_nobody_named(keys: Path) -> None:
    with pytest.raises(RequestError) as refused:
        Foreign.at("http://127.0.0.1:1/graphql", SCHEMA, "", "", [])
    assert refused.value.code == "SUBGRAPH_UNNAMED"


def test_a_representation_that_is_none(keys: Path) -> None:
    foreign = Foreign.at("http://127.0.0.1:1/graphql", SCHEMA, "luggage", "CBP", [])
    with pytest.raises(RequestError) as refused:
        check_foreign(foreign, SCHEMA, keys, ["R1"])
    assert refused.value.code == "REPRESENTATION_MALFORMED"
