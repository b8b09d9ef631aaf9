"""The audit record of one answer: everything that was decided and done, and not one value that was read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from gateway.audit.record import AuditRecord, Disclosed, FailureNote, FetchNote, Truths, digest
from gateway.caller import Caller
from gateway.coordinates import Coordinate
from gateway.enforcement.apply import Applied
from gateway.enforcement.permitted import Permitted
from gateway.execution import Merged
from gateway.house import Graph, House, Question
from gateway.planning import Plan, print_plan
from gateway.policy import Decision
from gateway.traffic import Spent

__all__ = ["record_of"]

_MOST_KEPT: Final = 1_000  # decisions with how many values they stood for, kept in words for one permit


def record_of(
    request_id: str,
    at: datetime,
    question: Question,
    permitted: Permitted,
    plan: Plan,
    merged: Merged,
    applied: Applied,
    body: bytes,
    caller: Caller,
    graph: Graph,
    house: House,
    spent: Spent | None = None,
) -> AuditRecord:
    """The record of one release, ready to be appended; ``spent`` where its caller is warned."""
    cut, told = _cut(permitted)
    met = applied.subjects | {subject for subject, _ in applied.given}
    names = {subject: house.pseudonym(subject, at) for subject in met}
    return AuditRecord(
        request_id=request_id,
        at=at,
        caller=caller,
        epoch=graph.policy.epoch,
        supergraph=graph.hash,
        operation_text=question.query,
        operation_name=permitted.client.name,
        operation_kind=permitted.client.kind,
        operation_hash=permitted.client.text_hash,
        disclosed=(*cut, *_disclosed(applied, graph, told, permitted.worked)),
        subjects=tuple(names[subject] for subject in sorted(applied.subjects)),
        given=_given(applied, names),
        plan=print_plan(plan),
        fetches=_fetches(plan, permitted.worked),
        failures=tuple(FailureNote(each.subgraph, each.code, each.coordinates) for each in merged.failures),
        answer_bytes=len(body),
        answer_hash=digest(body),
        application=question.application,
        note=(("subjects", f"{spent.used} of {spent.most}"),) if spent is not None else (),
    )


def _given(applied: Applied, names: Mapping[str, str]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Of whom something is shown, and whose values: what tells an accounting from a list of who was looked at.

    ``names`` are the travelers' pseudonyms.
    """
    found: dict[str, set[str]] = {}
    for subject, owner in applied.given:
        found.setdefault(names[subject], set()).add(owner)
    return tuple((subject, tuple(sorted(owners))) for subject, owners in sorted(found.items()))


def _fetches(plan: Plan, worked: dict[Any, Any]) -> tuple[FetchNote, ...]:
    """What the plan asks of whom; the very same notes for the same plan, which ``worked`` keeps."""
    known: tuple[Plan, tuple[FetchNote, ...]] | None = worked.get("fetches")
    if known is None or known[0] is not plan:
        notes = (
            FetchNote(each.id, each.subgraph, each.kind, len(each.batches), each.coordinates) for each in plan.fetches
        )
        known = worked["fetches"] = (plan, tuple(notes))
    return known[1]


_Told = frozenset[tuple[str, str, str]]


def _cut(permitted: Permitted) -> tuple[tuple[Disclosed, ...], _Told]:
    """What was withheld before anything was fetched; it has no count, because nobody looked.

    And the (coordinate, outcome, reason) that are told of with it.
    """
    kept: tuple[tuple[Disclosed, ...], _Told] | None = permitted.worked.get("cut")
    if kept is None:
        found = tuple(_withheld(permitted))
        told = frozenset((each.coordinate, each.outcome, each.reason) for each in found)
        kept = permitted.worked["cut"] = (found, told)
    return kept


def _withheld(permitted: Permitted) -> Iterable[Disclosed]:
    found: dict[str, Disclosed] = {}
    for entry in permitted.ledger:
        if entry.outcome == "MASK":
            continue
        decision = permitted.decisions.get(entry.coordinate)
        basis = decision.basis if decision is not None and decision.reason == entry.reason else None
        told = Disclosed(
            entry.coordinate,
            entry.outcome,
            owner=entry.owner,
            reason=entry.reason,
            agreement=basis.agreement if basis else "",
            version=basis.version if basis else 0,
            article=basis.article if basis else "",
            truths=_truths([(decision, 0)] if basis is not None and decision is not None else []),
        )
        found.setdefault(entry.coordinate, told)
    return found.values()


def _disclosed(applied: Applied, graph: Graph, told: _Told, worked: dict[Any, Any]) -> list[Disclosed]:
    """What was decided while looking; ``told`` are the (coordinate, outcome, reason) that were told of already.

    One decision on as many values is disclosed in the same words every time, which the permit keeps in ``worked``.
    """
    known: dict[tuple[int, int], tuple[Decision, Disclosed]] = worked.setdefault("disclosed", {})
    found: list[Disclosed] = []
    for key, count in sorted(applied.outcomes.items()):
        word = key[1].partition(":")[0]
        if (key[0], word, key[5]) in told:
            continue
        behind = applied.weighed[key]
        if len(behind) > 1:
            found.append(_in_words(key, count, behind.values(), graph))
            continue
        ((decision, times),) = behind.values()
        name = (id(decision), times)  # the entry holds the decision, so its identity is its own
        kept = known.get(name)
        if kept is None:
            if len(known) >= _MOST_KEPT:
                known.clear()
            kept = known[name] = (decision, _in_words(key, count, behind.values(), graph))
        found.append(kept[1])
    return found


def _in_words(
    key: tuple[str, str, str, int, str, str], count: int, behind: Iterable[tuple[Decision, int]], graph: Graph
) -> Disclosed:
    coordinate, outcome, agreement, version, article, reason = key
    word, _, mask = outcome.partition(":")
    return Disclosed(
        coordinate,
        word,
        owner=graph.policy.owner(Coordinate.parse(coordinate)),
        count=count,
        mask=mask,
        reason=reason,
        agreement=agreement,
        version=version,
        article=article,
        truths=_truths(behind),
    )


def _truths(weighed: Iterable[tuple[Decision, int]]) -> tuple[Truths, ...]:
    """How the conditions of every clause that was considered came out, once for each way they did."""
    behind = tuple(weighed)
    if len(behind) == 1:
        atoms = behind[0][0].truths()
        return (Truths(behind[0][1], atoms),) if atoms else ()
    found: Counter[tuple[tuple[str, str], ...]] = Counter()
    for decision, count in behind:
        atoms = decision.truths()
        if atoms:
            found[atoms] += count
    return tuple(Truths(count, atoms) for atoms, count in sorted(found.items()))
