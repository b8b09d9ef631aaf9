"""Fields that a document in the dialect only names in maps: defined elsewhere, declared here as external ones.

Codes: IS_INVALID_FIELDS, REQUIRE_INVALID_FIELDS, REQUIRE_UNSUPPORTED.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from graphql.language import (
    ConstDirectiveNode,
    EnumTypeDefinitionNode,
    FieldDefinitionNode,
    InputObjectTypeDefinitionNode,
    NameNode,
    NonNullTypeNode,
    ObjectTypeDefinitionNode,
    ObjectTypeExtensionNode,
    ScalarTypeDefinitionNode,
)

from gateway.composition.composite.dialect import Document, base_name, has
from gateway.composition.typerefs import BUILT_IN_SCALARS
from gateway.errors import Mistake
from gateway.supergraph.selectionmap import SelectionMap, Step, paths_of

__all__ = ["Borrowed", "Place"]

_LEAVES = (EnumTypeDefinitionNode, ScalarTypeDefinitionNode, InputObjectTypeDefinitionNode)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a map stands, and the code of a mistake in it."""

    coordinate: str
    line: int
    code: str


@dataclass
class Borrowed:
    """What one document takes from the others: external fields by type, and definitions of types it does not have."""

    document: Document
    others: Sequence[Document]
    fields: dict[str, dict[str, FieldDefinitionNode]] = field(default_factory=dict)
    types: dict[str, Any] = field(default_factory=dict)

    def need(self, owner: str, mapped: SelectionMap, place: Place, *, elsewhere: bool) -> list[Mistake]:
        """Borrow what a map on ``owner`` names; the mistakes in it.

        ``elsewhere``: its fields have to be another subgraph's, as those of ``@require`` do.
        """
        found: list[Mistake] = []
        for path in paths_of(mapped):
            found.extend(self._follow(owner, path, place, elsewhere))
        return found

    def _follow(self, owner: str, path: Sequence[Step], place: Place, elsewhere: bool) -> Iterator[Mistake]:
        for position, step in enumerate(path):
            last = position == len(path) - 1
            parent = step.on or owner
            own, theirs = self._own(parent, step.name), self._theirs(parent, step.name)
            if step.on or (theirs is None and own is None and self._abstract(parent)):
                yield _mistake(place, "REQUIRE_UNSUPPORTED", f'"{parent}" is one of several types there: this gateway '
                               "takes values only from fields whose type is an object", "ask for a field of an object type")  # fmt: skip
                return
            chosen = own or theirs
            if chosen is None:
                known = f'no subgraph has a field "{parent}.{step.name}"'
                yield _mistake(place, place.code, known, "name a field that there is, or write it out with a map")
                return
            if elsewhere and last and theirs is None:
                only = f'"{parent}.{step.name}" is only in this subgraph, which needs nobody to tell it'
                yield _mistake(place, place.code, only, "take the argument away, or name a field of another subgraph")
                return
            inner = base_name(chosen.type)
            if last and self._composite(inner):
                objects = f'"{parent}.{step.name}" is an object, not a value'
                yield _mistake(place, place.code, objects, f'say what of it: "{step.name}.{{ field }}"')
                return
            if own is None:
                self._take(parent, chosen)
            owner = inner

    def _own(self, owner: str, name: str) -> FieldDefinitionNode | None:
        found = self.document.fields(owner).get(name)
        return None if found is None or has(found, "internal") else found

    def _theirs(self, owner: str, name: str) -> FieldDefinitionNode | None:
        """The field as another subgraph has it; as one that lets it be null, if there is one."""
        found = [
            each
            for other in self.others
            if not other.has_on(owner, "internal")
            and (each := other.fields(owner).get(name)) is not None
            and not has(each, "internal")
            and not has(each, "external")
        ]
        return next((each for each in found if not isinstance(each.type, NonNullTypeNode)), next(iter(found), None))

    def _composite(self, name: str) -> bool:
        return any(each.possible(name) or each.fields(name) for each in (self.document, *self.others))

    def _abstract(self, name: str) -> bool:
        return any(each.types.get(name) and not each.is_object(name) for each in (self.document, *self.others))

    def _take(self, owner: str, node: FieldDefinitionNode) -> None:
        """Declare another subgraph's field here, and the types it and its arguments need."""
        arguments = tuple(replace(each, directives=()) for each in node.arguments or ())
        external = ConstDirectiveNode(name=NameNode(value="external"), arguments=())
        taken = replace(node, description=None, arguments=arguments, directives=(external,), loc=None)
        self.fields.setdefault(owner, {})[node.name.value] = taken
        for name in (base_name(node.type), *(base_name(each.type) for each in arguments)):
            self._define(name)

    def _define(self, name: str) -> None:
        if name in BUILT_IN_SCALARS or name in self.types or name in self.document.types:
            return
        nodes = [each for other in self.others for each in other.types.get(name, ())]
        leaf = next((each for each in nodes if isinstance(each, _LEAVES)), None)
        if leaf is None:
            return  # an object type: it is there as soon as a field of it is
        self.types[name] = replace(leaf, description=None, directives=())
        if isinstance(leaf, InputObjectTypeDefinitionNode):
            for each in leaf.fields or ():
                self._define(base_name(each.type))

    def definitions(self) -> list[Any]:
        """The borrowed fields on the types they belong to, and the borrowed types."""
        made: list[Any] = []
        for owner, fields in self.fields.items():
            kind = ObjectTypeExtensionNode if owner in self.document.types else ObjectTypeDefinitionNode
            made.append(
                kind(
                    name=NameNode(value=owner),
                    interfaces=(),
                    directives=(),
                    fields=tuple(fields.values()),
                    **({"description": None} if kind is ObjectTypeDefinitionNode else {}),
                )
            )
        return [*made, *self.types.values()]


def _mistake(place: Place, code: str, said: str, hint: str) -> Mistake:
    return Mistake(
        code,
        f'The map on "{place.coordinate}" cannot be filled: {said}.',
        f"{place.coordinate}, line {place.line}",
        hint,
    )
