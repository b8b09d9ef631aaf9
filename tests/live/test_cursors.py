"""Cursors: sealed, one caller's own, and the same on every replica with the same key."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gateway.caller import Caller
from gateway.errors import RequestError
from gateway.live.cursors import Cursors

CALLER = Caller("CBP", "cbp-primary", "border-inspection-primary", "INS-1", "cbp-1", "ATL")


@pytest.mark.parametrize("number", [0, 1, 17, 2**63 - 1])
def test_a_cursor_is_opened_by_a_replica_with_the_same_key(number: int) -> None:
    """The number comes back, under another case as well: a case is no part of a place."""
    cursor = Cursors(b"key").seal("visas", (number,), CALLER)
    assert Cursors(b"key").open(cursor, "visas", replace(CALLER, case="INS-2")) == (number,)


@pytest.mark.parametrize(
    ("key", "subgraph", "change"),
    [
        (b"other", "visas", {}),
        (b"key", "admissions", {}),
        (b"key", "visas", {"user": "cbp-2"}),
        (b"key", "visas", {"role": "cbp-secondary"}),
        (b"key", "visas", {"agency": "USCIS"}),
    ],
)
def test_anybody_elses_is_refused(key: bytes, subgraph: str, change: dict[str, Any]) -> None:
    """Another key, source, user, role or agency."""
    cursor = Cursors(b"key").seal("visas", (5,), CALLER)
    with pytest.raises(RequestError) as raised:
        Cursors(key).open(cursor, subgraph, replace(CALLER, **change))
    assert raised.value.code == "CURSOR_WRONG"


def test_no_bit_of_a_cursor_can_be_changed() -> None:
    """Every one of its characters counts."""
    cursors = Cursors(b"key")
    cursor = cursors.seal("visas", (5,), CALLER)
    for index, letter in enumerate(cursor[:-1]):  # the last carries bits that base64 ignores
        changed = cursor[:index] + ("B" if letter != "B" else "C") + cursor[index + 1 :]
        with pytest.raises(RequestError):
            cursors.open(changed, "visas", CALLER)
