"""``gateway break-glass`` and ``gateway obligations``: what is owed, until when, what is overdue, and noting it done."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from gateway.cli.shared import At, Var, instant_of
from gateway.duties import Duties, open_duties, review
from gateway.errors import AccessError, RequestError

__all__ = ["break_glass", "obligations", "show_table", "the_duties"]

break_glass = typer.Typer(
    no_args_is_help=True,
    help="Broken glass: grants, notices to the agencies concerned, reviews.",
    epilog="Example: [bold]gateway break-glass list --overdue[/bold]",
    rich_markup_mode="rich",
)
obligations = typer.Typer(
    no_args_is_help=True,
    help="What agreements ask for after an answer: tasks with their due dates.",
    epilog="Example: [bold]gateway obligations list --agency CBP[/bold]",
    rich_markup_mode="rich",
)
_JSON = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
_OVERDUE = Annotated[bool, typer.Option("--overdue", help="Only what should have been done by now.")]
_AGENCY = Annotated[str, typer.Option("--agency", help="Only what concerns this agency.")]
_BY = Annotated[str, typer.Option("--by", help="The user who did it.")]


@contextmanager
def the_duties(var: Path) -> Iterator[Duties]:
    """The files of what is owed, open; raises ``RequestError`` ``RECORD_MISSING`` where there are none."""
    folder = var / "record"
    if not (folder / "break-glass.sqlite3").exists():
        raise RequestError(
            "RECORD_MISSING", "There is no record here yet.", where=str(folder), hint="Name the folder with --var."
        )
    duties = open_duties(folder)
    try:
        yield duties
    finally:
        duties.close()


@break_glass.command("list", epilog="Example: [bold]gateway break-glass list --overdue[/bold]")
def list_glass(
    overdue: _OVERDUE = False, agency: _AGENCY = "", as_json: _JSON = False, at: At = "", var: Var = Path("var")
) -> None:
    """List every grant with the state of its review, and the notices that nobody has taken note of."""
    now = instant_of(at)
    with the_duties(var) as duties:
        grants = [
            {"what": "grant", **each.as_json(now)}
            for each in duties.glass.all()
            if agency in ("", each.agency) and (not overdue or each.review_state(now) == "overdue")
        ]
        notices = [
            {
                "what": "notice", "number": each.number, "grant": each.glass, "agency": each.agency,
                "request": each.request, "due": each.due.isoformat(), "overdue": each.overdue(now),
            }
            for each in duties.glass.notices(agency=agency)
            if not overdue or each.overdue(now)
        ]  # fmt: skip
    if as_json:
        _lines([*grants, *notices])
        return
    columns = ("id", "state", "agency", "user", "case", "approvedBy", "reviewDue", "review", "reason")
    show_table("Grants", columns, grants)
    show_table("Notices not taken note of", ("number", "grant", "agency", "request", "due", "overdue"), notices)


@break_glass.command(
    "review", epilog="Example: [bold]gateway break-glass review BG-1 --by audit-1 --finding justified[/bold]"
)
def review_glass(
    grant: Annotated[str, typer.Argument(help="The grant's id.")],
    by: _BY,
    finding: Annotated[str, typer.Option("--finding", help="justified or unjustified.")],
    note: Annotated[str, typer.Option("--note")] = "",
    at: At = "",
    var: Var = Path("var"),
) -> None:
    """Review a grant: whether it was justified. Who asked for it or approved it cannot."""
    with the_duties(var) as duties:
        found = duties.glass.find(grant)
        if found is None:
            raise AccessError(
                "BREAK_GLASS_UNKNOWN", f"There is no grant {grant}.", hint="`gateway break-glass list` shows them."
            )
        now: datetime = instant_of(at)
        late = found.review_state(now) == "overdue"
        reviewed = review(found, by, finding, note, now)
        duties.glass.review(reviewed)
    typer.echo(f"{grant} reviewed by {by}: {finding}" + (" (overdue)" if late else ""))


@break_glass.command("notice", epilog="Example: [bold]gateway break-glass notice 3 --by cbp-privacy-1[/bold]")
def take_note(
    number: Annotated[int, typer.Argument(help="The notice's number.")],
    by: _BY,
    at: At = "",
    var: Var = Path("var"),
) -> None:
    """Note that the agency concerned has taken note."""
    with the_duties(var) as duties:
        duties.glass.acknowledge(number, by, instant_of(at))
    typer.echo(f"notice {number} taken note of by {by}")


@obligations.command("list", epilog="Example: [bold]gateway obligations list --overdue --agency CBP[/bold]")
def list_tasks(
    overdue: _OVERDUE = False,
    agency: _AGENCY = "",
    every: Annotated[bool, typer.Option("--all", help="Those done as well.")] = False,
    as_json: _JSON = False,
    at: At = "",
    var: Var = Path("var"),
) -> None:
    """List what is owed after answers: to whom, by whom, until when."""
    now = instant_of(at)
    with the_duties(var) as duties:
        tasks = [
            {
                "number": each.number, "kind": each.kind, "agreement": f"{each.agreement}@{each.version}",
                "debtor": each.debtor, "user": each.user, "creditor": each.creditor, "case": each.case,
                "request": each.request, "due": each.due.isoformat(),
                "state": "done" if each.done_at else ("overdue" if each.overdue(now) else "open"), "what": each.what,
            }
            for each in duties.tasks.all(done=every, agency=agency)
            if not overdue or each.overdue(now)
        ]  # fmt: skip
    if as_json:
        _lines(tasks)
        return
    show_table("Obligations", ("number", "kind", "agreement", "debtor", "creditor", "case", "due", "state"), tasks)


@obligations.command("done", epilog="Example: [bold]gateway obligations done 12 --by ero-atl-1[/bold]")
def finish_task(
    number: Annotated[int, typer.Argument(help="The task's number.")],
    by: _BY,
    note: Annotated[str, typer.Option("--note", help="What came of it.")] = "",
    at: At = "",
    var: Var = Path("var"),
) -> None:
    """Note that a task is done."""
    with the_duties(var) as duties:
        task = duties.tasks.finish(number, by, instant_of(at), note)
    typer.echo(f"{task.kind} of {task.agreement}@{task.version} done by {by}")


def _lines(pages: list[dict[str, Any]]) -> None:
    for page in pages:
        typer.echo(json.dumps(page, sort_keys=True))


def show_table(title: str, columns: tuple[str, ...], pages: list[dict[str, Any]]) -> None:
    """Print ``pages`` as a table, or that there are none."""
    console = Console(soft_wrap=True)
    if not pages:
        console.print(f"{title}: none", highlight=False)
        return
    table = Table(title=title, title_justify="left")
    for name in columns:
        table.add_column(name, overflow="fold")
    for page in pages:
        table.add_row(*(str(page.get(name, "")) for name in columns))
    console.print(table)
