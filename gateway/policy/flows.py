"""Which clause lets a value go to another agency's subgraph, and what may be computed from it there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from gateway.coordinates import Coordinate
from gateway.policy.clauses import Compiled, FlowClause
from gateway.policy.decision import Basis
from gateway.policy.lifecycle import in_force

__all__ = ["derivation_basis", "flow_basis"]


def flow_basis(compiled: Compiled, coordinate: Coordinate, to: str, use: str, at: datetime) -> Basis | None:
    """The clause in force at ``at`` under which ``coordinate`` may be sent to agency ``to`` as ``join`` or ``input``."""
    return _first(_in_force(compiled, coordinate, to, use, at))


def derivation_basis(
    compiled: Compiled, coordinate: Coordinate, to: str, computed: Coordinate, at: datetime
) -> Basis | None:
    """The clause that lets agency ``to`` show ``computed``, a field that it computes from ``coordinate``, or None.

    What it shows is then its own value, under its own agreements; so a chain of requirements is covered when each link
    is. Without the clause the computed field would tell of a value that its owner gave as an input only.
    """
    return _first(each for each in _in_force(compiled, coordinate, to, "input", at) if computed in each.derives)


def _in_force(compiled: Compiled, coordinate: Coordinate, to: str, use: str, at: datetime) -> Iterator[FlowClause]:
    for clause in compiled.flows.get(coordinate, ()):
        if clause.flow.to == to and clause.flow.use == use and in_force(clause.agreement, at):
            yield clause


def _first(clauses: Iterable[FlowClause]) -> Basis | None:
    first = min(clauses, key=lambda clause: (clause.agreement.id, clause.flow.article), default=None)
    if first is None:
        return None
    return Basis(first.agreement.id, first.agreement.version, first.flow.article, first.agreement.title)
