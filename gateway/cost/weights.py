"""What the supergraph says of costs: a field's weight, its arguments' weights, and how long its list may be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from gateway.supergraph import Supergraph
from gateway.supergraph.model import ArgumentDef, FieldDef, InputFieldDef, TypeDef, list_depth, named_type

__all__ = ["Sizing", "Weights"]

_HEAVIEST: Final = 1_000_000_000  # so that no weight of a subgraph makes numbers that mean nothing


@dataclass(frozen=True, slots=True)
class Sizing:
    """A ``@listSize``: ``sized`` names the fields below whose lists it speaks of; none where it is the field's own."""

    assumed: int | None
    slicing: tuple[str, ...]
    sized: frozenset[str]
    one: bool


class Weights:
    """The weights of one supergraph. ``declared`` says whether any subgraph says anything of costs."""

    def __init__(self, supergraph: Supergraph) -> None:
        self._graph = supergraph
        self._cost, self._size = supergraph.cost_names
        self.declared = any(self._applied())

    def _applied(self) -> Iterator[bool]:
        for each in self._graph.types.values():
            yield self._speaks(each)
            yield from (self._speaks(item) for item in each.input_fields)
            for field in each.fields.values():
                yield self._speaks(field)
                yield from (self._speaks(argument) for argument in field.arguments)

    def _speaks(self, item: TypeDef | FieldDef | ArgumentDef | InputFieldDef) -> bool:
        return item.directive(self._cost) is not None or item.directive(self._size) is not None

    def fields(self, parent: str, name: str) -> list[FieldDef]:
        """The definitions that ``parent.name`` may mean: its own, and where ``parent`` is abstract its types' as well."""
        types = dict.fromkeys((parent, *self._graph.possible_types(parent)))
        return [found for each in types if (found := self._graph.field(each, name)) is not None]

    def weight(self, field: FieldDef) -> int:
        """What one instance of ``field`` costs without what lies below it."""
        applied = field.directive(self._cost)
        return self.of_type(named_type(field.type)) if applied is None else _bounded(applied.get("weight"))

    def of_type(self, name: str) -> int:
        """What one value of the type costs: its ``@cost``, or 1 for what has fields and 0 for a leaf.

        Of an abstract type, the dearest that it may be.
        """
        found = self._graph.types.get(name)
        if found is None:
            return 0
        if found.abstract:
            return max((self.of_type(each) for each in self.possible(name)), default=1)
        applied = found.directive(self._cost)
        return int(found.composite) if applied is None else _bounded(applied.get("weight"))

    def of_argument(self, argument: ArgumentDef | InputFieldDef) -> int:
        """What giving the argument or input field costs, without what an input object holds."""
        applied = argument.directive(self._cost)
        if applied is not None:
            return _bounded(applied.get("weight"))
        found = self._graph.types.get(named_type(argument.type))
        applied = found.directive(self._cost) if found is not None else None
        return 0 if applied is None else _bounded(applied.get("weight"))

    def sizing(self, field: FieldDef) -> Sizing | None:
        """The ``@listSize`` of ``field``, or None."""
        applied = field.directive(self._size)
        if applied is None:
            return None
        assumed = applied.get("assumedSize")
        return Sizing(
            None if assumed is None else _bounded(assumed),
            tuple(applied.get("slicingArguments") or ()),
            frozenset(applied.get("sizedFields") or ()),
            bool(applied.get("requireOneSlicingArgument", True)),
        )

    def inputs(self, type_text: str) -> tuple[InputFieldDef, ...]:
        """The fields of the input object that ``type_text`` names; none where it is none."""
        found = self._graph.types.get(named_type(type_text))
        return found.input_fields if found is not None else ()

    def possible(self, name: str) -> tuple[str, ...]:
        """The object types that an object of type ``name`` can be."""
        return self._graph.possible_types(name)

    @staticmethod
    def depth(field: FieldDef) -> int:
        """How many lists wrap the field's values."""
        return list_depth(field.type)


def _bounded(value: object) -> int:
    return max(-_HEAVIEST, min(_HEAVIEST, int(value))) if isinstance(value, int | float | str) else 0
