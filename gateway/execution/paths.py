"""Walking the merged tree along a plan's paths: through lists, past nulls, only where type guards match."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from gateway.execution.result import ResponsePath
from gateway.execution.shape import Shape
from gateway.planning.plan import Path

__all__ = ["fields_at", "find", "trace"]


def find(root: dict[str, Any], path: Path) -> list[dict[str, Any]]:
    """The objects at ``path`` below ``root``, in document order.

    ``@`` goes into every item of one list level, ``|A|B`` keeps objects whose ``__typename`` is A or B. Whatever does
    not have the form the path expects (null, or a list where an object should be) ends its branch.
    """
    level: list[Any] = [root]
    for step in path:
        if step == "@":
            level = [item for value in level if type(value) is list for item in value]
        elif step[0] == "|":
            types = step[1:].split("|")
            level = [value for value in level if type(value) is dict and value.get("__typename") in types]
        else:
            level = [value[step] for value in level if type(value) is dict and step in value]
    return [value for value in level if type(value) is dict]


def trace(root: dict[str, Any], path: Path) -> Iterator[tuple[ResponsePath, dict[str, Any]]]:
    """What ``find`` finds, each object with the place it stands at; slower, for errors."""
    level: list[tuple[ResponsePath, Any]] = [((), root)]
    for step in path:
        below: list[tuple[ResponsePath, Any]] = []
        for place, value in level:
            if step == "@":
                if type(value) is list:
                    below.extend(((*place, index), item) for index, item in enumerate(value))
            elif type(value) is dict:
                if step[0] == "|":
                    if value.get("__typename") in step[1:].split("|"):
                        below.append((place, value))
                elif step in value:
                    below.append(((*place, step), value[step]))
        level = below
    for place, value in level:
        if type(value) is dict:
            yield place, value


def fields_at(places: Iterable[ResponsePath], shape: Shape) -> list[ResponsePath]:
    """Every field of ``shape`` at each of ``places``."""
    keys = dict.fromkeys(slot.key for slot in shape.slots.values() if slot.key != "__typename")
    return [(*place, key) for place in places for key in keys]
