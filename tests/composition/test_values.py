"""Values and type references: read, compared and printed."""

from __future__ import annotations

from typing import Any

import pytest
from graphql.language import parse_const_value, parse_type

from gateway.composition import typerefs, values


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (7, "7"),
        (1.5, "1.5"),
        (1000.0, "1000"),
        (1e20, "100000000000000000000"),
        (1e21, "1e+21"),
        (1.25e30, "1.25e+30"),
        (-0.5, "-0.5"),
        (1e-6, "0.000001"),
        (1.5e-5, "0.000015"),
        (1e-7, "1e-7"),
        (1.25e-9, "1.25e-9"),
        (float("inf"), "null"),
    ],
)
def test_numbers_print_as_in_javascript(number: float, text: str) -> None:
    assert values.print_number(number) == text


@pytest.mark.parametrize(
    ("left", "right", "equal"),
    [
        (1, 1.0, True),
        (1, True, False),
        (0, False, False),
        (1, "1", False),
        (None, values.ABSENT, False),
        (None, False, False),
        ({"a": 1, "b": [2]}, {"b": [2.0], "a": 1}, True),
        ([1, 2], [2, 1], False),
        ("A", "A", True),
    ],
)
def test_values_compare_without_types(left: Any, right: Any, equal: bool) -> None:
    assert values.same(left, right) is equal


@pytest.mark.parametrize(
    ("source", "ref", "text"),
    [
        ('"12"', "ID", "12"),
        ('"012"', "ID", '"012"'),
        ('"12"', "String!", '"12"'),
        ("FOO", "Json", '"FOO"'),
        ("FOO", "Colour", "FOO"),
        ("[FOO, BAR]", "[Colour!]", "[FOO, BAR]"),
        ("1", "[Int]", "1"),
        ('{c: RED, n: 1.50, x: "y"}', "Paint", '{c: RED, n: 1.5, x: "y"}'),
        ("null", "Int", "null"),
        ("true", "Boolean", "true"),
        ('"""a\n"b" \\u0041"""', "String", '"a\\n\\"b\\" \\\\u0041"'),
        ("123456789012345678901234", "Int", "1.2345678901234569e+23"),
    ],
)
def test_values_print_for_their_type(source: str, ref: str, text: str) -> None:
    kinds: dict[str, Any] = {"Colour": "enum", "Paint": {"c": "Colour", "n": "Float"}}
    assert values.print_value(values.of_node(parse_const_value(source)), ref, kinds.get) == text


def test_type_references() -> None:
    ref = typerefs.of_node(parse_type("[[Int!]]!"))
    assert ref == "[[Int!]]!"
    assert typerefs.base(ref) == "Int"
    assert typerefs.non_null(ref)
    assert typerefs.nullable(ref) == "[[Int!]]"
    assert typerefs.is_list(ref)
    assert typerefs.item(ref) == "[Int!]"
    assert typerefs.rename("[Q!]", {"Q": "Query"}) == "[Query!]"
    assert typerefs.rename("[Q!]", {}) == "[Q!]"
