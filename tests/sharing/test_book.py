"""The book of sharing requests: what is entered is on record, nobody overtakes anybody, and a changed step is found out.

On SQLite, and on PostgreSQL as well when ``TWS_TEST_POSTGRES=1``.
"""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.audit import AuditLog, Entry, Search, load_signing_key, search, verify
from gateway.audit.postgres import PostgresDatabase
from gateway.caller import Caller
from gateway.errors import RecordUnavailable, RequestError
from gateway.sharing import SharingRequest, Step, open_book, opening, record_of, request_of, standing, taken
from tests.audit.conftest import *  # noqa: F403 - the same places: SQLite, and PostgreSQL where it is asked for
from tests.audit.conftest import Place
from tests.sharing.test_rules import CBP, NOW, USCIS, WISH

OFFICER = Caller("CBP", "sharing-officer", "information-sharing", user="share-cbp-1")


def enter(place: Place, log: AuditLog, step: Step) -> Step:
    """``step``, entered as the room enters it."""
    note = record_of(step, f"r-{step.request}-{step.number}", OFFICER, "sha256:e", "sha256:g")

    def put_on_record() -> Entry:
        return asyncio.run(log.append(note))

    with open_book(place.log) as book:
        return book.enter(step, put_on_record)


def found(place: Place, id: str = "SR-1") -> SharingRequest:
    with open_book(place.log) as book:
        request = book.find(id)
    assert request is not None
    return request


def test_a_request_comes_back_as_it_was_entered(place: Place) -> None:
    with closing(AuditLog(place.log, load_signing_key(place.keys))) as log:
        first = enter(place, log, opening("SR-1", WISH, CBP, NOW))
        second = enter(place, log, taken(found(place), "submit", CBP, NOW))
        enter(place, log, opening("SR-2", replace(WISH, title="Another"), CBP, NOW.replace(hour=13)))
    assert found(place) == request_of([first, second])
    with open_book(place.log) as book:
        assert [each.id for each in book.all()] == ["SR-2", "SR-1"]
        assert book.find("SR-3") is None


def test_every_step_is_on_record_before_it_counts(place: Place) -> None:
    with closing(AuditLog(place.log, load_signing_key(place.keys))) as log:
        step = enter(place, log, opening("SR-1", WISH, CBP, NOW))
        records, total = search(place.log, Search(kind="sharing"))
        assert total == 1
        note = records[0].record["note"]
        assert (note["request"], note["step"], note["number"]) == ("SR-1", "open", "0")
        assert f"{records[0].shard}/{records[0].index}" == step.record
        assert WISH.justification not in str(records[0].record)  # the record holds its digest alone

        log.close()  # and where the record cannot be written, nothing is entered
        with pytest.raises(RecordUnavailable) as problem:
            enter(place, log, taken(found(place), "submit", CBP, NOW))
        assert problem.value.code == "AUDIT_UNAVAILABLE"
        assert len(found(place).steps) == 1
    assert verify(place.log, place.public).sound


def test_of_two_steps_at_once_one_is_entered_and_the_other_is_not_even_on_record(place: Place) -> None:
    with closing(AuditLog(place.log, load_signing_key(place.keys))) as log:
        enter(place, log, opening("SR-1", WISH, CBP, NOW))
        enter(place, log, taken(found(place), "submit", CBP, NOW))
        read = found(place)
        enter(place, log, taken(read, "say", CBP, NOW, "We need it by March."))
        with pytest.raises(RequestError) as problem:
            enter(place, log, taken(read, "reject", USCIS, NOW, "No."))
        assert (problem.value.code, problem.value.status) == ("SHARING_MOVED", 409)
        assert search(place.log, Search(kind="sharing"))[1] == 3
    assert found(place).state == "discussion"


def test_a_step_that_was_changed_in_the_book_gives_itself_away(place: Place) -> None:
    with closing(AuditLog(place.log, load_signing_key(place.keys))) as log:
        enter(place, log, opening("SR-1", WISH, CBP, NOW))
        enter(place, log, taken(found(place), "submit", CBP, NOW))
        enter(place, log, taken(found(place), "say", USCIS, NOW, "Not before the review."))
    assert [standing(place.log, each) for each in found(place).steps] == ["as written"] * 3
    bend = "update sharing_step set body = 'Gladly.' where number = 2"
    if isinstance(place.log, Path):
        with closing(sqlite3.connect(place.log.with_name("sharing.sqlite3"))) as database:
            database.execute(bend)
            database.commit()
    else:
        server = PostgresDatabase(place.log, "sharing")
        server.run(bend)
        server.close()
    assert [standing(place.log, each) for each in found(place).steps] == ["as written", "as written", "changed"]
    lost = replace(found(place).steps[0], record="nowhere/0")
    assert standing(place.log, lost) == "changed"
    beyond = replace(found(place).steps[0], record=found(place).steps[0].record.partition("/")[0] + "/99")
    assert standing(place.log, beyond) == "changed"


def test_a_book_that_cannot_be_opened_says_so(tmp_path: Path) -> None:
    (tmp_path / "sharing.sqlite3").write_bytes(b"no database at all, and long enough to be looked at")
    with pytest.raises(RecordUnavailable) as problem, open_book(tmp_path / "record.sqlite3"):
        pass
    assert (problem.value.code, problem.value.status) == ("SHARING_UNAVAILABLE", 503)


def test_instants_keep_their_zone(place: Place) -> None:
    with closing(AuditLog(place.log, load_signing_key(place.keys))) as log:
        enter(place, log, opening("SR-1", WISH, CBP, datetime(2026, 11, 1, 7, tzinfo=UTC)))
    assert found(place).opened_at == datetime(2026, 11, 1, 7, tzinfo=UTC)
