"""Notices: what State has to push to the ports is counted, told with the event, and open until a port acknowledges it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner

from gateway.cli.main import app as commands
from gateway.errors import RecordUnavailable
from gateway.live import keeping
from gateway.live.notices import pushed
from tests.live.listening import Event, Street, until
from tests.live.test_sse import REVOKED, revoke
from tests.scenarios.asking import TODAY, World
from tests.support import ask_app

pytestmark = pytest.mark.asyncio(loop_scope="session")

LATER = TODAY + timedelta(minutes=5, seconds=1)


async def get(street: Street, persona: str, path: str = "/notices", method: str = "GET") -> tuple[int, Any]:
    """Status and page of a request by a persona."""
    headers = {"authorization": f"Bearer {street.token(persona)}"}
    status, _, body = await ask_app(street.app, method, path, headers=headers)
    return status, orjson.loads(body)


async def listed(street: Street, persona: str, path: str = "/notices") -> list[dict[str, Any]]:
    """The notices that a persona is shown."""
    status, page = await get(street, persona, path)
    assert status == 200, page
    return page["notices"]  # type: ignore[no-any-return]


async def heard_at_the_port(street: Street, foil: str = "S2400001") -> Event:
    """The revocation as Atlanta hears it."""
    async with street.listen("cbp-primary-atl", REVOKED) as port:
        await port.next()
        await revoke(street.world, foil)
        return await port.next()


async def test_what_has_to_be_pushed_follows_from_the_agreements(fresh: World) -> None:
    """The field tells of a value that the agreement gives: revocations to the ports, terminations in SEVIS to CBP."""
    found = {(each.field, each.agreement.id, each.within) for each in pushed(fresh.opened.graph, TODAY)}
    assert ("visaRevoked", "CA-CBP-VISA", "PT5M") in found
    assert not {field for field, _, _ in found} & {"visaStatusChanged", "departureRecorded"}


async def test_a_revocation_that_nobody_hears_is_listed_and_overdue_after_five_minutes(fresh: World) -> None:
    """State and the auditor see it waiting, the port that was not told does not; and State reads from it what it was."""
    street = Street(fresh)
    live, duties = street.app.state.live, fresh.opened.house.duties
    assert duties is not None
    async with keeping(live):
        await until(lambda: duties.events.place("visas") is not None)
        await revoke(fresh, "S2400001")
        await until(lambda: bool(duties.events.all()))
    (notice,) = await listed(street, "consular-officer-nwd")
    assert (notice["state"], notice["overdue"], notice["from"], notice["to"]) == ("waiting", False, "STATE_CA", "CBP")
    assert "S2400001" not in str(notice)
    assert [each["id"] for each in await listed(street, "auditor")] == [notice["id"]]
    assert await listed(street, "cbp-primary-atl") == []
    async with street.listen("consular-officer-nwd", REVOKED, resume=notice["cursor"]) as state:
        await state.next()
        assert (await state.next()).page["data"]["visaRevoked"]["foilNumber"] == "S2400001"
    fresh.opened.house = replace(fresh.opened.house, clock=lambda: LATER)
    assert [each["overdue"] for each in await listed(street, "auditor")] == [True]
    metrics = fresh.opened.telemetry.metrics.text()
    assert b'gateway_event_notices{state="waiting"} 1.0' in metrics
    assert b'gateway_event_notices{state="overdue"} 1.0' in metrics


async def test_a_port_that_was_told_acknowledges_on_record(fresh: World) -> None:
    """The event carries the notice; the acknowledgment is on record with the answer it was told by, and closes it."""
    street = Street(fresh)
    heard = await heard_at_the_port(street)
    (told,) = heard.page["extensions"]["notices"]
    assert (told["agreement"], told["acknowledgeBy"]) == ("CA-CBP-VISA", "2026-11-01T12:05:00+00:00")
    assert [each["state"] for each in await listed(street, "cbp-primary-atl")] == ["told"]
    status, page = await get(street, "cbp-primary-atl", f"/notices/{told['id']}/acknowledge", "POST")
    assert (status, page["state"]) == (200, "acknowledged")
    record = next(each for each in fresh.kept.records.values() if each.kind == "notice")
    assert dict(record.note)["told"] == heard.page["extensions"]["record"]
    assert (record.caller.agency, record.caller.user) == ("CBP", "cbp-atl-1")
    assert await listed(street, "consular-officer-nwd") == []
    (kept,) = await listed(street, "auditor", "/notices?all")
    assert (kept["state"], kept["acknowledgedBy"]) == ("acknowledged", "cbp-atl-1")
    (shown,) = await listed(street, "consular-officer-nwd", "/notices?all")
    assert "acknowledgedBy" not in shown  # whose hand it was is CBP's and the auditor's to know


async def test_who_was_not_told_cannot_acknowledge(fresh: World) -> None:
    """New York, State itself and a made-up notice are answered alike, and nothing is on record."""
    street = Street(fresh)
    (told,) = (await heard_at_the_port(street)).page["extensions"]["notices"]
    answers = [
        await get(street, "cbp-primary-nyc", f"/notices/{told['id']}/acknowledge", "POST"),
        await get(street, "consular-officer-nwd", f"/notices/{told['id']}/acknowledge", "POST"),
        await get(street, "cbp-primary-atl", "/notices/EN-none/acknowledge", "POST"),
    ]
    assert [status for status, _ in answers] == [404] * 3
    assert answers[0][1] == answers[1][1] == answers[2][1]
    assert [each for each in fresh.kept.records.values() if each.kind == "notice"] == []
    assert [each["state"] for each in await listed(street, "auditor")] == ["told"]


async def test_revocations_while_no_gateway_ran_are_noticed_by_the_next(fresh: World) -> None:
    """It goes on from its place; what was noticed already is not noticed twice."""
    street = Street(fresh)
    duties = fresh.opened.house.duties
    assert duties is not None
    async with keeping(street.app.state.live):
        await until(lambda: duties.events.place("visas") is not None)
        await revoke(fresh, "S2400001")
        await until(lambda: len(duties.events.all()) == 1)
        before = duties.events.all()
    await revoke(fresh, "S0600001")
    async with keeping(Street(fresh).app.state.live):
        await until(lambda: len(duties.events.all()) == 2)
    assert before[0] in duties.events.all()


async def test_an_event_that_cannot_be_kept_as_told_does_not_leave(
    fresh: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is full when the port is told: the stream ends, and the event comes again from the cursor before it."""
    street, duties = Street(fresh), fresh.opened.house.duties
    assert duties is not None

    def full(*_: Any) -> None:
        raise RecordUnavailable("DUTIES_UNAVAILABLE", "The disk is full.")

    async with street.listen("cbp-primary-atl", REVOKED) as port:
        began = await port.next()
        with monkeypatch.context() as broken:
            broken.setattr(type(duties.events), "tell", full)
            await revoke(fresh, "S2400001")
            ended = await port.next()
        assert ended.page["errors"][0]["extensions"]["code"] == "DUTIES_UNAVAILABLE"
    assert b"S2400001" not in port.whole
    async with street.listen("cbp-primary-atl", REVOKED, resume=began.cursor) as port:
        await port.next()
        heard = await port.next()
    assert len(heard.page["extensions"]["notices"]) == 1


async def test_the_command_lists_them(fresh: World) -> None:
    """As a table and as JSON, those overdue and those of one agency."""
    await heard_at_the_port(Street(fresh))
    options = ["--var", str(fresh.opened.settings.var), "--json"]
    run = CliRunner()

    def lines(*more: str) -> list[Any]:
        made = run.invoke(commands, ["notices", *options, *more])
        assert made.exit_code == 0, made.output
        return [orjson.loads(line) for line in made.output.splitlines()]

    (line,) = await asyncio.to_thread(lines, "--at", "2026-11-01T12:00:00+00:00")
    assert (line["state"], line["overdue"], line["agreement"]) == ("told", False, "CA-CBP-VISA")
    assert await asyncio.to_thread(lines, "--overdue", "--at", "2026-11-01T12:00:00+00:00") == []
    assert len(await asyncio.to_thread(lines, "--overdue", "--at", LATER.isoformat())) == 1
    assert await asyncio.to_thread(lines, "--agency", "USCIS") == []
