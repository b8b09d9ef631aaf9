"""Everything that leaves the gateway while a question is answered, by the channel on which it leaves."""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
import structlog
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from gateway.audit import AuditRecord
from gateway.caller import Caller
from gateway.errors import GatewayError
from gateway.house import Graph, House, Question
from gateway.pipeline import answer
from gateway.telemetry import Lines, Metrics, Telemetry, watching
from gateway.telemetry.spans import OtelSpans
from tests.enforcement.simulated import Agencies
from tests.policy.kit import AT

__all__ = ["Kept", "Seen", "house_of"]


@dataclass
class Kept:
    """A record in memory."""

    records: list[AuditRecord] = field(default_factory=list)

    async def append(self, record: AuditRecord) -> None:
        """Kept."""
        self.records.append(record)


def house_of(agencies: Agencies, record: Kept) -> House:
    """The simulated agencies and a record in memory."""
    ids = iter(range(10**6))
    return House(
        agencies, record, None, lambda subject, at: f"2026-11.{subject}", lambda: AT, lambda: f"r{next(ids)}", b"k" * 32
    )


class Seen:
    """Answers one question with everything on: the record, the line, metrics, OpenTelemetry's spans, every log."""

    def __init__(self, agencies: Agencies) -> None:
        self.agencies = agencies
        self.record = Kept()
        self.line, self.exporter, self.logs = io.StringIO(), InMemorySpanExporter(), io.StringIO()
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.telemetry = Telemetry(Lines(self.line), Metrics(), OtelSpans(provider))
        house = house_of(agencies, self.record)
        self.house = replace(house, transport=self.telemetry.measured(agencies))
        self.body = b""
        self.code = ""

    @property
    def page(self) -> Any:
        """The answer, read."""
        return orjson.loads(self.body)

    async def ask(self, question: Question, caller: Caller, graph: Graph) -> None:
        """Answer ``question`` as the door does, a refusal included."""
        watch, token = self.telemetry.begin()
        watch.by(*caller.kind)
        status = 200
        with _logged(self.logs), structlog.testing.capture_logs() as told:
            try:
                self.body = (await answer(question, caller, graph, self.house)).body
            except GatewayError as error:
                watching().refused(error)
                self.body, self.code, status = orjson.dumps(error.as_graphql()), error.code, error.status
        self.logs.write(str(told))
        self.telemetry.end(watch, token, status, len(self.body))

    def channels(self) -> dict[str, str]:
        """What left on each channel on which no value belongs, and what was sent to each agency (``to visas``)."""
        page = self.page
        told = {
            "beside the data": orjson.dumps({name: value for name, value in page.items() if name != "data"}).decode(),
            "record": orjson.dumps([each.as_json() for each in self.record.records]).decode(),
            "log": self.logs.getvalue(),
            "line": _untimed(self.line.getvalue()),
            "metrics": _untimed(self.telemetry.metrics.text().decode()),
            "spans": "\n".join(_untimed(each.to_json()) for each in self.exporter.get_finished_spans()),
        }
        for each in self.agencies.requests:
            name = f"to {each.subgraph}"
            told[name] = told.get(name, "") + each.body.decode() + _untimed(str(dict(each.headers)))
        return told


_CHANCE = re.compile(r"\d\d\d\d-\d\d-\d\dT[\d:.]+Z|\d+\.\d+(e[-+]\d+)?|0x[0-9a-f]+|00-[0-9a-f]{32}-[0-9a-f]{16}-")


def _untimed(text: str) -> str:
    """``text`` without instants, durations and the numbers of traces: by chance one of them would look like a value."""
    return _CHANCE.sub("", text)


@contextmanager
def _logged(stream: io.StringIO) -> Iterator[None]:
    """Everything that any library logs, whatever its level, on ``stream``."""
    handler, root = logging.StreamHandler(stream), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
