"""The paths that planning weighed, for people: for each leaf its rivals with their cost, the one taken marked."""

from __future__ import annotations

from gateway.planning.paths import Cell, Choice
from gateway.planning.planner import Considered
from gateway.planning.way import Hop, Way
from gateway.supergraph.fieldset import print_field_set
from gateway.supergraph.model import Supergraph
from gateway.supergraph.moves import Node

__all__ = ["print_considered", "wanted_at"]


def wanted_at(choice: Choice) -> tuple[str, frozenset[str]]:
    """Where the leaf stands in the answer (``me.posts.title``), and the coordinates it is (``Post.title``)."""
    cell = choice.rivals[0]
    if cell.ask is None:
        return "", frozenset()
    steps = (*(step for step in cell.spot.plain if step != "@"), cell.ask.key)
    types = {cell.spot.declared, *cell.ask.types}
    return ".".join(steps), frozenset(f"{each}.{cell.ask.name}" for each in types)


def print_considered(considered: Considered, supergraph: Supergraph, field: str = "") -> str:
    """The leaves at ``field`` (a coordinate or a path of the answer; all when empty), ``*`` before the path taken.

    A cost is what the path takes by itself: requests, and the wave in which the leaf is read. Paths share requests, so
    the combination that takes fewest in all wins, not each leaf's cheapest. ``""`` where no leaf is at ``field``.
    """
    lines: list[str] = []
    for choice, taken in zip(considered.choices, considered.taken, strict=True):
        path, coordinates = wanted_at(choice)
        if field and field != path and field not in coordinates:
            continue
        lines.append(f"{path} ({', '.join(sorted(coordinates))})")
        for rival in choice.rivals:
            requests = rival.mask.bit_count()
            cost = f"{requests} request{'' if requests == 1 else 's'}, wave {rival.level + 1}"
            lines.append(f"  {'*' if rival is taken else ' '} {cost}: {_path(rival, supergraph)}")
    return "\n".join(lines) + "\n" if lines else ""


def _path(cell: Cell, supergraph: Supergraph) -> str:
    """``users: me > to posts by { id }: posts > title``."""
    chain: list[Cell] = []
    here: Cell | None = cell
    while here is not None:
        chain.append(here)
        here = here.parent
    root = chain.pop()
    start = supergraph.by_graph[root.node.graph].name if root.node else "?"
    parts = [_step(each.way, each.ask.name, supergraph) for each in reversed(chain) if each.way and each.ask]
    return f"{start}: {' > '.join(parts)}"


def _step(way: Way, name: str, supergraph: Supergraph) -> str:
    jumps = [
        _hop(hop, way.hops[place - 1].tail if place else way.start, supergraph) for place, hop in enumerate(way.hops)
    ]
    values = "".join(f" with ${each.name} from context" for each in way.contexts)
    return " > ".join([*(jump for jump in jumps if jump), name + values])


def _hop(hop: Hop, before: Node, supergraph: Supergraph) -> str:
    if hop.move is None:
        return f"see the type of {before.type}"
    graph = supergraph.by_graph[hop.tail.graph].name
    if hop.move.root:
        return f"ask {graph} from its root"
    inputs = hop.supply.fields if hop.supply else ()
    required = sorted({each.name for each in inputs if not each.key})
    needs = f" and @requires inputs {', '.join(required)}" if required else ""
    again = "back into" if hop.tail.graph == before.graph else "to"
    return f"{again} {graph} as {hop.move.typename} by {{ {print_field_set(hop.move.key)} }}{needs}"
