"""``gateway normalize``, ``moves``, ``paths`` and ``explain-plan``: what each prints, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest
from typer.testing import Result

from tests.cli.conftest import Gateway, told

IMPORTS = '["@key", "@requires", "@external", "@provides", "@shareable", "@override"]'
LINK = f'extend schema @link(url: "https://specs.apollo.dev/federation/v2.7", import: {IMPORTS})\n'
USERS = """
type Query { me: User }
type Mutation { rename: User }
type User @key(fields: "id") { id: ID! name: String @shareable birthYear: Int friend: User age: Int }
"""
POSTS = """
type Query { posts: [Post!] }
type Mutation { publish: Post }
type User @key(fields: "id") {
  id: ID!
  birthYear: Int @external
  name: String @external
  posts: [Post!]
  grown: Boolean @requires(fields: "birthYear")
  badge: String @shareable
}
type Post @key(fields: "id") { id: ID! title: String author: User @provides(fields: "name") }
"""
STATS = """
type User @key(fields: "id") { id: ID! views: Int badge: String @shareable age: Int @override(from: "users", label: "moved") }
type Post @key(fields: "id") { id: ID! views: Int }
"""
QUERY = "query Q($late: Boolean! = true) { me { name grown views friend { views } ...Posts @skip(if: false) } }"
FRAGMENT = "fragment Posts on User { posts { title views @include(if: $late) author { name } } }"
VISA = "query Q($id: ID!) { traveler(id: $id) { names { family } petitions { nodes { rfeReasons status } } } }"

Stage: TypeAlias = Callable[..., Result]


@pytest.fixture
def stage(gateway: Gateway, tmp_path: Path) -> Stage:
    """Run a command on a graph of users, posts and stats, with an operation on standard input."""
    for name, text in (("users", USERS), ("posts", POSTS), ("stats", STATS)):
        (tmp_path / f"{name}.graphql").write_text(LINK + text)
    made = gateway("compose", *(tmp_path / f"{name}.graphql" for name in ("users", "posts", "stats")))
    assert made.exit_code == 0, made.output
    (tmp_path / "graph.graphql").write_text(made.stdout)

    def run(command: str, *arguments: str, stdin: str = "") -> Result:
        return gateway(command, *arguments, "--supergraph", tmp_path / "graph.graphql", stdin=stdin)

    return run


def printed(result: Result) -> str:
    assert result.exit_code == 0, result.output
    return result.stdout


def test_normalize_shows_fragments_inlined_and_variables_coerced(stage: Stage) -> None:
    assert printed(stage("normalize", stdin=QUERY + FRAGMENT)) == (
        "query Q on Query\n"
        "  me: Query.me\n"
        "    name: User.name\n"
        "    grown: User.grown\n"
        "    views: User.views\n"
        "    friend: User.friend\n"
        "      views: User.views\n"
        "    posts: User.posts\n"
        "      title: Post.title\n"
        "      views: Post.views if $late\n"
        "      author: Post.author\n"
        "        name: User.name\n"
        "$late: Boolean! = true is true\n"
    )


def test_normalize_for_a_caller_shows_what_is_permitted_and_what_the_gateway_added(
    gateway: Gateway, composed: Path
) -> None:
    base = ("normalize", "--variables", '{"id": "TRV-1"}', "--schema", composed, "--at", "2026-11-01")
    everything = printed(gateway(*base, stdin=VISA))
    primary = printed(gateway(*base, "--as", "cbp-primary-atl", stdin=VISA))

    assert "rfeReasons: Petition.rfeReasons" in everything
    assert "added by the gateway" not in everything
    assert "rfeReasons" not in primary
    assert "family: PersonName.family" in primary
    assert "__f_id: Traveler.id, added by the gateway" in primary


def test_moves_of_a_type(stage: Stage) -> None:
    assert printed(stage("moves", "--type", "User", "--subgraph", "posts")) == (
        "User in posts\n"
        "  reads id: ID!\n"
        "  reads posts: [Post!]\n"
        "  reads grown: Boolean @requires { birthYear }\n"
        "  reads badge: String\n"
        "  goes to stats as User by { id }\n"
        "  goes to users as User by { id }\n"
        "  comes back to posts as User by { id }\n"
    )
    assert "  reads author: User @provides { name }\n" in printed(stage("moves", "--type", "Post"))
    everything = printed(stage("moves"))
    assert [line for line in everything.splitlines() if line.startswith("Query in ")] == [
        "Query in posts",
        "Query in stats",
        "Query in users",
    ]
    assert "Query in users\n  reads me: User\n  goes to posts from its root\n" in everything


def test_a_label_moves_a_field(stage: Stage) -> None:
    base = ("moves", "--type", "User", "--subgraph")

    assert "reads age" in printed(stage(*base, "users"))
    assert "reads age" not in printed(stage(*base, "stats"))
    assert "reads age" not in printed(stage(*base, "users", "--label", "moved"))
    assert "reads age" in printed(stage(*base, "stats", "--label", "moved"))
    assert "fetch 1 stats" in printed(stage("explain-plan", "--label", "moved", stdin="{ me { age } }"))


def test_paths_shows_what_each_leaf_costs(stage: Stage) -> None:
    assert printed(stage("paths", "User.grown", stdin=QUERY + FRAGMENT)) == (
        "me.grown (User.grown)\n"
        "  * 2 requests, wave 2: users: me > to posts as User by { id } and @requires inputs birthYear > grown\n"
    )
    by_path = printed(stage("paths", "me.posts.views", stdin=QUERY + FRAGMENT))
    assert by_path == (
        "me.posts.views (Post.views)\n"
        "  * 3 requests, wave 3: users: me > to posts as User by { id } > posts > to stats as Post by { id } > views\n"
    )
    everything = printed(stage("paths", stdin=QUERY + FRAGMENT))
    assert by_path in everything
    leaves = [line for line in everything.splitlines() if not line.startswith(" ")]
    assert len(leaves) == 7
    assert everything.count("  * ") == 7


def test_paths_marks_the_rival_that_is_taken(stage: Stage) -> None:
    """Two subgraphs have the badge at the same cost; it is read in that which the operation asks anyway."""
    to_posts = "2 requests, wave 2: users: me > to posts as User by { id } > badge"
    to_stats = "2 requests, wave 2: users: me > to stats as User by { id } > badge"
    heading = "me.badge (User.badge)"

    with_posts = printed(stage("paths", "User.badge", stdin="{ me { badge grown } }"))
    with_stats = printed(stage("paths", "User.badge", stdin="{ me { badge views } }"))

    assert with_posts == f"{heading}\n  * {to_posts}\n    {to_stats}\n"
    assert with_stats == f"{heading}\n    {to_posts}\n  * {to_stats}\n"


def test_explain_plan_says_why_each_fetch_is_there(stage: Stage) -> None:
    assert printed(stage("explain-plan", stdin=QUERY + FRAGMENT)) == (
        "fetch 0 users: wave 1\n"
        "  reads for the client: me.name\n"
        "  reads for fetch 1: me.id, me.birthYear\n"
        "  reads for fetch 2: me.id, me.friend.id\n"
        "  waits for nothing\n"
        "\n"
        "fetch 1 posts: wave 2\n"
        "  reads for the client: me.grown, me.posts.title, me.posts.author.name\n"
        "  reads for fetch 2: me.posts.id\n"
        "  sends User by key { id } with @requires inputs { birthYear }\n"
        "  User.grown @requires { birthYear }\n"
        "  may read User.name here because a field above it @provides it\n"
        "  waits for fetch 0 because it sends me.id, me.birthYear\n"
        "\n"
        "fetch 2 stats: wave 3\n"
        "  reads for the client: me.views, me.friend.views, me.posts.views\n"
        "  sends User by key { id }\n"
        "  sends Post by key { id }\n"
        "  waits for fetch 0 because it sends me.id, me.friend.id\n"
        "  waits for fetch 1 because it sends me.posts.id\n"
        "  merged: 2 entity calls in one request\n"
        "  merged: me, me.friend share the call _e0\n"
    )


def test_explain_plan_of_a_mutation_keeps_its_order(stage: Stage) -> None:
    text = printed(stage("explain-plan", stdin="mutation { rename { name } publish { title } }"))

    assert "fetch 0 users: wave 1" in text
    assert "fetch 1 posts: wave 2" in text
    assert "  waits for fetch 0 because that one must come first\n" in text


def test_explain_plan_tells_the_gateways_own_reads_from_the_clients(gateway: Gateway, composed: Path) -> None:
    base = ("explain-plan", "--variables", '{"id": "TRV-1"}', "--schema", composed, "--at", "2026-11-01")
    text = printed(gateway(*base, "--as", "cbp-primary-atl", stdin=VISA))

    assert "  reads for the client: traveler.names.family\n" in text
    assert "  reads for the gateway's own decision: " in text


@pytest.mark.parametrize("command", ["paths", "explain-plan"])
def test_an_operation_that_needs_no_subgraph_says_so(stage: Stage, command: str) -> None:
    assert printed(stage(command, stdin="{ __typename }")).startswith("Nothing is fetched")


def test_what_cannot_be_shown_is_told_with_a_remedy(stage: Stage, gateway: Gateway, tmp_path: Path) -> None:
    assert "Post, Query, User" in told(stage("moves", "--type", "Usr"), "TYPE_NOT_IN_GRAPH")
    assert "posts, stats, users" in told(stage("moves", "--subgraph", "usr"), "SUBGRAPH_NOT_IN_GRAPH")
    assert "--subgraph" in told(stage("moves", "--type", "Mutation", "--subgraph", "stats"), "NO_MOVES")
    assert "gateway normalize" in told(stage("paths", "User.gone", stdin="{ me { name } }"), "FIELD_NOT_PLANNED")
    for command in ("normalize", "paths", "explain-plan"):
        told(stage(command, stdin="{ nobody }"), "UNKNOWN_FIELD")
        told(stage(command, "--variables", "{", stdin="{ me { name } }"), "WRONG_VARIABLE")
        missing = gateway(command, "--schema", tmp_path / "none", stdin="{ me { name } }")
        assert (missing.exit_code, missing.stderr.split()[0]) == (1, "SUPERGRAPH_MISSING")
        assert "Run `gateway compose`." in missing.stderr
    assert "SUPERGRAPH_MISSING" in gateway("moves", "--schema", tmp_path / "none").stderr


DEFERRED = '{ me { name ... @defer(label: "later") { posts { title } } } }'


def test_what_is_deferred_is_planned_apart(stage: Stage) -> None:
    assert '"kind": "Defer"' in printed(stage("plan", "--json", stdin=DEFERRED))
    text = printed(stage("plan", "--shapes", stdin=DEFERRED))
    assert "deferred 0 'later' at me after 0: 1 fetch in 1 wave\n" in text
    assert "run by no executor: what is deferred is only planned" in text
    assert "deferred as 'later'" in printed(stage("normalize", stdin=DEFERRED))


def test_what_a_caller_asks_for_is_not_deferred(gateway: Gateway) -> None:
    query = '{ traveler(id: "x") { ... @defer { id } } }'
    result = gateway("plan", "--as", "cbp-secondary-nyc", "--at", "2026-11-01", stdin=query)
    assert result.exit_code != 0
    assert "DEFER_NOT_SERVED" in result.output
