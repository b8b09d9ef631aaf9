"""Sharing requests: what was refused is asked for, talked over, drafted as an agreement, tried out and signed by both.

The rules are pure (``request``); every step is in the book beside the record, and on record (``book``); a draft is held
against the policy in force before anybody signs it (``drafting``). Law: docs/decisions/0056-sharing-requests.md.
"""

from gateway.sharing.book import Book, open_book, record_of, standing, step_digest
from gateway.sharing.drafting import (
    Proposal,
    asked_fields,
    exported,
    file_of,
    first_draft,
    held_against,
    proposal_of,
    shareable,
)
from gateway.sharing.replay import VERDICTS, Replay, Tally
from gateway.sharing.request import (
    FINAL,
    STANCES,
    STATES,
    Party,
    SharingRequest,
    Signature,
    Step,
    Wish,
    digest_of,
    may,
    opening,
    request_of,
    taken,
)
from gateway.sharing.whatif import replay_record, told_replay

__all__ = [
    "FINAL",
    "STANCES",
    "STATES",
    "VERDICTS",
    "Book",
    "Party",
    "Proposal",
    "Replay",
    "SharingRequest",
    "Signature",
    "Step",
    "Tally",
    "Wish",
    "asked_fields",
    "digest_of",
    "exported",
    "file_of",
    "first_draft",
    "held_against",
    "may",
    "open_book",
    "opening",
    "proposal_of",
    "record_of",
    "replay_record",
    "request_of",
    "shareable",
    "standing",
    "step_digest",
    "taken",
    "told_replay",
]
