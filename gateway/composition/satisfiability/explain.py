"""Why a query cannot be answered: the query itself, and why each way out is closed."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.composition import typerefs
from gateway.composition.merging.context import Merge, find, listed
from gateway.composition.satisfiability.ways import Labels, Place, Ways
from gateway.composition.schema import Argument, FieldDef, Kind
from gateway.errors import Mistake

__all__ = ["Trail", "mismatched", "unfinished", "unreachable"]


@dataclass(frozen=True, slots=True)
class Trail:
    """How a point of the API was reached: the operation, and selection by selection down to it."""

    operation: str
    above: Trail | None = None
    selected: FieldDef | str = ""

    @property
    def at_root(self) -> bool:
        """Whether nothing has been selected yet."""
        return self.above is None

    def to(self, selected: FieldDef | str) -> Trail:
        """The trail with a field added, or the object type of a type condition."""
        return Trail(self.operation, self, selected)

    def steps(self) -> list[str]:
        """The selections as text, from the root down, required arguments filled in."""
        if self.above is None:
            return []
        if isinstance(self.selected, str):
            return [*self.above.steps(), f"... on {self.selected}"]
        required = [argument for argument in self.selected.args.values() if argument.required]
        args = ", ".join(f"{argument.name}: {_dummy(argument)}" for argument in required)
        return [*self.above.steps(), f"{self.selected.name}({args})" if args else self.selected.name]

    def query(self, *, open_ended: bool) -> str:
        """The query that takes the trail; ``...`` stands where any further selection may."""
        steps = self.steps()
        lines = [self.operation if self.operation != "query" else ""]
        for depth, step in enumerate(steps):
            lines[-1] = f"{lines[-1]} {{".lstrip()
            lines[-1] = "  " * depth + lines[-1].lstrip() if depth else lines[-1]
            lines.append("  " * (depth + 1) + step)
        if open_ended:
            lines[-1] += " {"
            lines.extend(["  " * (len(steps) + 1) + "...", "  " * len(steps) + "}"])
        lines.extend("  " * depth + "}" for depth in range(len(steps) - 1, -1, -1))
        return "\n".join(lines)


def _dummy(argument: Argument) -> str:
    """A value that shows the argument's type."""
    ref = typerefs.nullable(argument.type)
    if typerefs.is_list(ref):
        return "[...]"
    return {"Int": "0", "Float": "0.0", "Boolean": "true"}.get(ref, f'"<any {ref.lower()}>"')


def unreachable(ways: Ways, places: frozenset[Place], owner: str, name: str, trail: Trail, labels: Labels) -> Mistake:
    """The mistake for a selection that no place leads to."""
    merge = ways.merge
    merged = merge.schema.types[owner].fields.get(name)
    target = merge.schema.types.get(typerefs.base(merged.type)) if merged is not None else None
    composite = name.startswith("...") or (target is not None and target.composite)
    lines: list[str] = []
    for place in sorted(places, key=lambda entry: (entry.subgraph, entry.type)):
        lines.append(f'- from subgraph "{merge.subgraphs[place.subgraph].name}":')
        lines.extend(f"  - {reason}." for reason in _reasons(ways, place, owner, name, labels))
    query = trail.query(open_ended=composite)
    coordinate = f"{owner}.{name}" if merged is not None else f"{owner} {name}"
    message = "The query\n" + query + "\ncannot be answered by the subgraphs:\n" + "\n".join(lines)
    names = tuple(dict.fromkeys(merge.subgraphs[p.subgraph].name for p in sorted(places, key=lambda e: e.subgraph)))
    hint = f'give "{owner}" a resolvable @key in a subgraph that has the field, or resolve the field in these subgraphs too'
    return Mistake("SATISFIABILITY_ERROR", message, coordinate, hint, names)


def _reasons(ways: Ways, place: Place, owner: str, name: str, labels: Labels) -> list[str]:
    """Why the selection fails at one place, then why each other subgraph that has it is out of reach."""
    if name.startswith("..."):
        return [f'the type of an @interfaceObject "{place.type}" cannot be told: no key leads to the interface itself']
    reasons = [_here(ways, place, name, labels)]
    reached = {other.subgraph for other in ways.reach(place)}
    for index, subgraph in enumerate(ways.merge.subgraphs):
        definition = subgraph.schema.types.get(owner)
        if index == place.subgraph or definition is None or name not in definition.fields:
            continue
        if ways.merge.facts[index].fully_external(f"{owner}.{name}"):
            continue
        if index in reached:
            there = next(other for other in ways.reach(place) if other.subgraph == index)
            reasons.append(f'in subgraph "{subgraph.name}": {_here(ways, there, name, labels)}')
        else:
            reasons.append(_closed(ways, place, index, owner, name))
    return reasons


def _here(ways: Ways, place: Place, name: str, labels: Labels) -> str:
    definition = ways.definition(place)
    item = definition.fields.get(name) if definition is not None else None
    if item is None:
        return f'cannot find field "{place.type}.{name}"'
    if ways.resolvable(place, name, labels) is None:
        override = ways.merge.overrides.get(item.coordinate)
        if override is not None and place.subgraph in override.used | override.unused | set(override.labels):
            return f'field "{item.coordinate}" is overridden there'
        return f'field "{item.coordinate}" is @external there'
    if any(find(argument.directives, "fromContext") is not None for argument in item.args.values()):
        return f'field "{item.coordinate}" needs a context that nothing on the way to it gives'
    if not ways.returnable(place):
        return f'field "{item.coordinate}" has @requires, but "{place.type}" has no key there to come back with'
    return f'the @requires of field "{item.coordinate}" cannot be satisfied'


def _closed(ways: Ways, place: Place, index: int, owner: str, name: str) -> str:
    merge = ways.merge
    target = merge.subgraphs[index].name
    keys = merge.facts[index].keys.get(owner, [])
    resolvable = [key for key in keys if key.resolvable]
    if not resolvable:
        what = "no resolvable key" if keys else "no key"
        return f'cannot move to subgraph "{target}", which has field "{owner}.{name}": "{owner}" has {what} there'
    texts = listed([f'@key(fields: "{key.text}")' for key in resolvable])
    return (
        f'cannot move to subgraph "{target}", which has field "{owner}.{name}", using {texts} of "{owner}": '
        f'the key fields cannot be had from subgraph "{merge.subgraphs[place.subgraph].name}"'
    )


def unfinished(merge: Merge, owner: str, item: FieldDef, attempts: list[tuple[Place, Mistake]]) -> Mistake:
    """The mistake for a mutation that several subgraphs can run but none can answer in full."""
    parts = [
        f'- when subgraph "{merge.subgraphs[place.subgraph].name}" runs it:\n  ' + first.message.replace("\n", "\n  ")
        for place, first in attempts
    ]
    coordinate = f"{owner}.{item.name}"
    message = f'No subgraph that has "{coordinate}" can answer all that may be selected below it:\n' + "\n".join(parts)
    names = tuple(merge.subgraphs[place.subgraph].name for place, _ in attempts)
    hint = f'give "{typerefs.base(item.type)}" a resolvable @key, or let one subgraph alone have the mutation'
    return Mistake("SATISFIABILITY_ERROR", message, coordinate, hint, names)


def mismatched(merge: Merge, item: FieldDef, by_subgraph: dict[int, set[str]], trail: Trail) -> Mistake:
    """The mistake for a shared field whose subgraphs return values of wholly different types."""
    kind = merge.schema.types[typerefs.base(item.type)].kind
    noun = "interface" if kind is Kind.INTERFACE else "union"
    uses = listed(
        [
            f"{listed(sorted(types) or ['nothing'])} in {merge.named([index])}"
            for index, types in sorted(by_subgraph.items())
        ]
    )
    message = (
        f'Shared field "{item.coordinate}" returns the {noun} "{typerefs.base(item.type)}", but no type is possible in '
        f"all subgraphs: {uses}. Reached by\n{trail.query(open_ended=True)}"
    )
    names = tuple(merge.subgraphs[index].name for index in sorted(by_subgraph))
    hint = "let the subgraphs return a common type, or resolve the field in one of them"
    return Mistake("SHAREABLE_HAS_MISMATCHED_RUNTIME_TYPES", message, item.coordinate, hint, names)
