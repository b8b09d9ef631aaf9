"""Where in a subgraph's Python a type or field of its SDL is declared: the SDL is made, so its lines help nobody."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from gateway.errors import Mistake

__all__ = ["Declared", "place_of", "places_in", "places_of", "raised_in", "told_with_places"]

_COORDINATE = re.compile(r"\b([A-Z][A-Za-z0-9]*)\.([a-z_][A-Za-z0-9_]*)")
_TYPE = re.compile(r"\b([A-Z][A-Za-z0-9]*)(?:\.([A-Za-z_][A-Za-z0-9_]*))?")
_FRAME = re.compile(r'^  File "(?P<file>[^"]+)", line (?P<line>\d+)', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Declared:
    """What makes a type or field: ``file:line``, and in words which class, field or decorator stands there."""

    place: str
    what: str

    def __str__(self) -> str:
        return f"{self.place} ({self.what})"


def place_of(folder: Path, kind: str, field: str = "") -> Declared | None:
    """What in ``folder`` makes the type ``kind``, or its ``field``; None where nothing does.

    A class makes the type of its own name, or that of the ``name`` its decorator gives it. Where there is a decorator, it is
    the decorator's line, since keys and classifications stand there.
    """
    for path in sorted(folder.rglob("*.py")):
        try:
            tree = ast.parse(path.read_text(encoding="utf-8"))
        except (OSError, SyntaxError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and _named(node) == kind:
                found = next(_fields(node, field), None) if field else _decorated(node, f"class {node.name}")
                if found is not None:
                    return Declared(f"{path.as_posix()}:{found[0]}", found[1])
    return None


def places_of(mistake: Mistake, subgraphs: Path) -> list[str]:
    """A line for each declaration that ``mistake`` is about: ``Visa is made at file:line (class Visa)``.

    Its place names the type or field, and it the subgraphs; what several agencies share is declared in the kit.
    """
    named = _TYPE.findall(mistake.where.partition(", line ")[0].partition(" (")[0].rpartition(": ")[2])
    folders = [subgraphs / name for name in mistake.subgraphs if (subgraphs / name).is_dir()]
    found: dict[str, str] = {}
    for kind, field in named:
        for folder in folders:
            declared = place_of(folder, kind, field) or place_of(subgraphs / "kit", kind, field)
            if declared is not None:
                found.setdefault(str(declared), f"{kind}.{field}" if field else kind)
    told = [f"{coordinate} is made at {place}" for place, coordinate in found.items()]
    return told or places_in(f"{mistake.where} {mistake.message}", subgraphs)


def places_in(text: str, folder: Path) -> list[str]:
    """A line for each coordinate that ``text`` names and ``folder`` declares: ``Visa.status is made at file:line (...)``."""
    found: dict[str, str] = {}
    for kind, field in _COORDINATE.findall(text):
        if declared := place_of(folder, kind, field):
            found.setdefault(f"{kind}.{field}", str(declared))
    return [f"{coordinate} is made at {place}" for coordinate, place in found.items()]


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


def _fields(node: ast.ClassDef, field: str) -> Iterator[tuple[int, str]]:
    """What in the class's body declares ``field``: an annotated name, a method, or a member of an enum."""
    for each in node.body:
        if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef) and each.name == field:
            yield _decorated(each, f"method {field} of class {node.name}")
        elif isinstance(each, ast.AnnAssign) and _is(each.target, field):
            yield each.lineno, f"field {field} of class {node.name}{_called(each.value)}"
        elif isinstance(each, ast.Assign) and any(_is(target, field) for target in each.targets):
            yield each.lineno, f"member {field} of class {node.name}"


def _decorated(node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef, what: str) -> tuple[int, str]:
    if not node.decorator_list:
        return node.lineno, what
    first = node.decorator_list[0]
    return first.lineno, f"{what}, decorator @{_name(first)}"


def _is(target: ast.expr, name: str) -> bool:
    return isinstance(target, ast.Name) and target.id == name


def _called(value: ast.expr | None) -> str:
    return f", by {_name(value)}(...)" if isinstance(value, ast.Call) else ""


def _name(node: ast.expr) -> str:
    return ast.unparse(node.func if isinstance(node, ast.Call) else node)


def told_with_places(mistakes: Iterable[Mistake], subgraphs: Path) -> list[str]:
    """The lines that tell of each mistake, with the Python that made it below it."""
    return [line for each in mistakes for line in (str(each), *(f"  {place}" for place in places_of(each, subgraphs)))]
