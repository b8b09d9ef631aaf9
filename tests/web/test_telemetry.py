"""Seen from outside: the line, the metrics and the spans of a request, and that no value of its answer is in them."""

from __future__ import annotations

import asyncio
import io
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from time import thread_time
from typing import Any, Literal

import orjson
import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from gateway.audit.keys import load_signing_key
from gateway.audit.log import AuditLog
from gateway.errors import FetchError
from gateway.execution.transport import SubgraphRequest, SubgraphResponse
from gateway.house import House
from gateway.telemetry import Lines, Measured, Metrics, Telemetry
from gateway.telemetry.metrics import MOST_NAMES
from gateway.telemetry.spans import OtelSpans
from gateway.telemetry.watch import Fetched, Watch
from tests.support import ask_app
from tests.web.client import JSON, MODERN, Face

pytestmark = pytest.mark.asyncio(loop_scope="module")

TRAVELER = "TRV-01KST0RY000000000000000029"
QUERY = """query Everything($id: ID!) { traveler(id: $id) {
  id names { family given } birth { date { value } }
  visas { nodes { foilNumber status expiresOn } }
} }"""
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Seen:
    """A face whose telemetry is kept: its lines, its metrics, its spans and what was sent to subgraphs."""

    def __init__(self, face: Face, *, timings: frozenset[str] = frozenset()) -> None:
        self.stream, self.exporter = io.StringIO(), InMemorySpanExporter()
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.telemetry = Telemetry(Lines(self.stream), Metrics(), OtelSpans(provider))
        self.sent: list[SubgraphRequest] = []
        self.received: list[SubgraphResponse] = []
        assert face.opened.transport is not None
        self.inner = face.opened.transport
        self.house: House = replace(face.opened.house, transport=self.telemetry.measured(self))
        settings = replace(face.opened.settings, server_timing=timings)
        self.face = face.instead(telemetry=self.telemetry, house=self.house, settings=settings)

    async def send(self, request: SubgraphRequest) -> SubgraphResponse:
        self.sent.append(request)
        self.received.append(await self.inner.send(request))
        return self.received[-1]

    @property
    def lines(self) -> list[dict[str, Any]]:
        self.telemetry.lines.flush()  # they are written at the turn's end, and this one has not ended
        return [orjson.loads(each) for each in self.stream.getvalue().splitlines()]

    @property
    def metrics(self) -> str:
        return self.telemetry.metrics.text().decode()

    def everything(self) -> str:
        spans = "\n".join(each.to_json() for each in self.exporter.get_finished_spans())
        return "\n".join((self.stream.getvalue(), self.metrics, spans))


def values(data: Any) -> Iterator[str]:
    """Every text or number of an answer that is long enough to be told from a word."""
    if isinstance(data, Mapping):
        for each in data.values():
            yield from values(each)
    elif isinstance(data, list):
        for each in data:
            yield from values(each)
    elif data is not None and not isinstance(data, bool) and len(str(data)) > 3:
        yield str(data)


async def test_one_line_tells_who_asked_what_and_how_it_went(face: Face) -> None:
    seen = Seen(face)
    answered = await seen.face.ask(QUERY, "cbp-secondary-nyc", variables={"id": TRAVELER})

    assert answered.status == 200, answered.page
    (line,) = seen.lines
    caller = face.caller("cbp-secondary-nyc")
    assert (line["agency"], line["role"], line["purpose"]) == caller.kind
    assert (line["operation"], line["kind"], line["status"]) == ("Everything", "query", 200)
    assert line["request"] == answered.headers["x-request-id"]
    assert list(line["stages"]) == ["read", "facts", "authorize", "plan", "fetch", "enforce", "answer", "record"]
    assert sum(each["count"] for each in line["fetches"].values()) == len(seen.sent)
    assert line["outcomes"]["ALLOW"] > 0
    assert line["bytes"] > 0


async def test_no_value_of_the_answer_and_no_token_is_in_lines_metrics_or_spans(face: Face) -> None:
    """A17: what was read stays in the answer."""
    seen = Seen(face)
    token = face.token("cbp-secondary-nyc")
    body = orjson.dumps({"query": QUERY, "variables": {"id": TRAVELER}})
    answered = await seen.face.send(token=token, body=body, content_type=JSON, accept=MODERN)

    found = set(values(answered.data))
    assert TRAVELER in found
    assert len(found) >= 4, found
    found.update(*(values(orjson.loads(each.body)["data"]) for each in seen.received))  # what was withheld as well
    told = seen.everything()
    assert "Everything" in told
    assert sorted(each for each in found if each in told) == []
    assert token not in told
    assert token.rpartition(".")[2] not in told


async def test_a_fault_is_told_by_kind_and_place_and_never_by_its_message(face: Face) -> None:
    class Broken:
        async def append(self, record: Any) -> None:
            raise ValueError(f"invalid literal: {TRAVELER}")

    seen = Seen(face)
    seen.face.opened.house = replace(seen.house, record=Broken())
    answered = await seen.face.ask(QUERY, "cbp-secondary-nyc", variables={"id": TRAVELER})

    assert (answered.status, answered.error["code"]) == (500, "INTERNAL")
    fault, line = seen.lines
    assert (fault["event"], fault["exception"]) == ("fault", "builtins.ValueError")
    assert any("pipeline.py" in place for place in fault["places"])
    assert (line["status"], line["code"]) == (500, "INTERNAL")
    assert TRAVELER not in seen.everything()


async def test_metrics_count_requests_fetches_plans_outcomes_and_records(face: Face) -> None:
    seen = Seen(face)
    for _ in range(2):
        await seen.face.ask(QUERY, "cbp-secondary-nyc", variables={"id": TRAVELER})
    await seen.face.ask("query Wrong { nothing }", "cbp-secondary-nyc")

    told = seen.metrics
    assert 'gateway_requests_total{code="",operation="Everything",status="200"} 2.0' in told
    assert re.search(r'gateway_requests_total\{code="UNKNOWN_FIELD",operation="[^"]*",status="400"\} 1\.0', told)
    assert re.search(r'gateway_fetches_total\{code="",subgraph="travelers"\} [1-9]', told)
    assert re.search(r'gateway_plans_total\{cache="hit"\} [1-9]', told)
    assert re.search(r'gateway_policy_outcomes_total\{agreement="[A-Z][^"]+",outcome="ALLOW"\} [1-9]', told)
    assert "gateway_record_appends_total 2.0" in told


async def test_the_gauges_of_breakers_and_of_the_record_are_read_when_asked_for(face: Face) -> None:
    await face.ask(QUERY, "cbp-secondary-nyc", variables={"id": TRAVELER})
    told = face.opened.telemetry.metrics.text().decode()

    assert "gateway_record_waiting 0.0" in told
    assert 'gateway_breaker{subgraph="travelers"} 0.0' in told


async def test_names_of_operations_are_bounded() -> None:
    """Refused requests claim no label; beyond the bound answered ones share one."""
    metrics = Metrics()
    metrics.request(Watch(name="Refused"), 400, 0.1)
    for number in range(MOST_NAMES + 50):
        metrics.request(Watch(name=f"Op{number}"), 200, 0.1)

    told = metrics.text().decode()
    assert len(set(re.findall(r'gateway_requests_total\{code="",operation="(Op\d+)"', told))) == MOST_NAMES
    assert 'gateway_requests_total{code="",operation="(other)",status="200"} 50.0' in told
    assert "Refused" not in told


async def test_a_trace_goes_on_to_the_subgraphs_with_one_span_per_stage_and_fetch(face: Face) -> None:
    seen = Seen(face)
    body = orjson.dumps({"query": QUERY, "variables": {"id": TRAVELER}})
    await seen.face.send(
        token=face.token("cbp-secondary-nyc"), body=body, content_type=JSON, accept=MODERN, traceparent=TRACE
    )

    spans = seen.exporter.get_finished_spans()
    assert {f"{each.context.trace_id:032x}" for each in spans if each.context} == {TRACE[3:35]}
    assert len([each for each in spans if each.name.startswith("fetch ")]) == len(seen.sent) > 0
    assert {"graphql", "stage plan", "stage record"} <= {each.name for each in spans}
    sent = [each.headers["traceparent"] for each in seen.sent]
    assert {each[3:35] for each in sent} == {TRACE[3:35]}
    assert TRACE not in sent  # each fetch is a span of its own
    assert len(set(sent)) == len(sent)


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "x" * 55,
        TRACE.upper(),
        TRACE + "-1",
        TRACE.replace("00-0af", "ff-0af"),
        f"00-{'0' * 32}-b7ad6b7169203331-01",
    ],
)
async def test_what_is_no_traceparent_counts_as_none(face: Face, wrong: str) -> None:
    watch, token = Telemetry().begin(wrong)
    Telemetry().end(watch, token, 200, 0)

    assert watch.trace == ""


async def test_without_spans_the_trace_that_came_is_passed_on_as_it_is() -> None:
    sent: list[SubgraphRequest] = []

    class Kept:
        async def send(self, request: SubgraphRequest) -> SubgraphResponse:
            sent.append(request)
            if len(sent) > 1:
                raise FetchError("SUBGRAPH_TIMEOUT", "no")
            return SubgraphResponse(200, b"{}")

    telemetry = Telemetry()
    measured: Measured = telemetry.measured(Kept())
    watch, token = telemetry.begin(TRACE)
    await measured.send(SubgraphRequest("visas", b"{}"))
    with pytest.raises(FetchError):
        await measured.send(SubgraphRequest("visas", b"{}"))
    telemetry.end(watch, token, 200, 2)

    assert [each.headers["traceparent"] for each in sent] == [TRACE, TRACE]
    assert [each.code for each in watch.fetches] == ["", "SUBGRAPH_TIMEOUT"]


@pytest.mark.parametrize(
    ("permitted", "told"), [((), False), (("cbp-secondary",), True), (("all",), True), (("ero-officer",), False)]
)
async def test_stage_times_are_told_to_permitted_roles_only(face: Face, permitted: tuple[str, ...], told: bool) -> None:
    seen = Seen(face, timings=frozenset(permitted))
    answered = await seen.face.ask("{ __typename }", "cbp-secondary-nyc")

    assert ("server-timing" in answered.headers) is told
    if told:
        assert re.match(r"read;dur=\d+\.\d\d, facts;dur=", answered.headers["server-timing"])


@pytest.mark.parametrize(
    ("setting", "client", "status"),
    [("local", "127.0.0.1", 200), ("local", "10.1.2.3", 403), ("open", "10.1.2.3", 200), ("off", "127.0.0.1", 404)],
)
async def test_metrics_are_for_whom_the_setting_says(
    face: Face, setting: Literal["local", "open", "off"], client: str, status: int
) -> None:
    app = face.instead(settings=replace(face.opened.settings, metrics=setting)).app

    async def elsewhere(scope: dict[str, Any], receive: Any, send: Any) -> None:
        await app({**scope, "client": (client, 1)}, receive, send)

    answered, headers, body = await ask_app(elsewhere, "GET", "/metrics")
    assert answered == status
    assert (b"gateway_requests" in body) is (status == 200)
    assert headers["cache-control"] == "no-store"


async def test_the_defaults_cost_at_most_a_twentieth_of_a_request(face: Face) -> None:
    """Lines and metrics, in processor time of this thread: what is noted and told of a request against the request."""
    telemetry = Telemetry(Lines(io.StringIO()), Metrics())
    told: list[Watch] = []

    class Kept(Metrics):
        def request(self, watch: Watch, status: int, seconds: float) -> None:
            told.append(watch)

    plain = face.instead(telemetry=Telemetry(metrics=Kept()))
    await plain.ask(QUERY, "cbp-secondary-nyc", variables={"id": TRAVELER})
    began = thread_time()
    for _ in range(10):
        await plain.ask(QUERY, "cbp-secondary-nyc", variables={"id": TRAVELER})
    request = (thread_time() - began) / 10

    done = told[-1]
    began = thread_time()
    for _ in range(200):
        watch, token = telemetry.begin(TRACE)
        for stage, _begin, _end in done.stages:
            watch.lap(stage)
        watch.fetches, watch.outcomes = [*map(Fetched._make, done.fetches)], defaultdict(int, done.outcomes)
        telemetry.end(watch, token, 200, 1_000)
    telling = (thread_time() - began) / 200

    print(f"telemetry {telling * 1e6:.0f} of {request * 1e6:.0f} microseconds")
    assert telling < 0.05 * request


async def test_a_long_name_of_an_operation_is_cut(face: Face) -> None:
    seen = Seen(face)
    await seen.face.ask(f"query {'N' * 5_000} {{ __typename }}", "cbp-secondary-nyc")

    (line,) = seen.lines
    assert line["operation"] == "N" * 100


async def test_why_there_is_no_record_is_for_the_operators_alone(face: Face, tmp_path: Path) -> None:
    """The client learns that nothing was given; the folder and the database's complaint stand in the line."""
    log = AuditLog(tmp_path / "record.sqlite3", load_signing_key(tmp_path / "keys"))
    log.close()
    seen = Seen(face.instead(log=log, house=replace(face.opened.house, record=log)))

    asked = await seen.face.ask("{ __typename }")

    assert asked.status == 503
    assert set(asked.error) == {"code", "hint", "message"}
    assert asked.error["hint"] == "Nothing was given. Ask again later; if it lasts, tell the operators."
    (line,) = seen.lines
    assert line["detail"] == "the audit log: it is closed"


async def test_lines_of_one_turn_of_the_loop_are_written_together() -> None:
    """In their order, and none is held back longer: not by a turn without requests, nor where no loop runs."""

    class Stream(io.StringIO):
        def __init__(self) -> None:
            super().__init__()
            self.writes: list[str] = []

        def write(self, text: str) -> int:
            self.writes.append(text)
            return len(text)

    stream = Stream()
    telemetry = Telemetry(Lines(stream), Metrics())
    for name in ("One", "Two"):
        watch, token = telemetry.begin()
        watch.asked(name, "query", "0" * 64)
        telemetry.end(watch, token, 200, 10)
    assert stream.writes == []
    await asyncio.sleep(0)
    (written,) = stream.writes
    assert [orjson.loads(line)["operation"] for line in written.splitlines()] == ["One", "Two"]
    assert written.endswith("\n")

    def outside() -> None:
        watch, token = telemetry.begin()
        telemetry.end(watch, token, 200, 10)

    await asyncio.to_thread(outside)
    assert len(stream.writes) == 2
