"""The room itself: what its pages are made from, and the note that every look at the record leaves in the record."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from threading import Lock
from typing import Any, TypeVar

from anyio import from_thread
from starlette.requests import Request

from gateway.audit import AuditRecord, Pseudonyms, Where
from gateway.caller import Caller
from gateway.errors import GatewayError, RequestError
from gateway.opening import OpenHouse
from gateway.policy import Bundle, Policy, read_bundle
from gateway.policy.decision import Outcome
from gateway.policy.oversight import ACCOUNT, OWN_SIDE, oversees
from gateway.web.console.jobs import Jobs

__all__ = ["ACCOUNT", "OWN_SIDE", "Room", "Visitor", "as_of", "room_of"]

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who is at the door. ``oversight``: an agreement in force gives them the record of everybody's disclosures;
    ``resident``: one gives them at least their own agency's side of it. Without either they only come to ask."""

    caller: Caller
    oversight: bool
    resident: bool

    @property
    def agency(self) -> str:
        """Their agency's code."""
        return self.caller.agency

    def side(self, *agencies: str) -> bool:
        """Whether what concerns ``agencies`` is theirs to see: everything for oversight, else their own agency's."""
        return self.oversight or self.agency in agencies


@dataclass(slots=True)
class Room:
    """The open house as its auditors see it; what is dear to work out is kept, by epoch and span of time.

    Pages are made in threads, one at a time under ``lock``, with a policy of the room's own: the one that answers
    requests remembers what it decided, and belongs to the thread that answers.
    """

    opened: OpenHouse
    lock: Lock = field(default_factory=Lock)
    kept: dict[Any, Any] = field(default_factory=dict)
    jobs: Jobs = field(default_factory=Jobs)
    proofs: dict[tuple[str, date], dict[str, Any]] = field(default_factory=dict)
    _policy: Policy | None = None
    _bundle: tuple[str, Bundle] | None = None

    @property
    def policy(self) -> Policy:
        """The policy that answers requests, to be asked under ``lock``."""
        compiled = self.opened.graph.policy.compiled
        if self._policy is None or self._policy.compiled is not compiled:
            self._policy = Policy(compiled, self.opened.graph.policy.pages)
        return self._policy

    @property
    def bundle(self) -> Bundle:
        """The files that the policy in force was read from, whatever became of them on disk since."""
        policy = self.opened.graph.policy
        if self._bundle is None or self._bundle[0] != policy.epoch:
            self._bundle = (policy.epoch, read_bundle(policy.pages))
        return self._bundle[1]

    @property
    def now(self) -> datetime:
        """The instant by which this house decides."""
        return self.opened.house.clock()

    @property
    def where(self) -> Where:
        """The record's place."""
        settings = self.opened.settings
        return settings.record or settings.var / "record" / "record.sqlite3"

    @property
    def pseudonyms(self) -> Pseudonyms:
        """The keys under which persons stand in the record."""
        return Pseudonyms(self.opened.settings.var / "keys")

    @property
    def agencies(self) -> list[str]:
        """The codes of the agencies that can give or get."""
        return [code for code in self.policy.vocabulary.agencies if code != "ALL"]

    def visitor(self, caller: Caller) -> Visitor:
        """The visitor that a caller is, by the agreements in force now. For the thread that answers requests."""
        policy = self.opened.graph.policy
        oversight = oversees(policy, caller, self.now)
        own = policy.decide(caller, OWN_SIDE, {}, self.now).outcome is Outcome.ALLOW
        return Visitor(caller, oversight, oversight or own)

    def once(self, key: Any, at: datetime, make: Callable[[], _T]) -> _T:
        """What ``make`` gives, worked out once for all instants between two changes of the agreements."""
        whole = (key, self.policy.epoch, self.policy.next_change(at))
        if whole not in self.kept:
            if len(self.kept) > 200:
                self.kept.clear()
            self.kept[whole] = make()
        found: _T = self.kept[whole]
        return found

    def look(
        self, visitor: Visitor, page: str, about: Sequence[str] = (), note: Mapping[str, str] | None = None
    ) -> None:
        """Put on record that the visitor looks at the record, before anything is shown. For the threads of pages.

        ``about`` are the pseudonyms searched for. Raises ``RecordUnavailable``; then nothing may be shown.
        """
        log = self.opened.log
        assert log is not None  # noqa: S101 - room_of saw to it
        told = tuple((name, text) for name, text in (note or {}).items() if text)
        record = AuditRecord(
            self.opened.house.new_id(), self.now, visitor.caller, self.opened.graph.policy.epoch,
            self.opened.graph.hash, operation_name=f"audit: {page}", subjects=tuple(about), kind="look",
            note=(("page", page), *told),
        )  # fmt: skip
        from_thread.run(log.append, record)


def room_of(request: Request) -> Room:
    """The room of the application; raises ``GatewayError`` 404 where nothing is governed."""
    state = request.app.state
    found: Room | None = getattr(state, "room", None)
    if found is None or found.opened is not state.opened:
        opened: OpenHouse = state.opened
        if opened.tokens is None or opened.log is None:
            raise GatewayError(
                "NOTHING_GOVERNED", "This graph governs nothing, so there is nothing to audit.", status=404,
                hint="Serve a graph under agreements; see docs/operations.md.",
            )  # fmt: skip
        found = state.room = Room(opened)
    return found


def as_of(request: Request, room: Room, name: str = "at") -> datetime:
    """The instant that ``?at=YYYY-MM-DD`` names, now without one; raises ``RequestError`` ``DATE_MALFORMED``."""
    text = request.query_params.get(name, "").strip()
    if not text:
        return room.now
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise RequestError(
            "DATE_MALFORMED", f"{text!r} is no date.", where=name, hint="Write it as 2026-11-01."
        ) from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found
