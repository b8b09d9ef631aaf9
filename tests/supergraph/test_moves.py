"""The graph of moves: what can be read where, and where one can go."""

from __future__ import annotations

from gateway.supergraph.moves import Moves, Node
from tests.planning.harness import composed
from tests.supergraph.test_load import SUPERGRAPH


def ways_out(node: Node) -> list[str]:
    return [f"{move.tail!r} as {move.typename}" if not move.root else f"{move.tail!r}" for move in node.keys]


def test_external_and_overridden_fields_cannot_be_read() -> None:
    moves = Moves(SUPERGRAPH)
    assert set(moves.node("PORTS", "Visa").fields) == {"foil"}
    assert set(Moves(SUPERGRAPH, ["percent(5)"]).node("PORTS", "Visa").fields) == {"foil", "stay"}


def test_keys_lead_to_the_same_type_and_to_interface_objects() -> None:
    moves = Moves(SUPERGRAPH)
    assert ways_out(moves.node("VISAS", "Visa")) == ["Visa@PORTS as Visa", "Event@PORTS as Event"]
    assert ways_out(moves.node("PORTS", "Visa")) == ["Visa@VISAS as Visa"]


def test_an_interface_object_stands_for_every_type() -> None:
    node = Moves(SUPERGRAPH).node("PORTS", "Event")
    assert not node.real
    assert node.runtime == ("Visa",)
    assert [move.typename for move in node.reentries] == ["Event"]


def test_provided_fields_are_readable_on_that_path_only() -> None:
    supergraph = composed(
        (
            (
                "a",
                'type Query { with: U @provides(fields: "name") without: U } '
                'type U @key(fields: "id") { id: ID! name: String @external }',
            ),
            ("b", 'type U @key(fields: "id") { id: ID! name: String @shareable }'),
        )
    )
    root = Moves(supergraph).node("A", "Query")
    provided, plain = root.fields["with"].tail, root.fields["without"].tail
    assert provided is not None
    assert plain is not None
    assert (set(provided.fields), set(plain.fields)) == ({"id", "name"}, {"id"})
    assert ways_out(provided) == ways_out(plain) == ["U@B as U"]


def test_an_interface_is_read_alike_only_if_every_type_can() -> None:
    supergraph = composed(
        (
            (
                "a",
                "type Query { all: [I!] } interface I { x: Int y: Int } type A implements I { x: Int y: Int } "
                'type B implements I @key(fields: "id") { id: ID! x: Int y: Int }',
            ),
            ("b", 'type B @key(fields: "id") { id: ID! y: Int @override(from: "a") }'),
        )
    )
    node = Moves(supergraph).node("A", "I")
    assert node.runtime == ("A", "B")
    assert node.read("x", ("A", "B")) is not None
    assert node.read("y", ("A", "B")) is None
    assert node.read("y", ("A",)) is not None


def test_roots_lead_to_the_other_roots() -> None:
    moves = Moves(SUPERGRAPH)
    assert [repr(node) for node in moves.roots("query")] == ["Query@VISAS"]
    assert moves.roots("mutation") == ()
