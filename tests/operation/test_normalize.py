"""Normalization: the tree every later stage reads, shown as text."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from graphql import build_schema

from gateway.operation import Field, Selection, read_operation
from gateway.operation.normalize import EMPTY_KEY

SCHEMA = build_schema(
    """
    interface Node { id: ID! }
    interface Named { name: String }
    type User implements Node & Named { id: ID!, name: String, friend: User, pet(kind: String, n: Int): Pet }
    type Cat implements Node & Named { id: ID!, name: String, meow: Int }
    type Dog implements Node { id: ID!, bark: Int }
    union Pet = Cat | Dog
    type Query { node: Node, me: User, pet: Pet, named: Named, find(f: F, s: String): User }
    input F { a: Int, b: [String], c: F }
    """
)


def show(selections: Iterable[Selection]) -> str:
    parts = []
    for item in selections:
        if isinstance(item, Field):
            alias = "" if item.key == item.name else f"{item.key}: "
            arguments = ", ".join(f"{a.name}: {a.text}" for a in item.arguments)
            head = f"{alias}{item.name}" + (f"({arguments})" if arguments else "")
        else:
            head = f"... on {item.type}"
        head += "".join(f" @{'skip' if c.negated else 'include'}(if: ${c.variable})" for c in item.conditions)
        parts.append(head + (f" {{ {show(item.selections)} }}" if item.selections else ""))
    return " ".join(parts)


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        # named fragments are inlined; a condition that narrows nothing is opened
        ("{ me { ...U } } fragment U on User { id ...N } fragment N on Named { name }", "me { id name }"),
        ("{ me { ... on Node { id } ... { name } } }", "me { id name }"),
        # equal fields are one field, where it stood first; unequal arguments are not equal
        ("{ me { friend { id } name friend { name } } }", "me { friend { id name } name }"),
        ("{ me { id } ... on Query { me { name } } }", "me { id name }"),
        ('{ me { a: pet(kind: "x") { __typename } a: pet(kind: "x") { ... on Cat { meow } } } }',
         'me { a: pet(kind: "x") { __typename ... on Cat { meow } } }'),
        # type conditions: kept where they narrow, dropped where they cannot match
        ("{ node { ... on User { name } ... on Named { ... on Node { ... on Dog { bark } } } } }",
         "node { ... on User { name } }"),
        ("{ node { ... on Named { name } } }", "node { ... on Named { name } }"),
        ("{ pet { ... on Node { id ... on Named { name ... on Pet { ... on Cat { meow } } } } } }",
         "pet { ... on Node { id ... on Named { name ... on Pet { ... on Cat { meow } } } } }"),
        ("{ named { ... on Named { name } ... on User { ... on Node { id } } } }", "named { name ... on User { id } }"),
        # fragments join only side by side: the order is the answer's order
        ("{ node { ... on Cat { meow } ... on Cat { name } id ... on Cat { id } } }",
         "node { ... on Cat { meow name } id ... on Cat { id } }"),
        # literal conditions are gone; variable ones stay, sorted, once
        ("{ me { id @skip(if: true) name @include(if: true) friend @skip(if: false) { id @include(if: false) } } }",
         f"me {{ name friend {{ {EMPTY_KEY}: __typename }} }}"),
        ("query($a: Boolean!, $b: Boolean!) { me { id @skip(if: $b) @include(if: $a) } }",
         "me { id @include(if: $a) @skip(if: $b) }"),
        ("query($a: Boolean!) { me { ... @include(if: $a) { id @include(if: $a) name @skip(if: $a) } } }",
         "me { ... on User @include(if: $a) { id } }"),
        ("query($a: Boolean!) { me { friend { id } friend @include(if: $a) { name } } }",
         "me { friend { id } friend @include(if: $a) { name } }"),
        ("query($a: Boolean!) { me { name @skip(if: $a) @include(if: $a) } }", f"me {{ {EMPTY_KEY}: __typename }}"),
        # equal fields do not join over one with the same key in between: what lies below keeps its order
        ("query($a: Boolean!) { me { id } me @skip(if: $a) { name } me { friend { id } } }",
         "me { id } me @skip(if: $a) { name } me { friend { id } }"),
        ("query($a: Boolean!) { me { id } ... @skip(if: $a) { find { id } me { name } } me { friend { id } find: id } }",
         "me { id } ... on Query @skip(if: $a) { find { id } me { name } } me { friend { id } find: id }"),
        ("{ me { id } node { id } me { name } }", "me { id name } node { id }"),
        # values are canonical
        ('{ find(s: """a\n  b""", f: {c: {b: ["x", null], a: 1}, a: 2}) { id } }',
         'find(f: {a: 2, c: {a: 1, b: ["x", null]}}, s: "a\\nb") { id }'),
        ("query($s: String) { find(s: $s, f: {b: [$s]}) { id } }", "find(f: {b: [$s]}, s: $s) { id }"),
    ],
)  # fmt: skip
def test_normal_form(text: str, normal: str) -> None:
    """Each rule of normalization by one example."""
    given = {"a": True, "b": True}
    assert show(read_operation(text, SCHEMA, given).selections) == normal


def test_an_empty_composite_keeps_a_hidden_type_name() -> None:
    """The object's existence still has to be fetched, though nothing of it is shown."""
    operation = read_operation("{ node { ... on User { id @skip(if: true) } } }", SCHEMA)
    (node,) = operation.selections
    (hidden,) = node.selections
    assert isinstance(hidden, Field)
    assert (hidden.key, hidden.name, hidden.parent, hidden.hidden) == (EMPTY_KEY, "__typename", "Node", True)


def test_definitions_keep_only_the_variables_that_are_still_read() -> None:
    """A variable of a dropped field is no part of the operation any more."""
    text = "query($a: Boolean!, $s: String, $t: String) { me { id @include(if: $a) } find(s: $s) { id } " \
           "x: find(s: $t) @skip(if: true) { id } }"  # fmt: skip
    operation = read_operation(text, SCHEMA, {"a": False})
    assert operation.definitions == (("a", "Boolean!"), ("s", "String"))


def test_arguments_know_their_variables() -> None:
    """Also those deep in lists and objects."""
    operation = read_operation("query($s: String) { find(f: {c: {b: [$s]}}) { id } }", SCHEMA)
    (field,) = [f for f in operation.fields() if f.name == "find"]
    assert field.arguments[0].variables == frozenset({"s"})
    assert field.location == (1, 21)
    assert field.parent == "Query"
