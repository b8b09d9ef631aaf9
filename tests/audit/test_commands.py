"""``gateway audit`` from a shell: exports that verify elsewhere, witnesses, retention, and looks that are on record."""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.audit import AuditLog, LogSettings, Pseudonyms, Search, load_signing_key, search
from tests.audit.conftest import NOW, SHARD, record
from tests.cli.conftest import Gateway, gateway, told

__all__ = ["gateway"]  # the fixture

ANNA = "TRV-01HZX0000000000000000000AA"


@pytest.fixture
def var(tmp_path: Path) -> Path:
    """A var folder whose record holds four answers, one of them about Anna."""
    folder = tmp_path / "var"
    subjects = (Pseudonyms(folder / "keys").of(ANNA, NOW),)

    async def fill() -> None:
        key = load_signing_key(folder / "keys")
        with closing(AuditLog(folder / "record" / "record.sqlite3", key, LogSettings(shard=SHARD))) as log:
            for number in range(4):
                await log.append(record(number, subjects=subjects if number == 2 else ()))

    asyncio.run(fill())
    return folder


def bend(var: Path) -> None:
    with sqlite3.connect(var / "record" / f"record.{SHARD}.sqlite3") as database:
        database.execute("delete from payload where idx = 2")
    database.close()


def test_verify_names_shards_and_the_first_bad_index(gateway: Gateway, var: Path) -> None:
    sound = gateway("audit", "verify", "--var", var)
    assert sound.exit_code == 0, sound.output
    assert sound.stdout.startswith("sound: 4 records, 4 signed checkpoints\n")
    assert f"shard {SHARD}: 4 records, root " in sound.stdout
    bend(var)
    broken = gateway("audit", "verify", "--var", var)
    assert broken.exit_code == 1
    assert broken.stderr.startswith(f"NOT SOUND: record 2 of shard {SHARD}: drop: ")


def test_verify_speaks_of_the_clock_only_where_no_request_takes_as_long(gateway: Gateway, var: Path) -> None:
    async def more(*seconds: int) -> str:
        key = load_signing_key(var / "keys")
        with closing(AuditLog(var / "record" / "record.sqlite3", key, LogSettings(shard=SHARD))) as log:
            for number, each in enumerate(seconds):
                await log.append(record(number, at=NOW + timedelta(minutes=10, seconds=each)))
        return gateway("audit", "verify", "--var", var).stdout

    said = asyncio.run(more(0, 8, 3, 5, 1))
    assert said.startswith("sound: 9 records")
    assert "clock" not in said
    assert (
        ", 1 record of more than 60 seconds before one written earlier (the clock stepped back, or a request took as long)"
        in asyncio.run(more(-70))
    )


def test_a_table_leaves_nothing_of_a_value_out(gateway: Gateway, var: Path) -> None:
    """What is read here is looked up elsewhere by it: half a number is of no use to an auditor."""
    shown = gateway("audit", "search", "--var", var)
    assert shown.exit_code == 0, shown.output
    for index in range(4):
        assert f"{SHARD}/{index} " in shown.stdout
    assert "…" not in shown.stdout


def test_an_export_verifies_where_there_is_nothing_but_it_and_the_key(
    gateway: Gateway, var: Path, tmp_path: Path
) -> None:
    out, elsewhere = tmp_path / "record.jsonl", tmp_path / "elsewhere"
    assert gateway("audit", "export", "--out", out, "--var", var).exit_code == 0
    elsewhere.mkdir()
    key = shutil.copy(var / "keys" / "audit-head.pub", elsewhere)
    result = gateway("audit", "verify", out, "--key", key, "--var", elsewhere)
    assert result.stdout.startswith("sound: 5 records"), result.output  # the export is a look, and it is in itself
    out.write_bytes(out.read_bytes().replace(b"u-17", b"u-18", 1))
    spoilt = gateway("audit", "verify", out, "--key", key, "--var", elsewhere)
    assert spoilt.exit_code == 1
    assert f"record 0 of shard {SHARD}: edit: " in spoilt.stderr
    told(gateway("audit", "verify", out, "--var", elsewhere), "KEYS_MISSING")


def test_one_persons_records_are_a_partial_export(gateway: Gateway, var: Path, tmp_path: Path) -> None:
    out = tmp_path / "anna.jsonl"
    gateway("audit", "export", "--traveler", ANNA, "--out", out, "--var", var)
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert ("r2", 2) in [(line["payload"]["record"]["request"], line["index"]) for line in lines if "payload" in line]
    result = gateway("audit", "verify", out, "--var", var)
    assert "a partial export: each is proven, and nothing is said of others" in result.stdout
    nobody = tmp_path / "nobody.jsonl"
    gateway("audit", "export", "--traveler", "TRV-NOBODY", "--out", nobody, "--var", var)
    assert '"r2"' not in nobody.read_text()  # in quotes: a signature may hold these two letters


@pytest.mark.parametrize("form", ["csv", "ocsf"])
def test_other_forms_are_written_to_standard_output(gateway: Gateway, var: Path, form: str) -> None:
    result = gateway("audit", "export", "--form", form, "--agency", "CBP", "--var", var)
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert len(lines) == (5 if form == "csv" else 4)
    assert "Visa.status" in lines[-1]


def test_a_bundle_and_a_proof_verify(gateway: Gateway, var: Path, tmp_path: Path) -> None:
    schema = tmp_path / "schema"
    schema.mkdir()
    (schema / "vocabulary.toml").write_text("")
    made = gateway("audit", "bundle", tmp_path / "e.zip", "--schema", schema, "--var", var)
    assert made.exit_code == 0, made.output
    assert gateway("audit", "verify", tmp_path / "e.zip", "--var", var).stdout.startswith("sound: 5 records")
    proof = gateway("audit", "proof", SHARD, "2", "--out", tmp_path / "p.jsonl", "--var", var)
    assert proof.exit_code == 0, proof.output
    assert gateway("audit", "verify", tmp_path / "p.jsonl", "--var", var).stdout.startswith("sound: 1 record,")
    told(gateway("audit", "proof", SHARD, "99", "--var", var), "RECORD_UNKNOWN")
    told(gateway("audit", "bundle", tmp_path / "no" / "e.zip", "--var", var), "FILE_NOT_WRITTEN")
    told(gateway("audit", "export", "--out", tmp_path / "no" / "e", "--var", var), "FILE_NOT_WRITTEN")


def test_a_witness_cosigns_then_refuses_a_log_that_was_bent(gateway: Gateway, var: Path, tmp_path: Path) -> None:
    key, state = tmp_path / "state.key", tmp_path / "kept"
    made = gateway("audit", "keygen", "state.example/witness", key)
    assert made.stdout.startswith("state.example/witness+")
    first = gateway("audit", "witness", "--key", key, "--state", state, "--var", var)
    assert first.exit_code == 0, first.output
    assert "\u2014 state.example/witness " in first.stdout
    assert "\u2014 state.example/witness " in gateway("audit", "checkpoint", "--var", var).stdout
    verified = gateway("audit", "verify", "--witness", state, "--witness-key", made.stdout.strip(), "--var", var)
    assert "1 witnessed" in verified.stdout
    for file in (var / "record").glob(f"record.{SHARD}.*"):
        file.unlink()
    refused = gateway("audit", "witness", "--key", key, "--state", state, "--var", var)
    assert refused.exit_code == 1
    told(refused, "RECORD_MISSING")
    stranger = gateway("audit", "keygen", "cbp.example/witness", tmp_path / "cbp.key").stdout.strip()
    asked = gateway("audit", "verify", "--witness", state, "--witness-key", stranger, "--var", var)
    told(asked, "RECORD_MISSING")


def test_a_witness_key_must_have_signed(gateway: Gateway, var: Path, tmp_path: Path) -> None:
    key, state = tmp_path / "state.key", tmp_path / "kept"
    gateway("audit", "keygen", "state.example/witness", key)
    gateway("audit", "witness", "--key", key, "--state", state, "--no-submit", "--var", var)
    stranger = gateway("audit", "keygen", "cbp.example/witness", tmp_path / "cbp.key").stdout.strip()
    told(gateway("audit", "verify", "--witness", state, "--witness-key", stranger, "--var", var), "NOTE_MALFORMED")
    bend(var)
    with sqlite3.connect(var / "record" / f"record.{SHARD}.sqlite3") as database:
        database.execute("delete from leaf where idx > 1")
        database.execute("delete from checkpoint where size > 2")
    database.close()
    refused = gateway("audit", "witness", "--key", key, "--state", state, "--var", var)
    assert refused.exit_code == 1
    assert f"NOT COSIGNED: shard {SHARD}: it has 2 records, and had 4" in refused.stderr


def test_retention_is_rehearsed_done_and_on_record(gateway: Gateway, var: Path) -> None:
    rehearsed = gateway("audit", "retain", "--older-than", "2026-11-01T12:02:00+00:00", "--dry-run", "--var", var)
    assert rehearsed.stdout == f"shard {SHARD}: 2 payloads would be deleted\n"
    done = gateway("audit", "retain", "--older-than", "2026-11-01T12:02:00+00:00", "--var", var)
    assert done.stdout == f"shard {SHARD}: 2 payloads deleted\n"
    assert "2 payloads deleted on record" in gateway("audit", "verify", "--var", var).stdout
    assert search(var / "record" / "record.sqlite3", Search(kind="retention"))[1] == 1
    assert gateway("audit", "retain", "--older-than", "50y", "--var", var).stdout == "no payloads deleted\n"
    told(gateway("audit", "retain", "--older-than", "long ago", "--var", var), "DATE_MALFORMED")


def test_a_month_is_shredded_once(gateway: Gateway, var: Path) -> None:
    assert "2026-11 is destroyed" in gateway("audit", "shred", "2026-11", "--var", var).stdout
    told(gateway("audit", "shred", "2026-11", "--var", var), "PERIOD_UNKNOWN")
    assert search(var / "record" / "record.sqlite3", Search(kind="shredding"))[1] == 1


def test_every_look_is_on_record(gateway: Gateway, var: Path) -> None:
    gateway("audit", "search", "--agency", "CBP", "--var", var)
    gateway("audit", "search", "--by", "agency", "--traveler", ANNA, "--var", var)
    gateway("audit", "disclosures", ANNA, "--var", var)
    found, total = search(var / "record" / "record.sqlite3", Search(kind="look"))
    assert [item.record["note"]["command"] for item in found] == ["disclosures", "search --by agency", "search"]
    assert found[0].record["subjects"] == list(Pseudonyms(var / "keys").every(ANNA)) == found[1].record["subjects"]
    assert total == 3


def test_a_copy_without_the_key_says_that_a_look_is_not_recorded(gateway: Gateway, var: Path) -> None:
    (var / "keys" / "audit-head.key").unlink()
    result = gateway("audit", "search", "--agency", "CBP", "--json", "--var", var)
    assert result.exit_code == 0
    assert "not on record" in result.stderr
    assert len(result.stdout.splitlines()) == 4
    told(gateway("audit", "retain", "--older-than", "2030-01-01", "--var", var), "KEYS_MISSING")
    assert search(var / "record" / "record.sqlite3", Search())[1] == 4
