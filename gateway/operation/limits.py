"""Limits on what a client may send, checked before anything expensive happens.

Two passes, both linear: over the text (size, tokens, nesting of brackets), before the parser sees it; and over the
parsed document (depth, aliases, expanded selections ...), before validation. Fragments are counted, never expanded, so
that a fragment bomb of a few hundred bytes costs a few hundred steps to refuse.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from graphql.language import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

from gateway.errors import LimitError
from gateway.limits import Limits

__all__ = ["Limits", "check_document", "check_text", "check_variables"]


_TOKEN = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*"""|"(?:[^"\\\n]|\\.)*"|#[^\n\r]*|\.\.\.|[_A-Za-z][_0-9A-Za-z]*|-?[0-9][0-9.eE+-]*'
    r"|[{}()\[\]]|[^\s,﻿]",
    re.DOTALL,
)
_OPENING = frozenset("{[(")
_CLOSING = frozenset("}])")


def _refuse(code: str, what: str, limit: int, where: str, hint: str) -> NoReturn:
    raise LimitError(code, f"The {what} exceeds the limit of {limit}.", where=where, hint=hint)


def check_text(text: str, limits: Limits) -> None:
    """Nothing, when ``text`` is small enough to be parsed; raises ``LimitError`` otherwise.

    Codes: QUERY_TOO_LARGE, TOO_MANY_TOKENS, QUERY_TOO_DEEP.
    """
    if len(text) > limits.text_bytes or len(text.encode("utf-8", "surrogatepass")) > limits.text_bytes:
        hint = "Send a smaller document, or split it into several requests."
        _refuse("QUERY_TOO_LARGE", "document's size in bytes", limits.text_bytes, "document", hint)
    nesting = tokens = 0
    for found in _TOKEN.finditer(text):
        token = found.group()
        if token[0] == "#":
            continue
        tokens += 1
        if tokens > limits.tokens:
            hint = "Ask for fewer fields, or split the document into several requests."
            _refuse("TOO_MANY_TOKENS", "number of tokens", limits.tokens, "document", hint)
        if token in _OPENING:
            nesting += 1
            if nesting > limits.nesting:
                _refuse("QUERY_TOO_DEEP", "nesting of brackets", limits.nesting, "document", "Nest less deeply.")
        elif token in _CLOSING:
            nesting -= 1


@dataclass(slots=True)
class _Cost:
    """What one selection set costs, every spread expanded (numbers may be astronomically large)."""

    selections: int = 0
    aliases: int = 0
    directives: int = 0
    roots: int = 0
    depth: int = 0
    nesting: int = 0

    def add(self, other: _Cost, depth: int, nesting: int) -> None:
        self.selections += other.selections
        self.aliases += other.aliases
        self.directives += other.directives
        if depth == 0:
            self.roots += other.roots
        self.depth = max(self.depth, depth + other.depth)
        self.nesting = max(self.nesting, nesting + other.nesting)


_Definition = OperationDefinitionNode | FragmentDefinitionNode


def _own_cost(definition: _Definition) -> tuple[_Cost, list[tuple[str, int, int]]]:
    """What a definition costs without its spreads, and its spreads with the depth and nesting they stand at."""
    cost = _Cost(directives=len(definition.directives or ()))
    spreads: list[tuple[str, int, int]] = []
    stack: list[tuple[SelectionSetNode, int, int]] = [(definition.selection_set, 0, 1)]
    while stack:
        selection_set, depth, nesting = stack.pop()
        cost.nesting = max(cost.nesting, nesting)
        for node in selection_set.selections:
            cost.selections += 1
            cost.directives += len(node.directives or ())
            if isinstance(node, FragmentSpreadNode):
                spreads.append((node.name.value, depth, nesting))
                continue
            inside = depth
            if isinstance(node, FieldNode):
                inside = depth + 1
                cost.depth = max(cost.depth, inside)
                cost.aliases += node.alias is not None
                cost.roots += depth == 0
            below = getattr(node, "selection_set", None)
            if below is not None:
                stack.append((below, inside, nesting + 1))
    return cost, spreads


def _fragment_costs(fragments: Mapping[str, FragmentDefinitionNode]) -> dict[str, _Cost]:
    """The cost of every fragment, spreads expanded; a cyclic spread counts once (validation refuses it)."""
    own = {name: _own_cost(node) for name, node in fragments.items()}
    done: dict[str, _Cost] = {}
    for start in own:
        stack = [start]
        open_: set[str] = set()
        while stack:
            name = stack[-1]
            cost, spreads = own[name]
            if name not in open_:
                open_.add(name)
                waiting = [s for s, _, _ in spreads if s in own and s not in done and s not in open_]
                if waiting:
                    stack.extend(waiting)
                    continue
            stack.pop()
            if name in done:
                continue
            for spread, depth, nesting in spreads:
                if spread in done:
                    cost.add(done[spread], depth, nesting)
            done[name] = cost
    return done


def check_document(document: DocumentNode, limits: Limits) -> None:
    """Nothing, when every operation of ``document`` is within ``limits``; raises ``LimitError`` otherwise.

    Codes: TOO_MANY_DEFINITIONS, QUERY_TOO_LARGE, QUERY_TOO_DEEP, TOO_MANY_ALIASES, TOO_MANY_ROOT_FIELDS,
    TOO_MANY_DIRECTIVES, TOO_MANY_REPEATED_FIELDS.
    """
    if len(document.definitions) > limits.definitions:
        hint = "Send only the operation that is to run and the fragments it uses."
        _refuse("TOO_MANY_DEFINITIONS", "number of definitions", limits.definitions, "document", hint)
    fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
    costs = _fragment_costs(fragments)
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode):
            cost, spreads = _own_cost(definition)
            for spread, depth, nesting in spreads:
                if spread in costs:
                    cost.add(costs[spread], depth, nesting)
            _check_cost(cost, limits, definition.name.value if definition.name else "operation")
            _check_repeats(definition, fragments, limits)
    for name, cost in costs.items():
        _check_cost(cost, limits, f"fragment {name}")


def _check_cost(cost: _Cost, limits: Limits, where: str) -> None:
    """Raise for the first limit that ``cost`` exceeds."""
    checks = (
        ("QUERY_TOO_LARGE", "number of selections, fragments expanded,", cost.selections, limits.selections),
        ("QUERY_TOO_DEEP", "depth of fields", cost.depth, limits.depth),
        ("QUERY_TOO_DEEP", "nesting of selections", cost.nesting, limits.nesting),
        ("TOO_MANY_ALIASES", "number of aliases, fragments expanded,", cost.aliases, limits.aliases),
        ("TOO_MANY_ROOT_FIELDS", "number of root fields", cost.roots, limits.root_fields),
        ("TOO_MANY_DIRECTIVES", "number of directives", cost.directives, limits.directives),
    )
    for code, what, value, limit in checks:
        if value > limit:
            _refuse(code, what, limit, where, "Ask for less in one operation, or split it into several.")


def _check_repeats(
    operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode], limits: Limits
) -> None:
    """Bound what graphql-core's field merging rule has to compare: every pair of fields under one response path.

    The walk visits each expanded selection once, which ``Limits.selections`` already bounds.
    """
    pairs = 0
    stack: list[list[SelectionSetNode]] = [[operation.selection_set]]
    while stack:
        grouped: dict[str, list[FieldNode]] = {}
        for selection_set in stack.pop():
            for field in _fields(selection_set, fragments):
                grouped.setdefault((field.alias or field.name).value, []).append(field)
        for same in grouped.values():
            pairs += len(same) * (len(same) - 1)
            if pairs > limits.repeats:
                hint = "Write each field once; equal fields add nothing to the answer."
                _refuse("TOO_MANY_REPEATED_FIELDS", "number of repeated fields, compared in pairs,", limits.repeats,
                        "operation", hint)  # fmt: skip
            below = [field.selection_set for field in same if field.selection_set]
            if below:
                stack.append(below)


def _fields(top: SelectionSetNode, fragments: Mapping[str, FragmentDefinitionNode]) -> Iterator[FieldNode]:
    """The fields of one selection set with its fragments opened; a cyclic spread is opened once per way to it."""
    stack: list[tuple[SelectionSetNode, tuple[str, ...]]] = [(top, ())]
    while stack:
        selection_set, opened = stack.pop()
        for node in selection_set.selections:
            if isinstance(node, FieldNode):
                yield node
            elif isinstance(node, FragmentSpreadNode):
                name = node.name.value
                if name in fragments and name not in opened:
                    stack.append((fragments[name].selection_set, (*opened, name)))
            else:
                below: SelectionSetNode | None = getattr(node, "selection_set", None)
                if below is not None:
                    stack.append((below, opened))


def check_variables(variables: Mapping[str, Any], limits: Limits) -> None:
    """Nothing, when the decoded variables are small and flat enough to be coerced; raises ``LimitError`` otherwise.

    Code: VARIABLES_TOO_LARGE.
    """
    nodes = 0
    stack: list[tuple[Any, int]] = [(variables, 0)]
    while stack:
        value, depth = stack.pop()
        nodes += 1
        if nodes > limits.variable_nodes or depth > limits.variable_depth:
            what = "number of values" if nodes > limits.variable_nodes else "nesting"
            limit = limits.variable_nodes if nodes > limits.variable_nodes else limits.variable_depth
            _refuse("VARIABLES_TOO_LARGE", f"{what} in the variables", limit, "variables", "Send fewer values.")
        if isinstance(value, Mapping):
            stack.extend((item, depth + 1) for item in value.values())
        elif isinstance(value, list | tuple):
            stack.extend((item, depth + 1) for item in value)
