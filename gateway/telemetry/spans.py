"""OpenTelemetry spans: one of the request, one of each stage, one of each fetch. Off unless an endpoint is configured.

Attributes are names and counts, never values. Nothing of OpenTelemetry is imported while it is off.
"""

from __future__ import annotations

import time
from typing import Any, Protocol

from gateway.telemetry.watch import Watch

__all__ = ["NoSpans", "OtelSpans", "Spans", "exported_spans"]


class Spans(Protocol):
    """Where spans go."""

    def begin(self, watch: Watch) -> None:
        """The request begins; its parent is the watch's ``trace``."""
        ...

    def fetch(self, watch: Watch, subgraph: str) -> tuple[Any, str]:
        """A fetch begins: its span, and the ``traceparent`` to send along."""
        ...

    def fetched(self, span: Any, code: str) -> None:
        """The fetch of ``span`` ended; ``code`` says how it failed."""
        ...

    def end(self, watch: Watch, status: int) -> None:
        """The request ended: its stages are told, and its span is closed."""
        ...

    def close(self) -> None:
        """Send what waits."""
        ...


class NoSpans:
    """No spans; a ``traceparent`` that came is passed on as it is."""

    def begin(self, watch: Watch) -> None:
        """Nothing."""

    def fetch(self, watch: Watch, subgraph: str) -> tuple[Any, str]:
        """No span, and the client's own ``traceparent``."""
        return None, watch.trace

    def fetched(self, span: Any, code: str) -> None:
        """Nothing."""

    def end(self, watch: Watch, status: int) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""


class OtelSpans:
    """Spans handed to an OpenTelemetry ``TracerProvider``."""

    def __init__(self, provider: Any) -> None:
        from opentelemetry import trace
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        self._provider = provider
        self._tracer = provider.get_tracer("gateway")
        self._trace = trace
        self._propagator = TraceContextTextMapPropagator()

    def begin(self, watch: Watch) -> None:
        """Open the request's span."""
        parent = self._propagator.extract({"traceparent": watch.trace}) if watch.trace else None
        watch.span = self._tracer.start_span("graphql", context=parent, kind=self._trace.SpanKind.SERVER)

    def fetch(self, watch: Watch, subgraph: str) -> tuple[Any, str]:
        """Open a fetch's span below the request's."""
        parent = self._trace.set_span_in_context(watch.span) if watch.span is not None else None
        span = self._tracer.start_span(
            f"fetch {subgraph}", parent, kind=self._trace.SpanKind.CLIENT, attributes={"subgraph": subgraph}
        )
        carried: dict[str, str] = {}
        self._propagator.inject(carried, self._trace.set_span_in_context(span))
        return span, carried.get("traceparent", "")

    def fetched(self, span: Any, code: str) -> None:
        """Close a fetch's span."""
        if code:
            span.set_attribute("code", code)
            span.set_status(self._trace.StatusCode.ERROR)
        span.end()

    def end(self, watch: Watch, status: int) -> None:
        """Tell of the stages, by the times the watch took, and close the request's span."""
        if watch.span is None:
            return
        offset = time.time_ns() - int(watch.clock() * 1e9)
        below = self._trace.set_span_in_context(watch.span)
        for stage, begin, end in watch.stages:
            span = self._tracer.start_span(f"stage {stage}", below, start_time=offset + int(begin * 1e9))
            span.end(offset + int(end * 1e9))
        watch.span.set_attributes(
            {
                "graphql.operation.type": watch.kind,
                "graphql.operation.name": watch.name,
                "gateway.agency": watch.agency,
                "gateway.role": watch.role,
                "gateway.purpose": watch.purpose,
                "gateway.request": watch.request_id,
                "gateway.code": watch.code,
                "http.response.status_code": status,
            }
        )
        watch.span.end()

    def close(self) -> None:
        """Send what waits."""
        self._provider.shutdown()


def exported_spans(endpoint: str, service: str = "two-way-street") -> Spans:
    """Spans sent to an OTLP collector at ``endpoint`` (HTTP); none where it is empty."""
    if not endpoint:
        return NoSpans()
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    address = endpoint.rstrip("/")
    address = address if address.endswith("/v1/traces") else f"{address}/v1/traces"
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=address)))
    return OtelSpans(provider)
