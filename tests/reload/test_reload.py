"""A new policy in a running gateway: one instant, nothing planned anew without need, and a wrong bundle changes nothing."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from gateway import house as house_module
from gateway.audit import AuditRecord
from gateway.errors import RecordUnavailable
from gateway.execution.transport import SubgraphRequest, SubgraphResponse
from gateway.house import Graph
from gateway.planning import plan_operation
from gateway.reloading import reload, reloading_on_hangup
from tests.scenarios.asking import Asker, World
from tests.web.client import Face

STATUS = "query($f: String!) { visa(foilNumber: $f) { status } }"
HOLDER = "query($f: String!) { visa(foilNumber: $f) { holder { names { family } } } }"
FOIL = "S3300001"
VISA = "agreements/state_ca-cbp-visa.toml"


def change(schema: Path, file: str, old: str, new: str) -> None:
    """Write ``new`` in the place of ``old`` in a file of the policy."""
    text = (schema / file).read_text(encoding="utf-8")
    assert old in text
    (schema / file).write_text(text.replace(old, new, 1), encoding="utf-8")


def suspend(schema: Path) -> None:
    """State suspends its agreement with CBP."""
    change(schema, VISA, 'status = "active"', 'status = "suspended"')


@pytest.fixture
def planned(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What has been planned so far, by the names of the operations' root fields."""
    found: list[str] = []

    def planning(*given: Any, **more: Any) -> Any:
        found.append(" ".join(sorted({each.name for each in given[1].fields()} - {"__typename"})))
        return plan_operation(*given, **more)

    monkeypatch.setattr(house_module, "plan_operation", planning)
    return found


async def test_what_is_suspended_is_given_before_and_not_after(ask: Asker, world: World, schema: Path) -> None:
    before = world.opened.graph.policy.epoch
    assert (await ask(12, STATUS, f=FOIL)).data == {"visa": {"status": "REVOKED"}}
    suspend(schema)
    done = await reload(world.opened)
    assert (done.code, done.error, done.epoch) == ("", "", world.opened.graph.policy.epoch)
    assert done.epoch != before
    found = await ask(12, STATUS, f=FOIL)
    assert (found.data, found.sharing()) == ({"visa": None}, ["visa DENY NOT_IN_FORCE STATE_CA"])
    assert world.record(found)["epoch"] == done.epoch


async def test_what_is_new_is_given_and_the_agency_reads_its_own_copy_anew(
    ask: Asker, world: World, schema: Path
) -> None:
    """Primary is granted what only secondary had: gateway and subgraph both go by the new files, and back again."""
    query = "query($f: String!) { visa(foilNumber: $f) { revocation { kind } } }"
    assert (await ask(12, query, f=FOIL)).data == {"visa": {"revocation": None}}
    text = (schema / VISA).read_text(encoding="utf-8")
    grant = '[[grant]]\narticle = "III.9"\nfields = ["Visa.revocation.kind"]\n\n[[obligation]]'
    change(schema, VISA, "[[obligation]]", grant)
    await reload(world.opened)
    given = await ask(12, query, f=FOIL)
    assert given.data == {"visa": {"revocation": {"kind": "REVOKED"}}}
    (schema / VISA).write_text(text, encoding="utf-8")
    await reload(world.opened)
    assert (await ask(12, query, f=FOIL)).data == {"visa": {"revocation": None}}


async def test_only_what_changed_is_planned_anew(ask: Asker, world: World, schema: Path, planned: list[str]) -> None:
    questions = (STATUS, HOLDER, "query($f: String!) { visa(foilNumber: $f) { expiresOn } }")
    for query in (*questions, *questions):
        await ask(12, query, f=FOIL)
    before = len(planned)
    assert before == len(world.opened.graph.plans) > len(questions)  # the case is looked up as well
    # names are no longer given: of the three questions only the second is another one now
    change(schema, "agreements/obim-all-identity.toml", 'fields = ["Traveler.names", ', "fields = [")
    assert not (await reload(world.opened)).code
    for query in (*questions, *questions):
        await ask(12, query, f=FOIL)
    assert len(planned) - before == 1, planned


@dataclass
class Held:
    """A transport that lets a subgraph's answers go when it is told to."""

    inner: Any
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    async def send(self, request: SubgraphRequest) -> SubgraphResponse:
        self.arrived.set()
        await self.gate.wait()
        answered: SubgraphResponse = await self.inner.send(request)
        return answered


async def test_who_is_being_answered_keeps_the_epoch_it_began_with(ask: Asker, world: World, schema: Path) -> None:
    first = world.opened.graph.policy.epoch
    kept = world.opened.house
    held = Held(kept.transport)
    world.opened.house = replace(kept, transport=held)
    asked = asyncio.create_task(ask(12, STATUS, f=FOIL))
    await held.arrived.wait()
    world.opened.house = kept
    suspend(schema)
    second = (await reload(world.opened)).epoch
    later = await ask(12, STATUS, f=FOIL)
    held.gate.set()
    earlier = await asked
    assert (world.record(earlier)["epoch"], world.record(later)["epoch"]) == (first, second)
    assert later.data == {"visa": None}
    sent = [each for each in world.traffic.requests if each.subgraph == "visas"]
    # State's own copy is the new one by then: what the gateway still let through, the agency may refuse, never widen
    assert sent
    assert earlier.data in ({"visa": {"status": "REVOKED"}}, {"visa": None})


@pytest.mark.parametrize(
    ("file", "text", "code", "told"),
    [
        (VISA, "id = [", "POLICY_INVALID", "state_ca-cbp-visa.toml:1"),
        (VISA, None, "POLICY_INVALID", "state_ca-cbp-visa.toml:34"),
        ("vocabulary.toml", "", "POLICY_INVALID", "vocabulary.toml"),
    ],
    ids=["no TOML", "an unknown field", "an empty vocabulary"],
)
async def test_a_wrong_bundle_changes_nothing_and_says_why(
    ask: Asker, world: World, face: Face, schema: Path, caplog: pytest.LogCaptureFixture,
    file: str, text: str | None, code: str, told: str,
) -> None:  # fmt: skip
    graph, tokens = world.opened.graph, world.opened.tokens
    if text is None:
        change(schema, file, '"Visa.status"', '"Visa.statuss"')
    else:
        (schema / file).write_text(text, encoding="utf-8")
    with caplog.at_level(logging.ERROR, "gateway.policy"):
        done = await reload(world.opened)
    assert world.opened.graph is graph
    assert world.opened.tokens is tokens
    assert (done.code, done.epoch) == (code, graph.policy.epoch)
    assert told in done.error
    assert told in caplog.text
    assert (await ask(12, STATUS, f=FOIL)).data == {"visa": {"status": "REVOKED"}}
    ready = await face.send("GET", "/health/ready", token=None)
    assert ready.status == 200
    assert ready.page["epoch"] == graph.policy.epoch
    assert (ready.page["reload"]["outcome"], ready.page["reload"]["code"]) == ("refused", code)
    assert told not in str(ready.page)  # anybody may ask for it; why is in the log


async def test_a_policy_that_leaves_a_flow_uncovered_is_refused(world: World, schema: Path) -> None:
    graph = world.opened.graph
    change(schema, "agreements/uscis-cbp-overstay-input.toml", 'status = "active"', 'status = "terminated"')
    done = await reload(world.opened)
    assert done.code == "FLOW_MISSING"
    assert world.opened.graph is graph


async def test_the_same_files_are_no_new_epoch(world: World) -> None:
    graph = world.opened.graph
    world.kept.records.clear()
    done = await reload(world.opened)
    assert (done.code, done.epoch) == ("", graph.policy.epoch)
    assert world.opened.graph is graph
    assert world.kept.records == {}


async def test_the_change_is_on_record_with_what_changed(world: World, schema: Path) -> None:
    before = world.opened.graph.policy.epoch
    world.kept.records.clear()
    suspend(schema)
    change(schema, "agreements/cbp-ice_vsp-history.toml", "version = ", "version = 9")
    done = await reload(world.opened)
    (record,) = world.kept.records.values()
    assert (record.kind, record.epoch, record.caller.agency) == ("epoch", done.epoch, "GATEWAY")
    note = dict(record.note)
    assert note["before"] == before
    assert note["agreements"].startswith("CA-CBP-VISA@3->3, CBP-VSP-")


class Down:
    """A record that cannot be written."""

    async def append(self, record: AuditRecord) -> None:
        raise RecordUnavailable("AUDIT_UNAVAILABLE", "The disk is full.")


async def test_without_a_record_the_policy_stays(world: World, schema: Path) -> None:
    graph = world.opened.graph
    world.opened.house = replace(world.opened.house, record=Down())
    suspend(schema)
    assert (await reload(world.opened)).code == "AUDIT_UNAVAILABLE"
    assert world.opened.graph is graph


async def test_listeners_are_told_after_the_swap_each_whatever_others_do(world: World, schema: Path) -> None:
    seen: list[tuple[str, bool]] = []

    def failing(graph: Graph) -> None:
        raise RuntimeError("a listener's own fault")

    ends = [
        world.opened.at_new_epoch(failing),
        world.opened.at_new_epoch(lambda graph: seen.append((graph.policy.epoch, graph is world.opened.graph))),
    ]
    await reload(world.opened)
    assert seen == []  # nothing was new
    suspend(schema)
    done = await reload(world.opened)
    assert seen == [(done.epoch, True)]
    for end in ends:
        end()
    change(schema, VISA, 'status = "suspended"', 'status = "active"')
    await reload(world.opened)
    assert len(seen) == 1


async def test_a_new_role_is_known_to_the_reader_of_tokens_from_the_same_instant(
    world: World, face: Face, schema: Path
) -> None:
    token = face.token("cbp-primary-nyc", role="cbp-roving")
    assert (await face.get("/explain", token, coordinate="Visa.status")).error["code"] == "UNKNOWN_ROLE"
    change(
        schema, "vocabulary.toml", "[roles.cbp-supervisor]",
        '[roles.cbp-roving]\ntitle = "Roving"\nagencies = ["CBP"]\npurposes = ["border-inspection-primary"]\n\n'
        "[roles.cbp-supervisor]",
    )  # fmt: skip
    await reload(world.opened)
    assert (await face.get("/explain", token, coordinate="Visa.status")).page["outcome"] == "DENY"


async def test_views_and_introspection_follow_the_new_epoch(ask: Asker, schema: Path, world: World) -> None:
    query = '{ __type(name: "Visa") { fields { name } } }'
    before = {each["name"] for each in (await ask("cbp-primary-nyc", query)).data["__type"]["fields"]}
    assert "status" in before
    suspend(schema)
    await reload(world.opened)
    found = (await ask("cbp-primary-nyc", query)).data["__type"]
    assert found is None or "status" not in {each["name"] for each in found["fields"]}


async def test_a_hang_up_signal_reloads(world: World, schema: Path) -> None:
    told = asyncio.Event()
    world.opened.at_new_epoch(lambda graph: told.set())
    before = world.opened.graph.policy.epoch
    suspend(schema)
    with reloading_on_hangup(world.opened):
        os.kill(os.getpid(), signal.SIGHUP)
        await asyncio.wait_for(told.wait(), 30)
    assert world.opened.graph.policy.epoch != before
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_DFL


async def test_the_journal_says_what_was_in_force_when(world: World, schema: Path, tmp_path: Path) -> None:
    """An activation for the start, one for the reload and one for going back; reading the same files anew is none."""
    opened = world.opened
    opened.settings = replace(opened.settings, var=tmp_path / "var")
    for _ in range(2):  # started, and started again
        opened.keep_epoch(opened.graph, opened.house.clock())
    start = opened.journal.entries()
    assert [each.epoch for each in start] == [opened.graph.policy.epoch]
    await reload(opened)
    assert opened.journal.entries() == start
    suspend(schema)
    await reload(opened)
    change(schema, VISA, 'status = "suspended"', 'status = "active"')
    await reload(opened)
    entries = opened.journal.entries()
    assert [each.epoch for each in entries] == [entries[0].epoch, entries[1].epoch, entries[0].epoch]
    assert [each.agreements["CA-CBP-VISA"].status for each in entries] == ["active", "suspended", "active"]
    assert entries[-1].epoch == opened.graph.policy.epoch
