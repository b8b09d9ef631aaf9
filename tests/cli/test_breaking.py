"""Whom a change breaks: recorded operations held against the graph that is to come, with clients and requests."""

from __future__ import annotations

import asyncio
import json
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from graphql import GraphQLSchema, build_schema

from gateway.audit import AuditLog, LogSettings, load_signing_key
from gateway.audit.asked import operations_asked
from gateway.caller import Application, Caller
from gateway.cli.breaking import breaking_step
from gateway.cli.overrides import overridden
from gateway.cli.recorded import Recorded, page_of, read_recorded
from gateway.cli.reports import sarif
from gateway.cli.steps import Checked
from gateway.errors import PolicyError
from tests.audit.conftest import NOW, OFFICER, SHARD, record
from tests.cli.conftest import Gateway, told

OLD = """
interface Event { id: ID at: String }
type Entry implements Event { id: ID at: String port: String }
type Exit implements Event { id: ID at: String }
enum Status { ISSUED REVOKED }
input Filter { status: Status post: String }
type Visa { foil: String! status: Status events: [Event!] related: [Thing!] }
union Thing = Visa | Entry
type Query { visa(foil: String!): Visa visas(filter: Filter, first: Int): [Visa!] gone: String }
"""
CONSUL = Caller("STATE_CA", "consular-officer", "visa-adjudication", case="AA00000001", user="u-20")


def changed(*changes: tuple[str, str]) -> GraphQLSchema:
    text = OLD
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    return build_schema(text)


def asked(*texts: str) -> Recorded:
    """Each text asked by a CBP officer four times, and by a consular officer once; the first by nobody else."""
    page = {
        "until": "2026-11-24T00:00:00+00:00",
        "days": 30,
        "operations": [
            {
                "text": text, "name": f"Q{number}", "kind": "query", "hash": f"sha256:{number}",
                "asked": [
                    {"agency": "CBP", "role": "cbp-primary", "day": "2026-11-01", "count": 4},
                    *([{"agency": "STATE_CA", "role": "consular-officer", "day": "2026-11-02", "count": 1}] if number else []),
                ],
            }
            for number, text in enumerate(texts)
        ],
    }  # fmt: skip
    return msgspec.convert(page, Recorded)


@pytest.mark.parametrize(
    ("change", "operation", "place"),
    [
        ((" gone: String", ""), "{ gone }", "Query.gone"),
        (("status: Status events", "events"), '{ visa(foil: "*") { status } }', "Visa.status"),
        (("foil: String! status", "foil: String status"), '{ visa(foil: "*") { foil } }', "Visa.foil"),
        (("port: String", "gate: String"), '{ visa(foil: "*") { events { ... on Entry { port } } } }', "Entry.port"),
        ((", first: Int", ""), "{ visas(first: 0) { foil } }", "Query.visas(first:)"),
        (("first: Int", "first: Int, all: Boolean!"), "{ visas { foil } }", "Query.visas(all:)"),
        (("ISSUED REVOKED", "ISSUED"), "{ visas(filter: {status: REVOKED}) { foil } }", "Status.REVOKED"),
        (("ISSUED REVOKED", "ISSUED"), "query($f: Filter) { visas(filter: $f) { foil } }", "Status.REVOKED"),
        ((" post: String", ""), "query($f: Filter) { visas(filter: $f) { foil } }", "Filter.post"),
        ((" post: String", ""), '{ visas(filter: {post: "*"}) { foil } }', "Filter.post"),
        (("post: String", "post: String!"), '{ visas(filter: {post: "*"}) { foil } }', "Filter.post"),
        (
            ("post: String }", "post: String more: Int! }"),
            "{ visas(filter: {status: ISSUED}) { foil } }",
            "Filter.more",
        ),
        (("= Visa | Entry", "= Visa"), '{ visa(foil: "*") { related { ... on Entry { at } } } }', "Entry"),
    ],
)
def test_a_change_names_whom_it_breaks(change: tuple[str, str], operation: str, place: str) -> None:
    recorded = asked('{ visa(foil: "*") { events { id } } }', operation)
    step = breaking_step(changed(change), build_schema(OLD), recorded)
    (found,) = step.mistakes
    assert (found.code, found.where) == ("CHANGE_BREAKS_CLIENTS", place)
    assert found.message.endswith(
        "It breaks 1 operation (Q1) of 2 clients (CBP/cbp-primary, STATE_CA/consular-officer), 5 requests in the last 30 days."
    )
    assert step.told == "1 change breaks some of 2 operations of 9 requests in 30 days"


def test_what_nobody_asked_for_is_no_mistake() -> None:
    recorded = asked('{ visa(foil: "*") { foil } }')
    step = breaking_step(changed((" gone: String", ""), (" post: String", "")), build_schema(OLD), recorded)
    assert step.mistakes == ()
    assert set(step.notes) == {
        "Field Query.gone was removed. Nobody asked for it in 30 days.",
        "Field Filter.post was removed. Nobody asked for it in 30 days.",
    }


def test_somebody_may_answer_for_a_change_that_breaks_clients(tmp_path: Path) -> None:
    step = breaking_step(changed((" gone: String", "")), build_schema(OLD), asked("{ gone }"))
    named = 'code = "CHANGE_BREAKS_CLIENTS"\nwhere = "Query.gone"\nreason = "They moved."\nauthor = "me"\nuntil = 2026-12-01'
    (tmp_path / "overrides.toml").write_text(f"[[override]]\n{named}\n", encoding="utf-8")
    assert Checked(overridden([step], tmp_path, NOW.date())).ok


def test_an_argument_that_an_operation_leaves_out_does_not_break_it() -> None:
    step = breaking_step(changed((", first: Int", "")), build_schema(OLD), asked("{ visas { foil } }"))
    assert step.mistakes == ()


def test_without_operations_every_breaking_change_is_a_mistake() -> None:
    step = breaking_step(changed((" gone: String", "")), build_schema(OLD), None)
    assert [(each.code, each.where) for each in step.mistakes] == [("CHANGE_BREAKING", "Query.gone")]
    assert breaking_step(build_schema(OLD), build_schema(OLD), None).told == "nothing breaks the published schema"


def test_without_the_schema_before_the_operations_alone_are_held_against_the_new_one() -> None:
    recorded = asked('{ visa(foil: "*") { status } gone }', "{ visas(first: 0) { foil } }", "{ visas { foil } }")
    step = breaking_step(changed((" gone: String", ""), (", first: Int", "")), None, recorded)
    assert {each.where: dict(each.extra)["requests"] for each in step.mistakes} == {
        "Query.gone": 4,
        "Query.visas(first:)": 5,
    }


def test_an_operation_that_did_not_hold_before_is_not_counted() -> None:
    step = breaking_step(changed((" gone: String", "")), build_schema(OLD), asked("{ nothing }", "{ gone "))
    assert step.mistakes == ()


def test_numbers_are_told_to_programs_too(tmp_path: Path) -> None:
    step = breaking_step(changed((" gone: String", "")), build_schema(OLD), asked("{ gone }", "query B { gone }"))
    checked = Checked((step,))
    (data,) = checked.as_json()["steps"][0]["mistakes"]
    assert data["extra"]["requests"] == 9
    assert data["extra"]["clients"] == ("CBP/cbp-primary", "STATE_CA/consular-officer")
    assert [each["hash"] for each in data["extra"]["operations"]] == ["sha256:0", "sha256:1"]
    (result,) = sarif(checked, tmp_path)["runs"][0]["results"]
    assert result["properties"]["requests"] == 9
    assert result["locations"] == [{"logicalLocations": [{"fullyQualifiedName": "Query.gone"}]}]


@pytest.fixture
def var(tmp_path: Path) -> Path:
    """A var folder whose record holds answers to three operations, one of them with different values each time."""
    folder = tmp_path / "var"
    text = 'query T {{ traveler(id: "TRV-{:026d}") {{ id sex }} }}'

    async def fill() -> None:
        key = load_signing_key(folder / "keys")
        with closing(AuditLog(folder / "record" / "record.sqlite3", key, LogSettings(shard=SHARD))) as log:
            for number in range(3):
                named = Application("lane app", "2.1") if number == 2 else None
                await log.append(
                    record(number, operation_text=text.format(number), operation_name="T", application=named)
                )
            await log.append(record(3, operation_text=text.format(9), operation_name="T", caller=CONSUL))
            await log.append(
                record(
                    4,
                    operation_text="{ nothing { here } }",
                    operation_name="",
                    operation_hash="sha256:ab",
                    application=Application("lane app", "2.2"),
                )
            )
            await log.append(record(5, at=NOW - timedelta(days=31)))
            await log.append(record(6, kind="look", caller=replace(OFFICER, role="auditor")))

    asyncio.run(fill())
    return folder


def test_operations_of_the_record_have_no_values_and_no_users(var: Path) -> None:
    found, left = operations_asked(var / "record" / "record.sqlite3", NOW - timedelta(days=30), NOW + timedelta(days=1))
    assert left == 0
    assert [(each.name, each.requests, each.asked) for each in found] == [
        ("T", 4, (("CBP", "cbp-primary", "2026-11-01", 2, "", ""), ("CBP", "cbp-primary", "2026-11-01", 1, "lane app", "2.1"),
                   ("STATE_CA", "consular-officer", "2026-11-01", 1, "", ""))),
        ("", 1, (("CBP", "cbp-primary", "2026-11-01", 1, "lane app", "2.2"),)),
    ]  # fmt: skip
    page = str(page_of(found, NOW, 30))
    assert "TRV-" not in page
    assert "u-17" not in page
    kept, less = operations_asked(
        var / "record" / "record.sqlite3", NOW - timedelta(days=30), NOW + timedelta(days=1), most=1
    )
    assert ([each.name for each in kept], less) == (["T"], 1)


def test_the_record_tells_a_check_whom_a_change_breaks(
    gateway: Gateway, var: Path, schema: Path, tmp_path: Path
) -> None:
    """From the record to the finding: written where the record is, read where the change is."""
    out, manifest = tmp_path / "operations.json", tmp_path / "documents.json"
    manifest.write_text(json.dumps({"port desk": {"sha256:ab": "{ nothing { here } }"}}), encoding="utf-8")
    wrote = gateway("audit", "operations", "--out", out, "--at", "2026-11-02", "--documents", manifest, "--var", var)
    assert wrote.exit_code == 0, wrote.output
    assert wrote.stdout == f"wrote {out}: 2 operations, 5 requests in 30 days\n"

    result = gateway("check", "--schema", schema, "--operations", out)
    assert result.exit_code == 1
    assert "FAIL  operations   1 change breaks some of 2 operations of 5 requests in 30 days" in result.stdout
    assert "CHANGE_BREAKS_CLIENTS [Query.nothing]: Cannot query field 'nothing' on type 'Query'." in result.stderr
    assert "1 operation ((unnamed)) of 1 client (port desk), 1 request in the last 30 days." in result.stderr


def test_an_application_that_names_itself_is_told_by_its_name(
    gateway: Gateway, var: Path, schema: Path, tmp_path: Path
) -> None:
    out = tmp_path / "operations.json"
    assert gateway("audit", "operations", "--out", out, "--at", "2026-11-02", "--var", var).exit_code == 0
    (nothing,) = [each for each in read_recorded(out).operations if not each.name]
    assert [(each.client, each.version, each.count) for each in nothing.asked] == [("lane app", "2.2", 1)]

    result = gateway("check", "--schema", schema, "--operations", out)
    assert "It breaks 1 operation ((unnamed)) of 1 client (lane app), 1 request in the last 30 days." in result.stderr


def test_a_file_that_holds_no_operations_is_refused(gateway: Gateway, tmp_path: Path) -> None:
    path = tmp_path / "operations.json"
    with pytest.raises(PolicyError, match="cannot be read") as caught:
        read_recorded(path)
    assert caught.value.mistakes[0].code == "OPERATIONS_WRONG"
    path.write_text('{"until": "x", "days": 1, "operations": [{"text": 1}]}', encoding="utf-8")
    with pytest.raises(PolicyError, match=r"operations\[0\]"):
        read_recorded(path)
    assert "RECORD_MISSING" in told(gateway("audit", "operations", "--out", path, "--var", tmp_path), "RECORD_MISSING")
