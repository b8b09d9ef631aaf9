"""Limits are checked before anything expensive: bombs of every kind are refused in a few steps (A9)."""

from __future__ import annotations

import pytest
from graphql import build_schema

from gateway.errors import LimitError, OperationError
from gateway.operation import Limits, read_operation

SCHEMA = build_schema(
    """
    type Query { me: User, users(first: Int, ids: [ID!]): [User!]! }
    type User { id: ID!, name: String, friend: User, friends: [User] }
    """
)


def code_of(text: str, limits: Limits | None = None, **variables: object) -> str:
    with pytest.raises((LimitError, OperationError)) as caught:
        read_operation(text, SCHEMA, variables, limits=limits or Limits())
    error = caught.value
    assert error.message
    assert error.hint
    return error.code


def test_a_text_that_is_too_large_is_refused_unread() -> None:
    """The size is checked in bytes, before the tokens."""
    assert code_of("{ me { name } } #" + "x" * 100_000) == "QUERY_TOO_LARGE"
    assert code_of("{ me { name } } #" + "é" * 60_000) == "QUERY_TOO_LARGE"


def test_too_many_tokens_are_refused_before_parsing() -> None:
    """The text is not even valid GraphQL; the limit still speaks first."""
    assert code_of("{ " + "a " * 10_001) == "TOO_MANY_TOKENS"


@pytest.mark.parametrize("bracket", ["{", "[", "("])
def test_brackets_cannot_exhaust_the_parsers_stack(bracket: str) -> None:
    """A thousand opening brackets are refused by a count, not by a RecursionError."""
    assert code_of("{ me" + bracket * 1_000) == "QUERY_TOO_DEEP"


def test_brackets_within_strings_and_comments_do_not_count() -> None:
    """Only real brackets nest."""
    text = 'query($v: String = "{{{{{{{{") { me { name @include(if: true) } # {{{{{{{{{{{{{{{\n }'
    with pytest.raises(OperationError) as caught:
        read_operation(text, SCHEMA, limits=Limits(nesting=3))
    assert caught.value.code == "VALIDATION_FAILED"  # $v is unused: so it was parsed


def test_a_fragment_bomb_is_counted_and_not_expanded() -> None:
    """Forty fragments that double each time stand for 2^40 fields."""
    fragments = "".join(f"fragment F{i} on User {{ friend {{ ...F{i + 1} }} ...F{i + 1} }}\n" for i in range(20))
    assert code_of("{ me { ...F0 } }" + fragments + "fragment F20 on User { id }") == "QUERY_TOO_LARGE"


def test_depth_goes_through_fragments() -> None:
    """Depth hidden in a chain of fragments is depth."""
    fragments = "".join(f"fragment F{i} on User {{ friend {{ ...F{i + 1} }} }}\n" for i in range(30))
    assert code_of("{ me { ...F0 } }" + fragments + "fragment F30 on User { id }") == "QUERY_TOO_DEEP"


def test_a_chain_of_fragments_without_fields_is_nesting() -> None:
    """Spreads within spreads cost stack, whatever their depth in fields."""
    fragments = "".join(f"fragment F{i} on User {{ ...F{i + 1} }}\n" for i in range(80))
    assert code_of("{ me { ...F0 } }" + fragments + "fragment F80 on User { id }") == "QUERY_TOO_DEEP"


def test_cyclic_fragments_are_a_validation_error() -> None:
    """The counters survive cycles and leave them to validation."""
    text = "{ me { ...A } } fragment A on User { ...B id } fragment B on User { ...A name }"
    assert code_of(text) == "VALIDATION_FAILED"


def test_an_alias_flood_is_refused() -> None:
    """Aliases multiply executions of one field."""
    assert code_of("{ me {" + " ".join(f"a{i}: name" for i in range(301)) + "} }") == "TOO_MANY_ALIASES"


def test_aliases_in_fragments_count_once_per_spread() -> None:
    """The same fragment on two places doubles its aliases."""
    text = "{ me { ...F friend { ...F } } } fragment F on User {" + " ".join(f"a{i}: name" for i in range(160)) + "}"
    assert code_of(text) == "TOO_MANY_ALIASES"


def test_root_fields_directives_and_definitions_are_limited() -> None:
    """Each has its own code."""
    roots = "query {" + " ".join(f"r{i}: me {{ id }}" for i in range(61)) + "}"
    assert code_of(roots) == "TOO_MANY_ROOT_FIELDS"
    assert code_of("{ me { name " + "@include(if: true) " * 201 + "} }") == "TOO_MANY_DIRECTIVES"
    assert code_of("{ me { id } }" + "fragment F on User { id }" * 100) == "TOO_MANY_DEFINITIONS"


def test_repeated_fields_are_refused_before_they_are_compared_in_pairs() -> None:
    """Field merging compares every pair under one response key: 2,000 times `name` is 4 million comparisons."""
    assert code_of("{ me {" + "name " * 2_000 + "} }") == "TOO_MANY_REPEATED_FIELDS"
    nested = "{" + ("me { " + "friend { id } " * 12 + "} ") * 12 + "}"
    assert code_of(nested) == "TOO_MANY_REPEATED_FIELDS"


def test_variables_are_limited_in_number_and_depth() -> None:
    """A list of ids may be long, but not endless; nesting may not exhaust the stack."""
    text = "query($ids: [ID!]) { users(ids: $ids) { id } }"
    assert code_of(text, ids=["x"] * 20_001) == "VARIABLES_TOO_LARGE"
    deep: object = "x"
    for _ in range(2_000):
        deep = [deep]
    assert code_of(text, ids=deep) == "VARIABLES_TOO_LARGE"


def test_what_is_within_limits_passes() -> None:
    """An ordinary operation is untouched."""
    operation = read_operation("{ me { id name friends { id } } }", SCHEMA)
    assert [field.key for field in operation.fields()] == ["me", "id", "name", "friends", "id"]
