"""What the agreements and the vocabulary say about values: so that a mock's records meet conditions, and fail them.

A mock knows no record. It knows whose record a row is, what a case looks like, and with which values the conditions of
the agreements compare: enough for a mask, a condition and a statutory flag to be seen at work.
"""

from __future__ import annotations

import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gateway.policy import Bundle, load_bundle
from gateway.policy.conditions import Atom, Condition, Group
from gateway.policy.vocabulary import CaseKind

__all__ = ["Law", "PersonaCase", "read_law"]


@dataclass(frozen=True, slots=True)
class PersonaCase:
    """The case of a persona: which record it is, and the values (by dotted path) under which it is open, at its place.

    ``subject`` is the dotted path to whose record it is; ``story`` names the hand-written story that it belongs to.
    """

    type: str
    key: str
    values: Mapping[str, Any]
    subject: str
    story: str


@dataclass(frozen=True, slots=True)
class Law:
    """``compared`` maps a dotted path below a record to the values that conditions compare it with; ``subject`` is the
    type and key field of those whose records there are; ``flags`` the paths below it that answer for statutory flags."""

    compared: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    subject: tuple[str, str] = ("", "")
    flags: frozenset[str] = frozenset()
    cases: tuple[PersonaCase, ...] = ()


def read_law(folder: Path) -> Law:
    """The law in ``folder`` (``schema``), with the personas beside it; raises ``PolicyError`` where it cannot be read."""
    bundle = load_bundle(folder)
    words = bundle.vocabulary
    own = {name: path for name, path in words.subjects.items() if "." not in path}
    subject = next(iter(own.items()), ("", ""))
    flags = frozenset(path.partition(".")[2] for path in words.authorities.values())
    return Law(_compared(bundle), subject, flags, tuple(_cases(folder / "personas.toml", bundle)))


def _compared(bundle: Bundle) -> dict[str, tuple[Any, ...]]:
    found: defaultdict[str, dict[Any, None]] = defaultdict(dict)
    conditions = [clause.when for each in bundle.agreements for clause in each.grants]
    conditions += [clause.when for each in bundle.agreements for clause in each.withholds]
    for atom in (atom for condition in conditions for atom in _atoms(condition)):
        source, _, path = atom.attr.partition(".")
        if source == "record" and not atom.refers and atom.operator in ("is", "is_not", "in", "not_in"):
            operands = atom.operand if isinstance(atom.operand, tuple) else (atom.operand,)
            found[path].update(dict.fromkeys(operands))
    return {path: tuple(values) for path, values in found.items()}


def _atoms(condition: Condition) -> Iterator[Atom]:
    if isinstance(condition, Group):
        for part in condition.parts:
            yield from _atoms(part)
    else:
        yield condition


def _cases(path: Path, bundle: Bundle) -> Iterator[PersonaCase]:
    personas = tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    for persona in personas.values():
        kind = bundle.vocabulary.case_kind(persona.get("case", ""), persona.get("agency", ""))
        if kind is not None and kind.type:
            values = dict(_open(kind, persona.get("location", "")))
            reference = kind.identifier(persona["case"])
            yield PersonaCase(kind.type, reference, values, kind.subject, persona.get("story", ""))


def _open(kind: CaseKind, location: str) -> Iterator[tuple[str, Any]]:
    if kind.state and kind.open:
        yield kind.state, min(kind.open)
    if location and (path := kind.facts.get("location")):
        yield path, location
