"""Some subgraphs here, others elsewhere: each request goes to its own, and to no other."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.config import read_registry
from gateway.execution.asgi import AsgiTransport
from gateway.execution.beside import Beside
from gateway.execution.http import HttpTransport
from gateway.execution.transport import SubgraphRequest, SubgraphResponse

REGISTRY = """
[subgraphs.here]
agency = "CBP"
url = "http://127.0.0.1:1/graphql"
sdl = "a.graphql"
app = "nowhere:app"

[subgraphs]
away = { agency = "CBP", url = "http://127.0.0.1:2/graphql", sdl = "b.graphql" }
packed = { agency = "CBP", url = "http://127.0.0.1:3/graphql", package = "subgraphs.packed" }
"""


class Here(AsgiTransport):
    async def send(self, request: SubgraphRequest) -> SubgraphResponse:
        return SubgraphResponse(200, b"here")


class There(HttpTransport):
    async def send(self, request: SubgraphRequest) -> SubgraphResponse:
        return SubgraphResponse(200, b"elsewhere")


@pytest.mark.parametrize(("name", "where"), [("away", b"elsewhere"), ("here", b"here"), ("unknown", b"here")])
async def test_each_goes_to_its_own(name: str, where: bytes) -> None:
    beside = Beside(Here({}), There({}), {"away"})

    assert (await beside.send(SubgraphRequest(name, b"{}"))).body == where
    await beside.close()


def test_who_is_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is no Python, and what the environment moved."""
    path = tmp_path / "schema" / "registry.toml"
    path.parent.mkdir()
    path.write_text(REGISTRY, encoding="utf-8")

    assert {name for name, entry in read_registry(path).items() if entry.elsewhere} == {"away"}
    monkeypatch.setenv("TWS_URL_PACKED", "http://10.0.0.9/graphql")
    moved = read_registry(path)
    assert {name for name, entry in moved.items() if entry.elsewhere} == {"away", "packed"}
    assert moved["packed"].url == "http://10.0.0.9/graphql"
    assert moved["packed"].app == "subgraphs.packed.app:create_app"
