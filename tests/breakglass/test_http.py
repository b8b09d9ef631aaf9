"""Break-glass over HTTP, from the request to the answer, and what the auditor sees on the command line."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner

from gateway.cli.main import app
from gateway.errors import GatewayError
from gateway.limits import LimitsPage
from tests.scenarios.asking import World
from tests.web.client import JSON, MODERN, Answered, Face

pytestmark = pytest.mark.asyncio(loop_scope="module")

CHILD = "TRV-01KST0RY000000000000000026"
QUERY = "query($t: ID!) { traveler(id: $t) { names { family } } }"
WHO = "cbp-supervisor-atl"
PAGE = {"reason": "A child of nine is missing since noon.", "case": "INS-ATL-00260001", "minutes": 30}


async def post(face: Face, path: str, page: Any = None, **changes: Any) -> Answered:
    return await face.send("POST", path, token=face.token(WHO, **changes), body=orjson.dumps(page), content_type=JSON)


def code(answered: Answered) -> str:
    return str(answered.page["errors"][0]["extensions"]["code"])


async def grant(face: Face) -> str:
    asked = await post(face, "/break-glass", PAGE)
    assert (asked.status, asked.page["state"]) == (201, "pending")
    return str(asked.page["id"])


async def test_asked_approved_used(face: Face) -> None:
    grant_id = await grant(face)
    body = orjson.dumps({"query": QUERY, "variables": {"t": CHILD}, "extensions": {"breakGlass": grant_id}})
    early = await face.send(token=face.token(WHO), body=body, content_type=JSON, accept=MODERN)
    assert (early.status, code(early)) == (403, "BREAK_GLASS_PENDING")
    approved = await post(face, f"/break-glass/{grant_id}/approve", user="cbp-atl-1")
    assert (approved.status, approved.page["state"], approved.page["approvedBy"]) == (200, "open", "cbp-atl-1")
    found = await face.send(token=face.token(WHO), body=body, content_type=JSON, accept=MODERN)
    assert found.status == 200
    assert found.page["data"]["traveler"]["names"][0] == {"family": "Vargas"}


async def test_a_question_without_the_grant_is_told_what_to_do(face: Face) -> None:
    found = await face.ask(QUERY, WHO, variables={"t": CHILD})
    assert (found.status, code(found)) == (403, "BREAK_GLASS_REQUIRED")
    assert "POST /break-glass" in found.page["errors"][0]["extensions"]["hint"]


async def test_nobody_approves_his_own_and_no_stranger_sees_it(face: Face) -> None:
    grant_id = await grant(face)
    own = await post(face, f"/break-glass/{grant_id}/approve")
    assert (own.status, code(own)) == (403, "BREAK_GLASS_APPROVER")
    for stranger in (
        face.token("cbp-primary-nyc"),
        face.token(WHO, agency="ICE_ERO", role="ero-supervisor", user="ero-1"),
    ):
        found = await face.send(
            "POST", f"/break-glass/{grant_id}/approve", token=stranger, body=b"{}", content_type=JSON
        )
        assert (found.status, code(found)) == (404, "BREAK_GLASS_UNKNOWN")
    for reader, status in ((face.token(WHO), 200), (face.token(WHO, user="cbp-atl-1"), 200), (face.token(), 404)):
        assert (await face.send("GET", f"/break-glass/{grant_id}", token=reader)).status == status


@pytest.mark.parametrize(
    ("page", "changes", "status", "expected"),
    [
        ({**PAGE, "minutes": 61}, {}, 400, "BREAK_GLASS_MALFORMED"),
        ({**PAGE, "reason": "x"}, {}, 400, "BREAK_GLASS_MALFORMED"),
        ([], {}, 400, "BREAK_GLASS_MALFORMED"),
        (PAGE, {"case": "INS-ATL-00130002"}, 403, "BREAK_GLASS_CASE"),
        (PAGE, {"purpose": "border-inspection-secondary"}, 403, "BREAK_GLASS_PURPOSE"),
        (PAGE, {"role": "cbp-primary"}, 401, "PURPOSE_OF_ANOTHER_ROLE"),
    ],
)
async def test_what_is_refused(face: Face, page: Any, changes: dict[str, Any], status: int, expected: str) -> None:
    found = await post(face, "/break-glass", page, **changes)
    assert (found.status, code(found)) == (status, expected)


async def test_a_body_too_large_or_no_json_and_no_token(face: Face) -> None:
    large = await face.send("POST", "/break-glass", token=face.token(WHO), body=b"x" * 10_001)
    assert (large.status, code(large)) == (413, "BODY_TOO_LARGE")
    broken = await face.send("POST", "/break-glass", token=face.token(WHO), body=b"{")
    assert (broken.status, code(broken)) == (400, "BODY_NOT_JSON")
    assert (await face.send("POST", "/break-glass", token=None, body=b"{}")).status == 401


async def test_explain_under_the_grant(face: Face) -> None:
    grant_id = await grant(face)
    await post(face, f"/break-glass/{grant_id}/approve", user="cbp-atl-1")
    plain = await face.get("/explain", face.token(WHO), coordinate="PersonName.family")
    assert plain.page["outcome"] == "DENY"
    under = await face.get("/explain", face.token(WHO), coordinate="PersonName.family", breakGlass=grant_id)
    atoms = [atom for each in under.page["candidates"] for atom in each["atoms"]]
    assert {"atom": "caller.breakGlass is true", "result": "true"} in atoms


async def test_the_record_knows_who_asked_and_who_approved(face: Face, world: World) -> None:
    world.kept.records.clear()
    grant_id = await grant(face)
    await post(face, f"/break-glass/{grant_id}/approve", user="cbp-atl-1")
    steps = [
        (dict(each.note)["step"], each.caller.user) for each in world.kept.records.values() if each.kind == "intent"
    ]
    assert steps == [("asked", "cbp-atl-9"), ("approved", "cbp-atl-1")]


def run(world: World, *words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, [*words, "--var", str(world.opened.settings.var)], env={"COLUMNS": "300"})
    assert result.exception is None or isinstance(result.exception, SystemExit | GatewayError), result.exception
    return result.exit_code, result.output


async def test_the_auditor_lists_and_reviews(face: Face, world: World) -> None:
    grant_id = await grant(face)
    await post(face, f"/break-glass/{grant_id}/approve", user="cbp-atl-1")
    body = orjson.dumps({"query": QUERY, "variables": {"t": CHILD}, "extensions": {"breakGlass": grant_id}})
    await face.send(token=face.token(WHO), body=body, content_type=JSON, accept=MODERN)
    _, before = run(world, "break-glass", "list", "--json", "--at", "2026-11-02T11:00:00Z")
    rows = [json.loads(line) for line in before.splitlines()]
    assert [each["review"] for each in rows if each.get("id") == grant_id] == ["due"]
    assert [each["agency"] for each in rows if each.get("grant") == grant_id] == ["OBIM", "OVERSIGHT"]
    _, late = run(world, "break-glass", "list", "--overdue", "--json", "--at", "2026-11-02T12:00:01Z")
    mine = [json.loads(line) for line in late.splitlines() if grant_id in line]
    assert [each.get("review", each.get("overdue")) for each in mine] == ["overdue", True, True]
    exit_code, said = run(
        world,
        "break-glass",
        "review",
        grant_id,
        "--by",
        "audit-1",
        "--finding",
        "justified",
        "--at",
        "2026-11-02T13:00:00Z",
    )
    assert (exit_code, said) == (0, f"{grant_id} reviewed by audit-1: justified (overdue)\n")
    number = next(str(each["number"]) for each in mine if "number" in each)
    assert run(world, "break-glass", "notice", number, "--by", "obim-privacy-1")[0] == 0
    assert run(world, "break-glass", "review", grant_id, "--by", "audit-1", "--finding", "justified")[0] == 1
    assert run(world, "break-glass", "review", "BG-none", "--by", "audit-1", "--finding", "justified")[0] == 1
    _, table = run(world, "break-glass", "list", "--at", "2026-11-02T13:00:00Z")
    assert grant_id in table
    assert "done" in table


async def test_a_gateway_without_its_files_says_so(face: Face, world: World) -> None:
    world.opened.house = replace(world.opened.house, duties=None)
    found = await post(face, "/break-glass", PAGE)
    assert (found.status, code(found)) == (503, "DUTIES_UNAVAILABLE")


async def test_the_rates_of_the_door_bind_here_too(face: Face) -> None:
    hurried = face.instead(limits=LimitsPage.read({"callers": {"rate": 0.1, "burst": 1}}))
    assert (await post(hurried, "/break-glass", PAGE)).status == 201
    refused = await post(hurried, "/break-glass", PAGE)
    assert (refused.status, code(refused)) == (429, "RATE_EXCEEDED")
