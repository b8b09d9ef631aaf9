"""The monolith: graphql-core over the clear data, on the schema that clients see. What it answers is right.

Besides the answer it tells every error that the operation contains (``all_errors``). graphql-core itself stops looking
once a forbidden null has taken an object away, and a gateway whose subgraphs work side by side does not; so the same
operation is run a second time on the schema without any ``!``, where nothing takes anything away.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypeAlias

from graphql import GraphQLSchema, build_schema, execute_sync, parse, print_schema
from graphql.language import DocumentNode, OperationDefinitionNode
from graphql.type import GraphQLList, GraphQLNonNull

from tests.differential.clear import Clear, Lost, ResolverError, Unknown, computed, is_error, is_link, shown
from tests.differential.sides import selection_of

__all__ = ["Told", "ask_monolith"]

Path: TypeAlias = tuple[str | int, ...]
Error: TypeAlias = tuple[Path, str]


@dataclass(slots=True)
class Told:
    """An answer. An error is its path and its code, "" where a null stands where none may.

    ``all_errors`` are those of every field, taken away or not; ``hidden`` those of values that nobody asked for but a
    computed field needs, at the object it stands on; ``acts`` the mutations in the order in which they were run.
    """

    data: Any
    errors: frozenset[Error]
    all_errors: frozenset[Error] = frozenset()
    hidden: frozenset[Error] = frozenset()
    acts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _At:
    """A record on its way through graphql-core."""

    typename: str
    record: Mapping[str, Any]


@dataclass(slots=True)
class _Run:
    """One execution; ``strict`` is the schema whose forbidden nulls are noted."""

    clear: Clear
    strict: GraphQLSchema
    acts: list[str] = field(default_factory=list)
    nulls: set[Error] = field(default_factory=set)
    hidden: set[Error] = field(default_factory=set)

    def resolve(self, source: _At, info: Any, **arguments: Any) -> Any:
        """The value of one field, errors as exceptions in their places."""
        if source.typename == "Mutation":
            self.acts.append(f"{info.field_name} {shown('', arguments)}")
        value = self._value(source, info, arguments)
        owner: Any = self.strict.type_map[info.parent_type.name]
        path = tuple(info.path.as_list())
        self.nulls.update((place, "") for place in _forbidden(value, owner.fields[info.field_name].type, path))
        if isinstance(value, Exception):
            raise value
        return value

    def _value(self, source: _At, info: Any, arguments: Mapping[str, Any]) -> Any:
        name = info.field_name
        declared = self.clear.declared.get((source.typename, name))
        value = None
        if declared is not None and declared.requires and name not in source.record:
            codes: set[str] = set()
            try:
                needed = self.clear.needed(source.typename, source.record, selection_of(declared.requires), codes)
                value = computed(name, needed)
            except Unknown:
                return None  # nobody can be asked for it, so that nobody raises anything over it
            finally:
                self.hidden.update((tuple(info.path.as_list()[:-1]), code) for code in codes)
        try:
            stored = self.clear.raw(source.typename, source.record, name)
        except Lost as lost:
            return ResolverError(lost.code) if lost.code else None
        return self._made(stored if value is None else value, arguments)

    def _made(self, value: Any, arguments: Mapping[str, Any]) -> Any:
        if isinstance(value, list):
            return [self._made(item, arguments) for item in value]
        if is_error(value):
            return ResolverError(value["!"])
        if is_link(value):
            return _At(*self.clear.record(value))
        return _At(value["__typename"], value) if isinstance(value, dict) else shown(value, arguments)


def _forbidden(value: Any, type_: Any, path: Path) -> Iterator[Path]:
    """Where ``value`` has a null that ``type_`` forbids."""
    if isinstance(type_, GraphQLNonNull):
        if value is None:
            yield path
            return
        type_ = type_.of_type
    if isinstance(value, list) and isinstance(type_, GraphQLList):
        for index, item in enumerate(value):
            yield from _forbidden(item, type_.of_type, (*path, index))


@cache
def softened(api: str) -> GraphQLSchema:
    """The schema printed as ``api`` with every output type nullable."""
    lines: list[str] = []
    output = False
    for line in api.splitlines():
        if not line.startswith(" "):
            output = line.startswith(("type", "interface"))
        elif output and not line.lstrip().startswith('"'):
            head, _, type_ = line.rpartition(": ")
            line = f"{head}: {type_.replace('!', '')}"
        lines.append(line)
    return build_schema("\n".join(lines), assume_valid_sdl=True)


def _run(run: _Run, schema: GraphQLSchema, document: DocumentNode) -> Told:
    case = run.clear.case
    kind = next(d.operation.value for d in document.definitions if isinstance(d, OperationDefinitionNode))
    root = "Mutation" if kind == "mutation" else "Query"
    result = execute_sync(
        schema,
        document,
        root_value=_At(root, case.data.get(root, {})),
        variable_values=dict(case.variables),
        field_resolver=run.resolve,
        type_resolver=lambda value, *_: value.typename,
    )
    errors: set[Error] = set()
    for each in result.errors or ():
        if each.path is None:
            raise AssertionError(f"the monolith refuses: {each}")
        raised = isinstance(each.original_error, ResolverError)
        if not raised and "Cannot return null" not in each.message:
            raise each
        errors.add(
            (tuple(each.path), each.original_error.code if isinstance(each.original_error, ResolverError) else "")
        )
    return Told(result.data, frozenset(errors), acts=tuple(run.acts))


def ask_monolith(clear: Clear, schema: GraphQLSchema) -> Told:
    """What one server with every record answers to the operation of the case; ``schema`` is the API schema."""
    document = parse(clear.case.operation, no_location=True)
    told = _run(_Run(clear, schema), schema, document)
    every = _Run(clear, schema)
    soft = _run(every, softened(print_schema(schema)), document)
    told.all_errors = soft.errors | every.nulls
    told.hidden = frozenset(every.hidden)
    return told
