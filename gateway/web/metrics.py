"""``/metrics``: what Prometheus reads, for this machine alone unless the settings open it."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from gateway.errors import AccessError, RequestError
from gateway.opening import OpenHouse
from gateway.telemetry.metrics import KIND

__all__ = ["metrics"]

_HERE: Final = frozenset({"127.0.0.1", "::1"})


async def metrics(request: Request) -> Response:
    """The metrics of this process. Raises ``AccessError`` ``METRICS_NOT_FOR_YOU`` for who asks from elsewhere."""
    opened: OpenHouse = request.app.state.opened
    setting = opened.settings.metrics
    if setting == "off":
        raise RequestError(
            "NO_SUCH_PATH", "Metrics are off.", status=404, where="/metrics", hint="Operators: TWS_METRICS."
        )
    if setting == "local" and (request.client is None or request.client.host not in _HERE):
        raise AccessError(
            "METRICS_NOT_FOR_YOU",
            "Metrics are read on the gateway's own machine.",
            where="/metrics",
            hint="Operators: TWS_METRICS=open behind a network that only the collector reaches.",
        )
    return Response(opened.telemetry.metrics.text(), headers={"content-type": KIND, "cache-control": "no-store"})
