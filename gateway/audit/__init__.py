"""The record of every disclosure: what went to whom on which basis, in a Merkle tree, durable before the answer leaves."""

from gateway.audit.bundle import write_bundle
from gateway.audit.checkpoint import Checkpoint, log_key
from gateway.audit.database import StoreError
from gateway.audit.disclosures import Disclosure, disclosures_of
from gateway.audit.entry import Entry
from gateway.audit.export import export_lines, proof_of
from gateway.audit.formats import as_csv, as_ocsf
from gateway.audit.keys import Pseudonyms, load_public_key, load_signing_key
from gateway.audit.log import AuditLog, LogSettings
from gateway.audit.note import Note, Signer, VerifierKey
from gateway.audit.offline import verify_export
from gateway.audit.place import Where, place_of
from gateway.audit.record import AuditRecord, Disclosed, FailureNote, FetchNote, Truths, digest
from gateway.audit.restoring import Remains, finish, note_restored, remains
from gateway.audit.retention import operator, retain, retention_due, shred
from gateway.audit.search import Counted, Found, Search, count_by, search
from gateway.audit.shard import open_shard
from gateway.audit.verify import Verdict, verify
from gateway.audit.walk import Fault, ShardVerdict, Tampering
from gateway.audit.witness import Cosigned, Refused, read_witness, store_cosignatures, witness

__all__ = [
    "AuditLog",
    "AuditRecord",
    "Checkpoint",
    "Cosigned",
    "Counted",
    "Disclosed",
    "Disclosure",
    "Entry",
    "FailureNote",
    "Fault",
    "FetchNote",
    "Found",
    "LogSettings",
    "Note",
    "Pseudonyms",
    "Refused",
    "Remains",
    "Search",
    "ShardVerdict",
    "Signer",
    "StoreError",
    "Tampering",
    "Truths",
    "Verdict",
    "VerifierKey",
    "Where",
    "as_csv",
    "as_ocsf",
    "count_by",
    "digest",
    "disclosures_of",
    "export_lines",
    "finish",
    "load_public_key",
    "load_signing_key",
    "log_key",
    "note_restored",
    "open_shard",
    "operator",
    "place_of",
    "proof_of",
    "read_witness",
    "remains",
    "retain",
    "retention_due",
    "search",
    "shred",
    "store_cosignatures",
    "verify",
    "verify_export",
    "witness",
    "write_bundle",
]
