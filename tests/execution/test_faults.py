"""Whatever subgraphs do, the gateway answers in time, in form, and with nothing that was not asked for."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from gateway.execution import Answer
from gateway.execution.engine import Plans
from gateway.operation import Limits, read_operation
from gateway.resilience import Timeouts
from gateway.supergraph import load_supergraph
from tests.execution.conforms import part_of, why_not
from tests.execution.executors import EXECUTORS, answer_by
from tests.execution.faults import LOSSY, LYING, Faulty
from tests.execution.operations import random_operation
from tests.execution.oracle import Simulated, ask_monolith
from tests.execution.virtual import run
from tests.execution.world import make_world

WORLDS = 24
TRIES = 8
TIMEOUT = 5.0
# the most waves a plan of these worlds has; each ends within one time limit
WAVES = 16


class Story:
    """One operation on one world whose subgraphs have ``faults``."""

    def __init__(self, seed: int, attempt: int, faults: dict[str, Any]) -> None:
        source = random.Random(f"{seed}/{attempt}")
        world = make_world(seed)
        self.supergraph = load_supergraph(world.supergraph())
        schema = self.supergraph.api_schema
        self.text, self.variables = random_operation(schema, source)
        self.healthy = ask_monolith(world, schema, self.text, self.variables)
        self.faulty = Faulty(Simulated(world), faults, source)
        self.operation = read_operation(self.text, schema, self.variables, limits=LIMITS)

    def answer(self, executor: str) -> tuple[Answer, float]:
        """The gateway's answer and how long it took."""
        transport = Timeouts(self.faulty, TIMEOUT)
        plans = Plans(self.supergraph, LIMITS)
        return run(answer_by(executor, self.text, self.variables, transport, plans))

    def __str__(self) -> str:
        return f"{self.text} with {self.variables}: {self.faulty.injected}"


LIMITS = Limits(repeats=10**6, aliases=10_000)


def check_any(story: Story, told: Answer, took: float) -> None:
    """What holds for every answer, whatever happened."""
    assert took <= TIMEOUT * WAVES, story
    assert why_not(story.operation, told.data, story.supergraph.api_schema) == "", story
    assert "SECRET" not in json.dumps(told.as_json()), story
    for error in told.errors:
        assert set(error) <= {"message", "path", "extensions"}, story
        assert error["extensions"]["code"], story
    if not story.faulty.injected:
        assert told.data == story.healthy, story
        assert not told.errors, story


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("seed", range(WORLDS))
def test_faults_that_lose_data_lose_nothing_else(seed: int, executor: str) -> None:
    """What is still answered is what a healthy graph answers; and a loss is told, unless the subgraph said null."""
    for attempt in range(TRIES):
        story = Story(seed, attempt, LOSSY)
        told, took = story.answer(executor)
        check_any(story, told, took)
        assert part_of(told.data, story.healthy), f"{story}\n{told.data}\n{story.healthy}"
        quiet = {"null entities", "missing fields"}
        if told.data != story.healthy and not quiet & set(story.faulty.injected):
            assert told.errors, story


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("seed", range(WORLDS))
def test_faults_that_make_up_data_stay_within_the_types(seed: int, executor: str) -> None:
    """Wrong values become nulls with errors; the answer's form is what the client asked for."""
    for attempt in range(TRIES):
        story = Story(seed, attempt, LYING)
        told, took = story.answer(executor)
        check_any(story, told, took)
