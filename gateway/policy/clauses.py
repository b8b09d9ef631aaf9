"""What a policy is compiled to: each clause as it bears on one coordinate, in the tables that decisions are made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.coordinates import Coordinate
from gateway.policy.agreement import Agreement, Flow, Grant, Withhold
from gateway.policy.catalogue import Catalogue
from gateway.policy.conditions import Condition
from gateway.policy.prohibition import Prohibition, Rule
from gateway.policy.vocabulary import Vocabulary

__all__ = ["Compiled", "FlowClause", "GrantClause", "RuleClause", "WithholdClause"]


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
    """One flow as it bears on one coordinate, and the fields that may be computed from it."""

    agreement: Agreement
    flow: Flow
    derives: frozenset[Coordinate] = frozenset()


@dataclass(frozen=True, slots=True)
class Compiled:
    """The tables that decisions are made from, each by coordinate.

    Coordinates under the same clauses share one tuple of them: what is made of it once holds for all of them.
    """

    vocabulary: Vocabulary
    catalogue: Catalogue
    agreements: tuple[Agreement, ...]
    prohibitions: tuple[Prohibition, ...]
    grants: Mapping[Coordinate, tuple[GrantClause, ...]]
    withholds: Mapping[Coordinate, tuple[WithholdClause, ...]]
    rules: Mapping[Coordinate, tuple[RuleClause, ...]]
    flows: Mapping[Coordinate, tuple[FlowClause, ...]]
    epoch: str
