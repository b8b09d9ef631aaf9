"""Directives on merged elements: gathered from every subgraph, equal ones once, different ones by their strategy."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import product
from typing import Any

from gateway.composition import values
from gateway.composition.merging.context import Merge
from gateway.composition.merging.features import FEATURES
from gateway.composition.schema import Applied

__all__ = ["MERGED", "conjunction", "merge_applied", "settle_access"]

_BUILT_IN_DEFAULTS: dict[str, dict[str, Any]] = {"deprecated": {"reason": "No longer supported"}, "specifiedBy": {}}
MERGED = frozenset(FEATURES) - {"cacheTag"} | frozenset(_BUILT_IN_DEFAULTS)


def merge_applied(merge: Merge, sources: Mapping[int, Any], coordinate: str) -> list[Applied]:
    """The directives the merged element carries. External sources must be left out by the caller."""
    result: list[Applied] = []
    applied = {index: source.directives for index, source in sources.items()}
    for element in _elements(applied.values()):
        found = [
            (index, _in_supergraph(merge, application, index))
            for index, directives in applied.items()
            for application in directives
            if application.element == element
        ]
        repeatable = element in FEATURES and FEATURES[element].repeatable
        defaults = dict(FEATURES[element].defaults) if element in FEATURES else _BUILT_IN_DEFAULTS[element]
        result.extend(_settle(merge, found, repeatable, defaults, coordinate))
    for name, composed in merge.composed.items():
        asked = any(a.name == name for i in composed.composers for a in applied.get(i, ()))
        if asked:
            definition = merge.schema.directives[name]
            found = [(i, a) for i, directives in applied.items() for a in directives if a.name == name]
            defaults = {a.name: a.default_value for a in definition.args.values() if a.default is not None}
            result.extend(_settle(merge, found, definition.repeatable, defaults, coordinate))
    return result


def _elements(lists: Iterable[Sequence[Applied]]) -> list[str]:
    present = {application.element for directives in lists for application in directives}
    return [element for element in (*FEATURES, *_BUILT_IN_DEFAULTS) if element in present & MERGED]


def _in_supergraph(merge: Merge, application: Applied, index: int) -> Applied:
    args = application.args
    if application.element == "context":
        args = {"name": f"{merge.subgraphs[index].name}__{args.get('name')}"}
    name = merge.names.get(application.element, application.element)
    return Applied(name, args, element=application.element)


def _settle(
    merge: Merge, found: list[tuple[int, Applied]], repeatable: bool, defaults: dict[str, Any], coordinate: str
) -> list[Applied]:
    """One application of each distinct meaning, or one in all for a directive that is not repeatable."""
    distinct: dict[Any, list[Applied]] = {}
    for _, application in found:
        distinct.setdefault(values.key_of({**defaults, **application.args}), []).append(application)
    firsts = [group[0] for group in distinct.values()]
    if repeatable or len(firsts) == 1:
        return [Applied(a.name, a.args, element=a.element) for a in firsts]
    strategy = _STRATEGIES.get(firsts[0].element)
    if strategy is not None:
        merge.note(
            "MERGED_NON_REPEATABLE_DIRECTIVE_ARGUMENTS",
            f"@{firsts[0].name} is applied to {coordinate} with different arguments; they were merged.",
            coordinate,
        )
        args = strategy([{**defaults, **a.args} for a in firsts])
        return [Applied(firsts[0].name, args, element=firsts[0].element)]
    merge.note(
        "INCONSISTENT_NON_REPEATABLE_DIRECTIVE_ARGUMENTS",
        f"@{firsts[0].name} is applied to {coordinate} with different arguments; the most frequent were taken.",
        coordinate,
    )
    chosen = max(distinct.values(), key=len)[0]
    return [Applied(chosen.name, chosen.args, element=chosen.element)]


def settle_access(merge: Merge, found: list[tuple[int, Applied]], coordinate: str) -> list[Applied]:
    """The one application that demands all that applications of one access directive demand."""
    named = [(index, _in_supergraph(merge, application, index)) for index, application in found]
    return _settle(merge, named, False, {}, coordinate) if named else []


def _largest(arguments: list[dict[str, Any]]) -> dict[str, Any]:
    return {"weight": max(args["weight"] for args in arguments)}


def _list_size(arguments: list[dict[str, Any]]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    sizes = [args["assumedSize"] for args in arguments if args.get("assumedSize") is not None]
    if sizes:
        merged["assumedSize"] = max(sizes)
    for name in ("slicingArguments", "sizedFields"):
        if any(args.get(name) is not None for args in arguments):
            merged[name] = list(dict.fromkeys(entry for args in arguments for entry in args.get(name) or ()))
    merged["requireOneSlicingArgument"] = all(args.get("requireOneSlicingArgument") for args in arguments)
    return merged


def conjunction(requirements: Sequence[Sequence[Sequence[str]]]) -> list[list[str]]:
    """All of several requirements, each an OR of ANDs, as one: minimal, its inner lists sorted.

    An empty requirement is no condition.
    """
    nonempty = [requirement for requirement in requirements if requirement]
    combined = {frozenset(name for group in choice for name in group) for choice in product(*nonempty)}
    minimal = [group for group in combined if not any(other < group for other in combined)]
    return sorted((sorted(group) for group in minimal), key=lambda group: (len(group), group))


def _conjunction_of(name: str) -> Callable[[list[dict[str, Any]]], dict[str, Any]]:
    return lambda arguments: {name: conjunction([args[name] for args in arguments])}


_STRATEGIES: dict[str, Callable[[list[dict[str, Any]]], dict[str, Any]]] = {
    "cost": _largest,
    "listSize": _list_size,
    "requiresScopes": _conjunction_of("scopes"),
    "policy": _conjunction_of("policies"),
}
