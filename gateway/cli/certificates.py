"""``gateway certificates``: TLS between gateway and subgraphs, with an authority of one's own."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from gateway.cli.keys import Step
from gateway.errors import IdentityError
from gateway.identity import Vouched, issue_certificates, rotate_authority, standing

__all__ = ["app"]

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="Certificates for TLS between gateway and subgraphs: issue, show when they end, replace the authority.",
    epilog="Example: [bold]gateway certificates issue var/certificates[/bold]",
)

Folder: TypeAlias = Annotated[Path, typer.Argument(help="One folder a name, and the authority's.")]
Days: TypeAlias = Annotated[int, typer.Option("--days", min=1, help="How long a new certificate is good.")]
_NEXT = {
    Step.PUBLISH: "Everybody has to trust both authorities now: restart the gateways, and wait a minute for subgraphs.",
    Step.USE: "Restart the gateways; subgraphs show their new certificates within a minute.",
    Step.RETIRE: "Restart gateways and subgraphs: until then they trust the old authority. The rotation is done.",
}


@app.command(
    "issue", epilog="Example: [bold]gateway certificates issue var/certificates --server visas=10.1.2.3[/bold]"
)
def issue(
    folder: Folder,
    server: Annotated[
        list[str] | None,
        typer.Option("--server", help="NAME, or NAME=HOST,HOST; every subgraph of the registry when not given."),
    ] = None,
    client: Annotated[list[str] | None, typer.Option("--client", help="NAME; gateway when not given.")] = None,
    days: Days = 90,
    anew: Annotated[bool, typer.Option("--anew", help="Also what has time left.")] = False,
    schema: Annotated[Path, typer.Option("--schema", envvar="TWS_SCHEMA", help="Where the registry is.")] = Path(
        "schema"
    ),
) -> None:
    """Make what is missing or has less than a third of its time left; run it daily."""
    named = server or list(tomllib.loads((schema / "registry.toml").read_text(encoding="utf-8"))["subgraphs"])
    servers = {
        name: hosts.split(",") if hosts else [name] for name, _, hosts in (each.partition("=") for each in named)
    }
    _tell(issue_certificates(folder, servers, client or ["gateway"], now=datetime.now(UTC), days=days, anew=anew))


@app.command("show", epilog="Example: [bold]gateway certificates show var/certificates --within 14[/bold]")
def show(
    folder: Folder,
    within: Annotated[int, typer.Option("--within", min=0, help="Fail where one ends in fewer days.")] = 0,
) -> None:
    """Say of every certificate what it is for and when it ends."""
    vouched = standing(folder)
    _tell(vouched)
    ending = [each.name for each in vouched if each.until - datetime.now(UTC) < timedelta(days=within)]
    if ending:
        raise IdentityError(
            "CERTIFICATES_ENDING",
            f"Within {within} days end: {', '.join(ending)}",
            status=500,
            where=str(folder),
            hint="run `gateway certificates issue`; for the authority, `gateway certificates rotate --step publish`",
        )


@app.command("rotate", epilog="Example: [bold]gateway certificates rotate var/certificates --step publish[/bold]")
def rotate(
    folder: Folder,
    step: Annotated[Step, typer.Option("--step", help="publish, then use, then retire.")],
    days: Days = 90,
) -> None:
    """Take one step in replacing the authority; says what has to happen before the next one."""
    _tell(rotate_authority(folder, step=step.value, now=datetime.now(UTC), days=days))
    typer.echo(_NEXT[step])


def _tell(vouched: list[Vouched]) -> None:
    for each in vouched:
        what = f"{each.role} {each.name}" if each.role != each.name else each.role
        typer.echo(f"{what}: until {each.until:%Y-%m-%d %H:%M}{', new' if each.fresh else ''}")
