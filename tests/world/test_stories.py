"""The stories: readable and fixed, each question has one, and each holds what its question needs."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from subgraphs.kit.world.generator import TODAY
from subgraphs.kit.world.model import Journey
from subgraphs.kit.world.printing import stories_page
from subgraphs.kit.world.questions import PERSONAS, QUESTIONS, question
from subgraphs.kit.world.stories import STORIES, stories, story

PAGE = Path(__file__).parents[2] / "docs" / "stories.md"


def tell(slug: str) -> Journey:
    return story(slug, TODAY)


def test_there_are_enough_and_they_are_numbered_in_order() -> None:
    assert len(STORIES) >= 16
    assert [item.number for item in STORIES] == list(range(1, len(STORIES) + 1))
    assert [journey.story for journey in stories(TODAY)] == [item.slug for item in STORIES]
    with pytest.raises(KeyError):
        story("nobody", TODAY)


def test_every_question_names_a_persona_and_a_story_that_holds_its_identifiers() -> None:
    assert [item.number for item in QUESTIONS] == list(range(1, 33))
    for asked in QUESTIONS:
        assert asked.persona in PERSONAS
        if asked.story is None:
            continue
        text = repr(tell(asked.story))
        case = asked.case if PERSONAS[asked.persona].agency != "OVERSIGHT" else None  # oversight has cases of its own
        for name, value in (*asked.identifiers, ("case", case)):
            assert value is None or f"'{value}'" in text, (asked.number, name, value)


def test_a_case_is_open_where_the_question_needs_a_window() -> None:
    for number in (12, 13, 14, 15, 16, 17, 31):
        asked = question(number)
        journey = tell(str(asked.story))
        inspection = next(item for item in journey.inspections if item.inspection_id == asked.case)
        assert inspection.state == "OPEN"
        assert inspection.port == PERSONAS[asked.persona].location
    for number in (1, 2, 3, 4, 5, 6, 8, 9, 29):
        asked = question(number)
        case = next(item for item in tell(str(asked.story)).visa_applications if item.application_id == asked.case)
        assert case.status not in ("ISSUED", "REFUSED_214B", "REVOKED")
        assert case.post == PERSONAS[asked.persona].location
    for number in (21, 22, 23, 32):
        asked = question(number)
        removal = next(item for item in tell(str(asked.story)).removal_cases if item.case_id == asked.case)
        assert removal.state == "OPEN"


def test_the_story_of_the_recommendation_is_not_a_visa_status() -> None:
    journey = tell("approved-not-issued")
    review = journey.security_reviews[0]
    assert review.recommendation is not None
    assert review.recommendation.value == "RECOMMEND_REFUSE"
    assert journey.visa_applications[0].status == "APPROVED_NOT_ISSUED"
    assert journey.visas == ()
    spite = tell("issued-in-spite")
    assert spite.visas[0].issued_on == (TODAY - timedelta(days=60)).date()
    assert spite.visa_applications[0].consular_disposition == "ISSUED_NOTWITHSTANDING"


def test_the_visa_was_revoked_in_the_air() -> None:
    journey = tell("revoked-in-the-air")
    revocation = journey.visas[0].revocation
    assert revocation is not None
    assert revocation.at < journey.arrivals[0].at < TODAY
    assert {item.state for item in journey.inspections} == {"OPEN", "CLOSED"}


def test_overstays_by_date_by_status_and_not_at_all() -> None:
    late = tell("overstay-by-date").admissions[0]
    assert late.authorized_stay.until is not None
    assert late.authorized_stay.until < TODAY.date()
    status = tell("duration-of-status")
    assert status.admissions[0].authorized_stay.kind == "DURATION_OF_STATUS"
    assert status.overstay_findings == ()
    extension = tell("extension-in-time")
    until = extension.admissions[0].authorized_stay.until
    assert until is not None
    assert extension.petitions[1].received_on < until < TODAY.date()
    assert extension.petitions[1].status == "EVIDENCE_REQUESTED"


def test_the_spouse_is_not_protected_but_a_protected_petition_names_him() -> None:
    spouse = tell("spouse-of-protected")
    assert spouse.protected_flags == ()
    assert {item.form_type for item in spouse.petitions} == {"I130", "I918"}
    assert tell("protected-u").protected_flags[0].until is None


def test_asylum_shows_in_no_event_and_no_public_fact() -> None:
    journey = tell("asylum-then-applicant")
    assert [item.kind for item in journey.asylum_cases] == ["CREDIBLE_FEAR", "DEFENSIVE"]
    assert "CREDIBLE_FEAR_REFERRAL" in [item.outcome for item in journey.inspections]
    assert not any("fear" in f"{event.kind}{event.summary}".lower() for event in journey.timeline)


def test_namesakes_share_a_name_and_nothing_else() -> None:
    one, two = tell("namesake-one"), tell("namesake-two")
    assert (one.names[0].family, one.names[0].given) == (two.names[0].family, two.names[0].given)
    assert {item.value for item in one.identifiers}.isdisjoint(item.value for item in two.identifiers)
    assert len(tell("two-passports").passports) == 2


def test_all_chapters_has_every_agency_and_an_open_case_of_each() -> None:
    journey = tell("all-chapters")
    owners = {event.agency for event in journey.timeline}
    assert owners == {"USCIS", "STATE_CA", "ICE_SEVP", "ICE_VSP", "CBP", "ICE_ERO"}
    for part in (
        "petitions",
        "benefit_requests",
        "visa_applications",
        "visas",
        "exchange_visitors",
        "security_reviews",
    ):
        assert getattr(journey, part), part
    for part in ("arrivals", "inspections", "admissions", "departures", "lookouts", "encounters", "removal_cases"):
        assert getattr(journey, part), part
    assert journey.detentions
    assert journey.criminal_history
    assert any(item.status == "RECEIVED" for item in journey.petitions)
    assert any(item.closed_at is None for item in journey.security_reviews)
    assert any(item.state == "OPEN" for item in journey.removal_cases)


def test_stories_move_with_the_day_and_keep_their_identifiers() -> None:
    later = datetime(2027, 3, 1, 12, 0, tzinfo=UTC)
    moved = story("h1b-window", later)
    assert moved.traveler_id == tell("h1b-window").traveler_id
    assert [item.application_id for item in moved.visa_applications] == ["AA00S01001", "AA00S01002"]
    interview = moved.visa_applications[1].interview_at
    assert interview == later - timedelta(minutes=30)


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == stories_page(TODAY)


def test_every_persona_is_one_the_vocabulary_knows() -> None:
    words = tomllib.loads((PAGE.parents[1] / "schema" / "vocabulary.toml").read_text(encoding="utf-8"))
    for name, persona in PERSONAS.items():
        role = words["roles"][persona.role]
        assert persona.agency in role["agencies"], name
        assert persona.purpose in role["purposes"], name


def test_findings_dependents_paroles_and_unmatched_departures_have_a_story() -> None:
    found = tell("finding-by-uscis")
    assert found.overstay_findings[0].i94_number == found.admissions[0].i94_number
    assert found.visas[0].status == "VOID_222G"
    assert tell("j1-two-year-rule").exchange_visitors[0].dependents == (tell("j2-dependent").traveler_id,)
    assert tell("paroled").admissions[0].parole_kind == "DT"
    assert tell("unmatched-departure").departures[0].i94_number is None
