"""The specifications a subgraph may link: which elements each version has, and how they are defined.

Federation: https://specs.apollo.dev/federation; link: https://specs.apollo.dev/link.
"""

from __future__ import annotations

from functools import lru_cache

from graphql.language import DocumentNode, parse

__all__ = [
    "BUILT_INS",
    "CONNECT",
    "CONNECT_DEFINITIONS",
    "CORE",
    "CORE_DEFINITIONS",
    "FEDERATION",
    "FEDERATION_1",
    "FEDERATION_VERSIONS",
    "LINK",
    "LINK_DEFINITIONS",
    "MACHINERY_FIELDS",
    "MACHINERY_TYPES",
    "UNMERGED",
    "Version",
    "federation_directives",
    "federation_document",
    "federation_types",
]

Version = tuple[int, int]

FEDERATION = "https://specs.apollo.dev/federation"
LINK = "https://specs.apollo.dev/link"
CORE = "https://specs.apollo.dev/core"
CONNECT = "https://specs.apollo.dev/connect"
# Specifications whose types and directives stay in the subgraphs.
UNMERGED = frozenset({FEDERATION, LINK, CORE, CONNECT})
FEDERATION_VERSIONS: frozenset[Version] = frozenset((2, minor) for minor in range(15))

MACHINERY_TYPES = ("_Any", "_Service", "_Entity")
MACHINERY_FIELDS = ("_entities", "_service")

BUILT_INS = """
directive @skip(if: Boolean!) on FIELD | FRAGMENT_SPREAD | INLINE_FRAGMENT
directive @include(if: Boolean!) on FIELD | FRAGMENT_SPREAD | INLINE_FRAGMENT
directive @deprecated(reason: String = "No longer supported")
  on FIELD_DEFINITION | ARGUMENT_DEFINITION | INPUT_FIELD_DEFINITION | ENUM_VALUE
directive @specifiedBy(url: String!) on SCALAR
"""

FEDERATION_1 = """
directive @key(fields: _FieldSet!, resolvable: Boolean = true) repeatable on OBJECT | INTERFACE
directive @requires(fields: _FieldSet!) on FIELD_DEFINITION
directive @provides(fields: _FieldSet!) on FIELD_DEFINITION
directive @external(reason: String) on OBJECT | FIELD_DEFINITION
directive @extends on OBJECT | INTERFACE
directive @tag(name: String!) repeatable on FIELD_DEFINITION | OBJECT | INTERFACE | UNION | ARGUMENT_DEFINITION | SCALAR
  | ENUM | ENUM_VALUE | INPUT_OBJECT | INPUT_FIELD_DEFINITION
scalar _FieldSet
"""

LINK_DEFINITIONS = """
directive @link(url: String, as: String, for: link__Purpose, import: [link__Import]) repeatable on SCHEMA
scalar link__Import
enum link__Purpose { SECURITY EXECUTION }
"""

CORE_DEFINITIONS = """
directive @core(feature: String!, as: String, for: core__Purpose) repeatable on SCHEMA
enum core__Purpose { SECURITY EXECUTION }
"""

# What connectors take is not judged here: its input types are scalars that hold anything.
CONNECT_DEFINITIONS = """
directive @{connect}(
  source: String, id: String, http: {Anything}, batch: {Anything}, errors: {Anything}, isSuccess: {Anything},
  selection: {Anything}!, entity: Boolean = false
) repeatable on FIELD_DEFINITION | OBJECT
directive @{source}(
  name: String!, http: {Anything}, errors: {Anything}, isSuccess: {Anything}
) repeatable on SCHEMA
scalar {Anything}
"""

_AUTH = "FIELD_DEFINITION | OBJECT | INTERFACE | SCALAR | ENUM"
_TAG = "FIELD_DEFINITION | OBJECT | INTERFACE | UNION | ARGUMENT_DEFINITION | SCALAR | ENUM | ENUM_VALUE | INPUT_OBJECT"
_COST = "ARGUMENT_DEFINITION | ENUM | FIELD_DEFINITION | INPUT_FIELD_DEFINITION | OBJECT | SCALAR"
_LIST_SIZE = (
    "assumedSize: Int, slicingArguments: [String!], sizedFields: [String!], requireOneSlicingArgument: Boolean = true"
)

# Name, first version, what follows the name; a later row with the same name replaces an earlier one.
_DIRECTIVES: tuple[tuple[str, Version, str], ...] = (
    ("key", (2, 0), "(fields: {FieldSet}!, resolvable: Boolean = true) repeatable on OBJECT | INTERFACE"),
    ("requires", (2, 0), "(fields: {FieldSet}!) on FIELD_DEFINITION"),
    ("provides", (2, 0), "(fields: {FieldSet}!) on FIELD_DEFINITION"),
    ("external", (2, 0), "(reason: String) on OBJECT | FIELD_DEFINITION"),
    ("extends", (2, 0), " on OBJECT | INTERFACE"),
    ("tag", (2, 0), f"(name: String!) repeatable on {_TAG} | INPUT_FIELD_DEFINITION"),
    ("tag", (2, 3), f"(name: String!) repeatable on {_TAG} | INPUT_FIELD_DEFINITION | SCHEMA"),
    ("shareable", (2, 0), " on OBJECT | FIELD_DEFINITION"),
    ("shareable", (2, 2), " repeatable on OBJECT | FIELD_DEFINITION"),
    ("inaccessible", (2, 0), f" on {_TAG} | INPUT_FIELD_DEFINITION"),
    ("override", (2, 0), "(from: String!) on FIELD_DEFINITION"),
    ("override", (2, 7), "(from: String!, label: String) on FIELD_DEFINITION"),
    ("composeDirective", (2, 1), "(name: String) repeatable on SCHEMA"),
    ("interfaceObject", (2, 3), " on OBJECT"),
    ("authenticated", (2, 5), f" on {_AUTH}"),
    ("requiresScopes", (2, 5), f"(scopes: [[{{Scope}}!]!]!) on {_AUTH}"),
    ("policy", (2, 6), f"(policies: [[{{Policy}}!]!]!) on {_AUTH}"),
    ("context", (2, 8), "(name: String!) repeatable on INTERFACE | OBJECT | UNION"),
    ("fromContext", (2, 8), "(field: {ContextFieldValue}) on ARGUMENT_DEFINITION"),
    ("cost", (2, 9), f"(weight: Int!) on {_COST}"),
    ("listSize", (2, 9), f"({_LIST_SIZE}) on FIELD_DEFINITION"),
    ("cacheTag", (2, 12), "(format: String!) repeatable on OBJECT | FIELD_DEFINITION"),
)
_TYPES: tuple[tuple[str, Version], ...] = (
    ("FieldSet", (2, 0)),
    ("Scope", (2, 5)),
    ("Policy", (2, 6)),
    ("ContextFieldValue", (2, 8)),
)


@lru_cache(maxsize=64)
def federation_directives(version: Version) -> dict[str, str]:
    """The federation directives of a version: name to what follows it in its definition, types in braces."""
    return {name: rest for name, since, rest in _DIRECTIVES if since <= version}


@lru_cache(maxsize=64)
def federation_types(version: Version) -> tuple[str, ...]:
    """The scalars of a federation version."""
    return tuple(name for name, since in _TYPES if since <= version)


@lru_cache(maxsize=512)
def federation_document(text: str) -> DocumentNode:
    """The parsed definitions in ``text``; every caller shares one parse."""
    return parse(text, no_location=True)
