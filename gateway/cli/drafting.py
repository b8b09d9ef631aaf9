"""Drafts of the agreements that a graph lacks: one for each owner, recipient and subgraph, for both sides to sign."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from pathlib import Path

from gateway.coordinates import Coordinate
from gateway.enforcement.flows import Edge, edges_of
from gateway.policy import Policy
from gateway.policy.agreement import Agreement
from gateway.policy.flows import derivation_basis
from gateway.supergraph import Supergraph

__all__ = ["drafts", "uncovered", "waiting", "write"]


def uncovered(supergraph: Supergraph, policy: Policy, at: datetime) -> tuple[Edge, ...]:
    """The edges that no agreement in force at ``at`` lets, or from which it does not let everything be computed."""

    def lacks(edge: Edge) -> bool:
        if policy.flow(edge.coordinate, edge.to, edge.use, at) is None:
            return True
        return any(
            derivation_basis(policy.compiled, edge.coordinate, edge.to, each, at) is None for each in edge.computes
        )

    return tuple(edge for edge in edges_of(supergraph, policy) if lacks(edge))


def waiting(edges: Iterable[Edge], agreements: Iterable[Agreement]) -> Iterator[tuple[Edge, Agreement]]:
    """Each edge with an agreement that names it and is not yet in force: a draft, or one that is signed."""
    pending = [each for each in agreements if each.status in ("draft", "signed")]
    for edge in edges:
        for agreement in pending:
            clauses = (flow for flow in agreement.flows if flow.to == edge.to and flow.use == edge.use)
            if any(str(edge.coordinate) in flow.fields for flow in clauses):
                yield edge, agreement
                break


def drafts(edges: Iterable[Edge], policy: Policy, day: date) -> dict[str, str]:
    """The file names (in ``schema/agreements``) and texts of agreements under which all of ``edges`` would be covered.

    Purposes, roles and authority are those of an agreement that the parties have already, where there is one.
    """
    grouped: dict[tuple[str, str, str], list[Edge]] = {}
    for edge in edges:
        grouped.setdefault((edge.owner, edge.to, edge.subgraph), []).append(edge)
    return {
        f"{owner}-{to}-{subgraph}-inputs.toml".lower(): _text(owner, to, subgraph, group, policy, day)
        for (owner, to, subgraph), group in grouped.items()
    }


def _text(owner: str, to: str, subgraph: str, edges: list[Edge], policy: Policy, day: date) -> str:
    parties = [each for each in policy.agreements if each.provider == owner and to in each.recipients]
    model = next((each for each in parties if each.kind == "agreement"), None)
    roles = model.roles if model else {name for name, role in policy.vocabulary.roles.items() if to in role.agencies}
    purposes = model.purposes if model else {each for role in roles for each in policy.vocabulary.roles[role].purposes}
    head = {
        "id": f"{owner}-{to}-{subgraph}-inputs".upper().replace("_", "-"),
        "version": 1,
        "title": f"What {subgraph} of {to} is sent by {owner}",
        "provider": owner,
        "recipients": [to],
        "authority": list(model.authority) if model else ["to be named by counsel"],
        "status": "draft",
    }
    lines = [
        f"# A draft made by `gateway check --draft`: values that {to}'s subgraph {subgraph} would be sent. Nobody is shown more by it.",
        "# Nothing of it is in force before both sides have signed and the status is active.",
        *(f"{name} = {json.dumps(value)}" for name, value in head.items()),
        f"effective = {day}",
        f"review_by = {day.replace(year=day.year + 3, day=min(day.day, 28))}",
        f"expires = {day.replace(year=day.year + 5, day=min(day.day, 28))}",
        f"purposes = {json.dumps(sorted(purposes))}",
        f"roles = {json.dumps(sorted(roles))}",
    ]
    for number, edge in enumerate(sorted(edges), 1):
        lines += ["", f"# {edge.because}", "[[flow]]", f'article = "I.{number}"', f"to = {json.dumps(to)}"]
        lines += [f"fields = [{json.dumps(str(edge.coordinate))}]", f"use = {json.dumps(edge.use)}"]
        if edge.computes:
            lines.append(f"derives = {json.dumps(_names(edge.computes))}")
    return "\n".join([*lines, "", "[[obligation]]", 'kind = "no-local-copy"']) + "\n"


def _names(coordinates: Iterable[Coordinate]) -> list[str]:
    return [str(each) for each in coordinates]


def write(folder: Path, pages: dict[str, str]) -> list[Path]:
    """The paths below ``folder`` that were written; a file that is there already is left as it is."""
    made = []
    for name, text in pages.items():
        path = folder / name
        if not path.exists():
            path.write_text(text, encoding="utf-8")
            made.append(path)
    return made
