"""What is computed from another agency's value needs that agency's word, over chains and interface objects (A4)."""

from __future__ import annotations

import textwrap
from itertools import pairwise

import pytest

from gateway.composition import SubgraphSDL, compose
from gateway.coordinates import Coordinate
from gateway.enforcement.flows import edges_of, missing_flows
from gateway.policy import Policy, compile_policy, read_bundle
from gateway.supergraph import Supergraph, load_supergraph
from tests.policy.kit import AT, agreement

_LINK = """
extend schema
  @link(url: "https://specs.apollo.dev/federation/v2.7", import: ["@key", "@requires", "@external", "@interfaceObject", "@composeDirective"])
  @link(url: "https://two-way-street.example/policy/v1.0", import: ["@classified"])
  @composeDirective(name: "@classified")
directive @classified(category: String!, overlays: [String!], origin: String) repeatable on FIELD_DEFINITION
"""
_WORDS = """
[categories]
SYS = { title = "follows" }
LINK = { title = "leads" }
ADJ = { title = "adjudication" }
"""


def graph(**subgraphs: str) -> Supergraph:
    """The supergraph of subgraphs given as SDL without their heads."""
    made = compose([SubgraphSDL(name, "http://x", _LINK + text) for name, text in subgraphs.items()])
    return load_supergraph(made.supergraph_sdl)


def governed(found: Supergraph, *flows: tuple[str, str, str, str, tuple[str, ...]]) -> Policy:
    """The policy in which each subgraph is an agency, and each flow (of, to, fields, use, derives) an agreement."""
    pages = {"vocabulary.toml": _WORDS + "".join(_agency(each.name) for each in found.subgraphs)}
    for number, (of, to, field, use, derives) in enumerate(flows):
        text = f'[[flow]]\narticle = "V.{number}"\nto = "{to}"\nfields = ["{field}"]\nuse = "{use}"\n'
        text += f"derives = {list(derives)}\n" if derives else ""
        pages[f"agreements/{number}.toml"] = agreement(
            id=f'"AGREEMENT-{number}"', provider=f'"{of}"', recipients=f'["{to}"]', purposes="[]", roles="[]", more=text
        )
    return compile_policy(read_bundle(pages), found)


def _agency(name: str) -> str:
    return f'[agencies.{name.upper()}]\nname = "{name}"\nsubgraphs = ["{name}"]\n'


def told(found: Supergraph, policy: Policy) -> list[tuple[str, str, str]]:
    """Each mistake: its code, the value, and the subgraph that would receive it."""
    return [(each.code, each.where, each.subgraphs[0]) for each in missing_flows(found, policy, AT)]


def chain(length: int) -> Supergraph:
    """Agencies A to E: A's own value, and for each other a value computed from the one before it."""
    names = "abcde"[: length + 1]
    texts = {
        "a": 'type Query { thing: Thing @classified(category: "LINK") } '
        'type Thing @key(fields: "id") { id: ID! @classified(category: "SYS") va: String @classified(category: "ADJ") }'
    }
    for before, name in pairwise(names):
        texts[name] = (
            f'type Thing @key(fields: "id") {{ id: ID! @classified(category: "SYS") v{before}: String @external '
            f'v{name}: String @requires(fields: "v{before}") @classified(category: "ADJ") }}'
        )
    return graph(**texts)


def flows_of(length: int, *, derives: bool = True) -> list[tuple[str, str, str, str, tuple[str, ...]]]:
    """Every join and input that the chain needs, with or without what may be computed."""
    names = "ABCDE"[: length + 1]
    joins = [("A", name, "Thing.id", "join", ()) for name in names[1:]]
    inputs = [
        (before, name, f"Thing.v{before.lower()}", "input", (f"Thing.v{name.lower()}",) if derives else ())
        for before, name in pairwise(names)
    ]
    return [*joins, *inputs]


@pytest.mark.parametrize("length", [1, 2, 3, 4])
def test_a04_each_link_of_a_chain_needs_its_owners_clause(length: int) -> None:
    """Computed values are their computer's own, and go on under its agreements: one missing anywhere refuses the graph."""
    found = chain(length)
    whole = flows_of(length)
    assert told(found, governed(found, *whole)) == []
    for left_out in whole[length:]:
        rest = [each for each in whole if each is not left_out]
        assert told(found, governed(found, *rest)) == [("FLOW_MISSING", left_out[2], left_out[1].lower())]


@pytest.mark.parametrize("length", [1, 4])
def test_a04_a_value_computed_from_anothers_needs_that_ones_word(length: int) -> None:
    """An input lets a subgraph see the value; that it shows what follows from it has to be agreed as well."""
    found = chain(length)
    policy = governed(found, *flows_of(length, derives=False))
    links = list(zip("abcde", "bcde"[:length], strict=False))
    assert told(found, policy) == [("DERIVATION_MISSING", f"Thing.v{before}", name) for before, name in links]
    first = missing_flows(found, policy, AT)[0]
    assert first.message == (
        "b: @requires of Thing.vb computes Thing.vb from Thing.va (A), and no agreement in force lets B show it."
    )
    assert "derives = ['Thing.vb']" in first.hint


def test_a04_the_word_for_one_field_is_none_for_another() -> None:
    found = chain(1)
    flows = [("A", "B", "Thing.id", "join", ()), ("A", "B", "Thing.va", "input", ("Thing.id",))]
    assert told(found, governed(found, *flows)) == [("DERIVATION_MISSING", "Thing.va", "b")]


def test_a04_through_interface_objects_what_moves_and_what_follows_is_on_every_concrete_type() -> None:
    """A requirement of an interface object takes from each implementer, and shows on each."""
    found = graph(
        a=textwrap.dedent("""
            type Query { any: Item @classified(category: "LINK") }
            interface Item @key(fields: "id") { id: ID! secret: String }
            type Book implements Item @key(fields: "id") {
              id: ID! @classified(category: "SYS") secret: String @classified(category: "ADJ")
            }
            type Film implements Item @key(fields: "id") {
              id: ID! @classified(category: "SYS") secret: String @classified(category: "ADJ")
            }
        """),
        b="""
            type Item @key(fields: "id") @interfaceObject {
              id: ID! @classified(category: "SYS") secret: String @external
              score: String @requires(fields: "secret") @classified(category: "ADJ")
            }
        """,
    )
    moved = {(str(each.coordinate), each.use) for each in edges_of(found, governed(found))}
    assert moved == {
        ("Book.id", "join"), ("Film.id", "join"), ("Book.secret", "input"), ("Film.secret", "input"),
    }  # fmt: skip
    joins = [("A", "B", f"{name}.id", "join", ()) for name in ("Book", "Film")]
    inputs = [("A", "B", f"{name}.secret", "input", (f"{name}.score",)) for name in ("Book", "Film")]
    assert told(found, governed(found, *joins, *inputs)) == []
    assert told(found, governed(found, *joins, inputs[0])) == [("FLOW_MISSING", "Film.secret", "b")]
    unsaid = ("A", "B", "Film.secret", "input", ())
    assert told(found, governed(found, *joins, inputs[0], unsaid)) == [("DERIVATION_MISSING", "Film.secret", "b")]


def test_a04_an_edge_says_what_is_computed() -> None:
    edges = edges_of(chain(1), governed(chain(1)))
    assert [(each.use, each.computes) for each in edges] == [("join", ()), ("input", (Coordinate("Thing", "vb"),))]
