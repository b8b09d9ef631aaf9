"""The clauses behind a decision, as data for pages: grants, withholds and laws with their conditions in English."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from gateway.coordinates import Coordinate
from gateway.policy import Policy
from gateway.policy.clauses import GrantClause
from gateway.policy.lifecycle import in_force, state_of
from gateway.web.console.words import condition_tree

__all__ = ["grants_of", "laws_of", "told_grant", "withholds_of"]


def grants_of(policy: Policy, coordinate: Coordinate, agency: str, role: str, at: datetime) -> list[dict[str, Any]]:
    """The grants in force at ``at`` that give ``coordinate`` to the role, best first."""
    return [
        told_grant(each, at)
        for each in sorted(policy.compiled.grants.get(coordinate, ()), key=lambda each: each.rank)
        if agency in each.grant.recipients and role in each.grant.roles and in_force(each.agreement, at)
    ]


def told_grant(clause: GrantClause, at: datetime) -> dict[str, Any]:
    """One grant as it bears on a coordinate."""
    agreement = clause.agreement
    return {
        "agreement": agreement.id,
        "version": agreement.version,
        "article": clause.grant.article,
        "title": agreement.title,
        "provider": agreement.provider,
        "state": state_of(agreement, at),
        "effective": agreement.effective,
        "expires": agreement.expires,
        "mask": clause.mask,
        "roles": sorted(clause.grant.roles),
        "purposes": sorted(clause.grant.purposes),
        "when": condition_tree(clause.when),
        "obligations": [each.text for each in agreement.obligations],
    }


def withholds_of(policy: Policy, coordinate: Coordinate, at: datetime) -> list[dict[str, Any]]:
    """The withholds in force that keep ``coordinate`` back, whatever is granted."""
    return [
        {
            "agreement": each.agreement.id,
            "article": each.withhold.article,
            "recipients": sorted(each.withhold.recipients),
            "purposes": sorted(each.withhold.purposes),
            "roles": sorted(each.withhold.roles),
            "when": condition_tree(each.withhold.when),
        }
        for each in policy.compiled.withholds.get(coordinate, ())
        if in_force(each.agreement, at)
    ]


def laws_of(policy: Policy, coordinate: Coordinate) -> list[dict[str, Any]]:
    """The prohibitions that bear on ``coordinate``; they beat every agreement."""
    return [
        {
            "id": each.prohibition.id,
            "article": each.rule.article,
            "title": each.prohibition.title,
            "effect": each.rule.effect,
            "when": condition_tree(each.rule.when),
            "exempt": [
                {
                    "agencies": sorted(one.agencies),
                    "roles": sorted(one.roles),
                    "purposes": sorted(one.purposes),
                    "training": one.training,
                    "because": one.because,
                }
                for one in each.prohibition.exemptions
            ],
        }
        for each in policy.compiled.rules.get(coordinate, ())
    ]
