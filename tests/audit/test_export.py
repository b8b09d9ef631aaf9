"""Exports verify with nothing but the file and the public key, and each way to bend one is found."""

from __future__ import annotations

import asyncio
import base64
import csv
import io
import json
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from gateway.audit import (
    Cosigned,
    Disclosed,
    Found,
    Search,
    Signer,
    Tampering,
    as_csv,
    as_ocsf,
    export_lines,
    load_public_key,
    load_signing_key,
    proof_of,
    retain,
    search,
    store_cosignatures,
    verify_export,
    witness,
    write_bundle,
)
from gateway.audit.checkpoint import Checkpoint
from gateway.audit.entry import canonical, commitment
from gateway.audit.merkle import Tree, inclusion_proof, leaf_hash
from gateway.audit.note import Note
from gateway.errors import RequestError
from tests.audit.conftest import NOW, OFFICER, SHARD, STATUS, OpenLog, Place, record

Lines = list[dict[str, Any]]


@pytest.fixture
async def whole(place: Place, open_log: OpenLog) -> Place:
    """Two shards: ten records in groups of their own and a group of five; three records."""
    log = open_log()
    for number in range(5):
        await log.append(record(number))
    await asyncio.gather(*(log.append(record(number)) for number in range(5, 10)))
    log.close()
    other = open_log(shard="b2")
    for number in range(10, 13):
        await other.append(record(number))
    other.close()
    return place


def write(place: Place, chosen: set[tuple[str, int]] | None = None) -> Path:
    path = place.folder / "export.jsonl"
    path.write_bytes(b"".join(export_lines(place.log, place.public, NOW, chosen)))
    return path


def test_a_whole_export_is_sound(whole: Place) -> None:
    verdict = verify_export(write(whole), whole.public)
    assert (verdict.fault, verdict.records, verdict.complete) == (None, 13, True)


def test_a_line_holds_the_record_and_its_proof(whole: Place) -> None:
    lines = [orjson.loads(line) for line in write(whole).read_bytes().splitlines()]
    assert [line["type"] for line in lines].count("record") == 13
    (line,) = [line for line in lines if line["type"] == "record" and line["index"] == 4 and line["shard"] == SHARD]
    assert line["payload"]["record"] == record(4).as_json()
    assert commitment(bytes.fromhex(line["salt"]), canonical(line["payload"])).hex() == line["commitment"]
    assert len(line["proof"]) == 4


def at(lines: Lines, index: int) -> dict[str, Any]:
    return next(line for line in lines if line["type"] == "record" and line["index"] == index)


def position(lines: Lines, index: int) -> int:
    return lines.index(at(lines, index))


def edit(lines: Lines) -> None:
    at(lines, 7)["payload"]["record"]["caller"]["user"] = "u-18"


def edit_with_leaf(lines: Lines) -> None:
    edit(lines)
    line = at(lines, 7)
    line["commitment"] = commitment(bytes.fromhex(line["salt"]), canonical(line["payload"])).hex()


def edit_proof(lines: Lines) -> None:
    at(lines, 7)["proof"][0] = at(lines, 7)["proof"][1]


def drop(lines: Lines) -> None:
    del lines[position(lines, 7)]


def drop_and_close_ranks(lines: Lines) -> None:
    drop(lines)
    for line in lines:
        if line["type"] == "record" and line["shard"] == SHARD and line["index"] > 7:
            line["index"] -= 1


def drop_payload(lines: Lines) -> None:
    at(lines, 7)["payload"] = at(lines, 7)["salt"] = None


def swap(lines: Lines) -> None:
    left, right = position(lines, 3), position(lines, 6)
    lines[left], lines[right] = lines[right], lines[left]


def swap_and_renumber(lines: Lines) -> None:
    swap(lines)
    at(lines, 3)["index"], at(lines, 6)["index"] = 6, 3


def cut(lines: Lines) -> None:
    lines[:] = [line for line in lines if line["type"] != "record" or line["shard"] != SHARD or line["index"] < 8]


def cut_with_checkpoints(lines: Lines) -> None:
    """The header still says how much there was."""
    cut(lines)
    lines[:] = [line for line in lines if line["type"] != "checkpoint" or line["shard"] != SHARD or size(line) <= 5]
    lines[:] = [line for line in lines if line["type"] != "record" or line["shard"] != SHARD or line["index"] < 5]


def size(line: dict[str, Any]) -> int:
    return int(line["note"].splitlines()[1])


def cut_a_shard(lines: Lines) -> None:
    lines[:] = [line for line in lines if line.get("shard") != SHARD]


def another_checkpoint(lines: Lines) -> None:
    for line in lines:
        if line["type"] == "checkpoint" and line["shard"] == SHARD and size(line) == 4:
            line["note"] = line["note"].replace("\n4\n", "\n3\n")


TABLE: list[tuple[str, Callable[[Lines], None], Tampering, int]] = [
    ("edit a record", edit, Tampering.EDIT, 7),
    ("edit a record and its leaf, within a group", edit_with_leaf, Tampering.EDIT, 7),
    ("edit a proof", edit_proof, Tampering.EDIT, 7),
    ("drop a line", drop, Tampering.DROP, 7),
    ("drop a line and close the ranks", drop_and_close_ranks, Tampering.DROP, 7),
    ("drop a payload", drop_payload, Tampering.DROP, 7),
    ("swap two lines", swap, Tampering.REORDER, 3),
    ("swap two lines and their numbers", swap_and_renumber, Tampering.REORDER, 3),
    ("cut off the end", cut, Tampering.TRUNCATE, 8),
    ("cut off the end with its checkpoints", cut_with_checkpoints, Tampering.TRUNCATE, 5),
    ("cut out a shard", cut_a_shard, Tampering.TRUNCATE, 0),
    ("change a checkpoint", another_checkpoint, Tampering.CHECKPOINT, 2),
]


@pytest.mark.parametrize(("bend", "kind", "index"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_the_first_bad_record_of_an_export_is_named(
    whole: Place, bend: Callable[[Lines], None], kind: Tampering, index: int, request: pytest.FixtureRequest
) -> None:
    path = write(whole)
    lines = [orjson.loads(line) for line in path.read_bytes().splitlines()]
    bend(lines)
    path.write_bytes(b"".join(canonical(line) + b"\n" for line in lines))
    fault = verify_export(path, whole.public).fault
    assert fault is not None
    assert (fault.kind, fault.index, fault.shard) == (kind, index, SHARD)
    print(f"| {request.node.callspec.id} | {fault.kind} | {fault.index} | {fault.what} |")


def test_a_file_that_was_cut_in_a_line_is_truncated(whole: Place) -> None:
    path = write(whole)
    path.write_bytes(path.read_bytes()[:-40])
    fault = verify_export(path, whole.public).fault
    assert fault is not None
    assert (fault.kind, fault.index, fault.shard) == (Tampering.TRUNCATE, 2, "b2")


def test_an_export_of_an_older_state_passes_only_without_a_witness(whole: Place, open_log: OpenLog) -> None:
    """Whoever cuts records, checkpoints and header leaves what was true once: a witness knows more."""
    path = write(whole)
    lines = [orjson.loads(line) for line in path.read_bytes().splitlines()]
    kept = [Checkpoint.of_note(note, whole.public) for line in lines if line["type"] == "checkpoint"
            and (note := Note.parse(line["note"]))]  # fmt: skip
    cut_with_checkpoints(lines)
    lines[0]["shards"][SHARD]["size"] = 5
    mine = [line for line in lines if line["type"] == "record" and line["shard"] == SHARD]
    tree = Tree(leaf_hash(bytes.fromhex(line["commitment"])) for line in mine)
    for line in mine:
        line["proof"] = [base64.b64encode(step).decode() for step in inclusion_proof(tree.node, line["index"], 5)]
    path.write_bytes(b"".join(canonical(line) + b"\n" for line in lines))
    assert verify_export(path, whole.public).sound
    witnessed = [each for each in kept if each is not None and each.size == 10]
    fault = verify_export(path, whole.public, witnessed=witnessed).fault
    assert fault is not None
    assert (fault.kind, fault.index) == (Tampering.TRUNCATE, 5)


def test_chosen_records_stand_on_their_proofs_and_claim_no_more(whole: Place) -> None:
    path = write(whole, {(SHARD, 7), ("b2", 1)})
    verdict = verify_export(path, whole.public)
    assert (verdict.fault, verdict.records, verdict.complete) == (None, 2, False)
    lines = [orjson.loads(line) for line in path.read_bytes().splitlines()]
    for bend in (edit, edit_with_leaf, edit_proof):
        bent = json.loads(json.dumps(lines))
        bend(bent)
        path.write_bytes(b"".join(canonical(line) + b"\n" for line in bent))
        fault = verify_export(path, whole.public).fault
        assert fault is not None
        assert (fault.kind, fault.index, fault.shard) == (Tampering.EDIT, 7, SHARD)


def test_one_records_proof_is_an_export_of_one(whole: Place) -> None:
    path = whole.folder / "one.jsonl"
    path.write_bytes(b"".join(proof_of(whole.log, whole.public, "b2", 2, NOW)))
    assert verify_export(path, whole.public).records == 1
    for shard, index in (("b2", 3), ("zz", 0)):
        with pytest.raises(RequestError) as caught:
            proof_of(whole.log, whole.public, shard, index, NOW)
        assert caught.value.code == "RECORD_UNKNOWN"


def test_another_logs_key_verifies_nothing(whole: Place, files: Place) -> None:
    stranger = load_signing_key(files.folder / "other-keys").public_key()
    fault = verify_export(write(whole), stranger).fault
    assert fault is not None
    assert fault.kind is Tampering.CHECKPOINT


@pytest.mark.parametrize("content", [b"", b"{}\n", b'{"type":"export","format":9,"shards":{},"complete":true}\n'])
def test_what_is_no_export_is_refused(whole: Place, content: bytes) -> None:
    path = whole.folder / "none"
    path.write_bytes(content)
    with pytest.raises(RequestError) as caught:
        verify_export(path, whole.public)
    assert caught.value.code == "EXPORT_MALFORMED"
    with pytest.raises(RequestError):
        verify_export(whole.folder / "nothing", whole.public)


async def test_deleted_payloads_are_exported_as_what_they_are(whole: Place, open_log: OpenLog) -> None:
    log = open_log(shard="c3")
    await retain(log, whole.log, NOW + timedelta(minutes=4), NOW + timedelta(days=1), OFFICER)
    log.close()
    verdict = verify_export(write(whole), whole.public)
    assert (verdict.fault, verdict.records) == (None, 14)
    assert [(shard.shard, shard.deleted) for shard in verdict.shards] == [(SHARD, 4), ("b2", 0), ("c3", 0)]


def test_a_bundle_holds_everything_and_verifies_as_it_is(whole: Place, tmp_path: Path) -> None:
    schema = tmp_path / "schema"
    (schema / "agreements").mkdir(parents=True)
    (schema / "agreements" / "ca-cbp-visa.toml").write_text('id = "CA-CBP-VISA"\n')
    (schema / "supergraph.graphql").write_text("type Query { a: Int }\n")
    signer = Signer.make("state.example/witness", tmp_path / "w.key")
    cosigned = [
        each for each in witness(whole.log, whole.public, signer, tmp_path / "kept", NOW) if isinstance(each, Cosigned)
    ]
    store_cosignatures(whole.log, cosigned, signer)
    path, again = tmp_path / "evidence.zip", tmp_path / "again.zip"
    count = write_bundle(path, whole.log, whole.public, schema, NOW)
    write_bundle(again, whole.log, whole.public, schema, NOW)
    assert path.read_bytes() == again.read_bytes()
    assert verify_export(path, whole.public).records == 13
    with zipfile.ZipFile(path) as bundle:
        names = bundle.namelist()
        (tmp_path / "keys-of-bundle").mkdir()
        (tmp_path / "keys-of-bundle" / "audit-head.pub").write_bytes(bundle.read("keys/log.pub"))
        note = Note.parse(bundle.read(f"checkpoints/{SHARD}.note").decode())
        readme = bundle.read("README").decode()
    assert names == [
        "README", "records.jsonl", "keys/log.pub", f"keys/{SHARD}.vkey", f"checkpoints/{SHARD}.note", "keys/b2.vkey",
        "checkpoints/b2.note", "policy/agreements/ca-cbp-visa.toml", "policy/supergraph.graphql", "MANIFEST",
    ]  # fmt: skip
    assert count == len(names)
    assert "gateway audit verify" in readme
    assert note is not None
    assert note.signature(signer.public) is not None
    assert verify_export(path, load_public_key(tmp_path / "keys-of-bundle")).sound


def test_csv_has_a_line_for_each_decision_and_no_formula(place: Place) -> None:
    nobody = record(1, disclosed=(), subjects=())
    bad = record(0, disclosed=(STATUS, Disclosed("Visa.annotation", "DENY", reason="=1+1")))
    found = [Found(index, each.as_json(), SHARD) for index, each in enumerate((bad, nobody))]
    rows = list(csv.DictReader(io.StringIO("".join(as_csv(found)))))
    assert [(row["index"], row["coordinate"], row["reason"]) for row in rows] == [
        ("0", "Visa.status", ""),
        ("0", "Visa.annotation", "'=1+1"),
        ("1", "", ""),
    ]
    assert rows[0]["agreement"] == "CA-CBP-VISA"


async def test_ocsf_says_who_called_what_and_keeps_the_decisions(place: Place, open_log: OpenLog) -> None:
    log = open_log()
    await log.append(record(3))
    (found,), _ = search(place.log, Search())
    event = as_ocsf(found)
    assert (event["class_uid"], event["activity_id"], event["type_uid"], event["status_id"]) == (6003, 2, 600302, 1)
    assert event["time"] == int((NOW + timedelta(minutes=3)).timestamp() * 1000)
    assert event["actor"]["user"]["uid"] == "u-17"
    assert event["resources"] == [{"name": "Visa.status", "type": "field", "owner": {"org": {"name": "STATE_CA"}}}]
    assert event["unmapped"]["disclosed"][0]["article"] == "III.1"
    assert event["metadata"]["uid"] == f"{SHARD}/0"
