"""Whether the process lives, and whether it can answer: for whoever keeps it running."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gateway.opening import OpenHouse

__all__ = ["live", "ready"]

_FRESH = {"cache-control": "no-store"}


async def live(request: Request) -> Response:
    """200 as long as the process answers at all."""
    return JSONResponse({"status": "live"}, headers=_FRESH)


async def ready(request: Request) -> Response:
    """200 when the graph is loaded and the record can be written, with the hashes that answers rest on; else 503.

    ``disagreements`` counts what subgraphs refused although the gateway granted it: it should be empty.
    """
    opened: OpenHouse = request.app.state.opened
    record = opened.log is None or opened.log.writable
    page: dict[str, Any] = {
        "status": "ready" if record else "not ready",
        "epoch": opened.graph.policy.epoch,
        "supergraph": opened.graph.hash,
        "subgraphs": [each.name for each in opened.graph.supergraph.subgraphs],
        "record": "writable" if record else "unavailable",
        "disagreements": opened.house.alarms.as_json(),
    }
    if opened.reloaded is not None:
        page["reload"] = {
            "at": opened.reloaded.at.isoformat(),
            "outcome": "refused" if opened.reloaded.code else "done",
            **({"code": opened.reloaded.code} if opened.reloaded.code else {}),
        }
    return JSONResponse(page, status_code=200 if record else 503, headers=_FRESH)
