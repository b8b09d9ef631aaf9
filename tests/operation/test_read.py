"""Reading an operation: each mistake has a code, a place and a remedy; nothing tells what a schema holds beside it."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import build_schema, get_introspection_query

from gateway.errors import OperationError
from gateway.operation import Documents, Field, Limits, read_operation, unknown_field

SCHEMA = build_schema(
    """
    directive @live on FIELD
    scalar Any30
    enum Color { RED GREEN }
    input Inner { color: Color = RED, ids: [ID!], more: Inner }
    input One @oneOf { a: Int, b: String }
    type Query {
      me: User
      find(id: ID, n: Int!, color: Color, inner: Inner, one: One, raw: Any30, flags: [Boolean!]): User
      count(n: Int! = 3): Int
    }
    type Mutation { rename(name: String!): User }
    type User { id: ID!, name: String, friend: User }
    """
)


def failure(text: str, name: str | None = None, **variables: Any) -> OperationError:
    with pytest.raises(OperationError) as caught:
        read_operation(text, SCHEMA, variables, name)
    return caught.value


@pytest.mark.parametrize(
    ("text", "code", "where"),
    [
        ("{ me { name }", "SYNTAX_ERROR", "document"),
        ("", "SYNTAX_ERROR", "document"),
        ("{ me { nmae } }", "UNKNOWN_FIELD", "User.nmae"),
        ("{ _entities(representations: []) { __typename } }", "UNKNOWN_FIELD", "Query._entities"),
        ("{ _service { sdl } }", "UNKNOWN_FIELD", "Query._service"),
        ("{ me { ... on _Any { id } } }", "UNKNOWN_TYPE", ""),
        ("{ me(x: 1) { id } }", "UNKNOWN_ARGUMENT", ""),
        ("{ me @gone { id } }", "UNKNOWN_DIRECTIVE", ""),
        ("{ me { ... @defer { id } } }", "DEFER_NOT_SERVED", "@defer"),
        ("{ me { ...F @defer(if: false) } } fragment F on User { id }", "DEFER_NOT_SERVED", "@defer"),
        (
            "{ me { ...F } } fragment F on User { friend @stream(initialCount: 1) { id } }",
            "DEFER_NOT_SERVED",
            "@stream",
        ),
        ("{ me { ... @defer { nmae } } }", "DEFER_NOT_SERVED", "@defer"),
        ("{ me { ...Gone } }", "UNKNOWN_FRAGMENT", ""),
        ("{ find { id } }", "MISSING_ARGUMENT", "Query.find"),
        ("{ find(n: true) { id } }", "WRONG_VALUE", ""),
        ("{ find(n: 1, color: BLUE) { id } }", "WRONG_VALUE", ""),
        ("{ me }", "VALIDATION_FAILED", "Query.me"),
        ("{ me { x: id x: name } }", "VALIDATION_FAILED", "User.id"),
        ("{ me { __secret: name } }", "RESERVED_NAME", "User.name"),
        ("{ me { __f_x: name } }", "RESERVED_NAME", "User.name"),
        ("{ me { __typename: name } }", "RESERVED_NAME", "User.name"),
        ("subscription { me { id } }", "SUBSCRIPTIONS_NOT_SERVED", "operation"),
    ],
)
def test_each_mistake_has_its_code_and_place(text: str, code: str, where: str) -> None:
    """The first mistake gives the error its code; where it stands at a field, the field is named."""
    error = failure(text)
    assert (error.code, error.where) == (code, where)
    assert error.locations or code in ("SYNTAX_ERROR", "SUBSCRIPTIONS_NOT_SERVED")
    assert error.hint


LIVE = build_schema(
    """
    type Query { n: Int }
    type Subscription { changed: Change, other: Int }
    type Change { id: ID, n: Int }
    """
)


@pytest.mark.parametrize(
    "text",
    [
        "subscription { changed { id } other }",
        "subscription { a: other b: other }",
        "subscription { ...F } fragment F on Subscription { changed { id } other }",
        "subscription { __typename }",
        "subscription { changed: __typename }",
        "subscription { other @skip(if: false) }",
        "subscription($yes: Boolean!) { other @include(if: $yes) }",
        "subscription($yes: Boolean!) { ...F @include(if: $yes) } fragment F on Subscription { other }",
        "subscription { ... @include(if: true) { other } }",
    ],
)
def test_a_subscription_has_one_root_field_whatever_the_variables(text: str) -> None:
    """https://spec.graphql.org/September2025/#sec-Single-Root-Field: no second field, no introspection, no condition."""
    with pytest.raises(OperationError) as caught:
        read_operation(text, LIVE, {"yes": True})
    assert caught.value.code == "SUBSCRIPTION_ROOT"
    assert caught.value.locations


def test_one_root_field_may_be_written_in_parts() -> None:
    """Equal fields are one, and conditions below the root are like any other."""
    text = (
        "subscription($yes: Boolean!) { changed { id } ... { changed { n @include(if: $yes) } } ...F } "
        "fragment F on Subscription { changed { __typename } }"
    )
    operation = read_operation(text, LIVE, {"yes": True})
    assert (operation.kind, operation.root) == ("subscription", "Subscription")
    assert [each.name for each in operation.fields()] == ["changed", "id", "n", "__typename"]


def test_no_error_suggests_a_name() -> None:
    """A16: no "Did you mean", whatever is misspelt."""
    for text in (
        "{ me { nam } }", "{ find(n: 1, colour: RED) { id } }", "{ find(n: 1, color: REDD) { id } }",
        "{ me { ...on Usr { id } } }", "{ find(n: 1, inner: {idz: []}) { id } }", "{ me { id @inclde(if: true) } }",
    ):  # fmt: skip
        assert "mean" not in " ".join(error.message for error in failure(text).errors)


def test_an_unknown_field_reads_like_one_that_is_never_granted() -> None:
    """A16: what enforcement says of a field nobody can be granted is the validator's answer byte for byte."""
    (error,) = failure("{ me { secret } }").errors
    assert error.as_graphql() == unknown_field("secret", "User", (1, 8)).as_graphql()


def test_every_mistake_is_listed() -> None:
    """One request, all its mistakes; at most twenty."""
    assert [e.where for e in failure("{ me { a b c } }").errors] == ["User.a", "User.b", "User.c"]
    many = failure("{ me {" + " ".join(f"x{i}" for i in range(90)) + "} }")
    assert len(many.errors) <= 21


def test_an_alias_of_introspection_is_no_reserved_name() -> None:
    """`__typename` may be asked under its own name or any ordinary alias."""
    operation = read_operation("{ __typename kind: __typename __typename: __typename }", SCHEMA)
    assert [field.key for field in operation.fields()] == ["__typename", "kind"]


def test_the_full_introspection_query_is_read() -> None:
    """What every tool sends first is within the limits."""
    assert read_operation(get_introspection_query(), SCHEMA).name == "IntrospectionQuery"


def test_the_operation_is_picked_by_name() -> None:
    """Several operations need a name; one does not."""
    text = 'query A { me { id } } mutation B { rename(name: "x") { id } }'
    assert read_operation(text, SCHEMA, name="B").kind == "mutation"
    assert failure(text).code == "OPERATION_NOT_FOUND"
    assert failure(text, "C").code == "OPERATION_NOT_FOUND"
    assert failure("fragment F on User { id }").code == "VALIDATION_FAILED"
    assert read_operation("{ me { id } }", SCHEMA, name="").name == ""


def test_variables_are_coerced_with_defaults() -> None:
    """Lists wrap, ids are strings, defaults fill in, custom scalars pass, what is undefined is ignored."""
    text = """query($id: ID, $n: Int = 7, $flags: [Boolean!], $raw: Any30, $inner: Inner, $color: Color = GREEN) {
      find(id: $id, n: $n, flags: $flags, raw: $raw, inner: $inner, color: $color) { id } }"""
    given = {"id": 12, "flags": True, "raw": {"x": 10**30}, "inner": {"ids": "a"}, "unknown": 1}
    operation = read_operation(text, SCHEMA, given)
    assert operation.variables == {
        "id": "12", "n": 7, "flags": [True], "raw": {"x": 10**30}, "inner": {"ids": ["a"]}, "color": "GREEN",
    }  # fmt: skip
    assert dict(operation.definitions)["n"] == "Int = 7"


def test_an_absent_variable_stays_absent_and_null_stays_null() -> None:
    """The subgraph must be able to tell the two apart."""
    text = "query($id: ID, $color: Color = RED) { find(id: $id, n: 1, color: $color) { id } }"
    assert read_operation(text, SCHEMA).variables == {"color": "RED"}
    assert read_operation(text, SCHEMA, {"id": None, "color": None}).variables == {"id": None, "color": None}


@pytest.mark.parametrize(
    ("declared", "value", "where"),
    [
        ("$n: Int!", None, "$n"), ("$n: Int!", "1", "$n"), ("$n: Int!", 2**31, "$n"), ("$n: Int!", True, "$n"),
        ("$color: Color", "BLUE", "$color"), ("$color: Color", 1, "$color"),
        ("$inner: Inner", {"more": {"ids": ["a", None]}}, "$inner.more.ids[1]"), ("$inner: Inner", [], "$inner"),
        ("$inner: Inner", {"nope": 1}, "$inner.nope"), ("$one: One", {}, "$one"), ("$one: One", {"a": None}, "$one"),
        ("$one: One", {"a": 1, "b": "x"}, "$one"), ("$flags: [Boolean!]", [True, 1], "$flags[1]"),
    ],
)  # fmt: skip
def test_a_wrong_variable_is_named_to_the_innermost_place(declared: str, value: Any, where: str) -> None:
    """The error says which part of which variable does not fit, and never repeats the value."""
    name = declared[1 : declared.index(":")]
    n = "" if name == "n" else "n: 1, "
    error = failure(f"query({declared}) {{ find({n}{name}: ${name}) {{ id }} }}", **{name: value})
    assert (error.code, error.where) == ("WRONG_VARIABLE", where)


def test_a_missing_required_variable_is_wrong() -> None:
    """No value and no default for a non-null type."""
    assert failure("query($n: Int!) { find(n: $n) { id } }").where == "$n"


def test_documents_are_kept_by_text_and_bounded() -> None:
    """The same text is read once; the least recently used goes first."""
    documents = Documents(SCHEMA, Limits(), size=2)
    texts = ["{ me { id } }", "{ me { name } }", "{ me { friend { id } } }"]
    first = documents.read(texts[0])
    documents.read(texts[1])
    assert documents.read(texts[0]) is first
    documents.read(texts[2])
    assert len(documents) == 2
    assert documents.read(texts[0]) is first
    one = read_operation(texts[0], SCHEMA, documents=documents)
    assert read_operation(texts[0], SCHEMA, documents=documents) is one


def test_a_deferred_part_is_refused_where_it_stands() -> None:
    error = failure('query {\n  me { ... @defer(label: "late") { id } }\n}')

    assert error.locations == ((2, 12),)
    assert error.message == "An answer is given whole here: @defer is not served."
    assert "request of its own" in error.hint


def test_words_of_a_document_are_not_directives() -> None:
    operation = read_operation("{ defer: me { stream: name } } # @defer", SCHEMA)

    assert [each.key for each in operation.selections if isinstance(each, Field)] == ["defer"]


def test_a_defer_of_the_schemas_own_is_a_directive_like_another() -> None:
    own = build_schema("directive @defer(note: String) on FIELD\ntype Query { a: Int }")

    assert read_operation('{ a @defer(note: "mine") }', own).selections
