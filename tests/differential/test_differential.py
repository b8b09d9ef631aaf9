"""The gateway and a monolith answer the same: random graphs, splits, data, trouble and operations.

Hypothesis draws each example from the block's number alone, so every run draws the same ones. To keep the shrunk
example that a failure prints, save it as a file of ``cases/``.
"""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, given, note, seed, settings
from hypothesis import strategies as st

from gateway.errors import CompositionFailed
from gateway.supergraph import Supergraph
from tests.differential.case import CASES, Case, read_case
from tests.differential.choices import Choices
from tests.differential.draw_data import draw_data
from tests.differential.draw_graph import draw_graph
from tests.differential.draw_operation import draw_operation
from tests.differential.judge import check, composed

QUICK, SLOW = range(4), range(4, 44)
EXAMPLES = 50  # of one block

# a failure is shrunk before it is shown, which takes minutes
pytestmark = pytest.mark.timeout(900)


def draw_case(source: Random) -> tuple[Case, Supergraph]:
    """A case with its supergraph."""
    choices = Choices(source)
    plan = draw_graph(choices)
    sdls = plan.sdls()
    try:
        supergraph = composed(sdls)
    except CompositionFailed as failure:
        raise AssertionError(f"does not compose: {failure.mistakes}\n{Case(sdls, {}, '')}") from None
    drawn = draw_data(choices, plan)
    text, variables = draw_operation(choices, supergraph.api_schema)
    return Case(sdls, drawn.data, text, variables, tuple(drawn.missing), drawn.broken), supergraph


def run_block(number: int) -> None:
    """Check the examples of one block."""

    @seed(number)
    @settings(
        max_examples=EXAMPLES,
        database=None,
        deadline=None,
        derandomize=False,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @given(st.randoms(use_true_random=False))
    def agree(source: Random) -> None:
        case, supergraph = draw_case(source)
        note(repr(case))
        check(case, supergraph)

    print(f"seed {number}, {EXAMPLES} examples")  # shown where it fails
    agree()


@pytest.mark.parametrize("number", QUICK)
def test_federated_and_monolith_agree(number: int) -> None:
    """200 examples: same data, same errors in the same places, and no subgraph asked what it should not be."""
    run_block(number)


@pytest.mark.slow
@pytest.mark.parametrize("number", SLOW)
def test_federated_and_monolith_agree_on_many_more(number: int) -> None:
    """2,000 examples."""
    run_block(number)


@pytest.mark.parametrize("file", sorted(CASES.glob("*.md")), ids=lambda file: str(file.stem))
def test_kept_cases(file: Path) -> None:
    """Each shrunk example that failed once."""
    check(read_case(file))
