"""Ways to bend a log, each with what the verifier must say of it: the kind, and the first bad index."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.audit import Checkpoint, Tampering
from gateway.audit.database import Database
from gateway.audit.entry import commitment
from gateway.audit.merkle import Tree, leaf_hash, span_hash
from tests.audit.conftest import SHARD, Place

__all__ = ["TABLE", "Bent", "change_payload", "keep_checkpoints", "resign"]

Bend = Callable[[Database, Place], None]


@dataclass(frozen=True)
class Bent:
    """One line of the tamper table; ``files`` where it takes files to do it."""

    name: str
    bend: Bend
    kind: Tampering
    index: int
    files: bool = False


def sql(*statements: str) -> Bend:
    """Run statements on the shard."""

    def run(database: Database, place: Place) -> None:
        for statement in statements:
            database.run(statement)

    return run


def index_sql(*statements: str) -> Bend:
    """Run statements on the search index."""

    def run(database: Database, place: Place) -> None:
        with place.index() as index:
            for statement in statements:
                index.run(statement)

    return run


def change_payload(index: int, *, leaf: bool = False) -> Bend:
    """Another user in a payload; with ``leaf``, its leaf follows."""

    def run(database: Database, place: Place) -> None:
        salt, body = database.rows("select salt, body from payload where idx = ?", (index,))[0]
        body = bytes(body).replace(b"u-17", b"u-18")
        database.many("update payload set body = ? where idx = ?", [(body, index)])
        if leaf:
            database.many("update leaf set commitment = ? where idx = ?", [(commitment(bytes(salt), body), index)])

    return run


def resign(index: int, key: Ed25519PrivateKey | None = None) -> Bend:
    """A payload and its leaf changed, and every checkpoint signed anew, by a stranger's ``key`` or the log's own."""

    def run(database: Database, place: Place) -> None:
        change_payload(index, leaf=True)(database, place)
        leaves = [leaf_hash(bytes(leaf)) for (leaf,) in database.rows("select commitment from leaf order by idx")]
        tree, signer = Tree(leaves), key or Ed25519PrivateKey.generate()
        (origin,) = database.rows("select value from about where name = 'origin'")[0]
        lines = []
        for (size,) in database.rows("select size from checkpoint order by size"):
            signed = Checkpoint.sign(str(origin), int(size), span_hash(tree.node, 0, int(size)), signer)
            database.many(
                "update checkpoint set root = ?, signature = ? where size = ?", [(signed.root, signed.signature, size)]
            )
            lines.append(signed.line())
        if place.files:
            place.file("checkpoints").write_text("".join(lines))

    return run


def keep_checkpoints(size: int) -> Bend:
    """No checkpoint over more than ``size`` records anywhere."""

    def run(database: Database, place: Place) -> None:
        database.many("delete from checkpoint where size > ?", [(size,)])
        if place.files:
            lines = place.file("checkpoints").read_text().splitlines(keepends=True)
            place.file("checkpoints").write_text("".join(line for line in lines if int(line.split()[0]) <= size))

    return run


def swap(left: int, right: int) -> Bend:
    """Two records in each other's place, with everything that is theirs."""
    moves = ((left, -1), (right, left), (-1, right))
    return sql(*(f"update {table} set idx = {new} where idx = {old}" for table in ("leaf", "payload")
                 for old, new in moves))  # fmt: skip


def drop_and_close_ranks(index: int) -> Bend:
    """A record gone, and every later one moved up."""
    statements = []
    for table in ("leaf", "payload"):
        statements.append(f"delete from {table} where idx = {index}")
        statements += [f"update {table} set idx = {later - 1} where idx = {later}" for later in range(index + 1, 10)]
    return sql(*statements)


def both(condition: str) -> Bend:
    """Records gone with their payloads."""
    return sql(f"delete from leaf where {condition}", f"delete from payload where {condition}")


def add_unsigned(database: Database, place: Place) -> None:
    """An eleventh record that the log never signed."""
    salt = bytes(16)
    body = bytes(database.rows("select body from payload where idx = 9")[0][0])
    body = body.replace(b'"index":9', b'"index":10').replace(b"r9", b"r10")
    database.many("insert into leaf values (?, ?)", [(10, commitment(salt, body))])
    database.many("insert into payload values (?, ?, ?)", [(10, salt, body)])


def from_elsewhere(database: Database, place: Place) -> None:
    """A record that was written in another shard."""
    salt, body = database.rows("select salt, body from payload where idx = 4")[0]
    body = bytes(body).replace(b'"shard":"' + SHARD.encode(), b'"shard":"b2')
    database.many("update payload set body = ? where idx = 4", [(body,)])
    database.many("update leaf set commitment = ? where idx = 4", [(commitment(bytes(salt), body),)])


def remove_file(database: Database, place: Place) -> None:
    """The shard's whole file gone, and its trail forgotten where it was."""
    database.close()
    for file in place.folder.glob(f"record.{SHARD}.sqlite3*"):
        file.unlink()


EDIT, DROP, REORDER = Tampering.EDIT, Tampering.DROP, Tampering.REORDER
TRUNCATE, FORK, CHECKPOINT = Tampering.TRUNCATE, Tampering.FORK, Tampering.CHECKPOINT

TABLE = [
    Bent("edit a payload", change_payload(4), EDIT, 4),
    Bent("edit a leaf", sql("update leaf set commitment = (select commitment from leaf where idx = 0) where idx = 4"), EDIT, 4),
    Bent("edit a salt", sql("update payload set salt = (select salt from payload where idx = 0) where idx = 4"), EDIT, 4),
    Bent("hide a user from searches", index_sql("update record set \"user\" = 'u-18' where idx = 4"), EDIT, 4),
    Bent("hide a subject from searches", index_sql("delete from record_subject where idx = 4"), EDIT, 4),
    Bent("hide a record from searches", index_sql("delete from record where idx = 4"), EDIT, 4),
    Bent("add a decision to searches", index_sql(f"insert into record_coordinate values ('{SHARD}', 4, 9, 'A.b', 'DENY', '', '', 1)"), EDIT, 4),
    Bent("drop from the middle", both("idx = 4"), DROP, 4),
    Bent("drop the first", both("idx = 0"), DROP, 0),
    Bent("drop and close the ranks", drop_and_close_ranks(4), DROP, 4),
    Bent("drop a payload", sql("delete from payload where idx = 4"), DROP, 4),
    Bent("drop payloads from the start, on no record", sql("delete from payload where idx < 3"), DROP, 0),
    Bent("swap two", swap(3, 6), REORDER, 3),
    Bent("swap neighbours", swap(3, 4), REORDER, 3),
    Bent("cut off the end", both("idx > 7"), TRUNCATE, 8),
    Bent("cut off everything", both("idx >= 0"), TRUNCATE, 0),
    Bent("cut off the end with its checkpoints in the database",
         sql("delete from leaf where idx > 7", "delete from checkpoint where size > 8"), TRUNCATE, 8, files=True),
    Bent("delete the shard's file", remove_file, TRUNCATE, 0, files=True),
    Bent("rewrite a record with its leaf", change_payload(4, leaf=True), FORK, 4),
    Bent("write a record that was never signed", add_unsigned, FORK, 10),
    Bent("bring a record from another shard", from_elsewhere, FORK, 4),
    Bent("rewrite, and sign with another key", resign(4), CHECKPOINT, 0),
]  # fmt: skip
