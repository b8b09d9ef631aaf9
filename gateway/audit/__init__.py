"""The record of every disclosure: what went to whom on which basis, chained and durable before the answer leaves."""

from gateway.audit.chain import Entry, Head, heads_path, read_heads
from gateway.audit.disclosures import Disclosure, disclosures_of
from gateway.audit.keys import Pseudonyms, load_public_key, load_signing_key
from gateway.audit.log import AuditLog, LogSettings
from gateway.audit.record import AuditRecord, Disclosed, FailureNote, FetchNote, digest
from gateway.audit.search import Counted, Found, Search, count_by, search
from gateway.audit.verify import Fault, Tampering, Verdict, verify

__all__ = [
    "AuditLog",
    "AuditRecord",
    "Counted",
    "Disclosed",
    "Disclosure",
    "Entry",
    "FailureNote",
    "Fault",
    "FetchNote",
    "Found",
    "Head",
    "LogSettings",
    "Pseudonyms",
    "Search",
    "Tampering",
    "Verdict",
    "count_by",
    "digest",
    "disclosures_of",
    "heads_path",
    "load_public_key",
    "load_signing_key",
    "read_heads",
    "search",
    "verify",
]
