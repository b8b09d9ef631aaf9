"""Federation 1 subgraphs made into Federation 2 ones, as far as their meaning allows.

Federation 1 let a subgraph share value types and extend entities without saying so; here it is said for them.
Codes: EXTENSION_WITH_NO_BASE, TYPE_WITH_ONLY_UNUSED_EXTERNAL, INTERFACE_OBJECT_USAGE_ERROR.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from graphql.language import StringValueNode, print_ast

from gateway.composition import typerefs
from gateway.composition.definitions import misdefined
from gateway.composition.facts import Facts, applied, gather, parsed_fields
from gateway.composition.fieldsets import Selection, implementations
from gateway.composition.report import in_subgraph
from gateway.composition.schema import Applied, Block, FieldDef, Kind, Schema, TypeDef
from gateway.composition.specs import federation_directives
from gateway.composition.subgraph import Subgraph, spots
from gateway.errors import Mistake

__all__ = ["upgrade"]

_ROOTS = frozenset({"Query", "Mutation", "Subscription"})


def upgrade(subgraphs: Sequence[Subgraph]) -> tuple[list[Subgraph], list[Mistake]]:
    """The subgraphs with those of Federation 1 upgraded in place, and the mistakes that make it impossible."""
    old = [subgraph for subgraph in subgraphs if subgraph.federation is None]
    mistakes: list[Mistake] = []
    for subgraph in old:
        found = [
            *misdefined(subgraph, subgraph.version),
            *_without_base(subgraph, subgraphs),
            *_interface_objects(subgraph, subgraphs),
        ]
        mistakes.extend(in_subgraph(subgraph.name, found))
    if mistakes:
        return list(subgraphs), mistakes
    for subgraph in old:
        _recognise_directives(subgraph)
        _mend_syntax(subgraph)
        _drop_meaningless_external(subgraph.schema)
        _drop_external_from_extension_keys(subgraph, subgraphs)
    for subgraph in old:
        _drop_local_leaves(subgraph)
        _settle_extensions(subgraph.schema)
        _drop_from_interfaces(subgraph.schema)
        mistakes.extend(in_subgraph(subgraph.name, _drop_unused_external(subgraph)))
        subgraph.upgraded = True
    facts = [gather(subgraph) for subgraph in subgraphs]
    for subgraph in old:
        _share(subgraph, [entry for entry in facts if entry.subgraph is not subgraph])
        _drop_repeated_tags(subgraph, [entry for entry in facts if entry.subgraph is not subgraph])
    return list(subgraphs), mistakes


def _is_extension(definition: TypeDef) -> bool:
    """Whether a Federation 1 type adds to another subgraph's: only extended, or marked ``@extends``."""
    return not definition.has_definition or applied(definition, "extends") is not None


def _fields(schema: Schema, *kinds: Kind) -> Iterator[FieldDef]:
    for definition in schema.types.values():
        if definition.kind in kinds:
            yield from definition.fields.values()


def _without(directives: Iterable[Applied], *elements: str) -> list[Applied]:
    return [application for application in directives if application.element not in elements]


def _without_base(subgraph: Subgraph, subgraphs: Sequence[Subgraph]) -> Iterator[Mistake]:
    for definition in subgraph.schema.types.values():
        if definition.kind not in (Kind.OBJECT, Kind.INTERFACE) or definition.name in _ROOTS:
            continue
        if _is_extension(definition) and not any(
            _defines(other, definition.name) for other in subgraphs if other is not subgraph
        ):
            message = f'Type "{definition.name}" is an extension type, but no subgraph defines "{definition.name}".'
            where = f"{definition.name}, line {definition.line}"
            hint = f'define "{definition.name}" in one subgraph, without extend'
            yield Mistake("EXTENSION_WITH_NO_BASE", message, where, hint)


def _defines(subgraph: Subgraph, name: str) -> bool:
    definition = subgraph.schema.types.get(name)
    return definition is not None and definition.has_definition


def _interface_objects(subgraph: Subgraph, subgraphs: Sequence[Subgraph]) -> Iterator[Mistake]:
    for definition in subgraph.schema.types.values():
        if definition.kind is not Kind.INTERFACE or applied(definition, "key") is None:
            continue
        for other in subgraphs:
            standing = other.schema.types.get(definition.name)
            if standing is not None and applied(standing, "interfaceObject") is not None:
                message = (
                    f'Interface "{definition.name}" is an @interfaceObject in subgraph "{other.name}", '
                    "but keys on interfaces mean nothing in Federation 1."
                )
                where = f"{definition.name}, line {definition.line}"
                hint = "link federation v2.3 or later in this subgraph"
                yield Mistake("INTERFACE_OBJECT_USAGE_ERROR", message, where, hint)


def _recognise_directives(subgraph: Subgraph) -> None:
    """Directives a Federation 1 schema has defined under names of Federation 2's become those once upgraded."""
    known = federation_directives(subgraph.version)
    for spot in spots(subgraph.schema):
        for application in spot.applied:
            if not application.element and application.name in known:
                application.element = application.name


def _mend_syntax(subgraph: Subgraph) -> None:
    """Field sets written as lists or as bare names become strings."""
    for definition in subgraph.schema.types.values():
        holders = [definition.directives, *(item.directives for item in definition.fields.values())]
        for application in (entry for holder in holders for entry in holder):
            if application.element not in ("key", "requires", "provides") or "fields" not in application.nodes:
                continue
            node, value = application.nodes["fields"], application.args["fields"]
            if isinstance(value, list) and all(isinstance(entry, str) for entry in value):
                text = " ".join(value)
            elif node.kind == "enum_value":
                text = str(value)
            else:
                continue
            application.args["fields"] = text
            application.nodes["fields"] = StringValueNode(value=text)


def _drop_meaningless_external(schema: Schema) -> None:
    for item in _fields(schema, Kind.INTERFACE):
        item.directives = _without(item.directives, "external")
    for definition in schema.types.values():
        definition.directives = _without(definition.directives, "external")


def _drop_external_from_extension_keys(subgraph: Subgraph, subgraphs: Sequence[Subgraph]) -> None:
    for definition in subgraph.schema.types.values():
        if definition.kind not in (Kind.OBJECT, Kind.INTERFACE) or not _is_extension(definition):
            continue
        keys = [a for a in definition.directives if a.element == "key"]
        if not keys:
            others = (other.schema.types.get(definition.name) for other in subgraphs if other is not subgraph)
            first = (applied(other, "key") for other in others if other is not None)
            keys = [key for key in first if key is not None][:1]
        for name in {entry.name for key in keys for entry in parsed_fields(key)}:
            if name in definition.fields:
                item = definition.fields[name]
                item.directives = _without(item.directives, "external")


def _drop_local_leaves(subgraph: Subgraph) -> None:
    """``@requires`` and ``@provides`` keep only what is external: the rest the subgraph has anyway."""
    facts = gather(subgraph)
    for item in _fields(subgraph.schema, Kind.OBJECT, Kind.INTERFACE):
        for application in list(item.directives):
            if application.element not in ("requires", "provides"):
                continue
            selections = parsed_fields(application)
            owner = item.owner if application.element == "requires" else typerefs.base(item.type)
            kept = _external_only(selections, owner, facts, inside=False)
            if not selections or kept == selections:
                continue
            if kept:
                text = _print(kept)
                application.args["fields"] = text
                application.nodes["fields"] = StringValueNode(value=text)
            else:
                item.directives.remove(application)


def _external_only(selections: Sequence[Selection], owner: str, facts: Facts, *, inside: bool) -> tuple[Selection, ...]:
    schema, kept = facts.subgraph.schema, list[Selection]()
    definition = schema.types.get(owner)
    for entry in selections:
        if not entry.name:
            children = _external_only(entry.children, entry.condition or owner, facts, inside=inside)
            if children:
                kept.append(_with_children(entry, children))
            continue
        item = definition.fields.get(entry.name) if definition is not None else None
        if item is None:
            kept.append(entry)
            continue
        external = inside or any(field.coordinate in facts.external for field in (item, *implementations(item, schema)))
        target = schema.types.get(typerefs.base(item.type))
        if not entry.children:
            if external or (target is not None and target.composite):
                kept.append(entry)
            continue
        children = _external_only(entry.children, typerefs.base(item.type), facts, inside=external)
        if children:
            kept.append(_with_children(entry, children))
    return tuple(kept)


def _with_children(entry: Selection, children: tuple[Selection, ...]) -> Selection:
    return Selection(
        entry.name, entry.condition, entry.alias, entry.args, entry.directives, children, entry.spread, True
    )


def _print(selections: Sequence[Selection]) -> str:
    parts: list[str] = []
    for entry in selections:
        args = ", ".join(f"{name}: {print_ast(node)}" for name, node in entry.args)
        text = f"{entry.name}({args})" if args else entry.name
        if not entry.name:
            text = f"... on {entry.condition}" if entry.condition else "..."
        parts.append(f"{text} {{ {_print(entry.children)} }}" if entry.children else text)
    return " ".join(parts)


def _settle_extensions(schema: Schema) -> None:
    """A type that is only extended becomes a plain definition."""
    for definition in schema.types.values():
        if definition.blocks and not definition.has_definition:
            definition.blocks = [Block(False, block.line) for block in definition.blocks]


def _drop_from_interfaces(schema: Schema) -> None:
    for definition in schema.types.values():
        if definition.kind is Kind.INTERFACE:
            definition.directives = _without(definition.directives, "key")
    for item in _fields(schema, Kind.INTERFACE):
        item.directives = _without(item.directives, "provides", "requires")
    for item in _fields(schema, Kind.OBJECT):
        target = schema.types.get(typerefs.base(item.type))
        if target is None or not target.composite:
            item.directives = _without(item.directives, "provides")


def _drop_unused_external(subgraph: Subgraph) -> list[Mistake]:
    facts, schema = gather(subgraph), subgraph.schema
    mistakes: list[Mistake] = []
    for definition in list(schema.types.values()):
        unused = [
            name
            for name, item in definition.fields.items()
            if item.coordinate in facts.external and item.coordinate not in facts.used
        ]
        for name in unused:
            del definition.fields[name]
        if unused and not definition.fields:
            if _referenced(definition.name, schema):
                message = f'Type "{definition.name}" has only external fields that nothing uses, but it is itself used.'
                where = f"{definition.name}, line {definition.line}"
                hint = "give the type a key and the fields of the key, or stop using it in this subgraph"
                mistakes.append(Mistake("TYPE_WITH_ONLY_UNUSED_EXTERNAL", message, where, hint))
            else:
                del schema.types[definition.name]
    return mistakes


def _referenced(name: str, schema: Schema) -> bool:
    by_field = any(typerefs.base(item.type) == name for item in _fields(schema, Kind.OBJECT, Kind.INTERFACE))
    return by_field or any(name in definition.members for definition in schema.types.values())


def _share(subgraph: Subgraph, others: Sequence[Facts]) -> None:
    own = gather(subgraph)
    for definition in subgraph.schema.types.values():
        if definition.kind is not Kind.OBJECT or definition.name == "Subscription":
            continue
        if own.keys.get(definition.name) or definition.name in _ROOTS:
            fields = [
                item
                for item in definition.fields.values()
                if not own.key_of(item.coordinate) and any(_resolves(other, item) for other in others)
            ]
        elif any(definition.name in other.subgraph.schema.types for other in others):
            # As if @shareable stood on the definition: what extensions add is not covered.
            fields = [item for item in definition.fields.values() if not definition.blocks[item.block].extension]
        else:
            continue
        for item in fields:
            if applied(item, "shareable") is None and item.coordinate not in own.external:
                item.directives.append(Applied("shareable", element="shareable", block=item.block))


def _resolves(facts: Facts, item: FieldDef) -> bool:
    definition = facts.subgraph.schema.types.get(item.owner)
    if definition is None or item.name not in definition.fields:
        return False
    return not facts.fully_external(item.coordinate)


def _drop_repeated_tags(subgraph: Subgraph, others: Sequence[Facts]) -> None:
    facts = gather(subgraph)
    for item in _fields(subgraph.schema, Kind.OBJECT):
        if item.coordinate in facts.external:
            item.directives = [
                a for a in item.directives if a.element != "tag" or not _tagged_elsewhere(item, a, others)
            ]


def _tagged_elsewhere(item: FieldDef, tag: Applied, others: Sequence[Facts]) -> bool:
    for other in others:
        definition = other.subgraph.schema.types.get(item.owner)
        there = definition.fields.get(item.name) if definition is not None else None
        if there is None or there.coordinate in other.external:
            continue
        if any(a.element == "tag" and a.args == tag.args for a in there.directives):
            return True
    return False
