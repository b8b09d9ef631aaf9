"""State machines: only the table's steps are possible."""

from __future__ import annotations

import enum

import pytest

from subgraphs.kit import Refusal, StateMachine, Transition


class S(enum.Enum):
    DRAFT = "DRAFT"
    SENT = "SENT"
    CLOSED = "CLOSED"


TABLE = [
    Transition(S.DRAFT, "send", S.SENT),
    Transition(S.SENT, "recall", S.DRAFT),
    Transition(S.SENT, "close", S.CLOSED),
    Transition(S.DRAFT, "drop", S.CLOSED),
]
MACHINE = StateMachine("Letter.status", TABLE)


def test_the_table_s_steps_lead_where_it_says() -> None:
    for step in TABLE:
        assert MACHINE.fire(step.before, step.step) is step.after
        assert MACHINE.move(step.before, step.after) is step.after
    assert MACHINE.allowed(S.SENT) == (S.DRAFT, S.CLOSED)
    assert MACHINE.allowed(S.CLOSED) == ()


def test_every_other_step_is_refused_with_what_is_allowed() -> None:
    moves = {(step.before, step.after) for step in TABLE}
    for before in S:
        for after in S:
            if (before, after) not in moves:
                with pytest.raises(Refusal) as caught:
                    MACHINE.move(before, after)
                allowed = [state.name for state in MACHINE.allowed(before)]
                assert caught.value.extensions() == {"code": "ILLEGAL_TRANSITION", "allowed": allowed}
    with pytest.raises(Refusal, match="final"):
        MACHINE.fire(S.CLOSED, "send")


def test_a_table_that_contradicts_itself_is_refused() -> None:
    with pytest.raises(ValueError, match="two states"):
        StateMachine("x", [*TABLE, Transition(S.DRAFT, "send", S.CLOSED)])
