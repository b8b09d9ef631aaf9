"""docs/security-model.md lists every attack with the tests that are named after it, and no file that is not there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.scenarios.asking import ROOT

PAGE = (ROOT / "docs" / "security-model.md").read_text(encoding="utf-8")
TESTS = ROOT / "tests"


def rows() -> dict[str, set[str]]:
    """The files of each row of the page, by its name: ``A7``."""
    cells = [line.strip("| ").split(" | ") for line in PAGE.splitlines() if re.match(r"\| A\d+ \|", line)]
    return {each[0]: set(re.findall(r"`([\w/]+\.py)`", each[-1])) for each in cells}


def named_after(row: str) -> set[str]:
    """The files with a test named after ``row``."""
    name = re.compile(rf"def test_a{int(row[1:]):02}_")
    return {
        str(each.relative_to(TESTS))
        for each in TESTS.rglob("test_*.py")
        if name.search(each.read_text(encoding="utf-8"))
    }


def test_no_attack_of_the_list_is_left_out() -> None:
    assert list(rows()) == [f"A{number}" for number in range(1, 29)]


@pytest.mark.parametrize("row", list(rows()))
def test_a_row_names_the_files_of_its_tests_and_only_what_is_there(row: str) -> None:
    files, named = rows()[row], named_after(row)
    assert named, f"no test is named after {row}"
    assert named <= files
    assert [each for each in files if not Path(TESTS / each).is_file()] == []
