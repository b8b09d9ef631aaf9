"""Every error the gateway raises or answers with, one class per family and one code per mistake.

The tree::

    GatewayError                     code, message, status, where, hint
    |- IdentityError                 who is asking could not be established          401
    |- RequestError                  the HTTP request is none, or comes too early     400, 405, 413, 415, 429, 503
    |- OperationError                the document or its variables are wrong         400 (or 200 in the answer)
    |- LimitError                    a budget was spent before anything was fetched  400
    |- AccessError                   refused by the policy as a whole                403
    |- CompositionFailed             the subgraphs do not make one graph             (command line)
    |- PolicyError                   an agreement, prohibition or vocabulary is wrong(command line, start)
    |- PlanningError                 no way through the subgraphs, or budget spent   500
    |- FetchError                    a subgraph could not be reached or made no sense(an entry in the answer)
    `- RecordUnavailable             the audit record could not be made durable      503

Codes are stable; docs/errors.md lists each with its cause and cure, and a test keeps the two in step.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

__all__ = [
    "AccessError",
    "CompositionFailed",
    "FetchError",
    "GatewayError",
    "IdentityError",
    "LimitError",
    "Mistake",
    "OperationError",
    "PlanningError",
    "PolicyError",
    "RecordUnavailable",
    "RequestError",
]


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing that is wrong: its code, what is wrong, where, and what to do about it."""

    code: str
    message: str
    where: str = ""
    hint: str = ""
    subgraphs: tuple[str, ...] = ()
    extra: tuple[tuple[str, Any], ...] = field(default=(), compare=False)

    def __str__(self) -> str:
        where = f" [{self.where}]" if self.where else ""
        hint = f"\n    {self.hint}" if self.hint else ""
        return f"{self.code}{where}: {self.message}{hint}"


class GatewayError(Exception):
    """An error with a code, a message safe to show to a client, an HTTP status, a place and a remedy."""

    status = 500

    def __init__(
        self,
        code: str,
        message: str,
        *,
        status: int | None = None,
        where: str = "",
        hint: str = "",
        locations: tuple[tuple[int, int], ...] = (),
        retry_after: int = 0,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.where = where
        self.hint = hint
        self.locations = locations
        self.retry_after = retry_after  # seconds after which asking again makes sense; 0 where it never does
        if status is not None:
            self.status = status

    @property
    def detail(self) -> str:
        """What happened inside, for the operators' log; empty where the client may be told all there is."""
        return ""

    def as_graphql(self) -> dict[str, Any]:
        """The error as an item of a GraphQL answer's ``errors`` list."""
        extensions: dict[str, Any] = {"code": self.code}
        if self.where:
            extensions["where"] = self.where
        if self.hint:
            extensions["hint"] = self.hint
        item: dict[str, Any] = {"message": self.message}
        if self.locations:
            item["locations"] = [{"line": line, "column": column} for line, column in self.locations]
        item["extensions"] = extensions
        return item


class IdentityError(GatewayError):
    """The caller could not be established from the token."""

    status = 401


class RequestError(GatewayError):
    """The HTTP request is not a well-formed GraphQL request."""

    status = 400


class OperationError(GatewayError):
    """The document, the chosen operation or the variables are wrong; ``mistakes`` lists every one."""

    status = 400

    def __init__(self, code: str, message: str, *, errors: tuple[GatewayError, ...] = (), **more: Any) -> None:
        super().__init__(code, message, **more)
        self.errors: tuple[GatewayError, ...] = errors or (self,)


class LimitError(GatewayError):
    """A limit was passed before anything was planned or fetched."""

    status = 400


class AccessError(GatewayError):
    """The request as a whole is refused: no agreement could ever answer it, or an argument reads what is withheld."""

    status = 403


class _MistakesError(GatewayError):
    def __init__(self, code: str, message: str, mistakes: tuple[Mistake, ...]) -> None:
        super().__init__(code, message + "".join(f"\n  {mistake}" for mistake in mistakes))
        self.mistakes = mistakes


class CompositionFailed(_MistakesError):  # noqa: N818 - it is the outcome of composing, not a fault
    """The subgraphs do not compose; ``mistakes`` holds every one found."""


class PolicyError(_MistakesError):
    """The policy bundle does not compile; ``mistakes`` holds every one found, with file and line."""


class PlanningError(GatewayError):
    """No way through the subgraphs answers the operation, or the planning budget is spent."""


class FetchError(GatewayError):
    """A subgraph could not be reached in time, or answered with something that is not an answer."""

    status = 502


class RecordUnavailable(GatewayError):  # noqa: N818 - a state, not a fault
    """The audit record could not be made durable, so no data may leave.

    ``where`` and ``hint`` are for operators: they name files and what the disk or the database said.
    """

    status = 503

    @property
    def detail(self) -> str:
        """Where, and what was the matter."""
        return ": ".join(filter(None, (self.where, self.hint)))

    def as_graphql(self) -> dict[str, Any]:
        """The error without what only operators may know."""
        hint = "Nothing was given. Ask again later; if it lasts, tell the operators."
        return {"message": self.message, "extensions": {"code": self.code, "hint": hint}}
