"""The access matrix: recipient agency and role by category, down to each coordinate with its agreement and condition."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from gateway.coordinates import Coordinate
from gateway.errors import RequestError
from gateway.policy.matrix import MatrixCell, MatrixRow, access_matrix, field_matrix
from gateway.web.console.clauses import grants_of
from gateway.web.console.page import told_as_csv, told_page
from gateway.web.console.room import Room, Visitor, as_of

__all__ = ["cell", "matrix", "matrix_csv"]

_ORDER = ("ALLOW", "CONDITIONAL", "MASKED", "")


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the reader narrowed the matrix to; ``own`` adds what an agency's roles may see of its own data."""

    at: datetime
    agency: str
    owner: str
    own: bool


def _asked(request: Request, room: Room) -> _Asked:
    given = request.query_params
    return _Asked(as_of(request, room), given.get("agency", ""), given.get("owner", ""), given.get("own", "") == "yes")


def _rows(room: Room, visitor: Visitor, asked: _Asked) -> list[MatrixRow]:
    every = room.once("matrix", asked.at, lambda: access_matrix(room.policy, asked.at))
    return [
        row
        for row in every
        if visitor.side(row.agency, row.owner)
        and asked.agency in ("", row.agency)
        and asked.owner in ("", row.owner)
        and (asked.own or row.owner != row.agency)
    ]


def _merged(cells: Iterable[MatrixCell]) -> MatrixCell:
    every = list(cells)
    state = min((each.state for each in every), key=_ORDER.index, default="")
    ids = tuple(sorted({name for each in every for name in each.agreements}))
    return MatrixCell(state, sum(each.given for each in every), sum(each.all for each in every), ids)


def _table(rows: list[MatrixRow]) -> list[dict[str, Any]]:
    """One line for each recipient role, its owners' cells laid together."""
    found: dict[tuple[str, str], list[MatrixRow]] = {}
    for row in rows:
        found.setdefault((row.agency, row.role), []).append(row)
    return [
        {
            "agency": agency,
            "role": role,
            "owners": sorted(row.owner for row in group),
            "cells": {
                category: _merged(row.cells[category] for row in group if category in row.cells)
                for category in sorted({name for row in group for name in row.cells})
            },
        }
        for (agency, role), group in found.items()
    ]


def matrix(request: Request, room: Room, visitor: Visitor) -> Response:
    """The matrix as a page."""
    asked = _asked(request, room)
    rows = _rows(room, visitor, asked)
    table = _table(rows)
    titles = {code: each.title for code, each in room.policy.vocabulary.categories.items()}
    shown = [code for code in titles if any(code in row["cells"] and row["cells"][code].state for row in table)]
    page = {
        "at": asked.at.date(),
        "epoch": room.policy.epoch,
        "categories": {code: titles[code] for code in shown},
        "rows": table,
    }
    roles = {name: each.title for name, each in room.policy.vocabulary.roles.items()}
    return told_page(request, room, visitor, "matrix.html", page, asked=asked, roles=roles, agencies=room.agencies)


def matrix_csv(request: Request, room: Room, visitor: Visitor) -> Response:
    """The matrix by owner as CSV: one line for each cell that gives anything."""
    asked = _asked(request, room)
    rows = _rows(room, visitor, asked)
    lines = [
        (row.agency, row.role, row.owner, category, each.state, each.given, each.all, " ".join(each.agreements))
        for row in rows
        for category, each in row.cells.items()
        if each.state
    ]
    head = ("recipient", "role", "owner", "category", "state", "fields given", "fields", "agreements")
    return told_as_csv(f"access-matrix-{asked.at:%Y-%m-%d}.csv", head, lines)


def cell(request: Request, room: Room, visitor: Visitor) -> Response:
    """One cell, coordinate by coordinate."""
    given = request.query_params
    asked = _asked(request, room)
    role, category = given.get("role", ""), given.get("category", "")
    words = room.policy.vocabulary.roles.get(role)
    if words is None or asked.agency not in words.agencies:
        raise RequestError(
            "UNKNOWN_ROLE",
            f"{asked.agency or 'Nobody'} has no role {role!r}.",
            status=404,
            where="role",
            hint="Choose a cell of the access matrix.",
        )
    states = room.once(
        ("fields", asked.agency, role), asked.at, lambda: field_matrix(room.policy, asked.agency, role, asked.at)
    )
    found = []
    for text, state in states.items():
        entry = room.policy.catalogue.entries[Coordinate.parse(text)]
        if (
            category in ("", entry.category)
            and asked.owner in ("", entry.owner)
            and (asked.own or entry.owner != asked.agency)
            and visitor.side(asked.agency, entry.owner)
        ):
            grants = grants_of(room.policy, entry.coordinate, asked.agency, role, asked.at) if state else []
            found.append({"coordinate": text, "state": state, "owner": entry.owner, "grants": grants})
    found.sort(key=lambda each: (_ORDER.index(each["state"]), each["owner"], each["coordinate"]))
    titles = room.policy.vocabulary.categories
    page = {
        "at": asked.at.date(),
        "agency": asked.agency,
        "role": role,
        "category": category,
        "title": titles[category].title if category in titles else "every category",
        "coordinates": found,
    }
    return told_page(request, room, visitor, "cell.html", page, asked=asked, role_title=words.title)
