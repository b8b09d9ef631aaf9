"""The comparison of one gateway and two: what its table says. Measuring takes two minutes and is done by hand."""

from __future__ import annotations

from tests.scale.costs import MIX
from tests.scale.load import questions
from tests.scale.replicas import Run, table


def test_each_run_is_a_line_beside_what_the_model_tells() -> None:
    told = table([Run(1, 29.9, 41.63, 0.688, 4.0, 18.9), Run(2, 55.04, 61.0, 1.01, 4.1, 19.0)])

    assert told.split("\n")[2:] == [
        "| 1 | 29.9 | 41.6 | 0.69 | 4.0 ms | 18.9 ms |",
        "| 2 | 55.0 | 61.0 | 1.01 | 4.1 ms | 19.0 ms |",
    ]


def test_what_is_asked_is_a_query_of_the_explorer() -> None:
    assert MIX["port"] in {each.name for each in questions()}
