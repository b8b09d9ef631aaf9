"""Work that takes longer than a page: done in a thread of its own, with how far it is, stopped when its owner says so."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock, Thread
from typing import Any, Final

from gateway.errors import GatewayError, RequestError

__all__ = ["Job", "Jobs"]

_MOST_KEPT: Final = 40
_MOST_AT_ONCE: Final = 2


@dataclass(slots=True)
class Job:
    """One piece of work. ``state``: ``running``, ``done``, ``cancelled`` or ``failed``; ``result`` once it is done.

    ``owner`` is (agency, user): nobody else sees it. ``about`` says what is worked out, for its page.
    """

    id: str
    kind: str
    owner: tuple[str, str]
    about: dict[str, Any]
    state: str = "running"
    done: int = 0
    total: int = 0
    seconds: float = 0.0
    result: Any = None
    error: GatewayError | None = None
    stop: bool = False

    def going(self, done: int, total: int) -> bool:
        """Note how far the work is; False where it is to be left."""
        self.done, self.total = done, total
        return not self.stop


@dataclass(slots=True)
class Jobs:
    """The jobs of a room, the newest last; old ones are forgotten once they have ended."""

    jobs: dict[str, Job] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def start(
        self, id: str, kind: str, owner: tuple[str, str], about: dict[str, Any], work: Callable[[Job], Any]
    ) -> Job:
        """Begin ``work(job)``, whose result the job keeps; it looks at ``job.going`` from time to time.

        Raises ``RequestError`` ``ROOM_BUSY`` (503) where two are under way already.
        """
        job = Job(id, kind, owner, about)
        with self._lock:
            if sum(each.state == "running" for each in self.jobs.values()) >= _MOST_AT_ONCE:
                raise RequestError(
                    "ROOM_BUSY", "Two long calculations are under way in the room.", status=503, where="job",
                    hint="Wait until one is done, or cancel yours.",
                )  # fmt: skip
            for name in [each.id for each in self.jobs.values() if each.state != "running"][
                : len(self.jobs) - _MOST_KEPT
            ]:
                del self.jobs[name]
            self.jobs[id] = job
        Thread(target=_run, args=(job, work), name=f"room-{kind}", daemon=True).start()
        return job

    def find(self, id: str, kind: str, owner: tuple[str, str]) -> Job:
        """The job, where it is the owner's; raises ``RequestError`` ``JOB_UNKNOWN`` (404)."""
        job = self.jobs.get(id)
        if job is None or (job.kind, job.owner) != (kind, owner):
            raise RequestError(
                "JOB_UNKNOWN", "There is no such calculation of yours.", status=404, where="job",
                hint="They are forgotten when the gateway starts anew; begin another.",
            )  # fmt: skip
        return job

    def of(self, kind: str, owner: tuple[str, str]) -> list[Job]:
        """The owner's jobs of a kind, the newest first."""
        return [each for each in reversed(self.jobs.values()) if (each.kind, each.owner) == (kind, owner)]


def _run(job: Job, work: Callable[[Job], Any]) -> None:
    started = time.perf_counter()
    try:
        result = work(job)
    except GatewayError as error:
        job.error, state = error, "failed"
    except Exception:  # what nobody foresaw must not leave a page waiting for ever
        job.error, state = GatewayError("INTERNAL", "The calculation failed.", hint="Operators: see the log."), "failed"
    else:
        job.result, state = result, "cancelled" if job.stop else "done"
    job.seconds = time.perf_counter() - started
    job.state = state
