"""The walk over an operation: every field decided on each concrete type it can stand on, what is left, and why.

Law: docs/policy.md section 5, "operation". What is denied for reasons that no record can change is left out, so no
subgraph is ever asked for it; what a record could still decide stays, with the facts that the decision needs added as
hidden fields beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeAlias

from gateway.caller import Caller
from gateway.coordinates import Coordinate
from gateway.enforcement.hidden import HIDDEN, coordinates_of, hidden_fields, paging_fields
from gateway.enforcement.permitted import Entry, Gather, Ruled, RuledField, RuledFragment
from gateway.enforcement.scope import Frame, Scope, Told
from gateway.enforcement.shapes import Shapes
from gateway.enforcement.values import Named, argument_values, named_by
from gateway.errors import AccessError
from gateway.operation.model import Argument, Field, Fragment, Operation, Selection
from gateway.policy import Decision, OnRecord, Outcome, Policy

__all__ = ["PAGE_LIMIT", "Ledger", "Walk", "beside"]

PAGE_LIMIT = 1000  # rows of one connection that the gateway is ready to page through itself
Ledger: TypeAlias = dict[tuple[str, tuple[str, ...]], Entry]
_WITHHELD = (Outcome.DENY, Outcome.ABSENT, Outcome.UNAVAILABLE)


def _openness(decision: Decision) -> int:
    """How much of a coordinate a place may need: withheld, masked, in clear, in clear until a record decides."""
    if not decision.settled:
        return 3
    return {Outcome.ALLOW: 2, Outcome.MASK: 1}.get(decision.outcome, 0)


class Walk:
    """One walk: ``whole`` starts it; what it came to stands in its attributes afterwards."""

    def __init__(
        self,
        operation: Operation,
        policy: Policy,
        caller: Caller,
        shapes: Shapes,
        subjects: Mapping[str, Mapping[str, Any]],
        at: datetime,
        attributed: bool = False,
    ) -> None:
        self.attributed = attributed
        self.operation = operation
        self.policy = policy
        self.caller = caller
        self.shapes = shapes
        self.subjects = subjects
        self.at = at
        self.decisions: dict[str, Decision] = {}
        self.ledger: Ledger = {}
        self.absent: set[tuple[str, ...]] = set()
        self.fact_coordinates: set[str] = set()
        self.masks: dict[str, str] = {}
        self.needs_subjects = False
        self._decisions = policy.decisions(caller, at)
        self._known: dict[int, tuple[Mapping[str, Any], OnRecord]] = {}  # by the identity of the facts beside it
        self._told: dict[tuple[int, str], Told] = {}
        self._inside: dict[tuple[int, str], Mapping[str, Any]] = {}
        self._ways: dict[int, tuple[str, ...]] = {}

    def whole(self, facts: Mapping[str, Any]) -> tuple[tuple[Ruled, ...], tuple[Selection, ...]]:
        """The ruled and the asked selections of the operation, with the request's own ``facts`` known."""
        self._ways[id(facts)] = ()
        scope = Scope(facts, (), {self.operation.root: Frame()})
        return self.selections(self.operation.selections, (self.operation.root,), scope)

    def weighed(self) -> Iterator[tuple[tuple[str, ...], OnRecord]]:
        """Whose facts were weighed, as the arguments that lead there (see ``beside``), and the decisions on them."""
        for key, (_, on) in self._known.items():
            yield self._ways[key], on

    # -- one field --

    def on(self, facts: Mapping[str, Any]) -> OnRecord:
        """The decisions with what is known; ``facts`` are kept, and never changed once they are in a scope."""
        known = self._known.get(id(facts))
        if known is None:
            known = self._known[id(facts)] = (facts, self._decisions.on(facts))
        return known[1]

    def told(self, name: str, facts: Mapping[str, Any]) -> Told:
        """What is known about whether a record of type ``name`` is there for this caller."""
        key, on = (id(facts), name), self.on(facts)
        found = self._told.get(key)
        if found is None:
            found = self._told[key] = Told.of(
                [on.of(each) for each in self._decisions.apart(self.shapes.told_by(name))]
            )
        return found

    def decide(self, coordinate: Coordinate, scope: Scope) -> Decision:
        decision = self.on(scope.facts).of(coordinate)
        place = str(coordinate)
        known = self.decisions.get(place)
        if known is None or _openness(decision) > _openness(known):  # what its most open place needs is asked for
            self.decisions[place] = decision
        if decision.settled and decision.outcome is Outcome.ALLOW:
            self.masks[place] = ""  # shown in clear somewhere, so it is masked where it leaves, not at the source
        if not decision.settled:
            self._note_needs(coordinate.type, decision, scope)
            if "value" not in decision.needs and place not in self.masks:  # a guard has to see the value
                self.masks[place] = self.policy.masked_as(self.caller, coordinate, self.at)
        return decision

    def _note_needs(self, parent: str, decision: Decision, scope: Scope) -> None:
        if scope.frames[parent].note(decision.needs):
            self.needs_subjects = True

    def enter(self, entry: Entry) -> None:
        self.ledger.setdefault((entry.coordinate, entry.path), entry)

    def refuse(self, decision: Decision, path: tuple[str, ...]) -> None:
        """A refusal is told of; of what is absent it is only kept where it would have been."""
        if decision.outcome is Outcome.ABSENT:
            self.absent.add(path)
        else:
            self.enter(self.entry(decision, path))

    def entry(self, decision: Decision, path: tuple[str, ...]) -> Entry:
        return Entry(
            str(decision.outcome),
            decision.coordinate,
            path,
            decision.owner,
            decision.reason,
            mask=decision.mask,
            how_to_request=decision.how_to_request,
            agreement=decision.basis.agreement if decision.basis and decision.outcome is Outcome.MASK else "",
        )

    # -- selections --

    def selections(
        self, selections: Sequence[Selection], parents: tuple[str, ...], scope: Scope
    ) -> tuple[tuple[Ruled, ...], tuple[Selection, ...]]:
        ruled: list[Ruled] = []
        asked: list[Selection] = []
        for selection in selections:
            if isinstance(selection, Fragment):
                inner = tuple(t for t in parents if t in self.shapes.possible(selection.type))
                children, kept = self.selections(selection.selections, inner, scope) if inner else ((), ())
                ruled.append(RuledFragment(selection, frozenset(inner), children))
                if kept:
                    asked.append(replace(selection, selections=kept))
            else:
                one, kept = self.field(selection, parents, scope)
                ruled.append(one)
                asked.extend(kept)
        return tuple(ruled), tuple(asked)

    def field(
        self, field: Field, parents: tuple[str, ...], scope: Scope, shown: str = ""
    ) -> tuple[RuledField, tuple[Selection, ...]]:
        if field.name.startswith("__"):
            return RuledField(field, {}), (field,)
        path = (*scope.path, shown or field.key)
        values = argument_values(field, self.operation.variables)
        rulings: dict[str, Decision] = {}
        kept: dict[str, tuple[RuledField, tuple[Selection, ...]]] = {}
        for parent in parents:
            if parent in self.shapes.plumbing:
                decision = Decision(outcome=Outcome.ALLOW, coordinate=f"{parent}.{field.name}", owner="")
            else:
                decision = self.decide(Coordinate(parent, field.name), scope)
            rulings[parent] = decision
            if decision.settled and decision.outcome in _WITHHELD:
                self.refuse(decision, path)
                continue
            refused = self.check_arguments(parent, field, values, scope)
            if refused is not None:  # the field can only be asked for by what is withheld
                rulings[parent] = refused
                self.refuse(refused, path)
                continue
            if decision.settled and decision.outcome is Outcome.MASK:
                self.enter(self.entry(decision, path))
            if self.leads_nowhere(field, parent, scope):
                rulings[parent] = replace(decision, outcome=Outcome.ABSENT, settled=True, needs=frozenset())
                self.refuse(rulings[parent], path)
                continue
            kept[parent] = self.value(field, parent, values, Scope(scope.facts, path, scope.frames))
        whole = RuledField(field, rulings)
        if not kept:
            return whole, ()
        first = next(iter(kept.values()))
        same = len(kept) == len(parents) and all(each[1] == first[1] for each in kept.values())
        children = first[0].children if len(kept) == 1 or same else _by_type(kept)
        whole = replace(first[0], rulings=rulings, children=children, targets=_targets(kept))
        if same:
            return whole, first[1]
        return whole, tuple(Fragment(parent, (), asked) for parent, (_, asked) in kept.items() if asked)

    def named(self, parent: str, field: Field) -> Named:
        """The traveler that an argument of the field names."""
        return named_by(self.policy, parent, field, self.operation.variables)

    def leads_nowhere(self, field: Field, parent: str, scope: Scope) -> bool:
        """Whether what is known already says that no record below ``field`` can be there for this caller."""
        target = self.shapes.target(parent, field.name)
        node = self.shapes.connection_node(target) or target
        possible = self.shapes.possible(node) if node else ()
        if not possible or node in self.shapes.plumbing:
            return False
        inner = self.inside(field, parent, target, self.named(parent, field), scope)
        return all(self.told(name, inner.facts).impossible for name in possible)

    def check_arguments(self, parent: str, field: Field, values: Mapping[str, Any], scope: Scope) -> Decision | None:
        """Refuse an argument that reads a coordinate which this caller never sees in clear.

        Returns the denial of the whole field where the argument is one it cannot do without (a look-up by a receipt);
        a filter or an ordering could be left out, so there the request is wrong: ``AccessError``. What is withheld of
        this person or record, and not of this kind of caller, is no mistake of the request: nothing is found by it.
        """
        for name, coordinate in self.shapes.reads_of(parent, field.name, values):
            decision = self.on(scope.facts).of(coordinate)
            if not decision.settled or decision.outcome is Outcome.ALLOW:
                continue
            if decision.outcome in (Outcome.ABSENT, Outcome.UNAVAILABLE):
                return replace(decision, mask="", basis=None)
            if self.shapes.requires(parent, field.name, name):
                return replace(
                    decision,
                    outcome=Outcome.DENY,
                    reason=decision.reason or "ARGUMENT_WITHHELD",
                    mask="",
                    basis=None,
                )
            raise AccessError(
                "ARGUMENT_WITHHELD",
                f'Argument "{name}" of "{parent}.{field.name}" reads a field that is not shared with you in clear.',
                where=f"{parent}.{field.name}({name}:)",
                hint="Leave the argument out, or ask the owning agency for an agreement that covers the field.",
                locations=(field.location,) if field.location != (0, 0) else (),
            )
        return None

    def open_reads(self, parent: str, field: Field, values: Mapping[str, Any], scope: Scope) -> tuple[Coordinate, ...]:
        """What the arguments test and only a record can decide on: withheld there, it must not find the record."""
        found = dict.fromkeys(coordinate for _, coordinate in self.shapes.reads_of(parent, field.name, values))
        return tuple(each for each in found if not self.on(scope.facts).of(each).settled)

    # -- the value below a field --

    def value(
        self, field: Field, parent: str, values: Mapping[str, Any], scope: Scope
    ) -> tuple[RuledField, tuple[Selection, ...]]:
        coordinate = f"{parent}.{field.name}"
        if coordinate in self.shapes.gathers:
            return self.gather(field, parent, values, scope)
        target = self.shapes.target(parent, field.name)
        if not target:
            return RuledField(field, {}), (replace(field, parent=parent),)
        inner = self.inside(field, parent, target, self.named(parent, field), scope)
        reads = self.open_reads(parent, field, values, inner)
        children, asked = self.composite(field.selections, target, inner, reads)
        ruled = RuledField(field, {}, children, self.shapes.possible(target), reads=reads)
        arguments = field.arguments
        node = self.shapes.connection_node(target)
        if node and (reads or self.conditional_rows(node, inner)):
            ruled = replace(ruled, pages=True)
            paged = ("first", "last", "after", "before")
            arguments = (
                *(each for each in field.arguments if each.name not in paged),
                Argument("first", str(PAGE_LIMIT)),
            )
            edge = self.shapes.target(target, "edges")
            around = Scope(inner.facts, (), {edge: next(iter(inner.frames.values()))})
            _, facts = self.composite((), node, around, reads)
            asked = (*asked, *paging_fields(target, edge, facts, self.shapes))
        if not asked:  # its existence is still the question
            asked = (Field("__typename", "__typename", target, hidden=True),)
        return ruled, (replace(field, parent=parent, arguments=arguments, selections=asked),)

    def inside(self, field: Field, parent: str, target: str, subject: Named, scope: Scope) -> Scope:
        """The scope below a field: list positions in the path, and the subject's facts where an argument names it."""
        kind = self.shapes.field_type(parent, field.name)
        path = (*scope.path, "[]") if "[" in str(kind) else scope.path
        facts = scope.facts
        if subject.id or self.shapes.leaves_subject(parent, target):
            facts = self.about(subject, facts)
        return Scope(facts, path, scope.frames)

    def about(self, subject: Named, facts: Mapping[str, Any]) -> Mapping[str, Any]:
        """``facts`` for the traveler ``subject``, or for nobody named, whose record it is nobody knows yet."""
        self.on(facts)  # kept, so that no others come by their identity
        way = subject.text if subject.id else ""
        key = (id(facts), way)
        found = self._inside.get(key)
        if found is None:
            found = self._inside[key] = beside(facts, subject.id, self.subjects)
            self._ways[id(found)] = (*self._ways[id(facts)], way)
        return found

    def composite(
        self, selections: Sequence[Selection], target: str, scope: Scope, reads: Sequence[Coordinate] = ()
    ) -> tuple[tuple[Ruled, ...], tuple[Selection, ...]]:
        """The ruled and the asked selections of an object, with the facts its records need added."""
        possible = self.shapes.possible(target)
        outer = next(iter(scope.frames.values()))
        own = {
            name: Frame(
                self.shapes.field_names(name), outer, self.shapes.subjects.get(name, ""), name in self.shapes.keys
            )
            for name in possible
            if name not in self.shapes.plumbing
        }
        inner = Scope(scope.facts, scope.path, {name: own.get(name, outer) for name in possible})
        ruled, asked = self.selections(selections, possible, inner)
        extra: list[Selection] = []
        if self.shapes.is_abstract(target):
            extra.append(Field("__typename", "__typename", target, hidden=True))
        for name, frame in own.items():
            if self.attributed and len(scope.path) == 1:  # whose an outermost record is, is asked in any case
                frame.ask_subject()
            self.presence(name, frame, inner)
            for each in reads:
                needs = self.on(inner.facts).of(each).needs
                if each.type == name and frame.note(needs):
                    self.needs_subjects = True
            hidden = self.hidden(name, frame.paths)
            if hidden:
                extra.extend(hidden if possible == (name,) == (target,) else (Fragment(name, (), hidden),))
        return ruled, (*asked, *extra)

    def presence(self, name: str, frame: Frame, scope: Scope) -> None:
        """Have the facts at hand that tell whether a record of type ``name`` is there for this caller at all."""
        for needs in self.told(name, scope.facts).needs:
            if frame.note(needs):
                self.needs_subjects = True

    def hidden(self, parent: str, paths: set[str]) -> tuple[Selection, ...]:
        """Hidden fields that read the dotted ``paths`` of a ``parent`` record."""
        fields = hidden_fields(self.shapes, parent, paths)
        self.fact_coordinates |= coordinates_of(fields)
        return fields

    def conditional_rows(self, node: str, scope: Scope) -> bool:
        """Whether some row of type ``node`` could be there for this caller and another not."""
        return any(self.told(name, scope.facts).needs for name in self.shapes.possible(node))

    def gather(
        self, field: Field, parent: str, values: Mapping[str, Any], scope: Scope
    ) -> tuple[RuledField, tuple[Selection, ...]]:
        """A merged list, as the hidden fields it is made of; an argument ``kinds`` keeps items by their field ``kind``."""
        names, order = self.shapes.gathers[f"{parent}.{field.name}"]
        matches = {name[:-1]: tuple(value) for name, value in values.items() if name != "first" and value}
        sources: list[RuledField] = []
        asked: list[Selection] = []
        for name in names:
            target = self.shapes.target(parent, name)
            extra = tuple(Field(HIDDEN + each, each, target, hidden=True) for each in (order, *matches))
            source = Field(
                f"{HIDDEN}{field.key}__{name}", name, parent, (), field.conditions,
                (*field.selections, *extra), hidden=True, location=field.location,
            )  # fmt: skip
            outside = Scope(scope.facts, scope.path[:-1], scope.frames)
            one, kept = self.field(source, (parent,), outside, shown=scope.path[-1])
            sources.append(one)
            asked.extend(kept)
        gather = Gather(tuple(sources), HIDDEN + order, values.get("first"), matches)
        return RuledField(field, {}, gather=gather), tuple(asked)


def beside(facts: Mapping[str, Any], subject: str, subjects: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    """``facts`` with those of the traveler ``subject``; without anybody's where that is "".

    ``subjects`` are the flags of travelers by id.
    """
    if subject:
        return {**facts, "subject.id": subject, **subjects.get(subject, {})}
    return {name: value for name, value in facts.items() if not name.startswith("subject.")}


def _targets(kept: Mapping[str, tuple[RuledField, tuple[Selection, ...]]]) -> tuple[str, ...]:
    found = {target for ruled, _ in kept.values() for target in ruled.targets}
    return tuple(sorted(found))


def _by_type(kept: Mapping[str, tuple[RuledField, tuple[Selection, ...]]]) -> tuple[Ruled, ...]:
    """Children that differ by the parent's type are kept apart by nothing but the value's own type."""
    found: list[Ruled] = []
    for ruled, _ in kept.values():
        found.extend(child for child in ruled.children if child not in found)
    return tuple(found)
