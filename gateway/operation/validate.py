"""Validation of a document against the API schema: graphql-core's rules, each mistake with a code of ours.

Suggestions ("Did you mean") are off: they would tell a caller about fields of a schema that caller may not see.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from graphql import GraphQLError, GraphQLSchema
from graphql.language import DocumentNode, FieldNode
from graphql.validation import ASTValidationContext, ASTValidationRule, ValidationContext, specified_rules, validate

from gateway.errors import GatewayError, OperationError

__all__ = ["unknown_field", "validate_document"]

# how many mistakes one answer lists; a document that has more is wrong enough
MAX_ERRORS = 20

_CODES = {
    "FieldsOnCorrectTypeRule": "UNKNOWN_FIELD",
    "KnownTypeNamesRule": "UNKNOWN_TYPE",
    "KnownArgumentNamesRule": "UNKNOWN_ARGUMENT",
    "KnownDirectivesRule": "UNKNOWN_DIRECTIVE",
    "KnownFragmentNamesRule": "UNKNOWN_FRAGMENT",
    "ProvidedRequiredArgumentsRule": "MISSING_ARGUMENT",
    "ValuesOfCorrectTypeRule": "WRONG_VALUE",
    "SingleFieldSubscriptionsRule": "SUBSCRIPTION_ROOT",
    "MaxIntrospectionDepthRule": "QUERY_TOO_DEEP",
}
_HINTS = {
    "RESERVED_NAME": "Choose an alias that does not begin with two underscores.",
    "UNKNOWN_FIELD": "Look the type up in the API schema; its fields are listed there.",
    "UNKNOWN_TYPE": "Look the type up in the API schema.",
    "UNKNOWN_ARGUMENT": "Look the field or directive up in the API schema; its arguments are listed there.",
    "UNKNOWN_DIRECTIVE": "Use @skip, @include and what the API schema declares for this place.",
    "UNKNOWN_FRAGMENT": "Define the fragment in the same document.",
    "MISSING_ARGUMENT": "Give the argument a value or a variable.",
    "SUBSCRIPTION_ROOT": "Select one field of the subscription root, always; send a subscription for each of several.",
    "WRONG_VALUE": "Write a value of the type that the API schema declares.",
}


def unknown_field(field: str, type: str, location: tuple[int, int]) -> GatewayError:
    """The error for a field that ``type`` does not have; also for one that no agreement could ever grant (A16)."""
    message = f"Cannot query field {field!r} on type {type!r}."
    return GatewayError(
        "UNKNOWN_FIELD",
        message,
        status=400,
        where=f"{type}.{field}",
        hint=_HINTS["UNKNOWN_FIELD"],
        locations=(location,),
    )


@cache
def _coded_rules() -> tuple[type[ASTValidationRule], ...]:
    """graphql-core's rules, each telling which one spoke, and our rule on reserved names."""
    rules: list[type[ASTValidationRule]] = []
    for rule in specified_rules:
        code = _CODES.get(rule.__name__, "VALIDATION_FAILED")

        def report_error(self: ASTValidationRule, error: GraphQLError, code: str = code) -> None:
            error.extensions = {"code": code, "where": _where(self.context, error)}
            self.context.report_error(error)

        rules.append(type(rule.__name__, (rule,), {"report_error": report_error}))
    return (*rules, ReservedNames)


class ReservedNames(ASTValidationRule):
    """A client may write no response key that begins with two underscores; the gateway keeps its own values there.

    ``__typename``, ``__schema`` and ``__type`` themselves are fine, under those names or any ordinary alias.
    """

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        """Report an alias that begins with two underscores and is not the field's own name."""
        alias = node.alias.value if node.alias else ""
        if alias.startswith("__") and alias != node.name.value:
            error = GraphQLError(f"The alias {alias!r} is reserved.", node)
            error.extensions = {"code": "RESERVED_NAME", "where": _where(self.context, error)}
            self.report_error(error)


def _where(context: ASTValidationContext, error: GraphQLError) -> str:
    """The ``Type.field`` the error stands at; "" when it stands at something else than a field."""
    node = error.nodes[0] if error.nodes else None
    if not isinstance(context, ValidationContext) or not isinstance(node, FieldNode):
        return ""
    parent = context.get_parent_type()
    return f"{parent.name}.{node.name.value}" if parent else node.name.value


def _convert(error: GraphQLError) -> GatewayError:
    """One validation error as ours."""
    extensions = error.extensions or {}
    # graphql-core reports an unknown argument past its rule's report_error, so only its words tell
    fallback = "UNKNOWN_ARGUMENT" if error.message.startswith("Unknown argument") else "VALIDATION_FAILED"
    code = str(extensions.get("code", fallback))
    return GatewayError(
        code,
        error.message,
        status=400,
        where=str(extensions.get("where", "")),
        hint=_HINTS.get(code, "See https://spec.graphql.org/draft/#sec-Validation."),
        locations=tuple((place.line, place.column) for place in error.locations or ()),
    )


def validate_document(document: DocumentNode, schema: GraphQLSchema) -> None:
    """Nothing, when ``document`` is valid against ``schema``.

    Raises ``OperationError`` with every mistake in ``errors`` (at most 20); its own code is the first one's.
    """
    found = validate(schema, document, _coded_rules(), max_errors=MAX_ERRORS, hide_suggestions=True)
    if not found:
        return
    errors = tuple(_convert(error) for error in found)
    first = errors[0]
    raise OperationError(
        first.code, first.message, where=first.where, hint=first.hint, locations=first.locations, errors=errors
    )
