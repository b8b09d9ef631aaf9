"""After a restore: what is gone is named, restored shards are finished, and nobody gives one a second history."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.audit import (
    Remains,
    Search,
    Signer,
    StoreError,
    finish,
    note_restored,
    operator,
    place_of,
    read_witness,
    remains,
    search,
    verify,
    witness,
)
from tests.audit.conftest import NOW, SHARD, OpenLog, Place, record


async def test_what_witnesses_saw_and_is_not_there_is_gone(place: Place, open_log: OpenLog, tmp_path: Path) -> None:
    """Of a shard that is shorter than its note, and of one that is not there at all."""
    signer, kept = Signer.make("state.example/witness", tmp_path / "state.key"), tmp_path / "kept"
    log = open_log()
    for number in range(5):
        await log.append(record(number))
    log.close()
    witness(place.log, place.public, signer, kept, NOW)
    (kept / "gone.note").write_bytes((kept / f"{SHARD}.note").read_bytes())
    seen = read_witness([kept / f"{SHARD}.note"], place.public)
    assert remains(place.log, seen) == (Remains(SHARD, 5, 5),)
    assert [each.gone for each in remains(place.log, seen)] == [0]
    assert [(each.gone, each.there) for each in (Remains("b", 3, 5), Remains("c", 0, 2, there=False))] == [
        (2, True),
        (2, False),
    ]


async def test_a_finished_shard_is_read_and_not_continued(place: Place, open_log: OpenLog) -> None:
    """Who writes next takes another shard; who wants this one is refused; the record says what was restored."""
    log = open_log()
    await log.append(record(0))
    log.close()
    finish(place.log, remains(place.log), NOW)
    finish(place.log, remains(place.log), NOW)  # twice is fine
    assert [each.finished for each in remains(place.log)] == [True]
    with pytest.raises(StoreError) as raised:
        open_log()
    assert "restored from a backup" in raised.value.hint
    other = open_log(shard="")
    assert other.shard != SHARD
    noted = await note_restored(other, [Remains(SHARD, 1, 4), Remains("b2", 0, 2, there=False)], NOW, operator())
    other.close()
    assert noted == {f"restored {SHARD}": "1 records", f"gone from {SHARD}": "1 to 3", "gone from b2": "0 to 1"}
    (found,) = search(place.log, Search(kind="restoring"))[0]
    assert found.record["note"] == noted
    verdict = verify(place.log, place.public)
    assert verdict.sound
    assert verdict.records == 2
    assert set(place_of(place.log).shards()) == {SHARD, other.shard}
