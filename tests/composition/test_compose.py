"""``compose`` as a whole: order, bytes, failures, budget, and what others make of its output."""

from __future__ import annotations

import pytest
import strawberry
from graphql.language import parse

from gateway.composition import Composed, SubgraphSDL, compose
from gateway.composition.merging.context import free_alias, graph_names
from gateway.composition.satisfiability import Budget
from gateway.errors import CompositionFailed
from gateway.supergraph import load_supergraph

LINK = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@shareable"])\n'
VISAS = SubgraphSDL(
    "visas",
    "http://127.0.0.1:4003/graphql",
    LINK + 'type Query { visa(foil: ID!): Visa }\ntype Visa @key(fields: "foil") { foil: ID! post: String }',
)
ADMISSIONS = SubgraphSDL(
    "admissions",
    "http://127.0.0.1:4006/graphql",
    LINK + 'type Query { admission(i94: ID!): Admission }\ntype Admission @key(fields: "i94") { i94: ID! visa: Visa }\n'
    'type Visa @key(fields: "foil", resolvable: false) { foil: ID! }',
)


@strawberry.federation.type(name="Visa", keys=["foil"])
class StrawberryVisa:
    """A type as an agency writes it."""

    foil: strawberry.ID
    post: str | None = strawberry.federation.field(shareable=True, default=None)


@strawberry.type(name="Query")
class StrawberryQuery:
    """The root of an agency's schema."""

    @strawberry.field
    def visa(self, foil: strawberry.ID) -> StrawberryVisa | None:
        """The visa with a foil number."""
        return None


def test_input_order_never_matters() -> None:
    assert compose([VISAS, ADMISSIONS]) == compose([ADMISSIONS, VISAS])


def test_the_supergraph_loads_with_its_addresses() -> None:
    composed = compose([VISAS, ADMISSIONS])
    assert isinstance(composed, Composed)
    supergraph = load_supergraph(composed.supergraph_sdl)
    query = supergraph.api_schema.query_type
    assert query is not None
    assert sorted(query.fields) == ["admission", "visa"]
    assert (
        'ADMISSIONS @join__graph(name: "admissions", url: "http://127.0.0.1:4006/graphql")' in composed.supergraph_sdl
    )


def test_every_failure_is_told_with_its_subgraph() -> None:
    wrong = [
        SubgraphSDL("a", "", LINK + 'type Query { t: T }\ntype T @key(fields: "nothing") { id: ID! }'),
        SubgraphSDL("b", "", LINK + "type Query { t: Nothing }"),
    ]
    with pytest.raises(CompositionFailed) as failure:
        compose(wrong)
    assert [(m.code, m.subgraphs) for m in failure.value.mistakes] == [
        ("KEY_INVALID_FIELDS", ("a",)),
        ("INVALID_GRAPHQL", ("b",)),
    ]
    assert failure.value.code == "KEY_INVALID_FIELDS"
    assert str(failure.value).startswith(
        "The subgraphs do not compose: 2 mistakes.\n  KEY_INVALID_FIELDS [a: T, line 3]"
    )


def test_a_spent_budget_is_the_only_mistake() -> None:
    with pytest.raises(CompositionFailed) as failure:
        compose([VISAS, ADMISSIONS], budget=Budget(states=2))
    assert [m.code for m in failure.value.mistakes] == ["MAX_VALIDATION_SUBGRAPH_PATHS_EXCEEDED"]


def test_join_version_follows_the_newest_federation() -> None:
    def version(*linked: str) -> str:
        sdls = [
            f'extend schema @link(url: "https://specs.apollo.dev/federation/{v}")\ntype Query {{ f{i}: Int }}'
            for i, v in enumerate(linked)
        ]
        text = compose([SubgraphSDL(f"s{i}", "", sdl) for i, sdl in enumerate(sdls)]).supergraph_sdl
        return text.split("join/")[1][:4]

    assert version("v2.0") == "v0.3"
    assert version("v2.0", "v2.7") == "v0.4"
    assert version("v2.8", "v2.0") == "v0.5"
    assert version("v2.14") == "v0.5"


def test_graph_names() -> None:
    assert graph_names(["a-b", "a_b", "1x", "foo_1", "A.B"]) == ["A_B_1", "A_B_2", "_1X", "FOO_1_", "A_B_3"]


def test_a_taken_name_gets_an_alias() -> None:
    assert free_alias("tag", set()) == "tag"
    assert free_alias("tag", {"tag"}) == "_0tag"
    assert free_alias("tag", {"tag", "_0tag"}) == "_1tag"


def test_what_strawberry_prints() -> None:
    sdl = strawberry.federation.Schema(query=StrawberryQuery).as_str()
    assert "_entities" in sdl
    text = compose([SubgraphSDL("visas", "", sdl)]).supergraph_sdl
    assert "_entities" not in text
    assert "_Any" not in text
    assert "_Service" not in text
    assert '@join__type(graph: VISAS, key: "foil")' in text


def test_connectors_are_kept_as_data() -> None:
    sdl = (
        'extend schema @link(url: "https://specs.apollo.dev/federation/v2.10", import: ["@key"])\n'
        '@link(url: "https://specs.apollo.dev/connect/v0.2", import: ["@source", "@connect"])\n'
        '@source(name: "v1", http: {baseURL: "http://x"})\n'
        'type Query { a: Int @connect(source: "v1", http: {GET: "/a"}, selection: "$") }'
    )
    composed = compose([SubgraphSDL("a", "", sdl)])
    text = composed.supergraph_sdl
    parse(text)
    assert '@link(url: "https://specs.apollo.dev/connect/v0.3", for: EXECUTION)' in text
    assert (
        'a: Int @join__directive(graphs: [A], name: "connect", '
        'args: {source: "v1", http: {GET: "/a"}, selection: "$"})' in text
    )
    assert '@join__directive(graphs: [A], name: "source", args: {name: "v1", http: {baseURL: "http://x"}})' in text
    assert [hint.code for hint in composed.hints] == ["IMPLICITLY_UPGRADED_FEDERATION_VERSION"]


def test_cache_tags_are_kept_as_data() -> None:
    link = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.12", import: ["@key", "@cacheTag"])\n'
    visa = 'type Visa @key(fields: "foil") @cacheTag(format: "visa-{$key.foil}") { foil: ID! %s: Int }'
    a = SubgraphSDL("a", "", link + "type Query { visa: Visa }\n" + visa % "x")
    b = SubgraphSDL("b", "", link + visa % "y")
    assert (
        '@join__directive(graphs: [A, B], name: "federation__cacheTag", args: {format: "visa-{$key.foil}"})'
        in compose([a, b]).supergraph_sdl
    )


def test_the_older_core_directive_is_read() -> None:
    sdl = (
        'extend schema @core(feature: "https://specs.apollo.dev/core/v0.2") '
        '@core(feature: "https://a.example/x/v0.1", as: "y")\ntype Query { a: Int }'
    )
    assert "core" not in compose([SubgraphSDL("a", "", sdl)]).supergraph_sdl
