"""The plan: a frozen tree of fetches that prints, and that the executor runs without knowing the schema's reasons.

Paths are tuples of steps through the merged result tree: a response key, ``@`` for every item of a list, and
``|A|B`` for "only where the object's ``__typename`` is A or B". ``("traveler", "timeline", "@", "|VisaEvent")``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from gateway.operation.model import Condition

__all__ = [
    "Conditional",
    "EntityBatch",
    "Fetch",
    "Input",
    "InputField",
    "InputFragment",
    "Node",
    "Parallel",
    "Path",
    "Plan",
    "Rename",
    "Sequence",
]

Path: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class InputField:
    """One field of a representation: read under ``source`` in the merged tree, sent under ``name``.

    ``constant`` sends a fixed value instead of reading one.
    """

    source: str
    name: str
    selections: tuple[InputSelection, ...] = ()
    required: bool = True  # a key field: missing or null means this entity is not asked for; else null is sent


@dataclass(frozen=True, slots=True)
class InputFragment:
    """Fields of a representation that are sent only for objects of these runtime types."""

    types: tuple[str, ...]
    selections: tuple[InputSelection, ...]


InputSelection: TypeAlias = InputField | InputFragment


@dataclass(frozen=True, slots=True)
class Input:
    """The shape of one representation: for objects of ``types``, send ``typename`` (its own when empty) and fields."""

    types: tuple[str, ...]
    typename: str
    selections: tuple[InputSelection, ...]


@dataclass(frozen=True, slots=True)
class Rename:
    """In a fetch's answer, at ``path`` below the merge point: the value under ``alias`` belongs under ``key``.

    The executor renames while merging, so that every client field sits under its response key in the merged tree
    and every copy made for a key or a requirement under a key beginning with ``__r``.
    """

    path: Path
    alias: str
    key: str


@dataclass(frozen=True, slots=True)
class EntityBatch:
    """One aliased ``_entities`` call: deduplicated representations gathered at ``targets``, answered under ``alias``."""

    alias: str
    variable: str
    targets: tuple[Path, ...]
    inputs: tuple[Input, ...]
    renames: tuple[Rename, ...] = ()
    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Fetch:
    """One request to one subgraph.

    ``text`` is the byte-stable operation (every value a variable or the client's own literal); ``variables`` the
    client variables it reads; ``batches`` its entity calls, empty for a root fetch; ``path`` where root data merges
    (``()`` except for re-entry through a field of type Query); ``coordinates`` every ``Type.field`` the text selects,
    on concrete types of the subgraph, sorted; ``depends`` the ids of fetches whose values it reads.
    """

    id: int
    subgraph: str
    kind: str
    text: str
    name: str = ""
    variables: tuple[str, ...] = ()
    batches: tuple[EntityBatch, ...] = ()
    path: Path = ()
    renames: tuple[Rename, ...] = ()
    depends: tuple[int, ...] = ()
    coordinates: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()
    lookup: bool = True  # False: repeat never (mutations)


@dataclass(frozen=True, slots=True)
class Sequence:
    """Run these nodes one after another."""

    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Parallel:
    """Run these nodes side by side: one wave."""

    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Conditional:
    """Run the node only where every condition holds."""

    conditions: tuple[Condition, ...]
    node: Node


Node: TypeAlias = Fetch | Sequence | Parallel | Conditional


@dataclass(frozen=True, slots=True)
class Plan:
    """The fetches of one operation; ``node`` is None when nothing has to be fetched."""

    node: Node | None
    fetches: tuple[Fetch, ...] = ()
    depth: int = 0
