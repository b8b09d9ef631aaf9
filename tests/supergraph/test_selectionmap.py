"""Field selection maps: read, printed, what they need of an object, and what they make of one."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.supergraph.selectionmap import (
    SelectionMapError,
    field_set_of,
    parse_selection_map,
    print_selection_map,
    value_of,
)

HELD: dict[str, Any] = {
    "__typename": "Port",
    "id": "7",
    "size": {"docks": 3, "area": None},
    "quays": [{"id": "a", "cranes": [{"tons": 5}, {"tons": 6}]}, {"id": "b", "cranes": []}],
    "grid": [[{"x": 1}], [{"x": 2}, {"x": 3}]],
    "depth": 12,
    "gone": None,
}


@pytest.mark.parametrize(
    ("text", "needs", "makes"),
    [
        ("id", "id", "7"),
        ("size.docks", "size { docks }", 3),
        ("gone.docks", "gone { docks }", None),
        ("size.{ docks, area }", "size { docks area }", {"docks": 3, "area": None}),
        ("gone.{ docks }", "gone { docks }", None),
        ("{ n: size.docks id }", "size { docks } id", {"n": 3, "id": "7"}),
        ("{ of: { n: size.docks, deep: depth(unit: M) } }", "size { docks } depth(unit: M)", {"of": {"n": 3, "deep": 12}}),
        ("quays[id]", "quays { id }", ["a", "b"]),
        ("quays[{ id, heavy: cranes[tons] }]", "quays { id cranes { tons } }",
         [{"id": "a", "heavy": [5, 6]}, {"id": "b", "heavy": []}]),
        ("grid[[x]]", "grid { x }", [[1], [2, 3]]),
        ("gone[id]", "gone { id }", None),
        ("<Ship>.hull | <Port>.id", "... on Ship { hull } ... on Port { id }", "7"),
        ("{ ship: <Ship>.hull } | { port: <Port>.id }", "... on Ship { hull } ... on Port { id }", {"port": "7"}),
        ("head<Ship>.id", "head { ... on Ship { id } }", None),
        ('name(of: "a.b)<", at: [1.5, {x: true}]).text', 'name(of: "a.b)<", at: [1.5, { x: true }]) { text }', None),
    ],
)  # fmt: skip
def test_what_a_map_needs_and_makes(text: str, needs: str, makes: Any) -> None:
    mapped = parse_selection_map(text)

    assert field_set_of(mapped) == needs
    assert value_of(mapped, HELD) == makes
    assert parse_selection_map(print_selection_map(mapped)) == mapped


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "expected a name at the end"),
        ("a.", "expected a name at the end"),
        ("a..b", "at 2: expected a name, found '.'"),
        ("{", "expected a name at the end"),
        ("{ }", "at 1: expected a name, found '}'"),
        ("quays[id, name]", "at 8: expected ']', found 'name'"),
        ("a { b }", "at 1: expected the end, found '{'"),
        ("a(x: $v)", "(x: $v): Unexpected variable '$v' in constant value."),
        ("a b", "at 1: expected the end, found 'b'"),
        ("a @b", "at 1: expected the end, found '@'"),
        ("<A>b", "at 3: expected '.', found 'b'"),
    ],
)
def test_what_is_no_map(text: str, said: str) -> None:
    with pytest.raises(SelectionMapError) as caught:
        parse_selection_map(text)
    assert str(caught.value) == said
