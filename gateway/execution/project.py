"""Shaping the answer: the client's operation, filled from the merged tree, checked against the API schema.

Order, aliases and conditions are the client's. What is missing is null; a null where the schema forbids one travels up
to the nearest nullable place. Each null that a failure explains has that failure's error and no second one.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import Any

from graphql import GraphQLSchema

from gateway.execution.introspect import INTROSPECTION, introspect
from gateway.execution.merge import unroll
from gateway.execution.projection import BUBBLE, Form, Link, form_of
from gateway.execution.result import Answer, FetchFailure, ResponsePath
from gateway.operation.model import Operation, Selection

__all__ = ["condition_variables", "form_for", "project"]

_MAX_ERRORS = 100
_MAX_PLACES = 20  # places of one failure that are told one by one
_KEPT_FORMS = 2_000

# forms by identity of what they were made from (which each entry holds) and by how its conditions came out
_Key = tuple[int, int, tuple[bool, ...]]
_forms: OrderedDict[_Key, tuple[Sequence[Selection], GraphQLSchema, Form]] = OrderedDict()
_conditions: OrderedDict[int, tuple[Sequence[Selection], tuple[str, ...]]] = OrderedDict()


def project(
    operation: Operation,
    data: dict[str, Any],
    api_schema: GraphQLSchema,
    failures: Iterable[FetchFailure] = (),
    *,
    described: GraphQLSchema | None = None,
) -> Answer:
    """The answer to the client's ``operation`` from merged ``data``.

    Introspection is answered from ``described``, what this caller may know of (``api_schema`` when not given). Never
    raises for wrong data.
    """
    form = form_for(operation, api_schema)
    asked = [field for slot in form.slots(operation.root) for field in slot.fields if field.name in INTROSPECTION]
    if asked:
        data = {**data, **introspect(asked, operation, described or api_schema)}
    report = _Report(failures, form, data)
    shaped = form.fill(data, operation.root, None, report)
    return Answer(None if shaped is BUBBLE else shaped, tuple(report.errors))


def form_for(operation: Operation, schema: GraphQLSchema) -> Form:
    """The form of the operation's answer, from the cache where it is known."""
    selections = operation.selections
    variables = condition_variables(selections)
    decided = tuple(bool(operation.variables.get(name)) for name in variables)
    key = (id(selections), id(schema), decided)
    known = _forms.get(key)
    if known is not None and known[0] is selections and known[1] is schema:
        _forms.move_to_end(key)
        return known[2]
    values = dict(zip(variables, decided, strict=True))
    form = form_of(operation, schema, lambda item: all(each.holds(values) for each in item.conditions))
    _keep(_forms, key, (selections, schema, form))
    return form


def condition_variables(selections: Sequence[Selection]) -> tuple[str, ...]:
    """The variables that conditions of ``selections`` read, sorted."""
    known = _conditions.get(id(selections))
    if known is not None and known[0] is selections:
        return known[1]
    found: set[str] = set()
    stack = list(selections)
    while stack:
        item = stack.pop()
        found.update(condition.variable for condition in item.conditions)
        stack.extend(item.selections)
    names = tuple(sorted(found))
    _keep(_conditions, id(selections), (selections, names))
    return names


def _keep(cache: OrderedDict[Any, Any], key: Any, value: Any) -> None:
    cache[key] = value
    if len(cache) > _KEPT_FORMS:
        cache.popitem(last=False)


class _Report:
    """The errors of one answer: the failures first, then what completion finds that no failure explains."""

    def __init__(self, failures: Iterable[FetchFailure], form: Form, data: dict[str, Any]) -> None:
        self.form = form
        self.data = data
        self.errors: list[dict[str, Any]] = []
        self._whole: set[ResponsePath] = set()  # everything from here down may be missing
        self._above: set[ResponsePath] = set()  # something below here is missing
        for failure in failures:
            self._note(failure)

    def _note(self, failure: FetchFailure) -> None:
        """One error for each client field that misses its value; for many of them, one for each list they stand in."""
        for path in failure.everywhere:
            self._whole.add(path)
            self._above.update(path[:length] for length in range(len(path)))
        places = list(dict.fromkeys(self._client_path(path) for path in failure.paths))
        inner = {place[:length] for place in places for length in range(len(place))}
        places = [place for place in places if place not in inner]
        if len(places) > _MAX_PLACES:
            grouped: dict[tuple[str, ...], list[ResponsePath]] = {}
            for place in places:
                grouped.setdefault(tuple(step for step in place if isinstance(step, str)), []).append(place)
            places = [_common(group) for group in grouped.values()]
        for place in places or [()]:
            error: dict[str, Any] = {"message": failure.message}
            if place:
                error["path"] = list(place)
            error["extensions"] = {"code": failure.code, "service": failure.subgraph}
            self._add(error)

    def wrong(self, link: Link, coordinate: str) -> None:
        """Report a value that does not fit its type."""
        if len(self.errors) >= _MAX_ERRORS:
            return  # a list may have a million of them
        message = f"The value at {coordinate} is not one its type allows."
        self._add({"message": message, "path": list(unroll(link)), "extensions": {"code": "BAD_VALUE"}})

    def null(self, link: Link, coordinate: str) -> None:
        """Report a forbidden null, unless a failure explains it."""
        if len(self.errors) >= _MAX_ERRORS:
            return
        path = unroll(link)
        if path in self._above or any(path[:length] in self._whole for length in range(len(path) + 1)):
            return
        message = f"Cannot return null for non-nullable field {coordinate}."
        self._add({"message": message, "path": list(path), "extensions": {"code": "UNEXPECTED_NULL"}})

    def _add(self, error: dict[str, Any]) -> None:
        if len(self.errors) < _MAX_ERRORS:
            self.errors.append(error)

    def _client_path(self, path: ResponsePath) -> ResponsePath:
        """``path`` as far as the client's own selection goes: keys fetched for the gateway itself are not shown."""
        kept: list[str | int] = []
        forms: list[Form] = [self.form]
        value: Any = self.data
        for step in path:
            if isinstance(step, int):
                value = value[step] if isinstance(value, list) and 0 <= step < len(value) else None
            else:
                slots = [slot for form in forms for slot in form.slots_of(value) if slot.key == step]
                if not slots:
                    break
                forms = [slot.form for slot in slots if slot.form is not None]
                value = value.get(step) if isinstance(value, dict) else None
            kept.append(step)
        return tuple(kept)


def _common(paths: Sequence[ResponsePath]) -> ResponsePath:
    """The longest path that all ``paths`` begin with."""
    if not paths:
        return ()
    shared = paths[0]
    for path in paths[1:]:
        length = 0
        for mine, other in zip(shared, path, strict=False):
            if mine != other:
                break
            length += 1
        shared = shared[:length]
    return shared
