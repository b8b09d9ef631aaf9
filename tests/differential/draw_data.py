"""Random data for a graph, and random trouble in it: nulls (where they may be and where not), errors, lost entities.

Trouble stays away from where a federated answer could not be a monolith's whatever the gateway does:

* Keys are always there: without its key an entity cannot be asked for.
* A value that a ``@requires`` field needs is not lost where it is non-null: the null would take its whole object out of
  its subgraph's answer, together with fields that a client did ask for.
* A field that is nullable in one subgraph and non-null in another is never null: which of them is asked would tell.
* A subgraph only loses an entity of which it alone has what it has, and to which nothing leads inside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from graphql.language import FieldNode, InlineFragmentNode, SelectionSetNode

from tests.differential.blueprint import COLORS, Blueprint, FieldPlan, TypePlan
from tests.differential.choices import Choices
from tests.differential.sides import selection_of

__all__ = ["Drawn", "draw_data"]


@dataclass(slots=True)
class Drawn:
    """The data of a case, with what its subgraphs lost."""

    data: dict[str, Any] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    broken: dict[str, str] = field(default_factory=dict)


def draw_data(choices: Choices, plan: Blueprint) -> Drawn:
    """Two records a type, values for every root, and up to four troubles."""
    maker = _Maker(choices, plan)
    maker.fill()
    for number in range(choices.number(1, 4) if choices.chance(60) else 0):
        maker.trouble(f"E{number}")
    return maker.drawn


class _Maker:
    def __init__(self, choices: Choices, plan: Blueprint) -> None:
        self.choose = choices
        self.plan = plan
        self.drawn = Drawn()
        self.needed = set(_needed(plan))

    def fill(self) -> None:
        data = self.drawn.data
        for each in self.plan.types.values():
            keys = [f"{each.name}-{number}" for number in (1, 2)]
            data[each.name] = {key: self._keys(key) for key in keys}
        for each in self.plan.types.values():
            for record in data[each.name].values():
                for spec in self._fields(each):
                    if spec.name not in record and not spec.requires:
                        record[spec.name] = self._value(spec, spec.type)
                for name in ("code", "own"):
                    if name not in each.fields:
                        del record[name]
        for root, specs in (("Query", self.plan.query), ("Mutation", self.plan.mutation)):
            data[root] = {spec.name: self._value(spec, spec.type) for spec in specs.values()}

    def _keys(self, key: str) -> dict[str, Any]:
        return {"id": key, "code": f"c-{key}", "own": {"__typename": "Own", "tag": f"t-{key}"}}

    def _fields(self, each: TypePlan) -> Iterator[FieldPlan]:
        yield from each.fields.values()
        if self.plan.item_home and each.name in self.plan.members:
            yield from (spec for spec in self.plan.item.values() if spec.owners)

    def _value(self, spec: FieldPlan, type_: str) -> Any:
        if type_.endswith("!"):
            return self._present(spec, type_[:-1])
        # null is a value like any other, but for a field that is non-null somewhere
        return None if not spec.strict and self.choose.chance(8) else self._present(spec, type_)

    def _present(self, spec: FieldPlan, type_: str) -> Any:
        choose = self.choose
        if type_.startswith("["):
            return [self._value(spec, type_[1:-1]) for _ in range(choose.number(0, 2))]
        if type_ in self.plan.values:
            inner = self.plan.values[type_].fields.values()
            return {"__typename": type_, **{each.name: self._value(each, each.type) for each in inner}}
        if type_ == "Int":
            return choose.number(-1, 3)
        if type_ in ("String", "ID"):
            return choose.pick(("x", "é", ""))
        if type_ == "Boolean":
            return choose.chance(50)
        if type_ == "Float":
            return choose.pick((0.5, -2.25, 3.0))
        if type_ == "Color":
            return choose.pick(COLORS)
        name = choose.pick(self._candidates(spec, type_))
        return {"->": f"{name}/{name}-{choose.number(1, 2)}"}

    def _candidates(self, spec: FieldPlan, type_: str) -> list[str]:
        """The entity types an object of ``type_`` can have, in every subgraph that answers the field."""
        if type_ in ("Thing", "Item"):
            return list(self.plan.members)
        if type_ in self.plan.types:
            return [type_]
        there = [each for each in self.plan.types.values() if all(graph in each.keys for graph in spec.owners)]
        if type_ == "Named":
            there = [each for each in there if all(each.named_in(graph) for graph in spec.owners)]
        return [each.name for each in there]

    def trouble(self, code: str) -> None:
        """One more thing that goes wrong; an error has ``code``."""
        kind = self.choose.pick(("null", "error", "error", "missing", "broken"))
        if kind in ("missing", "broken"):
            places = list(self._losable())
            if places:
                place = self.choose.pick(places)
                if kind == "missing":
                    self.drawn.missing.append(place)
                else:
                    self.drawn.broken[place] = code
            return
        holders = list(self._holders())
        if holders:
            record, spec = self.choose.pick(holders)
            self._spoil(record, spec.name, {"!": code} if kind == "error" else None)

    def _spoil(self, holder: Any, place: Any, with_: Any) -> None:
        """Put ``with_`` at ``place``, or further inside what is there."""
        value = holder.get(place) if isinstance(holder, dict) else holder[place]
        if isinstance(value, list) and value and self.choose.chance(50):
            self._spoil(value, self.choose.number(0, len(value) - 1), with_)
        elif isinstance(value, dict) and "__typename" in value and self.choose.chance(60):
            inner = [name for name in value if name not in ("__typename", "tag")]
            allowed = [name for name in inner if (value["__typename"], name) not in self.needed]
            if allowed:
                self._spoil(value, self.choose.pick(allowed), with_)
        else:
            holder[place] = with_

    def _holders(self) -> Iterator[tuple[dict[str, Any], FieldPlan]]:
        """Every record with each of its fields that may be spoilt."""
        for each in self.plan.types.values():
            for record in self.drawn.data[each.name].values():
                for spec in self._fields(each):
                    needed = spec.type.endswith("!") and (each.name, spec.name) in self.needed
                    if spec.name not in ("id", "code", "own") and not spec.strict and not needed:
                        yield record, spec
        for root, specs in (("Query", self.plan.query), ("Mutation", self.plan.mutation)):
            yield from ((self.drawn.data[root], spec) for spec in specs.values())

    def _losable(self) -> Iterator[str]:
        """Every entity that one subgraph may lose."""
        for each in self.plan.types.values():
            if any(keys != [("id", True)] for graph, keys in each.keys.items() if graph in each.homes):
                continue
            for graph in each.homes:
                if graph != self.plan.item_home and not self._led_to(each, graph) and self._alone(each, graph):
                    yield from (f"{graph} {each.name}/{key}" for key in self.drawn.data[each.name])

    def _led_to(self, each: TypePlan, graph: str) -> bool:
        plan = self.plan
        names = {
            each.name,
            "Node",
            "Thing",
            "Named",
            "Item",
            *(v.name for v in plan.values.values() if "t" in v.fields),
        }
        specs = [*plan.query.values(), *plan.mutation.values()]
        specs += [spec for other in plan.types.values() for spec in other.fields.values()]
        return any(graph in (*spec.owners, *spec.external) and spec.named in names for spec in specs)

    def _alone(self, each: TypePlan, graph: str) -> bool:
        """Whether ``graph`` shares nothing of the type but its key, and nobody brings its fields along."""
        provided = {text.split(" ")[-2 if "}" in text else -1] for text in _provided(self.plan)}
        for spec in each.fields.values():
            if spec.name != "id" and graph in spec.owners and (len(spec.owners) > 1 or spec.name in provided):
                return False
        return True


def _provided(plan: Blueprint) -> Iterator[str]:
    for each in (*plan.types.values(), *plan.values.values()):
        for spec in each.fields.values():
            yield from spec.provides.values()
    for spec in (*plan.query.values(), *plan.mutation.values()):
        yield from spec.provides.values()


def _needed(plan: Blueprint) -> Iterator[tuple[str, str]]:
    """(type name, field) of everything that a ``@requires`` field reads."""
    for each in plan.types.values():
        for spec in each.fields.values():
            if spec.requires:
                yield from _read(plan, each.name, selection_of(spec.requires))


def _read(plan: Blueprint, typename: str, selection: SelectionSetNode) -> Iterator[tuple[str, str]]:
    for node in selection.selections:
        if isinstance(node, InlineFragmentNode) and node.type_condition is not None:
            yield from _read(plan, node.type_condition.name.value, node.selection_set)
        elif isinstance(node, FieldNode):
            yield typename, node.name.value
            owner = plan.types.get(typename) or plan.values.get(typename)
            if node.selection_set is not None and owner is not None:
                yield from _read(plan, owner.fields[node.name.value].named, node.selection_set)
