"""Pages: the same content as HTML or as JSON, with the headers that keep a page to itself, and errors told as either."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from gateway.errors import GatewayError
from gateway.web.console.room import Room, Visitor
from gateway.web.console.words import coded, days_between, plain

__all__ = ["SECURITY", "shown_error", "told_as_csv", "told_error", "told_page", "wants_json"]

_HERE = Path(__file__).parent
SECURITY = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cache-control": "no-store",
}
_PAGES = (
    ("/audit", "Overview"),
    ("/audit/matrix", "Access matrix"),
    ("/audit/field", "By field"),
    ("/audit/role", "By role"),
    ("/audit/agreements", "Agreements"),
    ("/audit/activations", "Activations"),
    ("/audit/disclosures", "Disclosures"),
    ("/audit/withheld", "Withheld"),
    ("/audit/requests", "Sharing requests"),
    ("/audit/what-if", "What if"),
    ("/audit/diff", "Differences"),
    ("/audit/properties", "Properties"),
    ("/audit/break-glass", "Break-glass"),
    ("/audit/notices", "Notices"),
    ("/audit/health", "Log health"),
)
_AT_THE_DESK = (("/audit/requests", "Sharing requests"),)


@lru_cache(maxsize=1)
def _templates() -> Environment:
    made = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(coded=coded, plain=plain, days=days_between)
    return made


def wants_json(request: Request) -> bool:
    """Whether the answer is for a script: the path ends in ``.json``, or JSON is accepted and HTML is not."""
    accept = request.headers.get("accept", "")
    return request.url.path.endswith(".json") or ("json" in accept and "text/html" not in accept)


def told_page(
    request: Request,
    room: Room | None,
    visitor: Visitor | None,
    template: str,
    page: Mapping[str, Any],
    *,
    status: int = 200,
    **more: Any,
) -> Response:
    """``page`` as JSON, or through ``template``, which gets ``more`` besides (what only a reader needs)."""
    if wants_json(request):
        body = orjson.dumps(page, default=_plain, option=orjson.OPT_NON_STR_KEYS)
        return Response(body, status, media_type="application/json", headers=SECURITY)
    here = request.url.path.removesuffix("/")
    html = (
        _templates()
        .get_template(template)
        .render(
            page=page, room=room, visitor=visitor, pages=_AT_THE_DESK if visitor and not visitor.resident else _PAGES, here=here, query=dict(request.query_params),
            self_json=_other(request, ".json"), self_csv=_other(request, ".csv"), **more,
        )
    )  # fmt: skip
    return Response(html, status, media_type="text/html", headers=SECURITY)


def _plain(value: Any) -> Any:
    if isinstance(value, frozenset | set):
        return sorted(value)
    if isinstance(value, Markup):
        return str(value)
    return str(value)


def _other(request: Request, ending: str) -> str:
    query = f"?{request.url.query}" if request.url.query else ""
    return f"{request.url.path}{ending}{query}"


def told_error(request: Request, error: GatewayError, visitor: Visitor | None = None) -> Response:
    """A refusal with its code, place and remedy, as a page or as JSON."""
    return told_page(request, None, visitor, "error.html", {"error": shown_error(error)}, status=error.status)


def shown_error(error: GatewayError) -> dict[str, str]:
    """The error as any client may see it: what only operators may know stays in their log."""
    extensions = error.as_graphql()["extensions"]
    return {
        "code": error.code,
        "message": error.message,
        "where": extensions.get("where", ""),
        "hint": extensions.get("hint", ""),
    }


def told_as_csv(name: str, head: Sequence[str], rows: Iterable[Sequence[Any]]) -> Response:
    """Rows as a CSV file to keep. A cell that a spreadsheet would take for a formula begins with an apostrophe."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(head)
    for row in rows:
        writer.writerow([f"'{each}" if str(each)[:1] in "=+-@\t\r" else each for each in map(str, row)])
    headers = {**SECURITY, "content-disposition": f'attachment; filename="{name}"'}
    return Response(out.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)
