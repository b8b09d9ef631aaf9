"""A guard against a dearer governed request: calls of functions counted, and what is decided anew; never seconds."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import pytest

from gateway.enforcement import permits
from gateway.enforcement.authorize import permit
from gateway.house import Question
from gateway.pipeline import answer
from tests.benchmarks.governed import PERSONA, QUERY, TRAVELER, Kept, Ticking
from tests.benchmarks.test_speed import calls_of
from tests.scenarios.asking import open_world, seed_world

# calls of Python functions and of C functions of one governed answer, record and all; raised knowingly or not at all
MOST = 5_500


@pytest.mark.slow
async def test_a_governed_answer_takes_no_more_calls_than_it_did(tmp_path: Path) -> None:
    """The traveler's page of forty fields: six requests signed for, every field of every record decided, on record."""
    await asyncio.to_thread(seed_world, tmp_path)
    async with open_world(tmp_path) as world:
        inner, record = world.traffic.inner, world.kept.inner
        house = replace(world.opened.house, transport=Kept(inner), record=record, clock=Ticking())
        caller, question = world.opened.personas[PERSONA].caller, Question(QUERY, {"id": TRAVELER})

        async def asked() -> None:
            reply = await answer(question, caller, world.opened.graph, house)
            assert len(reply.body) > 1_000

        with patch.object(permits, "permit", wraps=permit) as anew:
            counted = await calls_of(asked)
        print(f"\ncalls of a governed answer: {counted}")
        assert anew.call_count == 1
        assert counted < MOST
