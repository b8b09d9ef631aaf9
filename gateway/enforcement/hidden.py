"""Fields the gateway adds for itself, and reading them back: facts, subjects, cursors, under keys no client can write."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, Protocol

from gateway.operation.model import Field, Selection

__all__ = ["HIDDEN", "coordinates_of", "hidden_fields", "paging_fields", "read_hidden"]

HIDDEN: Final = "__f_"


class _Targets(Protocol):
    def target(self, parent: str, field: str) -> str: ...


def hidden_fields(shapes: _Targets, parent: str, paths: Iterable[str]) -> tuple[Field, ...]:
    """Hidden fields that read the dotted ``paths`` of a ``parent`` object."""
    heads: dict[str, set[str]] = {}
    for path in sorted(paths):
        head, _, rest = path.partition(".")
        heads.setdefault(head, set()).update({rest} if rest else set())
    return tuple(
        Field(
            HIDDEN + head, head, parent,
            selections=hidden_fields(shapes, shapes.target(parent, head), rests) if rests else (),
            hidden=True,
        )
        for head, rests in heads.items()
    )  # fmt: skip


def paging_fields(target: str, edge: str, facts: tuple[Selection, ...], shapes: _Targets) -> tuple[Selection, ...]:
    """Hidden fields from which the gateway pages itself: each edge's cursor and whether its node is there."""
    page = shapes.target(target, "pageInfo")
    node = Field(
        HIDDEN + "node", "node", edge, selections=facts or (Field("__typename", "__typename", ""),), hidden=True
    )
    more = Field("hasNextPage", "hasNextPage", page, hidden=True)
    return (
        Field(HIDDEN + "edges", "edges", target, selections=(Field("cursor", "cursor", edge), node), hidden=True),
        Field(HIDDEN + "pageInfo", "pageInfo", target, selections=(more,), hidden=True),
    )


def coordinates_of(fields: Iterable[Field]) -> frozenset[str]:
    """The coordinates that hidden ``fields`` read, at every depth."""
    found: set[str] = set()
    for field in fields:
        found.add(f"{field.parent}.{field.name}")
        found |= coordinates_of(each for each in field.selections if isinstance(each, Field))
    return frozenset(found)


def read_hidden(item: Mapping[str, Any] | None, path: str) -> Any:
    """The value at a dotted ``path`` of hidden fields below ``item``; None where a step is missing."""
    value: Any = item
    for step in path.split("."):
        if not isinstance(value, Mapping):
            return None
        value = value.get(HIDDEN + step)
    return value
