"""``gateway compose --jsonl``: lines in, lines out."""

from __future__ import annotations

import io
import json

import pytest

from gateway.composition.jsonl import compose_lines


def test_each_line_is_answered_by_a_line() -> None:
    good = {"id": "1", "subgraphs": [{"name": "a", "url": "http://a", "sdl": "type Query { a: Int }"}]}
    bad = {"id": 2, "subgraphs": [{"name": "a", "sdl": "type A { a: Int }"}]}
    out = io.StringIO()
    compose_lines([json.dumps(good) + "\n", "\n", json.dumps(bad)], out)
    first, second = [json.loads(line) for line in out.getvalue().splitlines()]
    assert (first["id"], first["ok"], first["hints"]) == ("1", True, [])
    assert first["supergraphSdl"].startswith("schema\n")
    assert (second["id"], second["ok"]) == (2, False)
    assert second["errors"] == [
        {
            "code": "NO_QUERIES",
            "message": "No queries found in any subgraph: a supergraph must have a query root type.",
            "where": "Query",
            "hint": "define type Query with at least one field in one of the subgraphs",
            "subgraphs": ["a"],
        }
    ]


def test_a_line_without_subgraphs_is_refused() -> None:
    with pytest.raises(ValueError, match='an object with "subgraphs"'):
        compose_lines(['{"id": 1}'], io.StringIO())
