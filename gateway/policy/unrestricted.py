"""The policy of a graph that holds nothing to govern: everything is allowed, and the record says so."""

from __future__ import annotations

from datetime import datetime

from gateway.caller import Caller
from gateway.coordinates import Coordinate
from gateway.errors import Mistake, PolicyError
from gateway.policy.bundle import Bundle
from gateway.policy.catalogue import read_catalogue
from gateway.policy.clauses import Compiled
from gateway.policy.decision import Basis, Decision, Outcome, Reason
from gateway.policy.decisions import Decisions
from gateway.policy.facts import Facts
from gateway.policy.policy import Policy
from gateway.supergraph.model import Supergraph

__all__ = ["Unrestricted", "unrestricted"]


class Unrestricted(Policy):
    """The explicit policy of a graph without governed data: everything is allowed, and the record says so."""

    def decisions(self, caller: Caller, at: datetime) -> Decisions:
        """ALLOW for every coordinate of the graph."""
        return _Everything(self, caller, at)


class _Everything(Decisions):
    __slots__ = ("_policy",)

    def __init__(self, policy: Unrestricted, caller: Caller, at: datetime) -> None:
        super().__init__(policy.column(caller, at), caller, at, None)
        self._policy = policy

    def of(self, coordinate: Coordinate, facts: Facts) -> Decision:
        """ALLOW for every coordinate of the graph."""
        if coordinate.type not in self._policy.catalogue.by_type:
            return Decision(Outcome.DENY, str(coordinate), "", reason=Reason.NO_SUCH_FIELD)
        return Decision(
            Outcome.ALLOW,
            str(coordinate),
            self._policy.owner(coordinate),
            basis=Basis("UNRESTRICTED", 0, "", "no governed data"),
        )


def unrestricted(bundle: Bundle, supergraph: Supergraph) -> Unrestricted:
    """The policy that allows everything; raises ``PolicyError`` when the graph holds a single governed coordinate."""
    classed = [
        f"{kind.name}.{each.name}"
        for kind in supergraph.types.values()
        if kind.kind == "object"
        for each in kind.fields.values()
        if any(mark.name == "classified" and mark.get("category") not in ("SYS", "LINK") for mark in each.directives)
    ]
    if classed:
        mistakes = tuple(
            Mistake("POLICY_GOVERNED_DATA", f"{each} is governed data", each, "serve this graph under its agreements")
            for each in classed[:20]
        )
        raise PolicyError(
            "POLICY_INVALID", f"The graph cannot be served unrestricted: {len(classed)} governed field(s).", mistakes
        )
    catalogue = read_catalogue(supergraph, bundle.vocabulary, [])
    return Unrestricted(Compiled(bundle.vocabulary, catalogue, (), (), {}, {}, {}, {}, "unrestricted"))
