"""The compiled policy: one object that answers every question about who may have what.

``Policy.decide`` is total: whatever it is asked, it answers with a decision, and an error inside is a denial. There is
no switch that turns it off; a graph without governed data is served under :mod:`gateway.policy.unrestricted`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from gateway.caller import Caller
from gateway.coordinates import Coordinate
from gateway.policy.agreement import Agreement
from gateway.policy.bundle import Bundle
from gateway.policy.catalogue import Catalogue
from gateway.policy.cells import CellMaker
from gateway.policy.clauses import Compiled
from gateway.policy.column import Column
from gateway.policy.compile import compile_bundle
from gateway.policy.decide import giveable
from gateway.policy.decision import Basis, Decision, Outcome, Reason
from gateway.policy.decisions import Decisions
from gateway.policy.facts import Facts, Look
from gateway.policy.flows import flow_basis
from gateway.policy.following import GIVING
from gateway.policy.lifecycle import boundaries, state_of
from gateway.policy.vocabulary import CaseKind, Vocabulary
from gateway.supergraph.model import Supergraph

__all__ = ["Policy", "compile_policy"]

_Key: TypeAlias = tuple[tuple[str, str, str], int, tuple[str, ...]]
"""The kind of caller, the place among the dates, and the agreements whose obligations cannot be met."""
_RECENT: Final = 32  # callers and instants whose decisions are remembered


def compile_policy(bundle: Bundle, supergraph: Supergraph) -> Policy:
    """The policy of ``bundle`` on ``supergraph``; raises ``PolicyError`` with every mistake, file and line."""
    return Policy(compile_bundle(bundle, supergraph), bundle.pages)


class Policy:
    """Decides. ``epoch`` names the compiled bundle; every decision, plan and audit record cites it.

    ``pages`` are the files it was read from, by name, where there are any.
    """

    def __init__(self, compiled: Compiled, pages: Mapping[str, str] = MappingProxyType({})) -> None:
        self.compiled = compiled
        self.pages = pages
        self.epoch = compiled.epoch
        self._maker = CellMaker(compiled)
        self._boundaries = boundaries(compiled.agreements)
        self._columns: dict[_Key, Column] = {}
        self._recent: OrderedDict[tuple[Caller, datetime], Decisions] = OrderedDict()
        self._last: Decisions | None = None

    # -- deciding ----

    def decide(self, caller: Caller, coordinate: Coordinate, facts: Facts, at: datetime) -> Decision:
        """What ``caller`` gets of ``coordinate`` when ``facts`` are known, at the instant ``at``. Never raises."""
        try:
            return self.decisions(caller, at).of(coordinate, facts)
        except Exception:
            return Decision(Outcome.DENY, str(coordinate), "", reason=Reason.DECISION_ERROR)

    def decisions(self, caller: Caller, at: datetime) -> Decisions:
        """All that ``caller`` gets at the instant ``at``; a request asks for many."""
        last = self._last
        if last is not None and last.caller is caller and last.at is at:
            return last
        key = (caller, at)
        found = self._recent.get(key)
        if found is None:
            kind = self.case_kind(caller)
            found = Decisions(self.column(caller, at), caller, at, kind.name if kind else None)
            self._recent[key] = found
            if len(self._recent) > _RECENT:
                self._recent.popitem(last=False)
        self._last = found
        return found

    def could_give(self, caller: Caller, coordinate: Coordinate, facts: Facts, at: datetime) -> bool:
        """Whether ``caller`` could still be given ``coordinate``, whatever the facts that are not known yet.

        For what leads elsewhere or follows (LINK, SYS) that is so unless the decision is a settled refusal. False
        where deciding fails: what cannot be decided is not given.
        """
        try:
            cell = self.column(caller, at).cell(coordinate)
            if cell.follows:
                decision = self.decide(caller, coordinate, facts, at)
                return not decision.settled or decision.outcome in GIVING
            kind = self.case_kind(caller)
            return giveable(cell, caller, Look(caller, facts, kind.name if kind else None), at)
        except Exception:
            return False

    def column(self, caller: Caller, at: datetime) -> Column:
        """The cells of callers like ``caller`` between the dates around ``at``."""
        key = (caller.kind, self.period(at), caller.unmet)
        found = self._columns.get(key)
        if found is None:
            found = Column(self.compiled, self._maker, caller.kind, caller.unmet, at)
            if self.vocabulary.knows_caller(*caller.kind):  # whom nobody knows must not fill the memory
                self._columns[key] = found
        return found

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
        place = self.period(at)
        return self._boundaries[place] if place < len(self._boundaries) else None

    def period(self, at: datetime) -> int:
        """Which of the periods ``at`` is in, between the instants at which some agreement comes into or goes out of force."""
        return bisect_right(self._boundaries, at)

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
        cell = self.column(caller, at).cell(coordinate)
        ids = tuple(sorted({each.agreement.id for each in cell.grants}))
        if cell.static is not None:
            state = {Outcome.ALLOW: "ALLOW", Outcome.MASK: "MASKED"}.get(cell.static.outcome, "")
            return state, ids if state else ()
        if cell.grants:
            return ("CONDITIONAL" if any(not each.mask for each in cell.grants) else "MASKED"), ids
        follows = any(each.static.outcome in GIVING if each.static else bool(each.grants) for each in cell.group)
        return ("CONDITIONAL" if follows else ""), ()

    def masked_as(self, caller: Caller, coordinate: Coordinate, at: datetime) -> str:
        """The one mask under which every grant in force gives ``coordinate`` to callers of this kind, or ``""``.

        Where there is one, the owner can lay it before the value leaves, whatever the record turns out to be.
        """
        masks = {each.mask for each in self.column(caller, at).cell(coordinate).grants}
        return masks.pop() if len(masks) == 1 else ""

    def _could(self, caller: Caller, coordinate: Coordinate, at: datetime) -> bool:
        return bool(self.grade(caller, coordinate, at)[0])
