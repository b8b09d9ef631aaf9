"""Identifiers and code lists; the check digits are ICAO's own specimens."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subgraphs.kit.codes import LISTS, coded, label, require_code
from subgraphs.kit.errors import Refusal
from subgraphs.kit.identifiers import FORMS, check, check_digit, mrv_errors, td3_errors
from subgraphs.kit.world.generator import TODAY
from subgraphs.kit.world.stories import stories

PASSPORT = "L898902C36UTO7408122F1204159ZE184226B<<<<<10"
VISA = "L8988901C4XXX4009078F96121096ZE184226B<<<<<<"


@pytest.mark.parametrize(
    ("text", "digit"),
    [
        ("L898902C3", 6),
        ("740812", 2),
        ("120415", 9),
        ("ZE184226B<<<<<", 1),
        ("AB2134<<<", 5),
        ("520727", 3),
        ("L8988901C", 4),
        ("400907", 8),
        ("961210", 9),
        ("", 0),
    ],
)
def test_the_check_digits_of_the_specimens(text: str, digit: int) -> None:
    assert check_digit(text) == digit


@pytest.mark.parametrize("text", ["a", "Ä", " ", "-", "١"])
def test_only_the_zone_s_own_letters_have_a_check_digit(text: str) -> None:
    with pytest.raises(ValueError, match="machine-readable"):
        check_digit(text)


def test_the_specimen_lines_hold() -> None:
    assert td3_errors(PASSPORT) == []
    assert mrv_errors(VISA) == []
    assert mrv_errors(VISA[:36]) == []
    assert td3_errors(PASSPORT[:43]) == mrv_errors(VISA[:40]) == ["length"]


@given(st.integers(0, 42), st.sampled_from("0123456789"))
def test_a_changed_digit_of_a_passport_is_noticed(place: int, digit: str) -> None:
    if PASSPORT[place].isdigit() and digit != PASSPORT[place]:
        assert td3_errors(PASSPORT[:place] + digit + PASSPORT[place + 1 :]) != []


def test_every_document_of_the_world_is_well_formed() -> None:
    lines = [passport.mrz.splitlines()[1] for journey in stories(TODAY) for passport in journey.passports]
    assert len(lines) > 20
    assert [td3_errors(line) for line in lines] == [[]] * len(lines)


@pytest.mark.parametrize("kind", FORMS)
def test_the_canonical_spelling_stays_as_it_is(kind: str) -> None:
    assert check(kind, FORMS[kind].example) == FORMS[kind].example


@pytest.mark.parametrize(
    ("kind", "given", "canonical"),
    [
        ("RECEIPT", "ioe-09-260-01001", "IOE0926001001"),
        ("A_NUMBER", "A-1234567", "A001234567"),
        ("A_NUMBER", "12345678", "A012345678"),
        ("A_NUMBER", "a123456789", "A123456789"),
        ("I94_NUMBER", "123456789a1", "123456789A1"),
        ("I94_NUMBER", "12345678901", "12345678901"),
        ("SEVIS_ID", " n0000100001 ", "N0000100001"),
    ],
)
def test_accepted_spellings_become_one(kind: str, given: str, canonical: str) -> None:
    assert check(kind, given) == canonical


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("RECEIPT", "IOE09260010012"),
        ("RECEIPT", "IO30926001001"),
        ("A_NUMBER", "A123456"),
        ("A_NUMBER", "A1234567890"),
        ("I94_NUMBER", "1234567890"),
        ("FIN", "١٢٣٤٥٦٧٨٩٠"),
        ("SEVIS_ID", "N0000100001\n1"),
        ("TRAVELER_ID", "TRV-01J9ZZZZZZZZZZZZZZZZZZZZIL"),
        ("REVIEW_ID", "VSR-26-0001001"),
    ],
)
def test_other_forms_are_refused_without_being_quoted(kind: str, text: str) -> None:
    with pytest.raises(Refusal) as caught:
        check(kind, text)
    assert caught.value.code == "BAD_IDENTIFIER"
    assert text not in caught.value.message


def test_every_identifier_of_the_stories_has_its_form() -> None:
    facts = [fact for journey in stories(TODAY) for fact in journey.identifiers]
    assert len(facts) > 100
    assert [check(fact.kind, fact.value) for fact in facts] == [fact.value for fact in facts]


def test_one_code_means_different_things_in_different_lists() -> None:
    assert (label("post", "LND"), label("poe", "LND")) == ("London", None)
    value = coded("post", "NWD")
    assert value is not None
    assert (value.list, value.code, value.label) == ("post", "NWD", "New Delhi")
    assert coded("post", None) is None
    unknown = coded("poe", "ZZZ")
    assert unknown is not None
    assert unknown.label is None
    assert (len(LISTS["post"]), len(LISTS["poe"]) >= 35) == (33, True)


def test_a_code_outside_its_list_is_refused() -> None:
    assert require_code("poe", " nyc ") == "NYC"
    with pytest.raises(Refusal, match="no such code"):
        require_code("poe", "NWD")
