"""The merged schema as the text of a supergraph: join specification v0.3 to v0.5, byte-stable.

Directives and types stand sorted by name; members in order of first appearance over the sorted subgraphs.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from graphql.language import StringValueNode, print_ast

from gateway.composition import values
from gateway.composition.merging.context import Merge
from gateway.composition.merging.features import FEATURES
from gateway.composition.schema import Applied, Argument, DirectiveDef, FieldDef, Kind, TypeDef
from gateway.supergraph.lookups import DEFINITIONS, LINK, Lookup, Requirement, lines_of

__all__ = ["print_supergraph"]

_JOIN_FIELD_EXTRA = {
    "v0.3": "usedOverridden: Boolean",
    "v0.4": "usedOverridden: Boolean, overrideLabel: String",
    "v0.5": "usedOverridden: Boolean, overrideLabel: String, contextArguments: [join__ContextArgument!]",
}
_JOIN_DIRECTIVE = (
    "directive @join__directive(graphs: [join__Graph!], name: String!, args: join__DirectiveArguments) "
    "repeatable on SCHEMA | OBJECT | INTERFACE | FIELD_DEFINITION"
)
_LINK_PURPOSE = """enum link__Purpose {
  \"\"\"
  `SECURITY` features provide metadata necessary to securely resolve fields.
  \"\"\"
  SECURITY

  \"\"\"
  `EXECUTION` features provide metadata necessary for operation execution.
  \"\"\"
  EXECUTION
}"""
_CONTEXT_ARGUMENT = """input join__ContextArgument {
  name: String!
  type: String!
  context: String!
  selection: join__FieldValue!
}"""


def print_supergraph(merge: Merge, lookups: Sequence[Lookup | Requirement] = ()) -> str:
    """The supergraph SDL; ``lookups`` (with subgraphs' names as graphs) are what subgraphs are entered by that have no ``_entities``."""
    version = next(part for part in ("v0.3", "v0.4", "v0.5") if f"join/{part}" in merge.links[1])
    directives = _machinery_directives(merge, version)
    for definition in merge.schema.directives.values():
        directives[f"@{definition.name}"] = _directive(merge, definition)
    types = _machinery_types(merge, version)
    for name, merged in merge.schema.types.items():
        types[name] = _type(merge, merged)
    if lookups:
        for name, text in DEFINITIONS.items():
            (directives if name.startswith("@") else types)[name] = text
    parts = [
        _schema(merge, lookups),
        *(directives[name] for name in sorted(directives)),
        *(types[name] for name in sorted(types)),
    ]
    return "\n\n".join(parts) + "\n"


def _schema(merge: Merge, lookups: Sequence[Lookup | Requirement]) -> str:
    graphs = {subgraph.name: graph for graph, subgraph in zip(merge.graphs, merge.subgraphs, strict=True)}
    entered = [replace(each, graph=graphs[each.graph]) for each in lookups]
    links = [*merge.links, *([LINK] if lookups else [])]
    lines = [*links, *_applied(merge, merge.schema.applied), *lines_of(entered)]
    roots = [f"  {operation}: {name}" for operation, name in merge.schema.roots.items()]
    body = "\n".join(["schema", *(f"  {line}" for line in lines), "{", *roots, "}"])
    return _description(merge.schema.description, "") + body


def _machinery_directives(merge: Merge, version: str) -> dict[str, str]:
    found = {
        "@link": "directive @link(url: String, as: String, for: link__Purpose, import: [link__Import]) "
        "repeatable on SCHEMA",
        "@join__enumValue": "directive @join__enumValue(graph: join__Graph!) repeatable on ENUM_VALUE",
        "@join__field": "directive @join__field(graph: join__Graph, requires: join__FieldSet, provides: join__FieldSet, "
        f"type: String, external: Boolean, override: String, {_JOIN_FIELD_EXTRA[version]}) "
        "repeatable on FIELD_DEFINITION | INPUT_FIELD_DEFINITION",
        "@join__graph": "directive @join__graph(name: String!, url: String!) on ENUM_VALUE",
        "@join__implements": "directive @join__implements(graph: join__Graph!, interface: String!) "
        "repeatable on OBJECT | INTERFACE",
        "@join__type": "directive @join__type(graph: join__Graph!, key: join__FieldSet, extension: Boolean! = false, "
        "resolvable: Boolean! = true, isInterfaceObject: Boolean! = false) "
        "repeatable on OBJECT | INTERFACE | UNION | ENUM | INPUT_OBJECT | SCALAR",
        "@join__unionMember": "directive @join__unionMember(graph: join__Graph!, member: String!) repeatable on UNION",
    }
    if version != "v0.3":
        found["@join__directive"] = _JOIN_DIRECTIVE
    for element, name in merge.names.items():
        if FEATURES[element].definition:
            found[f"@{name}"] = f"directive @{name}{FEATURES[element].definition}"
    if "listSize" in merge.names:
        found.setdefault("@cost", f"directive @cost{FEATURES['cost'].definition}")
    if "cost" in merge.names:
        found.setdefault("@listSize", f"directive @listSize{FEATURES['listSize'].definition}")
    if "context" in merge.names:
        found["@context__fromContext"] = (
            "directive @context__fromContext(field: context__ContextFieldValue) on ARGUMENT_DEFINITION"
        )
    return found


def _machinery_types(merge: Merge, version: str) -> dict[str, str]:
    graphs = "\n".join(
        f"  {graph} @join__graph(name: {json.dumps(subgraph.name)}, url: {json.dumps(subgraph.url)})"
        for graph, subgraph in zip(merge.graphs, merge.subgraphs, strict=True)
    )
    scalars = ["join__FieldSet", "link__Import"]
    if version != "v0.3":
        scalars.append("join__DirectiveArguments")
    if version == "v0.5":
        scalars.append("join__FieldValue")
    for element, scalar in (("requiresScopes", "requiresScopes__Scope"), ("policy", "policy__Policy")):
        if element in merge.names:
            scalars.append(scalar)
    if "context" in merge.names:
        scalars.append("context__ContextFieldValue")
    found = {name: f"scalar {name}" for name in scalars}
    found["join__Graph"] = f"enum join__Graph {{\n{graphs}\n}}"
    found["link__Purpose"] = _LINK_PURPOSE
    if version == "v0.5":
        found["join__ContextArgument"] = _CONTEXT_ARGUMENT
    return found


def _directive(merge: Merge, definition: DirectiveDef) -> str:
    repeatable = " repeatable" if definition.repeatable else ""
    locations = " | ".join(definition.locations)
    text = f"directive @{definition.name}{_arguments(merge, definition.args.values(), '')}{repeatable} on {locations}"
    return _description(definition.description, "") + text


def _type(merge: Merge, merged: TypeDef) -> str:
    keyword = {Kind.OBJECT: "type", Kind.INPUT: "input"}.get(merged.kind, merged.kind.lower())
    head = f"{keyword} {merged.name}"
    if merged.interfaces:
        head += f" implements {' & '.join(merged.interfaces)}"
    lines = [head, *(f"  {line}" for line in (*merged.joins, *_applied(merge, merged.directives)))]
    if merged.kind is Kind.UNION:
        lines.append(f" = {' | '.join(merged.members)}")
    members = [
        *(_field(merge, item) for item in merged.fields.values()),
        *(_member(merge, entry) for entry in merged.inputs.values()),
        *(
            _description(value.description, "  ")
            + " ".join([f"  {value.name}", *value.joins, *_applied(merge, value.directives)])
            for value in merged.values.values()
        ),
    ]
    if members:
        lines.extend(["{", *members, "}"])
    return _description(merged.description, "") + "\n".join(lines)


def _field(merge: Merge, item: FieldDef) -> str:
    text = f"  {item.name}{_arguments(merge, item.args.values(), '  ')}: {item.type}"
    return _description(item.description, "  ") + " ".join([text, *item.joins, *_applied(merge, item.directives)])


def _member(merge: Merge, entry: Argument) -> str:
    return _description(entry.description, "  ") + "  " + _input_value(merge, entry)


def _arguments(merge: Merge, arguments: Iterable[Argument], indent: str) -> str:
    entries = list(arguments)
    if not entries:
        return ""
    if all(entry.description is None for entry in entries):
        return f"({', '.join(_input_value(merge, entry) for entry in entries)})"
    inner = indent + "  "
    lines = [_description(entry.description, inner) + inner + _input_value(merge, entry) for entry in entries]
    return "(\n" + "\n".join(lines) + f"\n{indent})"


def _input_value(merge: Merge, entry: Argument) -> str:
    text = f"{entry.name}: {entry.type}"
    if entry.default is not None:
        text += f" = {values.print_value(entry.default_value, entry.type, merge.value_kind)}"
    return " ".join([text, *entry.joins, *_applied(merge, entry.directives)])


def _applied(merge: Merge, directives: Iterable[Applied]) -> list[str]:
    found: list[str] = []
    for application in directives:
        definition = merge.schema.directives.get(application.name)
        types: Mapping[str, str] = {a.name: a.type for a in definition.args.values()} if definition else {}
        args = ", ".join(
            f"{name}: {values.print_value(value, types.get(name, ''), merge.value_kind)}"
            for name, value in application.args.items()
        )
        found.append(f"@{application.name}({args})" if args else f"@{application.name}")
    return found


def _description(text: str | None, indent: str) -> str:
    if text is None:
        return ""
    block = print_ast(StringValueNode(value=text, block=True))
    return "".join(f"{indent}{line}\n" if line else "\n" for line in block.split("\n"))
