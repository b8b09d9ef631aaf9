"""A bundle held against a supergraph: every field spec expanded to coordinates, every word checked, one epoch.

Raises one ``PolicyError`` with every mistake found. Examples that fail are not among them: a gateway starts on a
correct policy whose examples are behind, and ``gateway check`` (:mod:`gateway.policy.examples`) reports those.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date
from typing import Any, Final, TypeAlias

from gateway.coordinates import Coordinate
from gateway.errors import Mistake, PolicyError
from gateway.policy.agreement import Agreement, Flow, Grant, Withhold
from gateway.policy.bundle import Bundle
from gateway.policy.catalogue import Catalogue, Entry, read_catalogue
from gateway.policy.conditions import ALWAYS, Atom, Condition, Group, atoms_of
from gateway.policy.expand import Expander
from gateway.policy.prohibition import Prohibition, Rule
from gateway.policy.vocabulary import Vocabulary
from gateway.supergraph.model import Supergraph

__all__ = ["Compiled", "FlowClause", "GrantClause", "RuleClause", "WithholdClause", "compile_bundle", "mask_name"]


@dataclass(frozen=True, slots=True)
class GrantClause:
    """One grant as it bears on one coordinate. Clauses sort by ``rank``: clear first, then the weaker mask, and so on."""

    agreement: Agreement
    grant: Grant
    when: Condition
    mask: str
    rank: tuple[int, int, int, str, str, int]


@dataclass(frozen=True, slots=True)
class WithholdClause:
    """One withhold as it bears on one coordinate."""

    agreement: Agreement
    withhold: Withhold
    ordinal: int


@dataclass(frozen=True, slots=True)
class RuleClause:
    """One rule of a prohibition as it bears on one coordinate."""

    prohibition: Prohibition
    rule: Rule
    ordinal: int


@dataclass(frozen=True, slots=True)
class FlowClause:
    """One flow as it bears on one coordinate."""

    agreement: Agreement
    flow: Flow


@dataclass(frozen=True, slots=True)
class Compiled:
    """The tables that decisions are made from, each by coordinate."""

    vocabulary: Vocabulary
    catalogue: Catalogue
    agreements: tuple[Agreement, ...]
    prohibitions: tuple[Prohibition, ...]
    grants: Mapping[Coordinate, tuple[GrantClause, ...]]
    withholds: Mapping[Coordinate, tuple[WithholdClause, ...]]
    rules: Mapping[Coordinate, tuple[RuleClause, ...]]
    flows: Mapping[Coordinate, tuple[FlowClause, ...]]
    epoch: str


_CALLER: Final = frozenset(
    "caller." + word
    for word in ["agency", "role", "purpose", "case", "user", "location", "portfolio", "training", "synthetic"]
)
_CASE: Final = frozenset({"case.state", "case.kind", "case.id", "case.subject"})
_SAME_WORD: Final = re.compile(r"[-\s]+")
_Clauses: TypeAlias = dict[Coordinate, list[Any]]


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
    work.places()
    if mistakes:
        ordered = tuple(dict.fromkeys(mistakes))
        raise PolicyError("POLICY_INVALID", f"The policy does not fit the graph: {len(ordered)} mistake(s).", ordered)
    return Compiled(
        bundle.vocabulary,
        catalogue,
        agreements,
        prohibitions,
        {key: tuple(sorted(each, key=lambda clause: clause.rank)) for key, each in work.grants.items()},
        {key: tuple(each) for key, each in work.withholds.items()},
        {key: tuple(each) for key, each in work.rules.items()},
        {key: tuple(each) for key, each in work.flows.items()},
        _epoch(bundle.vocabulary, agreements, prohibitions, catalogue),
    )


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
        self.case_facts = _CASE | {f"case.{name}" for kind in vocabulary.cases.values() for name in kind.facts}

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
            self._facts(withhold.when, found, withhold.where, agreement)
            for entry in found:
                self.withholds.setdefault(entry.coordinate, []).append(WithholdClause(agreement, withhold, ordinal))
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
        when = Group(True, (grant.when, *excluded)) if excluded and grant.when != ALWAYS else grant.when
        if excluded and grant.when == ALWAYS:
            when = Group(True, excluded)
        self._facts(when, found, grant.where, agreement)
        for entry in found:
            mask = masks.get(entry.coordinate, "")
            strength = self.vocabulary.masks[mask].strength if mask in self.vocabulary.masks else 0
            rank = (1 if mask else 0, strength, len(agreement.obligations), agreement.id, grant.article, ordinal)
            self.grants.setdefault(entry.coordinate, []).append(GrantClause(agreement, grant, when, mask, rank))

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
                self.flows.setdefault(entry.coordinate, []).append(FlowClause(agreement, flow))
        for spec in flow.derives:
            if self.expander.expand(spec, flow.to, containers=False) is None:
                self.note(
                    "POLICY_UNKNOWN_COORDINATE",
                    f"'{spec}' is in no subgraph",
                    flow.where,
                    "name the fields that are computed from the flow",
                )

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
            self._facts(rule.when, list(found.values()), rule.where, None)
            for coordinate in found:
                self.rules.setdefault(coordinate, []).append(RuleClause(prohibition, rule, ordinal))
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

    # -- facts ----

    def _facts(self, when: Condition, found: list[Entry], where: str, agreement: Agreement | None) -> None:
        for atom in atoms_of(when):
            for name in atom.facts:
                source, _, path = name.partition(".")
                if source == "caller" and name not in _CALLER:
                    self._unknown_fact(name, where, f"a caller has {', '.join(sorted(_CALLER))}")
                elif source == "case" and name not in self.case_facts:
                    self._unknown_fact(name, where, f"cases have {', '.join(sorted(self.case_facts))}")
                elif source == "subject":
                    self._subject_fact(name, path, found, where)
                elif source == "record":
                    for entry in found:
                        self._record_fact(name, path, entry, where, agreement)

    def _unknown_fact(self, name: str, where: str, hint: str) -> None:
        self.note("POLICY_UNKNOWN_FACT", f"there is no fact '{name}'", where, hint)

    def _subject_fact(self, name: str, path: str, found: list[Entry], where: str) -> None:
        if path != "id" and name not in self.vocabulary.authorities:
            self._unknown_fact(
                name, where, f"a subject has subject.id, {', '.join(sorted(self.vocabulary.authorities))}"
            )
        for entry in found:
            type = entry.coordinate.type
            records = self.catalogue.records(type)
            if (
                type not in self.catalogue.virtual | self.catalogue.roots
                and not records & self.vocabulary.subjects.keys()
            ):
                self.note(
                    "POLICY_NO_SUBJECT",
                    f"{name} is asked of {entry.coordinate}, but whose record a {type} is was never said",
                    where,
                    f'add it to [subjects] of vocabulary.toml, as in {type} = "traveler.id"',
                )

    def _record_fact(self, name: str, path: str, entry: Entry, where: str, agreement: Agreement | None) -> None:
        type = entry.coordinate.type
        if type in self.catalogue.virtual:
            return
        starts = [type] if self.catalogue.path(type, path) else sorted(self.catalogue.records(type) - {type})
        steps = [self.catalogue.path(start, path) for start in starts]
        if not steps or any(each is None for each in steps):
            self._unknown_fact(
                name,
                where,
                f"neither {type} nor the record it belongs to has '{path}'; give {entry.coordinate} a grant of its own",
            )
            return
        if agreement is None or agreement.kind == "internal":
            return
        for coordinate in {step for each in steps if each for step in each}:
            step = self.catalogue.entries[coordinate]
            if step.governed and step.owner in agreement.recipients:
                self.note(
                    "POLICY_FACT_OF_RECIPIENT",
                    f"{name} of {entry.coordinate} is answered by {step.owner}, the recipient itself",
                    where,
                    "condition on facts of the provider or of the case",
                )

    # -- the places of facts ----

    def places(self) -> None:
        """Check that every path the vocabulary names exists in the graph."""
        where = "vocabulary.toml"
        for type, path in self.vocabulary.subjects.items():
            self._path(type, path, f"{where} [subjects] {type}")
        for flag, dotted in self.vocabulary.authorities.items():
            type, _, path = dotted.partition(".")
            self._path(type, path, f"{where} [authorities] {flag}")
        for kind in self.vocabulary.cases.values():
            paths = [*kind.facts.values(), *filter(None, (kind.subject, kind.state))] if kind.type else []
            for path in paths:
                self._path(kind.type, path, f"{where} [cases.{kind.name}]")
            if kind.root and Coordinate("Query", kind.root) not in self.catalogue.entries:
                self.note(
                    "POLICY_UNKNOWN_COORDINATE",
                    f"'{kind.root}' is in no subgraph",
                    f"{where} [cases.{kind.name}]",
                    "name a field of Query",
                )

    def _path(self, type: str, path: str, where: str) -> None:
        if self.catalogue.path(type, path) is None:
            self.note("POLICY_UNKNOWN_COORDINATE", f"'{type}.{path}' is in no subgraph", where, "correct the path")


def _coordinate(text: str) -> Coordinate:
    try:
        return Coordinate.parse(text)
    except ValueError:
        return Coordinate("", text)


def _epoch(
    vocabulary: Vocabulary,
    agreements: tuple[Agreement, ...],
    prohibitions: tuple[Prohibition, ...],
    catalogue: Catalogue,
) -> str:
    """``sha256:`` over the meaning of the policy: comments, layout, examples and file names do not count."""
    graph = sorted(
        (str(each.coordinate), each.category, each.owner, sorted(each.overlays)) for each in catalogue.entries.values()
    )
    plain = [_plain(vocabulary), _plain(agreements), _plain(prohibitions), graph]
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


_NO_MEANING: Final = frozenset({"file", "where", "examples"})


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value) if each.name not in _NO_MEANING}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, frozenset | set):
        return sorted(_plain(item) for item in value)
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, re.Pattern):
        return value.pattern
    return value.isoformat() if isinstance(value, date) else value
