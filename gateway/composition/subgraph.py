"""One subgraph's SDL read into a ``Subgraph``: links resolved, specification elements defined, machinery stripped."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from graphql import GraphQLSyntaxError
from graphql.language import DocumentNode, parse

from gateway.composition import definitions, references, specs, typerefs
from gateway.composition.links import Links, read_links
from gateway.composition.read import ROOT_NAMES, read_schema
from gateway.composition.schema import Applied, Kind, Schema, TypeDef
from gateway.composition.specs import FEDERATION, Version
from gateway.errors import Mistake

__all__ = [
    "Spot",
    "Subgraph",
    "SubgraphSDL",
    "Syntax",
    "new_query",
    "parse_sdl",
    "read_subgraph",
    "rename_roots",
    "spots",
]

_BUILT_IN_ELEMENTS = frozenset({"deprecated", "specifiedBy"})


@dataclass(frozen=True, slots=True)
class SubgraphSDL:
    """What one team publishes: the subgraph's name, where it is served, and its schema.

    ``dialect`` is "federation", "composite", or "" where the schema itself shows it.
    """

    name: str
    url: str
    sdl: str
    dialect: str = ""


@dataclass
class Subgraph:
    """A subgraph as the later stages see it.

    ``federation`` is the linked version, ``None`` for Federation 1. ``document`` is the SDL as parsed, for
    the rules about names written twice. ``aside`` are definitions of built-in scalars, which are left out but may hold
    directives.
    """

    name: str
    url: str
    schema: Schema
    links: Links
    federation: Version | None
    document: DocumentNode
    upgraded: bool = False
    aside: list[TypeDef] = field(default_factory=list)

    def local(self, element: str) -> str:
        """What a federation directive is called here, without ``@``."""
        link = self.links.by_identity(FEDERATION)
        return element if link is None else link.local(f"@{element}")

    @property
    def version(self) -> Version:
        """The federation version that counts for this subgraph; Federation 1 counts as 2.4 once upgraded."""
        return self.federation or (2, 4)


@dataclass(frozen=True, slots=True)
class Spot:
    """A place directives can stand: its coordinate, its location's name, and what stands there."""

    coordinate: str
    location: str
    applied: list[Applied]


def spots(schema: Schema) -> Iterator[Spot]:
    """Every place of the schema that can hold directives, definitions of directives included."""
    yield Spot("schema", "SCHEMA", schema.applied)
    for definition in schema.types.values():
        yield from _type_spots(definition)
    for directive in schema.directives.values():
        for argument in directive.args.values():
            yield Spot(f"@{directive.name}({argument.name}:)", "ARGUMENT_DEFINITION", argument.directives)


_LOCATIONS = {
    Kind.SCALAR: "SCALAR",
    Kind.OBJECT: "OBJECT",
    Kind.INTERFACE: "INTERFACE",
    Kind.UNION: "UNION",
    Kind.ENUM: "ENUM",
    Kind.INPUT: "INPUT_OBJECT",
}


def _type_spots(definition: TypeDef) -> Iterator[Spot]:
    yield Spot(definition.name, _LOCATIONS[definition.kind], definition.directives)
    for item in definition.fields.values():
        yield Spot(item.coordinate, "FIELD_DEFINITION", item.directives)
        for argument in item.args.values():
            yield Spot(f"{item.coordinate}({argument.name}:)", "ARGUMENT_DEFINITION", argument.directives)
    for entry in definition.inputs.values():
        yield Spot(f"{definition.name}.{entry.name}", "INPUT_FIELD_DEFINITION", entry.directives)
    for value in definition.values.values():
        yield Spot(f"{definition.name}.{value.name}", "ENUM_VALUE", value.directives)


@dataclass(frozen=True, slots=True)
class Syntax:
    """A subgraph that parses, and nothing more."""

    source: SubgraphSDL
    document: DocumentNode


def parse_sdl(source: SubgraphSDL) -> Syntax | Mistake:
    """The parsed subgraph, or the syntax error in it."""
    try:
        return Syntax(source, parse(source.sdl))
    except GraphQLSyntaxError as error:
        where = f"line {error.locations[0].line}" if error.locations else ""
        hint = "mend the syntax there; nothing else of this subgraph could be read"
        return Mistake("INVALID_GRAPHQL", f"[{source.name}] {error.message}", where, hint, (source.name,))


def read_subgraph(syntax: Syntax) -> tuple[Subgraph | None, list[Mistake]]:
    """The subgraph, and every mistake that keeps it from being read.

    With mistakes about links or unknown types there is no subgraph: later rules would stumble over the same thing.
    """
    source, document = syntax.source, syntax.document
    mistakes: list[Mistake] = []
    if source.name == "_":
        hint = "give the subgraph another name"
        mistakes.append(Mistake("INVALID_SUBGRAPH_NAME", 'A subgraph cannot be named "_": it is reserved', hint=hint))
    schema = read_schema(document)
    links, found = read_links(schema.applied)
    mistakes.extend(found)
    if mistakes:
        return None, mistakes
    federation = links.by_identity(FEDERATION)
    subgraph = Subgraph(source.name, source.url, schema, links, federation.version if federation else None, document)
    mistakes.extend(definitions.complete(subgraph))
    mistakes.extend(_strip_machinery(subgraph))
    unknown = references.unknown_types(schema)
    if unknown:
        return None, unknown
    mistakes.extend(references.misplaced_types(schema))
    for spot in spots(schema):
        for application in spot.applied:
            application.element = _element(subgraph, application.name)
    for definition in subgraph.aside:
        for application in definition.directives:
            application.element = _element(subgraph, application.name)
    return subgraph, mistakes


def _element(subgraph: Subgraph, name: str) -> str:
    if name == subgraph.links.link_name:
        return "link"
    found = subgraph.links.source_of(f"@{name}")
    if found is not None:
        link, element = found
        return element.removeprefix("@") if link.identity == FEDERATION else f"{link.identity}#{element}"
    if subgraph.federation is None and name in definitions.FEDERATION_1_NAMES:
        return name
    return name if name in _BUILT_IN_ELEMENTS else ""


def _strip_machinery(subgraph: Subgraph) -> list[Mistake]:
    """Take out what federation adds itself: ``_entities``, ``_service``, their types, built-in scalars."""
    schema = subgraph.schema
    mistakes = definitions.machinery_mistakes(subgraph)
    subgraph.aside = [schema.types.pop(name) for name in sorted(typerefs.BUILT_IN_SCALARS) if name in schema.types]
    for name in specs.MACHINERY_TYPES:
        schema.types.pop(name, None)
    query = schema.types.get(schema.roots.get("query", "Query"))
    if query is not None:
        for name in specs.MACHINERY_FIELDS:
            query.fields.pop(name, None)
    return mistakes


def rename_roots(subgraph: Subgraph) -> list[Mistake]:
    """Give root types their standard names, everywhere; a mistake for each name another type already has."""
    schema, mistakes, names = subgraph.schema, list[Mistake](), dict[str, str]()
    for operation, standard in ROOT_NAMES.items():
        current = schema.roots.get(operation)
        if current is None or current == standard:
            continue
        if standard in schema.types:
            code = f"ROOT_{operation.upper()}_USED"
            message = (
                f'The schema has a type named "{standard}" but its {operation} root type is "{current}": '
                "root types take their standard names in the supergraph."
            )
            hint = f'rename the type "{standard}", or make it the {operation} root type'
            mistakes.append(Mistake(code, message, f"line {schema.types[standard].line}", hint))
        else:
            names[current] = standard
    if names and not mistakes:
        _rename_types(schema, names)
    return mistakes


def _rename_types(schema: Schema, names: dict[str, str]) -> None:
    schema.types = {names.get(name, name): definition for name, definition in schema.types.items()}
    schema.roots = {operation: names.get(name, name) for operation, name in schema.roots.items()}
    for name, definition in schema.types.items():
        definition.name = name
        definition.members = {names.get(member, member): block for member, block in definition.members.items()}
        for item in definition.fields.values():
            item.owner = name
            item.type = typerefs.rename(item.type, names)


def new_query() -> TypeDef:
    """The empty ``Query`` that a subgraph without one still has."""
    return TypeDef("Query", Kind.OBJECT)
