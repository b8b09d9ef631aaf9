"""The gateway as a process of its own: a stream over a socket, a revocation by another client, and the end by a signal."""

from __future__ import annotations

import http.client
import json
import shutil
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.live.test_sse import REVOKED
from tests.web.server import serving

REVOKE = """mutation { revokeVisa(input: { foilNumber: "S2400001", kind: PRUDENTIAL, ground: "221(i)" }) { status } }"""


def block(response: http.client.HTTPResponse) -> dict[str, str]:
    """The next block of the stream."""
    lines: dict[str, str] = {}
    while (line := response.readline().decode().rstrip("\n")) or not lines:
        name, _, value = line.partition(": ")
        lines[name] = value
    return lines


@pytest.mark.slow
def test_a_stream_over_a_socket_hears_and_ends_with_the_gateway(seeded: Path, tmp_path: Path) -> None:
    """Told of the revocation; and when the gateway is stopped, told that too, with the connection closed properly."""
    world = tmp_path / "world"
    shutil.copytree(seeded, world)  # it is written to
    with serving(
        "--subgraphs", "asgi", "--var", world,
        TWS_MODE="development", TWS_TODAY="2026-11-01T12:00:00+00:00",
        TWS_DATA=str(world / "data"), TWS_KEYS=str(world / "keys"),
    ) as running:  # fmt: skip
        address = urlsplit(running.address)
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=20)
        headers = {
            "content-type": "application/json",
            "accept": "text/event-stream",
            "authorization": f"Bearer {running.token('cbp-primary-atl')}",
        }
        connection.request("POST", "/graphql", json.dumps({"query": REVOKED}), headers)
        response = connection.getresponse()
        assert response.status == 200
        assert block(response)["id"]
        officer = running.token("consular-officer-nwd")
        status, page = running.fetch("/graphql", {"query": REVOKE}, authorization=f"Bearer {officer}")
        assert (status, page["data"]) == (200, {"revokeVisa": {"status": "REVOKED"}})
        heard = json.loads(block(response)["data"])
        assert heard["data"] == {"visaRevoked": {"foilNumber": "S2400001", "status": "REVOKED"}}
    assert "GATEWAY_CLOSING" in block(response)["data"]
    assert response.read().endswith(b"event: complete\ndata:\n\n")
    connection.close()
