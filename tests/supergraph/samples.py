"""Supergraphs for tests, without the lines that every supergraph has."""

from __future__ import annotations

__all__ = ["supergraph_sdl"]

_HEAD = """
schema @link(url: "https://specs.apollo.dev/link/v1.0") @link(url: "https://specs.apollo.dev/join/v0.5", for: EXECUTION)
  @link(url: "https://specs.apollo.dev/inaccessible/v0.2", for: SECURITY) {roots}
directive @join__graph(name: String!, url: String!) on ENUM_VALUE
directive @link(url: String, as: String, for: link__Purpose, import: [link__Import]) repeatable on SCHEMA
scalar join__FieldSet
scalar link__Import
enum link__Purpose {{ SECURITY EXECUTION }}
enum join__Graph {{ {graphs} }}
"""


def supergraph_sdl(body: str, *names: str, roots: str = "{ query: Query }") -> str:
    """``body`` (types with join directives) as a supergraph of subgraphs ``names``; graphs are the names in capitals."""
    graphs = " ".join(
        f'{name.upper()} @join__graph(name: "{name}", url: "http://{name}.test/graphql")' for name in names
    )
    return _HEAD.format(graphs=graphs, roots=roots) + body
