"""The definitions a subgraph gets from the specifications it uses, and its own definitions of those elements judged.

Codes: DIRECTIVE_DEFINITION_INVALID, TYPE_DEFINITION_INVALID.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gateway.composition import specs, typerefs, values
from gateway.composition.read import read_schema
from gateway.composition.schema import Argument, DirectiveDef, Kind, TypeDef
from gateway.composition.specs import FEDERATION, LINK
from gateway.errors import Mistake

if TYPE_CHECKING:
    from gateway.composition.subgraph import Subgraph

__all__ = ["FEDERATION_1_NAMES", "complete", "machinery_mistakes", "misdefined"]

FEDERATION_1_NAMES = frozenset({"key", "requires", "provides", "external", "extends", "tag"})
_REPLACED_IN_1 = frozenset({"key", "requires", "provides"})


def complete(subgraph: Subgraph) -> list[Mistake]:
    """Add to the subgraph every definition its specifications bring, and judge those it has written itself."""
    known = read_schema(specs.federation_document(_definitions_text(subgraph)))
    schema, mistakes = subgraph.schema, list[Mistake]()
    for name, expected in known.directives.items():
        own = schema.directives.get(name)
        if own is None or (subgraph.federation is None and name in _REPLACED_IN_1 and _old_fashioned(own)):
            schema.directives[name] = expected
        elif name not in _graphql_names():
            mistakes.extend(_directive_mistakes(own, expected))
    for name, definition in known.types.items():
        own_type = schema.types.get(name)
        if own_type is not None:
            mistakes.extend(_type_mistakes(own_type, definition))
        elif name != "_FieldSet":
            # A Federation 1 schema that names _FieldSet in a definition of its own must define it too.
            schema.types[name] = definition
    return mistakes


def misdefined(subgraph: Subgraph, version: specs.Version) -> list[Mistake]:
    """What is wrong with a Federation 1 schema's own definitions of directives that an upgrade makes federation's."""
    mistakes: list[Mistake] = []
    for name, rest in specs.federation_directives(version).items():
        own = subgraph.schema.directives.get(name)
        if own is None or not own.line or name in FEDERATION_1_NAMES:
            continue
        expected = read_schema(specs.federation_document(f"directive @{name}{rest.format(FieldSet='_FieldSet')}"))
        hint = f'define "@{name}" as federation does, or link federation v2 and import it'
        mistakes.extend(replace(m, hint=hint) for m in _directive_mistakes(own, expected.directives[name]))
    return mistakes


def _graphql_names() -> frozenset[str]:
    return frozenset({"skip", "include", "deprecated", "specifiedBy"})


def _definitions_text(subgraph: Subgraph) -> str:
    parts = [specs.BUILT_INS]
    if subgraph.links.items:
        parts.append(_link_text(subgraph))
    connect = subgraph.links.by_identity(specs.CONNECT)
    if connect is not None:
        names = {"{connect}": connect.local("@connect"), "{source}": connect.local("@source")}
        names["{Anything}"] = connect.local("JSONSelection")
        connect_text = specs.CONNECT_DEFINITIONS
        for mark, name in names.items():
            connect_text = connect_text.replace(mark, name)
        parts.append(connect_text)
    link = subgraph.links.by_identity(FEDERATION)
    if link is None:
        parts.append(specs.FEDERATION_1)
    else:
        scalars = {name: link.local(name) for name in specs.federation_types(link.version)}
        parts.extend(f"scalar {local}" for local in scalars.values())
        for name, rest in specs.federation_directives(link.version).items():
            for scalar, local in scalars.items():
                rest = rest.replace(f"{{{scalar}}}", local)
            parts.append(f"directive @{link.local(f'@{name}')}{rest}")
    return "\n".join(parts)


def _link_text(subgraph: Subgraph) -> str:
    name, link = subgraph.links.link_name, subgraph.links.by_identity(LINK)
    core = subgraph.links.by_identity(specs.CORE)
    if core is not None:
        return specs.CORE_DEFINITIONS.replace("core__", f"{name}__").replace("@core", f"@{name}")
    purpose = link.local("Purpose") if link else f"{name}__Purpose"
    imported = link.local("Import") if link else f"{name}__Import"
    text = specs.LINK_DEFINITIONS.replace("link__Purpose", purpose).replace("link__Import", imported)
    return text.replace("@link(", f"@{name}(")


def _old_fashioned(own: DirectiveDef) -> bool:
    """Whether a Federation 1 schema defines the directive the way its tools printed it, which is forgiven."""
    if not own.args:
        return True
    only = own.args.get("fields")
    return len(own.args) == 1 and only is not None and only.type in ("String", "_FieldSet", "FieldSet")


def _directive_mistakes(own: DirectiveDef, expected: DirectiveDef) -> list[Mistake]:
    problems: list[str] = []
    for name, argument in expected.args.items():
        written = own.args.get(name)
        if written is None:
            if argument.required:
                problems.append(f'missing required argument "{name}"')
            continue
        problems.extend(_argument_problems(written, argument))
    problems.extend(f'unknown argument "{name}"' for name in own.args if name not in expected.args)
    if own.repeatable and not expected.repeatable:
        problems.append(f'"@{own.name}" must not be repeatable')
    extra = [location for location in own.locations if location not in expected.locations]
    if extra:
        allowed = ", ".join(expected.locations)
        problems.append(f'"@{own.name}" may only be on {allowed}, but is defined on {", ".join(extra)}')
    return [
        Mistake(
            "DIRECTIVE_DEFINITION_INVALID",
            f'Invalid definition for directive "@{own.name}": {problem}',
            f"line {own.line}",
            f'leave out the definition of "@{own.name}": the specification brings it',
        )
        for problem in problems
    ]


def _argument_problems(written: Argument, expected: Argument) -> list[str]:
    if not _type_accepted(written.type, expected.type):
        return [f'argument "{written.name}" should have type "{expected.type}" but has "{written.type}"']
    nullable = not typerefs.non_null(written.type)
    if nullable and not values.same(written.default_value, expected.default_value):
        return [f'argument "{written.name}" should have default {_shown(expected)} but has {_shown(written)}']
    return []


def _shown(argument: Argument) -> str:
    return "none" if argument.default is None else repr(argument.default_value)


def _type_accepted(written: str, expected: str) -> bool:
    if written == expected:
        return True
    if not typerefs.non_null(expected) and typerefs.non_null(written):
        return _type_accepted(typerefs.nullable(written), expected)
    if typerefs.non_null(expected) != typerefs.non_null(written):
        return False
    written, expected = typerefs.nullable(written), typerefs.nullable(expected)
    if typerefs.is_list(expected):
        return typerefs.is_list(written) and _type_accepted(typerefs.item(written), typerefs.item(expected))
    custom = expected not in typerefs.BUILT_IN_SCALARS
    return written == expected or (custom and typerefs.base(written) in typerefs.BUILT_IN_SCALARS)


def _type_mistakes(own: TypeDef, expected: TypeDef) -> list[Mistake]:
    problem = ""
    if own.kind is not expected.kind:
        problem = f"{own.name} should be of kind {expected.kind} but is of kind {own.kind}"
    elif own.kind is Kind.ENUM and set(own.values) != set(expected.values):
        problem = f"{own.name} should have the values {', '.join(expected.values)} but has {', '.join(own.values)}"
    if not problem:
        return []
    message = f"Invalid definition for type {own.name}: {problem}"
    hint = f"leave out the definition of {own.name}: the specification brings it"
    return [Mistake("TYPE_DEFINITION_INVALID", message, f"line {own.line}", hint)]


def machinery_mistakes(subgraph: Subgraph) -> list[Mistake]:
    """What is wrong with a subgraph's own ``_Any``, ``_Service`` and ``_Entity``; right ones are simply dropped."""
    types = subgraph.schema.types
    kinds = {"_Any": Kind.SCALAR, "_Service": Kind.OBJECT, "_Entity": Kind.UNION}
    found: list[Mistake] = []
    for name, kind in kinds.items():
        own = types.get(name)
        if own is not None:
            found.extend(_type_mistakes(own, TypeDef(name, kind)))
    service = types.get("_Service")
    if service is not None and service.kind is Kind.OBJECT and set(service.fields) - {"sdl"}:
        message = (
            f"Invalid definition for type _Service: unknown fields {', '.join(sorted(set(service.fields) - {'sdl'}))}"
        )
        found.append(Mistake("TYPE_DEFINITION_INVALID", message, f"line {service.line}", "leave the type out"))
    return found
