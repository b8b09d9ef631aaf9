"""The overstay law: what each combination of stay, departure, finding and extension comes to, on which basis."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subgraphs.admissions.enums import OverstayBasis as B
from subgraphs.admissions.enums import OverstayStatus as O
from subgraphs.admissions.enums import StayKind, UpdateFlag
from subgraphs.admissions.overstay import Extension, Finding, Left, Stay, assess
from subgraphs.admissions.ports import local_day

TODAY = date(2026, 11, 1)
UNTIL = date(2026, 10, 1)  # 31 days before today
NO_EXTENSION = Extension(known=True)
FILED_IN_TIME = Extension(known=True, filed_on=UNTIL)
FILED_LATE = Extension(known=True, filed_on=UNTIL + timedelta(days=1))
UNKNOWN = Extension(known=False)
IJ = Finding(B.IJ_FINDING, date(2026, 9, 1))
USCIS = Finding(B.USCIS_FINDING, date(2026, 9, 11))


def left(on: date, confidence: float = 0.98, *, matched: bool = True) -> Left:
    return Left(on, confidence, matched)


def dated(until: date = UNTIL, **more: Any) -> Stay:
    return Stay(StayKind.DATE, until, date(2026, 4, 1), **more)


def ds(**more: Any) -> Stay:
    return Stay(StayKind.DURATION_OF_STATUS, None, date(2026, 4, 1), **more)


LAW: list[tuple[str, Stay, Extension, tuple[O, B | None, int | None, str]]] = [
    ("stay goes on", dated(TODAY + timedelta(1)), UNKNOWN, (O.NONE, B.I94_DATE, 0, "OVS-07")),
    ("last day of the stay", dated(TODAY), UNKNOWN, (O.NONE, B.I94_DATE, 0, "OVS-07")),
    (
        "one day over",
        dated(TODAY - timedelta(1)),
        NO_EXTENSION,
        (O.SUSPECTED_IN_COUNTRY, B.I94_DATE, 1, "OVS-13"),
    ),
    ("a month over", dated(), NO_EXTENSION, (O.SUSPECTED_IN_COUNTRY, B.I94_DATE, 31, "OVS-13")),
    ("extension filed in time", dated(), FILED_IN_TIME, (O.NONE, B.I94_DATE, 0, "OVS-08")),
    ("extension filed late", dated(), FILED_LATE, (O.SUSPECTED_IN_COUNTRY, B.I94_DATE, 31, "OVS-13")),
    ("USCIS did not say", dated(), UNKNOWN, (O.NOT_DETERMINABLE, B.I94_DATE, None, "OVS-09")),
    ("left in time", dated(departures=(left(UNTIL),)), UNKNOWN, (O.NONE, B.I94_DATE, 0, "OVS-07")),
    (
        "left late",
        dated(departures=(left(UNTIL + timedelta(9)),)),
        NO_EXTENSION,
        (O.OUT_OF_COUNTRY_CONFIRMED, B.I94_DATE, 9, "OVS-11"),
    ),
    (
        "left while an extension was pending",
        dated(departures=(left(UNTIL + timedelta(9)),)),
        FILED_IN_TIME,
        (O.NONE, B.I94_DATE, 0, "OVS-08"),
    ),
    (
        "late departure of unsure match",
        dated(departures=(left(UNTIL + timedelta(9), 0.5),)),
        NO_EXTENSION,
        (O.NOT_DETERMINABLE, B.UNMATCHED_DEPARTURE, None, "OVS-10"),
    ),
    (
        "a departure that is matched to nothing",
        dated(departures=(left(UNTIL, matched=False),)),
        NO_EXTENSION,
        (O.SUSPECTED_IN_COUNTRY, B.UNMATCHED_DEPARTURE, 31, "OVS-12"),
    ),
    ("D/S without a finding", ds(), NO_EXTENSION, (O.NOT_DETERMINABLE, None, None, "OVS-05")),
    (
        "D/S, left, without a finding",
        ds(departures=(left(UNTIL),)),
        NO_EXTENSION,
        (O.NOT_DETERMINABLE, None, None, "OVS-05"),
    ),
    (
        "D/S, judge's finding",
        ds(findings=(IJ,)),
        NO_EXTENSION,
        (O.SUSPECTED_IN_COUNTRY, B.IJ_FINDING, 61, "OVS-04"),
    ),
    (
        "the first finding counts",
        ds(findings=(USCIS, IJ)),
        UNKNOWN,
        (O.SUSPECTED_IN_COUNTRY, B.IJ_FINDING, 61, "OVS-04"),
    ),
    (
        "D/S, USCIS finding, left after it",
        ds(findings=(USCIS,), departures=(left(date(2026, 9, 21)),)),
        NO_EXTENSION,
        (O.OUT_OF_COUNTRY_CONFIRMED, B.USCIS_FINDING, 10, "OVS-04"),
    ),
    (
        "D/S, left before the finding",
        ds(findings=(USCIS,), departures=(left(date(2026, 9, 11)),)),
        NO_EXTENSION,
        (O.NONE, B.USCIS_FINDING, 0, "OVS-04"),
    ),
    (
        "an I-94 date before the finding ends the stay first",
        dated(date(2026, 8, 1), findings=(IJ,)),
        NO_EXTENSION,
        (O.SUSPECTED_IN_COUNTRY, B.IJ_FINDING, 92, "OVS-04"),
    ),
    (
        "adjusted to permanent residence",
        dated(update_flag=UpdateFlag.ADJUSTED, findings=(IJ,)),
        NO_EXTENSION,
        (O.NONE, None, 0, "OVS-02"),
    ),
    ("parole", dated(parole=True), NO_EXTENSION, (O.NOT_DETERMINABLE, None, None, "OVS-01")),
    (
        "immigrant",
        Stay(StayKind.INDEFINITE, None, date(2026, 4, 1)),
        NO_EXTENSION,
        (O.NONE, None, 0, "OVS-03"),
    ),
    (
        "end not on record",
        Stay(StayKind.UNKNOWN, None, date(2026, 4, 1)),
        NO_EXTENSION,
        (O.NOT_DETERMINABLE, None, None, "OVS-06"),
    ),
]


@pytest.mark.parametrize(("stay", "extension", "expected"), [row[1:] for row in LAW], ids=[row[0] for row in LAW])
def test_the_law(stay: Stay, extension: Extension, expected: tuple[O, B | None, int | None, str]) -> None:
    said = assess(stay, extension, TODAY)
    assert (said.status, said.basis, said.days_over, said.rule) == expected
    assert said.explanation.endswith(".")


def test_explanations_count_days_in_words() -> None:
    assert "ended 1 day ago" in assess(dated(TODAY - timedelta(1)), NO_EXTENSION, TODAY).explanation
    assert "ended 31 days ago" in assess(dated(), NO_EXTENSION, TODAY).explanation


_days = st.dates(date(2026, 1, 1), date(2027, 1, 1))


@given(
    until=_days,
    departures=st.lists(st.builds(Left, _days, st.floats(0, 1), st.booleans()), max_size=3),
    today=_days,
    filed=st.none() | _days,
)
def test_an_overstay_always_has_days_and_a_basis_and_nobody_else_does(
    until: date, departures: list[Left], today: date, filed: date | None
) -> None:
    said = assess(dated(until, departures=tuple(departures)), Extension(known=True, filed_on=filed), today)
    over = said.status in {O.SUSPECTED_IN_COUNTRY, O.OUT_OF_COUNTRY_CONFIRMED}
    assert over == bool(said.days_over)
    assert said.basis is not None
    if filed is not None and filed <= until:
        assert said.status is O.NONE


@given(today=_days, departures=st.lists(st.builds(Left, _days, st.floats(0, 1), st.booleans()), max_size=3))
def test_duration_of_status_is_never_an_overstay_by_the_calendar(today: date, departures: list[Left]) -> None:
    assert assess(ds(departures=tuple(departures)), NO_EXTENSION, today).status is O.NOT_DETERMINABLE


@pytest.mark.parametrize(
    ("port", "at", "day"),
    [
        ("NYC", datetime(2026, 10, 2, 4, 59, tzinfo=UTC), date(2026, 10, 1)),
        ("NYC", datetime(2026, 10, 2, 5, 0, tzinfo=UTC), date(2026, 10, 2)),
        ("HHW", datetime(2026, 10, 2, 9, 59, tzinfo=UTC), date(2026, 10, 1)),
        ("DUB", datetime(2026, 10, 2, 0, 0, tzinfo=UTC), date(2026, 10, 2)),
        ("UNK", datetime(2026, 10, 2, 9, 0, tzinfo=UTC), date(2026, 10, 1)),
    ],
)
def test_a_day_is_the_ports_day(port: str, at: datetime, day: date) -> None:
    assert local_day(port, at) == day
