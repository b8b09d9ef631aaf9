"""Proves the properties of ``schema/properties.toml``: "no ERO role ever reads a petition of a protected person".

Conditions know no negation, so what is possible is found by taking every atom that the property's ``given`` does not
settle for the best case, and what is certain by taking it for the worst. The proof is sound: a property it calls proven
holds for every case, record, certificate and, when asked of all instants, date. It may name a counterexample that two
atoms over one fact exclude; such a property wants a more exact ``given``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.caller import Caller
from gateway.coordinates import Coordinate
from gateway.errors import Mistake, PolicyError
from gateway.policy.compile import GrantClause, RuleClause
from gateway.policy.conditions import Atom, Condition, evaluate
from gateway.policy.expand import Expander
from gateway.policy.facts import MISSING, Truth, Value
from gateway.policy.lifecycle import in_force
from gateway.policy.policy import Policy
from gateway.policy.toml_page import Page, Path

__all__ = ["Counterexample", "Proof", "Property", "prove", "read_properties"]


@dataclass(frozen=True, slots=True)
class Property:
    """``roles`` of ``agencies`` (all roles when empty) never get ``fields`` or ``categories`` while ``given`` holds."""

    id: str
    says: str
    agencies: tuple[str, ...]
    roles: tuple[str, ...]
    except_roles: tuple[str, ...]
    fields: tuple[str, ...]
    categories: tuple[str, ...]
    owners: tuple[str, ...]
    given: Mapping[str, Value]
    where: str


@dataclass(frozen=True, slots=True)
class Counterexample:
    """A caller, a coordinate and the grant that could give it."""

    agency: str
    role: str
    purpose: str
    coordinate: str
    grant: str


@dataclass(frozen=True, slots=True)
class Proof:
    """A property with the first way found around it, None when there is none."""

    of: Property
    counterexample: Counterexample | None

    @property
    def proven(self) -> bool:
        """Whether the property holds."""
        return self.counterexample is None


def read_properties(text: str, name: str = "properties.toml") -> tuple[Property, ...]:
    """The properties in ``text``; raises ``PolicyError`` with every mistake, each with its line."""
    mistakes: list[Mistake] = []
    page = Page.read(name, text, mistakes)
    found = (
        [_property(page, table, n) for n, table in enumerate(page.tables(page.data, (), "property"))] if page else []
    )
    if mistakes:
        raise PolicyError(
            "POLICY_INVALID", f"The properties cannot be read: {len(mistakes)} mistake(s).", tuple(mistakes)
        )
    return tuple(found)


def _property(page: Page, table: dict[str, Any], number: int) -> Property:
    path: Path = ("property", number)
    known = {"id", "says", "agencies", "roles", "except_roles", "fields", "categories", "owners", "given"}
    page.keys(table, path, frozenset(known), "a property")
    agencies, roles, excepted, fields, categories, owners = (
        page.texts(table, path, key, None if key == "agencies" else ())
        for key in ("agencies", "roles", "except_roles", "fields", "categories", "owners")
    )
    if not (fields or categories):
        page.mistake("POLICY_MISSING_KEY", "a property speaks of nothing", path, "add fields or categories")
    given = page.table(table, path, "given")
    says = page.text(table, path, "says")
    where = page.where(path)
    return Property(
        page.text(table, path, "id"), says, agencies, roles, excepted, fields, categories, owners, given, where
    )


def prove(policy: Policy, wanted: Property, at: datetime) -> Proof:
    """Whether ``wanted`` holds at the instant ``at``, for every caller it names, with any certificates or none.

    Raises ``PolicyError`` when it speaks of a field that is in no subgraph.
    """
    coordinates = _coordinates(policy, wanted)
    for caller in _callers(policy, wanted):
        for coordinate in coordinates:
            grant = _way(policy, caller, coordinate, wanted.given, at)
            if grant is not None:
                name = f"{grant.agreement.name} {grant.grant.article}"
                return Proof(wanted, Counterexample(caller.agency, caller.role, caller.purpose, str(coordinate), name))
    return Proof(wanted, None)


def _coordinates(policy: Policy, wanted: Property) -> tuple[Coordinate, ...]:
    found: dict[Coordinate, None] = {}
    expander = Expander(policy.catalogue)
    for spec in wanted.fields:
        entries = expander.expand(spec, "", containers=False)
        if entries is None:
            mistake = Mistake(
                "POLICY_UNKNOWN_COORDINATE", f"'{spec}' is in no subgraph", wanted.where, "correct the property"
            )
            raise PolicyError("POLICY_INVALID", "A property speaks of nothing.", (mistake,))
        found.update(dict.fromkeys(entry.coordinate for entry in entries))
    for entry in policy.catalogue.entries.values():
        if entry.category in wanted.categories:
            found[entry.coordinate] = None
    owners = set(wanted.owners)
    return tuple(each for each in found if not owners or policy.owner(each) in owners)


def _callers(policy: Policy, wanted: Property) -> Iterator[Caller]:
    certificates = {each.training for law in policy.compiled.prohibitions for each in law.exemptions if each.training}
    for role in policy.vocabulary.roles.values():
        if (wanted.roles and role.name not in wanted.roles) or role.name in wanted.except_roles:
            continue
        for agency in sorted(role.agencies & set(wanted.agencies)):
            for purpose in sorted(role.purposes):
                for training in ((), tuple(sorted(certificates))):
                    yield Caller(agency, role.name, purpose, training=training)


def _way(
    policy: Policy, caller: Caller, coordinate: Coordinate, given: Mapping[str, Value], at: datetime
) -> GrantClause | None:
    """A grant that some case and record could turn true while no prohibition is certain; None when there is none."""

    def look(name: str) -> Value:
        known = {"caller.agency": caller.agency, "caller.role": caller.role, "caller.purpose": caller.purpose}
        return known.get(name, given.get(name, MISSING))

    if any(_barred(clause, caller, look, at) for clause in policy.compiled.rules.get(coordinate, ())):
        return None
    for grant in policy.compiled.grants.get(coordinate, ()):
        clause = grant.grant
        fits = caller.agency in clause.recipients and caller.purpose in clause.purposes and caller.role in clause.roles
        if fits and in_force(grant.agreement, at) and _possible(grant.when, look, at):
            return grant
    return None


def _barred(clause: RuleClause, caller: Caller, look: Any, at: datetime) -> bool:
    exempt = any(each.covers(caller, clause.rule.article) for each in clause.prohibition.exemptions)
    return not exempt and evaluate(clause.rule.when, look, at) is Truth.TRUE


def _possible(when: Condition, look: Any, at: datetime) -> bool:
    """Kleene again: what is not certainly false is possible."""
    if isinstance(when, Atom):
        return evaluate(when, look, at) is not Truth.FALSE
    parts = (_possible(part, look, at) for part in when.parts)
    return all(parts) if when.every else any(parts)
