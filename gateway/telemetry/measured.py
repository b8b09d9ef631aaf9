"""A transport that notes who was asked, for how long and how it ended, and passes the trace on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from gateway.errors import FetchError
from gateway.telemetry.spans import Spans
from gateway.telemetry.watch import Fetched, watching

__all__ = ["Measured"]


@dataclass(frozen=True, slots=True)
class Measured:
    """Sends by ``inner``; a fetch that is cancelled is noted as ``CANCELLED``."""

    inner: Any
    spans: Spans

    async def send(self, request: Any) -> Any:
        """The subgraph's answer to ``request``, whatever ``inner`` makes of it."""
        watch = watching()
        span, trace = self.spans.fetch(watch, request.subgraph)
        if trace:
            request = replace(request, headers={**request.headers, "traceparent": trace})
        began, code = watch.clock(), "CANCELLED"
        try:
            response = await self.inner.send(request)
            code = ""
        except FetchError as error:
            code = error.code
            raise
        finally:
            watch.fetches.append(Fetched(request.subgraph, began, watch.clock() - began, code))
            if span is not None:
                self.spans.fetched(span, code)
        return response
