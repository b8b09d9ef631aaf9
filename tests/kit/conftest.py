"""The subgraph fixtures, here as in tests/subgraphs."""

from tests.subgraphs.conftest import database_url, postgres, postgres_url, signing_key, subgraph, templates

__all__ = ["database_url", "postgres", "postgres_url", "signing_key", "subgraph", "templates"]
