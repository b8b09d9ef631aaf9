"""Carry out the rulings on what came back: decide per record, remove rows, mask, and keep the ledger.

Law: docs/policy.md sections 2 and 5. It runs after the merge and before the answer is shaped, on the merged tree in
place. A fact that could not be had makes its field UNAVAILABLE, never visible.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from gateway.caller import Caller
from gateway.enforcement.applied import Applied, Unavailable
from gateway.enforcement.hidden import HIDDEN
from gateway.enforcement.laid import Layout, Slot
from gateway.enforcement.pages import Window, empty_connection, page_connection
from gateway.enforcement.permitted import Permitted, Ruled, RuledField
from gateway.enforcement.records import Context, Records
from gateway.enforcement.shapes import Shapes
from gateway.enforcement.walk import PAGE_LIMIT
from gateway.errors import LimitError
from gateway.policy import UNREACHABLE, Decision, Outcome, Policy, apply_mask

__all__ = ["Applied", "Unavailable", "apply_rulings", "subject_ids"]


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


class _Apply(Records):
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
        super().__init__(permitted, policy, caller, shapes, subjects, at)
        self.mask_key = mask_key
        self.variables = permitted.client.variables
        self.layout = Layout(permitted, policy, shapes)
        self.done: dict[int, tuple[Any, frozenset[str]]] = {}  # by identity, which holding the object makes sure of

    def object(
        self,
        item: dict[str, Any],
        name: str,
        ruled: Sequence[Ruled],
        context: Context,
        path: tuple[str | int, ...],
    ) -> None:
        """Rule on every field of ``item``; one that is met on several paths is ruled on once."""
        if context.subject and self.shapes.is_entity(name):
            self.applied.subjects.add(context.subject)
        row = self.layout.row(ruled, name)
        known = self.done.get(id(item))
        if known is None:
            self.done[id(item)] = (item, row.keys)
            self.applied.note(row.shown)
            if context.subject:
                self.applied.given.update((context.subject, owner) for owner in row.owners)
            for slot in row.others:
                self.value(item, name, slot, context, path)
            return
        self.done[id(item)] = (item, known[1] | row.keys)
        for slot in row.slots:
            if slot.key not in known[1] or slot.first.gather is not None:
                self.value(item, name, slot, context, path)

    def value(
        self,
        item: dict[str, Any],
        name: str,
        slot: Slot,
        context: Context,
        path: tuple[str | int, ...],
        shown: str = "",
    ) -> None:
        """Rule on the value of ``slot`` on ``item``; ``shown`` is the client's key where it is another."""
        key, ruling = slot.key, slot.ruling
        if slot.first.gather is not None:
            item[key] = self.gathered(item, name, slot.first, context, path)
            return
        if ruling is None:  # __typename
            return
        here = (*path, shown or key)
        if not slot.plumbing:
            if not ruling.settled:
                ruling = self.decide(slot.coordinate, context, item.get(key))
            self.applied.count(ruling, here)
        outcome = ruling.outcome
        if outcome is not Outcome.ALLOW and outcome is not Outcome.MASK:
            item[key] = self.nothing(name, slot, ruling)
            return
        if slot.governed and context.subject:
            self.applied.given.add((context.subject, ruling.owner))
        if slot.targets and outcome is Outcome.MASK:
            item[key] = None  # a mask is for leaves; an object under one shows nothing
        elif slot.targets:
            inner = self.below(slot.first, name, slot.targets, context)
            item[key] = self.composite(item.get(key), slot.targets, slot.children, inner, here, slot.first)
        elif outcome is Outcome.MASK:
            spec = self.policy.vocabulary.masks.get(ruling.mask)
            item[key] = apply_mask(
                ruling.mask, item.get(key), slot.kind, spec, coordinate=str(slot.coordinate), key=self.mask_key
            )

    def nothing(self, name: str, slot: Slot, ruling: Decision) -> Any:
        """What stands where a value is withheld: null, or an empty list where a record must not show."""
        if ruling.outcome is not Outcome.ABSENT:
            return None
        empty = self.shapes.empty(name, slot.first.field.name)
        if empty == {}:
            target = self.shapes.target(name, slot.first.field.name)
            return empty_connection(
                (each.field for each in slot.group),
                target,
                lambda name: not name or target in self.shapes.possible(name),
                self.variables,
            )
        return empty

    def composite(
        self,
        value: Any,
        targets: Sequence[str],
        children: Sequence[Ruled],
        context: Context,
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
        children: Sequence[Ruled],
        context: Context,
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
        for slot in self.layout.row(children, name).slots:
            key, first = slot.key, slot.group[0]
            if first.field.name not in ("edges", "nodes"):
                continue
            rows = list(value.get(key) or [])
            for place, index in enumerate(shown):  # only what is on this page is ruled on, counted and told of
                if index < len(rows):
                    rows[index] = self.composite(
                        rows[index], slot.targets, slot.children, context, (*path, key, place), first
                    )
            value[key] = rows
        return self.page(value, name, children, ruled, order, cursors)

    def rows_present(
        self,
        edges: list[dict[str, Any]],
        name: str,
        context: Context,
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
        children: Sequence[Ruled],
        ruled: RuledField,
        order: list[int],
        cursors: list[Any] | None = None,
    ) -> dict[str, Any]:
        window = Window.of(ruled.field, self.variables)
        groups = {each.key: list(each.group) for each in self.layout.row(children, name).slots}
        return page_connection(value, name, groups, window, order, cursors or [])

    # -- merged lists --

    def gathered(
        self,
        item: dict[str, Any],
        name: str,
        ruled: RuledField,
        context: Context,
        path: tuple[str | int, ...],
    ) -> Any:
        gather = ruled.gather
        assert gather is not None  # noqa: S101 - the caller asked for it
        rows: list[Any] = []
        for source in gather.sources:
            key = source.field.key
            self.part(item, name, source, context, path, ruled.field.key)
            rows.extend(row for row in item.get(key) or () if isinstance(row, dict))
        for match, kept in gather.matches.items():
            rows = [row for row in rows if row.get(HIDDEN + match) in kept]
        rows.sort(key=lambda row: str(row.get(gather.order) or ""))
        return rows[: gather.first] if gather.first is not None else rows

    def part(
        self,
        item: dict[str, Any],
        name: str,
        source: RuledField,
        context: Context,
        path: tuple[str | int, ...],
        shown: str,
    ) -> None:
        """Rule on one of the hidden lists that a merged one is made of."""
        key = source.field.key
        known = self.done.get(id(item), (item, frozenset()))
        if key not in known[1]:
            self.done[id(item)] = (item, known[1] | {key})
            self.value(item, name, self.layout.slot(key, name, (source,)), context, path, shown)


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
    work.object(data, permitted.client.root, permitted.ruled, Context(permitted.known), ())
    work.applied.sum_up()
    return work.applied
