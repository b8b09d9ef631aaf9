"""docs/errors.md and the code name the same codes: none undocumented, none that is gone."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from gateway.policy.decision import Reason

ROOT = Path(__file__).resolve().parents[2]
CODE = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)+")
ROW = re.compile(r"\| `([A-Z0-9_]+)`")

PLACES = {
    "ARGUMENT_DEFINITION", "ENUM_VALUE", "FIELD_DEFINITION", "FRAGMENT_DEFINITION", "FRAGMENT_SPREAD", "INLINE_FRAGMENT",
    "INPUT_FIELD_DEFINITION", "INPUT_OBJECT", "VARIABLE_DEFINITION",
}  # fmt: skip
MASKS = {"BOOLEAN_PRESENCE", "CATEGORY_ONLY", "COUNTRY_ONLY", "DATE_ONLY", "HASHED_REF", "YEAR_ONLY"}
CHANGES = {"FLOWS_CHANGED", "REVIEW_OVERDUE"}
NOT_CODES = PLACES | MASKS | CHANGES | {"FIELD_ARGUMENT", "QF_FD", "TYPER_STANDARD_TRACEBACK"}
"""Words in capitals that are no codes: where directives may stand, masks, what the journal says of an agreement, a stem, a
solver's logic, a library's setting."""

MADE = {
    "INCONSISTENT_{}_VALUE_TYPE_FIELD": ("OBJECT", "INTERFACE"),
    "INCONSISTENT_BUT_COMPATIBLE_{}_TYPE": ("FIELD", "ARGUMENT"),
    "{}_DIRECTIVE_IN_FIELDS_ARG": ("KEY", "PROVIDES", "REQUIRES"),
    "{}_INVALID_FIELDS": ("KEY", "PROVIDES", "REQUIRES"),
    "{}_INVALID_SYNTAX": ("KEY", "PROVIDES"),
    "{}_INVALID_FIELDS_TYPE": ("KEY", "PROVIDES", "REQUIRES"),
    "{}_UNSUPPORTED_ON_INTERFACE": ("PROVIDES", "REQUIRES"),
    "{}_FIELDS_HAS_ARGS": ("KEY", "PROVIDES"),
    "{}_FIELDS_MISSING_EXTERNAL": ("PROVIDES", "REQUIRES"),
    "POLICY_UNKNOWN_{}": ("AGENCY", "PURPOSE", "ROLE"),
    "ROOT_{}_USED": ("QUERY", "MUTATION", "SUBSCRIPTION"),
}
"""Codes that are put together at run time: the f-string, and what stands in its place."""

PREFIXES = ("TOKEN", "ASSERTION")
"""``gateway/identity/jwt.py`` puts one of these before the flaw it found."""


def trees(folder: str) -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted((ROOT / folder).rglob("*.py")):
        yield path, ast.parse(path.read_text(encoding="utf-8"))


def shape(node: ast.JoinedStr) -> str:
    """The f-string with ``{}`` where values go."""
    return "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)  # type: ignore[misc]


def arguments(node: ast.AST, name: str) -> Iterator[str]:
    """The text that calls of ``name`` within ``node`` are given first."""
    for call in ast.walk(node):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == name and call.args:
            first = call.args[0]
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield first.value


def constants(tree: ast.Module) -> Iterator[str]:
    """Text in code that has the form of a code; names listed in ``__all__`` and of the environment are left out."""
    listed = {
        id(item)
        for node in tree.body
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "__all__" for t in node.targets)
        for item in ast.walk(node.value)
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str) or id(node) in listed:
            continue
        if CODE.fullmatch(node.value) and not node.value.startswith("TWS_"):
            yield node.value


def codes() -> set[str]:
    """Every code in the code."""
    found = {"INTERNAL", *Reason}
    for path, tree in trees("gateway"):
        if path.name == "jwt.py":
            flaws = set(arguments(tree, "refuse"))
            assert flaws, "identity/jwt.py names its flaws in another way now"
            found |= {f"{prefix}_{flaw}" for prefix in PREFIXES for flaw in flaws}
        else:
            found |= set(constants(tree))
    for _, tree in trees("subgraphs"):
        found |= set(arguments(tree, "Refusal"))
    found |= set(re.findall(r'"code":"([A-Z_]+)"', (ROOT / "deploy" / "nginx.conf").read_text(encoding="utf-8")))
    for pattern, words in MADE.items():
        found |= {pattern.format(word) for word in words}
    return found - NOT_CODES


def documented() -> list[str]:
    return ROW.findall((ROOT / "docs" / "errors.md").read_text(encoding="utf-8"))


def test_every_code_is_documented() -> None:
    assert sorted(codes() - set(documented())) == []


def test_no_documented_code_is_gone() -> None:
    assert sorted(set(documented()) - codes()) == []


def test_no_code_is_documented_twice() -> None:
    names = documented()
    assert sorted({name for name in names if names.count(name) > 1}) == []


def test_what_is_put_together_is_known() -> None:
    """A new code made by an f-string has to be entered in ``MADE``; one that is gone has to leave it."""
    made = {
        shape(node)
        for _, tree in trees("gateway")
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr) and re.fullmatch(r"(\{\}|[A-Z_])*[A-Z]{3}(\{\}|[A-Z_])*", shape(node))
    }
    assert sorted(text for text in made if not text.startswith("TWS_")) == sorted(MADE)


def test_the_files_named_exist() -> None:
    page = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    rows = [row.split(" | ")[1] for row in page.splitlines() if ROW.match(row)]
    missing = set()
    for place in {item.strip() for row in rows for item in row.split(",")}:
        roots = [ROOT, ROOT / "gateway", ROOT / "gateway" / "composition"]
        if "*" not in place and not any((root / place).exists() for root in roots):
            missing.add(place)
    assert sorted(missing) == []
