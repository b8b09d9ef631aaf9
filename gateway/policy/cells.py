"""Cuts the compiled tables down to one coordinate and one kind of caller between two dates."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Final, TypeVar

from gateway.caller import Caller
from gateway.coordinates import Coordinate
from gateway.policy.agreement import Agreement
from gateway.policy.clauses import Compiled, GrantClause, RuleClause, WithholdClause
from gateway.policy.conditions import ALWAYS, Atom, Condition, atoms_of, evaluate
from gateway.policy.decide import Cell, candidate_of, is_free, weigh
from gateway.policy.decision import Candidate, Decision, Outcome, Reason
from gateway.policy.facts import MISSING, Truth, Value
from gateway.policy.lifecycle import IN_FORCE, state_of

__all__ = ["CellMaker", "alike_once"]

_T = TypeVar("_T")
_MEET: Final = "Meet the obligations of {0}; what it asks to be acknowledged goes into extensions.acknowledged."
_Kind = tuple[str, str, str]
_State = Callable[[Agreement], str]


class CellMaker:
    """Makes cells; holds the compiled tables, and of what it made what many cells share."""

    def __init__(self, compiled: Compiled) -> None:
        self._compiled = compiled
        self._states: tuple[datetime | None, dict[int, str]] = (None, {})
        self._idle: dict[tuple[int, str], Candidate] = {}  # by the clause's identity: the compiled tables hold it

    def nothing(self, coordinate: Coordinate) -> Cell:
        """The cell of a coordinate that no subgraph has, or of any coordinate for a caller nobody knows."""
        entry = self._compiled.catalogue.entries.get(coordinate)
        owner, reason = (entry.owner, Reason.NOT_RECOGNISED) if entry else ("", Reason.NO_SUCH_FIELD)
        denial = Decision(Outcome.DENY, str(coordinate), owner, reason=reason)
        return Cell(str(coordinate), owner, (), (), (), (), denial, static=denial)

    def same(self, coordinate: Coordinate, owner: str) -> tuple[object, ...]:
        """Equal for coordinates that share their cells: one owner, and the very same clauses."""
        compiled = self._compiled
        return (
            owner,
            id(compiled.rules.get(coordinate)),
            id(compiled.withholds.get(coordinate)),
            id(compiled.grants.get(coordinate)),
        )

    def cell(self, kind: _Kind, coordinate: Coordinate, owner: str, at: datetime, unmet: Collection[str] = ()) -> Cell:
        """The cell of ``owner``'s ``coordinate``, and of all that are the ``same``, for callers of ``kind`` around ``at``.

        What the agreements in ``unmet`` give does not count: an obligation of theirs cannot be met.
        """
        rules, withholds, grants, idle, reason, lacking = self._clauses(kind, coordinate, at, unmet)
        agency = self._compiled.vocabulary.agencies.get(owner)
        contact = agency.contact if agency else ""
        how = _MEET.format(", ".join(lacking)) if lacking else contact
        denial = Decision(Outcome.DENY, "", owner, reason=reason, how_to_request=how, candidates=idle)
        atoms = [atom for when in _whens(rules, withholds, grants) for atom in atoms_of(when)]
        names = tuple(sorted({name for atom in atoms for name in atom.facts}))
        static = None if rules or withholds or grants else denial
        cell = Cell(
            "", owner, rules, withholds, grants, idle, denial, contact, names, alike_once(atoms), static,
        )  # fmt: skip
        return cell if static is not None else replace(cell, static=self._static(cell, kind, at))

    def fact_coordinates(self) -> frozenset[Coordinate]:
        """Every coordinate on a path that some condition or the vocabulary reads."""
        compiled, catalogue = self._compiled, self._compiled.catalogue
        starts: list[tuple[str, str]] = list(compiled.vocabulary.subjects.items())
        for dotted in compiled.vocabulary.authorities.values():
            holder, _, path = dotted.partition(".")
            starts.append((holder, path))
        for kind in compiled.vocabulary.cases.values():
            starts += [(kind.type, path) for path in (*kind.facts.values(), kind.subject, kind.state) if path]
        clauses: list[tuple[Coordinate, Condition]] = [
            (key, each.when) for key, clauses in compiled.grants.items() for each in clauses
        ]
        clauses += [(key, each.withhold.when) for key, held in compiled.withholds.items() for each in held]
        clauses += [(key, each.rule.when) for key, laws in compiled.rules.items() for each in laws]
        for coordinate, when in clauses:
            for name in _names(when):
                if name.startswith("record."):
                    starts += [(holder, name[7:]) for holder in (coordinate.type, *catalogue.records(coordinate.type))]
        found: set[Coordinate] = set()
        for holder, path in set(starts):
            found.update(catalogue.path(holder, path) or ())
        return frozenset(found)

    def _clauses(
        self, kind: _Kind, coordinate: Coordinate, at: datetime, unmet: Collection[str]
    ) -> tuple[
        tuple[RuleClause, ...],
        tuple[WithholdClause, ...],
        tuple[GrantClause, ...],
        tuple[Candidate, ...],
        Reason,
        tuple[str, ...],
    ]:
        agency, role, purpose = kind
        bare = Caller(agency, role, purpose)
        state = self._state_at(at)
        laws = self._compiled.rules.get(coordinate, ())
        touching, _ = _split(laws, lambda each: not _never(each.rule.when, bare, at))
        rules, exempt = _split(
            touching, lambda each: not any(one.covers(bare, each.rule.article) for one in each.prohibition.exemptions)
        )
        withholds = tuple(
            each
            for each in self._compiled.withholds.get(coordinate, ())
            if agency in each.withhold.recipients
            and purpose in each.withhold.purposes
            and (not each.withhold.roles or role in each.withhold.roles)
            and state(each.agreement) in IN_FORCE
        )
        mine = tuple(each for each in self._compiled.grants.get(coordinate, ()) if agency in each.grant.recipients)
        fallen = [(each, _why_not(each, role, purpose, state(each.agreement))) for each in mine]
        covering = [each for each, why in fallen if not why]
        grants, dropped = _split(covering, lambda each: each.agreement.id not in unmet)
        lacking = () if grants else tuple(sorted({each.agreement.id for each in dropped}))
        reason = Reason.OBLIGATION_UNMET if lacking else _reason(mine, role, purpose, state)
        idle = (
            *(self._fell_out(each, "an obligation of the agreement cannot be met") for each in dropped),
            *(self._fell_out(each, why) for each, why in fallen if why),
            *(self._fell_out(each, "the law exempts this caller") for each in exempt),
        )
        return rules, withholds, grants, idle, reason, lacking

    def _state_at(self, at: datetime) -> _State:
        """What says an agreement's state at ``at``; each is worked out once for as long as the same instant is asked."""
        kept = self._states
        if kept[0] != at:
            self._states = kept = (at, {})  # whoever still works at another instant keeps their own
        known = kept[1]

        def state(agreement: Agreement) -> str:
            found = known.get(id(agreement))
            if found is None:
                found = known[id(agreement)] = state_of(agreement, at)
            return found

        return state

    def _fell_out(self, clause: RuleClause | GrantClause, why: str) -> Candidate:
        """``clause`` among those that did not count, with the reason: the same for every cell."""
        key = (id(clause), why)
        found = self._idle.get(key)
        if found is None:
            found = self._idle[key] = candidate_of(clause, "false", why)
        return found

    def _static(self, cell: Cell, kind: _Kind, at: datetime) -> Decision | None:
        """The decision that no case, record or certificate can change, or None."""
        caller = Caller(*kind)
        free = [each for each in cell.rules if is_free(each.rule.when)]
        if free:
            final = all(_only_kind(each.rule.when) and not _by_training(each, caller) for each in free)
        elif cell.withholds:
            final = any(each.withhold.when == ALWAYS for each in cell.withholds)
        elif cell.grants:
            final = not cell.rules and cell.grants[0].when == ALWAYS
        else:
            return cell.denial
        return weigh(cell, caller, lambda name: _of_kind(caller, name), at) if final else None


def _split(clauses: Iterable[_T], keep: Callable[[_T], bool]) -> tuple[tuple[_T, ...], tuple[_T, ...]]:
    kept: list[_T] = []
    dropped: list[_T] = []
    for each in clauses:
        (kept if keep(each) else dropped).append(each)
    return tuple(kept), tuple(dropped)


def alike_once(atoms: Iterable[Atom]) -> tuple[Atom, ...]:
    """``atoms`` without those that compare the same; true is not the number one."""
    return tuple({(each.attr, each.operator, repr(each.operand), each.refers): each for each in atoms}.values())


def _whens(
    rules: tuple[RuleClause, ...], withholds: tuple[WithholdClause, ...], grants: tuple[GrantClause, ...]
) -> Iterable[Condition]:
    yield from (each.rule.when for each in rules)
    yield from (each.withhold.when for each in withholds)
    yield from (each.when for each in grants)


def _never(when: Condition, bare: Caller, at: datetime) -> bool:
    """Whether agency, role and purpose alone make the condition false."""
    return evaluate(when, lambda name: _of_kind(bare, name), at) is Truth.FALSE


def _of_kind(bare: Caller, name: str) -> Value:
    return {"caller.agency": bare.agency, "caller.role": bare.role, "caller.purpose": bare.purpose}.get(name, MISSING)


def _only_kind(when: Condition) -> bool:
    return _names(when) <= {"caller.agency", "caller.role", "caller.purpose"}


def _by_training(clause: RuleClause, bare: Caller) -> bool:
    """Whether a certificate could change what the rule does to callers of this kind."""
    prohibition, article = clause.prohibition, clause.rule.article
    exempting = any(
        each.covers(replace(bare, training=(each.training,)), article)
        for each in prohibition.exemptions
        if each.training
    )
    return exempting or any(
        each.covers(replace(bare, training=(each.training,))) for each in prohibition.notices if each.training
    )


def _names(when: Condition) -> set[str]:
    """The facts a condition reads, without its own caller's fixed ones: those that a decision may have to wait for."""
    return {name for atom in atoms_of(when) for name in atom.facts}


def _why_not(clause: GrantClause, role: str, purpose: str, state: str) -> str:
    """Why a grant to the caller's agency cannot count, "" when it can; ``state`` is its agreement's."""
    if state not in IN_FORCE:
        return f"the agreement is {state}"
    if purpose not in clause.grant.purposes:
        return "the purpose is not covered"
    return "" if role in clause.grant.roles else "the role is not covered"


def _reason(mine: tuple[GrantClause, ...], role: str, purpose: str, state: _State) -> Reason:
    """The reason when no grant can count: the step at which the last of them fell out."""
    if not mine:
        return Reason.NO_AGREEMENT
    fitting = [each for each in mine if purpose in each.grant.purposes and role in each.grant.roles]
    alive = [each for each in mine if state(each.agreement) in IN_FORCE]
    if fitting or not alive:
        return Reason.NOT_IN_FORCE
    if any(purpose in each.grant.purposes for each in alive):
        return Reason.ROLE_NOT_COVERED
    return Reason.PURPOSE_NOT_COVERED
