"""The compiled policy: one object that answers every question about who may have what.

``Policy.decide`` is total: whatever it is asked, it answers with a decision, and an error inside is a denial. There is
no switch that turns it off; a graph without governed data is served under :func:`unrestricted`, which refuses any other.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, TypeAlias

from gateway.caller import Caller
from gateway.coordinates import Coordinate
from gateway.errors import Mistake, PolicyError
from gateway.policy.agreement import Agreement
from gateway.policy.bundle import Bundle
from gateway.policy.catalogue import Catalogue, Entry, read_catalogue
from gateway.policy.cells import CellMaker
from gateway.policy.compile import Compiled, compile_bundle
from gateway.policy.decide import Cell, Stage, free_stage, giveable, weigh
from gateway.policy.decision import Basis, Decision, Outcome, Reason
from gateway.policy.facts import MISSING, Facts, Look, Value
from gateway.policy.flows import flow_basis
from gateway.policy.lifecycle import boundaries, state_of
from gateway.policy.vocabulary import CaseKind, Vocabulary
from gateway.supergraph.model import Supergraph

__all__ = ["Policy", "Unrestricted", "compile_policy", "unrestricted"]

_Key: TypeAlias = tuple[tuple[str, str, str], int, tuple[str, ...]]
"""The kind of caller, the place among the dates, and the agreements whose obligations cannot be met."""
_MEMO_LIMIT: Final = 20_000
_GIVING: Final = (Outcome.ALLOW, Outcome.MASK)
_STATED: Final = (Reason.WITHHELD_BY_PROVIDER, Reason.STATUTE)
_NEAREST: Final = (
    Reason.OBLIGATION_UNMET,
    Reason.CASE_CONDITION,
    Reason.NOT_SHARED,
    Reason.ROLE_NOT_COVERED,
    Reason.PURPOSE_NOT_COVERED,
    Reason.NOT_IN_FORCE,
    Reason.WITHHELD_BY_PROVIDER,
    Reason.NO_AGREEMENT,
    Reason.STATUTE,  # nothing that agencies could agree on would change it
    Reason.NOT_RECOGNISED,
)


def compile_policy(bundle: Bundle, supergraph: Supergraph) -> Policy:
    """The policy of ``bundle`` on ``supergraph``; raises ``PolicyError`` with every mistake, file and line."""
    return Policy(compile_bundle(bundle, supergraph))


class Policy:
    """Decides. ``epoch`` names the compiled bundle; every decision, plan and audit record cites it."""

    def __init__(self, compiled: Compiled) -> None:
        self.compiled = compiled
        self.epoch = compiled.epoch
        self._maker = CellMaker(compiled)
        self._boundaries = boundaries(compiled.agreements)
        self._cells: dict[_Key, dict[Coordinate, Cell]] = {}
        self._groups: dict[tuple[_Key, Coordinate], tuple[Cell, ...]] = {}
        self._numbers: dict[tuple[object, ...], int] = {}
        self._memo: dict[tuple[Any, ...], Decision] = {}

    # -- deciding ----

    def decide(self, caller: Caller, coordinate: Coordinate, facts: Facts, at: datetime) -> Decision:
        """What ``caller`` gets of ``coordinate`` when ``facts`` are known, at the instant ``at``. Never raises."""
        try:
            key = self._key(caller, at)
            cell = self._cells.get(key, {}).get(coordinate)
            if cell is None:
                cell = self._cell(key, coordinate, at)
            if cell.static is not None:
                return cell.static
            return self._weigh(cell, key, coordinate, caller, facts, at)
        except Exception:
            return Decision(Outcome.DENY, str(coordinate), "", reason=Reason.DECISION_ERROR)

    def could_give(self, caller: Caller, coordinate: Coordinate, facts: Facts, at: datetime) -> bool:
        """Whether ``caller`` could still be given ``coordinate``, whatever the facts that are not known yet.

        For what leads elsewhere or follows (LINK, SYS) that is so unless the decision is a settled refusal. False
        where deciding fails: what cannot be decided is not given.
        """
        try:
            key = self._key(caller, at)
            cell = self._cell(key, coordinate, at)
            if (key, coordinate) in self._groups:
                decision = self.decide(caller, coordinate, facts, at)
                return not decision.settled or decision.outcome in _GIVING
            kind = self.case_kind(caller)
            return giveable(cell, caller, Look(caller, facts, kind.name if kind else None), at)
        except Exception:
            return False

    def _key(self, caller: Caller, at: datetime) -> _Key:
        return (caller.kind, bisect_right(self._boundaries, at), caller.unmet)

    def _cell(self, key: _Key, coordinate: Coordinate, at: datetime) -> Cell:
        if coordinate.argument:
            coordinate = Coordinate(coordinate.type, coordinate.field)
        cells = self._cells.get(key)
        if cells is not None and coordinate in cells:
            return cells[coordinate]
        agency, role, purpose = key[0]
        known = self.vocabulary.knows_caller(agency, role, purpose)
        cell = self._maker.cell(key[0], coordinate, at, known=known, unmet=key[2])
        entry = self.catalogue.entries.get(coordinate)
        if entry is not None and not entry.governed and known:
            cell = self._following(entry, cell, key, at)
        if known and entry is not None:  # what nobody can name must not fill the memory
            alike = (key, coordinate if cell.follows else None, cell.signature)
            cell = replace(cell, number=self._numbers.setdefault(alike, len(self._numbers)))
            self._cells.setdefault(key, {})[coordinate] = cell
        return cell

    def _weigh(
        self,
        cell: Cell,
        key: _Key,
        coordinate: Coordinate,
        caller: Caller,
        facts: Facts,
        at: datetime,
    ) -> Decision:
        memo = (cell.number, caller, at, *(_frozen(facts.get(name, MISSING)) for name in cell.names))
        try:
            found = self._memo.get(memo)
        except TypeError:  # a fact that cannot be hashed: decide without remembering
            return self._fresh(cell, key, coordinate, caller, facts, at)
        if found is None:
            found = self._fresh(cell, key, coordinate, caller, facts, at)
            if len(self._memo) >= _MEMO_LIMIT:
                self._memo.clear()
            self._memo[memo] = found
        return found if found.coordinate == cell.coordinate else replace(found, coordinate=cell.coordinate)

    def _fresh(
        self,
        cell: Cell,
        key: _Key,
        coordinate: Coordinate,
        caller: Caller,
        facts: Facts,
        at: datetime,
    ) -> Decision:
        kind = self.case_kind(caller)
        known = {name: facts[name] for name in cell.names if name in facts}
        look = Look(caller, known, kind.name if kind else None)
        group = self._groups.get((key, coordinate))
        return weigh(cell, caller, look, at) if group is None else self._follow(cell, group, caller, look, at)

    # -- SYS and LINK -------------------------------------------------------------------------------------------------

    def _following(self, entry: Entry, own: Cell, key: _Key, at: datetime) -> Cell:
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
            cell = self._cell(key, coordinate, at)
            cells.setdefault(cell.signature, cell)
        found = tuple(cells.values())
        hub = self._leads_to_hub(entry)
        if not explicit:
            given = [cell for cell in found if cell.static is None or cell.static.outcome in _GIVING]
            if not given:
                return replace(own, static=self._refused(own, [each.static for each in found if each.static]))
            if hub or any(cell.static for cell in given):
                return replace(own, static=allowed)
        self._groups[(key, entry.coordinate)] = found
        names = tuple(sorted({*own.names, *(name for cell in found for name in cell.names)}))
        return replace(own, static=None, names=names, follows=True)

    def _follow(self, own: Cell, group: tuple[Cell, ...], caller: Caller, look: Look, at: datetime) -> Decision:
        if own.rules or own.withholds or own.grants:
            stated = weigh(own, caller, look, at)
            if own.grants or stated.outcome is not Outcome.ALLOW or not group:
                return stated
        refused: list[Decision] = []
        pending, broken = False, False
        for cell in group:
            stage = cell.static or free_stage(cell, caller, look, at)
            if stage is Stage.OPEN or (isinstance(stage, Decision) and stage.outcome in _GIVING):
                return Decision(Outcome.ALLOW, own.coordinate, own.owner)
            pending = pending or stage is Stage.PENDING
            broken = broken or stage is Stage.BROKEN
            if isinstance(stage, Decision):
                refused.append(stage)
        if pending:
            needs = frozenset(
                name for cell in group for name in cell.names if name.startswith("case.") and look(name) is MISSING
            )
            return Decision(
                Outcome.DENY, own.coordinate, own.owner, reason=Reason.NOT_SHARED, settled=False, needs=needs
            )
        if broken:
            return Decision(Outcome.UNAVAILABLE, own.coordinate, own.owner, reason=Reason.FACT_UNAVAILABLE)
        return self._refused(own, refused)

    def _refused(self, own: Cell, refused: list[Decision]) -> Decision:
        """The refusal of a following coordinate: the nearest miss among those it follows, in its owner's name.

        Among equals, whose type it is counts most: what others keep about a petition is not what a link to it lacks.
        """
        entry = self.catalogue.entries.get(Coordinate.parse(own.coordinate))
        origins = self.vocabulary.origins
        homes = {origins[each] for each in (self.catalogue.targets(entry) if entry else ()) if each in origins}
        homes = homes or {own.owner}
        order = {reason: place for place, reason in enumerate(_NEAREST)}
        ranked = sorted(
            refused,
            key=lambda each: (
                each.outcome is Outcome.ABSENT,
                order.get(Reason(each.reason), 99) if each.reason in order else 99,
                each.owner not in homes,
                each.coordinate,
            ),
        )
        if not ranked:
            return own.denial
        first = ranked[0]
        return replace(first, coordinate=own.coordinate, owner=first.owner or own.owner)

    def _followed(self, entry: Entry) -> tuple[Coordinate, ...] | None:
        """The coordinates a SYS or LINK follows; None when it is always there (plumbing, hubs, nothing governed)."""
        catalogue = self.catalogue
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
        yield from self.catalogue.told_by(target)
        if target in self.catalogue.hubs:
            for entry in self.catalogue.by_type.get(target, ()):
                if entry.category == "LINK":
                    for inner in self.catalogue.targets(entry):
                        if inner not in self.catalogue.hubs:
                            yield from self.catalogue.told_by(inner)

    def _leads_to_hub(self, entry: Entry) -> bool:
        return entry.category == "LINK" and any(
            target in self.catalogue.hubs for target in self.catalogue.targets(entry)
        )

    # -- the graph as the policy sees it ----

    @property
    def vocabulary(self) -> Vocabulary:
        """The words, and where facts are found."""
        return self.compiled.vocabulary

    @property
    def catalogue(self) -> Catalogue:
        """Every coordinate with its class and owner."""
        return self.compiled.catalogue

    @property
    def agreements(self) -> tuple[Agreement, ...]:
        """Every agreement, by id."""
        return self.compiled.agreements

    @property
    def subjects(self) -> Mapping[str, str]:
        """Record type to the dotted path of its traveler's id."""
        return self.vocabulary.subjects

    @property
    def cases(self) -> Mapping[str, CaseKind]:
        """The kinds of cases, by name."""
        return self.vocabulary.cases

    @property
    def subject_flags(self) -> tuple[str, ...]:
        """The statutory flags of a subject, as facts: ``subject.p1367`` and so on."""
        return tuple(self.vocabulary.authorities)

    def governed(self, coordinate: Coordinate) -> bool:
        """Whether the coordinate holds data that only an agreement can give (an unknown one does)."""
        entry = self.catalogue.entries.get(coordinate)
        return entry is None or entry.governed

    def owner(self, coordinate: Coordinate) -> str:
        """The agency of the value's origin, "" for an unknown coordinate."""
        entry = self.catalogue.entries.get(coordinate)
        return entry.owner if entry else ""

    def case_kind(self, caller: Caller) -> CaseKind | None:
        """The kind of the caller's case; None without a case or when its reference fits no kind."""
        return self.vocabulary.case_kind(caller.case, caller.agency) if caller.case else None

    def subject_argument(self, coordinate: str, values: Mapping[str, Any]) -> str:
        """The traveler id that an argument of field ``coordinate`` names (``Query.traveler``), "" when none does."""
        for text in self.vocabulary.subject_arguments:
            argument = Coordinate.parse(text)
            if f"{argument.type}.{argument.field}" == coordinate and isinstance(values.get(argument.argument), str):
                return str(values[argument.argument])
        return ""

    def fact_coordinates(self) -> frozenset[Coordinate]:
        """The coordinates the gateway itself may read to decide: paths of cases, subjects, flags and ``record.*``."""
        return self._maker.fact_coordinates()

    # -- agreements over time, flows, views ----

    def states(self, at: datetime) -> dict[str, str]:
        """The state of every agreement at ``at``, by id (see :mod:`gateway.policy.lifecycle`)."""
        return {each.id: state_of(each, at) for each in self.agreements}

    def next_change(self, at: datetime) -> datetime | None:
        """The next instant at which some agreement comes into or goes out of force."""
        place = bisect_right(self._boundaries, at)
        return self._boundaries[place] if place < len(self._boundaries) else None

    def flow(self, coordinate: Coordinate, to: str, use: str, at: datetime) -> Basis | None:
        """The clause under which ``coordinate`` may be sent to agency ``to`` (``use``: ``join`` or ``input``), or None.

        What an agency owns may always be sent to it; the basis then names the agency itself. An ``input`` clause
        does not cover a join, nor the other way round.
        """
        owner = self.owner(coordinate)
        if owner and owner == to:
            return Basis(owner, 0, "own", "the owner's own value")
        return flow_basis(self.compiled, coordinate, to, use, at)

    def view(self, agency: str, role: str, at: datetime) -> frozenset[Coordinate]:
        """Every coordinate that some grant in force could give this role, for some purpose and some record."""
        role_words = self.vocabulary.roles.get(role)
        if role_words is None or agency not in role_words.agencies:
            return frozenset()
        callers = [Caller(agency, role, purpose) for purpose in sorted(role_words.purposes)]
        return frozenset(
            each for each in self.catalogue.entries if any(self._could(caller, each, at) for caller in callers)
        )

    def static(self, caller: Caller, coordinates: Iterable[Coordinate], at: datetime) -> dict[Coordinate, Decision]:
        """The decision on each coordinate while nothing but the caller is known."""
        return {each: self.decide(caller, each, {}, at) for each in coordinates}

    def grade(self, caller: Caller, coordinate: Coordinate, at: datetime) -> tuple[str, tuple[str, ...]]:
        """What some case, record and certificate could make of it, and the agreements that can give it.

        ``ALLOW``: whatever the record; ``CONDITIONAL``: in clear under conditions; ``MASKED``: masked at best; "": never.
        """
        key = self._key(caller, at)
        cell = self._cell(key, coordinate, at)
        ids = tuple(sorted({each.agreement.id for each in cell.grants}))
        if cell.static is not None:
            state = {Outcome.ALLOW: "ALLOW", Outcome.MASK: "MASKED"}.get(cell.static.outcome, "")
            return state, ids if state else ()
        if cell.grants:
            return ("CONDITIONAL" if any(not each.mask for each in cell.grants) else "MASKED"), ids
        group = self._groups.get((key, coordinate), ())
        follows = any(each.static.outcome in _GIVING if each.static else bool(each.grants) for each in group)
        return ("CONDITIONAL" if follows else ""), ()

    def masked_as(self, caller: Caller, coordinate: Coordinate, at: datetime) -> str:
        """The one mask under which every grant in force gives ``coordinate`` to callers of this kind, or ``""``.

        Where there is one, the owner can lay it before the value leaves, whatever the record turns out to be.
        """
        key = self._key(caller, at)
        masks = {each.mask for each in self._cell(key, coordinate, at).grants}
        return masks.pop() if len(masks) == 1 else ""

    def _could(self, caller: Caller, coordinate: Coordinate, at: datetime) -> bool:
        return bool(self.grade(caller, coordinate, at)[0])


def _frozen(value: Value) -> object:
    """``value`` as a key: a truth value is not the number it equals, and a list is the values in it."""
    if isinstance(value, str):
        return value
    if isinstance(value, list | tuple):
        return tuple(_frozen(each) for each in value)
    return (value.__class__, value)


class Unrestricted(Policy):
    """The explicit policy of a graph without governed data: everything is allowed, and the record says so."""

    def decide(self, caller: Caller, coordinate: Coordinate, facts: Facts, at: datetime) -> Decision:
        """ALLOW for every coordinate of the graph."""
        if coordinate.type not in self.catalogue.by_type:
            return Decision(Outcome.DENY, str(coordinate), "", reason=Reason.NO_SUCH_FIELD)
        return Decision(
            Outcome.ALLOW,
            str(coordinate),
            self.owner(coordinate),
            basis=Basis("UNRESTRICTED", 0, "", "no governed data"),
        )


def unrestricted(bundle: Bundle, supergraph: Supergraph) -> Unrestricted:
    """The policy that allows everything; raises ``PolicyError`` when the graph holds a single governed coordinate."""
    classed = [
        f"{kind.name}.{each.name}"
        for kind in supergraph.types.values()
        if kind.kind == "object"
        for each in kind.fields.values()
        if any(mark.name == "classified" and mark.get("category") not in ("SYS", "LINK") for mark in each.directives)
    ]
    if classed:
        mistakes = tuple(
            Mistake("POLICY_GOVERNED_DATA", f"{each} is governed data", each, "serve this graph under its agreements")
            for each in classed[:20]
        )
        raise PolicyError(
            "POLICY_INVALID", f"The graph cannot be served unrestricted: {len(classed)} governed field(s).", mistakes
        )
    catalogue = read_catalogue(supergraph, bundle.vocabulary, [])
    return Unrestricted(Compiled(bundle.vocabulary, catalogue, (), (), {}, {}, {}, {}, "unrestricted"))
