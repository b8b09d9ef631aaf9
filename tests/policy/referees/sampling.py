"""Random requests worth asking: half of them lean towards some grant, so that all outcomes come up."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.coordinates import Coordinate
from gateway.policy import Policy
from gateway.policy.clauses import GrantClause
from gateway.policy.conditions import Atom, Condition, atoms_of, evaluate
from gateway.policy.facts import MISSING, Truth
from gateway.policy.lifecycle import in_force
from gateway.policy.proof.domains import KIND_FACTS, Domains, FactShapes, at_instant, domains_of
from gateway.policy.proof.scope import all_kinds
from gateway.policy.proof.solver import Clauses, World, clauses_of

__all__ = ["Sampler", "facts_read"]


def facts_read(clauses: Clauses) -> set[str]:
    """The facts that the clauses' conditions read, without those that the kind of caller fixes."""
    names = {name for when in clauses.conditions for atom in atoms_of(when) for name in atom.facts}
    return names - KIND_FACTS | {"caller.training"}


@dataclass
class Sampler:
    """Makes worlds for coordinates of one policy."""

    policy: Policy
    shapes: FactShapes
    spans: Sequence[datetime]
    rng: random.Random

    def world(self, coordinate: Coordinate, domains: Domains | None = None) -> World:
        """A random world for ``coordinate``."""
        clauses = clauses_of(self.policy, coordinate)
        names = sorted(facts_read(clauses))
        domains = domains or domains_of(clauses.conditions, self.shapes, [coordinate.type])
        kinds = all_kinds(self.policy)
        chosen = {name: self.rng.choice(domains[name]) for name in names}
        if not clauses.grants or self.rng.random() < 0.2:
            return World(self.rng.choice(kinds), chosen, self.rng.choice(self.spans))
        grant = self.rng.choice(clauses.grants)
        fitting = [kind for kind in kinds if _fits(grant, kind)]
        live = [at for at in self.spans if in_force(grant.agreement, at)]
        kind, at = self.rng.choice(fitting or kinds), self.rng.choice(live or self.spans)
        for name in names:
            if self.rng.random() < 0.95:
                chosen[name] = self._leaning(name, domains[name], grant.when, kind, chosen, at)
        return World(kind, chosen, at)

    def _leaning(
        self, name: str, values: Sequence[Any], when: Condition, kind: Any, chosen: dict[str, Any], at: datetime
    ) -> Any:
        """A value of fact ``name`` under which every atom of ``when`` that reads it holds, if there is one."""
        atoms = [atom for atom in atoms_of(when) if name in atom.facts]
        order = self.rng.sample(list(values), len(values))
        return next(
            (value for value in order if all(self._holds(a, kind, {**chosen, name: value}, at) for a in atoms)),
            order[0],
        )

    @staticmethod
    def _holds(atom: Atom, kind: Any, chosen: dict[str, Any], at: datetime) -> bool:
        known = {name: at_instant(value, at) for name, value in chosen.items()}
        known |= dict(zip(("caller.agency", "caller.role", "caller.purpose"), kind, strict=True))
        return evaluate(atom, lambda fact: known.get(fact, MISSING), at) is Truth.TRUE


def _fits(grant: GrantClause, kind: tuple[str, str, str]) -> bool:
    agency, role, purpose = kind
    clause = grant.grant
    return agency in clause.recipients and role in clause.roles and purpose in clause.purposes
