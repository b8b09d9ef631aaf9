"""A19: what one caller was permitted is never another's, whoever asks for the same text before, after or at once."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from unittest.mock import patch

import pytest

from gateway.caller import Caller
from gateway.enforcement import permits as room
from gateway.enforcement.authorize import authorize, permit
from gateway.enforcement.permits import Permits
from gateway.enforcement.permitted import Permitted
from gateway.operation import Operation
from tests.scenarios.asking import Answered, Asker

pytestmark = pytest.mark.asyncio(loop_scope="session")

STORY = "TRV-01KST0RY0000000000000000"
QUERY = """query($t: ID!) { traveler(id: $t) { names { family given } birthDate
  visas { totalCount nodes { status issuedOn visaClass { code } } }
  petitions { totalCount nodes { receiptNumber status classification { code } } }
  admissions { nodes { admittedAt } } } }"""
CALLERS: tuple[str | int, ...] = (
    "cbp-primary-nyc", "cbp-primary-atl", "cbp-secondary-nyc", "cbp-secondary-atl", "ero-officer", "ero-lead",
    "ero-supervisor-1367", "uscis-adjudicator", "uscis-protection-officer", "consular-officer-nwd",
    "consular-officer-cai", "vsp-agent-cairo", "privacy-officer", 10,
)  # fmt: skip
TRAVELERS = (f"{STORY}09", f"{STORY}29", f"{STORY}16", f"{STORY}00")


def shown(answered: Answered) -> tuple[Any, ...]:
    """All of an answer but the number of its record."""
    extensions = {name: each for name, each in answered.page["extensions"].items() if name != "record"}
    return answered.data, answered.errors, extensions


def anew(
    self: Permits, operation: Operation, caller: Caller, facts: Mapping[str, Any], flags: Any, at: datetime
) -> Permitted:
    """Deciding as if nothing were kept."""
    return authorize(operation, self.policy, caller, self.shapes, facts, flags, at)


async def test_a19_many_kinds_of_callers_ask_the_same_text_and_each_is_given_its_own(ask: Asker) -> None:
    """Fourteen callers, four travelers, twice each, many at once: every answer is that of a house that keeps nothing."""
    texts = {who: ask.nameable(who, QUERY) for who in CALLERS}
    asked = [(who, traveler) for who in CALLERS for traveler in TRAVELERS]
    with patch.object(Permits, "of", anew):
        wanted = {each: shown(await ask(each[0], texts[each[0]], t=each[1])) for each in asked}
    assert len({repr(each) for each in wanted.values()}) > 6, "they are not all given the same"

    decided = 0

    def counted(*given: Any) -> Any:
        nonlocal decided
        decided += 1
        return permit(*given)

    again = [each for each in asked for _ in range(2)]
    random.Random(19).shuffle(again)
    with patch.object(room, "permit", counted):
        for begin in range(0, len(again), 7):
            some = again[begin : begin + 7]
            told = await asyncio.gather(*(ask(who, texts[who], t=traveler) for who, traveler in some))
            for each, answered in zip(some, told, strict=True):
                assert shown(answered) == wanted[each], each
    print(f"{len(again)} questions, {decided} of them decided anew")
    assert decided < len(asked)


async def test_a19_another_case_of_the_same_officer_is_decided_by_that_case(ask: Asker) -> None:
    """The same officer, question and traveler under a case that is not the traveler's, after one that is."""
    who = ask.caller("cbp-secondary-nyc")
    text = ask.nameable(who, QUERY)
    with patch.object(Permits, "of", anew):
        wanted = [shown(await ask(who, text, case=case, t=f"{STORY}29")) for case in (who.case, "INS-000000000000", "")]
    assert len({repr(each) for each in wanted}) > 1
    for _ in range(2):
        for case, each in zip((who.case, "INS-000000000000", ""), wanted, strict=True):
            assert shown(await ask(who, text, case=case, t=f"{STORY}29")) == each
