"""``gateway notices``: events that an agreement obliges its provider to push, told or not, acknowledged or not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.duties import show_table, the_duties
from gateway.cli.shared import At, Var, instant_of

__all__ = ["register"]

_COLUMNS = ("id", "state", "overdue", "from", "to", "agreement", "field", "at", "due", "told", "acknowledgedBy")


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("notices", epilog="Example: [bold]gateway notices --overdue --agency STATE_CA[/bold]")(_notices)


def _notices(
    overdue: Annotated[bool, typer.Option("--overdue", help="Only what should have been acknowledged by now.")] = False,
    agency: Annotated[str, typer.Option("--agency", help="Only what this agency has to push.")] = "",
    every: Annotated[bool, typer.Option("--all", help="Those acknowledged as well.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    at: At = "",
    var: Var = Path("var"),
) -> None:
    """List events that an agreement says have to be pushed, and whether they were told and acknowledged."""
    now = instant_of(at)
    with the_duties(var) as duties:
        found = [
            {
                "id": each.id, "state": each.state, "overdue": each.overdue(now), "from": each.creditor,
                "to": each.debtor, "agreement": each.agreement, "field": each.field, "at": each.at.isoformat(),
                "due": each.due.isoformat(), "told": each.told_at.isoformat() if each.told_at else "",
                "acknowledgedBy": each.acknowledged_by,
            }
            for each in duties.events.all(done=every, creditor=agency)
            if not overdue or each.overdue(now)
        ]  # fmt: skip
    if not as_json:
        show_table("Notices", _COLUMNS, found)
        return
    for each in found:
        typer.echo(json.dumps(each, sort_keys=True))
