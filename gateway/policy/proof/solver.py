"""The decision as formulas for z3, written from docs/policy.md section 4 and the compiled tables, not from ``decide``.

Everything is finite (see :mod:`gateway.policy.proof.domains`): a caller is one of the kinds the vocabulary knows, an
instant one of the spans between two dates of agreements, a fact one of its values; each is a group of booleans of which
exactly one is true. A condition is two formulas, *true* and *false*; neither of them means unknown. Dates, roles,
purposes, certificates, exemptions, withholds, masks and precedence are all in the formulas.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from gateway.coordinates import Coordinate
from gateway.errors import GatewayError
from gateway.policy.clauses import GrantClause, RuleClause, WithholdClause
from gateway.policy.conditions import Atom, Condition, evaluate
from gateway.policy.decide import is_free
from gateway.policy.decision import Outcome
from gateway.policy.facts import UNREACHABLE, Truth, Value
from gateway.policy.lifecycle import boundaries, in_force
from gateway.policy.policy import Policy
from gateway.policy.proof.domains import KIND_FACTS, Domains, FactShapes, at_instant, domains_of

__all__ = ["Clauses", "Kind", "Model", "Outcomes", "World", "clauses_of", "load_z3", "spans_of"]

Kind = tuple[str, str, str]


def load_z3() -> Any:
    """The z3 module; raises ``GatewayError`` ``PROVER_MISSING`` when it is not installed."""
    try:
        return importlib.import_module("z3")
    except ImportError as problem:
        raise GatewayError(
            "PROVER_MISSING",
            "The prover z3 is not installed.",
            where="z3-solver",
            hint="Install the test extra: pip install -e '.[test]'.",
        ) from problem


def spans_of(policy: Policy, only: datetime | None = None) -> tuple[datetime, ...]:
    """One instant in each span between two dates of agreements; the one instant ``only`` when given."""
    if only is not None:
        return (only,)
    edges = boundaries(policy.agreements)
    if not edges:
        return (datetime.fromisoformat("2026-11-01T12:00:00+00:00"),)
    return (edges[0] - timedelta(days=1), *(edge + timedelta(hours=12) for edge in edges))


@dataclass(frozen=True, slots=True)
class Clauses:
    """What bears on one coordinate: every rule, withhold and grant, in force or not, whoever it is for."""

    rules: tuple[RuleClause, ...]
    withholds: tuple[WithholdClause, ...]
    grants: tuple[GrantClause, ...]

    @property
    def signature(self) -> tuple[object, ...]:
        """Equal for coordinates that are decided alike."""
        return (
            tuple((each.prohibition.id, each.ordinal) for each in self.rules),
            tuple((each.agreement.id, each.ordinal) for each in self.withholds),
            tuple((each.rank, each.mask) for each in self.grants),
        )

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """Every condition of them."""
        return (
            *(each.rule.when for each in self.rules),
            *(each.withhold.when for each in self.withholds),
            *(each.when for each in self.grants),
        )


def clauses_of(policy: Policy, coordinate: Coordinate) -> Clauses:
    """The clauses of ``coordinate``."""
    tables = policy.compiled
    return Clauses(
        tables.rules.get(coordinate, ()), tables.withholds.get(coordinate, ()), tables.grants.get(coordinate, ())
    )


@dataclass(frozen=True, slots=True)
class Outcomes:
    """When each outcome comes about; exactly one does. ``masks`` splits MASK, ``by_grant`` the giving ones by clause."""

    allow: Any
    masks: Mapping[str, Any]
    deny: Any
    absent: Any
    unavailable: Any
    given: Any
    by_grant: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class World:
    """One solution: who asks, what is known, when."""

    kind: Kind
    facts: Mapping[str, Any]
    at: datetime


class Model:
    """The variables of one caller, one record and one instant, and the formulas over them.

    ``prefix`` tells the variables of several models in one question apart.
    """

    def __init__(
        self, policy: Policy, shapes: FactShapes, kinds: Sequence[Kind], spans: Sequence[datetime], prefix: str = ""
    ) -> None:
        self.z3 = load_z3()
        self.policy = policy
        self.shapes = shapes
        self.kinds = tuple(kinds)
        self.spans = tuple(spans)
        self.prefix = prefix
        self.is_kind = [self.z3.Bool(f"{prefix}kind{number}") for number in range(len(self.kinds))]
        self.is_span = [self.z3.Bool(f"{prefix}span{number}") for number in range(len(self.spans))]
        self.domains = Domains()
        self.is_value: dict[str, list[Any]] = {}
        self._cache: dict[tuple[Any, ...], Any] = {}

    # -- variables ----

    def facts(self, conditions: Iterable[Condition], holders: Iterable[str], pinned: Mapping[str, Value]) -> list[Any]:
        """Make the variables of every fact that ``conditions`` read; the constraints that bind all variables."""
        self.domains = domains_of(conditions, self.shapes, holders, pinned)
        self.is_value = {
            name: [self.z3.Bool(f"{self.prefix}{name}={number}") for number in range(len(values))]
            for name, values in self.domains.values.items()
        }
        groups = [self.is_kind, self.is_span, *self.is_value.values()]
        bound = [self.z3.PbEq([(each, 1) for each in group], 1) for group in groups]
        return bound + self._cases()

    def _cases(self) -> list[Any]:
        """A case is of a kind its agency has; without one, nothing is known of it but that there is none."""
        z3, found = self.z3, []
        kinds = self.policy.cases
        for value, chosen in self.values("case.kind"):
            if value in kinds:
                found.append(z3.Implies(chosen, self.kind_in(agencies=kinds[value].agencies)))
            elif value == "none":
                for name in self.is_value:
                    if name.startswith("case.") and name != "case.kind":
                        nothing: Value = "none" if name == "case.state" else None
                        found.append(z3.Implies(chosen, self.pinned(name, nothing)))
        return found

    def values(self, name: str) -> list[tuple[Any, Any]]:
        """Each value of a fact with the boolean that says it is the one; empty when nothing reads the fact."""
        return list(zip(self.domains.values.get(name, ()), self.is_value.get(name, ()), strict=True))

    def pinned(self, name: str, value: Value) -> Any:
        """That fact ``name`` is ``value``."""
        fitting = [
            chosen
            for each, chosen in self.values(name)
            if each == value and isinstance(each, bool) == isinstance(value, bool)
        ]
        return self.z3.Or(fitting)

    def kind_in(
        self,
        agencies: Iterable[str] = (),
        roles: Iterable[str] = (),
        purposes: Iterable[str] = (),
    ) -> Any:
        """That the caller is of these agencies, roles and purposes; an empty set excludes nobody."""
        wanted = tuple(frozenset(each) for each in (agencies, roles, purposes))
        key = ("kind", *wanted)
        if key not in self._cache:
            self._cache[key] = self.z3.Or(
                [
                    chosen
                    for kind, chosen in zip(self.kinds, self.is_kind, strict=True)
                    if all(not words or word in words for word, words in zip(kind, wanted, strict=True))
                ]
            )
        return self._cache[key]

    def trained(self, certificate: str) -> Any:
        """That the caller holds ``certificate`` (anybody holds "")."""
        if not certificate:
            return self.z3.BoolVal(True)
        return self.z3.Or([chosen for value, chosen in self.values("caller.training") if certificate in value])

    def force(self, agreement: Any) -> Any:
        """That the agreement is in force."""
        key = ("force", agreement.id)
        if key not in self._cache:
            live = [on for at, on in zip(self.spans, self.is_span, strict=True) if in_force(agreement, at)]
            self._cache[key] = self.z3.Or(live)
        return self._cache[key]

    # -- conditions ----

    def true(self, when: Condition, *, best: bool = False) -> Any:
        """That ``when`` holds; with ``best`` as if every record were just right."""
        return self._side(when, Truth.TRUE, best)

    def false(self, when: Condition, *, best: bool = False) -> Any:
        """That ``when`` is known not to hold."""
        return self._side(when, Truth.FALSE, best)

    def _side(self, when: Condition, side: Truth, best: bool) -> Any:
        key = (when, side, best)
        if key not in self._cache:
            self._cache[key] = self._made(when, side, best)
        return self._cache[key]

    def _made(self, when: Condition, side: Truth, best: bool) -> Any:
        if isinstance(when, Atom):
            if best and when.record_bound:
                return self.z3.BoolVal(side is Truth.TRUE)
            return self._atom(when, side)
        parts = [self._side(part, side, best) for part in when.parts]
        every = when.every if side is Truth.TRUE else not when.every
        return self.z3.And(parts) if every else self.z3.Or(parts)

    def _atom(self, atom: Atom, side: Truth) -> Any:
        """The worlds in which one atom comes to ``side``: a table over the values of the facts it reads."""
        z3 = self.z3
        columns = [self._column(name) for name in dict.fromkeys(atom.facts)]
        per_span = [self._rows(atom, columns, at, side) for at in self.spans]
        rows = per_span[0]
        if all(each == rows for each in per_span):
            return z3.Or([z3.And([columns[c][1][v] for c, v in enumerate(row)]) for row in rows])
        return z3.Or(
            [
                z3.And(on, *[columns[c][1][v] for c, v in enumerate(row)])
                for rows, on in zip(per_span, self.is_span, strict=True)
                for row in rows
            ]
        )

    def _column(self, name: str) -> tuple[Sequence[Any], Sequence[Any], str]:
        if name in KIND_FACTS:
            place = ("caller.agency", "caller.role", "caller.purpose").index(name)
            words = sorted({kind[place] for kind in self.kinds})
            chosen = [
                self.z3.Or([on for kind, on in zip(self.kinds, self.is_kind, strict=True) if kind[place] == word])
                for word in words
            ]
            return words, chosen, name
        return self.domains[name], self.is_value[name], name

    def _rows(
        self, atom: Atom, columns: Sequence[tuple[Sequence[Any], Sequence[Any], str]], at: datetime, side: Truth
    ) -> list[tuple[int, ...]]:
        places: list[tuple[int, ...]] = [()]
        for values, _, _ in columns:
            places = [(*place, number) for place in places for number in range(len(values))]
        found = []
        for place in places:
            known = {name: at_instant(values[v], at) for (values, _, name), v in zip(columns, place, strict=True)}
            if evaluate(atom, known.__getitem__, at) is side:
                found.append(place)
        return found

    # -- decisions ----

    def exempt(self, prohibition: Any, article: str = "") -> Any:
        """That the law lets the caller read: by ``article``, or by any when none is named."""
        z3 = self.z3
        return z3.Or(
            [
                z3.And(self.kind_in(each.agencies, each.roles, each.purposes), self.trained(each.training))
                for each in prohibition.exemptions
                if not article or not each.articles or article in each.articles
            ]
        )

    def bound(self, rule: RuleClause) -> Any:
        """That the rule binds the caller."""
        return self.z3.Not(self.exempt(rule.prohibition, rule.rule.article))

    def covers(self, clause: WithholdClause) -> Any:
        """That the withhold is for this caller and in force."""
        held = clause.withhold
        return self.z3.And(self.kind_in(held.recipients, held.roles, held.purposes), self.force(clause.agreement))

    def fits(self, clause: GrantClause) -> Any:
        """That the grant is for this caller and in force."""
        z3, grant = self.z3, clause.grant
        if not (grant.recipients and grant.roles and grant.purposes):
            return z3.BoolVal(False)
        return z3.And(self.kind_in(grant.recipients, grant.roles, grant.purposes), self.force(clause.agreement))

    def outcomes(self, clauses: Clauses) -> Outcomes:
        """When each outcome comes about for a coordinate with these clauses."""
        key = ("outcomes", clauses.signature)
        if key not in self._cache:
            self._cache[key] = self._outcomes(clauses)
        found: Outcomes = self._cache[key]
        return found

    def _outcomes(self, clauses: Clauses) -> Outcomes:
        z3 = self.z3
        fits = [self.fits(each) for each in clauses.grants]
        ideal_true = z3.Or([z3.And(f, self.true(c.when, best=True)) for f, c in zip(fits, clauses.grants, strict=True)])
        ideal_open = z3.Or(
            [z3.And(f, z3.Not(self.false(c.when, best=True))) for f, c in zip(fits, clauses.grants, strict=True)]
        )
        gone, denied, doubtful, loud = self._laws(clauses.rules)
        early_gone, early_denied, _, _ = self._laws([each for each in clauses.rules if is_free(each.rule.when)])
        held = z3.Or([z3.And(self.covers(c), self.true(c.withhold.when)) for c in clauses.withholds])
        early_held = z3.Or(
            [z3.And(self.covers(c), self.true(c.withhold.when)) for c in clauses.withholds if is_free(c.withhold.when)]
        )
        half_held = z3.Or([z3.And(self.covers(c), z3.Not(self.false(c.withhold.when))) for c in clauses.withholds])
        good = [z3.And(f, self.true(c.when)) for f, c in zip(fits, clauses.grants, strict=True)]
        half_good = z3.Or([z3.And(f, z3.Not(self.false(c.when))) for f, c in zip(fits, clauses.grants, strict=True)])
        steps: list[tuple[Any, str]] = [
            (early_gone, Outcome.ABSENT),
            (early_denied, Outcome.DENY),
            (early_held, Outcome.DENY),
            (z3.And(z3.Not(ideal_true), ideal_open), Outcome.UNAVAILABLE),
            (z3.Not(ideal_true), Outcome.DENY),
            (gone, Outcome.ABSENT),
            (denied, Outcome.DENY),
            (z3.And(z3.Or(held, z3.Not(half_good)), z3.Not(loud)), Outcome.ABSENT),
            (doubtful, Outcome.UNAVAILABLE),
            (held, Outcome.ABSENT),
            (half_held, Outcome.UNAVAILABLE),
            (z3.Or(good), "GIVEN"),
            (half_good, Outcome.UNAVAILABLE),
            (z3.BoolVal(True), Outcome.ABSENT),
        ]
        return self._sorted(clauses, steps, good)

    def _sorted(self, clauses: Clauses, steps: list[tuple[Any, str]], good: list[Any]) -> Outcomes:
        """The first step that applies decides; among the grants that hold, the best by rank."""
        z3 = self.z3
        ways: dict[str, list[Any]] = {}
        before: list[Any] = []
        for holds, outcome in steps:
            ways.setdefault(outcome, []).append(z3.And(holds, z3.Not(z3.Or(before))))
            before.append(holds)
        given = z3.Or(ways["GIVEN"])
        ranked = sorted(range(len(good)), key=lambda place: clauses.grants[place].rank)
        by_grant: list[Any] = [z3.BoolVal(False)] * len(good)
        for order, place in enumerate(ranked):
            better = [good[other] for other in ranked[:order]]
            by_grant[place] = z3.And(given, good[place], z3.Not(z3.Or(better)))
        masks: dict[str, list[Any]] = {}
        for clause, wins in zip(clauses.grants, by_grant, strict=True):
            masks.setdefault(clause.mask, []).append(wins)
        return Outcomes(
            allow=z3.Or(masks.pop("", [])),
            masks={mask: z3.Or(wins) for mask, wins in masks.items()},
            deny=z3.Or(ways[Outcome.DENY]),
            absent=z3.Or(ways[Outcome.ABSENT]),
            unavailable=z3.Or(ways[Outcome.UNAVAILABLE]),
            given=given,
            by_grant=tuple(by_grant),
        )

    def _laws(self, rules: Sequence[RuleClause]) -> tuple[Any, Any, Any, Any]:
        """When a law makes the value absent, when it denies it, when that is open, and when what is open could be told.

        A notice turns absent into denied.
        """
        z3 = self.z3
        hits = [(rule, z3.And(self.bound(rule), self.true(rule.rule.when))) for rule in rules]
        gone = z3.Or([z3.And(hit, z3.Not(self._noticed(rule))) for rule, hit in hits if rule.rule.effect == "absent"])
        any_hit = z3.Or([hit for _, hit in hits])
        open_ = [
            (each, z3.And(self.bound(each), z3.Not(self.true(each.rule.when)), z3.Not(self.false(each.rule.when))))
            for each in rules
        ]
        loud = z3.Or([z3.And(is_open, self._told(rule)) for rule, is_open in open_])
        return gone, any_hit, z3.Or([is_open for _, is_open in open_]), loud

    def _told(self, rule: RuleClause) -> Any:
        """That the rule, where it holds, is told to the caller."""
        return self._noticed(rule) if rule.rule.effect == "absent" else self.z3.BoolVal(True)

    def _noticed(self, rule: RuleClause) -> Any:
        z3 = self.z3
        return z3.Or(
            [
                z3.And(self.kind_in(each.agencies, each.roles, each.purposes), self.trained(each.training))
                for each in rule.prohibition.notices
            ]
        )

    # -- solutions ----

    def world(self, solution: Any) -> World:
        """The world of a z3 model."""

        def chosen(group: Sequence[Any]) -> int:
            marks = (number for number, each in enumerate(group) if self.z3.is_true(solution.eval(each, True)))
            return next(marks, 0)

        facts = {name: self.domains[name][chosen(group)] for name, group in self.is_value.items()}
        return World(self.kinds[chosen(self.is_kind)], facts, self.spans[chosen(self.is_span)])

    def known(self, name: str) -> Any:
        """That fact ``name`` is known."""
        return self.z3.Or([chosen for value, chosen in self.values(name) if value is not UNREACHABLE])
