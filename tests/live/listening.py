"""Listening in tests: a client of server-sent events inside this process, and a clock that tests set."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from gateway.identity.issuer import DevelopmentIssuer
from gateway.web.app import create_app
from tests.scenarios.asking import World

__all__ = ["SECONDS", "Clock", "Event", "Listener", "Street", "until"]

SECONDS = 10.0  # a test that waits longer for a message has failed


async def until(met: Callable[[], bool]) -> None:
    """Return when ``met`` says so; whatever else is under way goes on meanwhile."""
    async with asyncio.timeout(SECONDS):
        while not met():  # noqa: ASYNC110 - what is waited for is a number that somebody else counts
            await asyncio.sleep(0)


@dataclass(slots=True)
class Clock:
    """Time as tests set it: ``ticks`` and ``pause`` for beats, ``now`` for tokens."""

    seconds: float = 0.0
    began: datetime = field(default_factory=lambda: datetime.now(UTC))
    asked: asyncio.Queue[float] = field(default_factory=asyncio.Queue)
    _moved: asyncio.Event = field(default_factory=asyncio.Event)

    def ticks(self) -> float:
        """Seconds since it began."""
        return self.seconds

    def now(self) -> datetime:
        """The instant it is."""
        return self.began + timedelta(seconds=self.seconds)

    def pause(self, seconds: float) -> Coroutine[Any, Any, None]:
        """Wait until it has been moved on by ``seconds`` from now, whenever the waiting begins."""
        self.asked.put_nowait(seconds)
        return self._until(self.seconds + seconds)

    async def paused(self, seconds: float) -> None:
        """Return when a pause of so many seconds has begun."""
        async with asyncio.timeout(SECONDS):
            while await self.asked.get() != seconds:
                pass

    async def _until(self, seconds: float) -> None:
        while self.seconds < seconds:
            await self._moved.wait()

    def move(self, seconds: float) -> None:
        """Let time pass."""
        self.seconds += seconds
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()


@dataclass(frozen=True, slots=True)
class Event:
    """One block of a stream: ``name`` is "" where it dispatches nothing."""

    name: str
    cursor: str
    data: str

    @property
    def page(self) -> Any:
        """The data, decoded."""
        return orjson.loads(self.data)


@dataclass(slots=True)
class Listener:
    """What a client of a stream has been sent. Without ``status`` nothing came yet."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    blocks: asyncio.Queue[Event] = field(default_factory=asyncio.Queue)
    whole: bytes = b""
    _grown: asyncio.Event = field(default_factory=asyncio.Event)
    _rest: bytes = b""

    def take(self, message: Any) -> None:
        """Take one ASGI message."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
            return
        self.whole += message.get("body", b"")
        self._grown.set()
        self._rest += message.get("body", b"")
        *blocks, self._rest = self._rest.split(b"\n\n")
        for block in blocks:
            lines = dict(line.partition(": ")[::2] for line in block.decode().split("\n"))
            self.blocks.put_nowait(Event(lines.get("event", ""), lines.get("id", ""), lines.get("data", "")))

    async def holding(self, piece: bytes) -> bytes:
        """Everything that was sent, as soon as ``piece`` is in it."""
        async with asyncio.timeout(SECONDS):
            while piece not in self.whole:
                self._grown.clear()
                await self._grown.wait()
        return self.whole

    async def next(self) -> Event:
        """The next block, whatever it is."""
        async with asyncio.timeout(SECONDS):
            return await self.blocks.get()


@dataclass(slots=True)
class Street:
    """The gateway's application over a world, its beats and tokens under ``clock``."""

    world: World
    clock: Clock = field(default_factory=Clock)
    app: Any = None

    def __post_init__(self) -> None:
        self.app = create_app(self.world.opened)
        live = self.app.state.live
        live.ticks, live.pause, live.now = self.clock.ticks, self.clock.pause, self.clock.now

    def token(self, persona: str, lifetime: timedelta = timedelta(hours=8), case: str | None = None) -> str:
        """A token for a persona, as of now."""
        opened = self.world.opened
        assert opened.issuer is not None
        issuer = DevelopmentIssuer(opened.issuer, opened.personas)
        return issuer.token(persona, now=datetime.now(UTC), lifetime=lifetime, case=case)

    @asynccontextmanager
    async def listen(
        self,
        persona: str,
        asked: str | Mapping[str, Any],
        *,
        resume: str = "",
        token: str = "",
        accept: str = "text/event-stream",
    ) -> AsyncIterator[Listener]:
        """A client of the stream, which leaves at the end of the block."""
        headers = {
            "content-type": "application/json",
            "accept": accept,
            "authorization": f"Bearer {token or self.token(persona)}",
            **({"last-event-id": resume} if resume else {}),
        }
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
            "path": "/graphql", "raw_path": b"/graphql", "query_string": b"", "root_path": "",
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
            "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80),
        }  # fmt: skip
        pending = [
            {
                "type": "http.request",
                "body": orjson.dumps({"query": asked} if isinstance(asked, str) else asked),
                "more_body": False,
            }
        ]
        left, listener = asyncio.Event(), Listener()

        async def receive() -> Any:
            if pending:
                return pending.pop()
            await left.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            listener.take(message)

        serving = asyncio.create_task(self.app(scope, receive, send))
        try:
            yield listener
        finally:
            left.set()
            async with asyncio.timeout(SECONDS):
                await serving
