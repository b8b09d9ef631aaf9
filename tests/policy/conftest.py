"""The real policy on the real graph, compiled once for all tests that ask for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.policy import Policy, compile_policy, load_bundle
from gateway.supergraph import load_supergraph

SCHEMA = Path(__file__).parents[2] / "schema"


@pytest.fixture(scope="session")
def real() -> Policy:
    """The agreements of ``schema/`` compiled against ``schema/supergraph.graphql``."""
    path = SCHEMA / "supergraph.graphql"
    if not path.exists():
        pytest.skip("schema/supergraph.graphql is not composed yet: run `gateway compose`")
    return compile_policy(load_bundle(SCHEMA), load_supergraph(path.read_text("utf-8")))
