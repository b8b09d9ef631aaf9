"""Which callers and which coordinates a property speaks of. Words it does not know are mistakes, never empty sets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gateway.coordinates import Coordinate
from gateway.errors import Mistake, PolicyError
from gateway.policy.expand import Expander
from gateway.policy.policy import Policy
from gateway.policy.proof.properties import Property

__all__ = ["all_kinds", "coordinates_of", "kinds_of"]


def all_kinds(policy: Policy) -> tuple[tuple[str, str, str], ...]:
    """Every (agency, role, purpose) that the vocabulary knows, sorted."""
    return tuple(
        sorted(
            (agency, role.name, purpose)
            for role in policy.vocabulary.roles.values()
            for agency in role.agencies
            for purpose in role.purposes
        )
    )


def kinds_of(policy: Policy, wanted: Property) -> tuple[tuple[str, str, str], ...]:
    """The kinds of callers in the property's scope; raises ``PolicyError`` for a word the vocabulary does not know."""
    words = policy.vocabulary
    _known(wanted, "agency", (*wanted.agencies, *wanted.except_agencies, *wanted.owners), words.agencies)
    _known(wanted, "role", (*wanted.roles, *wanted.except_roles), words.roles)
    _known(wanted, "purpose", (*wanted.purposes, *wanted.except_purposes), words.purposes)
    _known(wanted, "category", wanted.categories, words.categories)
    _known(wanted, "overlay", wanted.overlays, words.overlays)
    _known(wanted, "agreement", wanted.except_agreements, {each.id: each for each in policy.agreements})
    laws = {each.id: each for each in policy.compiled.prohibitions}
    _known(wanted, "prohibition", [wanted.unless_exempt] if wanted.unless_exempt else [], laws)
    found = tuple(
        (agency, role, purpose)
        for agency, role, purpose in all_kinds(policy)
        if (not wanted.agencies or agency in wanted.agencies)
        and agency not in wanted.except_agencies
        and (not wanted.roles or role in wanted.roles)
        and role not in wanted.except_roles
        and (not wanted.purposes or purpose in wanted.purposes)
        and purpose not in wanted.except_purposes
    )
    if not found:
        raise _nothing(wanted, "POLICY_ROLE_WITHOUT_PURPOSE", "no caller is in its scope")
    return found


def coordinates_of(policy: Policy, wanted: Property) -> tuple[Coordinate, ...]:
    """The governed coordinates in its scope; all when it names none. Raises ``PolicyError`` when there are none."""
    named = wanted.fields or wanted.categories or wanted.overlays or wanted.owner_only
    chosen = _fields(policy, wanted, wanted.fields)
    left_out = _fields(policy, wanted, wanted.except_fields)
    categories = set(wanted.categories)
    if wanted.owner_only:
        categories |= {each.code for each in policy.vocabulary.categories.values() if each.owner_only}
    found = tuple(
        entry.coordinate
        for entry in policy.catalogue.entries.values()
        if entry.governed
        and entry.coordinate not in left_out
        and (not wanted.owners or entry.owner in wanted.owners)
        and (
            not named
            or entry.coordinate in chosen
            or entry.category in categories
            or entry.overlays & set(wanted.overlays)
        )
    )
    if not found:
        raise _nothing(wanted, "POLICY_UNKNOWN_COORDINATE", "no field is in its scope")
    return found


def _fields(policy: Policy, wanted: Property, specs: Iterable[str]) -> set[Coordinate]:
    expander = Expander(policy.catalogue)
    found: set[Coordinate] = set()
    for spec in specs:
        entries = expander.expand(spec, "", containers=False)
        if entries is None:
            raise _nothing(wanted, "POLICY_UNKNOWN_COORDINATE", f"'{spec}' is in no subgraph")
        found.update(entry.coordinate for entry in entries)
    return found


def _known(wanted: Property, what: str, used: Iterable[str], words: Mapping[str, object]) -> None:
    for word in used:
        if word not in words:
            code = f"POLICY_UNKNOWN_{what.upper()}"
            raise _nothing(wanted, code, f"there is no {what} '{word}'", ", ".join(sorted(words)))


def _nothing(wanted: Property, code: str, what: str, known: str = "") -> PolicyError:
    hint = f"correct the property{f'; known are {known}' if known else ''}"
    mistake = Mistake(code, f"{wanted.id}: {what}", wanted.where, hint)
    return PolicyError("POLICY_INVALID", "A property speaks of nothing.", (mistake,))
