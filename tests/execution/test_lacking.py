"""What is not asked for because an earlier fetch failed: told of behind a gate, and never asked with half of what it needs."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.execution.lacking import lacking
from gateway.execution.result import FetchFailure
from gateway.planning.plan import Input, InputField, InputFragment

KEY = InputField("id", "id")
CODES = InputField("__r0", "codes", (InputField("value", "value", required=False),), required=False)
BY_TYPE = InputFragment(("Visa",), (InputField("foil", "foil"),))
WHOLE = Input(("Person", "Visa"), "Person", (KEY, CODES, BY_TYPE))
PLACE = ("people", 1)
PERSON: dict[str, Any] = {"__typename": "Person", "id": "p1", "__r0": [{"value": 1}, {"value": None}]}


def found(item: dict[str, Any], *paths: tuple[str | int, ...], inputs: tuple[Input, ...] = (WHOLE,)) -> list[Any]:
    failures = [FetchFailure("visas", "SUBGRAPH_TIMEOUT", "late", (path,)) for path in paths]
    return [(place, failures.index(why)) for place, _, why in lacking([(PLACE, item)], inputs, failures)]


@pytest.mark.parametrize(
    ("item", "path"),
    [
        ({**PERSON, "id": None}, (*PLACE, "id")),
        ({"__typename": "Person", "id": "p1"}, (*PLACE, "__r0")),
        ({**PERSON, "__r0": None}, (*PLACE, "__r0", 0, "value")),
        (PERSON, (*PLACE, "__r0", 1, "value")),
        ({**PERSON, "__r0": [None]}, (*PLACE, "__r0", 0, "value")),
        ({**PERSON, "__typename": "Visa"}, (*PLACE, "foil")),
    ],
)
def test_a_value_that_a_failure_lost_is_lacking(item: dict[str, Any], path: tuple[str | int, ...]) -> None:
    assert found(item, ("elsewhere",), path) == [(PLACE, 1)]


@pytest.mark.parametrize(
    ("item", "path"),
    [
        (PERSON, (*PLACE, "id")),  # another fetch had it
        (PERSON, (*PLACE, "__r0", 0, "value")),
        (PERSON, (*PLACE, "__r0", 7, "value")),
        (PERSON, (*PLACE, "name")),  # nobody reads it
        (PERSON, (*PLACE, "foil")),  # of another type only
        ({**PERSON, "id": None}, ("people", 0, "id")),  # somebody else's
        ({**PERSON, "id": None}, PLACE),
        ({**PERSON, "__typename": "Pet", "id": None}, (*PLACE, "id")),  # it is not asked about at all
    ],
)
def test_whatever_else_is_null_was_never_there(item: dict[str, Any], path: tuple[str | int, ...]) -> None:
    assert found(item, path) == []


def test_an_object_is_named_once_with_the_first_that_lost_something() -> None:
    lost = {"__typename": "Person"}
    assert found(lost, (*PLACE, "__r0"), (*PLACE, "id")) == [(PLACE, 0)]
