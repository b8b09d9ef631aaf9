"""What a change of the agreements does, as sentences: who newly reads what, who no longer, under which mask and when.

Two policies are compared by what they decide, not by their text: every kind of caller and every coordinate, each
difference with a witness that both deciders confirm (:mod:`gateway.policy.proof.witness`). What the files say of dates,
roles, purposes, flows, statutes and lifecycle is told beside it (:mod:`gateway.policy.diff_words`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from gateway.caller import Caller
from gateway.coordinates import Coordinate
from gateway.policy.decision import Decision
from gateway.policy.diff_flows import Sent, flow_changes
from gateway.policy.diff_words import compare_words
from gateway.policy.policy import Policy
from gateway.policy.proof.domains import FactShapes
from gateway.policy.proof.scope import all_kinds
from gateway.policy.proof.solver import Kind, clauses_of
from gateway.policy.proof.witness import GOALS, Side, Witness, find
from gateway.supergraph.model import Supergraph

__all__ = ["Change", "Sent", "Version", "diff_versions"]


@dataclass(frozen=True, slots=True)
class Version:
    """One state of the house: its policy, its graph, and what composition sends from agency to agency."""

    policy: Policy
    supergraph: Supergraph
    sent: Sequence[Sent] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """One sentence. ``wider``: somebody learns more than before. ``weight`` sorts, the heaviest first."""

    weight: int
    kind: str
    sentence: str
    wider: bool
    coordinates: tuple[str, ...] = ()
    callers: tuple[Kind, ...] = ()
    witness: Witness | None = None


_WEIGHTS: Final[Mapping[str, int]] = {
    "released": 100,
    "wider": 90,
    "mask-weaker": 85,
    "flow-uncovered": 80,
    "flow": 75,
    "withheld": 60,
    "narrower": 55,
    "mask-stronger": 50,
    "flow-gone": 35,
}
_WIDER: Final = frozenset({"released", "wider", "mask-weaker", "flow-uncovered", "flow"})
_SENSITIVE: Final = 5


def diff_versions(old: Version, new: Version, at: datetime) -> tuple[Change, ...]:
    """Every change from ``old`` to ``new`` as decided at ``at``, the heaviest first."""
    found = [*_decided(old, new, at), *_flows(old, new, at)]
    found += [
        Change(each.weight, each.kind, each.sentence, each.wider)
        for each in compare_words(old.policy.compiled, new.policy.compiled, at)
    ]
    return tuple(sorted(found, key=lambda each: (-each.weight, each.kind, each.sentence)))


# -- decisions ----


def _decided(old: Version, new: Version, at: datetime) -> Iterator[Change]:
    sides = (
        Side(old.policy, FactShapes(old.policy, old.supergraph)),
        Side(new.policy, FactShapes(new.policy, new.supergraph)),
    )
    kinds = sorted({*all_kinds(old.policy), *all_kinds(new.policy)})
    found: dict[tuple[Any, ...], dict[Coordinate, dict[Kind, Witness]]] = {}
    for alike in _touched(old.policy, new.policy):
        for kind in kinds:
            for goal in GOALS:
                witness = find(*sides, alike[0], kind, at, goal)
                if witness is not None:
                    key = _group(old.policy, new.policy, alike[0], goal, witness, at)
                    for coordinate in alike:
                        found.setdefault(key, {}).setdefault(coordinate, {})[kind] = witness
    for key, by_coordinate in found.items():
        together: dict[tuple[Kind, ...], list[Coordinate]] = {}
        for coordinate, by_kind in by_coordinate.items():
            together.setdefault(tuple(by_kind), []).append(coordinate)
        for who, coordinates in together.items():
            yield _sentence(new.policy, key, coordinates, who, by_coordinate[coordinates[0]][who[0]])


def _touched(old: Policy, new: Policy) -> list[list[Coordinate]]:
    """The coordinates whose clauses differ, those together that differ alike."""
    words = old.vocabulary.roles == new.vocabulary.roles
    found: dict[tuple[Any, ...], list[Coordinate]] = {}
    for coordinate in dict.fromkeys([*old.catalogue.entries, *new.catalogue.entries]):
        if not (old.governed(coordinate) and new.governed(coordinate)):
            continue
        before, after = _meaning(old, coordinate), _meaning(new, coordinate)
        if before != after or not words:
            key = (old.owner(coordinate), new.owner(coordinate), coordinate.type, before, after)
            found.setdefault(key, []).append(coordinate)
    return list(found.values())


def _meaning(policy: Policy, coordinate: Coordinate) -> tuple[Any, ...]:
    """The clauses of a coordinate without what does not decide: titles, files, versions, examples."""
    clauses = clauses_of(policy, coordinate)

    def life(agreement: Any) -> tuple[Any, ...]:
        return (agreement.status, agreement.effective, agreement.expires, agreement.review_by)

    return (
        tuple(
            (each.rule.when, each.rule.effect, each.rule.article, each.prohibition.exemptions, each.prohibition.notices)
            for each in clauses.rules
        ),
        tuple(
            (one.recipients, one.purposes, one.roles, one.when, *life(each.agreement))
            for each in clauses.withholds
            for one in (each.withhold,)
        ),
        tuple(
            (one.recipients, one.purposes, one.roles, each.when, each.mask, *life(each.agreement))
            for each in clauses.grants
            for one in (each.grant,)
        ),
    )


def _group(
    old: Policy, new: Policy, coordinate: Coordinate, goal: str, witness: Witness, at: datetime
) -> tuple[Any, ...]:
    """What makes two differences one sentence: the kind of change, recipient, owner, basis and masks."""
    agency = witness.kind[0]
    before, after = witness.before, witness.after
    match goal:
        case "released":
            kind = "wider" if _could(old, coordinate, witness.kind, at) else "released"
            basis = _basis(after)
        case "withheld":
            kind = "narrower" if _could(new, coordinate, witness.kind, at) else "withheld"
            basis = _basis(before)
        case _:
            kind = "mask-weaker" if _strength(new, after) < _strength(old, before) else "mask-stronger"
            basis = _basis(after)
    owner = new.owner(coordinate) or old.owner(coordinate)
    return (kind, agency, owner, basis, before.mask, after.mask)


def _could(policy: Policy, coordinate: Coordinate, kind: Kind, at: datetime) -> bool:

    return bool(policy.grade(Caller(*kind), coordinate, at)[0])


def _basis(decision: Decision) -> str:
    basis = decision.basis
    return f"{basis.agreement}@{basis.version} {basis.article}" if basis else ""


def _strength(policy: Policy, decision: Decision) -> int:
    spec = policy.vocabulary.masks.get(decision.mask)
    return spec.strength if spec else 0


_VERBS: Final[Mapping[str, str]] = {
    "released": "newly reads",
    "withheld": "no longer reads",
    "wider": "reads in more cases than before",
    "narrower": "reads in fewer cases than before",
    "mask-weaker": "reads more of",
    "mask-stronger": "reads less of",
}


def _sentence(
    policy: Policy, key: tuple[Any, ...], coordinates: list[Coordinate], who: tuple[Kind, ...], witness: Witness
) -> Change:
    kind, agency, owner, basis, before, after = key
    entries = [policy.catalogue.entries.get(each) for each in coordinates]
    heavy = any(entry is not None and entry.overlays for entry in entries)
    roles = ", ".join(dict.fromkeys(each[1] for each in who))
    purposes = ", ".join(dict.fromkeys(each[2] for each in who))
    masked = ""
    if kind.startswith("mask"):
        masked = f", {_how(after)} instead of {_how(before)}"
    elif after if kind in ("released", "wider") else before:
        masked = f", {_how(after or before)}"
    own = "its own " if owner == agency else ""
    whose = "" if owner == agency else f" of {owner}"
    sentence = (
        f"{agency} {_VERBS[kind]} {own}{_listed(map(str, coordinates))}{whose}{masked}, "
        f"under {basis} (as {roles}; for {purposes})."
    )
    names = tuple(map(str, coordinates))
    weight = _WEIGHTS[kind] + (_SENSITIVE if heavy else 0)
    return Change(weight, kind, sentence, kind in _WIDER, names, who, witness)


def _how(mask: str) -> str:
    return f"masked by {mask}" if mask else "in clear"


def _listed(words: Iterable[str]) -> str:
    every = list(words)
    return f"{', '.join(every[:-1])} and {every[-1]}" if len(every) > 1 else every[0]


# -- flows ----


def _flows(old: Version, new: Version, at: datetime) -> Iterator[Change]:
    for each in flow_changes(old.policy, old.sent, new.policy, new.sent, at):
        yield Change(_WEIGHTS[each.kind], each.kind, each.sentence, each.kind != "flow-gone", (str(each.coordinate),))
