"""``gateway``: the commands, and how their errors are told."""

from __future__ import annotations

from typing import Any

import typer
from rich.console import Console
from typer.core import TyperGroup

from gateway.cli import (
    audit,
    certificates,
    compose,
    dev,
    diff,
    documents,
    duties,
    keys,
    mcp_tools,
    new_subgraph,
    notices,
    plan,
    policy,
    prove,
    publish,
    serve,
    stages,
    token,
)
from gateway.errors import GatewayError

__all__ = ["app", "main", "tell"]


class _Commands(TyperGroup):
    """The commands; a ``GatewayError`` of any of them is told on standard error and ends with exit code 1."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except GatewayError as error:
            tell(error)
            raise typer.Exit(1) from error


app = typer.Typer(
    cls=_Commands,
    name="gateway",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="A GraphQL federation gateway with interagency agreements: serve it, compose it, ask it why.",
    epilog="Example: [bold]gateway explain --as cbp-primary-nyc Visa.status[/bold]",
)
serve.register(app)
mcp_tools.register(app)
dev.register(app)
compose.register(app)
new_subgraph.register(app)
plan.register(app)
stages.register(app)
policy.register(app)
diff.register(app)
prove.register(app)
publish.register(app)
token.register(app)
keys.register(app)
notices.register(app)
app.add_typer(audit.app, name="audit")
app.add_typer(certificates.app, name="certificates")
app.add_typer(documents.app, name="documents")
app.add_typer(duties.break_glass, name="break-glass")
app.add_typer(duties.obligations, name="obligations")


def main() -> None:
    """Run the command line: exit code 0, 1 for an error told with its code and remedy, 2 for wrong usage."""
    app()


def tell(error: GatewayError) -> None:
    """Each error with its code, what is wrong, where, and what to do about it."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    for each in getattr(error, "errors", None) or (error,):
        console.print(f"[bold red]{each.code}[/bold red] ", end="")
        console.print(str(each), markup=False)
        places = ", ".join(f"line {line}, column {column}" for line, column in each.locations)
        where = " at ".join(part for part in (each.where, places) if part)
        for label, text in (("where", where), ("hint", each.hint)):
            if text:
                console.print(f"  {label}: {text}", markup=False)
