"""The data in the clear, as one server would have it: values, what a computed field computes, and what is lost where.

A computed field (``@requires``) tells the values it was computed from: ``r0<{"f0": 5}>``. A field with arguments tells
those: ``7|{"n": 3}``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from graphql import value_from_ast_untyped
from graphql.language import FieldNode, InlineFragmentNode, SelectionSetNode

from tests.differential.case import Case
from tests.differential.sides import Declared, Side, read_sides, selection_of

__all__ = ["Clear", "Lost", "ResolverError", "Unknown", "computed", "is_error", "is_link", "shown"]


class ResolverError(Exception):
    """What a resolver raises; ``extensions`` reach the answer."""

    def __init__(self, code: str) -> None:
        super().__init__(f"SECRET {code}")
        self.extensions = {"code": code, "SECRET": "SECRET"}
        self.code = code


class Unknown(Exception):  # noqa: N818 (no mistake: a value that a computed field needs is nowhere to be had)
    """Something that a computed field needs is in a subgraph that does not know the entity."""


class Lost(Exception):  # noqa: N818 (no mistake: one subgraph does not know the record)
    """The one subgraph that answers a field does not know the record; ``code`` where it raises an error over it."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def is_link(value: Any) -> bool:
    """Whether a value of the data is a link to a record."""
    return isinstance(value, dict) and "->" in value


def is_error(value: Any) -> bool:
    """Whether a value of the data is an error to raise."""
    return isinstance(value, dict) and "!" in value


def shown(value: Any, arguments: Mapping[str, Any]) -> Any:
    """A plain value; that of a field with arguments tells them."""
    if not arguments or value is None or is_error(value):
        return value
    return f"{value}|{json.dumps(arguments, sort_keys=True)}"


def computed(name: str, needed: Mapping[str, Any]) -> str:
    """The value of a ``@requires`` field, computed from what it needs."""
    return f"{name}<{json.dumps(needed, sort_keys=True)}>"


class Clear:
    """The records of a case, and the terms on which the subgraphs together answer each field."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.sides: dict[str, Side] = read_sides(case.subgraphs)
        self.declared: dict[tuple[str, str], Declared] = {}
        self.home: dict[tuple[str, str], str] = {}  # the one subgraph that answers a field
        self.items: dict[str, set[str]] = {}  # the members of interfaces that some subgraph has as an object
        objects = {kind.name for side in self.sides.values() for kind in side.kinds.values() if kind.interface_object}
        for name in objects:
            sides = self.sides.values()
            self.items[name] = set().union(*(s.kinds[name].members for s in sides if name in s.kinds))
        for side in self.sides.values():
            for kind in side.kinds.values():
                for each in kind.exclusive():
                    for name in self.items[kind.name] if kind.interface_object else {kind.name}:
                        self.declared[name, each.name] = each
                        self.home[name, each.name] = side.name

    def record(self, link: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
        """The type name and record that a link leads to."""
        typename, _, key = link["->"].partition("/")
        return typename, self.case.data[typename][key]

    def lost(self, graph: str, typename: str, record: Mapping[str, Any]) -> str | None:
        """Why ``graph`` does not know the record: an error's code, "" for no reason at all; None where it knows it."""
        place = f"{graph} {typename}/{record.get('id')}"
        return self.case.broken.get(place, "" if place in self.case.missing else None)

    def raw(self, typename: str, record: Mapping[str, Any], name: str) -> Any:
        """The stored value of a field. Raises ``Lost`` where its subgraph does not know the record."""
        home = self.home.get((typename, name))
        why = None if home is None else self.lost(home, typename, record)
        if why is not None:
            raise Lost(why)
        return record.get(name)

    def needed(
        self, typename: str, record: Mapping[str, Any], selection: SelectionSetNode, codes: set[str]
    ) -> dict[str, Any]:
        """What ``selection`` reads of a record; ``codes`` collects the errors met, which are nulls here.

        "" is the code of a null where none may be.
        """
        found: dict[str, Any] = {}
        for node in selection.selections:
            if isinstance(node, InlineFragmentNode):
                wanted = node.type_condition.name.value if node.type_condition else typename
                if wanted == typename or self._is(typename, wanted):
                    found.update(self.needed(typename, record, node.selection_set, codes))
            elif isinstance(node, FieldNode):
                found[node.name.value] = self._needed_field(typename, record, node, codes)
        return found

    def _is(self, typename: str, wanted: str) -> bool:
        return any(typename in s.kinds[wanted].members for s in self.sides.values() if wanted in s.kinds)

    def _needed_field(self, typename: str, record: Mapping[str, Any], node: FieldNode, codes: set[str]) -> Any:
        name = node.name.value
        declared = self.declared.get((typename, name))
        try:
            value = self.raw(typename, record, name)
        except Lost as lost:
            if lost.code:
                codes.add(lost.code)
            raise Unknown from None
        if declared is None:  # a key
            return value if node.selection_set is None else self._inside(value, node.selection_set, codes)
        if declared.requires and name not in record:
            return computed(name, self.needed(typename, record, selection_of(declared.requires), codes))
        arguments = {each.name.value: value_from_ast_untyped(each.value) for each in node.arguments or ()}
        return self._settled(value, declared.type, node.selection_set, arguments, codes)

    def _settled(
        self, value: Any, type_: str, below: SelectionSetNode | None, arguments: Mapping[str, Any], codes: set[str]
    ) -> Any:
        """A value as its subgraph would answer it: errors are nulls, and forbidden nulls travel up."""
        type_ = type_.removesuffix("!")
        if is_error(value):
            codes.add(value["!"])
            return None
        if isinstance(value, list):
            items = [self._settled(item, type_[1:-1], below, arguments, codes) for item in value]
            if None in items and type_.endswith("!]"):
                codes.add("")
                return None
            return items
        if value is None or below is None:
            return shown(value, arguments)
        return self._inside(value, below, codes)

    def _inside(self, value: Any, below: SelectionSetNode, codes: set[str]) -> Any:
        if is_link(value):
            return self.needed(*self.record(value), below, codes)
        return self.needed(value["__typename"], value, below, codes)
