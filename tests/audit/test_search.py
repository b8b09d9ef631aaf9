"""Who saw whom, what, under which agreement: rows, counts, and the accounting of disclosures of one traveler."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from gateway.audit import Disclosed, Search, count_by, disclosures_of, search
from gateway.caller import Caller
from tests.audit.conftest import NOW, OFFICER, STATUS, OpenLog, Place, record

ANNA, BORIS = "TRV-01HZX0000000000000000000AA", "TRV-01HZX0000000000000000000BB"
CONSUL = Caller("STATE_CA", "consular-officer", "visa-adjudication", case="AA00000001", user="u-20")
DENIED = Disclosed("Visa.annotation", "DENY", owner="STATE_CA", count=1, reason="NO_AGREEMENT")
MASKED = Disclosed(
    "Visa.passportNumber", "MASK", "STATE_CA", 3, "LAST4", agreement="CA-CBP-VISA", version=3, article="III.2"
)
DECEMBER = datetime(2026, 12, 2, tzinfo=UTC)


@pytest.fixture
async def place_with_log(place: Place, open_log: OpenLog) -> Place:
    """Five answers: two to a CBP officer about Anna, one about both, one to State itself, one a month later."""
    of, log = place.pseudonyms.of, open_log()
    anna, boris = of(ANNA, NOW), of(BORIS, NOW)
    await log.append(record(0, subjects=(anna,)))
    await log.append(record(1, subjects=(anna,), disclosed=(STATUS, DENIED)))
    await log.append(record(2, subjects=(anna, boris), disclosed=(MASKED,), caller=replace(OFFICER, user="u-18")))
    await log.append(record(3, subjects=(boris,), caller=CONSUL))
    await log.append(record(4, subjects=(of(ANNA, DECEMBER),), at=DECEMBER))
    return place


def found(place: Place, what: Search) -> list[str]:
    return [item.record["request"] for item in search(place.log, what)[0]]


@pytest.mark.parametrize(
    ("what", "requests"),
    [
        (Search(user="u-18"), ["r2"]),
        (Search(agency="STATE_CA"), ["r3"]),
        (Search(role="consular-officer"), ["r3"]),
        (Search(purpose="border-inspection-primary", case="CBP-INS-0001"), ["r4", "r2", "r1", "r0"]),
        (Search(coordinate="Visa.annotation"), ["r1"]),
        (Search(coordinate="Visa.*", outcome="MASK"), ["r2"]),
        (Search(coordinate="Visa.status", outcome="DENY"), []),
        (Search(agreement="CA-CBP-VISA", agency="CBP"), ["r4", "r2", "r1", "r0"]),
        (Search(request_id="r3"), ["r3"]),
        (Search(since=NOW + timedelta(minutes=1), until=NOW + timedelta(minutes=3)), ["r2", "r1"]),
        (Search(user="' or 1=1 --"), []),
    ],
)
def test_every_condition_narrows(place_with_log: Place, what: Search, requests: list[str]) -> None:
    assert found(place_with_log, what) == requests


def test_a_traveler_is_found_in_every_month_and_nobody_else_is(place_with_log: Place) -> None:
    assert found(place_with_log, Search(subjects=place_with_log.pseudonyms.every(ANNA))) == ["r4", "r2", "r1", "r0"]
    assert found(place_with_log, Search(subjects=place_with_log.pseudonyms.every("TRV-nobody"))) == []


def test_pages_go_back_in_time_and_the_total_stays(place_with_log: Place) -> None:
    first, total = search(place_with_log.log, Search(), limit=2)
    second, again = search(place_with_log.log, Search(), limit=2, before=first[-1].cursor)
    assert ([item.index for item in first], [item.index for item in second]) == ([4, 3], [2, 1])
    assert total == again == 5


def test_counts_tell_records_and_values(place_with_log: Place) -> None:
    log = place_with_log.log
    assert [(c.name, c.records, c.values) for c in count_by(log, Search(), "coordinate")] == [
        ("Visa.status", 4, 8),
        ("Visa.passportNumber", 1, 3),
        ("Visa.annotation", 1, 1),
    ]
    assert [(c.name, c.records) for c in count_by(log, Search(), "agency")] == [("CBP", 4), ("STATE_CA", 1)]
    assert [(c.name, c.values) for c in count_by(log, Search(outcome="MASK"), "agreement")] == [("CA-CBP-VISA", 3)]
    assert [c.name for c in count_by(log, Search(coordinate="Visa.annotation"), "agreement")] == [""]


def test_a_grouping_that_does_not_exist_is_refused(place_with_log: Place) -> None:
    with pytest.raises(ValueError, match="counted by"):
        count_by(place_with_log.log, Search(), 'user" from record; --')  # type: ignore[arg-type]


def test_the_accounting_names_releases_to_others_only(place_with_log: Place) -> None:
    lines = disclosures_of(place_with_log.log, place_with_log.pseudonyms, ANNA)
    assert [(line.request_id, line.recipient, line.coordinate, line.article) for line in lines] == [
        ("r0", "CBP", "Visa.status", "III.1"),
        ("r1", "CBP", "Visa.status", "III.1"),
        ("r2", "CBP", "Visa.passportNumber", "III.2"),
        ("r4", "CBP", "Visa.status", "III.1"),
    ]
    assert [line.subjects_in_answer for line in lines] == [1, 1, 2, 1]
    assert lines[2].mask == "LAST4"


def test_the_owners_own_reads_come_on_request(place_with_log: Place) -> None:
    boris = disclosures_of(place_with_log.log, place_with_log.pseudonyms, BORIS)
    both = disclosures_of(place_with_log.log, place_with_log.pseudonyms, BORIS, within_agency=True)
    assert [line.request_id for line in boris] == ["r2"]
    assert [line.request_id for line in both] == ["r2", "r3"]


def test_shredding_a_months_key_forgets_that_month_and_breaks_nothing(place_with_log: Place) -> None:
    pseudonyms = place_with_log.pseudonyms
    assert pseudonyms.shred("2026-11")
    assert not pseudonyms.shred("2026-11")
    assert [line.request_id for line in disclosures_of(place_with_log.log, pseudonyms, ANNA)] == ["r4"]
    assert pseudonyms.of(ANNA, NOW) not in {s for item in search(place_with_log.log, Search())[0]
                                            for s in item.record["subjects"]}  # fmt: skip


def test_pseudonyms_tell_nothing_and_keys_are_private(place: Place) -> None:
    name = place.pseudonyms.of(ANNA, NOW)
    assert name == place.pseudonyms.of(ANNA, NOW)
    assert name != place.pseudonyms.of(BORIS, NOW)
    assert "HZX" not in name
    (key,) = place.keys.glob("audit-subjects-*.key")
    assert (key.name, key.stat().st_mode & 0o777) == ("audit-subjects-2026-11.key", 0o600)
