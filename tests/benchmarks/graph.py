"""A graph of any size: a shelf of items in one subgraph, and one fact of each item in every one of the others.

``supergraph(facts)`` is composed by the product itself; ``Answers`` gives what its subgraphs would, made once and kept, so
that what is measured is the gateway.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import orjson

from gateway.composition import SubgraphSDL, compose
from gateway.execution.transport import SubgraphRequest, SubgraphResponse

__all__ = ["Answers", "operation", "pretty", "supergraph"]

_LINK = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.5", import: ["@key"])\n'


@lru_cache(maxsize=32)
def supergraph(facts: int, address: str = "http://127.0.0.1:1") -> str:
    """The supergraph with ``facts`` subgraphs beside the shelf's own, each below ``address`` at a path of its name."""
    shelf = (
        'type Query { items(first: Int!): [Item!] } type Item @key(fields: "id") { id: ID! name: String! weight: Int }'
    )
    made = [SubgraphSDL("shelf", f"{address}/shelf", _LINK + shelf)]
    made += [
        SubgraphSDL(
            f"fact{n}", f"{address}/fact{n}", f'{_LINK}type Item @key(fields: "id") {{ id: ID! fact{n}: String }}'
        )
        for n in range(1, facts + 1)
    ]
    return compose(made).supergraph_sdl


def operation(facts: int) -> str:
    """The operation that asks for everything of ``$first`` items: ``facts`` + 1 requests in two waves."""
    names = " ".join(f"fact{n}" for n in range(1, facts + 1))
    return f"query Items($first: Int!) {{ items(first: $first) {{ id name weight {names} }} }}"


@dataclass(slots=True)
class Answers:
    """A transport that answers for every subgraph; ``wide`` is how many letters a fact has. ``asked`` counts requests."""

    wide: int = 8
    asked: int = 0
    _kept: dict[tuple[str, bytes], SubgraphResponse] = field(default_factory=dict)

    async def send(self, request: SubgraphRequest) -> SubgraphResponse:
        """The subgraph's answer, made at the first request and the same bytes at every equal one."""
        self.asked += 1
        key = request.subgraph, request.body
        known = self._kept.get(key)
        if known is None:
            known = self._kept[key] = SubgraphResponse(200, self.answer(request.subgraph, request.body))
        return known

    def answer(self, subgraph: str, body: bytes) -> bytes:
        """What ``subgraph`` says to ``body``."""
        page = orjson.loads(body)
        if subgraph == "shelf":
            first = page["variables"]["first"]
            rows: list[Any] = [
                {"id": f"i{n}", "name": f"Item {n}", "weight": n, "__typename": "Item"} for n in range(first)
            ]
            asked = {name: name in page["query"] for name in ("id", "name", "weight", "__typename")}
            data: Any = {"items": [{key: value for key, value in row.items() if asked[key]} for row in rows]}
            return orjson.dumps({"data": data})
        (alias,) = (name for name in page["variables"])
        told = [
            {subgraph: (f"{subgraph} of {each['id']} " + "x" * self.wide)[: self.wide]}
            for each in page["variables"][alias]
        ]
        return orjson.dumps({"data": {_call_of(page["query"]): told}})


def _call_of(query: str) -> str:
    """The response key of a request's one entity call."""
    head = query[query.index("{") + 1 :].strip()
    return head.partition(":")[0].strip() if ":" in head.partition("(")[0] else "_entities"


def pretty(size: int) -> str:
    """A number of bytes as people read it."""
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{size / 1e3:.1f} kB"
