"""The normalized operation: what the client asked for, with named fragments inlined and variables coerced.

This is the one tree every later stage reads: enforcement cuts it and adds hidden fields, planning finds fetches for
it, projection walks it to shape the answer. It knows nothing of subgraphs or policy.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

__all__ = ["Argument", "Condition", "Deferral", "Field", "Fragment", "Operation", "Selection"]

OperationKind: TypeAlias = Literal["query", "mutation", "subscription"]


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument as canonical GraphQL text (``{status: $s}``, ``"A"``, ``$id``), with the variables it reads."""

    name: str
    text: str
    variables: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Condition:
    """``@include(if: $variable)``, or ``@skip`` when ``negated``; literal conditions never get this far."""

    variable: str
    negated: bool = False

    def holds(self, variables: Mapping[str, Any]) -> bool:
        """Whether the selection takes part, under coerced ``variables``."""
        return bool(variables.get(self.variable)) is not self.negated


@dataclass(frozen=True, slots=True)
class Field:
    """A selected field. ``key`` is its response key; ``parent`` the type it was selected on (maybe abstract).

    ``hidden`` fields were added by the gateway itself (facts, type names): they are planned and fetched like any
    other, under a key no client can write (it begins with ``__f_``), and never projected. ``closed`` fields are null in the
    answer, whatever was fetched under their key for other reasons.
    """

    key: str
    name: str
    parent: str
    arguments: tuple[Argument, ...] = ()
    conditions: tuple[Condition, ...] = ()
    selections: tuple[Selection, ...] = ()
    hidden: bool = False
    closed: bool = False
    # where it stands in the client's document; never part of identity
    location: tuple[int, int] = field(default=(0, 0), compare=False)

    @property
    def identity(self) -> tuple[str, tuple[Argument, ...]]:
        """What decides whether two fields have the same value: the name and the arguments, never the name alone."""
        return (self.name, self.arguments)


@dataclass(frozen=True, slots=True)
class Deferral:
    """That a fragment may be answered later (``@defer``).

    ``variable`` decides whether, until reading has settled it; ``number`` counts the operation's deferred fragments
    from 1 in document order, once settled.
    """

    label: str = ""
    variable: str = ""
    number: int = 0


@dataclass(frozen=True, slots=True)
class Fragment:
    """An inline fragment; ``type`` is its type condition (the enclosing type where the client wrote none).

    ``defer`` is there only in operations read for planning alone: whatever is answered has none (decision 30).
    """

    type: str
    conditions: tuple[Condition, ...] = ()
    selections: tuple[Selection, ...] = ()
    defer: Deferral | None = None


Selection: TypeAlias = Field | Fragment


@dataclass(frozen=True, slots=True)
class Operation:
    """A validated, normalized operation with its variable definitions and coerced variables.

    ``definitions`` maps a variable's name to its type as text (``[ID!]!``). ``variables`` holds coerced values with
    defaults applied; it takes no part in equality, so that equal operations share a plan.
    """

    kind: OperationKind
    root: str
    selections: tuple[Selection, ...]
    definitions: tuple[tuple[str, str], ...] = ()
    name: str = ""
    text_hash: str = ""
    variables: Mapping[str, Any] = field(default_factory=dict, compare=False, hash=False)

    def fields(self) -> Iterator[Field]:
        """Every field of the operation, in document order, whatever its depth."""
        known = _fields.get(id(self.selections))
        if known is None or known[0] is not self.selections:
            known = _fields[id(self.selections)] = (self.selections, tuple(_walk(self.selections)))
            if len(_fields) > _MOST:
                _fields.popitem(last=False)
        return iter(known[1])


_MOST: Final = 500
_fields: OrderedDict[int, tuple[tuple[Selection, ...], tuple[Field, ...]]] = OrderedDict()
"""The fields below selections, by the identity of these, which an entry holds: a document is normalized once."""


def _walk(selections: tuple[Selection, ...]) -> Iterator[Field]:
    for selection in selections:
        if isinstance(selection, Field):
            yield selection
        yield from _walk(selection.selections)
