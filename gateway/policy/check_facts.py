"""Checks that the facts conditions read exist, that somebody may answer for them, and that the recipient does not."""

from __future__ import annotations

from typing import Final

from gateway.coordinates import Coordinate
from gateway.errors import Mistake
from gateway.policy.agreement import Agreement
from gateway.policy.catalogue import Catalogue, Entry
from gateway.policy.conditions import Condition, atoms_of
from gateway.policy.vocabulary import Vocabulary

__all__ = ["FactChecker"]

_CALLER: Final = frozenset(
    "caller." + word
    for word in (
        "agency",
        "role",
        "purpose",
        "case",
        "user",
        "location",
        "portfolio",
        "training",
        "synthetic",
        "breakGlass",
    )
)
_CASE: Final = frozenset({"case.state", "case.kind", "case.id", "case.subject"})


class FactChecker:
    """Notes the mistakes it finds in ``mistakes``."""

    def __init__(self, vocabulary: Vocabulary, catalogue: Catalogue, mistakes: list[Mistake]) -> None:
        self.vocabulary = vocabulary
        self.catalogue = catalogue
        self.mistakes = mistakes
        self.case_facts = _CASE | {f"case.{name}" for kind in vocabulary.cases.values() for name in kind.facts}

    def note(self, code: str, message: str, where: str, hint: str) -> None:
        self.mistakes.append(Mistake(code, message, where, hint))

    def check(self, when: Condition, found: list[Entry], where: str, agreement: Agreement | None) -> None:
        """Check every fact that ``when`` reads, for the coordinates ``found`` that it guards."""
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
            holder = entry.coordinate.type
            records = self.catalogue.records(holder)
            if (
                holder not in self.catalogue.virtual | self.catalogue.roots
                and not records & self.vocabulary.subjects.keys()
            ):
                self.note(
                    "POLICY_NO_SUBJECT",
                    f"{name} is asked of {entry.coordinate}, but whose record a {holder} is was never said",
                    where,
                    f'add it to [subjects] of vocabulary.toml, as in {holder} = "traveler.id"',
                )

    def _record_fact(self, name: str, path: str, entry: Entry, where: str, agreement: Agreement | None) -> None:
        holder = entry.coordinate.type
        if holder in self.catalogue.virtual:
            return
        starts = [holder] if self.catalogue.path(holder, path) else sorted(self.catalogue.records(holder) - {holder})
        steps = [self.catalogue.path(start, path) for start in starts]
        if not steps or any(each is None for each in steps):
            self._unknown_fact(
                name,
                where,
                f"neither {holder} nor the record it belongs to has '{path}'; give {entry.coordinate} a grant of its own",
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

    def places(self) -> None:
        """Check that every path the vocabulary names exists in the graph."""
        where = "vocabulary.toml"
        for holder, path in self.vocabulary.subjects.items():
            self._path(holder, path, f"{where} [subjects] {holder}")
        for flag, dotted in self.vocabulary.authorities.items():
            holder, _, path = dotted.partition(".")
            self._path(holder, path, f"{where} [authorities] {flag}")
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
