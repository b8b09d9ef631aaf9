"""The lookup fields of a document in the composite schemas dialect, each with what its arguments are made of.

Codes: LOOKUP_MUST_HAVE_ARGUMENTS, LOOKUP_RETURNS_LIST, LOOKUP_UNREACHABLE, LOOKUP_KEY_HAS_ARGUMENTS, IS_INVALID_SYNTAX,
IS_INVALID_FIELD_TYPE, IS_INVALID_USAGE; hint LOOKUP_RETURNS_NON_NULLABLE_TYPE.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product

from graphql import print_ast
from graphql.language import FieldDefinitionNode, InputValueDefinitionNode, ListTypeNode, NonNullTypeNode

from gateway.composition.composite.dialect import Document, argument_text, base_name, directive, has
from gateway.composition.read import line_of
from gateway.composition.report import Hint
from gateway.errors import Mistake
from gateway.supergraph.lookups import Filled, Lookup
from gateway.supergraph.selectionmap import (
    Choice,
    Field,
    Items,
    Made,
    SelectionMap,
    SelectionMapError,
    Step,
    parse_selection_map,
    print_selection_map,
)

__all__ = ["Found", "find_lookups", "read_map"]


@dataclass
class Found:
    """The lookups of one document, and what is wrong or noteworthy about them."""

    lookups: list[Lookup] = field(default_factory=list)
    mistakes: list[Mistake] = field(default_factory=list)
    hints: list[Hint] = field(default_factory=list)


def find_lookups(document: Document) -> Found:
    """Every way into an entity: one for each lookup field, possible type and alternative of its arguments."""
    found = Found()
    reached: set[int] = set()
    for path, owner, node in _reachable(document, document.root("query"), (), frozenset()):
        reached.add(id(node))
        _read(document, path, owner, node, found)
    for owner in document.types:
        for node in document.fields(owner).values():
            where = f"{owner}.{node.name.value}"
            if has(node, "lookup") and id(node) not in reached:
                found.mistakes.append(_unreachable(where, node))
            if not has(node, "lookup"):
                found.mistakes.extend(_misused(where, node))
    return found


def _unreachable(where: str, node: FieldDefinitionNode) -> Mistake:
    return Mistake(
        "LOOKUP_UNREACHABLE",
        f'Nobody can ask for "{where}": no fields without arguments lead to it from Query.',
        f"{where}, line {line_of(node)}",
        "put the lookup on Query, or on a type that a field of Query without arguments returns",
    )


def _misused(where: str, node: FieldDefinitionNode) -> Iterator[Mistake]:
    for argument in node.arguments or ():
        if has(argument, "is"):
            yield Mistake(
                "IS_INVALID_USAGE",
                f'"@is" on "{where}({argument.name.value}:)" has no meaning: the field is no lookup.',
                f"{where}, line {line_of(argument)}",
                'add "@lookup" to the field, or take "@is" away',
            )


def _reachable(
    document: Document, owner: str, path: tuple[str, ...], passed: frozenset[str]
) -> Iterator[tuple[tuple[str, ...], str, FieldDefinitionNode]]:
    """Lookup fields below ``owner``, over fields that have no arguments, with the path to each."""
    for name, node in document.fields(owner).items():
        if has(node, "lookup"):
            yield (*path, name), owner, node
        elif not node.arguments and not _listed(node):
            inner = base_name(node.type)
            if inner not in passed and document.is_object(inner):
                yield from _reachable(document, inner, (*path, name), passed | {inner})


def _listed(node: FieldDefinitionNode) -> bool:
    kind = node.type.type if isinstance(node.type, NonNullTypeNode) else node.type
    return isinstance(kind, ListTypeNode)


def _read(document: Document, path: tuple[str, ...], owner: str, node: FieldDefinitionNode, found: Found) -> None:
    where, place = f"{owner}.{node.name.value}", f"{owner}.{node.name.value}, line {line_of(node)}"
    if not node.arguments:
        message = f'The lookup "{where}" has no arguments, so it says nothing of which entity it finds.'
        found.mistakes.append(
            Mistake("LOOKUP_MUST_HAVE_ARGUMENTS", message, place, "give it the entity's key as arguments")
        )
    if _listed(node):
        message = f'The lookup "{where}" returns a list: a lookup finds one entity.'
        found.mistakes.append(Mistake("LOOKUP_RETURNS_LIST", message, place, "return the entity itself, nullable"))
    elif isinstance(node.type, NonNullTypeNode):
        message = f'The lookup "{where}" never returns null: one entity that is not there takes others with it.'
        found.hints.append(Hint("LOOKUP_RETURNS_NON_NULLABLE_TYPE", f"[{document.name}] {message}", where))
    maps = [(each, read_map(each, "is", where, found.mistakes)) for each in node.arguments or ()]
    if found.mistakes or not all(made for _, made in maps):
        return
    for type_name in document.possible(base_name(node.type)):
        kinds = {type_name, *document.interfaces(type_name)}
        ways = [[(argument, way) for way in _ways(made, kinds)] for argument, made in maps if made is not None]
        for chosen in product(*ways):
            arguments = tuple(
                Filled(argument.name.value, print_ast(argument.type), print_selection_map(way))
                for argument, way in chosen
            )
            lookup = Lookup(document.name, type_name, path, arguments)
            if "(" in lookup.key:
                found.mistakes.append(_argued(where, place, lookup))
            found.lookups.append(lookup)


def _argued(where: str, place: str, lookup: Lookup) -> Mistake:
    return Mistake(
        "LOOKUP_KEY_HAS_ARGUMENTS",
        f'The lookup "{where}" finds by "{lookup.key}": a key\'s fields cannot have arguments in this gateway.',
        place,
        "look up by a field without arguments",
    )


def read_map(argument: InputValueDefinitionNode, name: str, where: str, mistakes: list[Mistake]) -> SelectionMap | None:
    """The map that ``@is`` or ``@require`` (``name``) gives the argument, or that of its own name; None with a mistake told."""
    applied = directive(argument, name)
    if applied is None:
        return Field((Step(argument.name.value),))
    text, place = argument_text(applied, "field"), f"{where}({argument.name.value}:), line {line_of(argument)}"
    if text is None:
        message = f'"@{name}(field:)" on "{where}({argument.name.value}:)" is no string.'
        code = "IS_INVALID_FIELD_TYPE" if name == "is" else "REQUIRE_INVALID_FIELDS_TYPE"
        mistakes.append(Mistake(code, message, place, f'write a selection map: @{name}(field: "id")'))
        return None
    try:
        return parse_selection_map(text)
    except SelectionMapError as problem:
        code = "IS_INVALID_SYNTAX" if name == "is" else "REQUIRE_INVALID_SYNTAX"
        message = f'"@{name}(field:)" on "{where}({argument.name.value}:)" cannot be read: {problem}.'
        mistakes.append(Mistake(code, message, place, 'write paths and objects: "a.b", "{ x: a.b, y }", "items[id]"'))
        return None


def _ways(made: SelectionMap, kinds: set[str]) -> list[SelectionMap]:
    """The alternatives of a map for an object of one type, the type's own name left out of their paths."""
    if isinstance(made, Choice):
        return [way for each in made.among for way in _ways(each, kinds)]
    found = _for(made, kinds)
    return [found] if found is not None else []


def _for(made: SelectionMap, kinds: set[str]) -> SelectionMap | None:
    """The map for an object whose type goes by ``kinds``; None where it asks for another type."""
    match made:
        case Field(path, rest):
            first = path[0]
            if first.on and first.on not in kinds:
                return None
            return Field((Step(first.name, first.arguments), *path[1:]), rest)
        case Made(fields):
            inner = [(name, _for(each, kinds)) for name, each in fields]
            kept = tuple((name, each) for name, each in inner if each is not None)
            return Made(kept) if len(kept) == len(fields) else None
        case Choice(among):
            ways = [each for each in (_for(one, kinds) for one in among) if isinstance(each, Field | Made)]
            return ways[0] if len(ways) == 1 else Choice(tuple(ways)) if ways else None
        case Items():
            return made
