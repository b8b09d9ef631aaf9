"""Reads supergraph SDL (join specification v0.1 to v0.5) into the frozen model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias

from graphql import (
    ConstDirectiveNode,
    DocumentNode,
    EnumTypeDefinitionNode,
    FieldDefinitionNode,
    GraphQLError,
    InputObjectTypeDefinitionNode,
    InputValueDefinitionNode,
    InterfaceTypeDefinitionNode,
    ObjectTypeDefinitionNode,
    OperationTypeDefinitionNode,
    ScalarTypeDefinitionNode,
    SchemaDefinitionNode,
    SchemaExtensionNode,
    StringValueNode,
    TypeDefinitionNode,
    UnionTypeDefinitionNode,
    parse,
    print_ast,
    value_from_ast_untyped,
)

from gateway.errors import GatewayError
from gateway.supergraph.access import access_demands
from gateway.supergraph.api import build_api_schema, build_full_schema
from gateway.supergraph.fieldset import FieldSet, FieldSetField, parse_field_set
from gateway.supergraph.lookups import read_lookups
from gateway.supergraph.model import (
    AppliedDirective,
    ArgumentDef,
    ContextArgument,
    EnumValueDef,
    FieldDef,
    FieldJoin,
    InputFieldDef,
    Key,
    Kind,
    Subgraph,
    Supergraph,
    TypeDef,
    TypeJoin,
)

__all__ = ["load_supergraph"]

_KINDS: dict[type[TypeDefinitionNode], Kind] = {
    ObjectTypeDefinitionNode: "object",
    InterfaceTypeDefinitionNode: "interface",
    UnionTypeDefinitionNode: "union",
    EnumTypeDefinitionNode: "enum",
    InputObjectTypeDefinitionNode: "input",
    ScalarTypeDefinitionNode: "scalar",
}
_Fielded: TypeAlias = ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode


def load_supergraph(sdl: str) -> Supergraph:
    """The supergraph that ``sdl`` describes; raises :class:`GatewayError` (INVALID_SUPERGRAPH) when it describes none.

    Reads the join specification v0.1 to v0.5 (https://specs.apollo.dev/join/v0.5). The composer's own rules are not
    checked again: a supergraph is taken to be what a composer wrote.
    """
    try:
        document = parse(sdl, no_location=True)
    except GraphQLError as error:
        raise GatewayError("INVALID_SUPERGRAPH", f"the supergraph is not GraphQL: {error.message}") from error
    return _Reader(document).read()


class _Reader:
    def __init__(self, document: DocumentNode) -> None:
        self.document = document
        self.types = [node for node in document.definitions if isinstance(node, TypeDefinitionNode)]
        self.features = _linked_features(document)
        self.join = self.features.get("join", "join")
        self.hidden = self.features.get("inaccessible", "inaccessible")
        self.prefixes = tuple(f"{name}__" for name in {*self.features.values(), "join", "link", "core"})
        self.graphs: list[str] = []

    def read(self) -> Supergraph:
        subgraphs = self._subgraphs()
        self.graphs = [subgraph.graph for subgraph in subgraphs]
        types = {
            node.name.value: self._type(node)
            for node in sorted(self.types, key=lambda node: node.name.value)
            if not node.name.value.startswith(self.prefixes)
        }
        try:
            full = build_full_schema(self.document, self.prefixes)
            api = build_api_schema(self.document, self.prefixes, self.hidden)
        except (TypeError, GraphQLError) as error:
            raise GatewayError("INVALID_SUPERGRAPH", f"the supergraph's types do not hold together: {error}") from error
        links = _links(self.document)
        demands = access_demands(types, links)
        roots, contexts = self._roots(types), self._contexts(types)
        lookups = read_lookups(_on_schema(self.document))
        return Supergraph(subgraphs, types, roots, full, api, contexts, demands, _cost_names(links), lookups)

    def _contexts(self, types: dict[str, TypeDef]) -> dict[str, tuple[str, ...]]:
        """The types that set each context."""
        directive = self.features.get("context", "context")
        found: dict[str, list[str]] = {}
        for name, each in types.items():
            for applied in each.directives:
                if applied.name == directive and isinstance(applied.get("name"), str):
                    found.setdefault(applied.get("name"), []).append(name)
        return {context: tuple(setters) for context, setters in found.items()}

    def _subgraphs(self) -> tuple[Subgraph, ...]:
        for node in self.types:
            if isinstance(node, EnumTypeDefinitionNode) and node.name.value == f"{self.join}__Graph":
                return tuple(
                    Subgraph(value.name.value, graph.get("name", ""), graph.get("url", ""))
                    for value in node.values or ()
                    for graph in _applied(value.directives, f"{self.join}__graph")
                )
        raise GatewayError(
            "INVALID_SUPERGRAPH",
            f"no enum {self.join}__Graph: this is not a supergraph",
            hint="Compose the subgraphs first: gateway compose.",
        )

    def _roots(self, types: dict[str, TypeDef]) -> dict[str, str]:
        operations: list[OperationTypeDefinitionNode] = []
        for node in self.document.definitions:
            if isinstance(node, SchemaDefinitionNode | SchemaExtensionNode):
                operations.extend(node.operation_types or ())
        named = {each.operation.value: each.type.name.value for each in operations}
        defaults = {"query": "Query", "mutation": "Mutation", "subscription": "Subscription"}
        named = named or defaults
        return {kind: name for kind, name in named.items() if name in types}

    def _type(self, node: TypeDefinitionNode) -> TypeDef:
        name, kind = node.name.value, _KINDS[type(node)]
        applied = _directives(node.directives)
        marks = [each for each in applied if each.name == f"{self.join}__type"]
        owner = next((each.get("graph") for each in applied if each.name == f"{self.join}__owner"), None)
        joins = _type_joins(marks, owner, self.graphs)
        graphs = [join.graph for join in joins]
        fields: dict[str, FieldDef] = {}
        keys = _keys(marks)
        if isinstance(node, _Fielded):
            for each in node.fields or ():
                scope = _owned(each.name.value, owner, keys) if owner else graphs
                fields[each.name.value] = self._field(name, each, scope)
        return TypeDef(
            name=name,
            kind=kind,
            joins=joins,
            keys=keys,
            fields=fields,
            interfaces=_interfaces(node),
            interfaces_in=self._per_graph(applied, "implements", "interface", graphs, _interfaces(node)),
            members=_members(node),
            members_in=self._per_graph(applied, "unionMember", "member", graphs, _members(node)),
            values=self._values(node, graphs),
            input_fields=self._input_fields(node, graphs),
            directives=self._own(applied),
            description=_text(node.description),
            inaccessible=any(each.name == self.hidden for each in applied),
        )

    def _own(self, applied: Iterable[AppliedDirective]) -> tuple[AppliedDirective, ...]:
        return tuple(each for each in applied if not each.name.startswith(f"{self.join}__"))

    def _per_graph(
        self,
        applied: Sequence[AppliedDirective],
        directive: str,
        argument: str,
        graphs: Sequence[str],
        everything: tuple[str, ...],
    ) -> dict[str, tuple[str, ...]]:
        marks = [each for each in applied if each.name == f"{self.join}__{directive}"]
        if not marks:  # join v0.1 and v0.2 do not say; then every graph has all of them
            return dict.fromkeys(graphs, everything) if everything else {}
        found: dict[str, list[str]] = {graph: [] for graph in graphs}
        for mark in marks:
            found.setdefault(mark.get("graph"), []).append(mark.get(argument))
        return {graph: tuple(sorted(names)) for graph, names in found.items()}

    def _field(self, parent: str, node: FieldDefinitionNode, graphs: Sequence[str]) -> FieldDef:
        applied = _directives(node.directives)
        type_text = print_ast(node.type)
        marks = [each for each in applied if each.name == f"{self.join}__field"]
        if marks:
            joins = tuple(_field_join(mark, type_text) for mark in marks if mark.get("graph"))
        else:
            joins = tuple(FieldJoin(graph, type_text) for graph in graphs)
        return FieldDef(
            name=node.name.value,
            parent=parent,
            type=type_text,
            arguments=tuple(self._argument(each) for each in node.arguments or ()),
            joins=joins,
            directives=self._own(applied),
            description=_text(node.description),
            inaccessible=any(each.name == self.hidden for each in applied),
        )

    def _argument(self, node: InputValueDefinitionNode) -> ArgumentDef:
        applied = _directives(node.directives)
        return ArgumentDef(
            name=node.name.value,
            type=print_ast(node.type),
            default=print_ast(node.default_value) if node.default_value else None,
            directives=self._own(applied),
            description=_text(node.description),
            inaccessible=any(each.name == self.hidden for each in applied),
        )

    def _values(self, node: TypeDefinitionNode, graphs: Sequence[str]) -> tuple[EnumValueDef, ...]:
        if not isinstance(node, EnumTypeDefinitionNode):
            return ()
        found = []
        for value in node.values or ():
            applied = _directives(value.directives)
            marks = [each.get("graph") for each in applied if each.name == f"{self.join}__enumValue"]
            hidden = any(each.name == self.hidden for each in applied)
            found.append(
                EnumValueDef(
                    value.name.value, tuple(marks or graphs), self._own(applied), _text(value.description), hidden
                )
            )
        return tuple(found)

    def _input_fields(self, node: TypeDefinitionNode, graphs: Sequence[str]) -> tuple[InputFieldDef, ...]:
        if not isinstance(node, InputObjectTypeDefinitionNode):
            return ()
        found = []
        for each in node.fields or ():
            argument = self._argument(each)
            marks = [mark.get("graph") for mark in _applied(each.directives, f"{self.join}__field")]
            found.append(
                InputFieldDef(
                    name=argument.name,
                    type=argument.type,
                    default=argument.default,
                    graphs=tuple(mark for mark in marks if mark) or tuple(graphs),
                    directives=argument.directives,
                    description=argument.description,
                    inaccessible=argument.inaccessible,
                )
            )
        return tuple(found)


def _type_joins(marks: Sequence[AppliedDirective], owner: str | None, graphs: Sequence[str]) -> tuple[TypeJoin, ...]:
    found: dict[str, TypeJoin] = {}
    for mark in marks:
        graph = mark.get("graph")
        before = found.get(graph, TypeJoin(graph))
        found[graph] = TypeJoin(
            graph,
            before.extension or bool(mark.get("extension", False)),
            before.interface_object or bool(mark.get("isInterfaceObject", False)),
        )
    if not marks and owner is None:  # join v0.1: a value type, the same in every graph
        return tuple(TypeJoin(graph) for graph in graphs)
    return tuple(found.values())


def _keys(marks: Sequence[AppliedDirective]) -> tuple[Key, ...]:
    found: dict[Key, None] = {}
    for mark in marks:
        if mark.get("key"):
            key = Key(mark.get("graph"), parse_field_set(mark.get("key")), bool(mark.get("resolvable", True)))
            found[key] = None
    return tuple(found)


def _owned(field: str, owner: str, keys: Sequence[Key]) -> list[str]:
    """Which graphs have a field of an owned type (join v0.1): its owner, and every graph whose key it is part of."""
    by_key = [
        key.graph for key in keys if any(isinstance(part, FieldSetField) and part.name == field for part in key.fields)
    ]
    return list(dict.fromkeys([owner, *by_key]))


def _field_join(mark: AppliedDirective, type_text: str) -> FieldJoin:
    return FieldJoin(
        graph=mark.get("graph"),
        type=mark.get("type") or type_text,
        external=bool(mark.get("external", False)),
        requires=_fields(mark.get("requires")),
        provides=_fields(mark.get("provides")),
        override=mark.get("override") or "",
        override_label=mark.get("overrideLabel") or "",
        used_overridden=bool(mark.get("usedOverridden", False)),
        context_arguments=tuple(
            ContextArgument(each["name"], each["type"], each["context"], parse_field_set(each["selection"]))
            for each in mark.get("contextArguments") or ()
        ),
    )


def _fields(text: str | None) -> FieldSet:
    return parse_field_set(text) if text else ()


def _interfaces(node: TypeDefinitionNode) -> tuple[str, ...]:
    if isinstance(node, _Fielded):
        return tuple(sorted(each.name.value for each in node.interfaces or ()))
    return ()


def _members(node: TypeDefinitionNode) -> tuple[str, ...]:
    if isinstance(node, UnionTypeDefinitionNode):
        return tuple(sorted(each.name.value for each in node.types or ()))
    return ()


def _text(node: StringValueNode | None) -> str:
    return node.value if node else ""


def _directives(nodes: Iterable[ConstDirectiveNode] | None) -> tuple[AppliedDirective, ...]:
    read: Callable[[Any], Any] = value_from_ast_untyped
    return tuple(
        AppliedDirective(node.name.value, tuple((each.name.value, read(each.value)) for each in node.arguments or ()))
        for node in nodes or ()
    )


def _applied(nodes: Iterable[ConstDirectiveNode] | None, name: str) -> list[AppliedDirective]:
    return [each for each in _directives(nodes) if each.name == name]


def _linked_features(document: DocumentNode) -> dict[str, str]:
    """Feature name to the name it goes by here: ``{"join": "join", "inaccessible": "hidden"}``."""
    found: dict[str, str] = {}
    for link in _links(document):
        url = link.get("url") or link.get("feature")
        feature = _feature_name(url) if isinstance(url, str) else ""
        if feature:
            found[feature] = link.get("as") or feature
            found.update(_renamed(link.get("import") or (), feature))
    return found


def _on_schema(document: DocumentNode) -> list[AppliedDirective]:
    return [
        applied
        for node in document.definitions
        if isinstance(node, SchemaDefinitionNode | SchemaExtensionNode)
        for applied in _directives(node.directives)
    ]


def _links(document: DocumentNode) -> list[AppliedDirective]:
    return [each for each in _on_schema(document) if each.name in ("link", "core")]


def _cost_names(links: Iterable[AppliedDirective]) -> tuple[str, str]:
    """What ``@cost`` and ``@listSize`` go by: as imported, else under the feature's own name."""
    names = {"cost": "cost", "listSize": "listSize"}
    for link in links:
        url = link.get("url")
        if not isinstance(url, str) or _feature_name(url) != "cost":
            continue
        feature = link.get("as") or "cost"
        names = {"cost": feature, "listSize": f"{feature}__listSize"}
        for each in link.get("import") or ():
            own, alias = (each, each) if isinstance(each, str) else (each.get("name"), each.get("as"))
            if str(own).lstrip("@") in names:
                names[str(own).lstrip("@")] = str(alias or own).lstrip("@")
    return names["cost"], names["listSize"]


def _feature_name(url: str) -> str:
    parts = [part for part in url.split("/") if part]
    if len(parts) >= 2 and parts[-1].startswith("v"):
        return parts[-2]
    return parts[-1] if parts else ""


def _renamed(imports: Iterable[Any], feature: str) -> dict[str, str]:
    for each in imports:
        if isinstance(each, dict) and each.get("name") == f"@{feature}" and each.get("as"):
            return {feature: str(each["as"]).lstrip("@")}
    return {}
