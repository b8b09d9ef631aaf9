"""``gateway compose``, ``plan``, ``token``, the refusals of ``serve``, help, and how errors are told."""

from __future__ import annotations

import json
import socket
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.identity import Known, TokenReader, development_key, load_public_keys
from gateway.opening import open_graph
from gateway.supergraph import load_supergraph
from tests.cli.conftest import Gateway, told

COMMANDS = [
    ("serve",), ("compose",), ("check",), ("plan",), ("normalize",), ("moves",), ("paths",), ("explain-plan",), ("explain",), ("matrix",), ("diff",), ("prove",), ("token",), ("rotate-key",),
    ("audit",), ("audit", "verify"), ("audit", "search"), ("audit", "disclosures"), ("audit", "export"),
    ("audit", "bundle"), ("audit", "proof"), ("audit", "witness"), ("audit", "keygen"), ("audit", "checkpoint"),
    ("audit", "retain"), ("audit", "shred"), ("certificates",), ("certificates", "issue"), ("certificates", "show"),
    ("certificates", "rotate"), (),
]  # fmt: skip
QUERY = "query Q($id: ID!) { traveler(id: $id) { names { family } petitions { nodes { rfeReasons status } } } }"
LEFT = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key"])\n'
USERS = LEFT + 'type Query { me: User } type User @key(fields: "id") { id: ID! name: String }'
POSTS = LEFT + 'type User @key(fields: "id") { id: ID! posts: [String!] }'


# ---- help and usage --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_ends_with_an_example(gateway: Gateway, command: tuple[str, ...]) -> None:
    result = gateway(*command, "--help")
    text = " ".join(result.stdout.split())

    assert result.exit_code == 0
    assert "gateway " in text[text.rindex("Example: ") :]
    assert text.rindex("Example: ") > text.rindex("Show this message and exit.")


@pytest.mark.parametrize(
    "arguments",
    [
        ("nothing",),
        ("explain",),
        ("serve", "--port", "many"),
        ("serve", "--subgraphs", "pigeons"),
        ("audit", "search", "--limit", "0"),
        ("plan", "--nothing"),
    ],
)
def test_wrong_usage_is_exit_code_2(gateway: Gateway, arguments: tuple[str, ...]) -> None:
    result = gateway(*arguments)

    assert result.exit_code == 2
    assert "Usage: " in result.stderr


def test_rotate_key_says_what_comes_next(gateway: Gateway, tmp_path: Path) -> None:
    assert told(gateway("rotate-key", "--step", "publish", "--var", tmp_path), "KEYS_MISSING")
    old = development_key(tmp_path / "keys", "gateway", mode="development")
    told(gateway("rotate-key", "--step", "use", "--var", tmp_path), "ROTATION_OUT_OF_ORDER")
    out = gateway("rotate-key", "--step", "publish", "--var", tmp_path).stdout
    assert out.count("published ") == 2
    assert f"published {old.kid}" in out
    assert "step `use`" in out
    assert "step `retire`" in gateway("rotate-key", "--step", "use", "--var", tmp_path).stdout
    out = gateway("rotate-key", "--step", "retire", "--var", tmp_path).stdout
    assert out.count("published ") == 1
    assert old.kid not in out


def test_certificates_are_issued_shown_and_replaced(gateway: Gateway, tmp_path: Path) -> None:
    told(gateway("certificates", "show", tmp_path), "CERTIFICATES_MISSING")
    out = gateway("certificates", "issue", tmp_path, "--days", "30").stdout
    assert out.count("server ") == 7
    assert out.count(", new\n") == 8
    assert ", new" not in gateway("certificates", "issue", tmp_path, "--days", "30").stdout
    out = gateway("certificates", "issue", tmp_path, "--server", "visas=10.1.2.3,visas.example", "--days", "30").stdout
    assert out.count(", new\n") == 1
    assert gateway("certificates", "show", tmp_path, "--within", "29").exit_code == 0
    assert "visas" in told(gateway("certificates", "show", tmp_path, "--within", "31"), "CERTIFICATES_ENDING")
    told(gateway("certificates", "rotate", tmp_path, "--step", "use"), "ROTATION_OUT_OF_ORDER")
    for step, says in {"publish": "trust both", "use": "new certificates", "retire": "rotation is done"}.items():
        result = gateway("certificates", "rotate", tmp_path, "--step", step, "--days", "30")
        assert says in result.stdout, result.output


# ---- compose -------------------------------------------------------------------------------------------------------------


def test_compose_of_files_prints_the_supergraph(gateway: Gateway, tmp_path: Path) -> None:
    (tmp_path / "users.graphql").write_text(USERS)
    (tmp_path / "posts.graphql").write_text(POSTS)
    result = gateway("compose", tmp_path / "users.graphql", tmp_path / "posts.graphql")

    assert result.exit_code == 0
    assert [each.name for each in load_supergraph(result.stdout).subgraphs] == ["posts", "users"]


def test_compose_of_a_registry_writes_and_checks(gateway: Gateway, schema: Path) -> None:
    registry = schema / "registry.toml"
    (schema / "supergraph.graphql").write_text("stale")

    stale = gateway("compose", "--config", registry, "--check")
    written = gateway("compose", "--config", registry)
    fresh = gateway("compose", "--config", registry, "--check")

    assert str(schema / "supergraph.graphql") in told(stale, "GENERATED_FILE_STALE")
    assert (written.exit_code, written.stdout) == (0, "11 files, 1 written\n")
    assert (fresh.exit_code, fresh.stdout) == (0, "11 files, 0 written\n")


def test_compose_of_lines_answers_each_with_a_line(gateway: Gateway) -> None:
    cases = [
        {"id": 1, "subgraphs": [{"name": "users", "sdl": USERS}, {"name": "posts", "sdl": POSTS}]},
        {"id": 2, "subgraphs": [{"name": "posts", "sdl": "type Post { id: Missing }"}]},
    ]
    result = gateway("compose", "--jsonl", stdin="\n".join(json.dumps(case) for case in cases))
    first, second = (json.loads(line) for line in result.stdout.splitlines())

    assert (first["id"], first["ok"]) == (1, True)
    assert (second["id"], second["ok"]) == (2, False)
    assert second["errors"][0]["code"]


def test_compose_tells_every_mistake(gateway: Gateway, tmp_path: Path) -> None:
    (tmp_path / "a.graphql").write_text(LEFT + "type Query { a: Nowhere b: Nobody }")
    result = gateway("compose", tmp_path / "a.graphql")

    assert result.exit_code == 1
    assert result.stdout == ""
    assert "Nowhere" in result.stderr
    assert "Nobody" in result.stderr


def test_compose_of_nothing(gateway: Gateway, tmp_path: Path) -> None:
    told(gateway("compose"), "NOTHING_TO_COMPOSE")
    assert str(tmp_path / "no.graphql") in gateway("compose", tmp_path / "no.graphql").stderr
    told(gateway("compose", "--jsonl", stdin="not json\n"), "LINE_MALFORMED")
    told(gateway("compose", "--jsonl", stdin='{"subgraphs": [{}]}\n'), "LINE_MALFORMED")


# ---- plan ----------------------------------------------------------------------------------------------------------------


def test_plan_for_a_persona_leaves_out_what_it_may_not_ask(gateway: Gateway, composed: Path) -> None:
    base = ("plan", "--variables", '{"id": "TRV-1"}', "--schema", composed, "--at", "2026-11-01")
    everything = gateway(*base, stdin=QUERY)
    primary = gateway(*base, "--as", "cbp-primary-atl", stdin=QUERY)

    assert "rfeReasons" in everything.stdout
    assert primary.exit_code == 0, primary.output
    assert "family" in primary.stdout
    assert "rfeReasons" not in primary.stdout


def test_plan_of_another_graph_as_data(gateway: Gateway, tmp_path: Path) -> None:
    (tmp_path / "users.graphql").write_text(USERS)
    (tmp_path / "posts.graphql").write_text(POSTS)
    graph = tmp_path / "graph.graphql"
    graph.write_text(gateway("compose", tmp_path / "users.graphql", tmp_path / "posts.graphql").stdout)
    (tmp_path / "q.graphql").write_text("{ me { name posts } }")

    result = gateway("plan", "--supergraph", graph, "--query", tmp_path / "q.graphql", "--json")

    assert result.exit_code == 0, result.output
    assert "posts" in json.dumps(json.loads(result.stdout))


def test_plan_of_what_cannot_be_planned(gateway: Gateway, composed: Path, tmp_path: Path) -> None:
    base = ("plan", "--schema", composed)

    told(gateway(*base, stdin="{"), "SYNTAX_ERROR")
    two = told(gateway(*base, stdin="{ nothing nobody }"), "UNKNOWN_FIELD")
    assert "Query.nothing at line 1, column 3" in two
    assert "Query.nobody at line 1, column 11" in two
    told(gateway(*base, "--variables", "{", stdin=QUERY), "WRONG_VARIABLE")
    told(gateway(*base, stdin=QUERY), "WRONG_VARIABLE")
    told(gateway(*base, "--as", "nobody", "--variables", '{"id": "1"}', stdin=QUERY), "CALLER_MALFORMED")
    told(gateway(*base, "--operation", "other", stdin=QUERY), "OPERATION_NOT_FOUND")
    assert "QUERY_MISSING" in gateway(*base, "--query", tmp_path / "no.graphql").stderr
    assert "SUPERGRAPH_MISSING" in gateway("plan", "--schema", tmp_path, stdin=QUERY).stderr


# ---- token ---------------------------------------------------------------------------------------------------------------


def test_token_is_one_that_the_gateway_reads(gateway: Gateway, composed: Path, tmp_path: Path) -> None:
    result = gateway(
        "token", "--persona", "ero-officer", "--purpose", "enforcement-lead", "--case", "ERC-00070001",
        "--schema", composed, "--var", tmp_path, TWS_MODE="development",
    )  # fmt: skip
    reader = TokenReader(
        load_public_keys(tmp_path / "keys", "issuer"), known=Known.of(open_graph(composed).policy.vocabulary)
    )
    caller = reader.read(result.stdout.strip(), datetime.now(UTC))

    assert (caller.agency, caller.role, caller.purpose) == ("ICE_ERO", "ero-officer", "enforcement-lead")
    assert caller.case == "ERC-00070001"


def test_token_without_a_persona_lists_them(gateway: Gateway, composed: Path, tmp_path: Path) -> None:
    result = gateway("token", "--schema", composed, "--var", tmp_path, TWS_MODE="development", COLUMNS="200")

    assert "cbp-primary-nyc" in result.stdout
    assert "border-inspection-primary" in result.stdout


def test_token_for_nobody(gateway: Gateway, composed: Path, tmp_path: Path) -> None:
    result = gateway("token", "--persona", "me", "--schema", composed, "--var", tmp_path, TWS_MODE="development")

    assert "auditor" in told(result, "UNKNOWN_PERSONA")


@pytest.mark.parametrize("mode", ["", "production"])
@pytest.mark.parametrize("arguments", [(), ("--persona", "auditor")])
def test_token_outside_development_is_refused(
    gateway: Gateway, composed: Path, tmp_path: Path, mode: str, arguments: tuple[str, ...]
) -> None:
    result = gateway("token", *arguments, "--schema", composed, "--var", tmp_path / "var", TWS_MODE=mode)

    told(result, "DEVELOPMENT_ONLY")
    assert result.stdout == ""
    assert not (tmp_path / "var").exists()  # and no key was made


# ---- serve: what does not start --------------------------------------------------------------------------------------


def test_serve_in_production_without_an_issuer_does_not_start(gateway: Gateway, composed: Path, tmp_path: Path) -> None:
    text = told(gateway("serve", "--schema", composed, "--var", tmp_path, "--port", "0"), "ISSUER_UNSET")

    assert "TWS_ISSUER" in text
    assert "TWS_JWKS" in text


def test_serve_in_production_without_the_issuers_keys_does_not_start(
    gateway: Gateway, composed: Path, tmp_path: Path
) -> None:
    result = gateway(
        "serve", "--schema", composed, "--var", tmp_path, TWS_ISSUER="agency", TWS_JWKS=str(tmp_path / "no.json")
    )

    assert result.exit_code == 1
    assert "KEYS_MISSING" in result.stderr
    assert str(tmp_path / "no.json") in result.stderr


def test_the_agencies_graph_is_never_served_without_its_agreements(gateway: Gateway, composed: Path) -> None:
    told(gateway("serve", "--policy", "unrestricted", "--schema", composed), "POLICY_MISPLACED")
    governed = gateway("serve", "--supergraph", composed / "supergraph.graphql", "--policy", "unrestricted")

    assert governed.exit_code == 1
    assert "POLICY_GOVERNED_DATA" in governed.stderr


def test_another_graph_has_to_be_said_to_govern_nothing(gateway: Gateway, composed: Path, tmp_path: Path) -> None:
    told(gateway("serve", "--supergraph", composed / "supergraph.graphql"), "POLICY_MISSING")
    told(gateway("serve", "--supergraph", composed / "api.graphql", "--policy", "open"), "POLICY_UNKNOWN")
    missing = gateway("serve", "--supergraph", tmp_path / "no.graphql", "--policy", "unrestricted")
    assert (missing.exit_code, "SUPERGRAPH_MISSING" in missing.stderr) == (1, True)


def test_serve_on_a_port_that_is_taken(gateway: Gateway, composed: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = gateway("serve", "--schema", composed, "--var", tmp_path, "--port", port, TWS_MODE="development")

    told(result, "ADDRESS_UNUSABLE")


def test_a_setting_that_cannot_be_used_is_named(gateway: Gateway, composed: Path) -> None:
    result = gateway("serve", "--schema", composed, TWS_PORT="many", TWS_MODE="party")

    assert result.exit_code == 1
    assert "TWS_PORT" in result.stderr
    assert "TWS_MODE" in result.stderr


# ---- audit: without a record ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [("verify",), ("search",), ("disclosures", "TRV-1"), ("export",), ("bundle", "x.zip"), ("proof", "a1", "0"),
     ("checkpoint",), ("retain", "--older-than", "1y")],
)  # fmt: skip
def test_audit_where_there_is_no_record(gateway: Gateway, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    told(gateway("audit", *arguments, "--var", tmp_path), "RECORD_MISSING")


def test_audit_of_what_cannot_be_read(gateway: Gateway, tmp_path: Path) -> None:
    told(gateway("audit", "verify", tmp_path / "none", "--var", tmp_path), "KEYS_MISSING")
    told(gateway("audit", "verify", tmp_path / "none", "--key", "x", "--var", tmp_path), "KEY_MALFORMED")
    told(gateway("audit", "witness", "--key", tmp_path / "none", "--var", tmp_path), "KEYS_MISSING")
    told(gateway("audit", "shred", "2026-11", "--var", tmp_path), "PERIOD_UNKNOWN")
    told(gateway("audit", "search", "--since", "yesterday", "--var", tmp_path), "DATE_MALFORMED")
