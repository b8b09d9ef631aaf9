"""Asking the gateway's application over HTTP, without a network: what was answered, taken apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import orjson

from gateway.caller import Caller
from gateway.identity import SigningKey, issue_token
from gateway.opening import OpenHouse
from gateway.web.app import create_app
from tests.support import ask_app

__all__ = ["JSON", "MODERN", "Answered", "Face"]

JSON = "application/json"
MODERN = "application/graphql-response+json"


@dataclass(frozen=True, slots=True)
class Answered:
    """An HTTP answer: status, headers and the decoded body."""

    status: int
    headers: Mapping[str, str]
    page: Any

    @property
    def error(self) -> dict[str, Any]:
        """The first error's extensions, with its message."""
        first = self.page["errors"][0]
        return {"message": first["message"], **first["extensions"]}

    @property
    def data(self) -> Any:
        """The data, which has to be there."""
        return self.page["data"]


@dataclass(slots=True)
class Face:
    """The application over an open house, and tokens of its development issuer."""

    opened: OpenHouse
    app: Any = None

    def __post_init__(self) -> None:
        self.app = create_app(self.opened)

    def instead(self, **changes: Any) -> Face:
        """The same house with something exchanged."""
        return Face(replace(self.opened, **changes))

    def caller(self, persona: str = "cbp-primary-nyc") -> Caller:
        """The persona's caller."""
        return self.opened.personas[persona].caller

    def token(
        self,
        persona: str = "cbp-primary-nyc",
        *,
        now: datetime | None = None,
        audience: str = "two-way-street",
        key: SigningKey | None = None,
        lifetime: timedelta = timedelta(hours=1),
        **changes: Any,
    ) -> str:
        """A token for ``persona`` with ``changes`` to its caller."""
        signing = key or self.opened.issuer
        assert signing is not None
        caller = replace(self.caller(persona), **changes)
        return issue_token(signing, caller, now=now or datetime.now(UTC), audience=audience, lifetime=lifetime)

    async def send(
        self,
        method: str = "POST",
        path: str = "/graphql",
        *,
        token: str | None = "",
        body: bytes = b"",
        **headers: str,
    ) -> Answered:
        """The answer to a request as it stands; ``token=None`` sends none, ``""`` one of a CBP officer."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if token is not None:
            sent["authorization"] = f"Bearer {token or self.token()}"
        status, told, raw = await ask_app(self.app, method, path, headers=sent, body=body)
        return Answered(status, told, orjson.loads(raw) if raw else None)

    async def ask(self, query: Any, persona: str = "cbp-primary-nyc", /, **more: Any) -> Answered:
        """The answer to a POST of ``query`` as ``persona``; ``more`` are members of the body."""
        body = orjson.dumps({"query": query, **more})
        return await self.send(token=self.token(persona), body=body, content_type=JSON, accept=MODERN)

    async def get(self, path: str = "/graphql", token: str | None = "", /, **query: str) -> Answered:
        """The answer to a GET."""
        return await self.send("GET", f"{path}?{urlencode(query)}" if query else path, token=token, accept=MODERN)
