"""The trust of an agency's own tests: the key that signs in the gateway's place, and a policy that says what is denied."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.caller import Caller
from gateway.coordinates import Coordinate
from gateway.identity import SigningKey, sign_assertion
from gateway.policy.vocabulary import CaseKind

__all__ = ["Denies", "SigningKey", "Verdict", "sign_assertion"]


@dataclass(frozen=True)
class Verdict:
    """What ``Denies`` decides of one coordinate."""

    outcome: str
    settled: bool = True


@dataclass
class Denies:
    """A policy that denies the named coordinates to everyone and allows the rest."""

    denied: frozenset[str] = frozenset()
    facts: frozenset[str] = frozenset()
    flows: frozenset[str] = frozenset()
    unsettled: frozenset[str] = frozenset()
    case_roots: frozenset[str] = frozenset()
    epoch: str = "sha256:test"

    def decide(self, caller: Caller, coordinate: Coordinate, facts: Mapping[str, Any], at: datetime) -> Verdict:
        """DENY for what is named, ALLOW for what is not."""
        name = str(coordinate)
        return Verdict("DENY" if name in self.denied | self.unsettled else "ALLOW", name not in self.unsettled)

    @property
    def cases(self) -> Mapping[str, CaseKind]:
        """The kinds of cases, each found by one root field."""
        pattern = re.compile("x")
        return {root: CaseKind(root, pattern, frozenset(), root=root) for root in self.case_roots}

    def fact_coordinates(self) -> frozenset[Coordinate]:
        """What the gateway may read to decide."""
        return frozenset(Coordinate.parse(name) for name in self.facts)

    def flow(self, coordinate: Coordinate, to: str, use: str, at: datetime) -> str | None:
        """A clause for what is named, as a join to CBP."""
        return "a clause" if str(coordinate) in self.flows and (to, use) == ("CBP", "join") else None
