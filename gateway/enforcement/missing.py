"""Ledger entries for what could not be fetched: UNAVAILABLE, never to be read as "there is no such record".

What an agency refused by its own copy of the agreements is a denial, whatever the gateway's copy says.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from gateway.coordinates import Coordinate
from gateway.enforcement.permitted import Entry, Permitted, Ruled, RuledField
from gateway.policy import Outcome, Policy

__all__ = ["REFUSED", "Missing", "missing_entries", "shown_keys"]

REFUSED = "NOT_PERMITTED"
"""The code by which a subgraph refuses what its own copy of the agreements does not allow: a denial, and an alarm."""


_AWAY = ("DATABASE_UNAVAILABLE", "FACT_UNAVAILABLE")
_WHY = {
    REFUSED: (Outcome.DENY, "REFUSED_BY_OWNER"),  # it was reached, and by its own agreements this is not ours
    "FACT_UNAVAILABLE": (Outcome.UNAVAILABLE, "FACT_UNAVAILABLE"),  # it was not asked
}


class Missing(Protocol):
    """A failed fetch: every place without a value because of it, and the coordinates it would have answered."""

    @property
    def everywhere(self) -> Sequence[tuple[str | int, ...]]: ...
    @property
    def code(self) -> str: ...
    @property
    def coordinates(self) -> Sequence[str]: ...


def missing_entries(permitted: Permitted, failures: Iterable[Missing], policy: Policy) -> Iterator[Entry]:
    """One entry per client field that a failed fetch leaves without a value, list positions shown as ``[]``."""
    failures = tuple(failures)
    if not failures:
        return
    index: dict[tuple[str, ...], list[tuple[str, RuledField]]] = {}
    _index(permitted.ruled, (), index)
    entered: set[tuple[str, tuple[str, ...]]] = set()
    for failure in failures:
        if permitted.client.kind == "mutation" and not failure.code.startswith(("SUBGRAPH_", *_AWAY)):
            continue  # the owner refused the change: it was reached, and the error says why
        wanted = frozenset(failure.coordinates)
        for path in failure.everywhere:
            for coordinate, shown in _fields_at(_plain(path), wanted, index):
                if (coordinate, shown) not in entered:
                    entered.add((coordinate, shown))
                    owner = policy.owner(Coordinate.parse(coordinate))
                    outcome, reason = _WHY.get(failure.code, (Outcome.UNAVAILABLE, "SOURCE_UNAVAILABLE"))
                    yield Entry(str(outcome), coordinate, shown, owner, reason)


def shown_keys(permitted: Permitted) -> Mapping[str, str]:
    """The client's key for each hidden one that a merged list is made of: a part that is missing is missing there."""
    found: dict[str, str] = {}
    below = list(permitted.ruled)
    while below:
        each = below.pop()
        below.extend(each.children)
        if isinstance(each, RuledField) and each.gather is not None:
            found.update({source.field.key: each.field.key for source in each.gather.sources})
    return found


def _plain(path: Sequence[str | int]) -> tuple[str, ...]:
    return tuple(
        "[]" if isinstance(step, int) or step == "@" else step for step in path if not str(step).startswith("|")
    )


def _fields_at(
    path: tuple[str, ...], wanted: frozenset[str], index: dict[tuple[str, ...], list[tuple[str, RuledField]]]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """``path`` itself where the failed fetch would have answered it, else the fields below it."""
    own = [each for each in index.get(_keys(path[:-1]), ()) if path and each[0] == path[-1]]
    found = list(_wanted(own, wanted, path[:-1]))
    yield from found or _wanted(index.get(_keys(path), ()), wanted, path)


def _keys(path: tuple[str, ...]) -> tuple[str, ...]:
    """``path`` without its list positions."""
    return tuple(step for step in path if step != "[]")


def _wanted(
    fields: Iterable[tuple[str, RuledField]], wanted: frozenset[str], base: tuple[str, ...]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    for key, ruled in fields:
        for parent in ruled.rulings:
            coordinate = f"{parent}.{ruled.field.name}"
            if coordinate in wanted:
                yield coordinate, (*base, key)


def _index(
    ruled: Iterable[Ruled], path: tuple[str, ...], index: dict[tuple[str, ...], list[tuple[str, RuledField]]]
) -> None:
    for each in ruled:
        if not isinstance(each, RuledField):
            _index(each.children, path, index)
        elif each.gather is not None:
            for source in each.gather.sources:
                index.setdefault(path, []).append((each.field.key, source))
        else:
            index.setdefault(path, []).append((each.field.key, each))
            _index(each.children, (*path, each.field.key), index)
