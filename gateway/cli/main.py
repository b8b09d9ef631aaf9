"""``gateway``: the commands, and how their errors are told."""

from __future__ import annotations

import sys

import typer
from rich.console import Console

from gateway.cli import audit, compose, plan, policy, serve, token
from gateway.errors import GatewayError

__all__ = ["app", "main"]

app = typer.Typer(
    name="gateway",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="A GraphQL federation gateway with interagency agreements: serve it, compose it, ask it why.",
)
serve.register(app)
compose.register(app)
plan.register(app)
policy.register(app)
token.register(app)
app.add_typer(audit.app, name="audit")


def main() -> None:
    """Run the command line; a ``GatewayError`` ends it with exit code 1 and is told in full on standard error."""
    try:
        app()
    except GatewayError as error:
        console = Console(stderr=True, highlight=False)
        console.print(f"[bold red]{error.code}[/bold red] ", end="")
        console.print(str(error), markup=False)
        for label, text in (("where", error.where), ("hint", error.hint)):
            if text:
                console.print(f"  {label}: {text}", markup=False)
        sys.exit(1)
