"""What a failure takes from the fetches after it: an object without a value that its representation needs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from gateway.execution.result import FetchFailure, ResponsePath
from gateway.planning.plan import Input, InputFragment, InputSelection

__all__ = ["lacking"]


def lacking(
    traced: Iterable[tuple[ResponsePath, dict[str, Any]]], inputs: Sequence[Input], failures: Iterable[FetchFailure]
) -> Iterator[tuple[ResponsePath, dict[str, Any], FetchFailure]]:
    """Those of ``traced`` for which a representation by ``inputs`` would lack a value, and the failure that lost it.

    An object that never had the value, or got it from elsewhere, is none of them.
    """
    objects = tuple(traced)
    lost = _below({len(place) for place, _ in objects}, failures)
    for place, item in objects:
        shape = next((each for each in inputs if not each.types or item.get("__typename") in each.types), None)
        selections = () if shape is None else shape.selections
        for rest, why in lost.get(place, ()):
            if _misses(item, selections, rest):
                yield place, item, why
                break


def _below(
    depths: Iterable[int], failures: Iterable[FetchFailure]
) -> dict[ResponsePath, list[tuple[ResponsePath, FetchFailure]]]:
    """By each place as deep as one of ``depths``: what failed below it, as paths from there."""
    found: dict[ResponsePath, list[tuple[ResponsePath, FetchFailure]]] = {}
    for failure in failures:
        for path in failure.everywhere:
            for depth in depths:
                if depth < len(path):
                    found.setdefault(path[:depth], []).append((path[depth:], failure))
    return found


def _misses(value: Any, selections: Sequence[InputSelection], rest: ResponsePath) -> bool:
    """Whether ``selections`` read what stands at ``rest`` below ``value``, and nothing does."""
    if value is None:
        return True
    if not rest:
        return False
    step = rest[0]
    if isinstance(value, list):
        return isinstance(step, int) and step < len(value) and _misses(value[step], selections, rest[1:])
    if not isinstance(value, dict):
        return False
    for each in selections:
        if isinstance(each, InputFragment):
            if value.get("__typename") in each.types and _misses(value, each.selections, rest):
                return True
        elif each.source == step and _misses(value.get(each.source), each.selections, rest[1:]):
            return True
    return False
