"""Choosing among rival paths: fewest requests together, not one by one."""

from __future__ import annotations

from gateway.planning.asks import Spot
from gateway.planning.choose import combinations
from gateway.planning.paths import Cell, Choice

WIDTH = 3
SPOT = Spot((), (), "Query", ("Query",), abstract=False)


def rival(*requests: tuple[int, int]) -> Cell:
    """A cell that takes requests given as (wave, graph)."""
    mask = 0
    for wave, graph in requests:
        mask |= 1 << (wave * WIDTH + graph)
    return Cell(None, SPOT, None, None, None, mask, max(wave for wave, _ in requests), 1)


def test_what_is_dearer_alone_may_be_cheaper_together() -> None:
    near, far = rival((0, 0), (1, 1)), rival((0, 0), (1, 2), (2, 0))
    only_far = rival((0, 0), (1, 2), (2, 0))
    best = combinations([Choice((near, far)), Choice((only_far,))], WIDTH, 3)
    assert best[0] == [far, only_far]
    assert best[1] == [near, only_far]


def test_equal_requests_are_settled_by_waves() -> None:
    deep, flat = rival((0, 0), (2, 1)), rival((0, 0), (1, 1))
    assert combinations([Choice((deep, flat))], WIDTH, 1) == [[flat]]


def test_choices_alike_are_settled_together() -> None:
    choices = [Choice((rival((0, 0), (1, 1)), rival((0, 0), (1, 2)))) for _ in range(40)]
    best = combinations(choices, WIDTH, 1)[0]
    assert len({cell.mask for cell in best}) == 1
