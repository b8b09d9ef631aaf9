"""What a change of the agreements does, as sentences: who newly reads what, who no longer, under which mask and when.

Two policies are compared by what they decide, not by their text: every kind of caller and every coordinate, each
difference with a witness that both deciders confirm (:mod:`gateway.policy.proof.witness`). What the files say of dates,
roles, purposes, flows, statutes and lifecycle is told beside it (:mod:`gateway.policy.diff_words`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

from gateway.caller import Caller
from gateway.coordinates import Coordinate
from gateway.policy.decision import Decision
from gateway.policy.diff_words import compare_words
from gateway.policy.policy import Policy
from gateway.policy.proof.domains import FactShapes
from gateway.policy.proof.scope import all_kinds
from gateway.policy.proof.solver import Kind, clauses_of
from gateway.policy.proof.witness import GOALS, Side, Witness, find
from gateway.supergraph.model import Supergraph

__all__ = ["Change", "Sent", "Version", "diff_versions"]


class Sent(Protocol):
    """A value that composition lets another agency's subgraph receive (``gateway.enforcement.flows.Edge``)."""

    @property
    def coordinate(self) -> Coordinate: ...
    @property
    def owner(self) -> str: ...
    @property
    def to(self) -> str: ...
    @property
    def use(self) -> str: ...
    @property
    def because(self) -> str: ...


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
    """What composition newly sends from agency to agency, and whether anybody agreed to it."""

    def key(each: Sent) -> tuple[Coordinate, str, str, str]:
        return (each.coordinate, each.to, each.use, each.because)

    before, after = {key(each): each for each in old.sent}, {key(each): each for each in new.sent}
    for name, each in sorted(after.items()):
        covered = new.policy.flow(each.coordinate, each.to, each.use, at)
        was = name in before and old.policy.flow(each.coordinate, each.to, each.use, at) is not None
        if covered is None:
            verb = "still sends" if name in before else "now sends"
            told = f"{each.because} {verb} {each.coordinate} to {each.to}; needs {each.owner}'s consent; {_lacking(new.policy, each)}."
            yield Change(_WEIGHTS["flow-uncovered"], "flow-uncovered", told, True, (str(each.coordinate),))
        elif not was:
            told = f"{each.because} now sends {each.coordinate} to {each.to}, as {covered.agreement} {covered.article} lets it."
            yield Change(_WEIGHTS["flow"], "flow", told, True, (str(each.coordinate),))
    for _, each in sorted((name, each) for name, each in before.items() if name not in after):
        told = f"{each.because} no longer sends {each.coordinate} to {each.to}."
        yield Change(_WEIGHTS["flow-gone"], "flow-gone", told, False, (str(each.coordinate),))


def _lacking(policy: Policy, sent: Sent) -> str:
    """The agreement a missing flow clause belongs into, and the article it would join."""
    for agreement in policy.agreements:
        if agreement.provider == sent.owner and (
            sent.to in agreement.recipients or any(flow.to == sent.to for flow in agreement.flows)
        ):
            articles = sorted({flow.article.partition(".")[0] for flow in agreement.flows})
            article = f" article {articles[0]}" if articles else ""
            return f"agreement {agreement.id}{article} lacks it"
    return f"{sent.owner} has no agreement with {sent.to}"
