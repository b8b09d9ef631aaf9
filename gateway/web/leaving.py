"""A gateway that is told to end leaves so that nobody notices: other replicas have its clients before it goes.

SIGTERM begins four steps. It is not ready any more, and serves whoever comes all the same, until balancers had the time
to see that (``drain``). Then it takes no new connection: who is in line is still let in, who comes later is turned away
before having sent anything, which any balancer answers by asking another replica. Then streams are told to go on
elsewhere, with their cursor. Then requests under way are finished, and the record is closed.
"""

from __future__ import annotations

import asyncio
import ctypes
import select
import signal
import socket
import struct
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import FrameType
from typing import Any, Final

import uvicorn

from gateway.web.wire import Wire

__all__ = ["Server", "turn_away"]

_IN_LINE: Final = 0.2
"""Seconds for handshakes that had begun when the last connections were turned away."""
_TIMES_HEARD: Final = 10
"""So often as long is waited at most for what they ask."""
_ATTACH_FILTER: Final = 26
"""``SO_ATTACH_FILTER`` of Linux, which Python has no name for."""
_NO_NEW: Final = (
    (0x30, 0, 0, 13),  # the byte of flags in the TCP header
    (0x45, 0, 1, 0x02),  # with SYN among them
    (0x06, 0, 0, 0),  # dropped
    (0x06, 0, 0, 0xFFFFFFFF),  # else taken whole
)


class Server(uvicorn.Server):
    """The server of a gateway. ``leave`` is called when it is told to end, ``stop`` when streams have to.

    ``drain``: the seconds between being told to end by SIGTERM and taking no connection any more; SIGINT, or a second
    SIGTERM, ends them. What is under way then may take the ``timeout_graceful_shutdown`` of ``config``. A socket that is
    ``lent`` outlives this gateway: nobody is turned away from it, because who lent it lets in who comes next.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        leave: Callable[[], None],
        stop: Callable[[], None],
        drain: float,
        *,
        lent: bool = False,
    ) -> None:
        super().__init__(config)
        self._leave, self._stop, self._drain, self._lent = leave, stop, drain, lent
        self._told: list[int] = []

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """A signal to end has come."""
        self._told.append(sig)
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Return when all of it is over."""
        self._leave()
        Wire.let_go(self.server_state)
        if self._told == [signal.SIGTERM]:
            await self._drained()
            await _last_in_line(() if self._lent else sockets or ())
            await self._heard()
        self._stop()  # a stream would not end by itself
        await super().shutdown(sockets)

    async def _drained(self) -> None:
        for tenth in range(round(self._drain * 10)):
            if len(self._told) > 1:
                return
            await self.on_tick(tenth)  # answers still carry the date
            await asyncio.sleep(0.1)

    async def _heard(self) -> None:
        """Return when all who were let in have asked, or had the time to."""
        for _ in range(_TIMES_HEARD):
            if not any(isinstance(each, Wire) and each.silent for each in self.server_state.connections):
                return
            await asyncio.sleep(_IN_LINE)


async def _last_in_line(sockets: Sequence[socket.socket]) -> None:
    """Return when all who had connected to ``sockets`` are let in, and nobody can be between this and their closing."""
    if not sockets:
        return
    for each in sockets:
        turn_away(each)
    await asyncio.sleep(_IN_LINE)
    while select.select(sockets, (), (), 0)[0]:  # noqa: ASYNC110 - who waits in line is no event of ours
        await asyncio.sleep(0)


def turn_away(listening: socket.socket) -> None:
    """Nothing; on Linux who asks ``listening`` for a connection from now on gets no answer, until it is closed.

    Closing it alone would reset those who were connected and not let in yet, with their requests, which a balancer may not
    send again: elsewhere than on Linux that is a matter of microseconds.
    """
    if sys.platform != "linux":
        return
    program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *each) for each in _NO_NEW))
    with suppress(OSError):
        given: Any = struct.pack("HL", len(_NO_NEW), ctypes.addressof(program))
        listening.setsockopt(socket.SOL_SOCKET, _ATTACH_FILTER, given)
