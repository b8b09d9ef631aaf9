"""An independent check of a plan: it answers exactly the operation, and every input is there when it is used.

The prover runs the plan symbolically, reading each request's text against what its subgraph can do, and knows nothing
of how the plan was found. Tests hold every plan to it.
"""

from __future__ import annotations

from collections.abc import Iterable

from graphql import (
    FieldNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    parse,
    parse_value,
    print_ast,
    validate,
)

from gateway.operation.model import Field, Operation, Selection
from gateway.planning.knowledge import Conditions, Identity, Place, Spotted, Value, follow, implied
from gateway.planning.nodes import (
    arguments_of,
    condition_type,
    conditions_of,
    fields_of,
    fragments_of,
    held_by_fields,
    key_of,
)
from gateway.planning.plan import EntityBatch, Fetch, Input, InputField, InputSelection, Path, Plan, Rename
from gateway.planning.prove_contexts import context_problems, contextual_names
from gateway.planning.prove_source import source_problems
from gateway.supergraph.fieldset import FieldSet, FieldSetField, FieldSetFragment, print_field_set
from gateway.supergraph.model import FieldJoin, Supergraph, list_depth, named_type
from gateway.supergraph.views import SubgraphView

__all__ = ["prove"]


def prove(supergraph: Supergraph, operation: Operation, plan: Plan, labels: Iterable[str] = ()) -> list[str]:
    """Everything that is wrong with ``plan``, in words; empty when it is proven."""
    proof = _Proof(supergraph, operation, frozenset(labels))
    proof.problems.extend(source_problems(operation, plan))
    for fetch in plan.fetches:
        proof.run(fetch)
    proof.client()
    return proof.problems


class _Proof:
    def __init__(self, supergraph: Supergraph, operation: Operation, labels: frozenset[str]) -> None:
        self.supergraph = supergraph
        self.operation = operation
        self.labels = labels
        self.root = Place.of(supergraph, operation.root)
        self.problems: list[str] = []
        self.done: set[int] = set()
        self.fetch: Fetch
        self.view: SubgraphView
        self.renames: dict[tuple[Path, str], str] = {}
        self.batch: EntityBatch | None = None

    def say(self, problem: str) -> None:
        """Note a problem of the fetch being run."""
        text = f"fetch {self.fetch.id} to {self.fetch.subgraph}: {problem}"
        if text not in self.problems:
            self.problems.append(text)

    # -- running -----------------------------------------------------------------------------------------------------

    def run(self, fetch: Fetch) -> None:
        """Run one fetch: what it reads must be there, what it selects will be."""
        self.fetch = fetch
        self.batch = None
        self.view = self.supergraph.view(self.supergraph.by_name[fetch.subgraph].graph)
        if not set(fetch.depends) <= self.done:
            self.say(f"runs before {sorted(set(fetch.depends) - self.done)}, on which it depends")
        document = parse(fetch.text, no_location=True)
        for error in validate(self.view.schema, document):
            self.say(f"is not legal there: {error.message}")
        definition = document.definitions[0]
        if not isinstance(definition, OperationDefinitionNode):
            return
        under = frozenset(fetch.conditions)
        if fetch.batches:
            answers = {key_of(node): node for node in fields_of(definition.selection_set)}
            staged = [self._stage(batch, answers[batch.alias]) for batch in fetch.batches]
            for batch, node, spots in staged:
                self.batch = batch
                self._land(batch, node, spots, under | frozenset(batch.conditions))
        else:
            self._note_renames(fetch.renames)
            for spot in follow(self.root, fetch.path):
                if isinstance(spot, str):
                    self.say(spot)
                else:
                    root = self.supergraph.roots[self.operation.kind if not fetch.path else "query"]
                    self._select(spot.place, spot.types, definition.selection_set, root, under, (), ())
        self.done.add(fetch.id)

    def _note_renames(self, renames: Iterable[Rename]) -> None:
        self.renames = {(each.path, each.alias): each.key for each in renames}

    def _stage(self, batch: EntityBatch, node: FieldNode) -> tuple[EntityBatch, FieldNode, list[tuple[Spotted, Input]]]:
        """Which objects the batch asks about, with which shape; all is read before anything lands."""
        found: list[tuple[Spotted, Input]] = []
        for target in batch.targets:
            for spot in follow(self.root, target):
                if isinstance(spot, str):
                    self.say(spot)
                    continue
                left = set(spot.types)
                for shape in batch.inputs:
                    fits = left & set(shape.types) if shape.types else set(left)
                    left -= fits
                    if fits:
                        found.append((Spotted(spot.place, frozenset(fits), spot.conditions), shape))
        return batch, node, found

    def _land(self, batch: EntityBatch, node: FieldNode, spots: list[tuple[Spotted, Input]], under: Conditions) -> None:
        self._note_renames(batch.renames)
        for spot, shape in spots:
            for condition in self._item_conditions(node, shape.typename):
                for each in sorted(spot.types):
                    needed = spot.conditions | under | condition
                    if shape.types and not spot.place.tells_type(each, needed):
                        self.say(f"picks {each} at {batch.targets} without knowing the type")
                    self._check_inputs(spot.place, each, shape.selections, needed)
            self._check_entity(spot, shape, node)
            for fragment in fragments_of(node.selection_set):
                if condition_type(fragment) == shape.typename:
                    types = spot.types
                    owner = shape.typename
                    self._select(spot.place, types, fragment.selection_set, owner, under, (), shape.selections)

    def _item_conditions(self, node: FieldNode, typename: str) -> list[Conditions]:
        found: set[Conditions] = set()
        for fragment in fragments_of(node.selection_set):
            if condition_type(fragment) == typename:
                found |= set(held_by_fields(fragment.selection_set, frozenset()))
        return sorted(found, key=lambda each: sorted((one.variable, one.negated) for one in each)) or [frozenset()]

    def _check_inputs(self, place: Place, type: str, parts: Iterable[InputSelection], needed: Conditions) -> None:
        for part in parts:
            if not isinstance(part, InputField):
                if type in part.types:
                    if not place.tells_type(type, needed):
                        self.say(f"an input needs the type of {type}")
                    self._check_inputs(place, type, part.selections, needed)
                continue
            if not frozenset(part.conditions) <= needed:
                continue  # not sent then
            value = place.value(type, part.source)
            if value is None or not implied(value.alternatives, needed):
                if part.source != "__typename" or place.abstract:
                    self.say(f"input {part.name} of {type} is not there (under {part.source!r})")
                continue
            value.used = True
            if value.identity[0] != part.name:
                self.say(f"input {part.name} of {type} reads {value.identity[0]} instead")
            if value.place is not None:
                for each in sorted(value.place.alive):
                    self._check_inputs(value.place, each, part.selections, needed | min(value.alternatives, key=len))

    def _check_entity(self, spot: Spotted, shape: Input, node: FieldNode) -> None:
        """The representation must be one that the subgraph can look up, of a type it stands for."""
        owner = self.supergraph.types.get(shape.typename)
        if owner is None or not self.view.knows(shape.typename):
            self.say(f"does not know {shape.typename}")
            return
        for each in sorted(spot.types):
            if each != owner.name and each not in self.supergraph.possible_types(owner.name):
                self.say(f"sends {each} as {owner.name}, which it is not")
        keys = [key for key in owner.keys_in(self.view.graph) if key.resolvable]
        some = sorted(spot.types)[0] if spot.types else ""
        if spot.types and not any(self._covers(spot.place, some, shape.selections, key.fields) for key in keys):
            self.say(f"has no key by which {owner.name} could be found with what is sent")

    def _covers(self, place: Place, type: str, parts: tuple[InputSelection, ...], wanted: FieldSet) -> bool:
        """Whether the representation of a ``type`` holds every field of ``wanted``, with the right arguments."""
        for each in wanted:
            if isinstance(each, FieldSetFragment):
                within = self.supergraph.possible_types(each.type) or (each.type,)
                if type in within and not self._covers(place, type, parts, each.selections):
                    return False
                continue
            if not self._covers_field(place, type, parts, each):
                return False
        return True

    def _covers_field(self, place: Place, type: str, parts: tuple[InputSelection, ...], wanted: FieldSetField) -> bool:
        for part in _flat(parts, type):
            if part.name != wanted.name:
                continue
            value = place.value(type, part.source)
            if value is None or value.identity != (wanted.name, wanted.arguments):
                continue
            below = value.place
            if below is None or all(
                self._covers(below, each, part.selections, wanted.selections) for each in sorted(below.alive)
            ):
                return True
        return False

    # -- selecting ---------------------------------------------------------------------------------------------------

    def _select(
        self,
        place: Place,
        types: frozenset[str],
        selections: SelectionSetNode | None,
        owner: str,
        under: Conditions,
        path: Path,
        sent: tuple[InputSelection, ...],
        provided: FieldSet = (),
    ) -> None:
        """Put what a selection set on ``owner`` fetches into ``place``."""
        for node in selections.selections if selections else ():
            held = under | conditions_of(node.directives)
            if isinstance(node, InlineFragmentNode):
                name = condition_type(node) or owner
                here = types if name == owner else types & frozenset(self.view.possible.get(name, ()))
                self._select(place, here, node.selection_set, name, held, path, sent, provided)
            elif isinstance(node, FieldNode):
                for each in sorted(types):
                    self._put(place, each, node, owner, held, path, sent, provided)

    def _put(
        self,
        place: Place,
        type: str,
        node: FieldNode,
        owner: str,
        held: Conditions,
        path: Path,
        sent: tuple[InputSelection, ...],
        provided: FieldSet,
    ) -> None:
        alias = key_of(node)
        key = self.renames.get((path, alias), alias)
        source = type if self.view.kinds.get(type) == "object" and owner not in self.view.interface_objects else owner
        hidden = contextual_names(self.view.join(source, node.name.value))
        own = [each for each in node.arguments or () if each.name.value not in hidden]
        identity: Identity = (node.name.value, arguments_of(own))
        value = place.values.setdefault(type, {}).setdefault(key, Value(identity))
        if value.identity != identity:
            self.say(f"puts {identity[0]} under {key!r} of {type}, where {value.identity[0]} lies")
        value.alternatives.append(held)
        name = node.name.value
        if name == "__typename":
            if owner in self.view.interface_objects:
                self.say(f"asks the interface object {owner} for its real type")
            return
        join = self._join(place, type, source, name, _sent_under(sent, held), provided)
        if join is not None and join.context_arguments:
            for problem in context_problems(self.supergraph, self.root, self.batch, node, join):
                self.say(problem)
        if join is None or node.selection_set is None:
            return
        within = _provided(self.supergraph, provided, type, name) + join.provides
        if value.place is None:
            declared = self.supergraph.field(type, name) or self.supergraph.field(place.declared, name)
            value.place = Place.of(self.supergraph, declared.type if declared else join.type)
            value.place.doubtful = self._doubtful(type, name)
        inner = named_type(join.type)
        if inner not in self.view.interface_objects:
            value.place.narrow(set(self.view.possible.get(inner, ()) or (inner,)))
        value.place.reached = True
        below = (*path, key, *("@",) * list_depth(join.type))
        self._select(value.place, frozenset(value.place.alive), node.selection_set, inner, held, below, (), within)

    def _join(
        self,
        place: Place,
        type: str,
        owner: str,
        name: str,
        sent: tuple[InputSelection, ...],
        provided: FieldSet,
    ) -> FieldJoin | None:
        """The join by which the subgraph resolves the field here; says so when it cannot."""
        join = self.view.join(owner, name)
        field = self.supergraph.field(owner, name)
        if join is None or field is None:
            self.say(f"does not have {owner}.{name}")
            return None
        offered = any(isinstance(each, FieldSetField) and each.name == name for each in _for(self, provided, type))
        if offered:
            return join
        at_hand = bool(provided) and self._at_hand(provided, type, join.requires)
        if join.requires and not at_hand and not (sent and self._covers(place, type, sent, join.requires)):
            self.say(f"{owner}.{name} requires {print_field_set(join.requires)}, which is not sent")
        if join.external and not join.requires and not self._extension_key(owner, name):
            self.say(f"{owner}.{name} is external there")
        if join.used_overridden or self._overridden(owner, name):
            self.say(f"{owner}.{name} is overridden there")
        return join

    def _at_hand(self, provided: FieldSet, type: str, wanted: FieldSet) -> bool:
        """Whether ``@provides`` has promised everything that is required."""
        for each in wanted:
            if isinstance(each, FieldSetFragment):
                within = self.supergraph.possible_types(each.type) or (each.type,)
                if type in within and not self._at_hand(provided, type, each.selections):
                    return False
                continue
            join = self.view.join(type, each.name)
            offered = any(part.name == each.name for part in _for(self, provided, type))
            if each.arguments or join is None or (join.external and not offered):
                return False
            below = _provided(self.supergraph, provided, type, each.name)
            inner = self.view.possible.get(named_type(join.type), ())
            if each.selections and not all(self._at_hand(below, one, each.selections) for one in inner):
                return False
        return True

    def _doubtful(self, type: str, name: str) -> set[str]:
        """Types below the field that not every subgraph which resolves it can answer with."""
        field = self.supergraph.field(type, name)
        declared = named_type(field.type) if field else ""
        found: set[str] = set()
        for join in field.joins if field else ():
            view = self.supergraph.view(join.graph)
            inner = named_type(join.type)
            if not join.external and inner not in view.interface_objects:
                found |= set(self.supergraph.possible_types(declared)) - set(view.possible.get(inner, ()) or (inner,))
        return found

    def _extension_key(self, owner: str, name: str) -> bool:
        there = self.supergraph.types[owner].join(self.view.graph)
        keys = self.supergraph.types[owner].keys_in(self.view.graph)
        named = any(isinstance(each, FieldSetField) and each.name == name for key in keys for each in key.fields)
        return there is not None and there.extension and named

    def _overridden(self, owner: str, name: str) -> bool:
        field = self.supergraph.field(owner, name)
        for join in field.joins if field else ():
            on = not join.override_label or join.override_label in self.labels
            if join.override == self.fetch.subgraph and join.graph != self.view.graph and on:
                return True
            if join.graph == self.view.graph and join.override and not on:
                return True
        return False

    # -- the client --------------------------------------------------------------------------------------------------

    def client(self) -> None:
        """Everything the client asked for must be there, and nothing else."""
        self._walk(self.root, frozenset({self.operation.root}), self.operation.selections, frozenset(), ())
        self._waste(self.root, (), set())

    def _walk(
        self, place: Place, types: frozenset[str], selections: Iterable[Selection], under: Conditions, path: Path
    ) -> None:
        for selection in selections:
            held = under | frozenset(selection.conditions)
            if not isinstance(selection, Field):
                within = frozenset(self.supergraph.possible_types(selection.type) or (selection.type,))
                self._walk(place, types & within, selection.selections, held, path)
                continue
            if not path and selection.name.startswith("__"):
                continue
            for each in sorted(types & place.alive):
                self._need(place, each, selection, held, (*path, selection.key))

    def _need(self, place: Place, type: str, field: Field, held: Conditions, path: Path) -> None:
        value = place.value(type, field.key)
        where = f"{'.'.join(path)} of {type}"
        arguments = tuple(sorted((each.name, print_ast(parse_value(each.text))) for each in field.arguments))
        if value is None:
            if not (field.name == "__typename" and not place.abstract) and type not in place.doubtful:
                self.problems.append(f"{where} is never fetched")
            return
        value.used = True
        if value.identity != (field.name, arguments):
            self.problems.append(f"{where} holds {value.identity[0]} instead of {field.name}")
        if not implied(value.alternatives, held):
            self.problems.append(f"{where} is fetched only under other conditions")
        if value.place is not None:
            self._walk(value.place, frozenset(value.place.alive), field.selections, held, path)

    def _waste(self, place: Place, path: Path, seen: set[int]) -> None:
        if id(place) in seen:
            return
        seen.add(id(place))
        for name, values in place.values.items():
            for key, value in values.items():
                if not value.used and key != "__typename" and len(values) > 1 and value.place is None:
                    self.problems.append(f"{'.'.join((*path, key))} of {name} is fetched for nothing")
                if value.place is not None:
                    self._waste(value.place, (*path, key), seen)


def _sent_under(parts: tuple[InputSelection, ...], held: Conditions) -> tuple[InputSelection, ...]:
    """The fields of a representation that are sent whenever ``held`` holds."""
    return tuple(part for part in parts if not isinstance(part, InputField) or frozenset(part.conditions) <= held)


def _for(proof: _Proof, provided: FieldSet, type: str) -> list[FieldSetField]:
    found: list[FieldSetField] = []
    for each in provided:
        if isinstance(each, FieldSetField):
            found.append(each)
        elif type in (proof.supergraph.possible_types(each.type) or (each.type,)):
            found.extend(_for(proof, each.selections, type))
    return found


def _provided(supergraph: Supergraph, provided: FieldSet, type: str, name: str) -> FieldSet:
    """What ``provided`` promises below the field ``name``."""
    found: FieldSet = ()
    for each in provided:
        if isinstance(each, FieldSetField):
            found += each.selections if each.name == name else ()
        elif type in (supergraph.possible_types(each.type) or (each.type,)):
            found += _provided(supergraph, each.selections, type, name)
    return found


def _flat(parts: Iterable[InputSelection], type: str) -> list[InputField]:
    found: list[InputField] = []
    for part in parts:
        if isinstance(part, InputField):
            found.append(part)
        elif type in part.types:
            found.extend(_flat(part.selections, type))
    return found
