"""One TOML file as values that know where they stand: every mistake found in it names the file and the line.

``tomllib`` reads the values and forgets the places, so a small scanner remembers on which line each table header and
each key begins. A literal inside a list is looked up from its key's line on.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final, TypeAlias

from gateway.errors import Mistake

__all__ = ["Page", "Path"]

Path: TypeAlias = tuple[str | int, ...]

_HEADER: Final = re.compile(r"^\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY: Final = re.compile(r"""^\s*("[^"]*"|'[^']*'|[A-Za-z0-9_-]+)\s*=""")
_ERROR_PLACE: Final = re.compile(r"\s*\(at (?:line (\d+), column \d+|end of document)\)$")


@dataclass(slots=True)
class Page:
    """A TOML file: its name, its data, the line of each path, and the list its mistakes go to."""

    name: str
    data: dict[str, Any]
    mistakes: list[Mistake]
    _lines: list[str] = field(default_factory=list)
    _places: dict[Path, int] = field(default_factory=dict)

    @classmethod
    def read(cls, name: str, text: str, mistakes: list[Mistake]) -> Page | None:
        """The page, or None after noting why ``text`` is not TOML."""
        try:
            data = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            found = _ERROR_PLACE.search(str(error))
            line = int(found[1]) if found and found[1] else text.count("\n") + 1
            message = _ERROR_PLACE.sub("", str(error))
            mistakes.append(
                Mistake(
                    "POLICY_TOML",
                    f"not TOML: {message}",
                    f"{name}:{line}",
                    "correct the syntax; https://toml.io shows it",
                )
            )
            return None
        lines = text.splitlines()
        return cls(name, data, mistakes, lines, _scan(lines))

    def line(self, path: Path, literal: str = "") -> int:
        """The line on which ``path`` (or, from there on, the quoted ``literal``) stands; the nearest parent's if unknown."""
        while path and path not in self._places:
            path = path[:-1]
        start = self._places.get(path, 1)
        if literal:
            for number in range(start, len(self._lines) + 1):
                if f'"{literal}"' in self._lines[number - 1] or f"'{literal}'" in self._lines[number - 1]:
                    return number
        return start

    def where(self, path: Path, literal: str = "") -> str:
        """``file:line`` of a path."""
        return f"{self.name}:{self.line(path, literal)}"

    def mistake(self, code: str, message: str, path: Path, hint: str, literal: str = "") -> None:
        """Note one mistake at ``path``."""
        self.mistakes.append(Mistake(code, message, self.where(path, literal), hint))

    def keys(self, table: Mapping[str, Any], path: Path, allowed: frozenset[str], what: str) -> None:
        """Note every key of ``table`` that its kind does not know."""
        for key in table:
            if key not in allowed:
                hint = f"{what} knows {', '.join(sorted(allowed))}"
                self.mistake("POLICY_UNKNOWN_KEY", f"{what} has no '{key}'", (*path, key), hint)

    def text(self, table: Mapping[str, Any], path: Path, key: str, default: str | None = None) -> str:
        """The text under ``key``; with no default a missing one is a mistake (and reads as "")."""
        value = self._value(table, path, key, default, str, "a text")
        return value if isinstance(value, str) else ""

    def texts(
        self, table: Mapping[str, Any], path: Path, key: str, default: tuple[str, ...] | None = None
    ) -> tuple[str, ...]:
        """The list of texts under ``key``."""
        value = self._value(table, path, key, default, list, "a list of texts")
        if isinstance(value, tuple):
            return value
        if not isinstance(value, list):
            return ()
        if not all(isinstance(item, str) for item in value):
            self.mistake(
                "POLICY_WRONG_TYPE",
                f"'{key}' holds something that is not text",
                (*path, key),
                f'write {key} = ["...", "..."]',
            )
            return ()
        return tuple(value)

    def whole(self, table: Mapping[str, Any], path: Path, key: str, default: int | None = None) -> int:
        """The whole number under ``key``."""
        value = self._value(table, path, key, default, int, "a whole number")
        return value if isinstance(value, int) and not isinstance(value, bool) else 0

    def day(self, table: Mapping[str, Any], path: Path, key: str) -> date:
        """The date under ``key``; a mistake when it is missing or not a plain TOML date."""
        value = self._value(table, path, key, None, date, "a date, as in 2026-10-01")
        if isinstance(value, datetime):
            self.mistake(
                "POLICY_WRONG_TYPE",
                f"'{key}' is a moment, not a date",
                (*path, key),
                "write a plain date, as in 2026-10-01; it begins at midnight UTC",
            )
            return value.date()
        return value if isinstance(value, date) else date.min

    def table(self, table: Mapping[str, Any], path: Path, key: str) -> dict[str, Any]:
        """The table under ``key``, empty when there is none."""
        value = self._value(table, path, key, {}, dict, "a table")
        return value if isinstance(value, dict) else {}

    def tables(self, table: Mapping[str, Any], path: Path, key: str) -> list[dict[str, Any]]:
        """The tables ``[[key]]``, none when there is none."""
        value = self._value(table, path, key, [], list, f"written [[{key}]]")
        if isinstance(value, list) and all(isinstance(item, dict) for item in value):
            return value
        if isinstance(value, list):
            self.mistake(
                "POLICY_WRONG_TYPE", f"'{key}' is not a list of tables", (*path, key), f"write [[{key}]] once for each"
            )
        return []

    def _value(self, table: Mapping[str, Any], path: Path, key: str, default: object, kind: type, shown: str) -> object:
        if key not in table:
            if default is None:
                self.mistake("POLICY_MISSING_KEY", f"'{key}' is missing", path, f"add {key} = ... ({shown})")
            return default
        value = table[key]
        if not isinstance(value, kind):
            self.mistake("POLICY_WRONG_TYPE", f"'{key}' is not {shown}", (*path, key), f"'{key}' must be {shown}")
            return None
        return value


def _scan(lines: list[str]) -> dict[Path, int]:
    places: dict[Path, int] = {}
    counts: dict[Path, int] = {}
    here: Path = ()
    depth = 0
    for number, line in enumerate(lines, start=1):
        bare = _without_strings(line)
        if depth == 0:
            header = _HEADER.match(line)
            if header:
                here = _enter(header[1] == "[[", _parts(header[2]), counts)
                places.setdefault(here, number)
                continue
            key = _KEY.match(line)
            if key:
                places.setdefault((*here, key[1].strip("\"'")), number)
        depth += sum(bare.count(mark) for mark in "[{") - sum(bare.count(mark) for mark in "]}")
    return places


def _enter(many: bool, parts: tuple[str, ...], counts: dict[Path, int]) -> Path:
    path: Path = ()
    for index, part in enumerate(parts):
        path = (*path, part)
        last = index == len(parts) - 1
        if last and many:
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path = (*path, counts[path])
    return path


def _parts(header: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in re.findall(r""""[^"]*"|'[^']*'|[^.]+""", header))


def _without_strings(line: str) -> str:
    return re.sub(r'"(?:\\.|[^"\\])*"|\'[^\']*\'', "", line).partition("#")[0]
