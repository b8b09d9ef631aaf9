"""Personas: the people of the development world, each with the token the development issuer would give them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.caller import Caller
from gateway.errors import IdentityError

__all__ = ["Persona", "load_personas", "read_personas"]

_KEYS = frozenset(
    (
        *("title", "agency", "role", "purpose", "case", "user", "location"),
        *("portfolio", "training", "synthetic_only", "story"),
    )
)


@dataclass(frozen=True, slots=True)
class Persona:
    """A made-up officer: a name to choose, a title to show, the caller, and what the default case is about."""

    name: str
    title: str
    caller: Caller
    story: str = ""


def read_personas(text: str) -> Mapping[str, Persona]:
    """The personas of a TOML document, by name; raises ``IdentityError`` PERSONA_MALFORMED naming the first flaw."""
    try:
        entries = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise IdentityError("PERSONA_MALFORMED", f"The personas file is not TOML: {error}", status=500) from None
    return {name: _persona(name, entry) for name, entry in entries.items()}


def load_personas(path: Path) -> Mapping[str, Persona]:
    """The personas in the file at ``path`` (``schema/personas.toml``)."""
    return read_personas(path.read_text(encoding="utf-8"))


def _persona(name: str, entry: Any) -> Persona:
    if not isinstance(entry, dict):
        raise _malformed(name, "is not a table")
    if unknown := sorted(set(entry) - _KEYS):
        raise _malformed(name, f"has unknown keys: {', '.join(unknown)}")
    for key in ("title", "agency", "role", "purpose"):
        if not isinstance(entry.get(key), str) or not entry[key]:
            raise _malformed(name, f"needs {key}")
    caller = Caller(
        agency=entry["agency"],
        role=entry["role"],
        purpose=entry["purpose"],
        case=entry.get("case", ""),
        user=entry.get("user", name),
        location=entry.get("location", ""),
        portfolio=tuple(entry.get("portfolio", ())),
        training=tuple(entry.get("training", ())),
        synthetic_only=entry.get("synthetic_only", False),
    )
    return Persona(name, entry["title"], caller, entry.get("story", ""))


def _malformed(name: str, flaw: str) -> IdentityError:
    return IdentityError("PERSONA_MALFORMED", f"The persona {name} {flaw}", status=500, where="schema/personas.toml")
