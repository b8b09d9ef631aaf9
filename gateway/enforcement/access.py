"""What a graph that governs nothing demands of callers by its own directives, enforced before anything is planned.

Law: https://specs.apollo.dev/authenticated/v0.1, requiresScopes/v0.1 and policy/v0.1, as Apollo Router carries them out: every
directive on a field, on its type and on what it returns has to be met; the lists of one directive are alternatives (OR), what
one of them names is needed together (AND). What is not met is cut from the operation, so that no subgraph is asked, and is
null in the answer with an error. A field of an interface demands what it demands on every type that it can stand on.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final

from gateway.caller import Claims
from gateway.operation.model import Condition, Field, Fragment, Operation, Selection
from gateway.supergraph import Supergraph
from gateway.supergraph.access import Demand
from gateway.supergraph.model import list_depth, named_type

__all__ = ["UNAUTHORIZED", "Access", "Closed", "Open"]

UNAUTHORIZED: Final = "UNAUTHORIZED_FIELD_OR_TYPE"
_KEPT = 500


@dataclass(frozen=True, slots=True)
class Closed:
    """A selection that the caller may not have: where, with ``@`` for positions of lists, and on which conditions."""

    path: tuple[str, ...]
    conditions: tuple[Condition, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The error that tells of it."""
        return {
            "message": "Unauthorized field or type",
            "path": list(self.path),
            "extensions": {
                "code": UNAUTHORIZED,
                "hint": "Ask with a token that carries the scopes or policies which the field demands.",
            },
        }


@dataclass(frozen=True, slots=True)
class Open:
    """What of an operation the caller may have (``operation``), and what was closed.

    ``shown`` is the client's operation with the fields that were closed marked, for the form of the answer.
    """

    operation: Operation
    shown: Operation
    closed: tuple[Closed, ...] = ()

    def told(self, variables: Mapping[str, Any]) -> tuple[Closed, ...]:
        """What was closed and asked for, under these ``variables``, each place once."""
        asked = (each for each in self.closed if all(one.holds(variables) for one in each.conditions))
        return tuple({each.path: each for each in asked}.values())


class Access:
    """The demands of one supergraph, held against the claims of whoever asks."""

    def __init__(self, supergraph: Supergraph) -> None:
        self._supergraph = supergraph
        self._demands = supergraph.access_demands
        self._unmet = lru_cache(maxsize=_KEPT)(self._unmet_by)
        self._known: OrderedDict[tuple[int, frozenset[str]], tuple[Sequence[Selection], Open]] = OrderedDict()

    def open(self, operation: Operation, claims: Claims | None) -> Open:
        """What of ``operation`` may be had with ``claims`` (None: nobody is known); the operation itself where all may."""
        if not self._demands:
            return Open(operation, operation)
        unmet = self._unmet(claims if claims is None else replace(claims, expires_at=None))
        key = (id(operation.selections), unmet)  # the entry holds them, so nothing else comes by their identity
        known = self._known.get(key)
        if known is None or known[0] is not operation.selections:
            known = self._known[key] = (operation.selections, self._cut(operation, unmet))
            if len(self._known) > _KEPT:
                self._known.popitem(last=False)
        found = known[1]
        if not found.closed:
            return Open(operation, operation)
        kept, shown = found.operation.selections, found.shown.selections
        return Open(replace(operation, selections=kept), replace(operation, selections=shown), found.closed)

    def _cut(self, operation: Operation, unmet: frozenset[str]) -> Open:
        closed: list[Closed] = []
        kept, shown = self._selections(operation.selections, (), (), unmet, closed)
        return Open(replace(operation, selections=kept), replace(operation, selections=shown), tuple(closed))

    def _unmet_by(self, claims: Claims | None) -> frozenset[str]:
        """The coordinates, types and fields, whose own demands are not met."""
        return frozenset(where for where, demands in self._demands.items() if not _met(demands, claims))

    def _selections(
        self,
        selections: Sequence[Selection],
        path: tuple[str, ...],
        conditions: tuple[Condition, ...],
        unmet: frozenset[str],
        closed: list[Closed],
    ) -> tuple[tuple[Selection, ...], tuple[Selection, ...]]:
        """What is left of ``selections``, and all of them with what is closed marked; ``closed`` is added to."""
        kept: list[Selection] = []
        shown: list[Selection] = []
        for each in selections:
            inner = (*conditions, *each.conditions)
            if self._is_closed(each, unmet):
                shown.append(_close(each, path, inner, closed))
                continue
            if not each.selections:
                kept.append(each)
                shown.append(each)
                continue
            below = path if isinstance(each, Fragment) else self._below(each, path)
            left, marked = self._selections(each.selections, below, inner, unmet, closed)
            shown.append(replace(each, selections=marked))
            if not left and isinstance(each, Field):  # whether it is there is still the question
                left = (Field("__typename", "__typename", self._target(each), hidden=True),)
            if left:
                kept.append(replace(each, selections=left))
        return tuple(kept), tuple(shown)

    def _is_closed(self, selection: Selection, unmet: frozenset[str]) -> bool:
        if isinstance(selection, Fragment):
            return selection.type in unmet
        return any(where in unmet for where in self._needed(selection))

    def _needed(self, field: Field) -> Iterator[str]:
        """The coordinates whose demands a field has to meet, on every type that it can stand on."""
        if field.name.startswith("__"):
            return
        for parent in (field.parent, *self._supergraph.possible_types(field.parent)):
            yield parent
            yield f"{parent}.{field.name}"
            found = self._supergraph.field(parent, field.name)
            if found is None or not found.joins:  # it is there through an interface object only
                kind = self._supergraph.types.get(parent)
                yield from (f"{each}.{field.name}" for each in (kind.interfaces if kind else ()))
        yield self._target(field)

    def _target(self, field: Field) -> str:
        found = self._supergraph.field(field.parent, field.name)
        return named_type(found.type) if found else ""

    def _below(self, field: Field, path: tuple[str, ...]) -> tuple[str, ...]:
        found = self._supergraph.field(field.parent, field.name)
        return (*path, field.key, *("@",) * (list_depth(found.type) if found else 0))


def _close(
    selection: Selection, path: tuple[str, ...], conditions: tuple[Condition, ...], closed: list[Closed]
) -> Selection:
    """``selection`` with every field of its first level marked as closed, each of them told in ``closed``."""
    if isinstance(selection, Field):
        closed.append(Closed((*path, selection.key), conditions))
        return replace(selection, selections=(), closed=True)
    inside = [_close(each, path, (*conditions, *each.conditions), closed) for each in selection.selections]
    return replace(selection, selections=tuple(inside))


def _met(demands: Sequence[Demand], claims: Claims | None) -> bool:
    return claims is not None and all(each.met(claims.scopes, claims.policies) for each in demands)
