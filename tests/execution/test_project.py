"""The answer's form: order, aliases, conditions, null propagation with the right paths, leaves, introspection."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import build_schema

from gateway.execution import Answer, FetchFailure, project
from gateway.operation import read_operation

SCHEMA = build_schema(
    """
    scalar Json
    enum Color { RED GREEN }
    interface Node { id: ID! }
    type User implements Node { id: ID!, name: String, age: Int, friend: User, strict: User!, friends: [User!]
      matrix: [[Int!]], color: Color, score: Float, ok: Boolean, raw: Json, pets: [Pet] }
    type Cat implements Node { id: ID!, meow: String! }
    type Dog { bark: String }
    union Pet = Cat | Dog
    type Query { me: User, must: User!, node: Node, nodes: [Node!]!, pet: Pet }
    """
)


def answer(text: str, data: dict[str, Any], *failures: FetchFailure, **variables: Any) -> Answer:
    operation = read_operation(text, SCHEMA, variables)
    return project(operation, data, SCHEMA, failures)


def errors(told: Answer) -> list[tuple[str, list[str | int] | None]]:
    return [(error["extensions"]["code"], error.get("path")) for error in told.errors]


def test_order_and_aliases_are_the_clients() -> None:
    """The tree's own order and its extra keys do not matter."""
    data = {"me": {"name": "n", "id": "1", "x": 3, "__r0": 5, "secret": 6}, "other": 1}
    told = answer("{ me { x: age id ... on User { name } id } }", data)
    assert told.data == {"me": {"x": 3, "id": "1", "name": "n"}}
    assert list((told.data or {})["me"]) == ["x", "id", "name"]
    assert not told.errors


def test_conditions_are_evaluated_with_the_variables() -> None:
    """Both ways, from one document."""
    text = "query($a: Boolean!) { me { id @skip(if: $a) ... @include(if: $a) { name } } }"
    data = {"me": {"id": "1", "name": "n"}}
    assert answer(text, data, a=True).data == {"me": {"name": "n"}}
    assert answer(text, data, a=False).data == {"me": {"id": "1"}}


def test_a_field_seen_twice_has_both_selections() -> None:
    """Also where the two stand under different conditions or types."""
    text = """query($a: Boolean!) { node { ... on User { friend { id } } }
      me { friend { id } friend @include(if: $a) { name } } }"""
    friend = {"friend": {"id": "2", "name": "f"}}
    told = answer(text, {"node": {"__typename": "Cat"}, "me": friend}, a=True)
    assert told.data == {"node": {}, "me": friend}


def test_what_is_missing_is_null_without_an_error() -> None:
    """A nullable field that nobody answered."""
    told = answer("{ me { name friend { id } } pet { __typename } }", {"me": {}})
    assert told == Answer({"me": {"name": None, "friend": None}, "pet": None})


@pytest.mark.parametrize(
    ("text", "data", "expected", "path"),
    [
        ("{ me { id name } }", {"me": {"name": "n"}}, {"me": None}, ["me", "id"]),
        ("{ me { strict { id } } }", {"me": {"strict": {}}}, {"me": None}, ["me", "strict", "id"]),
        ("{ me { friend { strict { id } } name } }", {"me": {"friend": {"strict": None}, "name": "n"}},
         {"me": {"friend": None, "name": "n"}}, ["me", "friend", "strict"]),
        ("{ me { friends { id } } }", {"me": {"friends": [{"id": "1"}, {}]}}, {"me": {"friends": None}},
         ["me", "friends", 1, "id"]),
        ("{ me { matrix } }", {"me": {"matrix": [[1], [2, None]]}}, {"me": {"matrix": [[1], None]}},
         ["me", "matrix", 1, 1]),
        ("{ must { name } }", {}, None, ["must"]),
        ("{ nodes { id } me { name } }", {"nodes": [{"__typename": "Cat", "id": None}], "me": {}}, None,
         ["nodes", 0, "id"]),
        ("{ me { a: strict { x: id } } }", {"me": {"a": {"x": None}}}, {"me": None}, ["me", "a", "x"]),
    ],
)  # fmt: skip
def test_a_forbidden_null_travels_up_to_the_nearest_nullable_place(
    text: str, data: dict[str, Any], expected: Any, path: list[Any]
) -> None:
    """One error, at the place of the null, by response keys and list indexes."""
    told = answer(text, data)
    assert told.data == expected
    assert errors(told) == [("UNEXPECTED_NULL", path)]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("color", "BLUE"), ("color", 1), ("age", 2**31), ("age", "1"), ("age", True), ("age", 1.5), ("name", 5),
        ("name", ["x"]), ("ok", "true"), ("ok", 0), ("score", "1"), ("score", True), ("friend { id }", "x"),
        ("friends { id }", {"id": "1"}), ("friend { id }", [{"id": "1"}]), ("matrix", [1]), ("matrix", 1),
    ],
)  # fmt: skip
def test_a_value_that_does_not_fit_its_type_is_null_with_an_error(field: str, value: Any) -> None:
    """Never a leak of what the API schema does not have."""
    key = field.split()[0]
    told = answer(f"{{ me {{ {field} }} }}", {"me": {key: value}})
    assert told.data is not None
    assert told.data["me"][key] in (None, [None])
    assert [code for code, _ in errors(told)] == ["BAD_VALUE"]
    assert str(value) not in told.errors[0]["message"]


def test_a_bad_value_in_a_non_null_place_is_reported_once() -> None:
    """The wrong value is the error; the null it becomes is not a second one."""
    told = answer("{ me { id } }", {"me": {"id": {}}})
    assert (told.data, errors(told)) == ({"me": None}, [("BAD_VALUE", ["me", "id"])])


def test_leaves_pass_as_their_types_allow() -> None:
    """Integral floats are Ints, Ints are Floats and IDs, custom scalars pass untouched, long integers stay exact."""
    data = {"me": {"age": 3.0, "score": 1, "id": 12, "raw": {"big": 10**30}, "color": "RED", "ok": False}}
    told = answer("{ me { age score id raw color ok } }", data)
    assert told.data == {"me": {"age": 3, "score": 1, "id": "12", "raw": {"big": 10**30}, "color": "RED", "ok": False}}
    assert not told.errors


def test_abstract_types_follow_the_runtime_type() -> None:
    """Each object has the fields of the fragments that fit it, and its real type name."""
    text = "{ nodes { kind: __typename ... on User { name } ... on Node { id } ... on Cat { meow } } }"
    nodes = [{"__typename": "Cat", "id": "1", "meow": "m", "name": "x"}, {"__typename": "User", "id": "2", "name": "n"}]
    assert answer(text, {"nodes": nodes}).data == {
        "nodes": [{"kind": "Cat", "id": "1", "meow": "m"}, {"kind": "User", "name": "n", "id": "2"}]
    }


@pytest.mark.parametrize("typename", ["Dog", "Baz", "Node", 5, ["Cat"], None])
def test_a_runtime_type_that_the_api_does_not_allow_here_is_null(typename: Any) -> None:
    """Inaccessible, unknown or impossible types hide the whole object."""
    told = answer("{ node { __typename id } }", {"node": {"__typename": typename, "id": "1"}})
    assert told.data == {"node": None}
    assert len(told.errors) == 1


def test_an_interface_without_a_type_name_answers_what_was_asked_of_the_interface() -> None:
    """Behind an interface object nobody asked for the real type; only the interface's own fields are known."""
    told = answer("{ node { id ... on Node { same: id } } }", {"node": {"id": "1", "same": "1"}})
    assert told == Answer({"node": {"id": "1", "same": "1"}})


def test_an_object_whose_type_a_fragment_asks_for_must_have_one() -> None:
    """Otherwise nobody could tell which fields the answer should have: the object is null, with one error."""
    text = "{ node { id ... on User { name } } }"
    told = answer(text, {"node": {"id": "1"}})
    assert (told.data, errors(told)) == ({"node": None}, [("UNEXPECTED_NULL", ["node"])])
    failure = FetchFailure("users", "NOPE", "m", (("node", "name"),))
    assert errors(answer(text, {"node": {"id": "1"}}, failure)) == [("NOPE", ["node"])]


def test_a_fragment_that_covers_every_possible_type_applies_without_a_type_name() -> None:
    """Whatever the object is, it is one of those."""
    schema = build_schema(
        """interface Product { id: ID! } interface Priced { price: Int } type Query { product: Product }
        type Bread implements Product & Priced { id: ID!, price: Int }"""
    )
    operation = read_operation("{ product { ... on Bread { id } ... on Priced { price } } }", schema)
    assert project(operation, {"product": {"id": "1", "price": 2}}, schema).data == {"product": {"id": "1", "price": 2}}


def test_a_union_without_a_type_name_is_null() -> None:
    """There is nothing that could be told about it."""
    assert answer("{ pet { __typename } }", {"pet": {}}).data == {"pet": None}


def test_an_object_that_claims_another_type_is_null() -> None:
    """A field of an object type holds that type and no other."""
    assert answer("{ me { id } }", {"me": {"__typename": "Cat", "id": "1"}}).data == {"me": None}


def test_a_failure_explains_the_nulls_below_and_above_it() -> None:
    """One error for one cause: the failure's own, masked, with service and code."""
    failure = FetchFailure("users", "SUBGRAPH_TIMEOUT", "Subgraph users did not answer in time.", (("me",),))
    told = answer("{ me { id } must { id } }", {"me": {"name": "n"}, "must": {"id": "1"}}, failure)
    assert told.data == {"me": None, "must": {"id": "1"}}
    assert told.errors == (
        {
            "message": "Subgraph users did not answer in time.",
            "path": ["me"],
            "extensions": {"code": "SUBGRAPH_TIMEOUT", "service": "users"},
        },
    )
    deep = FetchFailure("users", "NOPE", "m", (("me", "strict", "id"),))
    assert errors(answer("{ me { strict { id } } }", {"me": {"strict": None}}, deep)) == [
        ("NOPE", ["me", "strict", "id"])
    ]


def test_a_failure_elsewhere_explains_nothing() -> None:
    """A second cause is a second error."""
    failure = FetchFailure("users", "NOPE", "m", (("me", "name"),))
    assert errors(answer("{ me { id name } }", {"me": {}}, failure)) == [
        ("NOPE", ["me", "name"]),
        ("UNEXPECTED_NULL", ["me", "id"]),
    ]


def test_each_client_field_that_misses_its_value_has_an_error() -> None:
    """One failure, several fields: each is told by its own path; what was fetched for the gateway itself is not."""
    paths = (("me", "name"), ("me", "age"), ("me", "__r0"), ("nodes", 0, "id"), ("nodes", 0, "meow"))
    failure = FetchFailure("users", "NOPE", "m", paths)
    data = {"me": {"id": "1"}, "nodes": [{"__typename": "User", "id": "1"}]}
    told = answer("{ me { id x: age name } nodes { id ... on Cat { meow } } }", data, failure)
    assert errors(told) == [("NOPE", ["me", "name"]), ("NOPE", ["nodes", 0, "id"])]


def test_a_failure_in_many_places_is_told_once_for_each_list() -> None:
    """Beyond twenty places a client learns nothing from more."""
    paths = tuple(("nodes", index, key) for index in range(30) for key in ("id", "name"))
    told = answer("{ nodes { id ... on User { name } } }", {"nodes": []}, FetchFailure("users", "NOPE", "m", paths))
    assert errors(told) == [("NOPE", ["nodes"]), ("NOPE", ["nodes"])]


def test_paths_show_nothing_that_the_client_did_not_ask_for() -> None:
    """Keys fetched for the gateway itself cut the path, down to none."""
    inner = FetchFailure("users", "NOPE", "m", (("me", "__r0", "x"),))
    other = FetchFailure("users", "NOPE", "m", (("secret",),))
    told = answer("{ me { id } }", {"me": {"id": "1"}}, inner, other)
    assert errors(told) == [("NOPE", ["me"]), ("NOPE", None)]


def test_errors_of_one_answer_are_capped() -> None:
    """A thousand wrong values are a hundred errors."""
    told = answer("{ nodes { ... on User { name } } }", {"nodes": [{"__typename": "User", "name": 1}] * 1_000})
    assert len(told.errors) == 100


def test_introspection_is_answered_from_the_schema() -> None:
    """With aliases, variables, fragments and conditions, beside ordinary fields."""
    text = """query($n: String!, $deep: Boolean!) { me { id }
      t: __type(name: $n) { ...T fields { name @skip(if: $deep) type { name } } }
      __schema { queryType { name } } __typename }
      fragment T on __Type { kind enumValues { name } }"""
    told = answer(text, {"me": {"id": "1"}}, n="Dog", deep=False)
    assert told.data == {
        "me": {"id": "1"},
        "t": {"kind": "OBJECT", "enumValues": None, "fields": [{"name": "bark", "type": {"name": "String"}}]},
        "__schema": {"queryType": {"name": "Query"}},
        "__typename": "Query",
    }
    assert not told.errors
    assert list(told.data or {}) == ["me", "t", "__schema", "__typename"]


def test_introspection_behind_a_condition() -> None:
    """What a condition leaves out is not answered."""
    text = 'query($a: Boolean!) { ... @include(if: $a) { __type(name: "Cat") { name } } __typename }'
    assert answer(text, {}, a=False).data == {"__typename": "Query"}
    assert answer(text, {}, a=True).data == {"__type": {"name": "Cat"}, "__typename": "Query"}


def test_keys_that_mean_something_to_python_are_only_keys() -> None:
    """A11: aliases like `constructor` or `_private` are data."""
    told = answer(
        "{ constructor: me { __proto: id } }".replace("__proto", "_proto__"), {"constructor": {"_proto__": "1"}}
    )
    assert told.data == {"constructor": {"_proto__": "1"}}
