"""Who may break the glass, who approves, for how long, and who reviews: the rules alone, with a clock of their own."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.caller import Caller
from gateway.duties import Glass, approve, ask_for, review, usable
from gateway.errors import GatewayError
from gateway.policy.vocabulary import Role, Vocabulary

AT = datetime(2026, 11, 1, 12, tzinfo=UTC)
WORDS = Vocabulary(
    break_glass=frozenset({"safety"}),
    roles={
        "officer": Role("officer", "", frozenset({"A"}), frozenset({"work"})),
        "boss": Role("boss", "", frozenset({"A", "B"}), frozenset({"work", "safety"}), frozenset({"safety"})),
        "chief": Role("chief", "", frozenset({"A"}), frozenset({"work"})),
    },
)
BOSS = Caller("A", "boss", "safety", "CASE-1", "u1")
OTHER = replace(BOSS, user="u2", case="CASE-9", purpose="work")
PAGE: dict[str, Any] = {"reason": "A child of nine is missing.", "case": "CASE-1", "minutes": 60}


def asked(**changes: Any) -> Glass:
    return ask_for(BOSS, {**PAGE, **changes}, WORDS, AT, "BG-1")


def opened(minutes: int = 60) -> Glass:
    return approve(asked(minutes=minutes), OTHER, WORDS, AT)


def refused(call: Any, *given: Any) -> str:
    with pytest.raises(GatewayError) as found:
        call(*given)
    assert found.value.hint
    return found.value.code


def test_a_request_gives_nothing_before_somebody_approves_it() -> None:
    assert asked().state(AT) == "pending"
    assert refused(usable, asked(), BOSS, AT) == "BREAK_GLASS_PENDING"


def test_approved_it_is_open_for_the_minutes_asked_and_not_an_instant_longer() -> None:
    glass = opened(15)
    assert usable(glass, BOSS, AT + timedelta(minutes=15) - timedelta(microseconds=1)) is glass
    assert refused(usable, glass, BOSS, AT + timedelta(minutes=15)) == "BREAK_GLASS_EXPIRED"


def test_never_longer_than_an_hour() -> None:
    assert refused(ask_for, BOSS, {**PAGE, "minutes": 61}, WORDS, AT, "x") == "BREAK_GLASS_MALFORMED"
    assert opened(60).expires_at == AT + timedelta(hours=1)


@pytest.mark.parametrize(
    "changes",
    [
        {"reason": ""}, {"reason": "too short"}, {"reason": "x" * 2001}, {"reason": 7}, {"reason": " " * 50},
        {"case": ""}, {"case": None}, {"minutes": 0}, {"minutes": -1}, {"minutes": True}, {"minutes": "60"},
        {"minutes": 1.5},
    ],
    ids=str,
)  # fmt: skip
def test_reason_case_and_minutes_have_to_be_there(changes: dict[str, Any]) -> None:
    assert refused(ask_for, BOSS, {**PAGE, **changes}, WORDS, AT, "x") == "BREAK_GLASS_MALFORMED"


def test_a_body_that_is_no_object_is_malformed() -> None:
    assert refused(ask_for, BOSS, ["reason"], WORDS, AT, "x") == "BREAK_GLASS_MALFORMED"


def test_only_for_a_purpose_that_stands_for_it() -> None:
    assert refused(ask_for, replace(BOSS, purpose="work"), PAGE, WORDS, AT, "x") == "BREAK_GLASS_PURPOSE"


def test_only_for_the_case_of_the_token() -> None:
    assert refused(ask_for, BOSS, {**PAGE, "case": "CASE-2"}, WORDS, AT, "x") == "BREAK_GLASS_CASE"


@pytest.mark.parametrize(
    "approver",
    [
        BOSS,
        replace(OTHER, user="u1"),
        replace(OTHER, agency="B"),
        replace(OTHER, role="officer"),
        replace(OTHER, role="chief"),
        replace(OTHER, role="nobody"),
        replace(OTHER, user=""),
    ],
    ids=[
        "oneself",
        "oneself with another token",
        "another agency",
        "an officer",
        "another chief",
        "no role",
        "no name",
    ],
)
def test_the_second_person_is_another_supervisor_of_the_same_agency(approver: Caller) -> None:
    assert refused(approve, asked(), approver, WORDS, AT) == "BREAK_GLASS_APPROVER"


def test_it_is_approved_once_and_within_the_hour() -> None:
    assert refused(approve, opened(), OTHER, WORDS, AT) == "BREAK_GLASS_DECIDED"
    assert refused(approve, asked(), OTHER, WORDS, AT + timedelta(hours=1)) == "BREAK_GLASS_EXPIRED"
    assert asked().state(AT + timedelta(hours=1)) == "lapsed"


@pytest.mark.parametrize("change", ["agency", "role", "user", "purpose", "case"])
def test_it_is_one_persons_for_one_case(change: str) -> None:
    given: dict[str, Any] = {change: "other"}
    assert refused(usable, opened(), replace(BOSS, **given), AT) == "BREAK_GLASS_UNKNOWN"
    assert refused(usable, None, BOSS, AT) == "BREAK_GLASS_UNKNOWN"


def test_a_review_is_due_within_a_day_of_the_approval_and_then_overdue() -> None:
    day = timedelta(hours=24)
    assert asked().review_state(AT + 2 * day) == "none"
    assert [opened().review_state(AT + each) for each in (day, day + timedelta(seconds=1))] == ["due", "overdue"]
    done = review(opened(), "auditor", "justified", "the child was found", AT + 2 * day)
    assert (done.review_state(AT + 3 * day), done.finding) == ("done", "justified")


def test_who_asked_or_approved_does_not_review_nor_twice() -> None:
    assert refused(review, opened(), "u1", "justified", "", AT) == "BREAK_GLASS_MALFORMED"
    assert refused(review, opened(), "u2", "justified", "", AT) == "BREAK_GLASS_MALFORMED"
    assert refused(review, opened(), "auditor", "fine", "", AT) == "BREAK_GLASS_MALFORMED"
    with pytest.raises(GatewayError, match="nothing to review"):
        review(asked(), "auditor", "justified", "", AT)
    with pytest.raises(GatewayError, match="nothing to review"):
        review(review(opened(), "auditor", "justified", "", AT), "auditor", "unjustified", "", AT)
