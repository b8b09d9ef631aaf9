"""Seen from outside: one line, some metrics and optional spans per request, fed at the boundaries of stages.

Nothing here is ever handed a value that was read: a stage gives names, counts and times, and no more.
"""

from __future__ import annotations

from contextvars import Token
from dataclasses import dataclass, field
from typing import Any

from gateway.telemetry.line import Lines
from gateway.telemetry.measured import Measured
from gateway.telemetry.metrics import Metrics
from gateway.telemetry.spans import NoSpans, Spans, exported_spans
from gateway.telemetry.watch import Watch, start_watch, stop_watch, watching

__all__ = ["Lines", "Measured", "Metrics", "Telemetry", "Watch", "exported_spans", "watching"]


@dataclass(slots=True)
class Telemetry:
    """Where what is noted of requests goes."""

    lines: Lines = field(default_factory=lambda: Lines(on=False))
    metrics: Metrics = field(default_factory=Metrics)
    spans: Spans = field(default_factory=NoSpans)

    def begin(self, traceparent: str = "") -> tuple[Watch, Token[Watch | None]]:
        """The watch of a request that begins now."""
        watch, token = start_watch(traceparent)
        self.spans.begin(watch)
        return watch, token

    def end(self, watch: Watch, token: Token[Watch | None], status: int, sent: int) -> None:
        """The request is over, answered with ``status`` and ``sent`` bytes."""
        seconds = watch.clock() - watch.began
        self.metrics.request(watch, status, seconds)
        self.lines.request(watch, status, seconds, sent)
        self.spans.end(watch, status)
        stop_watch(token)

    def measured(self, transport: Any) -> Measured:
        """``transport`` with every request noted in the watch of who asked."""
        return Measured(transport, self.spans)
