"""The normalized operation for people: what every later stage reads, as an indented text."""

from __future__ import annotations

import json

from gateway.operation.model import Condition, Field, Operation, Selection

__all__ = ["print_operation"]


def print_operation(operation: Operation) -> str:
    """The operation as text: fragments inlined, literal conditions settled, each field with the type it stands on.

    A line for each selection (``key: Type.name(arguments) if $variable``), then each variable with its coerced value.
    Fields that the gateway itself added say so.
    """
    name = f" {operation.name}" if operation.name else ""
    lines = [f"{operation.kind}{name} on {operation.root}"]
    _print(operation.selections, 1, lines)
    for variable, declared in operation.definitions:
        known = variable in operation.variables
        value = json.dumps(operation.variables[variable], default=str) if known else "not given"
        lines.append(f"${variable}: {declared} is {value}")
    return "\n".join(lines) + "\n"


def _print(selections: tuple[Selection, ...], depth: int, lines: list[str]) -> None:
    for each in selections:
        if isinstance(each, Field):
            arguments = ", ".join(f"{argument.name}: {argument.text}" for argument in each.arguments)
            text = f"{each.key}: {each.parent}.{each.name}" + (f"({arguments})" if arguments else "")
            hidden = ", added by the gateway" if each.hidden else ""
        else:
            text, hidden = f"on {each.type}", ""
            if each.defer is not None:
                hidden = f", deferred as {each.defer.label!r}" if each.defer.label else ", deferred"
        lines.append("  " * depth + text + _conditions(each.conditions) + hidden)
        _print(each.selections, depth + 1, lines)


def _conditions(conditions: tuple[Condition, ...]) -> str:
    held = " and ".join(f"{'not ' if each.negated else ''}${each.variable}" for each in conditions)
    return f" if {held}" if held else ""
