"""The finite abstraction of facts: for every fact the few values that conditions can tell apart, none left out.

Conditions compare a fact with literals, with other facts, with instants and with numbers. So a fact needs as many values
as there are answers: each literal it is compared with, as many fresh ones as facts it is compared to, one value in each
interval between bounds, null, and not known. What holds for all of these holds for every value there is; a fact read
through a list has lists of them besides (all subsets while they are few, otherwise pairs and the whole).

Moments that count from the decision are kept relative (:class:`Around`) until the instant is known.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import combinations, pairwise
from typing import Any, Final

from gateway.caller import Caller
from gateway.policy.conditions import Atom, Condition, atoms_of
from gateway.policy.facts import UNREACHABLE, Value
from gateway.policy.policy import Policy
from gateway.supergraph.model import Supergraph, list_depth

__all__ = ["KIND_FACTS", "Around", "Domains", "FactShapes", "at_instant", "domains_of", "realise"]

KIND_FACTS: Final = frozenset({"caller.agency", "caller.role", "caller.purpose"})
"""What is fixed by the kind of caller and is no fact of its own."""

_DURATION: Final = re.compile(r"^P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$")
_SECONDS: Final = (31_557_600, 2_629_800, 604_800, 86_400, 3600, 60, 1)
_NEVER_NULL: Final = frozenset({"caller.synthetic", "caller.breakGlass", "case.state", "case.kind"})
_ALL_SUBSETS: Final = 4


@dataclass(frozen=True, slots=True)
class Around:
    """A moment counted from the decision's instant: ``seconds`` before it (negative) or after it."""

    seconds: int


def at_instant(value: Any, at: datetime) -> Value:
    """``value`` as a fact of a decision at ``at``: a relative moment becomes an instant."""
    if not isinstance(value, Around):
        found: Value = value
        return found
    try:
        return at + timedelta(seconds=value.seconds)
    except OverflowError:
        return datetime.min.replace(tzinfo=UTC) if value.seconds < 0 else datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class FactShapes:
    """Which facts can be lists: certificates and portfolios, and paths through a list field of the graph."""

    policy: Policy
    supergraph: Supergraph | None = None

    def is_list(self, name: str, holders: Iterable[str]) -> bool:
        """Whether fact ``name`` of a record of one of ``holders`` can hold several values."""
        if name in ("caller.portfolio", "caller.training"):
            return True
        source, _, path = name.partition(".")
        if source == "case":
            kinds = self.policy.cases.values()
            return any(self._through(kind.type, kind.facts[path]) for kind in kinds if path in kind.facts)
        if source != "record":
            return False
        catalogue = self.policy.catalogue
        return any(self._through(start, path) for holder in holders for start in (holder, *catalogue.records(holder)))

    def _through(self, start: str, path: str) -> bool:
        for step in self.policy.catalogue.path(start, path) or ():
            found = self.supergraph.field(step.type, step.field) if self.supergraph else None
            if found is not None and list_depth(found.type):
                return True
        return False


@dataclass(slots=True)
class Domains:
    """The values of each fact, in a fixed order. UNREACHABLE stands for every way of not knowing."""

    values: dict[str, tuple[Any, ...]] = field(default_factory=dict)

    def __getitem__(self, name: str) -> tuple[Any, ...]:
        return self.values[name]


def domains_of(
    conditions: Iterable[Condition],
    shapes: FactShapes,
    holders: Iterable[str] = (),
    pinned: Mapping[str, Value] | None = None,
) -> Domains:
    """The domains of every fact that ``conditions`` read, on records of the types ``holders``, and of certificates.

    ``pinned`` brings further values that a question speaks of, by fact.
    """
    atoms = [atom for when in conditions for atom in atoms_of(when)]
    read = {name for atom in atoms for name in atom.facts} - KIND_FACTS
    names = sorted(read | {"caller.training", *(pinned or ())})
    pools = _pools(atoms, names)
    holders = tuple(holders)
    found = Domains()
    for name in names:
        base = [*pools[name], *([pinned[name]] if pinned and name in pinned else [])]
        base = list(dict.fromkeys(_typed(each) for each in base))
        found.values[name] = _domain(name, [each for _, each in base], shapes.is_list(name, holders), shapes.policy)
    return found


def _typed(value: Any) -> tuple[type, Any]:
    """Keeps ``True`` and ``1`` apart, which are equal in Python and no equal facts."""
    return (type(value), value)


def _domain(name: str, base: list[Any], listed: bool, policy: Policy) -> tuple[Any, ...]:
    if name in ("caller.synthetic", "caller.breakGlass"):
        return (False, True)
    if name == "caller.training":
        base = sorted({*base, *_certificates(policy)} - {"other-1"})
    if name == "case.kind":
        base = [*policy.cases, "none"]
    lists: list[Any] = []
    if listed:
        sizes = range(2, len(base) + 1) if len(base) <= _ALL_SUBSETS else (2, len(base))
        lists = [()] + [each for size in sizes for each in combinations(base, size)]
        base = [(each,) for each in base] if name.startswith("caller.") else base
    if name == "case.state":
        base = [*base, *(each for each in ("open", "closed", "none") if each not in base)]
    values = [*lists, *base] if name == "caller.training" else [*base, *lists]  # no certificate comes first
    flag = name.startswith("subject.") and name != "subject.id"
    if flag:
        values = [True, False]
    elif name not in _NEVER_NULL and not (listed and name.startswith("caller.")):
        values.append(None)
    return tuple(values) if name.startswith("caller.") else (*values, UNREACHABLE)


def _certificates(policy: Policy) -> set[str]:
    laws = policy.compiled.prohibitions
    exempting = {each.training for law in laws for each in law.exemptions}
    telling = {each.training for law in laws for each in law.notices}
    return (exempting | telling) - {""}


def _pools(atoms: list[Atom], names: list[str]) -> dict[str, list[Any]]:
    """The values of each fact: those of all facts it is compared with, directly or through others."""
    leader = {name: name for name in names}

    def lead(name: str) -> str:
        while leader[name] != name:
            name = leader[name]
        return name

    for atom in atoms:
        if atom.refers and atom.refers not in KIND_FACTS and atom.attr not in KIND_FACTS:
            leader[lead(atom.attr)] = lead(atom.refers)
    mine: dict[str, list[Atom]] = {}
    size: dict[str, int] = {}
    for name in names:
        size[lead(name)] = size.get(lead(name), 0) + 1
    for atom in dict.fromkeys(atoms):
        if atom.attr not in KIND_FACTS:
            mine.setdefault(lead(atom.attr), []).append(atom)
    pools = {head: _pool(mine.get(head, []), count) for head, count in size.items()}
    return {name: pools[lead(name)] for name in names}


def _pool(atoms: list[Atom], members: int) -> list[Any]:
    found: list[Any] = []
    spans: list[int] = []
    for atom in atoms:
        match atom.operator:
            case "is" | "is_not":
                found.append(atom.operand)
            case "in" | "not_in" if isinstance(atom.operand, tuple):
                found.extend(atom.operand)
            case "at_least" | "at_most" if isinstance(atom.operand, int | float):
                found += [atom.operand - 1, atom.operand, atom.operand + 1]
            case "within":
                spans.append(_seconds(str(atom.operand)))
            case "before" | "after":
                found += _bounds(atom)
    if spans:
        found += _between(sorted(set(spans)))
    moments = any(each.operator in ("before", "after", "within") for each in atoms)
    fresh = [f"other-{number}" for number in range(1, members + 1)]
    return [*found, *(fresh if not moments or members > 1 else fresh[:1])]


def _bounds(atom: Atom) -> list[Any]:
    if atom.operand == "now":
        return [Around(-1), Around(0), Around(1)]
    if isinstance(atom.operand, date):
        day = atom.operand
        bound = day if isinstance(day, datetime) else datetime(day.year, day.month, day.day)
        bound = bound if bound.tzinfo else bound.replace(tzinfo=UTC)
        return [bound - timedelta(seconds=1), bound, bound + timedelta(seconds=1)]
    return [Around(-86_400), Around(0), Around(86_400)]


def _between(spans: list[int]) -> list[Any]:
    """A moment inside all spans, one between each two, one outside all; before and after the decision."""
    middles = [(low + high) // 2 for low, high in pairwise(spans)]
    steps = [spans[0] // 2, *middles, spans[-1] * 2 + 1]
    return [Around(sign * step) for step in steps for sign in (-1, 1)]


def _seconds(duration: str) -> int:
    found = _DURATION.match(duration)
    parts = found.groups() if found else ()
    return sum(int(part or 0) * unit for part, unit in zip(parts, _SECONDS, strict=False))


def realise(kind: tuple[str, str, str], chosen: Mapping[str, Any], at: datetime) -> tuple[Caller, dict[str, Value]]:
    """The caller and the facts of an assignment, as ``Policy.decide`` takes them.

    A caller whose facts speak of a case has one; every fact of the case is then given, since it is not read.
    """
    facts = {name: at_instant(value, at) for name, value in chosen.items() if not name.startswith("caller.")}
    own = {name[7:]: value for name, value in chosen.items() if name.startswith("caller.")}
    in_case = any(name.startswith("case.") for name in facts)
    caller = Caller(
        *kind,
        case=str(own.get("case") or ("EXAMPLE" if in_case else "")),
        user=str(own.get("user") or ""),
        location=str(own.get("location") or ""),
        portfolio=tuple(own.get("portfolio") or ()),
        training=tuple(own.get("training") or ()),
        synthetic_only=bool(own.get("synthetic", False)),
        break_glass="EXAMPLE" if own.get("breakGlass", False) else "",
    )
    return caller, facts
