"""``agreementChanged``: what changed of the agreements, from the gateway's own journal, to whom it concerns.

No subgraph tells of it. The journal and the calendar are a feed like an outbox, numbered alike at every replica, and what a
change says goes the line of any event: permitted, ruled on, on record. Which changes are a caller's is the auditor's room's
rule: a party to the agreement its own, oversight all, who is no party any more that it is out.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from graphql import FieldNode, InlineFragmentNode, OperationDefinitionNode, SelectionSetNode, parse

from gateway.caller import Caller
from gateway.errors import FetchError, PolicyError
from gateway.execution.transport import SubgraphRequest, Transport
from gateway.execution.wire import decode
from gateway.house import Graph
from gateway.journal import Activation, Change, Journal, Shown, changes, next_boundary, place_of, shown_to
from gateway.live.tail import Batch
from gateway.policy import Policy
from gateway.policy.oversight import oversees

__all__ = ["FIELD", "JournalFeed"]

FIELD: Final = "agreementChanged"
LOOK_SECONDS: Final = 1.0
"""So often the journal is looked at while somebody listens; another process may write to it."""
_FIELDS: Final = frozenset((FIELD,))


@dataclass(slots=True)
class JournalFeed:
    """The changes in ``journal`` up to the moment, as ``gateway.live.tail.Feed``."""

    journal: Journal
    clock: Callable[[], datetime]
    pause: Callable[[float], Awaitable[None]]
    _seen: tuple[Activation, ...] = ()
    _until: datetime | None = None
    _changes: Mapping[int, Change] = field(default_factory=dict)

    async def last(self) -> int:
        """The number of the last change there is, or of the place before the first."""
        known = self._known()
        return max(known, default=place_of(self._seen[-1]) if self._seen else 0)

    async def after(self, number: int, wait: float) -> Batch:
        """The changes after ``number``; where there is none, once the journal was looked at again or a date has come."""
        if not self._later(number) and wait > 0:
            await self.pause(min(wait, LOOK_SECONDS, self._left()))
        found = self._later(number)
        first = place_of(self._seen[0]) if self._seen else 0
        lost = bool(number) and number < first
        return Batch(max((number, *found)), tuple((each, _FIELDS) for each in found), lost)

    async def leave(self) -> None:
        """Nothing was opened."""

    def told(
        self, number: int, caller: Caller, graph: Callable[[], Graph]
    ) -> Callable[..., Awaitable[Mapping[str, Any]]]:
        """What the journal says of change ``number`` to ``caller``: a source as a subgraph's is; null where it is not theirs."""

        async def source(request: SubgraphRequest, _transport: Transport) -> Mapping[str, Any]:
            change, policy = self._known().get(number), graph().policy
            shown = None
            if change is not None and isinstance(policy, Policy):
                everything = oversees(policy, caller, self.clock())
                shown = shown_to(change, caller.agency, everything=everything)
            return {"data": _selected(request, None if shown is None else _said(shown))}

        return source

    def _later(self, number: int) -> list[int]:
        return sorted(each for each in self._known() if each > number)

    def _known(self) -> Mapping[int, Change]:
        """Every change up to now, by number; worked out anew where the journal grew or a date has come."""
        now = self.clock()
        try:
            entries = self.journal.entries()
        except PolicyError as problem:
            raise FetchError("EVENTS_UNREADABLE", "The journal of activations cannot be read.") from problem
        if entries is not self._seen or self._until is None or now >= self._until:
            self._changes = {each.number: each for each in changes(entries, now)}
            self._seen = entries
            self._until = (next_boundary(entries[-1], now) if entries else None) or datetime.max.replace(
                tzinfo=now.tzinfo
            )
        return self._changes

    def _left(self) -> float:
        """Seconds until the next date of an agreement."""
        assert self._until is not None  # noqa: S101 - who asks has looked
        return max(0.0, (self._until - self.clock()).total_seconds())


def _said(shown: Shown) -> dict[str, Any]:
    """The change as the graph's type has it; of an agreement that is no longer theirs nothing but that."""
    change, deed = shown.change, shown.agreement
    found: dict[str, Any] = {
        "__typename": "AgreementChange",
        "agreementId": change.agreement.id,
        "at": change.at.isoformat().replace("+00:00", "Z"),
        "kinds": list(shown.kinds),
    }
    if deed is not None:
        found |= {
            "articles": list(shown.articles),
            "flows": list(shown.flows),
            "state": change.state,
            "version": deed.version,
            "title": deed.title,
            "provider": deed.provider,
            "recipients": list(deed.recipients),
            "effective": deed.effective.isoformat(),
            "reviewBy": deed.review_by.isoformat(),
            "expires": deed.expires.isoformat(),
            "digest": deed.digest,
            "epoch": change.epoch,
        }
    return found


def _selected(request: SubgraphRequest, said: Mapping[str, Any] | None) -> dict[str, Any]:
    """What the request asks of a change, under its keys: leaves of one object, as the planner wrote them."""
    body = decode(request.body)
    document = parse(body["query"], no_location=True)
    (operation,) = (each for each in document.definitions if isinstance(each, OperationDefinitionNode))
    variables = body.get("variables") or {}
    root = {FIELD: said, "__typename": "Subscription"}
    return _leaves(operation.selection_set, root, variables)


def _leaves(selected: SelectionSetNode, said: Mapping[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for each in selected.selections:
        if not _included(each, variables):
            continue
        if isinstance(each, InlineFragmentNode):
            found |= _leaves(each.selection_set, said, variables)
        elif isinstance(each, FieldNode):
            value = said.get(each.name.value)
            inside = isinstance(value, Mapping) and each.selection_set is not None
            key = (each.alias or each.name).value
            found[key] = _leaves(each.selection_set, value, variables) if inside else value  # type: ignore[arg-type]
    return found


def _included(node: Any, variables: Mapping[str, Any]) -> bool:
    """Whether its ``@include`` and ``@skip`` let it stand; the planner leaves nothing but variables in them."""
    for each in node.directives or ():
        if each.name.value in ("include", "skip"):
            held = bool(variables.get(each.arguments[0].value.name.value))
            if held is (each.name.value == "skip"):
                return False
    return True
