"""Finds a caller, a record and a case that two policies decide differently, for one coordinate and kind of caller.

A search over the finite abstraction (:mod:`gateway.policy.proof.domains`): facts are chosen one by one, and a branch is
left as soon as the goal is out of reach whatever the facts not chosen yet turn out to be. What is found is put to both
policies' ``decide`` and counts only when they say so too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import product
from typing import Any, Final, TypeAlias

from gateway.coordinates import Coordinate
from gateway.policy.clauses import GrantClause, RuleClause, WithholdClause
from gateway.policy.conditions import Atom, Condition, atoms_of, evaluate
from gateway.policy.decision import Decision, Outcome
from gateway.policy.facts import UNREACHABLE, Truth, Value
from gateway.policy.lifecycle import in_force
from gateway.policy.policy import Policy
from gateway.policy.proof.domains import KIND_FACTS, Domains, FactShapes, at_instant, domains_of, realise
from gateway.policy.proof.solver import Clauses, Kind, clauses_of

__all__ = ["GOALS", "Side", "Witness", "find"]

_ALL: Final = frozenset(Truth)
_TRUE, _FALSE = frozenset({Truth.TRUE}), frozenset({Truth.FALSE})
_NODES: Final = 20_000
"""How many partial assignments one search looks at before it gives up; no bundle met so far needs a tenth of it."""
_GIVING: Final = (Outcome.ALLOW, Outcome.MASK)

GOALS: Final = ("released", "withheld", "masked")
"""What may differ: only the new policy gives, only the old one does, or both do under different masks."""


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two policies, with what tells which of its facts are lists."""

    policy: Policy
    shapes: FactShapes


@dataclass(frozen=True, slots=True)
class Witness:
    """A request that the two policies answer differently, with both answers. ``facts`` holds the caller's own as well."""

    kind: Kind
    coordinate: str
    facts: Mapping[str, Value]
    at: datetime
    before: Decision
    after: Decision


@dataclass(frozen=True, slots=True)
class _Mine:
    """The clauses that bear on callers of one kind at one instant."""

    clauses: Clauses

    @property
    def conditions(self) -> tuple[Condition, ...]:
        return self.clauses.conditions


def find(old: Side, new: Side, coordinate: Coordinate, kind: Kind, at: datetime, goal: str) -> Witness | None:
    """A witness for ``goal``, None when there is none."""
    before, after = _bearing(old.policy, coordinate, kind, at), _bearing(new.policy, coordinate, kind, at)
    if not (after if goal == "released" else before).clauses.grants:
        return None
    causes = _causes(before.clauses, after.clauses, goal)
    if not causes:
        return None
    search = _Search(old, new, coordinate, kind, at, goal, before, after, causes)
    return next(search.run(), None)


def _causes(before: Clauses, after: Clauses, goal: str) -> tuple[Condition, ...]:
    """The conditions of the clauses that only one side has: one of them has to matter where the two sides differ."""
    masked = goal == "masked"
    if masked and len({each.mask for each in (*before.grants, *after.grants)}) < 2:
        return ()
    was, now = _meanings(before, masked), _meanings(after, masked)
    gone = [each for key, each in was.items() if key not in now]
    come = [each for key, each in now.items() if key not in was]
    giving = {"released": come, "withheld": gone, "masked": gone + come}[goal]
    keeping = {"released": gone, "withheld": come, "masked": []}[goal]
    return tuple(
        [each.when for each in giving if isinstance(each, GrantClause)]
        + [_when(each) for each in keeping if not isinstance(each, GrantClause)]
    )


def _meanings(clauses: Clauses, masked: bool) -> dict[tuple[Any, ...], GrantClause | RuleClause | WithholdClause]:
    """The clauses by what they decide."""
    return {
        **{("rule", each.rule.when, each.rule.article, each.prohibition.exemptions): each for each in clauses.rules},
        **{("withhold", each.withhold.when): each for each in clauses.withholds},
        **{("grant", each.when, each.mask if masked else ""): each for each in clauses.grants},
    }


def _when(clause: RuleClause | WithholdClause) -> Condition:
    return clause.rule.when if isinstance(clause, RuleClause) else clause.withhold.when


def _bearing(policy: Policy, coordinate: Coordinate, kind: Kind, at: datetime) -> _Mine:
    agency, role, purpose = kind
    every = clauses_of(policy, coordinate)
    known = policy.vocabulary.knows_caller(*kind)
    withholds = tuple(
        each
        for each in every.withholds
        if agency in each.withhold.recipients
        and purpose in each.withhold.purposes
        and (not each.withhold.roles or role in each.withhold.roles)
        and in_force(each.agreement, at)
    )
    grants = tuple(
        each
        for each in every.grants
        if known
        and agency in each.grant.recipients
        and purpose in each.grant.purposes
        and role in each.grant.roles
        and in_force(each.agreement, at)
    )
    return _Mine(Clauses(every.rules, withholds, grants))


_Known: TypeAlias = dict[str, Value]


class _Search:
    def __init__(
        self,
        old: Side,
        new: Side,
        coordinate: Coordinate,
        kind: Kind,
        at: datetime,
        goal: str,
        before: _Mine,
        after: _Mine,
        causes: tuple[Condition, ...],
    ) -> None:
        self.old, self.new = old, new
        self.coordinate, self.kind, self.at, self.goal = coordinate, kind, at, goal
        self.before, self.after, self.causes = before, after, causes
        self.nodes = 0
        self.fixed: _Known = dict(zip(("caller.agency", "caller.role", "caller.purpose"), kind, strict=True))
        self.names, self.domains = self._facts()
        self._atoms: dict[tuple[Any, ...], frozenset[Truth]] = {}

    def _facts(self) -> tuple[list[str], Domains]:
        """The facts in the order they are chosen: what the two sides differ in first."""
        order: dict[str, None] = {}
        for conditions in (self.causes, self.after.conditions, self.before.conditions):
            for when in conditions:
                for atom in atoms_of(when):
                    order.update(dict.fromkeys(name for name in atom.facts if name not in KIND_FACTS))
        every = [*self.before.conditions, *self.after.conditions]
        domains = domains_of(every, self.new.shapes, [self.coordinate.type])
        for name, values in domains.values.items():  # not knowing opens nothing, so no difference needs it
            domains.values[name] = tuple(each for each in values if each is not UNREACHABLE)
        order["caller.training"] = None
        cases = self.new.policy.cases
        fitting = {name for name, case in cases.items() if self.kind[0] in case.agencies}
        if "case.kind" in domains.values:
            domains.values["case.kind"] = tuple(
                each for each in domains["case.kind"] if each not in cases or each in fitting
            )
        return list(order), domains

    def run(self) -> Iterator[Witness]:
        yield from self._choose({}, 0)

    def _choose(self, chosen: dict[str, Any], place: int) -> Iterator[Witness]:
        self.nodes += 1
        if self.nodes > _NODES or not self._reachable(chosen):
            return
        if place == len(self.names):
            found = self._checked(chosen)
            if found is not None:
                yield found
            return
        name = self.names[place]
        for value in self.domains[name]:
            yield from self._choose({**chosen, name: value}, place + 1)

    def _reachable(self, chosen: Mapping[str, Any]) -> bool:
        known = {name: at_instant(value, self.at) for name, value in chosen.items()} | self.fixed
        if not any(self._truths(when, known) != _FALSE for when in self.causes):
            return False
        can_old, must_old = self._giving(self.old.policy, self.before, known)
        can_new, must_new = self._giving(self.new.policy, self.after, known)
        match self.goal:
            case "released":
                return can_new and not must_old
            case "withheld":
                return can_old and not must_new
        return can_old and can_new

    def _giving(self, policy: Policy, mine: _Mine, known: _Known) -> tuple[bool, bool]:
        """Whether the value may still be given, and whether it is whatever else comes."""
        can, must = True, True
        for rule in mine.clauses.rules:
            exempt = self._exempt(rule, known)
            truths = self._truths(rule.rule.when, known)
            can = can and (Truth.FALSE in truths or True in exempt)
            must = must and (truths == _FALSE or exempt == {True})
        for withhold in mine.clauses.withholds:
            truths = self._truths(withhold.withhold.when, known)
            can, must = can and Truth.FALSE in truths, must and truths == _FALSE
        grants = [self._truths(each.when, known) for each in mine.clauses.grants]
        return can and any(Truth.TRUE in each for each in grants), must and any(each == _TRUE for each in grants)

    def _exempt(self, rule: Any, known: _Known) -> set[bool]:
        trainings = [known["caller.training"]] if "caller.training" in known else self.domains["caller.training"]
        return {
            any(
                each.covers(realise(self.kind, {"caller.training": training}, self.at)[0], rule.rule.article)
                for each in rule.prohibition.exemptions
            )
            for training in trainings
        }

    def _truths(self, when: Condition, known: _Known) -> frozenset[Truth]:
        """What the condition may come to, over all values of the facts not chosen yet."""
        if isinstance(when, Atom):
            return self._atom(when, known)
        parts = [self._truths(part, known) for part in when.parts]
        decisive, neutral = (Truth.FALSE, Truth.TRUE) if when.every else (Truth.TRUE, Truth.FALSE)
        found = set()
        if any(decisive in part for part in parts):
            found.add(decisive)
        if all(neutral in part for part in parts):
            found.add(neutral)
        if any(Truth.UNKNOWN in part for part in parts) and all(part != {decisive} for part in parts):
            found.add(Truth.UNKNOWN)
        return frozenset(found)

    def _atom(self, atom: Atom, known: _Known) -> frozenset[Truth]:
        values: list[Sequence[Value]] = [
            (known[name],) if name in known else [at_instant(each, self.at) for each in self.domains[name]]
            for name in atom.facts
        ]
        key = (atom, *(_frozen(known.get(name, _OPEN)) for name in atom.facts))
        if key not in self._atoms:
            found = set()
            for pick in product(*values):
                world = dict(zip(atom.facts, pick, strict=True))
                found.add(evaluate(atom, world.__getitem__, self.at))
            self._atoms[key] = frozenset(found)
        return self._atoms[key]

    def _checked(self, chosen: Mapping[str, Any]) -> Witness | None:
        caller, facts = realise(self.kind, chosen, self.at)
        before = self.old.policy.decide(caller, self.coordinate, facts, self.at)
        after = self.new.policy.decide(caller, self.coordinate, facts, self.at)
        if not _REACHED[self.goal](before, after):
            return None
        told = {name: at_instant(value, self.at) for name, value in sorted(chosen.items())}
        if not told["caller.training"]:
            del told["caller.training"]
        return Witness(self.kind, str(self.coordinate), told, self.at, before, after)


_OPEN: Final = object()


def _frozen(value: Any) -> Any:
    return (type(value), value)


def _gives(decision: Decision) -> bool:
    return decision.outcome in _GIVING


_REACHED: Final[Mapping[str, Callable[[Decision, Decision], bool]]] = {
    "released": lambda before, after: _gives(after) and not _gives(before),
    "withheld": lambda before, after: _gives(before) and not _gives(after),
    "masked": lambda before, after: _gives(before) and _gives(after) and before.mask != after.mask,
}
