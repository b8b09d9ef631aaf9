"""Every case of ``cases/*.md``: the plan is the one written there, it is proven, and it is the same every time."""

from __future__ import annotations

import pytest

from tests.planning.harness import CASES, Case, outcome, read_cases

FILES = sorted(CASES.glob("*.md"))
ALL = [case for file in FILES for case in read_cases(file)]


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.id)
def test_plan(case: Case) -> None:
    assert outcome(case) == case.expected


def test_there_are_cases() -> None:
    assert len(ALL) >= 60
