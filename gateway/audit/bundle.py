"""The evidence bundle: one zip with records, proofs, the agreements and graph that decided, public keys, and a README."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gateway.audit.checkpoint import log_key
from gateway.audit.export import RECORDS, export_lines
from gateway.audit.note import raw_public
from gateway.audit.place import Where, place_of
from gateway.audit.record import instant
from gateway.audit.shard import open_shard

__all__ = ["write_bundle"]

_OLD = (1980, 1, 1, 0, 0, 0)  # the same content gives the same zip, whenever it is made
_README = """EVIDENCE BUNDLE

Made at {at} from the record of a Two-Way Street gateway. {what}

  {records}      every record with its salt and the proof that leads from it to a signed checkpoint
  keys/            the public keys: log.pub signs checkpoints, *.vkey are the same for each shard (c2sp.org/signed-note)
  checkpoints/     the newest signed checkpoint of each shard, with the signatures of its witnesses
  policy/          the agreements, prohibitions and vocabulary as they are now, and supergraph.graphql
  MANIFEST         SHA-256 of every other file

To verify, with no access to the gateway:

  gateway audit verify THIS.zip --key log.pub

Take log.pub from the agency that runs the gateway, not from this bundle: whoever could forge the bundle could forge the
keys in it. A checkpoint that a witness kept (--witness NOTE) shows that nothing was cut off or written anew.

A record holds who asked, for which purpose and case, what was decided on each coordinate and under which agreement and
article, and no value that was read. People stand in it under pseudonyms that only the gateway's keys can make. A record
whose payload is null was deleted when its time was over; its leaf still proves that it was there. The policy's epoch in
each record names the agreements that decided; where it is not the epoch of policy/, they were others.
"""


def write_bundle(
    path: Path, log: Where, key: Ed25519PublicKey, schema: Path, at: datetime,
    chosen: frozenset[tuple[str, int]] | None = None,
) -> int:  # fmt: skip
    """How many files were written into the zip at ``path``; ``chosen`` as in ``export_lines``.

    Raises ``RecordUnavailable`` when the log cannot be read, ``OSError`` when ``path`` cannot be written.
    """
    sums: list[str] = []
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as bundle:

        def put(name: str, content: bytes) -> None:
            bundle.writestr(zipfile.ZipInfo(name, _OLD), content, zipfile.ZIP_DEFLATED)
            sums.append(f"{hashlib.sha256(content).hexdigest()}  {name}\n")

        what = "It holds the whole record." if chosen is None else f"It holds {len(chosen)} chosen records."
        put("README", _README.format(at=instant(at), what=what, records=RECORDS).encode())
        put(RECORDS, b"".join(export_lines(log, key, at, chosen)))
        for name, content in (*_signed(log, key), *_policy(schema)):
            put(name, content)
        bundle.writestr(zipfile.ZipInfo("MANIFEST", _OLD), "".join(sums), zipfile.ZIP_DEFLATED)
    return len(sums) + 1


def _signed(log: Where, key: Ed25519PublicKey) -> Iterator[tuple[str, bytes]]:
    """The public keys and the newest checkpoints."""
    place = place_of(log)
    yield "keys/log.pub", _base64(key)
    for name in place.shards():
        with open_shard(place, name) as shard:
            signed = shard.last_checkpoint()
            lines = [(size, line) for size, _, line in shard.cosignatures()]
        if signed is not None:
            yield f"keys/{name}.vkey", f"{log_key(signed.origin, key)}\n".encode()
            note = str(signed.note(key)) + "".join(line for size, line in lines if size == signed.size)
            yield f"checkpoints/{name}.note", note.encode()


def _base64(key: Ed25519PublicKey) -> bytes:
    return base64.b64encode(raw_public(key)) + b"\n"


def _policy(schema: Path) -> Iterator[tuple[str, bytes]]:
    """Every file that decides: agreements, prohibitions, vocabulary, and the graph."""
    wanted = [*schema.rglob("*.toml"), *schema.glob("supergraph.graphql")]
    for file in sorted(wanted):
        yield f"policy/{file.relative_to(schema).as_posix()}", file.read_bytes()
