"""Proves or refutes properties: z3 searches all callers, instants and facts for a world in which a property fails.

No world: proven. A world: it becomes a caller, facts and an instant, is put to ``Policy.decide``, and must fail there
too; where it does not, formulas and decider disagree and neither is to be trusted (``PROOF_DISAGREES``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Protocol, TypeAlias

from gateway.coordinates import Coordinate
from gateway.errors import GatewayError
from gateway.policy.agreement import Agreement
from gateway.policy.conditions import Atom, Condition, atoms_of
from gateway.policy.decision import Decision, Outcome
from gateway.policy.facts import UNREACHABLE, Value
from gateway.policy.lifecycle import GRACE, midnight
from gateway.policy.policy import Policy
from gateway.policy.proof.domains import FactShapes, at_instant, realise
from gateway.policy.proof.properties import Property
from gateway.policy.proof.scope import all_kinds, coordinates_of, kinds_of
from gateway.policy.proof.solver import Clauses, Kind, Model, World, clauses_of, spans_of
from gateway.supergraph.model import Supergraph

__all__ = ["Counterexample", "Crossing", "Proof", "Prover"]

_GIVING: Final = (Outcome.ALLOW, Outcome.MASK)


class Crossing(Protocol):
    """A value that composition lets another agency's subgraph receive (``gateway.enforcement.flows.Edge``)."""

    @property
    def coordinate(self) -> Coordinate: ...
    @property
    def to(self) -> str: ...
    @property
    def use(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Counterexample:
    """A caller, a record's facts and an instant, and what ``Policy.decide`` makes of them.

    For ``can`` it is the example that was looked for. ``told`` says in words what is wrong with it.
    """

    coordinate: str
    kind: Kind
    at: datetime
    facts: Mapping[str, Value]
    decision: Decision | None
    told: str


@dataclass(frozen=True, slots=True)
class Proof:
    """A property, whether it holds, how many decisions tables were asked about, and the world that shows it."""

    of: Property
    holds: bool
    tables: int
    world: Counterexample | None = None


@dataclass(frozen=True, slots=True)
class _Table:
    """Coordinates that are decided alike and have one owner."""

    coordinates: tuple[Coordinate, ...]
    owner: str
    clauses: Clauses


_Violation: TypeAlias = Callable[[Model, _Table], Any]


@dataclass(slots=True)
class Prover:
    """Answers properties of one policy. ``at`` is today, for the properties that ask about today alone.

    ``crossings`` are the values that composition moves between agencies; without them no property of kind ``flows`` can
    be asked. Raises ``GatewayError`` ``PROVER_MISSING`` when z3 is not installed.
    """

    policy: Policy
    supergraph: Supergraph | None
    at: datetime
    crossings: Sequence[Crossing] | None = None
    pinned: Mapping[str, Value] = field(default_factory=dict)
    conditions: Sequence[Condition] = ()
    _models: dict[str, tuple[Model, Any]] = field(default_factory=dict)
    _bounds: dict[str, list[Any]] = field(default_factory=dict)
    _tables: tuple[_Table, ...] = ()

    @classmethod
    def of(
        cls,
        policy: Policy,
        supergraph: Supergraph | None,
        at: datetime,
        properties: Iterable[Property],
        crossings: Sequence[Crossing] | None = None,
    ) -> Prover:
        """A prover whose one set of formulas serves all of ``properties``."""
        wanted = tuple(properties)
        values = tuple((name, value) for each in wanted for name, value in each.given.items())
        pinned: dict[str, list[Value]] = {}
        for name, value in values:
            pinned.setdefault(name, []).append(value)
        found = cls(policy, supergraph, at, crossings)
        found.conditions = [
            *(each.condition for each in wanted),
            *(each.needs for each in wanted),
            *_equalities(pinned),
        ]
        return found

    # -- asking ----

    def prove(self, wanted: Property) -> Proof:
        """Whether ``wanted`` holds; raises ``PolicyError`` when it speaks of nothing."""
        match wanted.kind:
            case "links":
                return self._links(wanted)
            case "flows":
                return self._flows(wanted)
            case "order":
                return self._ask(wanted, _order)
            case "unknown":
                return self._unknown(wanted)
        return self._ask(wanted, lambda model, table: _VIOLATIONS[wanted.kind](model, table, wanted))

    def _ask(self, wanted: Property, violation: _Violation) -> Proof:
        model, solver = self._model("")
        kinds = kinds_of(self.policy, wanted)
        tables = self._in_scope(wanted)
        claims = [
            (table, model.z3.And(self._foreign(model, wanted, table), violation(model, table))) for table in tables
        ]
        solver.push()
        try:
            solver.add(*self._while(model, wanted, kinds))
            solver.add(model.z3.Or([claim for _, claim in claims]))
            found = solver.check()
            if found == model.z3.unsat:
                return Proof(wanted, wanted.kind != "can", len(tables))
            solution = solver.model()
            table = next(each for each, claim in claims if model.z3.is_true(solution.eval(claim, True)))
            world = model.world(solution)
        finally:
            solver.pop()
        return Proof(wanted, wanted.kind == "can", len(tables), self._replayed(wanted, table, world))

    def _while(self, model: Model, wanted: Property, kinds: Sequence[Kind]) -> list[Any]:
        z3 = model.z3
        chosen = [on for kind, on in zip(model.kinds, model.is_kind, strict=True) if kind in set(kinds)]
        found = [z3.Or(chosen), model.true(wanted.condition)]
        found += [model.pinned(name, value) for name, value in wanted.given.items()]
        if wanted.today:
            found.append(model.is_span[model.spans.index(self.at)])
        if wanted.unless_exempt:
            laws = {each.id: each for each in self.policy.compiled.prohibitions}
            found.append(z3.Not(model.exempt(laws[wanted.unless_exempt])))
        return found

    @staticmethod
    def _foreign(model: Model, wanted: Property, table: _Table) -> Any:
        return model.z3.Not(model.kind_in(agencies=[table.owner])) if wanted.foreign else model.z3.BoolVal(True)

    def _model(self, prefix: str) -> tuple[Model, Any]:
        if prefix not in self._models:
            spans = (*spans_of(self.policy), self.at)
            shapes = FactShapes(self.policy, self.supergraph)
            model = Model(self.policy, shapes, all_kinds(self.policy), spans, prefix)
            tables = self.tables()
            conditions = [*(when for each in tables for when in each.clauses.conditions), *self.conditions]
            holders = {coordinate.type for each in tables for coordinate in each.coordinates}
            solver = model.z3.SolverFor("QF_FD")
            self._bounds[prefix] = model.facts(conditions, sorted(holders), {})
            solver.add(*self._bounds[prefix])
            self._models[prefix] = (model, solver)
        return self._models[prefix]

    def tables(self) -> tuple[_Table, ...]:
        """Every governed coordinate, those that are decided alike together."""
        if not self._tables:
            found: dict[tuple[object, ...], list[Coordinate]] = {}
            clauses: dict[tuple[object, ...], Clauses] = {}
            for entry in self.policy.catalogue.entries.values():
                if entry.governed:
                    mine = clauses_of(self.policy, entry.coordinate)
                    key = (entry.owner, mine.signature)
                    found.setdefault(key, []).append(entry.coordinate)
                    clauses.setdefault(key, mine)
            self._tables = tuple(_Table(tuple(each), str(key[0]), clauses[key]) for key, each in found.items())
        return self._tables

    def _in_scope(self, wanted: Property) -> tuple[_Table, ...]:
        chosen = set(coordinates_of(self.policy, wanted))
        cut = (
            _Table(tuple(each for each in table.coordinates if each in chosen), table.owner, table.clauses)
            for table in self.tables()
        )
        return tuple(each for each in cut if each.coordinates)

    # -- what was found, in the decider's eyes ----

    def _replayed(self, wanted: Property, table: _Table, world: World) -> Counterexample:
        coordinate = table.coordinates[0]
        read = {name for when in table.clauses.conditions for name in _names(when)}
        read |= {*wanted.given, *_names(wanted.condition), *_names(wanted.needs)}
        chosen = {name: value for name, value in world.facts.items() if name in read or name == "caller.training"}
        decision, facts = self.decide(coordinate, World(world.kind, chosen, world.at))
        told = _told(wanted, decision)
        if decision.outcome not in _GIVING or (wanted.kind == "masked" and _kept(wanted, decision)):
            raise _disagrees(wanted, coordinate, world, decision)
        return Counterexample(str(coordinate), world.kind, world.at, facts, decision, told)

    def decide(self, coordinate: Coordinate, world: World) -> tuple[Decision, dict[str, Value]]:
        """The decider's own answer in ``world``, and the facts in it by name, the caller's among them."""
        caller, facts = realise(world.kind, world.facts, world.at)
        shown = {name: at_instant(value, world.at) for name, value in sorted(world.facts.items())}
        return self.policy.decide(caller, coordinate, facts, world.at), shown

    # -- the kinds that are not one formula over one world ----

    def _unknown(self, wanted: Property) -> Proof:
        """Two worlds that differ only in facts unknown in the first: what the first gives the second must give."""
        model, _ = self._model("")
        other, _ = self._model("then ")
        z3 = model.z3
        solver = z3.SolverFor("QF_FD")
        kinds = kinds_of(self.policy, wanted)
        for prefix, each in (("", model), ("then ", other)):
            solver.add(*self._bounds[prefix], *self._while(each, wanted, kinds))
        solver.add(*(a == b for a, b in zip(model.is_kind, other.is_kind, strict=True)))
        solver.add(*(a == b for a, b in zip(model.is_span, other.is_span, strict=True)))
        for name in model.is_value:
            same = z3.And([a == b for a, b in zip(model.is_value[name], other.is_value[name], strict=True)])
            solver.add(z3.Or(same, model.pinned(name, UNREACHABLE)))
        tables = self._in_scope(wanted)
        claims = [
            z3.And(model.outcomes(each.clauses).given, z3.Not(other.outcomes(each.clauses).given)) for each in tables
        ]
        solver.add(z3.Or(claims))
        if solver.check() == z3.unsat:
            return Proof(wanted, True, len(tables))
        solution = solver.model()
        table = next(each for each, claim in zip(tables, claims, strict=True) if z3.is_true(solution.eval(claim, True)))
        return Proof(wanted, False, len(tables), self._replayed(wanted, table, model.world(solution)))

    def _links(self, wanted: Property) -> Proof:
        """A link that is open for a kind of caller while nothing of what it leads to could be given to it."""
        catalogue = self.policy.catalogue
        links = [
            entry
            for entry in catalogue.entries.values()
            if entry.category == "LINK" and not {*catalogue.targets(entry), entry.coordinate.type} & catalogue.hubs
        ]
        asked = 0
        for at in (self.at,) if wanted.today else spans_of(self.policy):
            for kind in kinds_of(self.policy, wanted):
                possible = self._possible(kind, at)
                caller, _ = realise(kind, {}, at)
                for entry in links:
                    asked += 1
                    behind = {each for target in catalogue.targets(entry) for each in catalogue.group(target)}
                    named = clauses_of(self.policy, entry.coordinate).grants
                    fine = not behind or named or behind & possible
                    if fine or not self.policy.grade(caller, entry.coordinate, at)[0]:
                        continue
                    told = "the link is open, and nothing of what it leads to can be given"
                    return Proof(wanted, False, asked, Counterexample(str(entry.coordinate), kind, at, {}, None, told))
        return Proof(wanted, True, asked)

    def _possible(self, kind: Kind, at: datetime) -> set[Coordinate]:
        """What could be given to callers of ``kind`` at ``at``: every coordinate with some world that gives it."""
        model, solver = self._model("")
        z3 = model.z3
        open_tables = [
            each for each in self.tables() if any(kind[0] in clause.grant.recipients for clause in each.clauses.grants)
        ]
        found: set[Coordinate] = set()
        solver.push()
        try:
            solver.add(model.is_kind[model.kinds.index(kind)], model.is_span[model.spans.index(at)])
            while open_tables:
                claims = [model.outcomes(each.clauses).given for each in open_tables]
                if solver.check(z3.Or(claims)) != z3.sat:
                    break
                solution = solver.model()
                given = [z3.is_true(solution.eval(claim, True)) for claim in claims]
                for table, yes in zip(open_tables, given, strict=True):
                    found.update(table.coordinates if yes else ())
                open_tables = [table for table, yes in zip(open_tables, given, strict=True) if not yes]
        finally:
            solver.pop()
        return found

    def _flows(self, wanted: Property) -> Proof:
        if self.crossings is None:
            raise GatewayError(
                "PROVER_NO_CROSSINGS",
                "A property speaks of flows, and nobody said what composition moves between agencies.",
                where=wanted.where,
                hint="Give the prover the supergraph's edges, as `gateway prove` does.",
            )
        for each in self.crossings:
            if self.policy.flow(each.coordinate, each.to, each.use, self.at) is None:
                told = (
                    f"{each.coordinate} is sent to {each.to} as {each.use}, and no flow clause in force says it may be"
                )
                example = Counterexample(str(each.coordinate), (each.to, "", ""), self.at, {}, None, told)
                return Proof(wanted, False, len(self.crossings), example)
        return Proof(wanted, True, len(self.crossings))


def _equalities(pinned: Mapping[str, list[Value]]) -> list[Condition]:

    return [Atom(name, "is", value) for name, values in pinned.items() for value in values if value is not None]


def _names(when: Condition) -> set[str]:

    return {name for atom in atoms_of(when) for name in atom.facts}


def _kept(wanted: Property, decision: Decision) -> bool:
    return decision.mask == wanted.mask if wanted.mask else decision.outcome is Outcome.MASK


def _told(wanted: Property, decision: Decision) -> str:
    basis = f"{decision.basis.agreement} {decision.basis.article}" if decision.basis else "nothing"
    how = f"masked by {decision.mask}" if decision.mask else "in clear"
    return f"given {how} under {basis}"


def _disagrees(wanted: Property, coordinate: Coordinate, world: World, decision: Decision) -> GatewayError:
    facts = ", ".join(f"{name}={value!r}" for name, value in sorted(world.facts.items()))
    return GatewayError(
        "PROOF_DISAGREES",
        f"The formulas give {coordinate} to {'/'.join(world.kind)} at {world.at}, the decider answers "
        f"{decision.outcome} ({decision.reason}); facts: {facts}.",
        where=wanted.where,
        hint="One of gateway/policy/decide.py and gateway/policy/proof/solver.py is wrong: docs/policy.md says which.",
    )


# -- what a violation is ----


def _never(model: Model, table: _Table, wanted: Property) -> Any:
    outcomes = model.outcomes(table.clauses)
    if not wanted.except_agreements:
        return outcomes.given
    ways = zip(table.clauses.grants, outcomes.by_grant, strict=True)
    return model.z3.Or([wins for clause, wins in ways if clause.agreement.id not in wanted.except_agreements])


def _masked(model: Model, table: _Table, wanted: Property) -> Any:
    masked = model.z3.BoolVal(False)
    for mask, wins in model.outcomes(table.clauses).masks.items():
        if wanted.mask in ("", mask):
            masked = model.z3.Or(masked, wins)
    return model.z3.And(_never(model, table, wanted), model.z3.Not(masked))


def _requires(model: Model, table: _Table, wanted: Property) -> Any:
    return model.z3.And(_never(model, table, wanted), model.z3.Not(model.true(wanted.needs)))


def _statutes(model: Model, table: _Table, wanted: Property) -> Any:
    z3 = model.z3
    binding = [z3.And(model.bound(each), z3.Not(model.false(each.rule.when))) for each in table.clauses.rules]
    return z3.And(model.outcomes(table.clauses).given, z3.Or(binding))


def _withholds(model: Model, table: _Table, wanted: Property) -> Any:
    z3 = model.z3
    kept = [z3.And(model.covers(each), z3.Not(model.false(each.withhold.when))) for each in table.clauses.withholds]
    return z3.And(model.outcomes(table.clauses).given, z3.Or(kept))


def _bounded(model: Model, table: _Table, wanted: Property) -> Any:
    """Held against what the signatories wrote at the head of the agreement, not against its clauses."""
    z3, outcomes = model.z3, model.outcomes(table.clauses)
    outside = []
    for clause, wins in zip(table.clauses.grants, outcomes.by_grant, strict=True):
        deed = clause.agreement
        inside = model.kind_in(deed.recipients, deed.roles or ["nobody"], deed.purposes or ["nothing"])
        owned = z3.BoolVal(deed.provider == table.owner)
        outside.append(z3.And(wins, z3.Not(z3.And(inside, owned, _dated(model, deed)))))
    return z3.Or(outside)


def _dated(model: Model, deed: Agreement) -> Any:
    spans = zip(model.spans, model.is_span, strict=True)
    return model.z3.Or([on for at, on in spans if midnight(deed.effective) <= at < midnight(deed.expires)])


def _in_force(model: Model, table: _Table, wanted: Property) -> Any:
    z3, outcomes = model.z3, model.outcomes(table.clauses)
    dead = []
    for clause, wins in zip(table.clauses.grants, outcomes.by_grant, strict=True):
        deed = clause.agreement
        spans = zip(model.spans, model.is_span, strict=True)
        late = [on for at, on in spans if at >= midnight(deed.review_by) + GRACE]
        alive = z3.And(z3.BoolVal(deed.status == "active"), _dated(model, deed), z3.Not(z3.Or(late)))
        dead.append(z3.And(wins, z3.Not(alive)))
    return z3.Or(dead)


def _order(model: Model, table: _Table) -> Any:
    """That the first grant that holds in the table's order is not the best, or that two are equally good."""
    z3, clauses = model.z3, table.clauses
    outcomes = model.outcomes(clauses)
    good = [z3.And(model.fits(each), model.true(each.when)) for each in clauses.grants]
    first = [z3.And(outcomes.given, one, z3.Not(z3.Or(good[:place]))) for place, one in enumerate(good)]
    twins = len({each.rank for each in clauses.grants}) < len(clauses.grants)
    differ = [z3.Xor(one, other) for one, other in zip(first, outcomes.by_grant, strict=True)]
    return z3.And(outcomes.given, z3.Or(z3.BoolVal(twins), *differ))


_VIOLATIONS: Final[Mapping[str, Callable[[Model, _Table, Property], Any]]] = {
    "never": _never,
    "can": _never,
    "masked": _masked,
    "requires": _requires,
    "statutes": _statutes,
    "withholds": _withholds,
    "bounded": _bounded,
    "in-force": _in_force,
}
