"""The world's stream: deterministic, of the right size, with the ratios domain.md section 6 asks for."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from subgraphs.kit.codes import LISTS
from subgraphs.kit.identifiers import FORMS, mrv_errors, td3_errors
from subgraphs.kit.world.generator import AU_PAIRS, DEFAULT_SEED, SCALES, TODAY, generated, journeys, sponsors
from subgraphs.kit.world.model import Journey
from subgraphs.kit.world.sponsors import AU_PAIR
from subgraphs.kit.world.stories import STORIES
from subgraphs.kit.world.vocabulary import ENUMS

TOLD = len(STORIES)
FINAL_REFUSALS = ("REFUSED_214B", "REFUSED_221G_DOCUMENTS", "REFUSED_212A", "REFUSED_OTHER")
ENUM_OF_FIELD = {
    ("PetitionFact", "form_type"): "FormType",
    ("PetitionFact", "requested_action"): "RequestedAction",
    ("PetitionFact", "status"): "PetitionStatus",
    ("PetitionFact", "revoked_by"): "RevokedBy",
    ("BenefitRequestFact", "form"): "FormType",
    ("BenefitRequestFact", "status"): "BenefitStatus",
    ("AsylumCaseFact", "kind"): "AsylumKind",
    ("ProtectedFlagFact", "kind"): "ProtectedKind",
    ("VisaApplicationFact", "kind"): "ApplicationKind",
    ("VisaApplicationFact", "status"): "VisaApplicationStatus",
    ("VisaApplicationFact", "public_status"): "PublicVisaStatus",
    ("VisaApplicationFact", "consular_disposition"): "ConsularDisposition",
    ("VisaFact", "status"): "VisaStatus",
    ("VisaFact", "entries"): "VisaEntries",
    ("VisaRevocationFact", "kind"): "RevocationKind",
    ("RefusalFact", "family"): "RefusalFamily",
    ("BiometricCheckFact", "result"): "BiometricResult",
    ("SponsorFact", "status"): "SponsorStatus",
    ("ExchangeVisitorFact", "status"): "SevisStatus",
    ("TwoYearRuleFact", "basis"): "TwoYearBasis",
    ("SecurityReviewFact", "screening_result"): "ScreeningResult",
    ("SecurityReviewFact", "review_status"): "ReviewStatus",
    ("RecommendationFact", "value"): "RecommendationValue",
    ("ArrivalFact", "mode"): "CrossingMode",
    ("ArrivalFact", "direction"): "Direction",
    ("InspectionFact", "stage"): "InspectionStage",
    ("InspectionFact", "state"): "InspectionState",
    ("InspectionFact", "outcome"): "InspectionOutcome",
    ("InspectionFact", "biometric_match"): "BiometricMatch",
    ("AuthorizedStayFact", "kind"): "StayKind",
    ("AdmissionFact", "update_flag"): "UpdateFlag",
    ("DepartureFact", "mode"): "CrossingMode",
    ("DepartureFact", "method"): "DepartureMethod",
    ("OverstayFindingFact", "basis"): "OverstayBasis",
    ("EncounterFact", "kind"): "EncounterKind",
    ("RemovalCaseFact", "stage"): "RemovalStage",
    ("RemovalCaseFact", "state"): "CaseState",
    ("RemovalOrderFact", "kind"): "OrderKind",
    ("DepartureVerificationFact", "proof"): "DepartureProof",
    ("IdentifierFact", "kind"): "IdentifierKind",
    ("NameFact", "kind"): "NameKind",
    ("BirthFact", "precision"): "DatePrecision",
    ("LinkEvidenceFact", "kind"): "LinkKind",
    ("ProvenanceFact", "agency"): "Agency",
    ("Journey", "sex"): "Sex",
    ("Journey", "legal_category"): "LegalCategory",
}
LIST_OF_FIELD = {
    ("PetitionFact", "classification"): "petition-class",
    ("PetitionFact", "notify_post"): "post",
    ("VisaApplicationFact", "visa_class"): "coa",
    ("VisaApplicationFact", "post"): "post",
    ("VisaFact", "visa_class"): "coa",
    ("VisaFact", "issuing_post"): "post",
    ("RefusalFact", "post"): "post",
    ("ExchangeVisitorFact", "category"): "j-category",
    ("ExchangeVisitorFact", "subject"): "cip",
    ("TerminationFact", "code"): "j-termination",
    ("SecurityReviewFact", "post"): "post",
    ("ArrivalFact", "poe"): "poe",
    ("InspectionFact", "port"): "poe",
    ("AdmissionFact", "class_of_admission"): "coa",
    ("AdmissionFact", "poe"): "poe",
    ("AdmissionFact", "parole_kind"): "parole",
    ("DepartureFact", "poe"): "poe",
    ("RemovalCaseFact", "court"): "court",
    ("DepartureVerificationFact", "poe"): "poe",
}


def facts(value: Any) -> Iterator[Any]:
    """Every dataclass inside ``value``, itself included."""
    if isinstance(value, tuple):
        for item in value:
            yield from facts(item)
    elif is_dataclass(value):
        yield value
        for field in fields(value):
            yield from facts(getattr(value, field.name))


@pytest.fixture(scope="module")
def demo() -> list[Journey]:
    return list(journeys(scale="demo"))


def test_the_same_seed_gives_the_same_world_and_another_seed_another() -> None:
    assert list(journeys()) == list(journeys())
    first = list(journeys(seed=1))
    assert [item.traveler_id for item in first[TOLD:]] != [item.traveler_id for item in journeys(seed=2)][TOLD:]
    assert first[:TOLD] == list(itertools.islice(journeys(seed=2), TOLD))  # stories are the same at every seed


def test_any_traveler_can_be_made_without_the_others() -> None:
    known = sponsors()
    last = list(journeys())[-1]
    assert generated(DEFAULT_SEED, SCALES["small"] - TOLD - 1, TODAY, known) == last


def test_sizes(demo: list[Journey]) -> None:
    assert len(list(journeys())) == 150
    assert len(demo) == 2_000
    assert SCALES["load"] == 1_000_000
    with pytest.raises(KeyError):
        next(iter(sponsors(scale="huge")))


def test_the_stream_does_not_hold_what_it_gave() -> None:
    stream = journeys(scale="load")
    assert sum(1 for _ in itertools.islice(stream, 500)) == 500


def test_every_value_is_in_the_vocabulary(demo: list[Journey]) -> None:
    wrong = []
    for fact in facts((tuple(demo), sponsors(scale="demo"))):
        name = type(fact).__name__
        for field in fields(fact):
            value = getattr(fact, field.name)
            enum = ENUM_OF_FIELD.get((name, field.name))
            codes = LIST_OF_FIELD.get((name, field.name))
            if value is not None and enum is not None and value not in ENUMS[enum]:
                wrong.append((name, field.name, value))
            if value is not None and codes is not None and value not in LISTS[codes]:
                wrong.append((name, field.name, value))
    assert wrong == []


def test_every_instant_is_utc_and_none_is_a_naive_date(demo: list[Journey]) -> None:
    for fact in facts(tuple(demo)):
        for field in fields(fact):
            value = getattr(fact, field.name)
            if isinstance(value, datetime):
                assert value.tzinfo is UTC, (fact, field.name)


def test_nothing_on_record_lies_in_the_future(demo: list[Journey]) -> None:
    for journey in demo:
        instants = [item.at for item in journey.arrivals]
        instants += [item.at for item in journey.departures]
        instants += [item.at for item in journey.encounters]
        instants += [item.at for item in journey.timeline]
        instants += [item.opened_at for item in journey.inspections]
        instants += [item.admitted_at for item in journey.admissions]
        instants += [item.provenance.as_of for item in journey.visa_applications]
        assert all(at <= TODAY for at in instants), journey.traveler_id


def test_identifiers_have_their_forms_and_never_collide(demo: list[Journey]) -> None:
    seen: Counter[tuple[str, str]] = Counter()
    for journey in demo:
        assert FORMS["TRAVELER_ID"].pattern.fullmatch(journey.traveler_id), journey.traveler_id
        for item in journey.identifiers:
            assert FORMS[item.kind].pattern.fullmatch(item.value), (item.kind, item.value)
            seen[item.kind, item.value] += 1
        keys = [("crossing", item.crossing_id) for item in journey.arrivals]
        keys += [("inspection", item.inspection_id) for item in journey.inspections]
        keys += [("departure", item.departure_id) for item in journey.departures]
        keys += [("review", item.review_id) for item in journey.security_reviews]
        keys += [("case", item.case_id) for item in journey.removal_cases]
        keys += [("event-number", item.event_number) for item in journey.encounters]
        keys += [("control", item.control_number) for item in journey.visas]
        keys += [("receipt-or-case", item.receipt_number) for item in journey.petitions]
        keys += [("event", item.id) for item in journey.timeline]
        keys += [("traveler", journey.traveler_id)]
        seen.update(keys)
    assert [key for key, count in seen.items() if count > 1] == []


def test_identifiers_of_far_travelers_do_not_collide_either() -> None:
    known = sponsors(scale="load")
    indexes = [*range(40, 140), *range(499_950, 500_050), *range(999_800, 999_900)]
    values = [item.value for index in indexes for item in generated(DEFAULT_SEED, index, TODAY, known).identifiers]
    assert len(values) == len(set(values))


def test_documents_are_utopian_and_their_check_digits_hold(demo: list[Journey]) -> None:
    for journey in demo:
        for passport in journey.passports:
            first, second = passport.mrz.split("\n")
            assert (len(first), first[:5], second[10:13]) == (44, "P<UTO", "UTO")
            assert td3_errors(second) == []
            assert passport.issuer == "UTO"
        for visa in journey.visas:
            first, second = visa.mrz.split("\n")
            assert (len(first), first[:5], second[10:13]) == (44, "VNUTO", "UTO")
            assert mrv_errors(second) == []


def test_the_three_validities_are_kept_apart(demo: list[Journey]) -> None:
    workers = [item for item in demo if item.petitions and item.visas and item.admissions]
    different = 0
    for journey in workers:
        petition = next((item for item in journey.petitions if item.valid_to), None)
        until = journey.admissions[-1].authorized_stay.until
        if petition is not None and until is not None:
            different += len({petition.valid_to, journey.visas[-1].expires_on, until}) == 3
    assert different > 20


def test_duration_of_status_has_no_date_and_a_date_has_one(demo: list[Journey]) -> None:
    kinds: Counter[str] = Counter()
    for journey in demo:
        for item in journey.admissions:
            stay = item.authorized_stay
            kinds[stay.kind] += 1
            assert (stay.until is not None) == (stay.kind == "DATE")
            assert (stay.kind == "DURATION_OF_STATUS") == (item.class_of_admission in ("J1", "J2", "F1", "F2"))
    assert kinds["DURATION_OF_STATUS"] > 50


def test_ratios() -> None:
    known = sponsors(scale="load")
    people = [generated(DEFAULT_SEED, index, TODAY, known) for index in range(AU_PAIRS, 12_000)]
    applications = [item for person in people for item in person.visa_applications]
    visitors = sum(item.visa_class in ("B1", "B2") for item in applications)
    decided = [item for item in applications if item.status in (*FINAL_REFUSALS, "ISSUED")]
    refused = sum(item.status in FINAL_REFUSALS for item in decided)
    reviews = [item for person in people for item in person.security_reviews]
    refusing = sum(
        item.recommendation is not None and item.recommendation.value == "RECOMMEND_REFUSE" for item in reviews
    )
    protected = sum(bool(person.protected_flags or person.asylum_cases) for person in people)
    assert visitors / len(applications) == pytest.approx(0.80, abs=0.03)
    assert refused / len(decided) == pytest.approx(0.22, abs=0.015)
    assert refusing / len(reviews) == pytest.approx(0.004, abs=0.002)
    assert protected / len(people) == pytest.approx(0.05, abs=0.01)
    assert suspected_overstays(people) == pytest.approx(0.0125, abs=0.004)


def suspected_overstays(people: list[Journey]) -> float:
    """Of the admissions whose date has passed, the share with no departure."""
    expected, missing = 0, 0
    for person in people:
        left = {item.i94_number for item in person.departures}
        for item in person.admissions:
            until = item.authorized_stay.until
            if until is not None and until < TODAY.date():
                expected += 1
                missing += item.i94_number not in left
    return missing / expected


def test_forty_au_pairs(demo: list[Journey]) -> None:
    records = [item for journey in demo for item in journey.exchange_visitors if item.program_number == AU_PAIR]
    assert len(records) == 40
    arrived = {item.sevis_id for journey in demo for item in journey.admissions}
    assert sum(item.sevis_id in arrived for item in records) == 38
    assert sum(item.validated_at is None for item in records) == 6
    assert Counter(item.status for item in records) == {"ACTIVE": 33, "INITIAL": 6, "TERMINATED": 1}


def test_posts_and_ports_have_open_cases(demo: list[Journey]) -> None:
    pending = Counter(
        item.post
        for journey in demo
        for item in journey.visa_applications
        if item.status not in (*FINAL_REFUSALS, "ISSUED", "REVOKED")
    )
    open_inspections = Counter(item.port for journey in demo for item in journey.inspections if item.state == "OPEN")
    assert pending["NWD"] > 20
    assert pending["CRO"] > 5
    assert open_inspections["NYC"] > 2
    assert open_inspections["ATL"] > 2
    assert any(item.status == "RECEIVED" for journey in demo for item in journey.petitions)
    assert any(item.closed_at is None for journey in demo for item in journey.security_reviews)


def test_events_say_nothing_a_stricter_field_holds(demo: list[Journey]) -> None:
    telling = re.compile(r"fear|asylum|212\(|CONVIC|DISCIP|waiting list|revoke[^d]|fraud", re.IGNORECASE)
    for journey in demo:
        for event in journey.timeline:
            assert not telling.search(f"{event.kind} {event.summary}"), event


def test_minors_were_born_less_than_eighteen_years_ago(demo: list[Journey]) -> None:
    minors = [journey for journey in demo if journey.minor]
    assert len(minors) > 10
    for journey in minors:
        assert int(max(item.value for item in journey.birth)[:4]) >= TODAY.year - 18


def test_every_reference_of_a_traveler_resolves(demo: list[Journey]) -> None:
    people = {journey.traveler_id for journey in demo}
    programs = {sponsor.program_number for sponsor in sponsors(scale="demo")}
    for journey in demo:
        foils = {item.foil_number for item in journey.visas} | {None}
        applications = {item.application_id for item in journey.visa_applications}
        crossings = {item.crossing_id for item in journey.arrivals}
        sevis = {item.sevis_id for item in journey.exchange_visitors} | {None}
        cases = {item.case_id for item in journey.removal_cases} | {None}
        i94s = {item.i94_number for item in journey.admissions} | {None}
        assert {item.application_id for item in journey.visas} <= applications
        assert {item.application_id for item in journey.security_reviews} <= applications
        assert {item.foil_number for item in journey.arrivals} <= foils
        assert {item.foil_number for item in journey.admissions} <= foils
        assert {item.foil_number for item in journey.visa_applications} <= foils
        assert {item.crossing_id for item in journey.inspections} <= crossings
        assert {item.crossing_id for item in journey.admissions} <= crossings
        assert {item.sevis_id for item in journey.admissions} <= sevis
        assert {item.sevis_id for item in journey.visa_applications} <= sevis
        assert {item.i94_number for item in journey.departures} <= i94s
        assert {item.i94_number for item in journey.overstay_findings} <= i94s
        assert {item.case_id for item in journey.encounters} <= cases
        assert {item.case_id for item in journey.detentions} <= cases
        assert {item.program_number for item in journey.exchange_visitors} <= programs
        assert {name for item in journey.exchange_visitors for name in item.dependents} <= people
