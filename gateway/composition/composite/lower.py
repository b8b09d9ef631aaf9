"""Documents in the composite schemas dialect rewritten as Federation 2 documents, and what is left over for execution."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from graphql import print_ast
from graphql.language import (
    BooleanValueNode,
    ConstArgumentNode,
    ConstDirectiveNode,
    DocumentNode,
    FieldDefinitionNode,
    InputObjectTypeDefinitionNode,
    InputObjectTypeExtensionNode,
    InterfaceTypeDefinitionNode,
    InterfaceTypeExtensionNode,
    NameNode,
    ObjectTypeDefinitionNode,
    ObjectTypeExtensionNode,
    StringValueNode,
    parse,
)

from gateway.composition.composite.borrowed import Borrowed, Place
from gateway.composition.composite.dialect import (
    DIRECTIVES,
    Document,
    argument_text,
    base_name,
    everywhere,
    has,
    without,
)
from gateway.composition.composite.lookups import find_lookups, read_map
from gateway.composition.composite.rules import local_mistakes
from gateway.composition.fieldsets import FieldSetError, parse_field_set
from gateway.composition.read import line_of
from gateway.composition.report import Hint, in_subgraph
from gateway.composition.specs import FEDERATION
from gateway.errors import Mistake
from gateway.supergraph.lookups import Filled, Lookup, Requirement
from gateway.supergraph.selectionmap import Made, field_set_of, print_selection_map

__all__ = ["Lowered", "lower"]

_SHARED = (DIRECTIVES - {"lookup", "internal", "is", "require"}) | {"requires"}
_BESIDE = frozenset(
    {"composeDirective", "tag"}
)  # not the dialect's, but a subgraph may want them: they are linked if used
_OBJECTS = (ObjectTypeDefinitionNode, ObjectTypeExtensionNode)
_FIELDED = (*_OBJECTS, InterfaceTypeDefinitionNode, InterfaceTypeExtensionNode)
_INPUTS = (InputObjectTypeDefinitionNode, InputObjectTypeExtensionNode)


@dataclass
class Lowered:
    """The documents in federation's terms, by subgraph; lookups and requirements with subgraphs' names as their graphs."""

    documents: dict[str, DocumentNode] = field(default_factory=dict)
    entries: list[Lookup | Requirement] = field(default_factory=list)
    mistakes: list[Mistake] = field(default_factory=list)
    hints: list[Hint] = field(default_factory=list)


def lower(documents: Sequence[tuple[str, DocumentNode, str]]) -> Lowered:
    """The documents in the dialect brought to federation's terms; the others, by which they are judged, stay as they are.

    Each comes with its subgraph's name and its dialect: "composite", "federation", or "" for what it shows itself.
    """
    read = [Document.of(name, node, dialect) for name, node, dialect in documents]
    lowered = Lowered()
    for document in read:
        if document.composite:
            _lower(document, [each for each in read if each is not document], lowered)
    return lowered


def _lower(document: Document, others: Sequence[Document], lowered: Lowered) -> None:
    found = find_lookups(document)
    mistakes = [*local_mistakes(document), *found.mistakes]
    lowered.hints.extend(found.hints)
    borrowed = Borrowed(document, others)
    requirements: list[Requirement] = []
    if not mistakes:
        for lookup in found.lookups:
            mistakes.extend(_borrow_key(document, borrowed, lookup))
        for owner in document.types:
            for node in document.fields(owner).values():
                requirements.extend(_requirement(document, borrowed, owner, node, mistakes))
    lowered.mistakes.extend(in_subgraph(document.name, mistakes))
    if mistakes:
        return
    lowered.entries.extend([*found.lookups, *requirements])
    lowered.documents[document.name] = _rewritten(document, borrowed, found.lookups, requirements)


def _borrow_key(document: Document, borrowed: Borrowed, lookup: Lookup) -> Iterator[Mistake]:
    where = ".".join((document.root("query"), *lookup.path))
    for each in lookup.arguments:
        place = Place(f"{where}({each.name}:)", _line(document, lookup), "IS_INVALID_FIELDS")
        yield from borrowed.need(lookup.type, each.made, place, elsewhere=False)


def _line(document: Document, lookup: Lookup) -> int:
    owner, node = document.root("query"), None
    for name in lookup.path:
        node = document.fields(owner)[name]
        owner = base_name(node.type)
    return line_of(node)


def _requirement(
    document: Document, borrowed: Borrowed, owner: str, node: FieldDefinitionNode, mistakes: list[Mistake]
) -> Iterator[Requirement]:
    where = f"{owner}.{node.name.value}"
    filled: list[Filled] = []
    for argument in node.arguments or ():
        if not has(argument, "require"):
            continue
        made = read_map(argument, "require", where, mistakes)
        if made is None:
            continue
        place = Place(f"{where}({argument.name.value}:)", line_of(argument), "REQUIRE_INVALID_FIELDS")
        mistakes.extend(borrowed.need(owner, made, place, elsewhere=True))
        filled.append(Filled(argument.name.value, print_ast(argument.type), print_selection_map(made)))
    if filled and document.is_object(owner):
        yield Requirement(document.name, owner, node.name.value, tuple(filled))


def _rewritten(
    document: Document, borrowed: Borrowed, lookups: Sequence[Lookup], requirements: Sequence[Requirement]
) -> DocumentNode:
    needed = {
        (each.type, each.field): field_set_of(Made(tuple((one.name, one.made) for one in each.arguments)))
        for each in requirements
    }
    kept: list[Any] = []
    keyed: set[str] = set()
    for node in document.node.definitions:
        name = getattr(getattr(node, "name", None), "value", "")
        if isinstance(node, _OBJECTS) and document.has_on(name, "internal"):
            continue
        if isinstance(node, _FIELDED):
            fields = tuple(_field(each, needed.get((name, each.name.value))) for each in _shown(document, node))
            keys = _keys(document, name, lookups) if isinstance(node, _OBJECTS) and name not in keyed else ()
            keyed.add(name)
            node = replace(node, fields=fields, directives=(*without(node, "internal", "key"), *keys))
        kept.append(node)
    unused = _only_filled(document, kept)
    kept = [each for each in kept if not (isinstance(each, _INPUTS) and each.name.value in unused)]
    head = parse(_head(document), no_location=True).definitions
    return DocumentNode(definitions=(*kept, *head, *borrowed.definitions()), loc=document.node.loc)


def _head(document: Document) -> str:
    used = {each.name.value for each in everywhere(document.node)}
    names = ", ".join(f'"@{name}"' for name in sorted(_SHARED | (_BESIDE & used)))
    return f'extend schema @link(url: "{FEDERATION}/v2.5", import: [{names}])'


def _shown(document: Document, node: Any) -> Iterator[FieldDefinitionNode]:
    """The fields of a node that others may know of."""
    yield from (each for each in node.fields or () if not has(each, "internal"))


def _field(node: FieldDefinitionNode, needed: str | None) -> FieldDefinitionNode:
    arguments = tuple(
        replace(each, directives=without(each, "is")) for each in node.arguments or () if not has(each, "require")
    )
    directives = without(node, "lookup")
    if needed:
        directives = (*directives, _applied("requires", needed))
    return replace(node, arguments=arguments, directives=directives)


def _keys(document: Document, name: str, lookups: Sequence[Lookup]) -> tuple[ConstDirectiveNode, ...]:
    """The keys of an object type: each lookup's can be entered, the others only name the object."""
    entered = {_normal(each.key): each.key for each in lookups if each.type == name}
    if name == document.root("query"):
        entered = {}
    texts, unreadable = dict(entered), list[ConstDirectiveNode]()
    for owner in (name, *document.interfaces(name)):
        for node in document.types.get(owner, ()):
            for applied in node.directives or ():
                text = argument_text(applied, "fields") if applied.name.value == "key" else None
                if text is not None:
                    texts.setdefault(_normal(text), text)
                elif applied.name.value == "key":
                    unreadable.append(applied)
    return (*(_applied("key", text, resolvable=key in entered) for key, text in texts.items()), *unreadable)


def _normal(text: str) -> Any:
    """The field set in a form in which equal ones are equal; the text itself where it cannot be read."""
    try:
        return frozenset(each.signature for each in parse_field_set(text))
    except FieldSetError:
        return text


def _applied(name: str, fields: str, *, resolvable: bool = True) -> ConstDirectiveNode:
    arguments = [ConstArgumentNode(name=NameNode(value="fields"), value=StringValueNode(value=fields))]
    if not resolvable:
        arguments.append(ConstArgumentNode(name=NameNode(value="resolvable"), value=BooleanValueNode(value=False)))
    return ConstDirectiveNode(name=NameNode(value=name), arguments=tuple(arguments))


def _only_filled(document: Document, kept: Sequence[Any]) -> set[str]:
    """Input types that only arguments use which clients no longer see."""
    before, after = _inputs_of(document, document.node.definitions), _inputs_of(document, kept)
    return before - after


def _inputs_of(document: Document, nodes: Sequence[Any]) -> set[str]:
    """The input types that the arguments of fields lead to."""
    named = [
        base_name(argument.type)
        for node in nodes
        if isinstance(node, _FIELDED)
        for each in node.fields or ()
        for argument in each.arguments or ()
    ]
    found: set[str] = set()
    while named:
        name = named.pop()
        inner = document.inputs(name)
        if inner and name not in found:
            found.add(name)
            named.extend(base_name(each.type) for each in inner.values())
    return found
