"""``@defer``: which fragments of an operation may come later, and what the operation is with some of them in place.

The door refuses the directive (decision 30); planning knows it. https://github.com/graphql/defer-stream-wg
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import count
from typing import Any

from graphql import GraphQLDeferDirective, GraphQLSchema
from graphql.language import BooleanValueNode, DirectiveNode, StringValueNode, VariableNode

from gateway.operation.model import Deferral, Field, Fragment, Operation, Selection

__all__ = ["deferral_of", "settle", "together", "with_defer"]


def with_defer(schema: GraphQLSchema) -> GraphQLSchema:
    """``schema`` with the directive ``@defer``, for reading operations that are only planned."""
    if schema.get_directive("defer") is not None:
        return schema
    arguments = schema.to_kwargs()
    arguments["directives"] = (*schema.directives, GraphQLDeferDirective)
    return GraphQLSchema(**arguments)


def deferral_of(directives: tuple[DirectiveNode, ...]) -> Deferral | None:
    """What ``@defer`` among ``directives`` says; None where there is none, or one with the literal ``if: false``."""
    node = next((each for each in directives if each.name.value == "defer"), None)
    if node is None:
        return None
    given = {each.name.value: each.value for each in node.arguments or ()}
    label, held = given.get("label"), given.get("if")
    if isinstance(held, BooleanValueNode) and not held.value:
        return None
    return Deferral(
        label.value if isinstance(label, StringValueNode) else "",
        held.name.value if isinstance(held, VariableNode) else "",
    )


def settle(operation: Operation, variables: Mapping[str, Any]) -> Operation:
    """``operation`` with every ``@defer(if: $variable)`` decided, and what is deferred numbered from 1 in order."""
    numbers = count(1)

    def decide(deferral: Deferral) -> Deferral | None:
        if deferral.variable and variables.get(deferral.variable, True) is False:
            return None
        return Deferral(deferral.label, number=next(numbers))

    return replace(operation, selections=_changed(operation.selections, decide))


def together(operation: Operation, numbers: frozenset[int]) -> Operation:
    """``operation`` with the deferred fragments of these numbers in place like any others, and the rest left out."""
    return replace(operation, selections=_kept(operation.selections, numbers))


def _changed(selections: tuple[Selection, ...], decide: Callable[[Deferral], Deferral | None]) -> tuple[Selection, ...]:
    found: list[Selection] = []
    for each in selections:
        if isinstance(each, Fragment) and each.defer is not None:
            defer = decide(each.defer)
            found.append(replace(each, defer=defer, selections=_changed(each.selections, decide)))
        else:
            found.append(replace(each, selections=_changed(each.selections, decide)))
    return tuple(found)


def _kept(selections: tuple[Selection, ...], numbers: frozenset[int]) -> tuple[Selection, ...]:
    found: list[Selection] = []
    for each in selections:
        if isinstance(each, Field):
            found.append(replace(each, selections=_kept(each.selections, numbers)))
        elif each.defer is None or each.defer.number in numbers:
            found.append(replace(each, defer=None, selections=_kept(each.selections, numbers)))
    return tuple(found)
