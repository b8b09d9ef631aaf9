"""The decision itself: weigh the clauses that bear on one coordinate for one kind of caller. Law: docs/policy.md, 4.

A *cell* is what is left of the tables for one coordinate and one (agency, role, purpose) between two dates. Most cells
are settled when they are built. The others are weighed with the facts in two stages:

1. what follows from the caller and the case alone (``free_stage``): the same for every record of a request, so it may
   be told, and nothing about a record needs to be known for it;
2. what follows from the record and its subject: prohibitions, withholds, then grants, best first. A refusal on this
   stage is ABSENT, and the client cannot tell it from a record that does not exist.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from functools import partial
from typing import Final

from gateway.caller import Caller
from gateway.policy.clauses import GrantClause, RuleClause, WithholdClause
from gateway.policy.conditions import ALWAYS, Atom, Condition, atoms_of, evaluate, unknown_facts
from gateway.policy.decision import AtomResult, Basis, Candidate, Considered, Decision, Outcome, Reason
from gateway.policy.facts import Truth, Value

__all__ = ["Cell", "Stage", "candidate_of", "free_stage", "giveable", "is_free", "refusal", "weigh"]

_Look = Callable[[str], Value]


@dataclass(frozen=True, slots=True)
class Cell:
    """The clauses that can still count for a kind of caller, and the denial if no grant can.

    ``rules`` are without those that exempt this kind of caller; ``grants`` are in force, cover purpose and role, and
    are sorted best first. ``idle`` are the clauses that fell out, for the explanation; ``atoms`` and ``names`` the
    comparisons that decide and the facts they read. ``static`` is the decision when no fact can change it.

    All coordinates of one owner under the same clauses share a cell; its decisions then bear no coordinate until they
    are given one (``at``). A cell that ``follows`` (SYS, LINK) is one coordinate's own and needs no grant of its own;
    ``group`` are the cells it follows, ``homes`` the agencies whose the records are that it leads to.
    """

    coordinate: str
    owner: str
    rules: tuple[RuleClause, ...]
    withholds: tuple[WithholdClause, ...]
    grants: tuple[GrantClause, ...]
    idle: tuple[Candidate, ...]
    denial: Decision
    contact: str = ""
    names: tuple[str, ...] = ()
    atoms: tuple[Atom, ...] = ()
    static: Decision | None = None
    follows: bool = False
    group: tuple[Cell, ...] = ()
    homes: frozenset[str] = frozenset()

    def at(self, coordinate: str) -> Cell:
        """The cell as one coordinate's own."""
        static = self.static.named(coordinate) if self.static else None
        return replace(self, coordinate=coordinate, denial=self.denial.named(coordinate), static=static)

    @property
    def signature(self) -> tuple[object, ...]:
        """Equal for cells that decide alike, whatever the coordinate."""
        rules = tuple((each.prohibition.id, each.ordinal) for each in self.rules)
        withholds = tuple((each.agreement.id, each.ordinal) for each in self.withholds)
        grants = tuple((each.rank, each.mask) for each in self.grants)
        return (self.owner, rules, withholds, grants, self.denial.reason)


class Stage(Enum):
    """What the caller and the case alone leave open."""

    OPEN = "a grant's conditions on caller and case hold"
    PENDING = "facts of the case are not known yet"
    BROKEN = "facts of the case could not be had"


def refusal(cell: Cell, outcome: Outcome, reason: str = "", basis: Basis | None = None, how: str = "") -> Decision:
    """A decision of ``outcome`` that gives nothing."""
    return Decision(
        outcome, cell.coordinate, cell.owner, basis=basis, reason=reason, how_to_request=how, candidates=cell.idle
    )


def free_stage(cell: Cell, caller: Caller, look: _Look, at: datetime) -> Decision | Stage:
    """The refusal that follows from the caller and the case alone, or what they leave open."""
    for rule in cell.rules:
        if is_free(rule.rule.when) and not _exempt(rule, caller) and evaluate(rule.rule.when, look, at) is Truth.TRUE:
            return _prohibited(cell, [rule], caller)
    for withhold in cell.withholds:
        when = withhold.withhold.when
        if is_free(when) and evaluate(when, look, at) is Truth.TRUE:
            return refusal(cell, Outcome.DENY, Reason.WITHHELD_BY_PROVIDER, _basis(withhold), cell.contact)
    if not cell.grants:
        return Stage.OPEN if cell.follows else cell.denial
    truths = [evaluate(each.when, look, at, best_case=True) for each in cell.grants]
    if Truth.TRUE in truths:
        return Stage.OPEN
    if Truth.UNKNOWN in truths:
        facts = [
            failed
            for each, truth in zip(cell.grants, truths, strict=True)
            if truth is Truth.UNKNOWN
            for _, failed in unknown_facts(each.when, look, at, best_case=True)
        ]
        return Stage.BROKEN if all(facts) else Stage.PENDING
    marked = any(each.agreement.disclosure == "marked" for each in cell.grants)
    how = min((each.agreement.contact for each in cell.grants if each.agreement.contact), default=cell.contact)
    return refusal(cell, Outcome.DENY, Reason.CASE_CONDITION if marked else Reason.NOT_SHARED, how=how)


def weigh(cell: Cell, caller: Caller, look: _Look, at: datetime) -> Decision:
    """The decision with the facts that ``look`` knows, every clause's result in its candidates."""
    stage = free_stage(cell, caller, look, at)
    rules = [(each, evaluate(each.rule.when, look, at)) for each in cell.rules if not _exempt(each, caller)]
    withholds = [(each, evaluate(each.withhold.when, look, at)) for each in cell.withholds]
    grants = [(each, evaluate(each.when, look, at)) for each in cell.grants]
    if isinstance(stage, Decision):
        decision = stage
    elif stage is Stage.BROKEN:
        decision = refusal(cell, Outcome.UNAVAILABLE, Reason.FACT_UNAVAILABLE)
    elif stage is Stage.PENDING:
        needs = _missing([*_conditions(rules), *_conditions(withholds), *_conditions(grants)], look, at)
        decision = _open(refusal(cell, Outcome.DENY, Reason.NOT_SHARED), needs)
    else:
        decision = _weigh_records(cell, caller, rules, withholds, grants, look, at)
    told = partial(_candidates, cell, caller, rules, withholds, grants, look, at)
    return replace(decision, candidates=Considered(told))


def giveable(cell: Cell, caller: Caller, look: _Look, at: datetime) -> bool:
    """Whether facts that are not known yet could still turn the decision into a value.

    A fact whose source failed stays unknown for the whole request, so it gives nothing any more.
    """
    if cell.static is not None:
        return cell.static.outcome in (Outcome.ALLOW, Outcome.MASK)

    def closed(when: Condition) -> bool:  # what would refuse does, or can never be shown not to
        truth = evaluate(when, look, at)
        return truth is Truth.TRUE or (truth is Truth.UNKNOWN and not _missing([when], look, at))

    def open_(when: Condition) -> bool:
        truth = evaluate(when, look, at)
        return truth is Truth.TRUE or (truth is Truth.UNKNOWN and bool(_missing([when], look, at)))

    if any(closed(each.rule.when) for each in cell.rules if not _exempt(each, caller)):
        return False
    if any(closed(each.withhold.when) for each in cell.withholds):
        return False
    return any(open_(each.when) for each in cell.grants)


_Rules = list[tuple[RuleClause, Truth]]
_Withholds = list[tuple[WithholdClause, Truth]]
_Grants = list[tuple[GrantClause, Truth]]


def _weigh_records(
    cell: Cell, caller: Caller, rules: _Rules, withholds: _Withholds, grants: _Grants, look: _Look, at: datetime
) -> Decision:
    """Stage two. Each step returns if it refuses; a step that facts could still turn returns unsettled."""
    everything = [*_conditions(rules), *_conditions(withholds), *_conditions(grants)]
    hit = [rule for rule, truth in rules if truth is Truth.TRUE]
    doubtful = [rule for rule, truth in rules if truth is Truth.UNKNOWN]
    if hit:
        decision = _prohibited(cell, hit, caller)
        worse = [rule.rule.when for rule in doubtful if rule.rule.effect == "absent"]
        return decision if decision.outcome is Outcome.ABSENT else _open(decision, _missing(worse, look, at))
    gone = _gone_anyway(cell, caller, doubtful, withholds, grants)
    if doubtful and gone:
        return refusal(cell, Outcome.ABSENT)
    if doubtful:
        needs = _missing([rule.rule.when for rule in doubtful], look, at)
        decision = refusal(cell, Outcome.UNAVAILABLE, Reason.FACT_UNAVAILABLE)
        return _open(decision, _missing(everything, look, at)) if needs else decision
    for withhold, truth in withholds:
        if truth is Truth.TRUE:
            return refusal(cell, Outcome.ABSENT, basis=_basis(withhold))
    kept_back = _conditions([each for each in withholds if each[1] is Truth.UNKNOWN])
    if kept_back and not gone:
        return _unknown(cell, kept_back, everything, look, at)
    return _weigh_grants(cell, grants, look, at)


def _gone_anyway(
    cell: Cell, caller: Caller, doubtful: list[RuleClause], withholds: _Withholds, grants: _Grants
) -> bool:
    """Whether nothing comes out whatever is still unknown: then a source that fails must not show that there is a row."""
    withheld = any(truth is Truth.TRUE for _, truth in withholds)
    ungranted = not cell.follows and all(truth is Truth.FALSE for _, truth in grants)
    silent = all(
        each.rule.effect == "absent" and not any(notice.covers(caller) for notice in each.prohibition.notices)
        for each in doubtful
    )
    return (withheld or ungranted) and silent


def _weigh_grants(cell: Cell, grants: _Grants, look: _Look, at: datetime) -> Decision:
    doubtful: list[Condition] = []
    for grant, truth in grants:
        if truth is Truth.TRUE:
            return _open(_given(cell, grant), _missing(doubtful, look, at))
        if truth is Truth.UNKNOWN:
            doubtful.append(grant.when)
    if doubtful:
        return _unknown(cell, doubtful, doubtful, look, at)
    if cell.follows and not grants:
        return Decision(Outcome.ALLOW, cell.coordinate, cell.owner)
    return refusal(cell, Outcome.ABSENT)


def _unknown(cell: Cell, deciding: list[Condition], asked: Iterable[Condition], look: _Look, at: datetime) -> Decision:
    """The refusal while ``deciding`` are UNKNOWN: UNAVAILABLE once a source failed, ABSENT while nobody asked."""
    facts = [pair for each in deciding for pair in unknown_facts(each, look, at)]
    failed = any(broken for _, broken in facts)
    outcome, reason = (Outcome.UNAVAILABLE, Reason.FACT_UNAVAILABLE) if failed else (Outcome.ABSENT, "")
    decision = refusal(cell, outcome, reason)
    return decision if all(broken for _, broken in facts) else _open(decision, _missing(asked, look, at))


def _given(cell: Cell, grant: GrantClause) -> Decision:
    return Decision(
        Outcome.MASK if grant.mask else Outcome.ALLOW,
        cell.coordinate,
        cell.owner,
        mask=grant.mask,
        basis=_basis(grant),
        obligations=tuple(each.text for each in grant.agreement.obligations),
    )


def _prohibited(cell: Cell, rules: list[RuleClause], caller: Caller) -> Decision:
    """ABSENT if one rule says so, else DENY; DENY with a notice's code for the few whom the law lets know."""
    first = min(rules, key=lambda each: (each.rule.effect != "absent", each.prohibition.id, each.ordinal))
    basis = Basis(first.prohibition.id, 0, first.rule.article, first.prohibition.title)
    if first.rule.effect != "absent":
        return refusal(cell, Outcome.DENY, Reason.STATUTE, basis)
    absent = [each for each in rules if each.rule.effect == "absent"]
    notices = [{n.reason for n in each.prohibition.notices if n.covers(caller)} for each in absent]
    if all(notices):
        return refusal(cell, Outcome.DENY, min(set().union(*notices)), basis)
    return refusal(cell, Outcome.ABSENT, basis=basis)


def _basis(clause: GrantClause | WithholdClause) -> Basis:
    agreement = clause.agreement
    article = clause.grant.article if isinstance(clause, GrantClause) else clause.withhold.article
    return Basis(agreement.id, agreement.version, article, agreement.title)


def _open(decision: Decision, needs: frozenset[str]) -> Decision:
    return replace(decision, settled=False, needs=needs) if needs else decision


def _exempt(rule: RuleClause, caller: Caller) -> bool:
    return any(each.covers(caller, rule.rule.article) for each in rule.prohibition.exemptions)


def is_free(when: Condition) -> bool:
    """Whether a condition speaks of the caller and the case alone."""
    return not any(atom.record_bound for atom in atoms_of(when))


def _conditions(clauses: _Rules | _Withholds | _Grants) -> list[Condition]:
    return [_when(clause) for clause, _ in clauses]


def _when(clause: RuleClause | WithholdClause | GrantClause) -> Condition:
    if isinstance(clause, GrantClause):
        return clause.when
    return clause.rule.when if isinstance(clause, RuleClause) else clause.withhold.when


def _missing(conditions: Iterable[Condition], look: _Look, at: datetime) -> frozenset[str]:
    found: set[str] = set()
    for condition in conditions:
        if evaluate(condition, look, at) is Truth.UNKNOWN:
            found.update(name for name, failed in unknown_facts(condition, look, at) if not failed)
    return frozenset(found)


# -- what was considered ----

_KINDS: Final = {GrantClause: "grant", WithholdClause: "withhold", RuleClause: "prohibition"}


def candidate_of(
    clause: RuleClause | WithholdClause | GrantClause,
    result: str,
    because: str = "",
    atoms: tuple[AtomResult, ...] = (),
) -> Candidate:
    """``clause`` as it appears in an explanation."""
    kind = _KINDS[type(clause)]
    if isinstance(clause, RuleClause):
        return Candidate(
            kind, clause.prohibition.id, clause.rule.article, clause.prohibition.title, result, because, "", atoms
        )
    article = clause.grant.article if isinstance(clause, GrantClause) else clause.withhold.article
    mask = clause.mask if isinstance(clause, GrantClause) else ""
    return Candidate(kind, clause.agreement.name, article, clause.agreement.title, result, because, mask, atoms)


def _candidates(
    cell: Cell, caller: Caller, rules: _Rules, withholds: _Withholds, grants: _Grants, look: _Look, at: datetime
) -> tuple[Candidate, ...]:
    exempt = [
        candidate_of(each, "false", "the law exempts this caller") for each in cell.rules if _exempt(each, caller)
    ]
    clauses: list[tuple[RuleClause | WithholdClause | GrantClause, Truth]] = [*rules, *withholds, *grants]
    weighed = [
        candidate_of(clause, truth.value, _because(truth), _atoms(_when(clause), look, at)) for clause, truth in clauses
    ]
    return (*weighed, *exempt, *cell.idle)


def _because(truth: Truth) -> str:
    return {Truth.TRUE: "", Truth.FALSE: "its condition is not met", Truth.UNKNOWN: "a fact is not known"}[truth]


def _atoms(when: Condition, look: _Look, at: datetime) -> tuple[AtomResult, ...]:
    if when == ALWAYS:
        return ()
    return tuple(AtomResult(str(atom), evaluate(atom, look, at).value) for atom in atoms_of(when))
