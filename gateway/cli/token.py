"""``gateway token``: a development token for a persona."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from gateway.cli.shared import Schema, Var, print_table
from gateway.config import read_settings
from gateway.errors import RequestError
from gateway.identity import development_key, issue_token
from gateway.identity.personas import read_personas
from gateway.opening import read_text

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("token", epilog="Example: [bold]TWS_MODE=development gateway token --persona cbp-primary-nyc[/bold]")(
        token
    )


def token(
    persona: Annotated[str, typer.Option("--persona", help="Whose token; without it, the personas are listed.")] = "",
    purpose: Annotated[str, typer.Option("--purpose", help="Another purpose than the persona's own.")] = "",
    case: Annotated[str, typer.Option("--case", help="Another case than the persona's own.")] = "",
    schema: Schema = Path("schema"),
    var: Var = Path("var"),
) -> None:
    """Print a development token for a persona (mode development only)."""
    settings = read_settings(schema=schema, var=var)
    key = development_key(settings.var / "keys", "issuer", mode=settings.mode)  # refused in any other mode
    path = schema / "personas.toml"
    personas = read_personas(read_text(path, "PERSONAS_MISSING", "The personas", "Name their folder with --schema."))
    if not persona:
        table = Table("persona", "who", "agency / role / purpose", "case")
        for each in personas.values():
            caller = each.caller
            table.add_row(each.name, each.title, f"{caller.agency} / {caller.role} / {caller.purpose}", caller.case)
        print_table(table)
        return
    if persona not in personas:
        known = ", ".join(personas)
        raise RequestError(
            "UNKNOWN_PERSONA", f"There is no persona {persona!r}.", where="--persona", hint=f"Known: {known}."
        )
    found = personas[persona].caller
    caller = replace(found, purpose=purpose or found.purpose, case=case or found.case)
    typer.echo(issue_token(key, caller, now=datetime.now(UTC), audience=settings.audience))
