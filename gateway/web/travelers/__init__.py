"""The traveler page: the story of one person as the caller may see it, built on the public endpoint and nothing else.

The page is the same for every number and every caller: whether there is such a traveler is the endpoint's to say.
"""

from __future__ import annotations

from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from gateway.web.explorer import SECURITY

__all__ = ["routes"]

_HERE = Path(__file__).parent
_FILES = {
    "traveler.css": "text/css",
    **{f"{name}.js": "text/javascript" for name in ("ask", "ledger", "story", "traveler", "watch")},
}


def routes() -> list[Route]:
    """The page's routes."""
    return [
        Route("/travelers/page/{name}", _file, methods=["GET"]),
        Route("/travelers/{id}", _page, methods=["GET"]),
    ]


async def _page(request: Request) -> Response:
    return FileResponse(_HERE / "index.html", media_type="text/html", headers=SECURITY)


async def _file(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in _FILES:
        raise HTTPException(404)
    return FileResponse(_HERE / name, media_type=_FILES[name], headers=SECURITY)
