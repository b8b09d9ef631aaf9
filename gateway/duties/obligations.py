"""What agreements ask for in return: which of it cannot be met, what travels with an answer, and what is owed after it.

Pure: the agreements say what, the vocabulary says when (``pre``, ``with``, ``post``), and ``Means`` says what this
gateway can do about it now. An agreement of which one obligation cannot be met gives nothing (``Caller.unmet``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from gateway.caller import Caller
from gateway.policy import Policy
from gateway.policy.agreement import Agreement, Obligation
from gateway.policy.conditions import shifted
from gateway.policy.vocabulary import ObligationKind

__all__ = ["Means", "Task", "asked", "owed", "told", "unmet"]

_NO_TERM: Final = "PT24H"  # what an obligation is due in when neither the agreement nor the vocabulary says


@dataclass(frozen=True, slots=True)
class Means:
    """What can be done now: whether there is a record, whether tasks can be kept, and what the caller acknowledged.

    ``acknowledged`` are the ids of agreements.
    """

    record: bool
    tasks: bool
    acknowledged: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Task:
    """One thing that is owed after an answer: by ``debtor`` (an agency, its ``user``) to ``creditor``, until ``due``.

    There is one open task for each agreement, kind, agency, user and case, however often they ask; ``request`` is the
    first answer it comes of.
    """

    agreement: str
    version: int
    kind: str
    what: str
    debtor: str
    user: str
    creditor: str
    case: str
    request: str
    at: datetime
    due: datetime
    number: int = 0
    done_at: datetime | None = None
    done_by: str = ""
    note: str = ""

    def overdue(self, now: datetime) -> bool:
        """Whether it should have been done before ``now`` and was not."""
        return self.done_at is None and now > self.due


def _recorded(agreement: Agreement, means: Means) -> bool:
    return means.record


def _certified(agreement: Agreement, means: Means) -> bool:
    return agreement.id in means.acknowledged


_BEFORE: Final[Mapping[str, Callable[[Agreement, Means], bool]]] = {"audit": _recorded, "certification": _certified}
"""How each ``pre`` kind is met. A kind that is not here cannot be met, whatever its title promises."""


def unmet(policy: Policy, caller: Caller, means: Means) -> tuple[str, ...]:
    """The ids of the agreements with the caller's agency of which some obligation cannot be met, sorted."""
    return tuple(
        sorted(
            agreement.id
            for agreement in policy.agreements
            if caller.agency in agreement.recipients
            and not all(_met(agreement, each, policy.vocabulary.obligations, means) for each in agreement.obligations)
        )
    )


def _met(agreement: Agreement, duty: Obligation, kinds: Mapping[str, ObligationKind], means: Means) -> bool:
    kind = kinds.get(duty.kind)
    if kind is None or (duty.acknowledge and agreement.id not in means.acknowledged):
        return False
    if kind.stage == "pre":
        meet = _BEFORE.get(kind.name)
        return meet is not None and meet(agreement, means)
    return means.tasks if kind.stage == "post" else kind.stage == "with"


def asked(policy: Policy, agreements: Iterable[str]) -> list[dict[str, str]]:
    """What a caller acknowledges before ``agreements`` (ids) give anything: each agreement's terms, in order of id."""
    return [
        {"agreement": agreement.id, "kind": duty.kind, "text": duty.note or kind.title}
        for agreement, duty, kind in _duties(policy, agreements, "")
        if duty.acknowledge or _BEFORE.get(kind.name) is _certified
    ]


def told(policy: Policy, used: Iterable[str]) -> list[dict[str, str]]:
    """What travels with an answer that rests on the agreements ``used`` (ids): each obligation once, in order of id."""
    return [
        {
            "agreement": agreement.id,
            "kind": duty.kind,
            "text": duty.note or kind.title,
            **({"within": duty.within} if duty.within else {}),
        }
        for agreement, duty, kind in _duties(policy, used, "with")
    ]


def owed(policy: Policy, used: Iterable[str], caller: Caller, request: str, at: datetime) -> tuple[Task, ...]:
    """The tasks that come of an answer given at ``at`` that rests on the agreements ``used`` (ids)."""
    return tuple(
        Task(
            agreement=agreement.id,
            version=agreement.version,
            kind=duty.kind,
            what=duty.note or kind.title,
            debtor=caller.agency,
            user=caller.user,
            creditor=agreement.provider,
            case=caller.case,
            request=request,
            at=at,
            due=shifted(at, duty.within or kind.within or _NO_TERM, 1),
        )
        for agreement, duty, kind in _duties(policy, used, "post")
    )


def _duties(policy: Policy, used: Iterable[str], stage: str) -> Iterable[tuple[Agreement, Obligation, ObligationKind]]:
    wanted: set[Any] = set(used)
    for agreement in policy.agreements if wanted else ():
        if agreement.id in wanted:
            for duty in agreement.obligations:
                kind = policy.vocabulary.obligations.get(duty.kind)
                if kind is not None and stage in ("", kind.stage):
                    yield agreement, duty, kind
