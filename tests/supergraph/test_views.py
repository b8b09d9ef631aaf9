"""What one subgraph has: its own types, its own subtyping, a schema its operations validate against."""

from __future__ import annotations

from graphql import parse, validate

from tests.supergraph.test_load import SUPERGRAPH


def test_an_interface_object_is_an_object_there() -> None:
    ports, visas = SUPERGRAPH.view("PORTS"), SUPERGRAPH.view("VISAS")
    assert (ports.kinds["Event"], visas.kinds["Event"]) == ("object", "interface")
    assert ports.interface_objects == {"Event"}
    assert (ports.possible["Event"], visas.possible["Event"]) == (("Event",), ("Visa",))


def test_fields_and_types_are_the_graphs_own() -> None:
    ports = SUPERGRAPH.view("PORTS")
    assert set(ports.joins["Visa"]) == {"foil", "status", "stay"}
    assert ports.join("Visa", "at") is None
    assert ports.knows("Visa")
    assert not ports.knows("Control")


def test_operations_validate_against_the_graphs_schema() -> None:
    schema = SUPERGRAPH.view("PORTS").schema
    good = "query($r: [_Any!]!) { _entities(representations: $r) { ... on Visa { stay } ... on Event { score } } }"
    assert validate(schema, parse(good)) == []
    bad = "query($r: [_Any!]!) { _entities(representations: $r) { ... on Visa { at } } }"
    assert [error.message for error in validate(schema, parse(bad))] == ["Cannot query field 'at' on type 'Visa'."]
