"""The real thing from a shell: a process that serves, and the commands that read what it left behind."""

from __future__ import annotations

import json
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import orjson
import pytest

from gateway.composition import SubgraphSDL, compose
from tests.cli.conftest import Gateway, told
from tests.scenarios.asking import ROOT, seed_world
from tests.web.server import Served, serving

TRAVELER = "TRV-01KST0RY000000000000000024"
FOIL = 'query Foil { visa(foilNumber: "S2400001") { foilNumber status } }'


# ---- under agreements ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def var(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A var folder with the small world in it."""
    folder = tmp_path_factory.mktemp("served")
    seed_world(folder)
    return folder


@pytest.fixture(scope="module")
def served(var: Path) -> Iterator[Served]:
    """The gateway as ``make run`` starts it."""
    with serving(
        "--subgraphs", "asgi", "--var", var,
        TWS_MODE="development", TWS_TODAY="2026-11-01T12:00:00+00:00",
        TWS_DATA=str(var / "data"), TWS_KEYS=str(var / "keys"),
    ) as running:  # fmt: skip
        yield running


@pytest.fixture(scope="module")
def answered(served: Served) -> str:
    """A CBP officer has asked for a visa; the record's id."""
    status, page = served.fetch("/graphql", {"query": FOIL}, authorization=f"Bearer {served.token('cbp-primary-atl')}")
    assert status == 200
    assert page["data"]["visa"]["foilNumber"] == "S2400001", page
    return str(page["extensions"]["record"])


def test_the_welcome_names_the_address_the_policy_and_a_first_query(served: Served) -> None:
    assert f"explorer {served.address}/explorer" in served.welcome
    assert "agreements, epoch sha256:" in served.welcome
    assert f"curl -s {served.address}/graphql" in served.welcome


def test_verify_says_that_the_record_is_sound(gateway: Gateway, var: Path, answered: str) -> None:
    result = gateway("audit", "verify", "--var", var)

    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("sound: ")


def test_the_policies_that_were_in_force_are_listed_and_written_out(
    gateway: Gateway, var: Path, served: Served, tmp_path: Path
) -> None:
    listed = gateway("audit", "epochs", "--var", var)
    assert listed.exit_code == 0, listed.output
    since, epoch = listed.stdout.split()
    assert since.startswith("2026-11-01T12:00:0")

    written = gateway("audit", "epochs", "--write", epoch, tmp_path / "old", "--var", var)
    assert written.exit_code == 0, written.output
    same = (ROOT / "schema" / "agreements" / "state_ca-cbp-visa.toml").read_text()
    assert (tmp_path / "old" / "agreements" / "state_ca-cbp-visa.toml").read_text() == same

    unknown = gateway("audit", "epochs", "--write", "sha256:00", tmp_path / "none", "--var", var)
    assert unknown.exit_code != 0
    assert "EPOCH_UNKNOWN" in unknown.output
    assert not (tmp_path / "none").exists()


def test_what_was_in_force_when_is_listed(gateway: Gateway, var: Path, served: Served) -> None:
    """The start of the gateway that is served, and what the agreements' own dates bring afterwards."""
    listed = gateway("audit", "activations", "--until", "2027-02-01", "--var", var)
    assert listed.exit_code == 0, listed.output
    first, *dates = listed.stdout.splitlines()
    assert first.startswith("2026-11-01T12:00:0")
    assert first.endswith("  folder")
    assert "  2026-12-14T00:00:00+00:00  CBP-VSP-HISTORY  SUSPENDED" in dates
    lines = gateway("audit", "activations", "--until", "2027-02-01", "--json", "--var", var)
    (page,) = (json.loads(each) for each in lines.stdout.splitlines())
    assert first.split()[1] == page["epoch"]
    assert gateway("audit", "activations", "--until", "2020-01-01", "--var", var).stdout == ""


def test_verify_finds_a_record_that_was_changed(gateway: Gateway, var: Path, answered: str, tmp_path: Path) -> None:
    copy = tmp_path / "var"
    (copy / "record").mkdir(parents=True)
    shutil.copytree(var / "keys", copy / "keys")
    for file in (var / "record").glob("record.*.sqlite3"):
        with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as source:
            target = sqlite3.connect(copy / "record" / file.name)
            source.backup(target)
        source.close()
        if file.name != "record.index.sqlite3":
            with target:
                target.execute(
                    "update payload set body = cast(replace(cast(body as text), 'cbp-primary', 'cbp-nobody') as blob)"
                )
        target.close()

    result = gateway("audit", "verify", "--var", copy)

    assert result.exit_code == 1
    assert result.stderr.startswith("NOT SOUND: record ")


def test_search_finds_the_record_by_what_was_seen(gateway: Gateway, var: Path, answered: str) -> None:
    by_field = gateway("audit", "search", "--coordinate", "Visa.status", "--agency", "CBP", "--json", "--var", var)
    by_request = gateway("audit", "search", "--request", answered, "--json", "--var", var)
    by_person = gateway("audit", "search", "--traveler", TRAVELER, "--json", "--var", var)
    (record,) = (json.loads(line) for line in by_request.stdout.splitlines())

    assert record["caller"]["user"] == "cbp-atl-1"
    assert record["operation"]["name"] == "Foil"
    assert record["index"] in [json.loads(line)["index"] for line in by_field.stdout.splitlines()]
    assert record["index"] in [json.loads(line)["index"] for line in by_person.stdout.splitlines()]
    assert TRAVELER not in by_person.stdout  # the record knows people by pseudonyms


def test_search_as_a_table_and_counted(gateway: Gateway, var: Path, answered: str) -> None:
    table = gateway("audit", "search", "--request", answered, "--var", var, COLUMNS="160")
    counted = gateway("audit", "search", "--by", "agreement", "--json", "--var", var)

    assert "1 record" in table.stdout
    assert "CBP/cbp-primary" in table.stdout
    assert "CA-CBP-VISA" in [json.loads(line)["name"] for line in counted.stdout.splitlines()]
    told(gateway("audit", "search", "--by", "weather", "--var", var), "GROUPING_UNKNOWN")


def test_disclosures_name_agreement_and_recipient(gateway: Gateway, var: Path, answered: str) -> None:
    result = gateway("audit", "disclosures", TRAVELER, "--json", "--var", var)
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    status = next(line for line in lines if line["coordinate"] == "Visa.status")

    assert (status["owner"], status["recipient"], status["role"]) == ("STATE_CA", "CBP", "cbp-primary")
    assert status["agreement"] == "CA-CBP-VISA"


def test_nothing_is_disclosed_about_somebody_unknown(gateway: Gateway, var: Path, answered: str) -> None:
    result = gateway("audit", "search", "--traveler", "TRV-NOBODY", "--var", var)

    assert result.exit_code == 0
    assert "0 records" in result.stdout


# ---- a graph that governs nothing ----------------------------------------------------------------------------------------

LINK = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key"])\n'
SHOP = LINK + 'type Query { top: Product } type Product @key(fields: "upc") { upc: ID! name: String }'
STOCK = LINK + 'type Product @key(fields: "upc") { upc: ID! inStock: Int }'


class _Subgraphs(BaseHTTPRequestHandler):
    """Two subgraphs that answer what they are asked by the names in it."""

    def do_POST(self) -> None:
        asked = orjson.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.seen.append((self.path, asked, dict(self.headers)))  # type: ignore[attr-defined]
        entities = [{"inStock": 7} for _ in asked.get("variables", {}).get("r0", [])]
        alias = "_e0" if "_e0" in asked["query"] else "_entities"
        data = {"top": {"upc": "1", "name": "Chair"}} if self.path == "/shop" else {alias: entities}
        body = orjson.dumps({"data": data})
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing: the test looks at what was seen."""


@pytest.fixture
def subgraphs() -> Iterator[ThreadingHTTPServer]:
    """The two subgraphs on a free port; ``seen`` holds path, body and headers of each request."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Subgraphs)
    server.seen = []  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_any_graph_is_served_over_http_once_it_is_said_to_govern_nothing(
    subgraphs: ThreadingHTTPServer, tmp_path: Path
) -> None:
    base = f"http://127.0.0.1:{subgraphs.server_address[1]}"
    composed = compose([SubgraphSDL("shop", f"{base}/shop", SHOP), SubgraphSDL("stock", f"{base}/stock", STOCK)])
    graph = tmp_path / "graph.graphql"
    graph.write_text(composed.supergraph_sdl)

    with serving("--supergraph", graph, "--policy", "unrestricted") as running:
        asked = running.fetch("/graphql", {"query": "{ top { name inStock } }"})
        described = running.fetch("/graphql", {"query": '{ __type(name: "Product") { fields { name } } }'})
        refused = running.fetch("/graphql", {"query": "{ nothing }"}, accept="application/graphql-response+json")
        explained = running.fetch("/explain?coordinate=Product.name")
        personas = running.fetch("/dev/personas")
        ready = running.fetch("/health/ready")

    assert "governs nothing" in running.welcome
    assert asked == (200, {"data": {"top": {"name": "Chair", "inStock": 7}}})
    assert {each["name"] for each in described[1]["data"]["__type"]["fields"]} == {"upc", "name", "inStock"}
    assert (refused[0], refused[1]["errors"][0]["extensions"]["code"]) == (400, "UNKNOWN_FIELD")
    assert (explained[0], explained[1]["errors"][0]["extensions"]["code"]) == (404, "NOTHING_GOVERNED")
    assert personas[0] == 403
    assert ready[0] == 200
    seen = subgraphs.seen  # type: ignore[attr-defined]
    assert [path for path, _, _ in seen] == ["/shop", "/stock"]
    assert all("gateway-assertion" not in {name.lower() for name in headers} for _, _, headers in seen)
