"""A bundle held against a supergraph: every field spec expanded to coordinates, every word checked, one epoch.

Raises one ``PolicyError`` with every mistake found. Examples that fail are not among them: a gateway starts on a
correct policy whose examples are behind, and ``gateway check`` (:mod:`gateway.policy.examples`) reports those.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeAlias

from gateway.coordinates import Coordinate
from gateway.errors import Mistake, PolicyError
from gateway.policy.agreement import Agreement, Flow, Grant
from gateway.policy.bundle import Bundle
from gateway.policy.catalogue import Catalogue, Entry, read_catalogue
from gateway.policy.check_facts import FactChecker
from gateway.policy.clauses import Compiled, FlowClause, GrantClause, RuleClause, WithholdClause
from gateway.policy.conditions import ALWAYS, Atom, Condition, Group
from gateway.policy.epoch import epoch_of
from gateway.policy.expand import Expander
from gateway.policy.prohibition import Prohibition
from gateway.policy.vocabulary import Vocabulary
from gateway.supergraph.model import Supergraph

__all__ = ["compile_bundle", "mask_name"]


_GLASS: Final = Atom("caller.breakGlass", "is", True)
_SAME_WORD: Final = re.compile(r"[-\s]+")
_Clauses: TypeAlias = dict[Coordinate, list[Any]]


def _requires(when: Condition, atom: Atom) -> bool:
    """Whether ``when`` cannot hold unless ``atom`` does."""
    if isinstance(when, Atom):
        return when == atom
    found = [_requires(part, atom) for part in when.parts]
    return any(found) if when.every else bool(found) and all(found)


def mask_name(written: str) -> str:
    """The vocabulary's spelling of a mask: ``category-only`` is ``CATEGORY_ONLY``."""
    return _SAME_WORD.sub("_", written).upper()


def compile_bundle(bundle: Bundle, supergraph: Supergraph) -> Compiled:
    """The compiled tables; raises ``PolicyError`` with every mistake, agreement by agreement."""
    mistakes: list[Mistake] = []
    catalogue = read_catalogue(supergraph, bundle.vocabulary, mistakes)
    work = _Work(bundle.vocabulary, catalogue, mistakes)
    agreements = tuple(sorted(bundle.agreements, key=lambda each: each.id))
    prohibitions = tuple(sorted(bundle.prohibitions, key=lambda each: each.id))
    for agreement in agreements:
        work.agreement(agreement)
    for prohibition in prohibitions:
        work.prohibition(prohibition)
    work.facts.places()
    if mistakes:
        ordered = tuple(dict.fromkeys(mistakes))
        raise PolicyError("POLICY_INVALID", f"The policy does not fit the graph: {len(ordered)} mistake(s).", ordered)
    return Compiled(
        bundle.vocabulary,
        catalogue,
        agreements,
        prohibitions,
        _shared({key: sorted(each, key=lambda clause: clause.rank) for key, each in work.grants.items()}),
        _shared(work.withholds),
        _shared(work.rules),
        {key: tuple(each) for key, each in work.flows.items()},
        epoch_of(bundle.vocabulary, agreements, prohibitions, catalogue),
    )


def _shared(table: _Clauses) -> dict[Coordinate, tuple[Any, ...]]:
    """``table`` with one tuple for all coordinates whose clauses are the very same."""
    kept: dict[tuple[int, ...], tuple[Any, ...]] = {}
    return {key: kept.setdefault(tuple(map(id, clauses)), tuple(clauses)) for key, clauses in table.items()}


class _Work:
    """Takes the bundle apart, file by file, into tables by coordinate; notes mistakes and goes on."""

    def __init__(self, vocabulary: Vocabulary, catalogue: Catalogue, mistakes: list[Mistake]) -> None:
        self.vocabulary = vocabulary
        self.catalogue = catalogue
        self.mistakes = mistakes
        self.expander = Expander(catalogue)
        self.grants: _Clauses = {}
        self.withholds: _Clauses = {}
        self.rules: _Clauses = {}
        self.flows: _Clauses = {}
        self.facts = FactChecker(vocabulary, catalogue, mistakes)

    def note(self, code: str, message: str, where: str, hint: str) -> None:
        self.mistakes.append(Mistake(code, message, where, hint))

    # -- agreements ----

    def agreement(self, agreement: Agreement) -> None:
        where = f"{agreement.file}:1"
        self._words(
            where,
            "POLICY_UNKNOWN_AGENCY",
            "agency",
            (agreement.provider, *agreement.recipients),
            self.vocabulary.agencies,
        )
        self._words(where, "POLICY_UNKNOWN_PURPOSE", "purpose", agreement.purposes, self.vocabulary.purposes)
        self._words(where, "POLICY_UNKNOWN_OVERLAY", "overlay", agreement.excludes, self.vocabulary.overlays)
        kinds = [each.kind for each in agreement.obligations]
        self._words(where, "POLICY_UNKNOWN_OBLIGATION", "obligation", kinds, self.vocabulary.obligations)
        self._roles(agreement, where)
        excluded = tuple(
            Atom(overlay.flag, "is", False, record_bound=True)
            for name in agreement.excludes
            if (overlay := self.vocabulary.overlays.get(name)) and overlay.flag
        )
        for ordinal, grant in enumerate(agreement.grants):
            self._grant(agreement, grant, ordinal, excluded)
        for ordinal, withhold in enumerate(agreement.withholds):
            found = self._expand(agreement, withhold.fields, withhold.where, containers=True)
            self.facts.check(withhold.when, found, withhold.where, agreement)
            kept = WithholdClause(agreement, withhold, ordinal)
            for entry in found:
                self.withholds.setdefault(entry.coordinate, []).append(kept)
        for flow in agreement.flows:
            self._flow(agreement, flow)

    def _roles(self, agreement: Agreement, where: str) -> None:
        self._words(where, "POLICY_UNKNOWN_ROLE", "role", agreement.roles, self.vocabulary.roles)
        for name in sorted(agreement.roles & self.vocabulary.roles.keys()):
            role = self.vocabulary.roles[name]
            if not role.agencies & set(agreement.recipients):
                self.note(
                    "POLICY_ROLE_OF_OTHER_AGENCY",
                    f"no recipient has the role '{name}'",
                    where,
                    f"'{name}' belongs to {', '.join(sorted(role.agencies))}",
                )
            if not role.purposes & agreement.purposes:
                self.note(
                    "POLICY_ROLE_WITHOUT_PURPOSE",
                    f"'{name}' may name none of the agreement's purposes",
                    where,
                    f"'{name}' may name {', '.join(sorted(role.purposes))}",
                )

    def _words(self, where: str, code: str, kind: str, used: Iterable[str], known: Mapping[str, object]) -> None:
        for word in sorted(set(used) - known.keys()):
            self.note(code, f"there is no {kind} '{word}'", where, f"the vocabulary knows {', '.join(sorted(known))}")

    def _grant(self, agreement: Agreement, grant: Grant, ordinal: int, excluded: tuple[Condition, ...]) -> None:
        found = self._expand(agreement, grant.fields, grant.where, containers=False)
        masks = self._masks(agreement, grant, found)
        breaking = sorted(grant.purposes & self.vocabulary.break_glass)
        if breaking and not _requires(grant.when, _GLASS):
            self.note(
                "POLICY_BREAK_GLASS_OPEN",
                f"the grant covers '{breaking[0]}' and does not ask for an approved break-glass grant",
                grant.where,
                f"give '{breaking[0]}' a grant of its own with {{ attr = \"caller.breakGlass\", is = true }}",
            )
        when = Group(True, (grant.when, *excluded)) if excluded and grant.when != ALWAYS else grant.when
        if excluded and grant.when == ALWAYS:
            when = Group(True, excluded)
        self.facts.check(when, found, grant.where, agreement)
        clauses: dict[str, GrantClause] = {}  # one for each mask the grant gives values under
        for mask in ["", *masks.values()]:
            strength = self.vocabulary.masks[mask].strength if mask in self.vocabulary.masks else 0
            rank = (1 if mask else 0, strength, len(agreement.obligations), agreement.id, grant.article, ordinal)
            clauses[mask] = GrantClause(agreement, grant, when, mask, rank)
        for entry in found:
            self.grants.setdefault(entry.coordinate, []).append(clauses[masks.get(entry.coordinate, "")])

    def _expand(self, agreement: Agreement, specs: Iterable[str], where: str, *, containers: bool) -> list[Entry]:
        found: dict[Coordinate, Entry] = {}
        excluded = set(agreement.excludes)
        for spec in specs:
            entries = self._spec(spec, agreement.provider, where, containers=containers)
            for entry in entries:
                if not containers and entry.overlays & excluded:
                    if not spec.startswith("category:"):
                        names = ", ".join(sorted(entry.overlays & excluded))
                        self.note(
                            "POLICY_EXCLUDED_FIELD",
                            f"{entry.coordinate} is granted but carries the excluded overlay {names}",
                            where,
                            "take the field out, or the overlay out of excludes",
                        )
                    continue
                category = self.vocabulary.categories.get(entry.category)
                if not containers and agreement.kind == "agreement" and category is not None and category.owner_only:
                    self.note(
                        "POLICY_OWNER_ONLY",
                        f"{entry.coordinate} is {entry.category}, which no agreement may share",
                        where,
                        "take the field out of the grant",
                    )
                found[entry.coordinate] = entry
        return list(found.values())

    def _spec(self, spec: str, provider: str, where: str, *, containers: bool) -> tuple[Entry, ...]:
        entries = self.expander.expand(spec, provider, containers=containers)
        if entries is None:
            self.note(
                "POLICY_UNKNOWN_COORDINATE",
                f"'{spec}' is in no subgraph",
                where,
                "write Type, Type.field, Type.field.sub or category:CODE; `gateway matrix --fields` lists them",
            )
            return ()
        owned = tuple(entry for entry in entries if entry.owner == provider)
        if not owned:
            owners = ", ".join(sorted({entry.owner or "nobody" for entry in entries})) or "nobody"
            self.note(
                "POLICY_PROVIDER_NOT_OWNER",
                f"{provider} cannot share '{spec}': it is {owners}'s",
                where,
                f"the agreement must be with {owners}, or the field must go",
            )
        return owned

    def _masks(self, agreement: Agreement, grant: Grant, found: list[Entry]) -> dict[Coordinate, str]:
        masks: dict[Coordinate, str] = {}
        granted = {entry.coordinate for entry in found}
        for spec, written in grant.masks.items():
            name = mask_name(written)
            mask = self.vocabulary.masks.get(name)
            if mask is None:
                self.note(
                    "POLICY_UNKNOWN_MASK",
                    f"there is no mask '{written}'",
                    grant.where,
                    f"the vocabulary knows {', '.join(sorted(self.vocabulary.masks))}",
                )
                continue
            for entry in self._spec(spec, agreement.provider, grant.where, containers=False):
                if entry.coordinate not in granted:
                    self.note(
                        "POLICY_MASK_WITHOUT_FIELD",
                        f"{entry.coordinate} is masked but not granted",
                        grant.where,
                        "add it to the grant's fields",
                    )
                kind = "enum" if entry.kind == "enum" else entry.target
                if kind not in mask.types:
                    self.note(
                        "POLICY_MASK_TYPE",
                        f"{name} cannot mask {entry.coordinate}, a {entry.target}",
                        grant.where,
                        f"{name} masks {', '.join(sorted(mask.types))}",
                    )
                masks[entry.coordinate] = name
        return masks

    def _flow(self, agreement: Agreement, flow: Flow) -> None:
        self._words(flow.where, "POLICY_UNKNOWN_AGENCY", "agency", (flow.to,), self.vocabulary.agencies)
        derives = self._derives(flow)
        for spec in flow.fields:
            entry = self.catalogue.entries.get(_coordinate(spec))
            if entry is None:
                self.note(
                    "POLICY_UNKNOWN_COORDINATE",
                    f"'{spec}' is in no subgraph",
                    flow.where,
                    "a flow names single fields, as in Traveler.id",
                )
            elif entry.owner != agreement.provider:
                self.note(
                    "POLICY_PROVIDER_NOT_OWNER",
                    f"{agreement.provider} cannot let '{spec}' flow: it is {entry.owner or 'nobody'}'s",
                    flow.where,
                    "the flow belongs into an agreement of the owner",
                )
            else:
                self.flows.setdefault(entry.coordinate, []).append(FlowClause(agreement, flow, derives))

    def _derives(self, flow: Flow) -> frozenset[Coordinate]:
        """What the flow lets its receiver compute: the fields named, and the values that are part of them."""
        found: set[Coordinate] = set()
        for spec in flow.derives:
            entries = self.expander.expand(spec, flow.to, containers=True)
            if _coordinate(spec) in self.catalogue.entries:  # what follows its parent (SYS) is computed too
                found.add(_coordinate(spec))
            elif entries is None:
                self.note(
                    "POLICY_UNKNOWN_COORDINATE",
                    f"'{spec}' is in no subgraph",
                    flow.where,
                    "name the fields that are computed from the flow",
                )
            found.update(entry.coordinate for entry in entries or ())
        return frozenset(found)

    # -- prohibitions ----

    def prohibition(self, prohibition: Prohibition) -> None:
        for ordinal, rule in enumerate(prohibition.rules):
            self._words(rule.where, "POLICY_UNKNOWN_CATEGORY", "category", rule.categories, self.vocabulary.categories)
            self._words(rule.where, "POLICY_UNKNOWN_OVERLAY", "overlay", rule.overlays, self.vocabulary.overlays)
            found = {
                entry.coordinate: entry
                for entry in self.catalogue.entries.values()
                if entry.category in rule.categories or entry.overlays & set(rule.overlays)
            }
            for spec in rule.fields:
                entries = self.expander.expand(spec, "", containers=True)
                if entries is None:
                    self.note(
                        "POLICY_UNKNOWN_COORDINATE",
                        f"'{spec}' is in no subgraph",
                        rule.where,
                        "write Type, Type.field or Type.field.sub",
                    )
                found.update((entry.coordinate, entry) for entry in entries or ())
            self.facts.check(rule.when, list(found.values()), rule.where, None)
            kept = RuleClause(prohibition, rule, ordinal)
            for coordinate in found:
                self.rules.setdefault(coordinate, []).append(kept)
        for names, known, code, kind in (
            (
                [name for each in prohibition.exemptions for name in each.roles],
                self.vocabulary.roles,
                "POLICY_UNKNOWN_ROLE",
                "role",
            ),
            (
                [name for each in prohibition.exemptions for name in each.agencies],
                self.vocabulary.agencies,
                "POLICY_UNKNOWN_AGENCY",
                "agency",
            ),
            (
                [name for each in prohibition.exemptions for name in each.purposes],
                self.vocabulary.purposes,
                "POLICY_UNKNOWN_PURPOSE",
                "purpose",
            ),
            (
                [name for each in prohibition.notices for name in each.roles],
                self.vocabulary.roles,
                "POLICY_UNKNOWN_ROLE",
                "role",
            ),
        ):
            self._words(f"{prohibition.file}:1", code, kind, names, known)


def _coordinate(text: str) -> Coordinate:
    try:
        return Coordinate.parse(text)
    except ValueError:
        return Coordinate("", text)
