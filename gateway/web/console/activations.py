"""What was in force when: every policy that was put in force here, what it changed, and what the calendar changed since."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from gateway.journal import Activation, Change, Shown, Stood, changes, shown_to
from gateway.policy.lifecycle import in_force, state_of
from gateway.web.console.page import told_as_csv, told_page
from gateway.web.console.room import Room, Visitor, as_of

__all__ = ["activations", "activations_csv"]

_HEAD: Final = (
    "at", "epoch", "bundle", "agreement", "version", "kinds", "articles", "flows", "state", "provider", "recipients", "digest",
)  # fmt: skip


def activations(request: Request, room: Room, visitor: Visitor) -> Response:
    """The journal up to an instant (``?at=``), the latest first, and what of the visitor's side was in force then."""
    at = _until(request, room)
    entries, told = _up_to(room, visitor, at)
    page = {
        "at": at,
        "activations": [_row(each, visitor, told.get(each.ordinal, ())) for each in reversed(entries)],
        "agreements": list(_standing(entries[-1], visitor, at)) if entries else [],
    }
    return told_page(request, room, visitor, "activations.html", page)


def activations_csv(request: Request, room: Room, visitor: Visitor) -> Response:
    """The same changes as CSV, one line a change, the oldest first."""
    at = _until(request, room)
    entries, told = _up_to(room, visitor, at)
    versions = {each.ordinal: each.published.version if each.published else "" for each in entries}
    lines = []
    for ordinal, rows in sorted(told.items()):
        for row in rows:
            given = {**row, "bundle": versions[ordinal], "at": row["at"].isoformat()}
            lines.append([_cell(given[name]) for name in _HEAD])
    return told_as_csv(f"activations-{at:%Y-%m-%d}.csv", _HEAD, lines)


def _until(request: Request, room: Room) -> datetime:
    """The instant that ``?at=`` names; a day is meant with all its hours."""
    at, text = as_of(request, room), request.query_params.get("at", "").strip()
    return at + timedelta(days=1, microseconds=-1) if len(text) == len("2026-11-01") else at


def _cell(value: Any) -> Any:
    return " ".join(value) if isinstance(value, tuple | list) else value


def _up_to(room: Room, visitor: Visitor, at: datetime) -> tuple[list[Activation], dict[int, list[dict[str, Any]]]]:
    """The activations until ``at``, and of each reign, by its ordinal, the changes that are the visitor's to see."""
    entries = [each for each in room.opened.journal.entries() if each.at <= at]
    told: dict[int, list[dict[str, Any]]] = {}
    for change in changes(entries, at):
        shown = shown_to(change, visitor.agency, everything=visitor.oversight)
        if shown is not None:
            told.setdefault(change.ordinal, []).append(_changed(change, shown))
    return entries, told


def _changed(change: Change, shown: Shown) -> dict[str, Any]:
    deed = shown.agreement
    return {
        "at": change.at,
        "epoch": change.epoch,
        "agreement": change.agreement.id,
        "kinds": shown.kinds,
        "articles": shown.articles,
        "flows": shown.flows,
        "version": deed.version if deed else "",
        "state": change.state if deed else "",
        "provider": deed.provider if deed else "",
        "recipients": deed.recipients if deed else (),
        "digest": deed.digest if deed else "",
    }


def _row(entry: Activation, visitor: Visitor, told: Any) -> dict[str, Any]:
    """One activation. Who published it and why is oversight's: a reason may name other agencies' agreements."""
    bundle = entry.published
    mine = (each for each in entry.agreements.values() if visitor.side(*each.parties))
    found = {
        "ordinal": entry.ordinal,
        "at": entry.at,
        "epoch": entry.epoch,
        "supergraph": entry.supergraph,
        "bundle": bundle.version if bundle else None,
        "republishes": bundle.republishes if bundle else None,
        "agreements": sum(in_force(each, entry.at) for each in mine),
        "changes": list(told),
    }
    if visitor.oversight and bundle:
        found |= {"publisher": bundle.publisher, "author": bundle.author, "reason": bundle.reason}
    return found


def _standing(entry: Activation, visitor: Visitor, at: datetime) -> Iterator[dict[str, Any]]:
    """How each agreement of the visitor's side stood at ``at``, under ``entry``."""
    for _, deed in sorted(entry.agreements.items()):
        if visitor.side(*deed.parties):
            yield _stood(deed, at)


def _stood(deed: Stood, at: datetime) -> dict[str, Any]:
    return {
        "id": deed.id,
        "version": deed.version,
        "title": deed.title,
        "kind": deed.kind,
        "provider": deed.provider,
        "recipients": deed.recipients,
        "state": state_of(deed, at),
        "digest": deed.digest,
    }
