"""A supergraph that demands what nobody would enforce is not served: @authenticated, @requiresScopes, @policy."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.cli.main import app
from gateway.composition import SubgraphSDL, compose
from gateway.config import Settings
from gateway.errors import PolicyError
from gateway.opening import open_graph, open_unrestricted
from tests.scenarios.asking import ROOT, TODAY
from tests.supergraph.samples import supergraph_sdl

LINK = (
    'extend schema @link(url: "https://specs.apollo.dev/federation/v2.6", '
    'import: ["@key", "@authenticated", "@requiresScopes", "@policy"])\n'
)
OPEN = "type Query { a: Int }"
SCOPES = '@requiresScopes(scopes: [["read:a"]])'
POLICY = '@policy(policies: [["kept"]])'
JOIN = '@link(url: "https://specs.apollo.dev/join/v0.5", for: EXECUTION)'


def refused(text: str, folder: Path) -> list[str]:
    """Where the graph is refused."""
    with pytest.raises(PolicyError) as error:
        open_unrestricted(text, Settings(var=folder))
    assert error.value.code == "UNENFORCED_DIRECTIVE"
    assert {each.code for each in error.value.mistakes} == {"UNENFORCED_DIRECTIVE"}
    assert all(each.hint for each in error.value.mistakes)
    return [f"{each.where} {each.message.split()[2]}" for each in error.value.mistakes]


@pytest.mark.parametrize(
    ("types", "where"),
    [
        ("type Query { a: Int @authenticated }", ["Query.a @authenticated"]),
        (f"type Query {{ a: Int {SCOPES} }}", ["Query.a @requiresScopes"]),
        (f"type Query {{ a: Int {POLICY} }}", ["Query.a @policy"]),
        (
            f"type Query {{ a: T }} type T @authenticated {{ b: Int {POLICY} }}",
            ["T @authenticated", "T.b @policy"],
        ),
        ("type Query { a: E } enum E @authenticated { X }", ["E @authenticated"]),
        ("type Query { a: S } scalar S @authenticated", ["S @authenticated"]),
    ],
)
def test_what_composes_with_a_demand_for_access_is_not_served(types: str, where: list[str], tmp_path: Path) -> None:
    composed = compose([SubgraphSDL("a", "http://a.test", LINK + types)]).supergraph_sdl
    assert refused(composed, tmp_path) == where


@pytest.mark.parametrize(
    ("link", "local"),
    [
        ("", "authenticated"),
        ('@link(url: "https://specs.apollo.dev/authenticated/v0.1", as: "known", for: SECURITY)', "known"),
        (
            '@link(url: "https://specs.apollo.dev/authenticated/v0.1", '
            'import: [{name: "@authenticated", as: "@known"}], for: SECURITY)',
            "known",
        ),
        ('@link(url: "https://specs.apollo.dev/federation/v2.6", as: "fed")', "fed__authenticated"),
        (
            '@link(url: "https://specs.apollo.dev/federation/v2.6", import: [{name: "@authenticated", as: "@known"}])',
            "known",
        ),
    ],
)
def test_a_demand_under_another_name_is_still_one(link: str, local: str, tmp_path: Path) -> None:
    body = (
        f"directive @{local} on FIELD_DEFINITION\ntype Query @join__type(graph: A) {{ a: Int @{local} }}\n"
        "directive @join__type(graph: join__Graph!) repeatable on OBJECT"
    )
    text = supergraph_sdl(body, "a").replace(JOIN, f"{JOIN} {link}")
    assert refused(text, tmp_path) == ["Query.a @authenticated"]


def test_a_graph_that_demands_nothing_is_served(tmp_path: Path) -> None:
    composed = compose([SubgraphSDL("a", "http://a.test", LINK + OPEN)]).supergraph_sdl
    assert open_unrestricted(composed, Settings(var=tmp_path)).graph.supergraph.field("Query", "a")


def demanding(folder: Path) -> Path:
    """A copy of ``schema/`` whose supergraph demands a known caller for every field of visas."""
    schema = folder / "schema"
    shutil.copytree(ROOT / "schema", schema)
    path = schema / "supergraph.graphql"
    text = path.read_text(encoding="utf-8").replace("\ntype Visa", "\ntype Visa @authenticated", 1)
    path.write_text(text + "\ndirective @authenticated on OBJECT\n", encoding="utf-8")
    return schema


def test_agreements_do_not_stand_in_for_it(tmp_path: Path) -> None:
    """The governed graph too: that an agreement gives a field is not what the directive asks for."""
    with pytest.raises(PolicyError) as error:
        open_graph(demanding(tmp_path), at=TODAY)
    assert error.value.code == "UNENFORCED_DIRECTIVE"
    assert all(each.where.startswith("Visa") for each in error.value.mistakes)


def test_serve_says_so_and_ends(tmp_path: Path) -> None:
    file = tmp_path / "graph.graphql"
    types = "type Query { a: Int @authenticated }"
    file.write_text(compose([SubgraphSDL("a", "http://a.test", LINK + types)]).supergraph_sdl, encoding="utf-8")
    done = CliRunner().invoke(app, ["serve", "--supergraph", str(file), "--policy", "unrestricted", "--port", "0"])
    assert done.exit_code != 0
    assert isinstance(done.exception, PolicyError) or "UNENFORCED_DIRECTIVE" in done.output


def test_check_names_every_place(tmp_path: Path) -> None:
    """Where the subgraphs do not compose, the supergraph on disk is checked; where they do, what they make."""
    schema = demanding(tmp_path)
    (schema / "registry.toml").write_text("", encoding="utf-8")
    done = CliRunner().invoke(app, ["check", "--schema", str(schema)])
    assert done.exit_code == 1
    assert "UNENFORCED_DIRECTIVE" in done.output
