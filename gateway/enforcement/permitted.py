"""What enforcement made of an operation: the client's tree with a ruling on every field, and what may be fetched.

A ruling stands per concrete parent type, because a decision does: ``node`` on an interface is three coordinates when
three types implement it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from gateway.coordinates import Coordinate
from gateway.operation.model import Field, Fragment, Operation
from gateway.policy import Decision

__all__ = ["Entry", "Gather", "Permitted", "Ruled", "RuledField", "RuledFragment"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the ledger in ``extensions.sharing``: a coordinate and path that was withheld, masked or missing."""

    outcome: str
    coordinate: str
    path: tuple[str, ...]
    owner: str
    reason: str
    mask: str = ""
    how_to_request: str = ""
    agreement: str = ""

    def as_json(self) -> dict[str, Any]:
        """The entry as the client sees it."""
        shown: dict[str, Any] = {
            "outcome": self.outcome,
            "coordinate": self.coordinate,
            "path": list(self.path),
            "owner": self.owner,
            "reason": self.reason,
        }
        if self.mask:
            shown["mask"] = self.mask
        if self.agreement:
            shown["agreement"] = self.agreement
        if self.how_to_request:
            shown["howToRequest"] = self.how_to_request
        return shown


@dataclass(frozen=True, slots=True)
class Gather:
    """A list that the gateway merges itself: the fields it is made of, by hidden key, and the field that orders it."""

    sources: tuple[RuledField, ...]
    order: str  # hidden response key of the ordering field
    first: int | None = None
    matches: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)  # field name -> values kept


@dataclass(frozen=True, slots=True)
class RuledField:
    """A field of the client's operation with its ruling per concrete parent type.

    ``targets`` are the concrete types its value can have (empty for leaves). ``pages`` says that the value is a Relay
    connection with rows that may be withheld one by one, so counts and cursors are the gateway's to compute. ``reads``
    are what its arguments test and a record can still withhold: a record that does is not found by it.
    """

    field: Field
    rulings: Mapping[str, Decision]
    children: tuple[Ruled, ...] = ()
    targets: tuple[str, ...] = ()
    pages: bool = False
    gather: Gather | None = None
    reads: tuple[Coordinate, ...] = ()


@dataclass(frozen=True, slots=True)
class RuledFragment:
    """An inline fragment over ruled selections; ``types`` are the concrete types it applies to."""

    fragment: Fragment
    types: frozenset[str]
    children: tuple[Ruled, ...]


Ruled: TypeAlias = RuledField | RuledFragment


@dataclass(frozen=True, slots=True)
class Permitted:
    """The operation that may be planned, beside the client's own with a ruling on each field.

    ``operation`` holds no statically denied coordinate. ``facts`` are the coordinates added only to decide.
    ``masks`` names the mask of coordinates decided per record that are masked in any case. ``ledger`` holds what is static for the request.
    ``turning`` are the variables that decide which selections take part. ``worked`` is what other rooms work out of the permit
    alone, each under keys of its own; whoever is served by the permit shares it.
    """

    client: Operation
    operation: Operation
    ruled: tuple[Ruled, ...]
    decisions: Mapping[str, Decision]
    facts: frozenset[str] = frozenset()
    ledger: tuple[Entry, ...] = ()
    needs_subjects: bool = False
    known: Mapping[str, Any] = field(default_factory=dict)
    masks: Mapping[str, str] = field(default_factory=dict)
    turning: tuple[str, ...] = ()
    worked: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)
