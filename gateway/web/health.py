"""Whether the process lives, and whether it can answer: for whoever keeps it running."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gateway.bundles import Standing
from gateway.opening import OpenHouse

__all__ = ["live", "ready"]

_LOST: Final = timedelta(minutes=1)
"""So long a replica may be unable to read the folder of bundles: after it, an instant may have passed unnoticed."""
_FRESH = {"cache-control": "no-store"}


async def live(request: Request) -> Response:
    """200 as long as the process answers at all."""
    return JSONResponse({"status": "live"}, headers=_FRESH)


async def ready(request: Request) -> Response:
    """200 when the graph is loaded and the record can be written, with the hashes that answers rest on; else 503.

    Where bundles are followed, what should be in force has to be, and the folder has to have been read in the last
    minute. One that was told to end is ``leaving``: it answers, and others should be asked instead. ``disagreements`` counts what subgraphs refused although the gateway granted it: it should be empty.
    """
    opened: OpenHouse = request.app.state.opened
    record = opened.log is None or opened.log.writable
    well = record and not opened.leaving and (opened.bundle is None or _follows(opened.bundle))
    page: dict[str, Any] = {
        "status": "ready" if well else "leaving" if opened.leaving else "not ready",
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
    if opened.bundle is not None:
        page["bundle"] = _bundle(opened.bundle)
    return JSONResponse(page, status_code=200 if well else 503, headers=_FRESH)


def _follows(standing: Standing) -> bool:
    lost = standing.lost is not None and datetime.now(UTC) - standing.lost >= _LOST
    return not (standing.late or lost)


def _bundle(standing: Standing) -> dict[str, Any]:
    """How bundles are followed, without why one was refused: anybody may ask, and the log says it."""
    page: dict[str, Any] = {
        "version": standing.version,
        "digest": standing.digest,
        "since": standing.since.isoformat(),
        "late": standing.late,
        "folder": "readable" if standing.lost is None else "lost",
        "refused": {str(each.version): each.code for each in standing.refused},
    }
    if standing.coming is not None and standing.activates is not None:
        page["next"] = {
            "version": standing.coming,
            "activates": standing.activates.isoformat(),
            "ready": standing.armed,
        }
    return page
