"""Who may have what, as a table: recipient (agency, role) by category, and whose data it is. For ``gateway matrix``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from gateway.caller import Caller
from gateway.policy.policy import Policy

__all__ = ["MatrixCell", "MatrixRow", "access_matrix", "field_matrix"]

_ORDER = ("ALLOW", "CONDITIONAL", "MASKED", "")


@dataclass(frozen=True, slots=True)
class MatrixCell:
    """The best that any coordinate of the category may come out as: ALLOW, CONDITIONAL, MASKED, or "" for none.

    ``given`` of ``all`` coordinates come out as something; ``agreements`` are those that can give them.
    """

    state: str
    given: int
    all: int
    agreements: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """One recipient and owner: cells by category, only those of which the owner holds anything."""

    agency: str
    role: str
    owner: str
    cells: dict[str, MatrixCell]


def access_matrix(policy: Policy, at: datetime, agencies: Iterable[str] = ()) -> list[MatrixRow]:
    """A row for every role of every agency (or of ``agencies``) and every owner that gives it anything."""
    wanted = set(agencies)
    rows: list[MatrixRow] = []
    for role in sorted(policy.vocabulary.roles.values(), key=lambda each: each.name):
        for agency in sorted(role.agencies):
            if not wanted or agency in wanted:
                rows.extend(_rows(policy, agency, role.name, sorted(role.purposes), at))
    return sorted(rows, key=lambda row: (row.agency, row.role, row.owner))


def field_matrix(policy: Policy, agency: str, role: str, at: datetime) -> dict[str, str]:
    """Each governed coordinate with what the role may get of it: ALLOW, CONDITIONAL, MASKED, or ""."""
    words = policy.vocabulary.roles.get(role)
    callers = [Caller(agency, role, purpose) for purpose in sorted(words.purposes)] if words else []
    return {
        str(entry.coordinate): _best([policy.grade(caller, entry.coordinate, at)[0] for caller in callers])
        for entry in policy.catalogue.entries.values()
        if entry.governed
    }


def _rows(policy: Policy, agency: str, role: str, purposes: list[str], at: datetime) -> list[MatrixRow]:
    found: dict[str, dict[str, list[tuple[str, tuple[str, ...]]]]] = {}
    callers = [Caller(agency, role, purpose) for purpose in purposes]
    for entry in policy.catalogue.entries.values():
        if not entry.governed:
            continue
        grades = [policy.grade(caller, entry.coordinate, at) for caller in callers]
        ids = tuple(sorted({name for _, each in grades for name in each}))
        found.setdefault(entry.owner, {}).setdefault(entry.category, []).append(
            (_best([state for state, _ in grades]), ids)
        )
    rows = []
    for owner, categories in found.items():
        cells = {category: _cell(fields) for category, fields in sorted(categories.items())}
        if any(cell.state for cell in cells.values()):
            rows.append(MatrixRow(agency, role, owner, cells))
    return rows


def _cell(fields: list[tuple[str, tuple[str, ...]]]) -> MatrixCell:
    given = [state for state, _ in fields if state]
    ids = tuple(sorted({name for _, each in fields for name in each}))
    return MatrixCell(_best(given), len(given), len(fields), ids)


def _best(states: list[str]) -> str:
    return min(states, key=_ORDER.index, default="")
