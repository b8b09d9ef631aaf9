"""What several commands need: options with one meaning, and callers written as words."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, TypeAlias

import typer
from rich.console import Console
from rich.table import Table

from gateway.caller import Caller
from gateway.errors import RequestError
from gateway.identity import load_personas

__all__ = ["At", "Schema", "Var", "caller_of", "counted", "instant_of", "print_table"]

Schema: TypeAlias = Annotated[
    Path, typer.Option("--schema", envvar="TWS_SCHEMA", help="The folder of agreements and the supergraph.")
]
Var: TypeAlias = Annotated[
    Path, typer.Option("--var", envvar="TWS_VAR", help="Where keys, databases and the record are kept.")
]
At: TypeAlias = Annotated[str, typer.Option("--at", help="The instant or date to decide at; now when not given.")]

_WIDE = 200


def counted(number: int, word: str) -> str:
    """``1 request``, ``1,204 requests``."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def print_table(table: Table) -> None:
    """Print ``table`` with nothing of a value left out: folded on a narrow terminal, wide where it goes to a file or a program."""
    for column in table.columns:
        column.overflow = "fold"
    console = Console()
    (console if console.is_terminal else Console(width=_WIDE)).print(table)


def caller_of(words: str, schema: Path, case: str = "", location: str = "") -> Caller:
    """The caller named ``AGENCY/role/purpose`` or by a persona's name, with another case or location where given.

    Raises ``RequestError`` ``CALLER_MALFORMED``.
    """
    agency, _, rest = words.partition("/")
    role, _, purpose = rest.partition("/")
    if agency and role and purpose and "/" not in purpose:
        return Caller(agency, role, purpose, case=case, location=location)
    personas = schema / "personas.toml"
    known = load_personas(personas) if personas.exists() else {}
    if words in known:
        found = known[words].caller
        return replace(found, case=case or found.case, location=location or found.location)
    raise RequestError(
        "CALLER_MALFORMED",
        f"{words!r} names no caller.",
        where="--as",
        hint="Write AGENCY/role/purpose (CBP/cbp-primary/border-inspection-primary), or a persona: " + ", ".join(known),
    )


def instant_of(text: str) -> datetime:
    """The aware instant that ``text`` means (a date is its midnight, UTC); now for ``""``."""
    if not text:
        return datetime.now(UTC)
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise RequestError(
            "DATE_MALFORMED", f"{text!r} is no date.", where="--at", hint="Write 2026-11-01 or 2026-11-01T12:00:00Z."
        ) from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
