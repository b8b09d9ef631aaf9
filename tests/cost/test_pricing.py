"""What operations cost: documents and the numbers that come out, before and after."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from gateway.composition import SubgraphSDL, compose
from gateway.cost import Pricing
from gateway.errors import OperationError
from gateway.operation import Documents, Limits, Operation, read_operation
from gateway.planning import plan_operation
from gateway.supergraph import Supergraph, load_supergraph

LINK = """extend schema @link(url: "https://specs.apollo.dev/federation/v2.9",
  import: ["@key", "@external", "@shareable", {listing}])\n"""
SHOP = """
type Query {
  book(id: ID!): Book
  books(first: Int = 3, last: Int): [Book] @listSize(slicingArguments: ["first", "last"], requireOneSlicingArgument: false)
  every: [Book] @listSize(assumedSize: 7)
  plain: [Book]
  shelf(first: Int): Shelf @listSize(slicingArguments: ["first"], sizedFields: ["books", "names"])
  find(by: By): Int
  any: [Thing]
  one(first: Int, last: Int): [Book] @listSize(slicingArguments: ["first", "last"])
}
type Mutation { rename(id: ID!, name: String): Book }
type Shelf { books: [Book] names: [String] size: Int other: [Book] }
type Book implements Thing @key(fields: "id") { id: ID! title: String isbn: Isbn cover: Cover }
type Film implements Thing @key(fields: "id") @cost(weight: 4) { id: ID! cast: [String] @cost(weight: 2) }
interface Thing { id: ID! }
type Cover @cost(weight: 5) { url: String }
scalar Isbn @cost(weight: 2)
input By { text: String @cost(weight: 20) author: By id: ID }
"""
REVIEWS = """
type Query { latest: Review }
type Book @key(fields: "id") { id: ID! reviews: [Review] @listSize(assumedSize: 4) stars: Int @cost(weight: 3) }
type Review { text: String by: Person }
type Person @key(fields: "id") { id: ID! name: String }
"""


def graph(listing: str = '"@cost", "@listSize"', shop: str = SHOP, reviews: str = REVIEWS) -> Supergraph:
    head = LINK.replace("{listing}", listing)
    parts = [SubgraphSDL(name, f"http://{name}", head + text) for name, text in (("shop", shop), ("reviews", reviews))]
    return load_supergraph(compose(parts).supergraph_sdl)


GRAPH = graph()
DOCUMENTS = Documents(GRAPH.api_schema, Limits())


def read(text: str, variables: Mapping[str, Any] | None = None, of: Supergraph = GRAPH) -> Operation:
    documents = DOCUMENTS if of is GRAPH else Documents(of.api_schema, Limits())
    return read_operation(text, of.api_schema, variables or {}, None, Limits(), documents)


ESTIMATES: dict[str, tuple[str, dict[str, Any], int]] = {
    "an object is 1 and a leaf nothing": ('{ book(id: "1") { id title } }', {}, 1),
    "the type's weight, and the scalar's": ('{ book(id: "1") { isbn cover { url } } }', {}, 8),
    "a slicing argument": ("{ books(first: 5) { id } }", {}, 5),
    "its default": ("{ books { id } }", {}, 3),
    "a variable": ("query($n: Int) { books(first: $n) { isbn } }", {"n": 6}, 18),
    "the larger of two": ("{ books(first: 5, last: 9) { id } }", {}, 9),
    "a negative one asks for none": ("{ books(first: -5) { id } }", {}, 0),
    "an assumed size": ("{ every { cover { url } } }", {}, 42),
    "a list that says nothing": ("{ plain { id } }", {}, 10),
    "the lists that a field above sizes": ("{ shelf(first: 8) { size books { id } names other { id } } }", {}, 19),
    "an argument's weight, as deep as it is given": ('{ find(by: {id: 1, author: {text: "x"}}) }', {}, 20),
    "and by a variable": ("query($by: By) { find(by: $by) }", {"by": {"text": "x", "author": {"text": "y"}}}, 40),
    "an argument that is null": ("query($by: By) { find(by: $by) }", {}, 0),
    "the dearest of the types there may be": ("{ any { id ... on Book { isbn } ... on Film { cast } } }", {}, 240),
    "what is left out": (
        'query($x: Boolean!) { book(id: "1") { id cover @include(if: $x) { url } } }',
        {"x": False},
        1,
    ),
    "what is not": ('query($x: Boolean!) { book(id: "1") { id cover @include(if: $x) { url } } }', {"x": True}, 6),
    "a mutation": ('mutation { rename(id: "1") { id } }', {}, 11),
    "lists in lists": ("{ books(first: 2) { reviews { by { name } } } }", {}, 2 + 2 * 4 * 2),
    "an alias is a field of its own": ("{ a: every { id } b: every { id } }", {}, 14),
    "introspection costs nothing": ("{ __schema { types { name } } __typename }", {}, 0),
}


@pytest.mark.parametrize("case", ESTIMATES)
def test_an_estimate(case: str) -> None:
    """Twice, since what depends on no variable is kept."""
    text, variables, expected = ESTIMATES[case]
    pricing, operation = Pricing(GRAPH, 10), read(text, variables)
    assert pricing.estimate(operation) == expected
    assert pricing.estimate(operation) == expected


def test_the_dearest_type_counts_with_its_own_weight() -> None:
    """Of ten things all may be films: 4 each, and ten names of the cast at 2 each."""
    assert Pricing(GRAPH, 10).estimate(read("{ any { ... on Film { cast } } }")) == 10 * 4 + 10 * 10 * 2


def test_a_size_that_has_to_be_said() -> None:
    """Exactly one slicing argument where ``requireOneSlicingArgument`` is not put off."""
    pricing = Pricing(GRAPH, 10)
    for text in ("{ one { id } }", "{ one(first: 1, last: 1) { id } }"):
        with pytest.raises(OperationError, match="takes exactly one of: first, last") as refused:
            pricing.estimate(read(text))
        assert (refused.value.code, refused.value.where) == ("SLICING_ARGUMENT_REQUIRED", "Query.one")
    assert pricing.estimate(read("{ one(first: 4) { id } }")) == 4


BY_SUBGRAPH = {
    "{ books(first: 3) { id stars reviews { text } } }": {"shop": 3, "reviews": 3 * (1 + 3 + 4)},
    "{ every { a: cover { url } title } }": {"shop": 42},
    "{ latest { by { name } } books(first: 2) { stars } }": {"shop": 2, "reviews": 2 + 2 * (1 + 3)},
    "{ any { ... on Book { stars } } }": {"shop": 10 * 4, "reviews": 10 * (1 + 3)},
}


@pytest.mark.parametrize("text", BY_SUBGRAPH)
def test_what_each_subgraph_may_be_asked(text: str) -> None:
    """An entity fetch counts as often as there may be objects where it points."""
    pricing, operation = Pricing(GRAPH, 10), read(text)
    plan = plan_operation(GRAPH, operation)
    assert pricing.by_subgraph(plan, operation.variables) == BY_SUBGRAPH[text]
    assert pricing.by_subgraph(plan, operation.variables) == BY_SUBGRAPH[text]


def test_a_subgraphs_part_follows_the_variables() -> None:
    """The same plan under another page size."""
    pricing, text = Pricing(GRAPH, 10), "query($n: Int) { books(first: $n) { stars } }"
    plan = plan_operation(GRAPH, read(text, {"n": 1}))
    told = [pricing.by_subgraph(plan, {"n": count}) for count in (1, 5, 1)]
    assert told == [{"shop": 1, "reviews": 4}, {"shop": 5, "reviews": 20}, {"shop": 1, "reviews": 4}]


def test_what_an_answer_has_cost() -> None:
    """Only what is there: two books of five, one without a cover, one null."""
    operation = read("{ books(first: 5) { isbn cover { url } } any { id ... on Film { cast } } }")
    pricing = Pricing(GRAPH, 10)
    data: dict[str, Any] = {
        "books": [{"isbn": "1", "cover": None}, None, {"isbn": None, "cover": {"url": "x"}}],
        "any": [{"id": "1"}, {"id": "2", "cast": ["a", "b"]}],
    }
    # books 1 + 1, an isbn 2, a cover 5; any: the dearest type's 4 each, and two names at 2
    assert pricing.actual(operation, data) == 2 + 2 + 5 + 8 + 4
    assert pricing.actual(operation, None) == 0
    assert pricing.estimate(operation) > pricing.actual(operation, data)


def test_costs_may_go_by_another_name() -> None:
    """Imported under other names, and not imported at all."""
    renamed = graph(
        '{name: "@cost", as: "@price"}, {name: "@listSize", as: "@rows"}',
        SHOP.replace("@cost", "@price").replace("@listSize", "@rows"),
        REVIEWS.replace("@cost", "@price").replace("@listSize", "@rows"),
    )
    assert renamed.cost_names == ("price", "rows")
    whole = graph(
        '"@tag"',
        SHOP.replace("@cost", "@federation__cost").replace("@listSize", "@federation__listSize"),
        REVIEWS.replace("@cost", "@federation__cost").replace("@listSize", "@federation__listSize"),
    )
    for of in (renamed, whole):
        pricing = Pricing(of, 10)
        assert pricing.declared
        assert pricing.estimate(read("{ every { cover { url } } }", of=of)) == 42


def test_the_higher_of_two_weights_counts() -> None:
    """One subgraph cannot make cheap what another says is dear."""
    shop = SHOP + "type Tag @shareable { name: String @cost(weight: 2) }"
    both = graph(shop=shop, reviews=REVIEWS + "type Tag @shareable { name: String @cost(weight: 9) }")
    named = both.field("Tag", "name")
    assert named is not None
    assert [each.get("weight") for each in named.directives if each.name == "cost"] == [9]


def test_a_graph_without_costs_says_so() -> None:
    """Then nothing has to be reckoned for it."""
    bare = [SubgraphSDL("a", "http://a", "type Query { a: [A] } type A { b: Int }")]
    assert not Pricing(load_supergraph(compose(bare).supergraph_sdl), 10).declared
    assert Pricing(GRAPH, 10).declared
