"""What callers of one kind get between two dates: a cell for every coordinate, made when it is first asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Final, NamedTuple

from gateway.coordinates import Coordinate
from gateway.policy.catalogue import Entry
from gateway.policy.cells import CellMaker, alike_once
from gateway.policy.clauses import Compiled
from gateway.policy.conditions import Atom
from gateway.policy.decide import Cell
from gateway.policy.decision import Decision, Outcome, Reason
from gateway.policy.facts import FREE_SOURCES, source_of
from gateway.policy.following import GIVING, nearest

__all__ = ["Column", "Parts"]

_MOST_PARTS: Final = 5_000
_STATED: Final = (Reason.WITHHELD_BY_PROVIDER, Reason.STATUTE)


class Parts(NamedTuple):
    """The comparisons of a cell and the facts they read, those apart that caller and case alone decide.

    ``unknown`` is how ``atoms`` and ``names`` come out while none of ``names`` is known.
    """

    free_atoms: tuple[Atom, ...]
    free_names: tuple[str, ...]
    atoms: tuple[Atom, ...]
    names: tuple[str, ...]
    unknown: tuple[int, ...]


class Column:
    """The cells for one (agency, role, purpose), without what the agreements in ``unmet`` give.

    ``met`` holds what was asked for, by coordinate: the decision that no fact can change, else the cell. ``weighed``
    holds what cells came to, by certificates, cell and outcome (see ``Decisions``); no fact is in it.
    """

    def __init__(
        self, compiled: Compiled, maker: CellMaker, kind: tuple[str, str, str], unmet: tuple[str, ...], at: datetime
    ) -> None:
        self._compiled = compiled
        self._catalogue = compiled.catalogue
        self._maker = maker
        self._kind = kind
        self._unmet = unmet
        self._at = at
        self._known = compiled.vocabulary.knows_caller(*kind)
        self._shared: dict[tuple[object, ...], Cell] = {}
        self._cells: dict[Coordinate, Cell] = {}
        self._apart: dict[int, tuple[tuple[Coordinate, ...], tuple[Coordinate, ...]]] = {}
        self._atoms: dict[tuple[str, str, str, str], Atom] = {}
        self._parts: dict[int, tuple[Cell, Parts]] = {}
        self.met: dict[Coordinate, Decision | Cell] = {}
        self.weighed: dict[tuple[tuple[str, ...], int, tuple[int, ...]], dict[Coordinate | None, Decision]] = {}

    def cell(self, coordinate: Coordinate) -> Cell:
        """The cell of ``coordinate``; what nobody can name is not kept, so that it cannot fill the memory."""
        found = self._cells.get(coordinate)
        if found is not None:
            return found
        if coordinate.argument:
            return self.cell(Coordinate(coordinate.type, coordinate.field))
        entry = self._catalogue.entries.get(coordinate)
        if entry is None or not self._known:
            return self._maker.nothing(coordinate)
        same = self._maker.same(coordinate, entry.owner)
        found = self._shared.get(same)
        if found is None:
            found = self._maker.cell(self._kind, coordinate, entry.owner, self._at, self._unmet)
            self._shared[same] = found
        if not entry.governed:
            found = self._following(entry, found.at(str(coordinate)))
        self._cells[coordinate] = found
        return found

    def lookup(self, coordinate: Coordinate) -> Decision | Cell:
        """The decision on ``coordinate`` that no fact can change; the cell that decides where some fact can."""
        found = self.met.get(coordinate)
        if found is None:
            cell = self.cell(coordinate)
            found = cell.static.named(f"{coordinate.type}.{coordinate.field}") if cell.static else cell
            if coordinate in self._cells:
                self.met[coordinate] = found
        return found

    def parts(self, cell: Cell) -> Parts:
        """The parts of a cell of this column, which its entry holds."""
        known = self._parts.get(id(cell))
        if known is None:
            if len(self._parts) >= _MOST_PARTS:  # cells of what nobody can name are not the column's
                self._parts.clear()
            free = tuple(each for each in cell.names if source_of(each) in FREE_SOURCES)
            bound = tuple(each for each in cell.atoms if each.record_bound)
            names = tuple(each for each in cell.names if each not in free)
            known = self._parts[id(cell)] = (
                cell,
                Parts(
                    tuple(each for each in cell.atoms if not each.record_bound),
                    free,
                    bound,
                    names,
                    (2,) * len(bound) + (1,) * len(names),
                ),
            )
        return known[1]

    def _one(self, atom: Atom) -> Atom:
        """The one atom of this column that stands for all that compare the same; true is not the number one."""
        return self._atoms.setdefault((atom.attr, atom.operator, repr(atom.operand), atom.refers), atom)

    def apart(self, coordinates: tuple[Coordinate, ...]) -> tuple[Coordinate, ...]:
        """The first of ``coordinates`` for each cell: the others are decided as it is, whatever the record.

        Kept by the identity of ``coordinates``, which are what tells of a type: the same tuple every time.
        """
        known = self._apart.get(id(coordinates))
        if known is None:
            known = self._apart[id(coordinates)] = (coordinates, self._first(coordinates))
        return known[1]

    def _first(self, coordinates: tuple[Coordinate, ...]) -> tuple[Coordinate, ...]:
        found: dict[int, tuple[Cell, Coordinate]] = {}  # by identity: an entry holds its cell
        for each in coordinates:
            cell = self.cell(each)
            found.setdefault(id(cell), (cell, each))
        return tuple(each for _, each in found.values())

    # -- SYS and LINK -------------------------------------------------------------------------------------------------

    def _following(self, entry: Entry, own: Cell) -> Cell:
        """The cell of a coordinate without data of its own: it follows the cells of what it stands on or leads to."""
        coordinates = self._followed(entry)
        allowed = Decision(Outcome.ALLOW, own.coordinate, own.owner)
        explicit = bool(own.rules or own.withholds or own.grants)
        if own.static and (own.static.reason in _STATED or own.static.outcome is Outcome.ABSENT):
            return own
        if coordinates is None and not explicit:
            return replace(own, static=allowed)
        cells: dict[tuple[object, ...], Cell] = {}
        for coordinate in coordinates or ():
            cell = self.cell(coordinate)
            if cell.signature not in cells:
                cells[cell.signature] = cell.at(str(coordinate))
        found = tuple(cells.values())
        homes = self._homes(entry)
        if not explicit:
            given = [cell for cell in found if cell.static is None or cell.static.outcome in GIVING]
            if not given:
                return replace(own, static=nearest(own, [each.static for each in found if each.static], homes))
            if self._leads_to_hub(entry) or any(cell.static for cell in given):
                return replace(own, static=allowed)
        names = tuple(sorted({*own.names, *(name for cell in found for name in cell.names)}))
        atoms = alike_once([*own.atoms, *(atom for cell in found for atom in cell.atoms)])
        return replace(own, static=None, names=names, atoms=atoms, follows=True, group=found, homes=homes)

    def _homes(self, entry: Entry) -> frozenset[str]:
        """The agencies whose the types are that a link leads to, its own owner where that was never said."""
        origins = self._compiled.vocabulary.origins
        found = frozenset(origins[each] for each in self._catalogue.targets(entry) if each in origins)
        return found or frozenset({entry.owner})

    def _followed(self, entry: Entry) -> tuple[Coordinate, ...] | None:
        """The coordinates a SYS or LINK follows; None when it is always there (plumbing, hubs, nothing governed)."""
        catalogue = self._catalogue
        holder = entry.coordinate.type
        if holder in catalogue.plumbing:
            return None
        if entry.category == "LINK":
            found = tuple(dict.fromkeys(each for target in catalogue.targets(entry) for each in self._group(target)))
            if found:
                return found
        if holder in catalogue.roots or holder in catalogue.hubs:
            return None
        return catalogue.told_by(holder) or None

    def _group(self, target: str) -> Iterator[Coordinate]:
        yield from self._catalogue.told_by(target)
        if target in self._catalogue.hubs:
            for entry in self._catalogue.by_type.get(target, ()):
                if entry.category == "LINK":
                    for inner in self._catalogue.targets(entry):
                        if inner not in self._catalogue.hubs:
                            yield from self._catalogue.told_by(inner)

    def _leads_to_hub(self, entry: Entry) -> bool:
        catalogue = self._catalogue
        return entry.category == "LINK" and any(target in catalogue.hubs for target in catalogue.targets(entry))
