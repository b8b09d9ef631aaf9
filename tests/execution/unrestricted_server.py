"""A bare GraphQL server around the engine, for the public audit suite and for benchmarks; no policy, no callers.

``python -m tests.execution.unrestricted_server --supergraph supergraph.graphql --port 4000``
"""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.execution.engine import Plans, answer_unrestricted
from gateway.execution.http import HttpTransport
from gateway.execution.wire import NotJson, decode, encode
from gateway.supergraph import load_supergraph


def make_app(sdl: str) -> Starlette:
    """The server for one supergraph; subgraphs are asked at the URLs their ``@join__graph`` names."""
    supergraph = load_supergraph(sdl)
    plans = Plans(supergraph)
    transport = HttpTransport({each.name: each.url for each in supergraph.subgraphs})

    async def graphql(request: Request) -> Response:
        try:
            body: Any = decode(await request.body())
        except NotJson:
            return Response(status_code=400)
        answer = await answer_unrestricted(
            body["query"], body.get("variables"), body.get("operationName"), supergraph, transport, plans
        )
        return Response(encode(answer.as_json()), media_type="application/json")

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with transport:
            yield

    return Starlette(routes=[Route("/graphql", graphql, methods=["POST"])], lifespan=lifespan)


def main() -> None:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--supergraph", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--host", default="127.0.0.1")
    given = parser.parse_args()
    uvicorn.run(make_app(given.supergraph.read_text()), host=given.host, port=given.port, log_level="warning")


if __name__ == "__main__":
    main()
