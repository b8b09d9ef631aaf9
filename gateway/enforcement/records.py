"""Deciding on what came back, record by record: whose it is, what its facts are, whether it is there for this caller.

A fact that could not be had makes its field UNAVAILABLE, never visible.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from gateway.caller import Caller
from gateway.coordinates import Coordinate
from gateway.enforcement.applied import Applied
from gateway.enforcement.hidden import HIDDEN
from gateway.enforcement.permitted import Permitted, RuledField
from gateway.enforcement.shapes import Shapes
from gateway.enforcement.values import named_by
from gateway.policy import UNREACHABLE, Case, Decision, OnRecord, Outcome, Policy

__all__ = ["VISIBLE", "Context", "Records"]

VISIBLE = (Outcome.ALLOW, Outcome.MASK)


@dataclass(frozen=True, slots=True)
class Context:
    """Where in the answer a value stands: the facts of its record and of whoever that is about."""

    facts: Mapping[str, Any]
    subject: str = ""
    decided: dict[frozenset[str], OnRecord] = field(default_factory=dict, compare=False)


class Records:
    """Decides on the coordinates of each record of one answer, with that record's facts."""

    def __init__(
        self,
        permitted: Permitted,
        policy: Policy,
        caller: Caller,
        shapes: Shapes,
        subjects: Mapping[str, Mapping[str, Any]],
        at: datetime,
    ) -> None:
        self.permitted = permitted
        self.policy = policy
        self.caller = caller
        self.shapes = shapes
        self.subjects = subjects
        self.at = at
        self.applied = Applied(list(permitted.ledger), keys=permitted.worked.setdefault("keys", {}))
        self.decisions = policy.decisions(caller, at)
        self.case = Case()
        self.static = self.decisions.on(permitted.known, self.case)
        self.tellers: dict[str, tuple[Coordinate, ...]] = {}

    def decide(self, coordinate: Coordinate, context: Context, value: Any = None) -> Decision:
        """The decision on ``coordinate`` with the facts of the record it stands on; ``value`` where its own code decides."""
        static = self.static.of(coordinate)
        if static.settled:
            return static
        if "value" in static.needs:
            facts = {name: context.facts.get(name, UNREACHABLE) for name in static.needs}
            facts["value"] = value.get(HIDDEN + "code", value.get("code")) if isinstance(value, dict) else value
            return self.decisions.of(coordinate, {**self.permitted.known, **facts})
        record = context.decided.get(static.needs)
        if record is None:
            facts = {name: context.facts.get(name, UNREACHABLE) for name in static.needs}
            known = self.permitted.known
            # a fact of the case that is not known yet is unreachable by now: then the case is not that of ``static``
            case = None if any(each.startswith("case.") for each in static.needs) else self.case
            record = context.decided[static.needs] = self.decisions.on({**known, **facts}, case)
        return record.of(coordinate)

    def present(self, name: str, context: Context, *, among: bool = False) -> bool:
        """Whether an object of type ``name`` is there for this caller: some coordinate that tells of it is visible.

        ``among`` others: its position can hold objects of several types.
        """
        told = self.tellers.get(name)
        if told is None:
            told = self.tellers[name] = self.telling(name)
        if not told:
            return True
        outcomes: list[Outcome] = []
        for coordinate in told:
            outcome = self.decide(coordinate, context).outcome
            if outcome in VISIBLE:
                return True
            if outcome is not Outcome.UNAVAILABLE or not self.beyond(name, coordinate):
                outcomes.append(outcome)
        # nothing visible: absent, unless it is only that nobody could be asked; one of several types that a search
        # may find is not there for a caller who is given nothing of it
        if Outcome.UNAVAILABLE in outcomes:
            return True
        return (not among or name in self.policy.vocabulary.hubs) and all(each is Outcome.DENY for each in outcomes)

    def telling(self, name: str) -> tuple[Coordinate, ...]:
        """What tells of an object of type ``name``, one of all that are decided alike; nothing where it always shows."""
        if name in self.shapes.plumbing:
            return ()
        told = self.decisions.apart(self.shapes.told_by(name))
        static = map(self.static.of, told)
        return () if any(each.settled and each.outcome in VISIBLE for each in static) else told

    def findable(self, name: str, context: Context, ruled: RuledField, path: tuple[str | int, ...]) -> bool:
        """Whether a record may be found by what the field's arguments test: only by what it shows in clear."""
        found = True
        for coordinate in ruled.reads:
            if coordinate.type != name:
                continue
            decision = self.decide(coordinate, context)
            found = found and decision.outcome is Outcome.ALLOW
            if decision.outcome is Outcome.UNAVAILABLE:
                self.applied.count(decision, path)
        return found

    def beyond(self, name: str, coordinate: Coordinate) -> bool:
        """Whether deciding on ``coordinate`` takes facts of what stands below an object of type ``name``."""
        needs = self.static.of(coordinate).needs
        heads = {need.split(".")[1] for need in needs if need.startswith("record.")}
        return not heads <= self.shapes.field_names(name)

    def context(self, item: Mapping[str, Any], name: str, context: Context) -> Context:
        """The facts of the object ``item``, laid over those of the record around it."""
        own = {key: value for key, value in item.items() if key.startswith(HIDDEN)}
        if not own and not self.shapes.is_entity(name):
            return context
        facts = dict(context.facts)
        if self.shapes.is_entity(name):
            facts = {key: value for key, value in facts.items() if not key.startswith("record.")}
        for key, value in own.items():
            _flatten("record." + key[len(HIDDEN) :], value, facts)
        subject = context.subject
        path = self.shapes.subjects.get(name)
        if path is not None:
            subject, facts = self.subject_facts(item, path, subject, facts)
        return Context(facts, subject)

    def below(self, ruled: RuledField, parent: str, targets: Iterable[str], context: Context) -> Context:
        """The context of what a field leads to: whose records they are, if that is known before they are looked at.

        As in ``authorize``: a person's chapters are about the person; anything else is about nobody known, until the
        record itself says whose it is.
        """
        named = named_by(self.policy, parent, ruled.field, self.permitted.client.variables).id
        if named:
            facts = {**_without_subject(context.facts), "subject.id": named}
            return Context(facts | dict(self.subjects.get(named, {})), named)
        if any(self.shapes.leaves_subject(parent, target) for target in targets):
            return Context(_without_subject(context.facts))
        return context

    def subject_facts(
        self, item: Mapping[str, Any], path: str, subject: str, facts: dict[str, Any]
    ) -> tuple[str, dict[str, Any]]:
        """Whose record ``item`` is, with that person's facts; as it was where nobody needed to ask."""
        value: Any = item
        for step in path.split("."):
            if isinstance(value, dict):
                if HIDDEN + step not in value:
                    return subject, facts
                value = value[HIDDEN + step]
        facts = _without_subject(facts)
        if value is UNREACHABLE:
            return "", facts
        if value is None:  # the record is about nobody: there is no flag that could be up
            facts["subject.id"] = ""
            facts.update(dict.fromkeys(self.policy.vocabulary.authorities, False))
            return "", facts
        facts["subject.id"] = value
        facts.update(self.subjects.get(value, {}))
        return str(value), facts


def _flatten(name: str, value: Any, facts: dict[str, Any]) -> None:
    """Write ``value``, read under hidden keys, as dotted facts."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key.startswith(HIDDEN):
                _flatten(f"{name}.{key[len(HIDDEN) :]}", inner, facts)
    elif isinstance(value, list) and any(isinstance(each, dict) for each in value):
        gathered: dict[str, list[Any]] = {}
        for each in value:
            inner_facts: dict[str, Any] = {}
            _flatten(name, each, inner_facts)
            for key, inner in inner_facts.items():
                gathered.setdefault(key, []).append(inner)
        facts.update(gathered)
    else:
        facts[name] = value


def _without_subject(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if not name.startswith("subject.")}
