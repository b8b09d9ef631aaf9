"""A program as text: which fetch brings what to whom, and the Struct type of every place of the answer."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from gateway.execution.columnar.program import Asking, Calling, Program
from gateway.execution.columnar.spots import Spot

__all__ = ["show_program"]


def show_program(program: Program, root: Spot) -> str:
    """``program`` as lines: its fetches in the plan's order, then its shapes, outermost first.

    ``root`` is the tree that the program was made from.
    """
    spots = list(root.everything())
    names = {spot.number: path_of(spot) for spot in spots}
    lines = ["columnar program"]
    for number, call in enumerate(program.calls):
        if call is None:
            lines.append(f"  fetch {number} left out: its conditions do not hold")
        else:
            lines += _call(number, call, names)
    lines.append("shapes")
    for spot in spots:
        lines.append(f"  {names[spot.number]}: {spot.typename}")
        lines += [f"    {line}" for line in _places(spot)]
    return "\n".join(lines)


def path_of(spot: Spot) -> str:
    """Where ``spot`` stands, as a path of response keys with an @ for each list; "(root)" for the root."""
    steps: list[str] = []
    here: Spot | None = spot
    while here is not None and here.above is not None:
        steps.append(here.above.key + ".@" * here.above.depth)
        here = here.parent
    return ".".join(reversed(steps)) or "(root)"


def _call(number: int, call: Calling, names: dict[int, str]) -> Iterator[str]:
    head = f"  fetch {number} {call.compiled.fetch.subgraph}"
    if not call.asking:
        yield f"{head}: sets {', '.join(fill.attribute for fill in call.roots) or 'nothing'} of (root)"
    for asking in call.asking:
        yield f"{head} {asking.variable[1:-2].decode()}: {_representation(asking)}"
        for spot, _, fills in asking.spots:
            yield f"    {names[spot]}: sets {', '.join(fill.attribute for fill in fills) or 'nothing'}"


def _representation(asking: Asking) -> str:
    keys = ", ".join(msgspec.structs.fields(asking.representation)[each].encode_name for each in range(asking.width))
    apart = "told apart as values" if asking.plain else "told apart as JSON"
    return f"{asking.representation.__struct_config__.tag}({keys}), {apart}"


def _places(spot: Spot) -> Iterator[str]:
    source = spot.above.source if spot.above is not None else None
    for place in spot.places.values():
        if not place.attribute:
            continue
        notes = [] if place.shown else ["hidden"]
        if place.source is not None and place.source != source:
            notes.append(f"from fetch {place.source[0]}")
        kind = "type name" if place.type is None else str(place.type)
        yield f"{place.attribute} {place.key}: {kind}" + (f" ({', '.join(notes)})" if notes else "")
