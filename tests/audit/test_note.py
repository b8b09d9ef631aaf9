"""Signed notes, checkpoints and cosignatures, as the C2SP specifications have them."""

from __future__ import annotations

import base64
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.audit import Checkpoint, Note, Signer, VerifierKey, log_key
from gateway.audit.note import COSIGNATURE, PLAIN
from gateway.errors import RequestError

NEUMANN = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
LINE = (
    "\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
SIGNED = Checkpoint.sign("two-way-street.example/record/a1", 7, bytes(32), KEY)


def test_the_note_of_the_go_implementation_is_read_and_holds() -> None:
    key = VerifierKey.parse(NEUMANN)
    note = Note.parse(f"{TEXT}\n{LINE}")
    assert note is not None
    assert (key.name, key.kind, str(key)) == ("PeterNeumann", PLAIN, NEUMANN)
    assert note.signature(key) is not None
    bent = Note(note.text.replace("problem", "question"), note.lines)
    assert bent.signature(key) is None
    assert str(note) == f"{TEXT}\n{LINE}"


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "text\n",
        "text\n\n",
        "text\n\nno dash\n",
        f"text\n\n{LINE}trailing",
        f"te\txt\n\n{LINE}",
        f"text\n\n{LINE[:-1]}",
    ],
)
def test_what_is_no_note_is_none(raw: str) -> None:
    assert Note.parse(raw) is None


def test_a_checkpoint_is_a_note_of_origin_size_and_root() -> None:
    note = SIGNED.note(KEY.public_key())
    lines = str(note).splitlines()
    assert lines[:4] == ["two-way-street.example/record/a1", "7", base64.b64encode(bytes(32)).decode(), ""]
    assert lines[4].startswith("\u2014 two-way-street.example/record/a1 ")
    assert Checkpoint.of_note(note, KEY.public_key()) == SIGNED
    assert SIGNED.shard == "a1"
    assert note.signature(log_key(SIGNED.origin, KEY.public_key())) == SIGNED.signature


@pytest.mark.parametrize(
    "text",
    [
        SIGNED.origin + "\n8\n" + base64.b64encode(bytes(32)).decode() + "\n",  # another size than was signed
        SIGNED.origin + "\n7\n",
        SIGNED.origin + "\nseven\n" + base64.b64encode(bytes(32)).decode() + "\n",
        SIGNED.origin + "\n7\n!!\n",
    ],
)
def test_a_note_that_the_log_did_not_sign_is_no_checkpoint(text: str) -> None:
    assert Checkpoint.of_note(Note(text, SIGNED.note(KEY.public_key()).lines), KEY.public_key()) is None


def test_size_is_written_without_leading_zeroes() -> None:
    """A key's holder could sign ``07`` too; two texts for one checkpoint are one too many."""
    text = f"{SIGNED.origin}\n07\n{base64.b64encode(bytes(32)).decode()}\n"
    note = Note(text, (Signer(SIGNED.origin, KEY).line(text),))
    assert Checkpoint.of_note(note, KEY.public_key()) is None


def test_a_line_of_the_trail_is_the_checkpoint_again() -> None:
    assert Checkpoint.of_line(SIGNED.origin, SIGNED.line()) == SIGNED
    assert Checkpoint.of_line(SIGNED.origin, SIGNED.line()[:30]) is None


def test_a_witness_key_is_private_and_comes_back(tmp_path: Path) -> None:
    made = Signer.make("state.example/witness", tmp_path / "w.key")
    assert stat.S_IMODE((tmp_path / "w.key").stat().st_mode) == 0o600
    loaded = Signer.load(tmp_path / "w.key")
    assert str(loaded.public) == str(made.public)
    assert loaded.public.kind == COSIGNATURE
    assert VerifierKey.parse(str(made.public)) == made.public
    with pytest.raises(RequestError) as caught:
        Signer.make("state.example/witness", tmp_path / "w.key")
    assert caught.value.code == "KEY_NOT_WRITTEN"


def test_a_cosignature_signs_its_time(tmp_path: Path) -> None:
    signer = Signer("state.example/witness", KEY, COSIGNATURE)
    text = SIGNED.note(KEY.public_key()).text
    note = Note(text, (signer.line(text, 1_700_000_000),))
    signature = note.signature(signer.public)
    assert signature is not None
    assert (len(signature), int.from_bytes(signature[:8], "big")) == (72, 1_700_000_000)
    KEY.public_key().verify(signature[8:], b"cosignature/v1\ntime 1700000000\n" + text.encode())
    later = (1_700_000_001).to_bytes(8, "big") + signature[8:]
    assert not signer.public.accepts(text, later)
    assert not signer.public.accepts(text, signature[8:])


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("nothing", "KEY_MALFORMED"),
        (NEUMANN.replace("c74f20a3", "c74f20a4"), "KEY_MALFORMED"),
        (NEUMANN[:-4], "KEY_MALFORMED"),
    ],
)
def test_keys_that_are_none_are_refused(tmp_path: Path, text: str, code: str) -> None:
    with pytest.raises(RequestError) as caught:
        VerifierKey.parse(text)
    assert caught.value.code == code
    (tmp_path / "k").write_text(text)
    with pytest.raises(RequestError, match="key"):
        Signer.load(tmp_path / "k")
    with pytest.raises(RequestError) as missing:
        Signer.load(tmp_path / "none")
    assert missing.value.code == "KEYS_MISSING"


@pytest.mark.parametrize("name", ["", "two words", "a+b"])
def test_a_name_no_note_could_hold_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(RequestError) as caught:
        Signer.make(name, tmp_path / "k")
    assert caught.value.code == "KEY_MALFORMED"
