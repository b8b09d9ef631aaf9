"""Where in a subgraph's Python a type or field of its SDL is declared: the SDL is made, so its lines help nobody."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

__all__ = ["place_of", "places_in", "raised_in"]

_COORDINATE = re.compile(r"\b([A-Z][A-Za-z0-9]*)\.([a-z_][A-Za-z0-9_]*)")
_FRAME = re.compile(r'^  File "(?P<file>[^"]+)", line (?P<line>\d+)', re.MULTILINE)


def place_of(folder: Path, kind: str, field: str = "") -> str:
    """``file:line`` of the class that makes the type ``kind``, or of its ``field``; "" where nothing in ``folder`` does.

    A class makes the type of its own name, or that of the ``name`` its decorator gives it.
    """
    for path in sorted(folder.rglob("*.py")):
        try:
            tree = ast.parse(path.read_text(encoding="utf-8"))
        except (OSError, SyntaxError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and _named(node) == kind:
                line = next((each for each in _fields(node, field)), 0) if field else node.lineno
                if line:
                    return f"{path.as_posix()}:{line}"
    return ""


def places_in(text: str, folder: Path) -> list[str]:
    """A line for each coordinate that ``text`` names and ``folder`` declares: ``Visa.status is declared at file:line``."""
    found: dict[str, str] = {}
    for kind, field in _COORDINATE.findall(text):
        if place := place_of(folder, kind, field):
            found.setdefault(f"{kind}.{field}", place)
    return [f"{coordinate} is declared at {place}" for coordinate, place in found.items()]


def raised_in(traceback: str, root: Path) -> str:
    """``file:line`` of the innermost frame of a traceback that is an agency's own code below ``root``; "" for none."""
    subgraphs = (root / "subgraphs").resolve()
    for frame in reversed(list(_FRAME.finditer(traceback))):
        path = Path(frame["file"]).resolve()
        if path.is_relative_to(subgraphs) and not path.is_relative_to(subgraphs / "kit"):
            return f"{path.relative_to(root.resolve()).as_posix()}:{frame['line']}"
    return ""


def _named(node: ast.ClassDef) -> str:
    for decorator in node.decorator_list:
        for keyword in decorator.keywords if isinstance(decorator, ast.Call) else ():
            if keyword.arg == "name" and isinstance(keyword.value, ast.Constant):
                return str(keyword.value.value)
    return node.name


def _fields(node: ast.ClassDef, field: str) -> Iterator[int]:
    """The lines of the class's body that declare ``field``: as an annotated name, or as a method."""
    for each in node.body:
        target = each.target if isinstance(each, ast.AnnAssign) else each
        name = getattr(target, "id", "") or getattr(target, "name", "")
        if name == field:
            yield each.lineno
