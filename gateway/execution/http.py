"""Subgraphs over HTTP: one pooled keep-alive client for all of them (pyreqwest), and a small one for plain addresses.

What is asked of a plain address and may be asked twice goes by ``gateway.execution.plain``; all else by the library.
No redirects, no proxies from the environment, no cookies: a request goes to the registered URL and nowhere else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import TracebackType
from typing import Any, Self

from pyreqwest.client import ClientBuilder
from pyreqwest.exceptions import PyreqwestError, RequestTimeoutError

from gateway.errors import FetchError
from gateway.execution.plain import Plain, TooLarge
from gateway.execution.reading import MESSAGES
from gateway.execution.transport import SubgraphRequest, SubgraphResponse

__all__ = ["HttpTransport", "Tls"]


@dataclass(frozen=True, slots=True)
class Tls:
    """Whom https trusts beside the system's authorities, and who the gateway says it is (certificate and key); PEM."""

    authorities: bytes = b""
    identity: bytes = b""


class HttpTransport:
    """Sends requests to ``urls`` (by subgraph name). Use it as a context manager, or call ``close``.

    ``timeout`` in seconds is for one whole request; ``max_bytes`` for one answer, which is read no further; both may say
    what differs for a subgraph (``timeouts``, ``most_bytes``). ``tls`` is for addresses of https. It may be made before the
    event loop runs; the pool opens with the first request.
    """

    def __init__(
        self,
        urls: Mapping[str, str],
        *,
        timeout: float = 10.0,
        connect_timeout: float = 2.0,
        max_bytes: int = 32_000_000,
        connections: int = 200,
        timeouts: Mapping[str, float] | None = None,
        most_bytes: Mapping[str, int] | None = None,
        tls: Tls | None = None,
    ) -> None:
        self._urls = dict(urls)
        self._timeouts = dict.fromkeys(self._urls, timeout) | dict(timeouts or {})
        self._connect_timeout = connect_timeout
        self._max_bytes = dict.fromkeys(self._urls, max_bytes) | dict(most_bytes or {})
        self._connections = connections
        self._tls = tls or Tls()
        self._client: Any = None
        self._usual = timeout, max_bytes
        self._plain: dict[str, Plain] = {}
        self._past: list[Plain] = []
        for name, url in self._urls.items():
            self._set_plain(name, url)

    def _set_plain(self, name: str, url: str) -> None:
        plain = Plain.to(
            url,
            timeout=self._timeouts[name],
            connect_timeout=self._connect_timeout,
            max_bytes=self._max_bytes[name],
            idle=self._connections,
        )
        if name in self._plain:
            self._past.append(self._plain.pop(name))
        if plain is not None:
            self._plain[name] = plain

    def reach(self, urls: Mapping[str, str]) -> None:
        """From now on ask the subgraphs of ``urls`` there; requests under way are answered where they were sent."""
        for name, url in urls.items():
            if self._urls.get(name) != url:
                self._urls[name] = url
                self._timeouts.setdefault(name, self._usual[0])
                self._max_bytes.setdefault(name, self._usual[1])
                self._set_plain(name, url)

    def _open(self) -> Any:
        builder = (
            ClientBuilder()
            .timeout(timedelta(seconds=max(self._timeouts.values(), default=10.0)))
            .connect_timeout(timedelta(seconds=self._connect_timeout))
            .pool_max_idle_per_host(self._connections)
            .follow_redirects(False)
            .no_proxy()
            .referer(False)
            .user_agent("gateway")
            .default_headers({"content-type": "application/json", "accept": "application/json"})
        )
        if self._tls.authorities:
            builder = builder.add_root_certificate_pem(self._tls.authorities)
        if self._tls.identity:
            builder = builder.identity_pem(self._tls.identity)
        return builder.build()

    async def send(self, request: SubgraphRequest) -> SubgraphResponse:
        """The subgraph's answer. Raises ``FetchError``: SUBGRAPH_UNREACHABLE, SUBGRAPH_TIMEOUT, SUBGRAPH_TOO_LARGE."""
        url = self._urls.get(request.subgraph)
        if url is None:
            raise _error("SUBGRAPH_UNREACHABLE", request)
        try:
            plain = self._plain.get(request.subgraph)
            if plain is not None and plain.fit and request.idempotent:
                answer = await plain.post(request.body, request.headers)
                if answer is not None:
                    return answer
            if self._client is None:
                self._client = self._open()
            async with asyncio.timeout(self._timeouts[request.subgraph]):
                return await self._exchange(self._client, url, request)
        except (TimeoutError, RequestTimeoutError):
            raise _error("SUBGRAPH_TIMEOUT", request) from None
        except TooLarge:
            raise _error("SUBGRAPH_TOO_LARGE", request) from None
        except (PyreqwestError, OSError, ValueError):
            raise _error("SUBGRAPH_UNREACHABLE", request) from None

    async def _exchange(self, client: Any, url: str, request: SubgraphRequest) -> SubgraphResponse:
        most = self._max_bytes[request.subgraph]
        builder = client.post(url).body_bytes(request.body)
        for name, value in request.headers.items():
            builder = builder.header(name, value)
        async with builder.build_streamed() as response:
            length = response.get_header("content-length")
            if length is not None and length.isdigit() and int(length) > most:
                raise _error("SUBGRAPH_TOO_LARGE", request)
            chunks: list[bytes] = []
            size = 0
            while (chunk := await response.body_reader.read_chunk()) is not None:
                size += len(chunk)
                if size > most:
                    raise _error("SUBGRAPH_TOO_LARGE", request)
                chunks.append(bytes(chunk))
            return SubgraphResponse(response.status, b"".join(chunks))

    async def close(self) -> None:
        """Close the pool; nothing can be sent afterwards without opening a new one."""
        client, self._client = self._client, None
        for plain in (*self._plain.values(), *self._past):
            plain.close()
        if client is not None:
            await client.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()


def _error(code: str, request: SubgraphRequest) -> FetchError:
    return FetchError(code, MESSAGES[code].format(subgraph=request.subgraph))
