"""The auditor's room at ``/audit``: who may see what, who saw what, under which agreement, and why."""

from __future__ import annotations

from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from gateway.web.console import (
    activations,
    agreements,
    asking,
    differences,
    disclosures,
    door,
    drafts,
    fields,
    keeping,
    matrix,
    notices,
    overview,
    proofs,
    requests,
    whatif,
    withheld,
)
from gateway.web.console.door import Handler, entered
from gateway.web.console.page import SECURITY

__all__ = ["routes"]

_HERE = Path(__file__).parent
_FILES = {"console.css": "text/css", "console.js": "text/javascript"}


def routes() -> list[Route]:
    """The room's routes; each page is also there with ``.json``, tables with ``.csv``."""
    return [
        Route("/audit/sign-in", door.sign_in_page, methods=["GET"]),
        Route("/audit/sign-in", door.sign_in, methods=["POST"]),
        Route("/audit/sign-out", door.sign_out, methods=["POST"]),
        Route("/audit/console.{kind}", _file, methods=["GET"]),
        *_page("/audit", overview.overview),
        *_page("/audit/matrix", matrix.matrix, csv=matrix.matrix_csv),
        *_page("/audit/matrix/cell", matrix.cell),
        *_page("/audit/field", fields.field, csv=fields.field_csv),
        *_page("/audit/role", fields.role, csv=fields.role_csv),
        Route("/audit/agreements/{id}.toml", entered(agreements.agreement_text), methods=["GET"]),
        *_page("/audit/agreements", agreements.agreements, csv=agreements.agreements_csv),
        *_page("/audit/agreements/{id}", agreements.agreement),
        Route("/audit/disclosures/{shard}/{index:int}.jsonl", entered(disclosures.proof), methods=["GET"]),
        *_page("/audit/activations", activations.activations, csv=activations.activations_csv),
        *_page("/audit/disclosures", disclosures.disclosures, csv=disclosures.disclosures_csv, methods=("GET", "POST")),
        *_page("/audit/disclosures/{shard}/{index:int}", disclosures.record),
        *_page("/audit/withheld", withheld.withheld, csv=withheld.withheld_csv),
        *_requests(),
        *_page("/audit/what-if", whatif.what_if),
        *_page("/audit/what-if", whatif.start, methods=("POST",)),
        *_page("/audit/what-if/{job}/cancel", whatif.cancel, methods=("POST",)),
        *_page("/audit/what-if/{job}", whatif.show),
        *_page("/audit/diff", differences.differences),
        *_page("/audit/diff", differences.against_file, methods=("POST",)),
        *_page("/audit/properties", proofs.board),
        *_page("/audit/properties", proofs.prove, methods=("POST",)),
        *_page("/audit/properties/{job}/cancel", proofs.cancel, methods=("POST",)),
        *_page("/audit/break-glass", keeping.glasses),
        *_page("/audit/notices", notices.notices, csv=notices.notices_csv),
        *_page("/audit/health", keeping.health),
    ]


def _requests() -> list[Route]:
    """The desk: every caller may ask for what they miss; who may do more, each handler says."""
    one = "/audit/requests/{id}"
    return [
        *_page("/audit/requests", requests.requests, desk=True),
        *_page("/audit/requests", asking.opened, desk=True, methods=("POST",)),
        *_page("/audit/requests/new", asking.new, desk=True),
        *_page(f"{one}/amend", asking.amend, desk=True),
        *_page(f"{one}/amend", asking.amended, desk=True, methods=("POST",)),
        *_page(f"{one}/draft", drafts.draft),
        *_page(f"{one}/draft", drafts.drafted, methods=("POST",)),
        *_page(f"{one}/sign", drafts.sign, methods=("POST",)),
        Route(f"{one}.toml", entered(requests.toml, desk=True), methods=["GET"]),
        *_page(one, requests.one, desk=True),
        *_page(one, requests.step, desk=True, methods=("POST",)),
    ]


def _page(
    path: str,
    handler: Handler,
    *,
    csv: Handler | None = None,
    methods: tuple[str, ...] = ("GET",),
    desk: bool = False,
) -> list[Route]:
    found = [Route(f"{path}{ending}", entered(handler, desk=desk), methods=list(methods)) for ending in (".json", "")]
    if csv is not None:
        found.insert(0, Route(f"{path}.csv", entered(csv), methods=["GET"]))
    return found


async def _file(request: Request) -> Response:
    name = f"console.{request.path_params['kind']}"
    if name not in _FILES:
        raise HTTPException(404)
    return FileResponse(_HERE / name, media_type=_FILES[name], headers={**SECURITY, "cache-control": "no-cache"})
