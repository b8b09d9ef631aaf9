"""Carry out the rulings on what came back: decide per record, remove rows, mask, and keep the ledger.

Law: docs/policy.md sections 2 and 5. It runs after the merge and before the answer is shaped, on the merged tree in
place. A fact that could not be had makes its field UNAVAILABLE, never visible.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from gateway.caller import Caller
from gateway.coordinates import Coordinate
from gateway.enforcement.authorize import PAGE_LIMIT
from gateway.enforcement.hidden import HIDDEN
from gateway.enforcement.pages import Window, empty_connection, page_connection
from gateway.enforcement.permitted import Entry, Permitted, Ruled, RuledField
from gateway.enforcement.shapes import Shapes
from gateway.errors import LimitError
from gateway.policy import UNREACHABLE, Decision, OnRecord, Outcome, Policy, apply_mask

__all__ = ["Applied", "Unavailable", "apply_rulings", "subject_ids"]

_VISIBLE = (Outcome.ALLOW, Outcome.MASK)


@dataclass(frozen=True, slots=True)
class Unavailable:
    """A place in the answer whose value, or whose deciding fact, could not be had."""

    path: tuple[str | int, ...]
    coordinate: str
    owner: str = ""


@dataclass(slots=True)
class Applied:
    """The ledger, how often each (coordinate, outcome, agreement, version, article, reason) occurred, the decisions
    behind each and for how many values each stood, and who was looked at. ``given`` are the travelers of whom a governed
    value is shown, each with the agency whose it is."""

    ledger: list[Entry]
    outcomes: Counter[tuple[str, str, str, int, str, str]] = field(default_factory=Counter)
    weighed: dict[tuple[str, str, str, int, str, str], dict[int, tuple[Decision, int]]] = field(default_factory=dict)
    subjects: set[str] = field(default_factory=set)
    given: set[tuple[str, str]] = field(default_factory=set)
    unavailable: list[Unavailable] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Context:
    facts: Mapping[str, Any]
    subject: str = ""
    decided: dict[frozenset[str], OnRecord] = field(default_factory=dict, compare=False)


def subject_ids(data: Any, shapes: Shapes) -> set[str]:
    """The ids of every traveler that a hidden subject field of the merged ``data`` names."""
    lasts = {HIDDEN + path.rpartition(".")[2] for path in shapes.subjects.values()}
    found: set[str] = set()
    stack = [data]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            for key, value in item.items():
                if key in lasts and isinstance(value, str):
                    found.add(value)
                elif isinstance(value, (dict, list)):
                    stack.append(value)
        elif isinstance(item, list):
            stack.extend(item)
    return found


class _Apply:
    def __init__(
        self,
        permitted: Permitted,
        policy: Policy,
        caller: Caller,
        shapes: Shapes,
        subjects: Mapping[str, Mapping[str, Any]],
        at: datetime,
        mask_key: bytes,
    ) -> None:
        self.mask_key = mask_key
        self.permitted = permitted
        self.policy = policy
        self.caller = caller
        self.shapes = shapes
        self.subjects = subjects
        self.at = at
        self.variables = permitted.client.variables
        self.applied = Applied(list(permitted.ledger))
        self.entered = {(entry.coordinate, entry.path, entry.outcome) for entry in permitted.ledger}
        self.decisions = policy.decisions(caller, at)
        self.static = self.decisions.on(permitted.known)
        self.tellers: dict[str, tuple[Coordinate, ...]] = {}
        self.done: set[tuple[int, str]] = set()

    # -- deciding

    def decide(self, coordinate: Coordinate, context: _Context, value: Any = None) -> Decision:
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
            record = context.decided[static.needs] = self.decisions.on({**self.permitted.known, **facts})
        return record.of(coordinate)

    def present(self, name: str, context: _Context, *, among: bool = False) -> bool:
        """Whether an object of type ``name`` is there for this caller: some coordinate that tells of it is visible.

        ``among`` others: its position can hold objects of several types.
        """
        told = self.tellers.get(name)
        if told is None:
            told = self.tellers[name] = self.telling(name)
        if not told:
            return True
        outcomes = [
            outcome
            for coordinate in told
            if (outcome := self.decide(coordinate, context).outcome) is not Outcome.UNAVAILABLE
            or not self.beyond(name, coordinate)
        ]
        if any(outcome in _VISIBLE for outcome in outcomes):
            return True
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
        settled = [decision.outcome for each in told if (decision := self.static.of(each)).settled]
        return () if any(outcome in _VISIBLE for outcome in settled) else told

    def findable(self, name: str, context: _Context, ruled: RuledField, path: tuple[str | int, ...]) -> bool:
        """Whether a record may be found by what the field's arguments test: only by what it shows in clear."""
        found = True
        for coordinate in ruled.reads:
            if coordinate.type != name:
                continue
            decision = self.decide(coordinate, context)
            found = found and decision.outcome is Outcome.ALLOW
            if decision.outcome is Outcome.UNAVAILABLE:
                self.count(decision, path)
        return found

    def beyond(self, name: str, coordinate: Coordinate) -> bool:
        """Whether deciding on ``coordinate`` takes facts of what stands below an object of type ``name``."""
        needs = self.static.of(coordinate).needs
        heads = {need.split(".")[1] for need in needs if need.startswith("record.")}
        return not heads <= self.shapes.field_names(name)

    def context(self, item: Mapping[str, Any], name: str, context: _Context) -> _Context:
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
        return _Context(facts, subject)

    def below(self, ruled: RuledField, parent: str, targets: Iterable[str], context: _Context) -> _Context:
        """The context of what a field leads to: whose records they are, if that is known before they are looked at.

        As in ``authorize``: a person's chapters are about the person; anything else is about nobody known, until the
        record itself says whose it is.
        """
        if ruled.subject:
            facts = {**_without_subject(context.facts), "subject.id": ruled.subject}
            return _Context(facts | dict(self.subjects.get(ruled.subject, {})), ruled.subject)
        if any(self.shapes.leaves_subject(parent, target) for target in targets):
            return _Context(_without_subject(context.facts))
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

    # -- walking --

    def object(
        self,
        item: dict[str, Any],
        name: str,
        ruled: Sequence[Ruled],
        context: _Context,
        path: tuple[str | int, ...],
    ) -> None:
        if self.shapes.is_entity(name) and context.subject:
            self.applied.subjects.add(context.subject)
        for key, group in self.collect(ruled, name).items():
            self.value(item, key, name, group, context, path)

    def collect(self, ruled: Iterable[Ruled], name: str) -> dict[str, list[RuledField]]:
        """The client's fields that apply to an object of type ``name``, by response key, in order."""
        found: dict[str, list[RuledField]] = {}
        for each in ruled:
            if isinstance(each, RuledField):
                if all(condition.holds(self.variables) for condition in each.field.conditions):
                    found.setdefault(each.field.key, []).append(each)
            elif name in each.types and all(c.holds(self.variables) for c in each.fragment.conditions):
                for key, group in self.collect(each.children, name).items():
                    found.setdefault(key, []).extend(group)
        return found

    def value(
        self,
        item: dict[str, Any],
        key: str,
        name: str,
        group: list[RuledField],
        context: _Context,
        path: tuple[str | int, ...],
        shown: str = "",
    ) -> None:
        first = next((each for each in group if name in each.rulings or each.gather), group[0])
        if first.gather is not None:
            item[key] = self.gathered(item, name, first, context, path)
            return
        ruling = first.rulings.get(name)
        if ruling is None or (id(item), key) in self.done:  # __typename, or seen on another path
            return
        self.done.add((id(item), key))
        coordinate = Coordinate(name, first.field.name)
        here = (*path, shown or key)
        if name not in self.shapes.plumbing:
            if not ruling.settled:
                ruling = self.decide(coordinate, context, item.get(key))
            self.count(ruling, here)
        if ruling.outcome not in _VISIBLE:
            item[key] = self.nothing(name, first, group, ruling)
            return
        if context.subject and self.policy.governed(coordinate):
            self.applied.given.add((context.subject, ruling.owner))
        targets = sorted({target for each in group for target in each.targets})
        if targets and ruling.outcome is Outcome.MASK:
            item[key] = None  # a mask is for leaves; an object under one shows nothing
        elif targets:
            children = [child for each in group for child in each.children]
            inner = self.below(first, name, targets, context)
            item[key] = self.composite(item.get(key), targets, children, inner, here, first)
        elif ruling.outcome is Outcome.MASK:
            kind = self.shapes.field_type(name, first.field.name)
            spec = self.policy.vocabulary.masks.get(ruling.mask)
            item[key] = apply_mask(
                ruling.mask, item.get(key), kind, spec, coordinate=str(coordinate), key=self.mask_key
            )

    def nothing(self, name: str, ruled: RuledField, group: list[RuledField], ruling: Decision) -> Any:
        """What stands where a value is withheld: null, or an empty list where a record must not show."""
        if ruling.outcome is not Outcome.ABSENT:
            return None
        empty = self.shapes.empty(name, ruled.field.name)
        if empty == {}:
            target = self.shapes.target(name, ruled.field.name)
            return empty_connection(
                (each.field for each in group),
                target,
                lambda name: not name or target in self.shapes.possible(name),
                self.variables,
            )
        return empty

    def composite(
        self,
        value: Any,
        targets: list[str],
        children: list[Ruled],
        context: _Context,
        path: tuple[str | int, ...],
        ruled: RuledField,
    ) -> Any:
        """``value`` with its objects ruled on: absent rows gone, an absent single turned to None."""
        if isinstance(value, list):
            kept: list[Any] = []
            for item in value:
                one = self.composite(item, targets, children, context, (*path, len(kept)), ruled)
                if one is not None or item is None:
                    kept.append(one)
            return kept
        if not isinstance(value, dict):
            return None
        name = value.get("__typename") or (targets[0] if len(targets) == 1 else "")
        if name not in targets:
            return None  # a type that was not decided on
        inner = self.context(value, name, context)
        if not self.present(name, inner, among=len(targets) > 1) or not self.findable(name, inner, ruled, path):
            return None
        if ruled.pages and self.shapes.connection_node(name):
            return self.paged(value, name, children, context, path, ruled)
        self.object(value, name, children, inner, path)
        return value

    # -- connections --

    def paged(
        self,
        value: dict[str, Any],
        name: str,
        children: list[Ruled],
        context: _Context,
        path: tuple[str | int, ...],
        ruled: RuledField,
    ) -> dict[str, Any]:
        """A connection whose rows were ruled on one by one; counts, cursors and pages follow from what is left."""
        if (value.get(HIDDEN + "pageInfo") or {}).get("hasNextPage"):
            raise LimitError(
                "TOO_MANY_ROWS",
                f'"{ruled.field.key}" has more than {PAGE_LIMIT} rows, and each has to be decided on.',
                hint="Narrow the filter.",
            )
        edges = [edge for edge in value.get(HIDDEN + "edges") or [] if isinstance(edge, dict)]
        order = self.rows_present(edges, name, context, ruled, path)
        cursors = [edge.get("cursor") for edge in edges]
        shown, _, _ = Window.of(ruled.field, self.variables).cut(order, cursors)
        for key, group in self.collect(children, name).items():
            if group[0].field.name not in ("edges", "nodes"):
                continue
            inner = [child for each in group for child in each.children]
            targets = sorted({target for each in group for target in each.targets})
            rows = list(value.get(key) or [])
            for place, index in enumerate(shown):  # only what is on this page is ruled on, counted and told of
                if index < len(rows):
                    rows[index] = self.composite(rows[index], targets, inner, context, (*path, key, place), group[0])
            value[key] = rows
        return self.page(value, name, children, ruled, order, cursors)

    def rows_present(
        self,
        edges: list[dict[str, Any]],
        name: str,
        context: _Context,
        ruled: RuledField,
        path: tuple[str | int, ...],
    ) -> list[int]:
        """The indexes of the rows that are there for this caller, judged on the hidden facts of each node."""
        node = self.shapes.connection_node(name)
        found: list[int] = []
        for index, edge in enumerate(edges):
            item = edge.get(HIDDEN + "node")
            kind = (item.get("__typename") or node) if isinstance(item, dict) else ""
            if not isinstance(item, dict):
                continue
            inner = self.context(item, kind, context)
            if self.present(kind, inner) and self.findable(kind, inner, ruled, path):
                found.append(index)
        return found

    def page(
        self,
        value: dict[str, Any],
        name: str,
        children: list[Ruled],
        ruled: RuledField,
        order: list[int],
        cursors: list[Any] | None = None,
    ) -> dict[str, Any]:
        window = Window.of(ruled.field, self.variables)
        groups = self.collect(children, name)
        return page_connection(value, name, groups, window, order, cursors or [])

    # -- merged lists --

    def gathered(
        self,
        item: dict[str, Any],
        name: str,
        ruled: RuledField,
        context: _Context,
        path: tuple[str | int, ...],
    ) -> Any:
        gather = ruled.gather
        assert gather is not None  # noqa: S101 - the caller asked for it
        rows: list[Any] = []
        for source in gather.sources:
            key = source.field.key
            self.value(item, key, name, [source], context, path, shown=ruled.field.key)
            rows.extend(row for row in item.get(key) or () if isinstance(row, dict))
        for match, kept in gather.matches.items():
            rows = [row for row in rows if row.get(HIDDEN + match) in kept]
        rows.sort(key=lambda row: str(row.get(gather.order) or ""))
        return rows[: gather.first] if gather.first is not None else rows

    # -- the ledger

    def count(self, ruling: Decision, path: tuple[str | int, ...]) -> None:
        basis = ruling.basis
        key = (
            ruling.coordinate,
            str(ruling.outcome) + (f":{ruling.mask}" if ruling.mask else ""),
            basis.agreement if basis else "",
            basis.version if basis else 0,
            basis.article if basis else "",
            ruling.reason,
        )
        self.applied.outcomes[key] += 1
        behind = self.applied.weighed.setdefault(key, {})
        behind[id(ruling)] = (ruling, behind[id(ruling)][1] + 1 if id(ruling) in behind else 1)
        if ruling.outcome in (Outcome.ALLOW, Outcome.ABSENT):
            return
        if ruling.outcome is Outcome.UNAVAILABLE:
            self.applied.unavailable.append(Unavailable(path, ruling.coordinate, ruling.owner))
        shown = tuple("[]" if isinstance(step, int) else step for step in path if not str(step).startswith(HIDDEN))
        if (ruling.coordinate, shown, str(ruling.outcome)) not in self.entered:
            self.entered.add((ruling.coordinate, shown, str(ruling.outcome)))
            self.applied.ledger.append(
                Entry(
                    str(ruling.outcome),
                    ruling.coordinate,
                    shown,
                    ruling.owner,
                    ruling.reason,
                    mask=ruling.mask,
                    how_to_request=ruling.how_to_request,
                    agreement=basis.agreement if basis and ruling.outcome is Outcome.MASK else "",
                )
            )


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


def _mark_unreachable(data: Any, path: Sequence[str | int]) -> None:
    """Where a fact below ``path`` came back as null with an error, put UNREACHABLE: it is not known to be nothing."""
    at: Any = data
    for step in path:
        inside = at.get(step) if isinstance(at, dict) and isinstance(step, str) else None
        if isinstance(at, list) and isinstance(step, int) and step < len(at):
            inside = at[step]
        if inside is None:
            if isinstance(at, dict) and isinstance(step, str) and step.startswith(HIDDEN) and step in at:
                at[step] = UNREACHABLE
            return
        at = inside


def _without_subject(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if not name.startswith("subject.")}


def apply_rulings(
    permitted: Permitted,
    data: dict[str, Any],
    policy: Policy,
    caller: Caller,
    shapes: Shapes,
    subjects: Mapping[str, Mapping[str, Any]],
    at: datetime,
    mask_key: bytes = b"",
    failed: Iterable[Sequence[str | int]] = (),
) -> Applied:
    """Edit the merged ``data`` in place until it holds exactly what the caller may see; returns ledger and counts.

    ``subjects`` maps a traveler's id to its flags (``subject.p1367`` and so on, or ``UNREACHABLE``). ``mask_key`` is
    the gateway's secret for keyed masks. ``failed`` are the paths where subgraphs reported errors.
    """
    for path in failed:
        _mark_unreachable(data, path)
    work = _Apply(permitted, policy, caller, shapes, subjects, at, mask_key)
    work.object(data, permitted.client.root, permitted.ruled, _Context(permitted.known), ())
    return work.applied
