"""The plan: a frozen tree of fetches that prints, and that the executor runs without knowing the schema's reasons.

Paths are tuples of steps through the merged result tree: a storage key, ``@`` for every item of a list (once per
list level), and ``|A|B`` for "only where the object's ``__typename`` is A or B" (an object without ``__typename``
does not match). ``("traveler", "timeline", "@", "|VisaEvent")``. A null on the way ends that branch.

Storage keys: a client (or hidden ``__f_``) field lies under its response key; a value fetched only as input of
another fetch lies under its plain field name where no client field has that key, else under a key beginning with
``__r``. Objects of an abstract type carry ``__typename``; the one exception are objects of an interface reached
through an interface object whose real type nobody asked for: they have none, and every field selected on the
interface itself applies to them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from gateway.operation.model import Condition

__all__ = [
    "Conditional",
    "ContextInput",
    "Deferred",
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
    "Subscribe",
]

Path: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class InputField:
    """One field of a representation: read under ``source`` in the merged object, sent under ``name``.

    A list is mapped item by item (however deep), an object by ``selections``; a leaf is sent as it is. The value
    missing altogether means that the entity is not asked for. Null means the same where ``required`` (a key field,
    at whatever depth); otherwise null is sent. Where ``conditions`` do not all hold, the field is left out of the
    representation, and that it is missing means nothing.
    """

    source: str
    name: str
    selections: tuple[InputSelection, ...] = ()
    required: bool = True
    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class InputFragment:
    """Fields of a representation that are sent only for objects whose ``__typename`` is one of ``types``.

    Where no fragment matches, the object is sent with its other fields (``__typename`` is one of them).
    """

    types: tuple[str, ...]
    selections: tuple[InputSelection, ...]


InputSelection: TypeAlias = InputField | InputFragment


@dataclass(frozen=True, slots=True)
class Input:
    """The shape of one representation.

    It is for objects whose ``__typename`` is one of ``types``; empty ``types`` are for every object, with or without
    ``__typename``. The representation starts with ``"__typename": typename`` (the subgraph's name for it: an
    interface's where the subgraph has it as an interface object), then the selections in order.
    """

    types: tuple[str, ...]
    typename: str
    selections: tuple[InputSelection, ...]


@dataclass(frozen=True, slots=True)
class ContextInput:
    """A value that a field below takes from an object around it (``@fromContext``), sent as ``variable``.

    It is read by ``selections`` (a chain of single fields, or one chain for each of several types) of the object
    ``up`` path steps above each target, which is of one of ``types``. A value that is not there is sent as null; where
    the variable's ``type`` forbids null, the entity is not asked for. Entities whose values differ are asked for
    apart, in the same request.
    """

    variable: str
    type: str
    up: int
    types: tuple[str, ...]
    selections: tuple[InputSelection, ...]


@dataclass(frozen=True, slots=True)
class Rename:
    """In a fetch's answer, at ``path`` below the merge point: the value under ``alias`` belongs under ``key``.

    ``path`` has storage keys and ``@`` only (never guards). Renames are listed outermost first, so applying them in
    order makes every later path valid. An object that has no ``alias`` is left alone. No alias is used twice at one
    path.
    """

    path: Path
    alias: str
    key: str


@dataclass(frozen=True, slots=True)
class EntityBatch:
    """One aliased ``_entities`` call of a fetch.

    For each object at each of ``targets`` (in order), the first of ``inputs`` that fits its ``__typename`` makes the
    representation; equal representations are sent once and the answer goes to every position. The list goes out as
    ``variable`` (an empty list where there is none or ``conditions`` do not all hold) and comes back under
    ``alias``, item by item, to be merged into the object it was made from.
    """

    alias: str
    variable: str
    targets: tuple[Path, ...]
    inputs: tuple[Input, ...]
    renames: tuple[Rename, ...] = ()
    conditions: tuple[Condition, ...] = ()
    contexts: tuple[ContextInput, ...] = ()


@dataclass(frozen=True, slots=True)
class Fetch:
    """One request to one subgraph.

    ``subgraph`` is the registered name. ``text`` is the byte-stable operation (every value a variable or the
    client's own literal); ``variables`` the client variables it reads (each batch adds its own); ``batches`` its
    entity calls, empty for a root fetch; ``path`` where root data merges: ``()`` except for re-entry through a field
    of type Query, where the answer goes to every object at the path. ``coordinates`` every ``Type.field`` the text
    selects, on concrete types of the subgraph, sorted, ``__typename`` and ``_entities`` left out; ``depends`` the ids
    of fetches whose values it reads or that must come first. A fetch whose batches have no representation between
    them, or whose ``conditions`` do not all hold, is not sent. ``kind`` is query, mutation or subscription: that of
    the text. ``id`` is its place in ``Plan.fetches``.
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


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Open ``source``, and run ``rest`` for each of its events; None where an event is complete as it comes."""

    source: Fetch
    rest: Node | None = None


Node: TypeAlias = Fetch | Sequence | Parallel | Conditional | Subscribe


@dataclass(frozen=True, slots=True)
class Deferred:
    """What may be answered later: the fragment called ``label`` on objects at ``path`` (no guards in it).

    ``parent`` is the place in ``Plan.deferred`` of the part around it, None where that is the primary one. ``node`` is the
    tree of its own fetches in ``depth`` waves, None where other parts bring all of it anyway; ``depends`` are the
    fetches of parts around it whose values those read.
    """

    label: str
    path: Path
    parent: int | None
    node: Node | None
    depth: int = 0
    depends: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """The fetches of one operation; ``node`` is None when nothing has to be fetched.

    ``depth`` counts the waves. ``node`` shows them: a ``Sequence`` of waves, each one fetch or a ``Parallel``.
    Running by ``Fetch.depends`` instead, each as soon as those it names are done, gives the same answer sooner.
    ``node`` and ``depth`` are of the primary part, what is not deferred; each of ``deferred`` has its own, and ``fetches`` has
    all of them, a part's after those it depends on. The plan of a subscription is a ``Subscribe``; the first of its fetches is the source, and that is its first wave.
    """

    node: Node | None
    fetches: tuple[Fetch, ...] = ()
    depth: int = 0
    deferred: tuple[Deferred, ...] = ()

    @property
    def source(self) -> Fetch | None:
        """The fetch whose events a subscription answers, each completed by the other fetches; None for the others."""
        return self.node.source if isinstance(self.node, Subscribe) else None
