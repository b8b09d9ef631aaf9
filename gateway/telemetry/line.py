"""One structured line per request: who in which role asked what, how long each stage took, what was decided.

Written as JSON, one object a line. What requests that end in the same turn of the event loop say is written together, at
the turn's end, in one call of the operating system. Neither values nor variables nor tokens are ever handed to it.
"""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime
from traceback import extract_tb
from typing import Any, Final, TextIO

import orjson

from gateway.telemetry.watch import Watch

__all__ = ["Lines"]

_AS_LINE: Final = orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE


class Lines:
    """Writes lines to ``stream`` (standard error when None); nothing when ``on`` is false."""

    def __init__(self, stream: TextIO | None = None, *, on: bool = True) -> None:
        self._on = on
        self._stream = stream or sys.stderr
        self._waiting: list[bytes] = []

    def _write(self, line: dict[str, Any], event: str) -> None:
        line["event"] = event
        line["at"] = datetime.now(UTC)
        self._waiting.append(orjson.dumps(line, option=_AS_LINE))
        if len(self._waiting) > 1:
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self.flush()
        else:
            loop.call_soon(self.flush)

    def flush(self) -> None:
        """Write what waits."""
        text, self._waiting = b"".join(self._waiting).decode(), []
        if text:
            self._stream.write(text)
            self._stream.flush()

    def request(self, watch: Watch, status: int, seconds: float, sent: int) -> None:
        """The line of one request; ``sent`` are the answer's bytes as they left."""
        if not self._on:
            return
        line: dict[str, Any] = {"request": watch.request_id} if watch.request_id else {}
        if watch.name:
            line["operation"] = watch.name
        if watch.kind:
            line["kind"], line["hash"] = watch.kind, watch.hash[:23]
        if watch.role:
            line["agency"], line["role"], line["purpose"] = watch.agency, watch.role, watch.purpose
        line["status"] = status
        if watch.code:
            line["code"] = watch.code
        if watch.detail:
            line["detail"] = watch.detail
        line["ms"] = round(seconds * 1000, 3)
        if watch.stages:
            line["stages"] = {stage: round(took * 1000, 3) for stage, took in watch.timings().items()}
        if watch.fetches:
            line["fetches"] = _by_subgraph(watch)
        if watch.outcomes:
            line["outcomes"] = _by_outcome(watch)
        line["failures"] = watch.failures
        if watch.cost:
            line["cost"] = watch.cost
        line["bytes"] = sent
        if watch.trace:
            line["trace"] = watch.trace[3:35]
        self._write(line, "request")

    def fault(self, watch: Watch, error: BaseException) -> None:
        """A fault nobody foresaw: its kind and the places in the code, but no message, which may quote what was read."""
        if not self._on:
            return
        places = [
            f"{each.filename.rpartition('/')[2]}:{each.lineno} {each.name}" for each in extract_tb(error.__traceback__)
        ]
        kind = f"{type(error).__module__}.{type(error).__qualname__}"
        line = {"request": watch.request_id, "operation": watch.name, "exception": kind, "places": places[-12:]}
        self._write(line, "fault")


def _by_subgraph(watch: Watch) -> dict[str, dict[str, Any]]:
    told: dict[str, dict[str, Any]] = {}
    for each in watch.fetches:
        entry = told.setdefault(each.subgraph, {"count": 0, "ms": 0.0})
        entry["count"] += 1
        entry["ms"] = round(entry["ms"] + each.seconds * 1000, 3)
        if each.code:
            entry["failed"] = each.code
    return told


def _by_outcome(watch: Watch) -> dict[str, int]:
    told: dict[str, int] = {}
    for (_, outcome), count in watch.outcomes.items():
        told[outcome] = told.get(outcome, 0) + count
    return told
