"""``gateway rotate-key``: replace the key that signs assertions, in steps between which nobody is refused."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.shared import Var
from gateway.identity import rotate_key

__all__ = ["Step", "register"]


class Step(StrEnum):
    """The steps of a rotation, in order."""

    PUBLISH = "publish"
    USE = "use"
    RETIRE = "retire"


_NEXT = {
    Step.PUBLISH: "Give the key set to every subgraph; a minute after they have it, take the step `use`.",
    Step.USE: "The gateway's processes sign with it from now on; in a minute, take the step `retire`.",
    Step.RETIRE: "Give the key set to every subgraph. The rotation is done.",
}


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("rotate-key", epilog="Example: [bold]gateway rotate-key --step publish[/bold]")(rotate)


def rotate(
    step: Annotated[Step, typer.Option("--step", help="publish, then use, then retire.")],
    var: Var = Path("var"),
) -> None:
    """Take one step in replacing the gateway's signing key; says what has to happen before the next one."""
    published = rotate_key(var / "keys", "gateway", step=step.value)
    for kid in sorted(published.keys):
        typer.echo(f"published {kid}")
    typer.echo(_NEXT[step])
