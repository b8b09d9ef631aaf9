"""The ten atoms, Kleene's tables, and what an unknown or unreachable fact does."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from gateway.policy.conditions import ALWAYS, ConditionError, atoms_of, evaluate, parse_condition, unknown_facts
from gateway.policy.facts import MISSING, UNREACHABLE, Truth, Value

AT = datetime(2026, 11, 1, 12, tzinfo=UTC)


def truth(raw: dict[str, Any], facts: dict[str, Value], *, best_case: bool = False) -> str:
    """The truth of a condition over plain facts."""
    return evaluate(parse_condition(raw), lambda name: facts.get(name, MISSING), AT, best_case=best_case).value


@pytest.mark.parametrize(
    ("atom", "value", "expected"),
    [
        ({"is": "open"}, "open", "true"),
        ({"is": "open"}, "closed", "false"),
        ({"is": True}, True, "true"),
        ({"is": True}, 1, "false"),
        ({"is": 1}, True, "false"),
        ({"is": date(2026, 1, 1)}, "2026-01-01", "true"),
        ({"is": "a"}, ["a", "b"], "true"),
        ({"is": "open"}, None, "false"),
        ({"is_not": "open"}, "closed", "true"),
        ({"is_not": "open"}, "open", "false"),
        ({"is_not": "open"}, None, "false"),
        ({"is_not": "a"}, ["a", "b"], "false"),
        ({"in": ["A", "B"]}, "B", "true"),
        ({"in": ["A", "B"]}, "C", "false"),
        ({"in": ["A", "B"]}, None, "false"),
        ({"in": ["A"]}, (), "false"),
        ({"not_in": ["A", "B"]}, "C", "true"),
        ({"not_in": ["A", "B"]}, "A", "false"),
        ({"not_in": ["A", "B"]}, None, "false"),
        ({"at_least": 30}, 30, "true"),
        ({"at_least": 30}, 29, "false"),
        ({"at_least": 30}, "40", "false"),
        ({"at_least": 1}, True, "false"),
        ({"at_most": 30}, 30.0, "true"),
        ({"at_most": 30}, 31, "false"),
        ({"present": True}, "x", "true"),
        ({"present": True}, None, "false"),
        ({"present": True}, (), "false"),
        ({"present": False}, None, "true"),
        ({"before": date(2026, 11, 1)}, "2026-10-31T23:59:59Z", "true"),
        ({"before": date(2026, 11, 1)}, "2026-11-01T00:00:00Z", "false"),
        ({"before": "now"}, "2026-11-01T11:59:59+00:00", "true"),
        ({"after": "now"}, "2026-11-01T14:00:00+02:00", "false"),
        ({"after": date(2026, 10, 1)}, date(2026, 10, 2), "true"),
        ({"before": "now"}, "yesterday", "false"),
        ({"within": "P10Y"}, "2016-11-01", "false"),
        ({"within": "P10Y"}, "2016-11-01T12:00:00Z", "true"),
        ({"within": "P10Y"}, "2016-11-02", "true"),
        ({"within": "PT72H"}, "2026-11-04T12:00:00Z", "true"),
        ({"within": "PT72H"}, "2026-11-04T12:00:01Z", "false"),
        ({"within": "P1M2D"}, "2026-09-29T12:00:00Z", "true"),
        ({"within": "P1M2D"}, "2026-09-29T11:59:59Z", "false"),
        ({"within": "P9999Y"}, "0001-01-01", "true"),
    ],
)
def test_an_atom(atom: dict[str, Any], value: Value, expected: str) -> None:
    assert truth({"attr": "record.x", **atom}, {"record.x": value}) == expected


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ("NYC", "NYC", "true"),
        ("NYC", "ATL", "false"),
        ("P-1", ("P-2", "P-1"), "true"),
        (("a",), ("b",), "false"),
        (None, None, "false"),
        (MISSING, "NYC", "unknown"),
        ("NYC", MISSING, "unknown"),
        ("NYC", UNREACHABLE, "unknown"),
    ],
)
def test_same_as(left: Value, right: Value, expected: str) -> None:
    raw = {"attr": "record.port", "same_as": "caller.location"}
    assert truth(raw, {"record.port": left, "caller.location": right}) == expected


def test_before_and_after_may_name_another_fact() -> None:
    raw = {"attr": "record.decidedOn", "after": "record.receivedOn"}
    assert truth(raw, {"record.decidedOn": "2026-02-01", "record.receivedOn": "2026-01-01"}) == "true"
    assert truth(raw, {"record.decidedOn": "2026-02-01", "record.receivedOn": None}) == "false"


def test_the_29th_of_february_has_a_day_before_in_other_years() -> None:
    leap = datetime(2028, 2, 29, tzinfo=UTC)
    within = parse_condition({"attr": "record.x", "within": "P1Y"})
    assert evaluate(within, lambda _: "2027-02-28", leap) is Truth.TRUE
    assert evaluate(within, lambda _: "2027-02-27", leap) is Truth.FALSE


@pytest.mark.parametrize(
    ("one", "other", "both", "either"),
    [
        (True, True, "true", "true"), (True, False, "false", "true"), (False, False, "false", "false"),
        (True, None, "unknown", "true"), (False, None, "false", "unknown"), (None, None, "unknown", "unknown"),
    ],
)  # fmt: skip
def test_kleenes_tables(one: bool | None, other: bool | None, both: str, either: str) -> None:
    facts: dict[str, Value] = {
        name: value for name, value in (("record.a", one), ("record.b", other)) if value is not None
    }
    for first, second in (("a", "b"), ("b", "a")):
        parts = [{"attr": f"record.{first}", "is": True}, {"attr": f"record.{second}", "is": True}]
        assert truth({"all": parts}, facts) == both
        assert truth({"any": parts}, facts) == either


def test_the_best_case_asks_nothing_of_records() -> None:
    raw = {"all": [{"attr": "case.state", "is": "open"}, {"attr": "record.x", "is": "y"}]}
    assert truth(raw, {"case.state": "open"}, best_case=True) == "true"
    assert truth(raw, {"case.state": "closed", "record.x": "y"}, best_case=True) == "false"
    assert truth({"attr": "case.subject", "same_as": "subject.id"}, {}, best_case=True) == "true"


def test_the_facts_that_leave_it_open_are_named_with_how_they_failed() -> None:
    raw = {"any": [{"attr": "record.a", "is": 1}, {"attr": "record.b", "is": 2}, {"attr": "record.c", "is": 3}]}
    facts: dict[str, Value] = {"record.a": UNREACHABLE, "record.c": 4}
    found = set(unknown_facts(parse_condition(raw), lambda name: facts.get(name, MISSING), AT))
    assert found == {("record.a", True), ("record.b", False)}


def test_always_is_always() -> None:
    assert evaluate(ALWAYS, lambda _: MISSING, AT) is Truth.TRUE
    assert str(ALWAYS) == "always"


def test_a_condition_reads_aloud() -> None:
    raw = {"all": [{"attr": "case.state", "is": "open"}, {"any": [
        {"attr": "record.kind", "in": ["A", "B"]}, {"attr": "record.on", "within": "P10Y"}, {"attr": "subject.p1367", "is": False},
    ]}]}  # fmt: skip
    condition = parse_condition(raw)
    assert str(condition) == (
        "case.state is open and (record.kind in [A, B] or record.on within P10Y or subject.p1367 is false)"
    )
    assert [atom.record_bound for atom in atoms_of(condition)] == [False, True, True, True]


@pytest.mark.parametrize(
    ("raw", "what"),
    [
        ("open", "a condition is a table, not str"),
        ({"all": []}, "'all' needs a list of at least one condition"),
        ({"any": [], "attr": "case.state"}, "'any' stands alone in its table, but attr is beside it"),
        ({"attr": "state", "is": "open"}, "'state' is not the name of a fact"),
        ({"attr": "value.code", "is": "open"}, "'value.code' is not the name of a fact"),
        ({"attr": "case.state"}, "one operator is needed for case.state, found: none"),
        ({"attr": "case.state", "is": "a", "in": ["b"]}, "one operator is needed for case.state, found: in, is"),
        ({"attr": "case.state", "matches": ".*"}, "one operator is needed for case.state, found: matches"),
        ({"attr": "case.state", "is": ["a"]}, "['a'] cannot stand after 'is' of case.state"),
        ({"attr": "case.state", "in": "a"}, "'a' cannot stand after 'in' of case.state"),
        ({"attr": "case.state", "in": []}, "[] cannot stand after 'in' of case.state"),
        ({"attr": "record.on", "within": "10 years"}, "'10 years' cannot stand after 'within' of record.on"),
        ({"attr": "record.on", "within": "P"}, "'P' cannot stand after 'within' of record.on"),
        ({"attr": "record.on", "before": "soon"}, "'soon' cannot stand after 'before' of record.on"),
        ({"attr": "record.n", "at_least": True}, "True cannot stand after 'at_least' of record.n"),
        ({"attr": "record.n", "present": "yes"}, "'yes' cannot stand after 'present' of record.n"),
        ({"attr": "record.a", "same_as": "b"}, "'b' cannot stand after 'same_as' of record.a"),
    ],
)
def test_what_is_not_a_condition_says_why(raw: object, what: str) -> None:
    with pytest.raises(ConditionError) as caught:
        parse_condition(raw)
    assert caught.value.what == what
    assert caught.value.hint
