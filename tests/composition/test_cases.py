"""Every case file: what comes out of composition, to the letter."""

from __future__ import annotations

import pytest

from tests.composition.casefile import CASES, Case, outcome, read_cases

FILES = sorted(CASES.glob("*.md"))


@pytest.mark.parametrize("case", [case for path in FILES for case in read_cases(path)], ids=lambda case: case.id)
def test_case(case: Case) -> None:
    assert outcome(case) == case.expected


def test_no_heading_stands_twice_in_a_file() -> None:
    for path in FILES:
        titles = [case.title for case in read_cases(path)]
        assert len(titles) == len(set(titles)), path.name
