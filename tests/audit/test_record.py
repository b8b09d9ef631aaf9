"""A record holds who, what, why and about whom, and no value."""

from __future__ import annotations

import tracemalloc
from datetime import datetime, timedelta, timezone
from functools import partial

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.audit import AuditRecord, Disclosed, FetchNote, Truths, digest
from gateway.audit import record as audit_record
from gateway.audit.record import KINDS, FailureNote, without_literals
from gateway.caller import Application, Caller
from gateway.policy import Reason
from tests.audit.conftest import NOW, record


def test_canonical_json_is_stable_and_sorted() -> None:
    first, second = record(1).canonical(), record(1).canonical()
    assert first == second
    assert first.startswith(
        b'{"answer":{"bytes":0,"hash":""},"at":"2026-11-01T12:01:00.000000Z","caller":{"agency":"CBP"'
    )


_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
_NAMES = st.lists(_TEXTS, max_size=3).map(tuple)
_TRUTHS = st.builds(Truths, st.integers(0, 99), st.lists(st.tuples(_TEXTS, _TEXTS), max_size=3).map(tuple))
_DISCLOSED = st.builds(
    Disclosed, _TEXTS, _TEXTS, _TEXTS, st.integers(0, 10**9), _TEXTS, _TEXTS | st.sampled_from(Reason), _TEXTS,
    st.integers(0, 99), _TEXTS, st.lists(_TRUTHS, max_size=2).map(tuple),
)  # fmt: skip
_RECORDS = st.builds(
    partial(record, 3),
    disclosed=st.lists(_DISCLOSED, max_size=4).map(tuple),
    subjects=st.lists(_TEXTS.map("2026-11.{}".format), max_size=3).map(tuple),
    given=st.dictionaries(_TEXTS.map("2026-11.{}".format), _NAMES, max_size=3).map(lambda page: tuple(page.items())),
    caller=st.builds(Caller, _TEXTS, _TEXTS, _TEXTS, _TEXTS, _TEXTS, _TEXTS),
    fetches=st.lists(st.builds(FetchNote, st.integers(0, 99), _TEXTS, _TEXTS, st.integers(0, 99), _NAMES)).map(tuple),
    failures=st.lists(st.builds(FailureNote, _TEXTS, _TEXTS, _NAMES), max_size=2).map(tuple),
    note=st.dictionaries(_TEXTS, _TEXTS, max_size=3).map(lambda page: tuple(page.items())),
    **dict.fromkeys(("request_id", "epoch", "supergraph", "operation_text", "operation_name", "plan"), _TEXTS),
    **dict.fromkeys(("operation_kind", "operation_hash", "answer_hash"), _TEXTS),
    kind=st.sampled_from(sorted(KINDS)),
    application=st.none() | st.builds(Application, _TEXTS, _TEXTS),
    answer_bytes=st.integers(0, 10**12),
)


@given(_RECORDS)
def test_canonical_json_is_that_of_the_whole_record_whatever_is_in_it(found: AuditRecord) -> None:
    """It is put together from parts; the whole, written at once with its keys sorted, has the same bytes, each time."""
    whole = orjson.dumps(found.as_json(), option=orjson.OPT_SORT_KEYS)
    assert found.canonical() == whole
    assert found.canonical() == whole


def test_of_parts_in_writing_only_so_many_stay() -> None:
    for number in range(3_000):
        record(0, disclosed=(Disclosed(f"Visa.f{number}", "ALLOW"),)).canonical()
    assert len(audit_record._known) == audit_record._MOST_KNOWN


def test_long_texts_do_not_stay_in_memory() -> None:
    """Thousands of clients' texts of a hundred thousand characters would be more than the gateway may hold."""
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for number in range(400):
            record(0, operation_text=f"{number:06}" + "x" * 50_000, plan=f"{number:06}" + "y" * 50_000).canonical()
        kept = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert kept < 8_000_000


def test_time_is_kept_in_utc_whatever_zone_it_came_in() -> None:
    eastern = record(0, at=NOW.astimezone(timezone(-timedelta(hours=5))))
    assert eastern.canonical() == record(0).canonical()


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        record(0, at=datetime(2026, 11, 1))


def test_a_traveler_number_is_refused_where_a_pseudonym_belongs() -> None:
    with pytest.raises(ValueError, match="pseudonyms"):
        record(0, subjects=("TRV-01HZX0000000000000000000AA",))


def test_literals_leave_the_operation_text() -> None:
    text = 'query Q($n: [ID!]! = ["A1"]) { a: petition(receiptNumber: "EAC2212345678", first: 5) { ...F @x(b: 1.5) } }'
    blank = without_literals(text)
    assert blank == 'query Q($n: [ID!]! = ["*"]) { a: petition(receiptNumber: "*" first: 0) { ...F @x(b: 0) } }'
    assert record(0, operation_text=text).operation_text == blank


def test_block_strings_leave_too_and_text_that_is_no_graphql_is_not_kept() -> None:
    assert without_literals('{ a(b: """EAC2212345678""") }') == '{ a(b: "*") }'
    assert without_literals('{ a(b: "EAC2212345678') == "(unreadable)"


def test_literals_leave_the_plan_and_subgraph_names_stay() -> None:
    plan = 'Fetch(service: "visas") { visa(foilNumber: "A1234567", id: 7700100001, first: 20) { status } }'
    kept = record(0, plan=plan, fetches=(FetchNote(1, "visas", "root"),)).plan
    assert kept == 'Fetch(service: "visas") { visa(foilNumber: "*", id: 0, first: 20) { status } }'


def test_the_digest_of_chunks_is_that_of_the_whole() -> None:
    assert digest([b"ab", b"c"]) == digest(b"abc")
    assert digest(b"abc") == "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_an_intent_is_a_record_that_says_what_it_is_for() -> None:
    intent = record(0, kind="intent", note=(("reason", "imminent harm"),)).as_json()
    assert (intent["kind"], intent["note"]) == ("intent", {"reason": "imminent harm"})
    assert "note" not in record(0).as_json()


def test_a_kind_that_nobody_knows_is_refused() -> None:
    with pytest.raises(ValueError, match="kind"):
        record(0, kind="whim")


def test_truths_are_kept_where_there_are_any() -> None:
    way = Truths(2, (("case.state is open", "true"),))
    (item,) = record(0, disclosed=(Disclosed("Visa.status", "ALLOW", count=2, truths=(way,)),)).as_json()["disclosed"]
    assert item["truths"] == [{"count": 2, "atoms": {"case.state is open": "true"}}]
    (plain,) = record(0).as_json()["disclosed"]
    assert "truths" not in plain
