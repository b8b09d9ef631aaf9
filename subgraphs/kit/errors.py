"""Errors a subgraph answers with: a code and a sentence written by hand; nothing else ever leaves.

A resolver that must refuse raises :class:`Refusal`. Every other exception is a fault of the subgraph: the client
learns only that it happened (code ``INTERNAL``; ``DATABASE_UNAVAILABLE`` where the database is away), the log learns the exception's type and where, never its text, since
the text of a database error can quote a protected value.
"""

from __future__ import annotations

from typing import Any, Final

__all__ = ["CODES", "Refusal"]

CODES: Final[dict[str, str]] = {
    "ASSERTION_SPENT": "the assertion was used before, for the change that it allows once",
    "BAD_CURSOR": "the cursor was not given out by this subgraph for this list and this order",
    "BAD_IDENTIFIER": "the identifier does not have the form its kind asks for",
    "BAD_INPUT": "an input breaks a rule of the record it would change",
    "BAD_PAGE": "first/last are out of range or both given",
    "CONFLICT": "the record changed, or already exists",
    "DATABASE_UNAVAILABLE": "the agency's database cannot be had at the moment; the same may be asked again",
    "ILLEGAL_TRANSITION": "the record's state does not allow this step; the message lists what it allows",
    "INTERNAL": "the subgraph failed; the log holds the reference",
    "NO_SUCH_RECORD": "there is no record with this key",
    "NO_SUCH_EVENT": "a subscription is answered for one event of the outbox, and this is none that its field tells of",
    "POLICY_LATE": "the agency's own copy of the agreements is being compiled, and took too long",
    "NOT_PERMITTED": "the operation selects what its assertion or the agency's agreements do not cover",
    "OPERATION_INVALID": "the operation does not parse or does not fit the subgraph's schema",
    "REQUEST_INVALID": "the HTTP body is not a GraphQL request",
    "REQUEST_OVER": "a resolver went on after the request had been answered; nobody is told",
    "REQUEST_TOO_LARGE": "the HTTP body or the operation is larger than the subgraph reads",
}
"""Every code a subgraph's kit raises (assertion codes: ``gateway.identity``), with its meaning."""


class Refusal(Exception):  # noqa: N818 - a refusal is an answer, not a fault
    """A refusal with a code and a message that is safe to show; ``extra`` becomes entries of ``extensions``.

    Never put a record's value into ``message`` or ``extra``: the text crosses agencies.
    """

    def __init__(self, code: str, message: str, **extra: Any) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.extra = extra

    def extensions(self) -> dict[str, Any]:
        """What goes under ``extensions`` of the GraphQL error."""
        return {"code": self.code, **self.extra}
