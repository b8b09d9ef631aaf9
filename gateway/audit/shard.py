"""The tables of one shard, for who writes it and who reads it: leaves, payloads, tiles, checkpoints, cosignatures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from gateway.audit.checkpoint import Checkpoint
from gateway.audit.database import Database, transaction
from gateway.audit.entry import Stored
from gateway.audit.merkle import TILE, fold, leaf_hash
from gateway.audit.place import Place

__all__ = ["Shard", "open_shard", "read_trail"]

_TABLES = """
create table if not exists leaf (idx {key}, commitment {blob} not null);
create table if not exists payload (idx {key}, salt {blob} not null, body {blob} not null);
create table if not exists tile (
  level bigint not null, idx bigint not null, hash {blob} not null, primary key (level, idx));
create table if not exists checkpoint (size {key}, root {blob} not null, signature {blob} not null);
create table if not exists cosignature (
  size bigint not null, name text not null, line text not null, primary key (size, name));
create table if not exists about (name text primary key, value text not null)
"""
_PAGE = 1_000


class Shard:
    """One shard's tables over an open database. Every method raises ``StoreError``."""

    def __init__(self, name: str, database: Database, trail: Path | None = None) -> None:
        """The shard ``name`` in ``database``; ``trail`` is the file with copies of its checkpoints."""
        self.name = name
        self.database = database
        self.trail = trail

    def make(self, origin: str) -> None:
        """Make the tables if they are not there, for a shard with that origin."""
        with transaction(self.database):
            for statement in _TABLES.format(blob=self.database.blob, key=self.database.key).split(";"):
                self.database.run(statement)
            self.database.many("insert into about values ('origin', ?) on conflict do nothing", [(origin,)])

    @property
    def origin(self) -> str:
        """The origin that the shard's checkpoints name; ``""`` when somebody deleted it."""
        found = self.database.rows("select value from about where name = 'origin'")
        return str(found[0][0]) if found else ""

    def finish(self, why: str) -> None:
        """Let nobody continue the shard from now on (``finished`` in ``gateway.audit.place``); reading it is as ever."""
        with transaction(self.database):
            self.database.many("insert into about values ('finished', ?) on conflict do nothing", [(why,)])

    def size(self) -> int:
        """One more than the highest index."""
        return int(self.database.rows("select coalesce(max(idx), -1) from leaf")[0][0]) + 1

    def payloads(self) -> int:
        """How many records' payloads are kept."""
        return int(self.database.rows("select count(*) from payload")[0][0])

    def commitments(self, start: int, stop: int) -> list[tuple[int, bytes]]:
        """The leaves with an index in ``[start, stop)``, in order."""
        found = self.database.rows(
            "select idx, commitment from leaf where idx >= ? and idx < ? order by idx", (start, stop)
        )
        return [(int(index), bytes(leaf)) for index, leaf in found]

    def node(self, level: int, index: int) -> bytes:
        """The hash of a whole subtree, from the nearest hashes kept below it; raises ``ValueError`` if some lack."""
        base = level - level % TILE
        start, count = index << (level - base), 1 << (level - base)
        if base == 0:
            hashes = [leaf_hash(leaf) for _, leaf in self.commitments(start, start + count)]
        else:
            found = self.database.rows(
                "select hash from tile where level = ? and idx >= ? and idx < ? order by idx",
                (base, start, start + count),
            )
            hashes = [bytes(hashed) for (hashed,) in found]
        if len(hashes) != count:
            raise ValueError(f"records are missing between {start << base} and {(start + count) << base}")
        return fold(hashes)

    def tiles(self) -> list[tuple[int, int, bytes]]:
        """The (level, index, hash) of every subtree's hash that is kept."""
        rows = self.database.rows("select level, idx, hash from tile order by level, idx")
        return [(int(level), int(index), bytes(hashed)) for level, index, hashed in rows]

    def stored(self, start: int = 0, stop: int | None = None) -> Iterator[Stored]:
        """What is kept of each record with an index in ``[start, stop)``, in order; read a page at a time."""
        last = start - 1
        while True:
            rows = self.database.rows(
                "select leaf.idx, commitment, salt, body from leaf left join payload on payload.idx = leaf.idx"
                " where leaf.idx > ? and leaf.idx < ? order by leaf.idx limit ?",
                (last, 1 << 62 if stop is None else stop, _PAGE),
            )
            for index, leaf, salt, body in rows:
                gone = salt is None or body is None
                yield Stored(int(index), bytes(leaf), None if gone else bytes(salt), None if gone else bytes(body))
            if len(rows) < _PAGE:
                return
            last = int(rows[-1][0])

    def bodies(self, indices: Sequence[int]) -> dict[int, bytes]:
        """The payloads of the records with those indices, as far as they are kept."""
        found: dict[int, bytes] = {}
        for at in range(0, len(indices), 500):
            some = indices[at : at + 500]
            marks = ", ".join("?" * len(some))
            query = f"select idx, body from payload where idx in ({marks})"  # noqa: S608 - question marks
            found.update((int(index), bytes(body)) for index, body in self.database.rows(query, some))
        return found

    def checkpoints(self) -> list[Checkpoint]:
        """Every checkpoint kept in the tables, the smallest first."""
        rows = self.database.rows("select size, root, signature from checkpoint order by size")
        origin = self.origin
        return [Checkpoint(origin, int(size), bytes(root), bytes(signature)) for size, root, signature in rows]

    def last_checkpoint(self) -> Checkpoint | None:
        """The checkpoint over the most records; None for an empty shard."""
        rows = self.database.rows("select size, root, signature from checkpoint order by size desc limit 1")
        for size, root, signature in rows:
            return Checkpoint(self.origin, int(size), bytes(root), bytes(signature))
        return None

    def append(self, kept: Sequence[Stored], tiles: Sequence[tuple[int, int, bytes]], signed: Checkpoint) -> None:
        """Write records with what follows from them; the caller's transaction makes it durable."""
        write = self.database.many
        write("insert into leaf values (?, ?)", [(each.index, each.commitment) for each in kept])
        write("insert into payload values (?, ?, ?)", [(each.index, each.salt, each.body) for each in kept])
        if tiles:
            write("insert into tile values (?, ?, ?)", tiles)
        write("insert into checkpoint values (?, ?, ?)", [(signed.size, signed.root, signed.signature)])

    def delete_payloads(self, until: int) -> int:
        """Delete the payloads with an index below ``until``, the oldest first, a page a transaction; how many."""
        deleted = 0
        while True:
            with transaction(self.database):
                rows = self.database.rows("select idx from payload where idx < ? order by idx limit ?", (until, _PAGE))
                if not rows:
                    break
                self.database.many("delete from payload where idx = ?", rows)
            deleted += len(rows)
        self.database.scrub()
        return deleted

    def cosign(self, size: int, name: str, line: str) -> None:
        """Keep a witness's signature line over the checkpoint of that size."""
        with transaction(self.database):
            self.database.many(
                "insert into cosignature values (?, ?, ?) on conflict (size, name) do update set line = excluded.line",
                [(size, name, line)],
            )

    def cosignatures(self) -> list[tuple[int, str, str]]:
        """The newest (size, witness, signature line) of each witness."""
        rows = self.database.rows("select size, name, line from cosignature order by size, name")
        return [(int(size), str(name), str(line)) for size, name, line in {row[1]: row for row in rows}.values()]


@contextmanager
def open_shard(place: Place, name: str, *, write: bool = False) -> Iterator[Shard]:
    """The shard, open as long as the block runs; to read it is in one unchanging state."""
    database = place.open(name, write=write)
    shard = Shard(name, database, place.trail(name))
    try:
        if write:
            yield shard
        else:
            with transaction(database, write=False):
                yield shard
    finally:
        database.close()


def read_trail(path: Path | None, origin: str) -> Iterator[Checkpoint]:
    """The checkpoints in the file, in the order they were written; torn lines are passed over."""
    if path is None or not path.exists():
        return
    with path.open(encoding="ascii", errors="replace") as lines:
        for line in lines:
            if (found := Checkpoint.of_line(origin, line)) is not None:
                yield found
