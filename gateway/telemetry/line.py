"""One structured line per request: who in which role asked what, how long each stage took, what was decided.

Written as JSON, one object a line, in one call of the operating system. Neither values nor variables nor tokens are ever handed to it.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from traceback import extract_tb
from typing import Any, TextIO

import orjson

from gateway.telemetry.watch import Watch

__all__ = ["Lines"]


class Lines:
    """Writes lines to ``stream`` (standard error when None); nothing when ``on`` is false."""

    def __init__(self, stream: TextIO | None = None, *, on: bool = True) -> None:
        self._on = on
        self._stream = stream or sys.stderr

    def _write(self, line: dict[str, Any], event: str) -> None:
        line["event"] = event
        line["at"] = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        self._stream.write(orjson.dumps(line).decode() + "\n")
        self._stream.flush()

    def request(self, watch: Watch, status: int, seconds: float, sent: int) -> None:
        """The line of one request; ``sent`` are the answer's bytes as they left."""
        if not self._on:
            return
        line = {
            "request": watch.request_id,
            "operation": watch.name,
            "kind": watch.kind,
            "hash": watch.hash[:23],
            "agency": watch.agency,
            "role": watch.role,
            "purpose": watch.purpose,
            "status": status,
            "code": watch.code,
            "detail": watch.detail,
            "ms": _ms(seconds),
            "stages": {stage: _ms(took) for stage, took in watch.timings().items()},
            "fetches": _by_subgraph(watch),
            "outcomes": _by_outcome(watch),
            "failures": watch.failures,
            "cost": watch.cost,
            "bytes": sent,
            "trace": watch.trace[3:35],
        }
        self._write({name: value for name, value in line.items() if value != "" and value != {}}, "request")

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


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 3)


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
