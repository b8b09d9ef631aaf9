"""What can become of a question besides an answer."""

from __future__ import annotations

from typing import Any, Final

from gateway.client.answer import Answer, Failure

__all__ = ["Cut", "Refused", "Unreachable", "told"]

_GOES_ON: Final = frozenset({"GATEWAY_CLOSING", "EVENTS_UNAVAILABLE"})
"""Why a gateway ends a subscription that may be taken up again at once or a little later."""
_TOKEN: Final = frozenset({"TOKEN_EXPIRED", "TOKEN_MISSING"})


class Unreachable(OSError):  # noqa: N818 - what it says of the gateway
    """The gateway did not answer, or not in time, or with something that is no answer."""


class Refused(Exception):  # noqa: N818 - it is an answer, not a fault
    """The gateway refused the operation as a whole; nothing of it was run. ``failures`` say why, each with its code."""

    def __init__(self, status: int, failures: tuple[Failure, ...]) -> None:
        super().__init__("; ".join(f"{each.code}: {each.message}" for each in failures) or f"HTTP {status}")
        self.status = status
        self.failures = failures

    @property
    def code(self) -> str:
        """The first failure's code; "" where there is none."""
        return self.failures[0].code if self.failures else ""

    @property
    def of_token(self) -> bool:
        """Whether it is only that the token is not, or no longer, taken."""
        return self.status == 401 or self.code in _TOKEN


class Cut(Exception):  # noqa: N818 - between this package's modules
    """A stream ended in the middle; where it ended is known, and it can be gone on with."""


def told(body: Any) -> Answer:
    """The event that a decoded body is. Raises ``Cut`` where the gateway ends the stream and another goes on, ``Refused`` where none does."""
    try:
        answer = Answer.read(body)
    except (AttributeError, KeyError, TypeError):
        raise Unreachable("an event that is no answer of a gateway") from None
    if "data" not in body:
        if answer.failures and answer.failures[0].code in _GOES_ON:
            raise Cut(answer.failures[0].code)
        raise Refused(200, answer.failures)
    return answer
