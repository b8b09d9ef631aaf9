"""The explorer: one offline page for frontend teams, its files, and the queries that are ready to run."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from gateway.opening import OpenHouse

__all__ = ["SECURITY", "ready_queries", "routes"]

_HERE = Path(__file__).parent
_SCRIPTS = (
    "explorer",
    "answer",
    "complete",
    "docs",
    "editor",
    "history",
    "nameable",
    "page",
    "plan",
    "share",
    "trouble",
    "why",
)
_FILES = {
    "explorer.css": "text/css",
    **{f"{name}.js": "text/javascript" for name in _SCRIPTS},
}
SECURITY = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-cache",  # the page and its scripts belong together
}


def routes() -> list[Route]:
    """The explorer's routes."""
    return [
        Route("/", _home, methods=["GET"]),
        Route("/explorer", _page, methods=["GET"]),
        Route("/explorer/queries.json", _queries, methods=["GET"]),
        Route("/explorer/{name}", _file, methods=["GET"]),
    ]


async def _home(request: Request) -> Response:
    return RedirectResponse("/explorer")


async def _page(request: Request) -> Response:
    return FileResponse(_HERE / "index.html", media_type="text/html", headers=SECURITY)


async def _file(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in _FILES:
        raise HTTPException(404)
    return FileResponse(_HERE / name, media_type=_FILES[name], headers=SECURITY)


async def _queries(request: Request) -> Response:
    """The ready queries, and whether there are personas to choose from; a graph of another kind has neither."""
    opened: OpenHouse = request.app.state.opened
    personas = opened.issuer is not None and opened.settings.development
    return JSONResponse({"personas": personas, "queries": [] if opened.tokens is None else list(ready_queries())})


@lru_cache(maxsize=1)
def ready_queries() -> tuple[dict[str, Any], ...]:
    """The queries in ``queries/*.graphql``, in file order: title, persona, variables and text.

    Each file begins with comment lines ``# title:``, ``# persona:`` and, where needed, ``# case:``, ``# purpose:`` and
    ``# variables:`` (JSON).
    """
    found = []
    for path in sorted((_HERE / "queries").glob("*.graphql")):
        head: dict[str, str] = {}
        lines = path.read_text(encoding="utf-8").splitlines()
        while lines and lines[0].startswith("# ") and ":" in lines[0]:
            name, _, value = lines.pop(0)[2:].partition(":")
            head[name.strip()] = value.strip()
        found.append(
            {
                "name": path.stem,
                "title": head["title"],
                "persona": head["persona"],
                "case": head.get("case"),
                "purpose": head.get("purpose"),
                "question": head.get("question"),
                "variables": json.loads(head.get("variables", "{}")),
                "query": "\n".join(lines).strip() + "\n",
            }
        )
    return tuple(found)
