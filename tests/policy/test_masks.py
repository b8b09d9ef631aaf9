"""Each mask: what it shows, that the field's type still holds, that laying it twice changes nothing, that it never shows all."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import GraphQLBoolean as Boolean
from graphql import (
    GraphQLEnumType,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLOutputType,
    GraphQLScalarType,
    GraphQLString,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.policy import Policy, apply_mask, mask_value
from gateway.policy.masks import MASKS, Masked
from gateway.policy.vocabulary import MaskSpec

DATE = GraphQLScalarType("Date")
MOMENT = GraphQLScalarType("DateTime")
STATUS = GraphQLEnumType(
    "Status", {"NO_MATCH": None, "POSSIBLE_MATCH": None, "CONFIRMED_MATCH": None, "ADMITTED": None}
)
TABLES = MaskSpec(
    "ANY",
    "t",
    frozenset(),
    1,
    (
        {"fields": ["A.screening"], "present": "POSSIBLE_MATCH", "nothing": ["NO_MATCH"]},
        {"fields": ["A.wage"], "step": 2_500_000},
        {"values": {"ADMITTED_WITH_WAIVER": "ADMITTED"}, "prefixes": {"212(a)": "INADMISSIBILITY", "212(a)(9)": "REMOVED"}, "default": "OTHER"},
    ),
)  # fmt: skip


@pytest.mark.parametrize(
    ("mask", "value", "type", "coordinate", "expected"),
    [
        ("LAST4", "A123456789", GraphQLString, "", Masked("******6789")),
        ("LAST4", "1234567", GraphQLString, "", Masked("*******")),
        ("YEAR_ONLY", "1990-05-17", DATE, "", Masked("1990-01-01")),
        ("YEAR_ONLY", "1990-05-17T10:00:00Z", MOMENT, "", Masked("1990-01-01T00:00:00Z")),
        ("YEAR_ONLY", "1990-05-17", GraphQLString, "", Masked("1990")),
        ("YEAR_ONLY", "May 1990", DATE, "", Masked(None)),
        ("DATE_ONLY", "2026-05-01T23:30:00-05:00", MOMENT, "", Masked("2026-05-02T00:00:00Z")),
        ("DATE_ONLY", "2026-05-01T10:00:00Z", GraphQLString, "", Masked("2026-05-01")),
        ("COUNTRY_ONLY", "1 Main Street, Springfield, UTO", GraphQLString, "", Masked("UTO")),
        ("COUNTRY_ONLY", "1 Main Street", GraphQLString, "", Masked(None)),
        ("BOOLEAN_PRESENCE", "CONFIRMED_MATCH", STATUS, "A.screening", Masked("POSSIBLE_MATCH", "PRESENT")),
        ("BOOLEAN_PRESENCE", "NO_MATCH", STATUS, "A.screening", Masked("NO_MATCH", "NONE")),
        ("BOOLEAN_PRESENCE", "CONFIRMED_MATCH", STATUS, "A.other", Masked(None, "PRESENT")),
        ("BOOLEAN_PRESENCE", "text", Boolean, "", Masked(True)),
        ("BOOLEAN_PRESENCE", None, Boolean, "", Masked(False)),
        ("BUCKET", 12_345_600, GraphQLInt, "A.wage", Masked(10_000_000, "10000000..12499999")),
        ("BUCKET", 12_345_600, GraphQLInt, "A.other", Masked(None)),
        ("BUCKET", "12", GraphQLInt, "A.wage", Masked(None)),
        ("CATEGORY_ONLY", "212(a)(3)(B)", GraphQLString, "A.ground", Masked("INADMISSIBILITY")),
        ("CATEGORY_ONLY", "212(a)(9)(A)", GraphQLString, "A.ground", Masked("REMOVED")),
        ("CATEGORY_ONLY", "221(g)", GraphQLString, "A.ground", Masked("OTHER")),
        ("CATEGORY_ONLY", "ADMITTED_WITH_WAIVER", STATUS, "A.outcome", Masked("ADMITTED")),
        ("CATEGORY_ONLY", "212(a)", STATUS, "A.outcome", Masked(None, "INADMISSIBILITY")),
        ("HASHED_REF", "TRV-1", GraphQLString, "", Masked("ref:aa0eabe99a368519")),
    ],
)  # fmt: skip
def test_what_a_mask_shows(mask: str, value: Any, type: GraphQLOutputType, coordinate: str, expected: Masked) -> None:
    assert mask_value(mask, value, type, TABLES, coordinate=coordinate, key=b"secret") == expected


def test_lists_are_masked_item_by_item_and_doubles_told_once() -> None:
    many = GraphQLList(GraphQLNonNull(GraphQLString))
    assert apply_mask("CATEGORY_ONLY", ["212(a)(6)", "212(a)(7)", "221(g)"], many, TABLES) == [
        "INADMISSIBILITY",
        "OTHER",
    ]
    assert apply_mask("CATEGORY_ONLY", [], many, TABLES) == []


@pytest.mark.parametrize("mask", [*MASKS, "NO_SUCH_MASK"])
@pytest.mark.parametrize("value", [None, {"code": "X"}, [["nested"]], [{"a": 1}]])
def test_what_cannot_be_masked_is_null(mask: str, value: Any) -> None:
    assert apply_mask(mask, value, GraphQLString, TABLES, key=b"k") is None


def test_without_the_gateways_key_a_reference_is_not_made() -> None:
    assert apply_mask("HASHED_REF", "TRV-1", GraphQLString) is None
    one, other = (apply_mask("HASHED_REF", "TRV-1", GraphQLString, key=key) for key in (b"one", b"other"))
    assert one != other


WORDS = st.one_of(
    st.text(min_size=1, max_size=20), st.sampled_from(["212(a)(3)(B)", "1990-05-17", "2026-05-01T10:00:00Z", "NO_MATCH"]), st.integers()
)  # fmt: skip


@settings(max_examples=300, derandomize=True, deadline=None)
@given(
    mask=st.sampled_from(sorted(MASKS)),
    value=WORDS,
    type=st.sampled_from([GraphQLString, DATE, MOMENT, STATUS, Boolean, GraphQLInt]),
)
def test_a_mask_laid_twice_is_a_mask_laid_once(mask: str, value: Any, type: GraphQLOutputType) -> None:
    for coordinate in ("A.screening", "A.wage", "A.any"):
        once = apply_mask(mask, value, type, TABLES, coordinate=coordinate, key=b"k")
        if mask == "HASHED_REF" or once is not None:
            assert apply_mask(mask, once, type, TABLES, coordinate=coordinate, key=b"k") == once


@settings(max_examples=200, derandomize=True, deadline=None)
@given(value=st.text(alphabet="ABCDEFGHJK0123456789", min_size=8, max_size=14))
def test_the_start_of_a_number_is_never_shown(value: str) -> None:
    shown = apply_mask("LAST4", value, GraphQLString)
    assert len(shown) == len(value)
    assert set(shown[:-4]) == {"*"}


def test_every_mask_in_the_agreements_shows_a_value_of_the_fields_own_type(real: Policy) -> None:
    """Clear enum values go in, and what comes out is one of the enum's values: nothing turns to null by accident."""
    masked = {(key, each.mask) for key, clauses in real.compiled.grants.items() for each in clauses if each.mask}
    assert {mask for _, mask in masked} >= {"LAST4", "BUCKET", "CATEGORY_ONLY", "BOOLEAN_PRESENCE", "DATE_ONLY"}
    for coordinate, mask in masked:
        entry = real.catalogue.entries[coordinate]
        if entry.kind != "enum":
            continue
        values = {
            "InspectionOutcome": ["ADMITTED", "PAROLED", "EXPEDITED_REMOVAL", "REFERRED_SECONDARY"],
            "ScreeningResult": ["NO_MATCH", "CONFIRMED_MATCH", "POSSIBLE_MATCH"],
        }[entry.target]
        enum = GraphQLEnumType(entry.target, dict.fromkeys(values))
        spec = real.vocabulary.masks[mask]
        for value in values:
            assert apply_mask(mask, value, enum, spec, coordinate=str(coordinate)) in values
