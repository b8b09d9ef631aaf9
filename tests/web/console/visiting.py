"""Visiting the room without a browser: pages as text, their JSON, forms that are sent, and what the record says of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import orjson

from gateway.audit import Search, search
from gateway.audit.search import Found
from tests.support import ask_app
from tests.web.client import Face

__all__ = ["Page", "Visit"]

FORM = "application/x-www-form-urlencoded"
_LINK = re.compile(r'<a [^>]*href="([^"]+)"')


@dataclass(frozen=True, slots=True)
class Page:
    """An answer of the room."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        """The decoded body."""
        return orjson.loads(self.text)

    @property
    def links(self) -> list[str]:
        """Where the page leads, inside the room."""
        return [each.replace("&amp;", "&") for each in _LINK.findall(self.text) if each.startswith("/audit")]


@dataclass(slots=True)
class Visit:
    """The room over an open house, entered as somebody."""

    face: Face

    async def get(self, path: str, persona: str | None = "auditor", **headers: str) -> Page:
        """The page at ``path``."""
        return await self._ask("GET", path, persona, b"", headers)

    async def post(self, path: str, form: dict[str, Any], persona: str | None = "auditor", **headers: str) -> Page:
        """What comes of sending a form."""
        body = urlencode(form, doseq=True).encode()
        return await self._ask("POST", path, persona, body, {"content_type": FORM, **headers})

    async def _ask(self, method: str, path: str, persona: str | None, body: bytes, headers: dict[str, str]) -> Page:
        sent = {"accept": "text/html", **{name.replace("_", "-"): value for name, value in headers.items()}}
        if persona is not None:
            sent["authorization"] = f"Bearer {self.face.token(persona)}"
        status, told, raw = await ask_app(self.face.app, method, path, headers=sent, body=body)
        return Page(status, told, raw.decode())

    def looks(self) -> list[Found]:
        """The records of looks, newest first."""
        settings = self.face.opened.settings
        return list(search(settings.var / "record" / "record.sqlite3", Search(kind="look"), limit=1000)[0])
