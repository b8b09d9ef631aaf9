"""Merging an answer into the tree: objects key by key, lists index by index, never by guess.

Null never overwrites a value. ``__typename`` is kept only where it names an object type (a subgraph that has an
interface as an interface object says the interface's name), and an object that claims an unknown type, or another one
than is already known, is not merged at all. Answers are copied: no two places of the tree share an object.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from gateway.execution.result import ResponsePath
from gateway.execution.shape import Shape

__all__ = ["Merger", "unroll"]

# a path as linked pairs, cheap to extend and made into a tuple only when something is wrong
_Link: TypeAlias = "tuple[_Link, str | int] | None"


def unroll(link: _Link) -> ResponsePath:
    """The path that ``link`` stands for."""
    steps: list[str | int] = []
    while link is not None:
        link, step = link
        steps.append(step)
    return tuple(reversed(steps))


class Merger:
    """Merges the answers of one fetch; ``problems`` collects (code, path below the merge point)."""

    def __init__(self, object_types: frozenset[str], interfaces: frozenset[str] = frozenset()) -> None:
        self.object_types = object_types
        self.interfaces = interfaces
        self.problems: list[tuple[str, ResponsePath]] = []

    def merge(self, target: dict[str, Any], source: dict[str, Any], shape: Shape, path: _Link = None) -> bool:
        """Copy what ``shape`` asked for from ``source`` into ``target``; False where its type forbids that."""
        typed, rows = shape.rows()
        if typed:
            claimed = source.get("__typename")
            if claimed is not None and not self._claim(target, claimed, path):
                return False
        for alias, key, below in rows:
            if alias not in source:
                continue
            value = source[alias]
            if value is None:
                target.setdefault(key, None)
            elif below is None:
                target[key] = value
            elif type(value) is dict:
                self._merge_object(target, key, value, below, (path, key))
            elif type(value) is list:
                self._merge_list(target, key, value, below, (path, key))
            else:
                target.setdefault(key, None)
                self._report("SUBGRAPH_WRONG_SHAPE", (path, key))
        return True

    def _claim(self, target: dict[str, Any], claimed: Any, path: _Link) -> bool:
        """Note the type an answer claims for ``target``; False where it contradicts what is known."""
        if not isinstance(claimed, str):
            self._report("SUBGRAPH_WRONG_SHAPE", path)
            return False
        if claimed in self.interfaces:
            return True
        if claimed not in self.object_types:
            self._report("SUBGRAPH_WRONG_TYPE", path)
            return False
        known = target.setdefault("__typename", claimed)
        if known != claimed:
            self._report("SUBGRAPH_WRONG_TYPE", path)
            return False
        return True

    def _merge_object(self, target: dict[str, Any], key: str, value: dict[str, Any], shape: Shape, path: _Link) -> None:
        known = target.get(key)
        if known is None:
            target[key] = self._copy_item(value, shape, path)
        elif type(known) is dict:
            self.merge(known, value, shape, path)
        else:
            self._report("SUBGRAPH_WRONG_SHAPE", path)

    def _merge_list(self, target: dict[str, Any], key: str, value: list[Any], shape: Shape, path: _Link) -> None:
        known = target.get(key)
        if known is None:
            target[key] = self._copy_list(value, shape, path)
        elif type(known) is list:
            self._join_lists(known, value, shape, path)
        else:
            self._report("SUBGRAPH_WRONG_SHAPE", path)

    def _copy_list(self, value: list[Any], shape: Shape, path: _Link) -> list[Any]:
        return [self._copy_item(item, shape, (path, index)) for index, item in enumerate(value)]

    def _copy_item(self, item: Any, shape: Shape, path: _Link) -> Any:
        """One value copied by ``shape``; an object of an impossible type, or what is no object at all, becomes null."""
        if type(item) is dict:
            fresh: dict[str, Any] = {}
            return fresh if self.merge(fresh, item, shape, path) else None
        if type(item) is list:
            return self._copy_list(item, shape, path)
        if item is not None:
            self._report("SUBGRAPH_WRONG_SHAPE", path)
        return None

    def _join_lists(self, known: list[Any], value: list[Any], shape: Shape, path: _Link) -> None:
        """Merge two answers to one list field, position by position; the first answer's length stands."""
        if len(known) != len(value):
            self._report("SUBGRAPH_LIST_MISMATCH", path)
        for index, (mine, item) in enumerate(zip(known, value, strict=False)):
            if item is None:
                continue
            if mine is None:
                known[index] = self._copy_item(item, shape, (path, index))
            elif type(mine) is dict and type(item) is dict:
                self.merge(mine, item, shape, (path, index))
            elif type(mine) is list and type(item) is list:
                self._join_lists(mine, item, shape, (path, index))
            else:
                self._report("SUBGRAPH_WRONG_SHAPE", (path, index))

    def _report(self, code: str, path: _Link) -> None:
        self.problems.append((code, unroll(path)))
