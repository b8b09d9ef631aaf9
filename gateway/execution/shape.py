"""The shape of a fetch's answer: which keys were asked for, under which storage key each belongs, what lies below.

Made once per plan from the fetch's own text and renames. Merging reads answers only through a shape, so a key that
nobody asked for is never seen, whatever a subgraph sends.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from graphql import parse
from graphql.language import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

from gateway.execution.result import ResponsePath
from gateway.planning.plan import Rename

__all__ = ["Shape", "Slot", "read_shape", "rename", "storage_path"]


Rows: TypeAlias = "tuple[bool, tuple[tuple[str, str, Shape | None], ...]]"


@dataclass(slots=True)
class Slot:
    """Where the value under one alias goes; ``shape`` is None for leaves."""

    key: str
    shape: Shape | None = None


@dataclass(slots=True)
class Shape:
    """The aliases that one object of an answer may have, those of all its type conditions together."""

    slots: dict[str, Slot] = field(default_factory=dict)
    _rows: Rows | None = None

    def rows(self) -> Rows:
        """Whether the type name was asked for, and (alias, key, shape below) of everything else; for reading only."""
        if self._rows is None:
            others = ((alias, slot.key, slot.shape) for alias, slot in self.slots.items() if alias != "__typename")
            self._rows = ("__typename" in self.slots, tuple(others))
        return self._rows

    def size(self) -> int:
        """How many aliases there are at every depth; the type's name is none."""
        shapes = [slot.shape for alias, slot in self.slots.items() if alias != "__typename"]
        return len(shapes) + sum(shape.size() for shape in shapes if shape is not None)

    def below(self, key: str) -> list[Shape]:
        """The shapes of everything stored under ``key``."""
        return [slot.shape for slot in self.slots.values() if slot.key == key and slot.shape is not None]


def read_shape(text: str) -> Shape:
    """The shape of what ``text``, an operation the planner wrote, asks for."""
    document = parse(text, no_location=True)
    fragments = {d.name.value: d.selection_set for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
    shape = Shape()
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode):
            _read(definition.selection_set, shape, fragments)
    return shape


def _read(selection_set: SelectionSetNode, shape: Shape, fragments: dict[str, SelectionSetNode]) -> None:
    for node in selection_set.selections:
        if isinstance(node, FieldNode):
            alias = (node.alias or node.name).value
            slot = shape.slots.setdefault(alias, Slot(alias))
            if node.selection_set is not None:
                slot.shape = slot.shape or Shape()
                _read(node.selection_set, slot.shape, fragments)
        elif isinstance(node, FragmentSpreadNode):
            _read(fragments[node.name.value], shape, fragments)
        else:
            below: SelectionSetNode = getattr(node, "selection_set")  # noqa: B009 (the base class has no such field)
            _read(below, shape, fragments)


def rename(shape: Shape, renames: Sequence[Rename]) -> None:
    """Put the storage keys of ``renames`` into ``shape``; they come outermost first, as the plan lists them."""
    for each in renames:
        level = [shape]
        for step in each.path:
            if step != "@":
                level = [below for here in level for below in here.below(step)]
        for here in level:
            slot = here.slots.get(each.alias)
            if slot is not None:
                slot.key = each.key
                here._rows = None


def storage_path(shape: Shape | None, path: Sequence[object]) -> ResponsePath:
    """A subgraph's error path in storage keys; cut where it leaves what was asked for."""
    found: list[str | int] = []
    for step in path:
        if isinstance(step, bool) or not isinstance(step, str | int):
            break
        if isinstance(step, str):
            slot = shape.slots.get(step) if shape is not None else None
            if slot is None:
                break
            found.append(slot.key)
            shape = slot.shape
        else:
            found.append(step)
    return tuple(found)
