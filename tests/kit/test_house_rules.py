"""Rules of the subgraphs' side of the house, read off its source."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from subgraphs.kit.errors import CODES
from subgraphs.kit.settings import ROOT

SOURCES = sorted((ROOT / "subgraphs").rglob("*.py"))
LIBRARY = ("gateway.policy", "gateway.identity", "gateway.supergraph", "gateway.caller", "gateway.coordinates")


def imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (name.name for name in node.names)


def called(tree: ast.Module, name: str) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
            yield node


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_only_trust_knows_the_gateway_and_only_settings_the_environment(path: Path) -> None:
    modules = set(imported(ast.parse(path.read_text(encoding="utf-8"))))
    of_gateway = {module for module in modules if module.split(".")[0] == "gateway"}
    if path.parent.name == "kit" and path.name.startswith("trust"):
        assert {module for module in of_gateway if not module.startswith((*LIBRARY, "gateway.errors"))} == set()
    else:
        assert of_gateway == set()
    if path.name != "settings.py":
        assert not any(word in path.read_text(encoding="utf-8") for word in ("os.environ", "getenv"))


def test_every_refusal_has_a_code_that_is_explained() -> None:
    used: dict[str, str] = {}
    for path in SOURCES:
        for call in called(ast.parse(path.read_text(encoding="utf-8")), "Refusal"):
            code = call.args[0].value if isinstance(call.args[0], ast.Constant) else None
            assert isinstance(code, str), name_of(path)
            used[code] = name_of(path)
    assert {code: path for code, path in used.items() if code not in CODES} == {}
    assert set(CODES) - set(used) == {"INTERNAL", "DATABASE_UNAVAILABLE"}  # those that no resolver raises


def test_no_resolver_reads_the_clock() -> None:
    clocks = ("datetime.now(", "date.today(", "utcnow(", "time.time(")
    readers = {name_of(path) for path in SOURCES if any(clock in path.read_text(encoding="utf-8") for clock in clocks)}
    command = "subgraphs/kit/restored.py"  # run by hand: it says when a database was put back
    assert readers == {"subgraphs/kit/trust.py", command}
