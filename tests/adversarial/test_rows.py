"""Every row of the adversarial list has a test that is named after it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROWS = range(1, 29)
NAMES = [
    node.name
    for path in sorted(Path(__file__).parent.glob("test_*.py"))
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
]


@pytest.mark.parametrize("row", ROWS)
def test_the_row_has_its_test(row: int) -> None:
    assert [name for name in NAMES if name.startswith(f"test_a{row:02}_")], f"no test is named test_a{row:02}_..."
