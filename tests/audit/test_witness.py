"""A witness cosigns a log that grew, remembers what it saw, and refuses any other log."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from gateway.audit import (
    Cosigned,
    Note,
    Refused,
    Signer,
    load_signing_key,
    open_shard,
    place_of,
    read_witness,
    store_cosignatures,
    verify,
    witness,
)
from gateway.errors import RequestError
from tests.audit.bending import change_payload, keep_checkpoints, resign
from tests.audit.conftest import NOW, SHARD, OpenLog, Place, record


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    return Signer.make("state.example/witness", tmp_path / "state.key")


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "kept"


async def grow(open_log: OpenLog, start: int, stop: int, **settings: str) -> None:
    log = open_log(**settings)
    for number in range(start, stop):
        await log.append(record(number))
    log.close()


async def test_a_log_that_grows_is_cosigned_each_time(
    place: Place, open_log: OpenLog, signer: Signer, state: Path
) -> None:
    await grow(open_log, 0, 7)
    (first,) = witness(place.log, place.public, signer, state, NOW)
    await grow(open_log, 7, 12)
    (second,) = witness(place.log, place.public, signer, state, NOW + timedelta(days=1))
    assert isinstance(first, Cosigned)
    assert isinstance(second, Cosigned)
    assert (first.before, first.checkpoint.size, second.before, second.checkpoint.size) == (0, 7, 7, 12)
    kept = Note.parse((state / f"{SHARD}.note").read_text())
    assert kept is not None
    assert str(kept) == str(second.note)
    signature = kept.signature(signer.public)
    assert signature is not None
    assert int.from_bytes(signature[:8], "big") == int((NOW + timedelta(days=1)).timestamp())


async def test_the_log_keeps_and_shows_what_it_is_handed(
    place: Place, open_log: OpenLog, signer: Signer, state: Path
) -> None:
    await grow(open_log, 0, 3)
    found = [each for each in witness(place.log, place.public, signer, state, NOW) if isinstance(each, Cosigned)]
    store_cosignatures(place.log, found, signer)
    store_cosignatures(place.log, found, signer)
    with open_shard(place_of(place.log), SHARD) as shard:
        assert shard.cosignatures() == [(3, signer.name, found[0].note.lines[-1])]
    assert verify(place.log, place.public).sound


async def test_every_shard_is_witnessed(place: Place, open_log: OpenLog, signer: Signer, state: Path) -> None:
    await grow(open_log, 0, 2)
    await grow(open_log, 2, 5, shard="b2")
    found = witness(place.log, place.public, signer, state, NOW)
    assert [each.checkpoint.size for each in found if isinstance(each, Cosigned)] == [2, 3]


@pytest.mark.parametrize("how", ["cut off", "rewritten", "signed by another", "deleted", "forked"])
async def test_a_log_that_did_anything_but_grow_is_refused(
    place: Place, open_log: OpenLog, signer: Signer, state: Path, how: str
) -> None:
    await grow(open_log, 0, 10)
    witness(place.log, place.public, signer, state, NOW)
    before = (state / f"{SHARD}.note").read_text()
    with place.database() as database:
        if how == "cut off":
            database.run("delete from leaf where idx > 5")
            keep_checkpoints(6)(database, place)
        elif how == "rewritten":
            change_payload(4, leaf=True)(database, place)
        elif how == "signed by another":
            resign(4)(database, place)
        elif how == "forked":
            resign(4, load_signing_key(place.keys))(database, place)
        elif not place.files:
            database.run(f"drop schema record_{SHARD} cascade")
    if how == "deleted" and place.files:
        for file in place.folder.glob(f"record.{SHARD}.*"):
            file.unlink()
    (refused,) = witness(place.log, place.public, signer, state, NOW)
    assert isinstance(refused, Refused)
    assert refused.shard == SHARD
    assert {
        "cut off": "it has 6 records, and had 10: records are gone",
        "rewritten": "it is no continuation of the 10 records that were seen before",
        "signed by another": "the checkpoint is not signed by the log's key",
        "deleted": "the shard is gone",
        "forked": "it is no continuation of the 10 records that were seen before",
    }[how] == refused.why
    assert (state / f"{SHARD}.note").read_text() == before  # nothing was signed, and nothing forgotten


async def test_a_witness_does_not_take_anothers_memory_for_its_own(
    place: Place, open_log: OpenLog, signer: Signer, state: Path, tmp_path: Path
) -> None:
    await grow(open_log, 0, 2)
    witness(place.log, place.public, signer, state, NOW)
    other = Signer.make("cbp.example/witness", tmp_path / "cbp.key")
    with pytest.raises(RequestError) as caught:
        witness(place.log, place.public, other, state, NOW)
    assert caught.value.code == "NOTE_MALFORMED"
    assert [each.size for each in read_witness([state], place.public, [other.public, signer.public])] == [2]
    with pytest.raises(RequestError, match="None of the witnesses"):
        read_witness([state], place.public, [other.public])
    with pytest.raises(RequestError, match="no checkpoint"):
        read_witness([tmp_path / "cbp.key"], place.public)
