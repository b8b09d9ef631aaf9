"""The mutants are wrong in one place each, and a seeded sample of them is caught."""

from __future__ import annotations

import pytest

from tests.mutation.mutants import mutants_of
from tests.mutation.run import HARMLESS, TARGETS, main

SOURCE = """
def allowed(a, b):
    if a == 1 and not b:
        return True
    return False
"""


def test_each_kind_of_mutant_is_made_and_differs_from_the_module() -> None:
    found = list(mutants_of(SOURCE))
    assert {each.what.partition(":")[0] for each in found} >= {
        "never",
        "turned",
        "and/or",
        "operand 1 dropped",
        "operand 2 dropped",
        "not dropped",
        "returns False",
        "returns True",
    }
    assert len({each.source for each in found}) == len(found)


def test_survivors_that_are_explained_are_in_modules_that_are_tried() -> None:
    assert {name.partition(": ")[0] for name in HARMLESS} <= TARGETS.keys()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_sample_of_mutants_is_caught(capsys: pytest.CaptureFixture[str]) -> None:
    files = ["gateway/policy/decide.py", "gateway/policy/lifecycle.py", "subgraphs/kit/trust.py"]
    code = main(["--sample", "8", "--seed", "3", *files])
    assert code == 0, capsys.readouterr().out
