"""The policy as Cedar: policies, entities and request contexts, for a referee that shares no code with the decider.

Cedar knows neither masks nor unknown, and skips a ``forbid`` whose attribute is missing, which would let pass what must
not. So every attribute is guarded, and every condition is written twice: when it is *true* (a permit needs that) and when
it is *known to be false* (a forbid is lifted by that alone). Two actions stand for masks: ``read`` is allowed when a value
is given at all, ``readClear`` when some grant gives it in clear.

A fact is a set in the context, ``["open"]``; the empty set is null, no attribute is unknown. Moments (microseconds) and
numbers (thousandths) stand beside it as ``<fact>#min`` and ``<fact>#max``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any, Final

from gateway.caller import Caller
from gateway.coordinates import Coordinate
from gateway.policy.agreement import Agreement
from gateway.policy.clauses import GrantClause, RuleClause, WithholdClause
from gateway.policy.conditions import Atom, Condition, atoms_of, shifted
from gateway.policy.facts import MISSING, UNREACHABLE, Facts, Value
from gateway.policy.lifecycle import GRACE, midnight
from gateway.policy.policy import Policy
from gateway.policy.prohibition import Exemption

__all__ = ["READ", "READ_CLEAR", "cedar_context", "cedar_entities", "cedar_policies", "cedar_resource"]

READ: Final = 'Action::"read"'
READ_CLEAR: Final = 'Action::"readClear"'


def cedar_policies(policy: Policy) -> str:
    """Every agreement in force at some time, every prohibition and the known kinds of callers, as Cedar policies."""
    tables = policy.compiled
    made: dict[str, str] = {"kinds": _kinds(policy)}
    for grants in tables.grants.values():
        for grant in grants:
            if grant.agreement.status == "active":
                for action, name in ((READ, _grant_id(grant)), (READ_CLEAR, _grant_id(grant) + "/clear")):
                    made.setdefault(name, _permit(grant, action, name))
    for withholds in tables.withholds.values():
        for withhold in withholds:
            if withhold.agreement.status == "active":
                made.setdefault(_withhold_id(withhold), _withhold(withhold))
    for rules in tables.rules.values():
        for rule in rules:
            made.setdefault(_rule_id(rule), _forbid(rule))
    return "\n".join(made.values())


def cedar_entities(policy: Policy) -> list[dict[str, Any]]:
    """Every coordinate as an entity whose parents are the clauses that bear on it."""
    tables = policy.compiled
    found = []
    for coordinate in policy.catalogue.entries:
        grants = tables.grants.get(coordinate, ())
        names = [_grant_id(each) for each in grants]
        names += [_grant_id(each) + "/clear" for each in grants if not each.mask]
        names += [_withhold_id(each) for each in tables.withholds.get(coordinate, ())]
        names += [_rule_id(each) for each in tables.rules.get(coordinate, ())]
        parents = [{"type": "Clause", "id": name} for name in dict.fromkeys(names)]
        found.append({"uid": {"type": "Field", "id": str(coordinate)}, "attrs": {}, "parents": parents})
    return found


def cedar_resource(coordinate: Coordinate) -> str:
    """The entity of ``coordinate`` in Cedar's spelling."""
    return f"Field::{_text(str(coordinate))}"


def cedar_context(policy: Policy, caller: Caller, facts: Facts, at: datetime) -> dict[str, Any]:
    """The context of one request: the instant, the bounds of every duration the policy names, every known fact."""
    found: dict[str, Any] = {"now": _micros(at)}
    for duration in sorted(_durations(policy)):
        found[f"now-{duration}"] = _micros(shifted(at, duration, -1))
        found[f"now+{duration}"] = _micros(shifted(at, duration, 1))
    own: dict[str, Value] = {
        "caller.agency": caller.agency,
        "caller.role": caller.role,
        "caller.purpose": caller.purpose,
        "caller.case": caller.case or None,
        "caller.user": caller.user or None,
        "caller.location": caller.location or None,
        "caller.portfolio": caller.portfolio,
        "caller.training": caller.training,
        "caller.synthetic": caller.synthetic_only,
        "caller.breakGlass": bool(caller.break_glass),
    }
    for name, value in {**facts, **own}.items():
        found.update(_fact(name, value))
    return found


def _fact(name: str, value: Value) -> dict[str, Any]:
    if isinstance(value, Mapping):
        value = value.get("code")
    flag = name.startswith("subject.") and name != "subject.id"
    if value is MISSING or value is UNREACHABLE or (value is None and flag):
        return {}
    members = [each for each in (value if isinstance(value, list | tuple) else [value]) if each is not None]
    found: dict[str, Any] = {name: [each.isoformat() if isinstance(each, date) else each for each in members]}
    ranked = [_rank(each) for each in members]
    if ranked and all(each is not None for each in ranked):
        numbers = [each for each in ranked if each is not None]
        found |= {f"{name}#min": min(numbers), f"{name}#max": max(numbers)}
    return found


def _rank(value: Any) -> int | None:
    """Where a number or a moment stands among its like; None for what is neither."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return round(value * 1000)
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    return _micros(value) if isinstance(value, date) else None


def _micros(value: date) -> int:
    if not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, tzinfo=UTC)
    if not value.tzinfo:
        value = value.replace(tzinfo=UTC)
    gone = value - datetime(1970, 1, 1, tzinfo=UTC)
    return (gone.days * 86_400 + gone.seconds) * 1_000_000 + gone.microseconds


def _durations(policy: Policy) -> set[str]:
    tables = policy.compiled
    conditions: list[Condition] = [each.when for found in tables.grants.values() for each in found]
    conditions += [each.withhold.when for found in tables.withholds.values() for each in found]
    conditions += [each.rule.when for found in tables.rules.values() for each in found]
    return {str(atom.operand) for when in conditions for atom in atoms_of(when) if atom.operator == "within"}


# -- statements ----


def _grant_id(clause: GrantClause) -> str:
    return f"grant/{clause.agreement.id}/{clause.rank[-1]}"


def _withhold_id(clause: WithholdClause) -> str:
    return f"withhold/{clause.agreement.id}/{clause.ordinal}"


def _rule_id(clause: RuleClause) -> str:
    return f"rule/{clause.prohibition.id}/{clause.ordinal}"


def _permit(clause: GrantClause, action: str, name: str) -> str:
    grant = clause.grant
    whom = [_one_of("caller.agency", grant.recipients), _one_of("caller.purpose", grant.purposes)]
    whom += [_one_of("caller.role", grant.roles), _dated(clause.agreement), true_of(clause.when)]
    return f"permit(principal, action == {action}, resource in Clause::{_text(name)}) when {{ {_and(whom)} }};"


def _withhold(clause: WithholdClause) -> str:
    held = clause.withhold
    whom = [_one_of("caller.agency", held.recipients), _one_of("caller.purpose", held.purposes)]
    whom += [_one_of("caller.role", held.roles)] if held.roles else []
    whom.append(_dated(clause.agreement))
    return (
        f"forbid(principal, action, resource in Clause::{_text(_withhold_id(clause))}) "
        f"when {{ {_and(whom)} }} unless {{ {false_of(held.when)} }};"
    )


def _forbid(clause: RuleClause) -> str:
    article = clause.rule.article
    exempt = [_exempts(each) for each in clause.prohibition.exemptions if not each.articles or article in each.articles]
    return (
        f"forbid(principal, action, resource in Clause::{_text(_rule_id(clause))}) "
        f"unless {{ {_or([false_of(clause.rule.when), *exempt])} }};"
    )


def _exempts(each: Exemption) -> str:
    parts = [
        _one_of(name, words)
        for name, words in (
            ("caller.agency", each.agencies),
            ("caller.role", each.roles),
            ("caller.purpose", each.purposes),
            ("caller.training", {each.training} if each.training else ()),
        )
        if words
    ]
    return _and(parts)


def _kinds(policy: Policy) -> str:
    roles = [
        _and(
            [
                _one_of("caller.role", [role.name]),
                _one_of("caller.agency", role.agencies),
                _one_of("caller.purpose", role.purposes),
            ]
        )
        for role in policy.vocabulary.roles.values()
    ]
    return f"forbid(principal, action, resource) unless {{ {_or(roles)} }};"


def _dated(agreement: Agreement) -> str:
    ends = min(midnight(agreement.expires), midnight(agreement.review_by) + GRACE)
    return f"context.now >= {_micros(midnight(agreement.effective))} && context.now < {_micros(ends)}"


# -- conditions ----


def true_of(when: Condition) -> str:
    """The Cedar expression that holds when the condition is true; false while it is unknown."""
    if isinstance(when, Atom):
        return _and([_known(when), _holds(when)])
    parts = [true_of(each) for each in when.parts]
    return _and(parts) if when.every else _or(parts)


def false_of(when: Condition) -> str:
    """The Cedar expression that holds when the condition is known to be false; false while it is unknown."""
    if isinstance(when, Atom):
        return _and([_known(when), f"!({_holds(when)})"])
    parts = [false_of(each) for each in when.parts]
    return _or(parts) if when.every else _and(parts)


def _known(atom: Atom) -> str:
    return _and([f"context has {_text(name)}" for name in atom.facts])


def _holds(atom: Atom) -> str:
    fact, operand = f"context[{_text(atom.attr)}]", atom.operand
    match atom.operator:
        case "present":
            return f"!{fact}.isEmpty()" if operand else f"{fact}.isEmpty()"
        case "is":
            return f"{fact}.contains({_literal(operand)})"
        case "is_not":
            return f"(!{fact}.isEmpty() && !{fact}.contains({_literal(operand)}))"
        case "in":
            return f"{fact}.containsAny({_literal(operand)})"
        case "not_in":
            return f"(!{fact}.isEmpty() && !{fact}.containsAny({_literal(operand)}))"
        case "same_as":
            return f"{fact}.containsAny(context[{_text(atom.refers)}])"
    return _compared(atom)


def _compared(atom: Atom) -> str:
    """An order between moments or numbers, of all members of the fact; false when there are none."""
    low, high = f"{atom.attr}#min", f"{atom.attr}#max"
    guard = f"context has {_text(low)}"
    least, most = f"context[{_text(low)}]", f"context[{_text(high)}]"
    match atom.operator:
        case "at_least" | "at_most" if isinstance(atom.operand, int | float):
            bound = str(round(atom.operand * 1000))
            test = f"{least} >= {bound}" if atom.operator == "at_least" else f"{most} <= {bound}"
            return f"({guard} && {test})"
        case "within":
            before, after = _text(f"now-{atom.operand}"), _text(f"now+{atom.operand}")
            return f"({guard} && {least} >= context[{before}] && {most} <= context[{after}])"
    if atom.refers:
        other = _text(f"{atom.refers}#min")
        guard, bound = f"{guard} && context has {other}", f"context[{other}]"
    else:
        bound = "context.now" if atom.operand == "now" else str(_rank(atom.operand))
    return f"({guard} && {f'{most} < {bound}' if atom.operator == 'before' else f'{least} > {bound}'})"


def _one_of(name: str, words: Iterable[str]) -> str:
    return f"context[{_text(name)}].containsAny({_literal(tuple(sorted(words)))})"


def _literal(value: Any) -> str:
    if isinstance(value, tuple):
        return "[" + ", ".join(_literal(each) for each in value) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date):
        return _text(value.isoformat())
    return str(value) if isinstance(value, int) else _text(str(value))


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def _and(parts: list[str]) -> str:
    return "(" + " && ".join(parts) + ")" if parts else "true"


def _or(parts: list[str]) -> str:
    return "(" + " || ".join(parts) + ")" if parts else "false"
