"""What a change of the graph or of the agreements newly sends from agency to agency, and whether anybody agreed to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from gateway.coordinates import Coordinate
from gateway.policy.flows import derivation_basis
from gateway.policy.policy import Policy

__all__ = ["FlowChange", "Sent", "flow_changes"]


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
    @property
    def computes(self) -> tuple[Coordinate, ...]: ...


@dataclass(frozen=True, slots=True)
class FlowChange:
    """One sentence on one value: ``flow-uncovered``, ``flow`` (new, and agreed) or ``flow-gone``."""

    kind: str
    sentence: str
    coordinate: Coordinate


def flow_changes(
    old: Policy, before: Sequence[Sent], new: Policy, after: Sequence[Sent], at: datetime
) -> Iterator[FlowChange]:
    """What moves newly, what moves without consent, what moves no more, as decided at ``at``."""

    def key(each: Sent) -> tuple[Coordinate, str, str, str]:
        return (each.coordinate, each.to, each.use, each.because)

    was, now = {key(each): each for each in before}, {key(each): each for each in after}
    for name, each in sorted(now.items()):
        lacks = _lacks(new, each, at)
        known = name in was
        if lacks:
            told = f"{each.because} {'still' if known else 'now'} sends {each.coordinate} to {each.to}; {lacks}."
            yield FlowChange("flow-uncovered", told, each.coordinate)
        elif not known or _lacks(old, was[name], at):
            basis = new.flow(each.coordinate, each.to, each.use, at)
            how = f"as {basis.agreement} {basis.article} lets it" if basis else "as its owner's own"
            yield FlowChange(
                "flow", f"{each.because} now sends {each.coordinate} to {each.to}, {how}.", each.coordinate
            )
    for _, each in sorted((name, each) for name, each in was.items() if name not in now):
        told = f"{each.because} no longer sends {each.coordinate} to {each.to}."
        yield FlowChange("flow-gone", told, each.coordinate)


def _lacks(policy: Policy, sent: Sent, at: datetime) -> str:
    """What the flow still needs, in words; "" where it is agreed."""
    basis = policy.flow(sent.coordinate, sent.to, sent.use, at)
    if basis is None:
        return f"needs {sent.owner}'s consent; {_lacking(policy, sent)}"
    unsaid = [
        each for each in sent.computes if derivation_basis(policy.compiled, sent.coordinate, sent.to, each, at) is None
    ]
    if unsaid:
        names = ", ".join(map(str, unsaid))
        return (
            f"needs {sent.owner}'s consent to what is computed from it; agreement {basis.agreement} article "
            f"{basis.article} does not name {names} in derives"
        )
    return ""


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
