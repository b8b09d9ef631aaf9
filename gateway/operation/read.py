"""Reading an operation: from the client's text and variables to the normalized operation, or an error that says why.

The order is the defence: what is cheap to check comes first, and nothing is parsed, validated or expanded before the
limits on it hold. Everything up to variables depends on the text alone and is kept in ``Documents``.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

from graphql import GraphQLDeferDirective, GraphQLError, GraphQLObjectType, GraphQLSchema, OperationType, parse
from graphql.language import (
    DirectiveNode,
    DocumentNode,
    FragmentDefinitionNode,
    OperationDefinitionNode,
    VariableDefinitionNode,
    Visitor,
    print_ast,
    visit,
)

from gateway.errors import OperationError
from gateway.operation.deferral import settle, with_defer
from gateway.operation.limits import Limits, check_document, check_text, check_variables
from gateway.operation.model import Operation, OperationKind
from gateway.operation.normalize import normalize, used_variables
from gateway.operation.validate import validate_document
from gateway.operation.variables import coerce_variables

__all__ = ["Document", "Documents", "read_document", "read_operation"]

_KINDS: dict[OperationType, OperationKind] = {
    OperationType.QUERY: "query",
    OperationType.MUTATION: "mutation",
    OperationType.SUBSCRIPTION: "subscription",
}
_DEFAULT_LIMITS = Limits()


@dataclass(slots=True)
class Document:
    """A document that was read, within limits and valid; normalizes each of its operations once, when asked for."""

    schema: GraphQLSchema
    shown: GraphQLSchema
    text_hash: str
    operations: dict[str, OperationDefinitionNode]
    fragments: dict[str, FragmentDefinitionNode]
    _normalized: dict[str, Operation] = field(default_factory=dict)

    def pick(self, name: str | None) -> OperationDefinitionNode:
        """The operation called ``name``, or the only one. Raises ``OperationError`` (OPERATION_NOT_FOUND)."""
        if name:
            if name in self.operations:
                return self.operations[name]
            raise OperationError(
                "OPERATION_NOT_FOUND",
                f"The document has no operation named {name!r}.",
                where="operationName",
                hint="Send the name of an operation of the document.",
            )
        if len(self.operations) == 1:
            return next(iter(self.operations.values()))
        message = "The document has several operations." if self.operations else "The document has no operation."
        hint = "Say which one to run in operationName." if self.operations else "Write a query or a mutation."
        raise OperationError("OPERATION_NOT_FOUND", message, where="operationName", hint=hint)

    def operation(self, node: OperationDefinitionNode) -> Operation:
        """``node`` normalized, without variables."""
        name = node.name.value if node.name else ""
        if name not in self._normalized:
            self._normalized[name] = self._normalize(node, name)
        return self._normalized[name]

    def _normalize(self, node: OperationDefinitionNode, name: str) -> Operation:
        root = cast(GraphQLObjectType, self.schema.get_root_type(node.operation))  # validation: KnownOperationTypes
        deferring = self.shown.get_directive("defer") is GraphQLDeferDirective
        selections = normalize(node, self.schema, self.fragments, deferring=deferring)
        used = used_variables(selections)
        definitions = tuple(
            (d.variable.name.value, _type_text(d))
            for d in node.variable_definitions or ()
            if d.variable.name.value in used
        )
        return Operation(_KINDS[node.operation], root.name, selections, definitions, name, self.text_hash)


def _type_text(definition: VariableDefinitionNode) -> str:
    """The variable's type, with its default: a nullable variable with a default may stand where null may not."""
    text = print_ast(definition.type)
    return f"{text} = {print_ast(definition.default_value)}" if definition.default_value is not None else text


class Documents:
    """The documents read lately, by text; bounded, the least recently used one goes first.

    One instance belongs to one API schema, one set of limits and one kind of caller. ``shown`` is what of the schema
    such a caller may name (all of it when not given): documents are valid on that, and normalized on the whole.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        limits: Limits = _DEFAULT_LIMITS,
        size: int = 512,
        shown: GraphQLSchema | None = None,
    ) -> None:
        self.schema = schema
        self.shown = shown
        self.limits = limits
        self.size = size
        self._kept: OrderedDict[str, Document] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def read(self, text: str) -> Document:
        """The document of ``text``, from the cache where it is known. Raises as ``read_document`` does."""
        known = self._kept.get(text)
        if known is not None:
            self._kept.move_to_end(text)
            return known
        document = read_document(text, self.schema, self.limits, self.shown)
        self._kept[text] = document
        if len(self._kept) > self.size:
            self._kept.popitem(last=False)
        return document


def _parse(text: str, limits: Limits) -> DocumentNode:
    try:
        return parse(text, max_tokens=limits.tokens)
    except GraphQLError as error:
        raise _syntax_error(error) from None


def _syntax_error(error: GraphQLError) -> OperationError:
    return OperationError(
        "SYNTAX_ERROR",
        error.message,
        where="document",
        hint="See https://spec.graphql.org/draft/#sec-Document-Syntax.",
        locations=tuple((place.line, place.column) for place in error.locations or ()),
    )


def _check_subscription(node: DocumentNode, schema: GraphQLSchema) -> None:
    """Refuse a subscription by name where the graph has none; validation would say it in passing."""
    for definition in node.definitions:
        if (
            isinstance(definition, OperationDefinitionNode)
            and definition.operation is OperationType.SUBSCRIPTION
            and schema.subscription_type is None
        ):
            raise OperationError(
                "SUBSCRIPTIONS_NOT_SERVED",
                "This graph serves no subscriptions.",
                where="operation",
                hint="Ask again with a query.",
            )


class _Incremental(Visitor):
    """Finds the first ``@defer`` or ``@stream`` of a document that ``schema`` does not define itself."""

    def __init__(self, schema: GraphQLSchema) -> None:
        super().__init__()
        self.names = {name for name in ("defer", "stream") if schema.get_directive(name) is None}
        self.found: DirectiveNode | None = None

    def enter_directive(self, node: DirectiveNode, *_: Any) -> Any:
        """Stop at the first such directive."""
        if node.name.value not in self.names:
            return None
        self.found = node
        return self.BREAK


def _check_incremental(text: str, node: DocumentNode, schema: GraphQLSchema) -> None:
    """Refuse ``@defer`` and ``@stream`` by name (docs/decisions/0030); validation would call them unknown."""
    if "defer" not in text and "stream" not in text:  # spares nearly every document the visit
        return
    search = _Incremental(schema)
    visit(node, search)
    if search.found is None:
        return
    name, place = search.found.name.value, search.found.loc
    start = None if place is None else place.start_token
    raise OperationError(
        "DEFER_NOT_SERVED",
        f"An answer is given whole here: @{name} is not served.",
        where=f"@{name}",
        hint=f"Leave @{name} out, or ask for that part in a request of its own.",
        locations=() if start is None else ((start.line, start.column),),
    )


def read_document(
    text: str, api_schema: GraphQLSchema, limits: Limits = _DEFAULT_LIMITS, shown: GraphQLSchema | None = None
) -> Document:
    """The document of ``text``: within limits, parsed and valid against ``shown`` (``api_schema`` or a part of it).

    Raises ``LimitError`` when a limit is passed, ``OperationError`` with SYNTAX_ERROR, SUBSCRIPTIONS_NOT_SERVED,
    DEFER_NOT_SERVED, UNKNOWN_FIELD, VALIDATION_FAILED and its relatives otherwise; all of them before anything is expanded.
    """
    check_text(text, limits)
    node = _parse(text, limits)
    check_document(node, limits)
    visible = shown or api_schema
    _check_subscription(node, visible)
    _check_incremental(text, node, visible)
    validate_document(node, visible)
    operations: dict[str, OperationDefinitionNode] = {}
    fragments: dict[str, FragmentDefinitionNode] = {}
    for definition in node.definitions:
        if isinstance(definition, OperationDefinitionNode):
            operations[definition.name.value if definition.name else ""] = definition
        elif isinstance(definition, FragmentDefinitionNode):
            fragments[definition.name.value] = definition
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return Document(api_schema, visible, digest, operations, fragments)


def read_operation(
    text: str,
    api_schema: GraphQLSchema,
    variables: Mapping[str, Any] | None = None,
    name: str | None = None,
    limits: Limits = _DEFAULT_LIMITS,
    documents: Documents | None = None,
    *,
    deferring: bool = False,
) -> Operation:
    """The operation that ``text`` asks for: validated, normalized, its variables coerced with defaults.

    ``documents`` remembers what was read before; it must have been made for ``api_schema`` and ``limits``. With
    ``deferring``, which is for planning alone and remembers nothing, the operation may have ``@defer``.
    Raises ``LimitError`` (a limit was passed) or ``OperationError`` (the document, the choice of the operation or a
    variable is wrong); each carries a code, a place and a remedy.
    """
    if documents is not None and not deferring:
        document = documents.read(text)
    else:
        document = read_document(text, api_schema, limits, with_defer(api_schema) if deferring else None)
    node = document.pick(name)
    given = variables or {}
    check_variables(given, limits)
    operation = document.operation(node)
    if node.variable_definitions:
        operation = replace(operation, variables=coerce_variables(node, document.shown, given))
    return settle(operation, operation.variables) if deferring else operation
