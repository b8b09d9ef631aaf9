"""A record holds who, what, why and about whom, and no value."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from gateway.audit import Disclosed, FetchNote, Truths, digest
from gateway.audit.record import without_literals
from tests.audit.conftest import NOW, record


def test_canonical_json_is_stable_and_sorted() -> None:
    first, second = record(1).canonical(), record(1).canonical()
    assert first == second
    assert first.startswith(
        b'{"answer":{"bytes":0,"hash":""},"at":"2026-11-01T12:01:00.000000Z","caller":{"agency":"CBP"'
    )


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
