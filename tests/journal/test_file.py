"""The journal's file: it grows by what is new, survives a restart and a torn line, and reads the same for all who share it."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.errors import PolicyError
from gateway.journal import Journal, journal_of
from tests.journal.deeds import BEGIN, activation, deed

LATER = BEGIN + timedelta(days=1)


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    """An empty journal of a gateway of its own."""
    return journal_of(tmp_path)


def test_what_is_added_is_there_after_a_restart(journal: Journal) -> None:
    """Every line by its order, whole: dates, parties and digests as they were."""
    first, second = activation(BEGIN, deed()), activation(LATER, deed(status="suspended"), deed("X"))
    added = [journal.add(each) for each in (first, second)]
    assert added == [replace(first, ordinal=1), replace(second, ordinal=2)]
    assert Journal(journal.path).entries() == tuple(added)


def test_a_restart_under_the_same_policy_adds_nothing_and_going_back_is_an_entry(journal: Journal) -> None:
    """The same policy and graph as the last line are no news; the ones before that are."""
    old, new = activation(BEGIN, deed()), activation(LATER, deed(status="suspended"))
    journal.add(old)
    assert journal.add(replace(old, at=LATER)) is None
    journal.add(new)
    back = journal.add(replace(old, at=LATER + timedelta(days=1)))
    assert back is not None
    assert [(each.ordinal, each.epoch) for each in journal.entries()] == [
        (1, old.epoch),
        (2, new.epoch),
        (3, old.epoch),
    ]


def test_another_graph_under_the_same_policy_is_an_entry(journal: Journal) -> None:
    """What is answered follows from both."""
    first = activation(BEGIN, deed())
    journal.add(first)
    assert journal.add(replace(first, supergraph="sha256:other")) is not None


def test_a_bundle_has_the_same_ordinal_at_every_replica(journal: Journal, tmp_path: Path) -> None:
    """Whatever each read from a folder before, and whether it was there for the versions between."""
    other = Journal(tmp_path / "other.jsonl")
    journal.add(activation(BEGIN, deed()))
    for version in (1, 2, 3):
        journal.add(activation(LATER, deed(), version=version))
    other.add(activation(LATER, deed(), version=3))
    assert journal.entries()[-1].ordinal == other.entries()[-1].ordinal
    ordinals = [each.ordinal for each in journal.entries()]
    assert ordinals == sorted(set(ordinals))
    assert journal.add(activation(LATER, deed(), version=2)) is None
    assert journal.add(activation(LATER, deed(), version=3)) is None


def test_between_two_versions_there_is_room_for_what_a_folder_says(journal: Journal) -> None:
    """A gateway that follows bundles, then a folder, then bundles again: its order holds, and so does the bundle's ordinal."""
    for version, at in ((5, BEGIN), (0, LATER), (6, LATER + timedelta(days=1))):
        assert journal.add(activation(at, deed(), version=version, epoch=f"sha256:{version}")) is not None
    first, between, last = (each.ordinal for each in journal.entries())
    assert first < between < last
    alone = Journal(journal.path.with_name("alone.jsonl"))
    alone.add(activation(LATER, deed(), version=6))
    assert alone.entries()[0].ordinal == last


@pytest.mark.parametrize("torn", [b"{", b'{"ordinal": 2, "at": "2026', b'{"ordinal": 2}'])
def test_what_a_crash_left_of_a_line_is_passed_over_and_written_over(journal: Journal, torn: bytes) -> None:
    """A line counts with its end; the next one stands where the torn one began."""
    journal.add(activation(BEGIN, deed()))
    whole = journal.path.read_bytes()
    journal.path.write_bytes(whole + torn)
    assert len(Journal(journal.path).entries()) == 1
    journal.add(activation(LATER, deed(status="suspended")))
    assert [each.ordinal for each in Journal(journal.path).entries()] == [1, 2]
    assert journal.path.read_bytes().startswith(whole)
    assert torn + b"\n" not in journal.path.read_bytes()


def test_a_line_of_which_the_disk_takes_a_part_is_not_added(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    journal.add(activation(BEGIN, deed()))
    write = os.pwrite
    with monkeypatch.context() as full:
        full.setattr("os.pwrite", lambda file, line, at: write(file, line[:10], at))
        with pytest.raises(OSError, match="No space left"):
            journal.add(activation(LATER, deed(status="suspended")))
    assert len(Journal(journal.path).entries()) == 1
    journal.add(activation(LATER, deed(status="suspended")))
    assert len(Journal(journal.path).entries()) == 2


def test_a_whole_line_that_says_nothing_is_told_and_nothing_is_added_to_it(journal: Journal) -> None:
    """Somebody wrote into it: file and line are named, and the file stays as it is for who looks into that."""
    journal.add(activation(BEGIN, deed()))
    spoiled = journal.path.read_bytes() + b"nothing\n"
    journal.path.write_bytes(spoiled)
    for deed_of_it in (Journal(journal.path).entries, lambda: journal.add(activation(LATER, deed("X")))):
        with pytest.raises(PolicyError) as raised:
            deed_of_it()
        assert raised.value.code == "ACTIVATIONS_UNREADABLE"
        assert "Line 2" in str(raised.value)
    assert journal.path.read_bytes() == spoiled


def test_processes_that_share_it_write_one_line(journal: Journal) -> None:
    """Eight that put the same policy in force at once."""
    made = activation(BEGIN, deed())
    writers = [threading.Thread(target=lambda: Journal(journal.path).add(made)) for _ in range(8)]
    for each in writers:
        each.start()
    for each in writers:
        each.join()
    assert len(journal.entries()) == 1


def test_what_another_process_added_is_seen(journal: Journal) -> None:
    """No restart is needed to read on."""
    assert journal.entries() == ()
    Journal(journal.path).add(activation(BEGIN, deed()))
    assert len(journal.entries()) == 1
    assert journal.entries() is journal.entries()
