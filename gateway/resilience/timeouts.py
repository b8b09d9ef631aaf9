"""A time limit per subgraph: whoever is silent for longer is an error, and nobody waits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Generic

from gateway.deadlines import Deadlines
from gateway.errors import FetchError
from gateway.resilience.seam import RequestT, ResponseT, Send

__all__ = ["Timeouts"]


class Timeouts(Generic[RequestT, ResponseT]):
    """Passes requests on to ``inner`` and gives up after ``seconds`` (``per`` subgraph where it is named there).

    ``note`` is told ``timed_out`` for each.
    """

    def __init__(
        self,
        inner: Send[RequestT, ResponseT],
        seconds: float,
        per: Mapping[str, float] | None = None,
        note: Callable[[str, str], None] = lambda event, of: None,
    ) -> None:
        self._inner = inner
        self._seconds = seconds
        self._per = dict(per or {})
        self._note = note
        self._due: dict[str, Deadlines[_Limit]] = {}

    async def send(self, request: RequestT) -> ResponseT:
        """The answer to ``request``. Raises ``FetchError`` SUBGRAPH_TIMEOUT when it takes too long."""
        due = self._due.get(request.subgraph)
        if due is None:
            seconds = self._per.get(request.subgraph, self._seconds)
            due = self._due[request.subgraph] = Deadlines(seconds, _Limit.end)
        limit = _Limit()
        due.begin(limit, asyncio.get_running_loop())
        try:
            return await self._inner.send(request)
        except TimeoutError:
            raise self._too_late(request.subgraph) from None
        except asyncio.CancelledError:
            if limit.taken_back():
                raise self._too_late(request.subgraph) from None
            raise
        finally:
            due.end(limit)
            limit.taken_back()  # where something else ended the request at that very moment

    def _too_late(self, name: str) -> FetchError:
        self._note("timed_out", name)
        return FetchError("SUBGRAPH_TIMEOUT", f"Subgraph {name} did not answer in time.")


class _Limit:
    """Cancels the task that makes it when the time is over: ``asyncio.timeout``, at half of its cost to every request."""

    __slots__ = ("_before", "_passed", "_task")

    def __init__(self) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - requests are sent in tasks
        self._task = task
        self._before = task.cancelling()
        self._passed = False

    def end(self) -> None:
        """The time is over."""
        self._passed = True
        self._task.cancel()

    def taken_back(self) -> bool:
        """Take the limit's cancelling back, once; whether nobody else had cancelled the task as well."""
        passed, self._passed = self._passed, False
        return passed and self._task.uncancel() <= self._before
