"""A decision in words and as JSON. It prints the object that enforcement used; it never decides anything itself."""

from __future__ import annotations

from typing import Any

from gateway.policy.decision import Candidate, Decision, Outcome

__all__ = ["explain_json", "explain_lines"]

_SAYS = {
    Outcome.ALLOW: "is shared",
    Outcome.MASK: "is shared masked",
    Outcome.DENY: "is withheld, and the client is told so",
    Outcome.ABSENT: "is withheld, and the client is not told: it looks as if there were nothing",
    Outcome.UNAVAILABLE: "cannot be decided now, so it is withheld as unavailable",
}
_REASONS = {
    "NO_SUCH_FIELD": "no subgraph has such a field",
    "NOT_RECOGNISED": "the vocabulary does not know this agency, role and purpose together",
    "NO_AGREEMENT": "the owner has no agreement with the caller's agency that names this field",
    "NOT_IN_FORCE": "the agreements that name it are not in force",
    "PURPOSE_NOT_COVERED": "an agreement names it, for other purposes",
    "ROLE_NOT_COVERED": "an agreement names it, for other roles",
    "WITHHELD_BY_PROVIDER": "the owner withholds it by name",
    "STATUTE": "a statute forbids it",
    "CASE_CONDITION": "the caller's case does not meet the agreement's conditions",
    "NOT_SHARED": "the agreement's conditions on caller or case are not met",
    "OBLIGATION_UNMET": "an obligation of the agreement cannot be met",
    "FACT_UNAVAILABLE": "a fact it depends on could not be had",
    "DECISION_ERROR": "the decision failed, and what fails is denied",
}


def explain_lines(decision: Decision, epoch: str = "") -> list[str]:
    """The decision in plain English, one statement a line."""
    owner = f" ({decision.owner})" if decision.owner else ""
    mask = f" as {decision.mask}" if decision.mask else ""
    lines = [f"{decision.coordinate}{owner} {_SAYS[decision.outcome]}{mask}."]
    if decision.basis:
        lines.append(f"Because of {_basis(decision)}.")
    if decision.reason:
        lines.append(f"Reason {decision.reason}: {_REASONS.get(decision.reason, 'a notice for this role')}.")
    if not decision.settled:
        lines.append(f"Not settled: it can change once known: {', '.join(sorted(decision.needs))}.")
    if decision.obligations:
        lines.append(f"With it come: {'; '.join(decision.obligations)}.")
    if decision.how_to_request:
        lines.append(f"To get it: {decision.how_to_request}")
    lines.extend(_candidate(each) for each in decision.candidates)
    lines.extend(f"  would change it: {each}" for each in would_change(decision))
    if epoch:
        lines.append(f"Policy {epoch}.")
    return lines


def explain_json(decision: Decision, epoch: str = "") -> dict[str, Any]:
    """The decision as JSON data, for auditors and providers (never for clients: candidates depend on the record)."""
    basis = decision.basis
    return {
        "epoch": epoch,
        "coordinate": decision.coordinate,
        "owner": decision.owner,
        "outcome": str(decision.outcome),
        "mask": decision.mask or None,
        "reason": decision.reason or None,
        "settled": decision.settled,
        "needs": sorted(decision.needs),
        "basis": {
            "agreement": basis.agreement,
            "version": basis.version,
            "article": basis.article,
            "title": basis.title,
        }
        if basis
        else None,
        "obligations": list(decision.obligations),
        "howToRequest": decision.how_to_request or None,
        "candidates": [
            {
                "kind": each.kind,
                "id": each.id,
                "article": each.article,
                "title": each.title,
                "result": each.result,
                "because": each.because or None,
                "mask": each.mask or None,
                "atoms": [{"atom": atom.text, "result": atom.result} for atom in each.atoms],
            }
            for each in decision.candidates
        ],
        "wouldChange": would_change(decision),
    }


def would_change(decision: Decision) -> list[str]:
    """For each grant that did not hold, the atoms that kept it from holding."""
    if decision.outcome is Outcome.ALLOW:
        return []
    found: list[str] = []
    for each in decision.candidates:
        if each.kind == "grant" and each.result != "true":
            missed = [atom.text for atom in each.atoms if atom.result != "true"]
            if missed:
                found.append(f"{each.id} {each.article} if {' and '.join(missed)}")
    return found


def _basis(decision: Decision) -> str:
    basis = decision.basis
    if basis is None:
        return "nothing"
    version = f" version {basis.version}" if basis.version else ""
    article = f", article {basis.article}" if basis.article else ""
    return f"{basis.agreement}{version}{article} ({basis.title})"


def _candidate(each: Candidate) -> str:
    mask = f" [{each.mask}]" if each.mask else ""
    because = f", {each.because}" if each.because else ""
    atoms = "".join(f"\n      {atom.result:7} {atom.text}" for atom in each.atoms)
    return f"  {each.kind} {each.id} {each.article}{mask}: {each.result}{because}{atoms}"
