"""The part of the prover that looks at what is deferred: every part is whole with those around it, and with no other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from gateway.operation.deferral import together
from gateway.operation.model import Field, Operation, Selection
from gateway.planning.plan import Conditional, Fetch, Node, Parallel, Path, Plan, Sequence
from gateway.planning.prove import prove
from gateway.supergraph.model import Supergraph

__all__ = ["prove_deferred"]

_WASTE = "is fetched for nothing"


def prove_deferred(supergraph: Supergraph, operation: Operation, plan: Plan, labels: Iterable[str] = ()) -> list[str]:
    """Everything that is wrong with ``plan`` for ``operation``, in words; empty when it is proven.

    All parts together are the plan of the operation with nothing deferred. The primary part answers the operation
    without what is deferred, and each other part what it adds, with nothing but the fetches of the parts around it.
    """
    on = tuple(labels)
    asked = list(_fragments(operation.selections, (), None))
    problems = [] if asked == _planned(plan) else ["the parts are not those of the operation"]
    homes: dict[int, list[int | None]] = {}
    trees: list[tuple[int | None, Node | None]] = [(None, plan.node)]
    trees += list(enumerate(part.node for part in plan.deferred))
    for place, node in trees:
        for fetch in _fetches(node):
            homes.setdefault(fetch.id, []).append(place)
    if any(len(homes.get(fetch.id, ())) != 1 for fetch in plan.fetches):
        return [*problems, "a fetch is not in exactly one part"]
    everything = frozenset(range(1, len(plan.deferred) + 1))
    problems += prove(supergraph, together(operation, everything), _flat(plan.fetches), on)
    for place, _ in trees:
        around = set(_around(plan, place))
        inside = [fetch for fetch in plan.fetches if homes[fetch.id][0] in around]
        known = {fetch.id for fetch in inside}
        name = "the primary part" if place is None else f"part {place}"
        if any(not set(fetch.depends) <= known for fetch in inside):
            problems.append(f"{name} waits for a part that is not around it")
            continue
        renumbered = {fetch.id: number for number, fetch in enumerate(inside)}
        fetches = tuple(
            replace(fetch, id=renumbered[fetch.id], depends=tuple(renumbered[each] for each in fetch.depends))
            for fetch in inside
        )
        wanted = together(operation, frozenset(each + 1 for each in around if each is not None))
        found = prove(supergraph, wanted, _flat(fetches), on)
        problems += [f"{name}: {problem}" for problem in found if not problem.endswith(_WASTE)]
    return problems


def _flat(fetches: tuple[Fetch, ...]) -> Plan:
    return Plan(Sequence(fetches), fetches, len(fetches))


def _around(plan: Plan, place: int | None) -> Iterator[int | None]:
    """The part at ``place`` and those around it, to the primary one."""
    yield place
    if place is not None:
        yield from _around(plan, plan.deferred[place].parent)


def _fetches(node: Node | None) -> Iterator[Fetch]:
    if isinstance(node, Fetch):
        yield node
    elif isinstance(node, Conditional):
        yield from _fetches(node.node)
    elif isinstance(node, Sequence | Parallel):
        for each in node.nodes:
            yield from _fetches(each)


_Part = tuple[str, Path, int | None, int]


def _fragments(selections: tuple[Selection, ...], path: Path, around: int | None) -> Iterator[_Part]:
    """Label, path without list steps, parent and place of every deferred fragment, in document order."""
    for each in selections:
        if isinstance(each, Field):
            yield from _fragments(each.selections, (*path, each.key), around)
        elif each.defer is None:
            yield from _fragments(each.selections, path, around)
        else:
            place = each.defer.number - 1
            yield each.defer.label, path, around, place
            yield from _fragments(each.selections, path, place)


def _planned(plan: Plan) -> list[_Part]:
    return [
        (part.label, tuple(step for step in part.path if step != "@"), part.parent, place)
        for place, part in enumerate(plan.deferred)
    ]
