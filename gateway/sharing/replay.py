"""What if: the answers on record, decided again under another policy from how their conditions came out then.

A record holds, for each coordinate, how every condition that was weighed came out, and never what the facts were. A
clause of the other policy is evaluated over what is known of its conditions: true, false, or anything where the record does
not say. So a decision comes out as given, as withheld, or as one that nobody can tell from the record. Only coordinates
whose clauses differ between the two policies are decided anew; for all others nothing changes. Duties are taken as met.

Conditions on caller and case hold for a whole request, and those on a person for a record of one person; they are taken from
any of its coordinates. What stands behind a link that was closed was never looked at: which of its fields were asked for is
read from the operation, and how many values there would have been stays unknown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from graphql import GraphQLSchema

from gateway.caller import Caller
from gateway.coordinates import Coordinate
from gateway.policy.catalogue import Entry
from gateway.policy.cells import CellMaker
from gateway.policy.clauses import Compiled, RuleClause
from gateway.policy.conditions import Atom, atoms_of, evaluate
from gateway.policy.decide import Cell, is_free
from gateway.sharing.behind import Behind, read_behind
from gateway.sharing.truths import BITS, FALSE, NOTHING, SAID, TRUE, Pool, Shared, among

__all__ = ["VERDICTS", "Replay", "Tally"]

VERDICTS: Final = ("released", "withheld", "remasked", "cannot-tell", "same")
"""Newly given; no longer given; given under another mask; not to be told from the record; as before."""

_OF_CALLER: Final = {f"caller.{name}": name for name in ("agency", "role", "purpose", "location", "user", "case")}
_GIVEN: Final = frozenset({"ALLOW", "MASK"})
_MOST_PLACES: Final = 20


@dataclass(slots=True)
class Tally:
    """One agency's count of one verdict: decisions, the values they cover, answers and people (pseudonyms) touched.

    A person counts once a month, since pseudonyms do, and where a record is of several people all of them count: it is the
    most there can be. ``fields`` says which coordinates, ``places`` some of the records.
    """

    decisions: int = 0
    values: int = 0
    answers: int = 0
    people: set[str] = field(default_factory=set)
    fields: dict[str, int] = field(default_factory=dict)
    places: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Touched:
    """A coordinate for one kind of caller whose clauses the other policy changes. ``own`` are its conditions that the
    record's caller answers; ``group`` the cells that a link follows, each with its rules."""

    cell: Cell
    rules: tuple[tuple[RuleClause, bool], ...]
    own: tuple[Atom, ...]
    group: tuple[_Touched, ...] = ()


@dataclass(slots=True)
class _Noted:
    """The record at hand, and the verdicts that it was counted for."""

    record: Mapping[str, Any]
    place: str
    agency: str
    met: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Replay:
    """Takes records one by one; ``tallies`` holds the counts by (agency, verdict).

    ``before`` and ``after`` are the two policies, both as they stand at ``at``; what was answered is the record's own
    outcome. ``schema`` is the API schema that operations are read on.
    """

    before: Compiled
    after: Compiled
    at: datetime
    schema: GraphQLSchema | None = None
    decisions: int = 0
    records: int = 0
    tallies: dict[tuple[str, str], Tally] = field(default_factory=dict)
    _touched: dict[tuple[str, str, str, str], _Touched | None] = field(default_factory=dict)
    _memo: dict[tuple[Any, ...], str] = field(default_factory=dict)
    _asked: dict[tuple[str, str], Behind] = field(default_factory=dict)
    _pool: Pool = field(default_factory=Pool)
    _links: dict[tuple[Any, ...], tuple[bool, bool]] = field(default_factory=dict)

    def take(
        self, record: Mapping[str, Any], place: str = "", items: Sequence[Mapping[str, Any]] | None = None, *,
        pooled: bool = True,
    ) -> None:  # fmt: skip
        """Decide a record anew. ``items`` are its coordinates where the reader may see fewer than the record holds; without
        ``pooled`` nothing but the caller is known of conditions that an item does not carry itself."""
        caller = record["caller"]
        kind = (caller["agency"], caller["role"], caller["purpose"])
        self.records += 1
        shown = record["disclosed"] if items is None else items
        noted = _Noted(record, place, kind[0])
        lost: dict[str, str] = {}
        touching: list[tuple[Mapping[str, Any], _Touched | None]] = []
        for item in shown:
            self.decisions += len(item.get("truths") or ()) or 1
            touched = self._of((*kind, item["coordinate"]))
            if touched is not None and item["reason"] == "SOURCE_UNAVAILABLE":
                touched = None
            touching.append((item, touched))
        if not any(touched for _, touched in touching):
            return
        shared = self._pool.of(record) if pooled else NOTHING
        for item, touched in touching:
            if touched is not None and touched.group and item["outcome"] in _GIVEN:
                self._lose(lost, touched, item["coordinate"], record, shared)
        for item, touched in touching:
            self._item(item, touched, kind, lost.get(item["coordinate"], ""), shared, noted)

    def _item(
        self, item: Mapping[str, Any], touched: _Touched | None, kind: tuple[str, str, str], lost: str, shared: Shared,
        noted: _Noted,
    ) -> None:  # fmt: skip
        given = item["outcome"] in _GIVEN
        if touched is None:
            if given and lost and item["owner"]:
                self._count(lost, item["coordinate"], item["count"], noted)
            return
        for name, found, count, vector in self._each(noted.record, kind, item, touched):
            verdict = self._verdict(found, item, name != item["coordinate"], vector, shared, noted.record)
            if verdict == "released" and item["reason"] == "OBLIGATION_UNMET":
                verdict = "cannot-tell"  # whether the duty is met under the other policy is the caller's to show
            if given and lost and verdict != "withheld":
                verdict = lost
            if verdict != "same":
                self._count(verdict, name, count, noted)

    def _lose(self, lost: dict[str, str], link: _Touched, name: str, record: Mapping[str, Any], shared: Shared) -> None:
        """Note what could not be reached any more if the link closed."""
        key = (id(link), shared.key)
        if key not in self._links:
            self._links[key] = _open(link.group, shared.truth)
        could_open, could_close = self._links[key]
        if not could_close:
            return
        behind = self._behind(record["operation"].get("text", ""), name)
        for inner in behind.inside:
            sure = not could_open and inner not in behind.outside
            lost[inner] = "withheld" if sure else lost.get(inner, "cannot-tell")

    def _each(
        self, record: Mapping[str, Any], kind: tuple[str, str, str], item: Mapping[str, Any], touched: _Touched
    ) -> Iterator[tuple[str, _Touched, int, Mapping[str, str]]]:
        """The decisions an item stands for: its own, or those of the fields behind a link that was closed."""
        name, truths = item["coordinate"], item.get("truths") or ()
        if touched.group:
            if item["outcome"] in _GIVEN:  # what stands behind an open link has decisions of its own
                return
            for inner in self._behind(record["operation"].get("text", ""), name).inside:
                found = self._of((*kind, inner))
                if found is not None and not found.group:
                    self.decisions += 1
                    yield inner, found, 0, {}
            return
        whole = 0
        for each in truths:
            whole += each["count"]
            yield name, touched, each["count"], each["atoms"]
        if whole < item["count"] or not truths:
            yield name, touched, item["count"] - whole, {}

    def _count(self, verdict: str, name: str, count: int, noted: _Noted) -> None:
        tally = self.tallies.setdefault((noted.agency, verdict), Tally())
        tally.decisions += 1
        tally.values += count
        tally.fields[name] = tally.fields.get(name, 0) + 1
        tally.people.update(noted.record["subjects"])
        if verdict not in noted.met:
            noted.met.add(verdict)
            tally.answers += 1
            if noted.place and len(tally.places) < _MOST_PLACES:
                tally.places.append(noted.place)

    # -- which coordinates the other policy changes ----

    def _of(self, key: tuple[str, str, str, str]) -> _Touched | None:
        try:
            return self._touched[key]
        except KeyError:
            self._touched[key] = found = self._made(key)
            return found

    def _made(self, key: tuple[str, str, str, str]) -> _Touched | None:
        kind, text = key[:3], key[3]
        coordinate = Coordinate.parse(text)
        coordinate = Coordinate(coordinate.type, coordinate.field)
        entry = self.after.catalogue.entries.get(coordinate)
        if entry is None or not self.after.vocabulary.knows_caller(*kind):
            return None
        new = _cell(self.after, kind, coordinate, self.at)
        if not entry.governed:
            return self._link(kind, entry, new)
        old = _cell(self.before, kind, coordinate, self.at)
        if _meaning(old) == _meaning(new):
            return None
        rules = _with_training(new, kind)
        conditions = [each.rule.when for each, _ in rules]
        conditions += [each.withhold.when for each in new.withholds] + [each.when for each in new.grants]
        own = {atom for when in conditions for atom in atoms_of(when) if all(name in _OF_CALLER for name in atom.facts)}
        return _Touched(new, rules, tuple(sorted(own, key=str)))

    def _link(self, kind: tuple[str, str, str], entry: Entry, new: Cell) -> _Touched | None:
        """A link, if what it follows is changed; what leads to everything (a hub) is as good as always open."""
        catalogue = self.after.catalogue
        targets = catalogue.targets(entry) if entry.category == "LINK" else ()
        inner = [each for name in targets if name not in catalogue.hubs for each in catalogue.told_by(name)]
        if not any(self._of((*kind, str(each))) is not None for each in inner):
            return None
        cells = [_cell(self.after, kind, each, self.at) for each in inner]
        return _Touched(new, (), (), tuple(_Touched(each, _with_training(each, kind), ()) for each in cells))

    def _behind(self, text: str, link: str) -> Behind:
        """The coordinates that an operation asks for behind ``link``."""
        key = (text, link)
        if key not in self._asked:
            self._asked[key] = read_behind(self.schema, text, link) if self.schema is not None and text else Behind()
        return self._asked[key]

    # -- deciding ----

    def _verdict(
        self, touched: _Touched, item: Mapping[str, Any], behind: bool, vector: Mapping[str, str], shared: Shared,
        record: Mapping[str, Any],
    ) -> str:  # fmt: skip
        """One of ``VERDICTS``, kept by everything it depends on: the clauses, what is known, and what was answered."""
        known = Caller(**{name: record["caller"][name] for name in _OF_CALLER.values()}) if touched.own else None
        own = tuple(BITS[evaluate(each, _look(known), self.at)] for each in touched.own) if known else ()
        memo = (
            id(touched), own, tuple(vector), tuple(vector.values()), shared.key,
            "" if behind else item["outcome"], "" if behind else item["mask"],
        )  # fmt: skip
        found = self._memo.get(memo)
        if found is None:
            truth = {**shared.truth, **{name: SAID[said] for name, said in vector.items() if said in SAID}}
            truth.update((str(atom), bits) for atom, bits in zip(touched.own, own, strict=True))
            found = self._memo[memo] = _against(
                _decided(touched, truth), "DENY" if behind else item["outcome"], "" if behind else item["mask"]
            )
        return found


def _look(caller: Caller | None) -> Any:
    return lambda name: getattr(caller, _OF_CALLER[name]) or None


def _cell(compiled: Compiled, kind: tuple[str, str, str], coordinate: Coordinate, at: datetime) -> Cell:
    entry = compiled.catalogue.entries.get(coordinate)
    return CellMaker(compiled).cell(kind, coordinate, entry.owner if entry else "", at)


def _meaning(cell: Cell) -> tuple[Any, ...]:
    """What decides, without titles and versions."""
    return (
        tuple((each.rule.when, each.rule.effect, each.prohibition.exemptions) for each in cell.rules),
        tuple(each.withhold.when for each in cell.withholds),
        tuple((each.when, each.mask) for each in cell.grants),
    )


def _with_training(cell: Cell, kind: tuple[str, str, str]) -> tuple[tuple[RuleClause, bool], ...]:
    return tuple((each, _by_training(each, Caller(*kind))) for each in cell.rules)


def _by_training(clause: RuleClause, bare: Caller) -> bool:
    """Whether a certificate, of which the record says nothing, would exempt a caller of this kind."""
    return any(
        each.training and each.covers(Caller(*bare.kind, training=(each.training,)), clause.rule.article)
        for each in clause.prohibition.exemptions
    )


def _decided(touched: _Touched, truth: Mapping[str, int]) -> tuple[bool, bool, frozenset[str]]:
    """Whether it could be withheld, whether it could be given, and under which masks then."""
    rules = [
        among(each.rule.when, truth) | (FALSE if trained else 0)
        for each, trained in touched.rules
    ]  # fmt: skip
    withholds = [among(each.withhold.when, truth) for each in touched.cell.withholds]
    grants = [(among(each.when, truth), each.mask) for each in touched.cell.grants]
    stopped = any(not bits & FALSE for bits in (*rules, *withholds)) or not any(bits & TRUE for bits, _ in grants)
    if stopped:
        return True, False, frozenset()
    sure = all(bits == FALSE for bits in (*rules, *withholds)) and any(bits == TRUE for bits, _ in grants)
    masks: set[str] = set()
    for bits, mask in grants:
        if bits & TRUE:
            masks.add(mask)
        if bits == TRUE:
            break
    return not sure, True, frozenset(masks)


def _open(group: Sequence[_Touched], truth: Mapping[str, int]) -> tuple[bool, bool]:
    """Whether a link to these cells could be open, and whether it could be closed: what caller and case leave open."""
    opens = closes = 0
    for each in group:
        stops = [
            among(one.rule.when, truth) | (FALSE if trained else 0)
            for one, trained in each.rules
            if is_free(one.rule.when)
        ]
        stops += [among(one.withhold.when, truth) for one in each.cell.withholds if is_free(one.withhold.when)]
        grants = [among(one.when, truth, best=True) for one in each.cell.grants]
        could = all(bits != TRUE for bits in stops) and any(bits & TRUE for bits in grants)
        sure = not any(bits & TRUE for bits in stops) and any(bits == TRUE for bits in grants)
        opens += could
        closes += not sure
    return opens > 0, closes == len(group)


def _against(decided: tuple[bool, bool, frozenset[str]], outcome: str, mask: str) -> str:
    could_withhold, could_give, masks = decided
    given = outcome in _GIVEN
    if could_withhold and could_give:
        return "cannot-tell"
    if could_give:
        if not given:
            return "released"
        return "same" if masks == {mask} else "remasked" if mask not in masks else "cannot-tell"
    return "withheld" if given else "same"
