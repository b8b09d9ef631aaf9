"""TLS between gateway and subgraph, each a process of its own: whoever has no certificate of the authority is refused."""

from __future__ import annotations

import asyncio
import os
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import HTTPSHandler, ProxyHandler, Request, build_opener

import pytest

from gateway.identity import issue_certificates
from subgraphs.kit.serve import Certificates
from tests.faults.fleet import free_port
from tests.scenarios.asking import ROOT, seed_world
from tests.web.server import serving

FOIL = 'query Foil { visa(foilNumber: "S2400001") { foilNumber status } }'


def certificates(folder: Path, *, anew: bool = False) -> Path:
    """A folder with an authority, the subgraph's certificate for this machine's names, and the gateway's."""
    hosts = {"visas": ["localhost", "127.0.0.1"]}
    issue_certificates(folder, hosts, ["gateway"], now=datetime.now(UTC), anew=anew)
    return folder


def calling(trusted: Path, identity: Path | None = None) -> ssl.SSLContext:
    """What a client is that trusts the authorities of ``trusted`` and shows the certificate of ``identity``."""
    context = ssl.create_default_context(cafile=str(trusted / "authorities.pem"))
    if identity is not None:
        context.load_cert_chain(identity / "certificate.pem", identity / "key.pem")
    return context


def status(url: str, context: ssl.SSLContext | None = None) -> int:
    """The status that ``url`` is answered with; 0 where it is not answered at all."""
    opener = build_opener(ProxyHandler({}), HTTPSHandler(context=context))
    try:
        with opener.open(Request(url), timeout=10) as answer:
            return int(answer.status)
    except HTTPError as refused:
        with refused:
            return refused.code
    except (URLError, OSError):
        return 0


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The small world, our certificates, and those of somebody else."""
    folder = tmp_path_factory.mktemp("mutual")
    seed_world(folder / "var")
    return {
        "var": folder / "var",
        "ours": certificates(folder / "ours"),
        "others": certificates(folder / "others"),
    }


@pytest.fixture(scope="module")
def subgraph(places: dict[str, Path]) -> Iterator[tuple[str, str]]:
    """The subgraph of visas by TLS: its address, and that of its health."""
    port, health = free_port(), free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TWS_")}
    environment |= {
        "TWS_MODE": "development",
        "TWS_DATA": str(places["var"] / "data"),
        "TWS_KEYS": str(places["var"] / "keys"),
        "TWS_TLS": str(places["ours"] / "visas"),
    }
    command = [sys.executable, "-m", "subgraphs.kit.serve", "visas", "--port", str(port), "--health-port", str(health)]
    with subprocess.Popen(command, cwd=ROOT, env=environment) as process:
        try:
            deadline = time.monotonic() + 60
            while status(f"http://127.0.0.1:{health}/health") != 200:
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.1)
            yield f"https://localhost:{port}", f"http://127.0.0.1:{health}"
        finally:
            process.terminate()


@pytest.mark.slow
def test_the_gateway_is_answered_and_a_stranger_is_not(places: dict[str, Path], subgraph: tuple[str, str]) -> None:
    ours, others = places["ours"], places["others"]
    address, health = subgraph
    told = {
        "gateway": status(f"{address}/health", calling(ours / "gateway", ours / "gateway")),
        "nobody": status(f"{address}/health", calling(ours / "gateway")),
        "another server": status(f"{address}/health", calling(ours / "gateway", ours / "visas")),
        "another authority": status(f"{address}/health", calling(ours / "gateway", others / "gateway")),
        "believes another": status(f"{address}/health", calling(others / "gateway", ours / "gateway")),
        "in clear": status(address.replace("https", "http") + "/health"),
    }
    assert told == {**dict.fromkeys(told, 0), "gateway": 200}
    assert (status(f"{health}/health"), status(f"{health}/graphql")) == (200, 404)


@pytest.mark.slow
@pytest.mark.parametrize("identity", ["ours", "others", ""])
def test_an_answer_goes_by_it_or_says_unavailable(
    places: dict[str, Path], subgraph: tuple[str, str], identity: str
) -> None:
    """The whole gateway: with its certificate it has State's answer; else the ledger says what could not be had."""
    environment = {
        "TWS_MODE": "development",
        "TWS_TODAY": "2026-11-01T12:00:00+00:00",
        "TWS_DATA": str(places["var"] / "data"),
        "TWS_KEYS": str(places["var"] / "keys"),
        "TWS_URL_VISAS": f"{subgraph[0]}/graphql",
        "TWS_SUBGRAPH_CA": str(places["ours"] / "gateway" / "authorities.pem"),
    }
    if identity:
        environment |= {
            "TWS_SUBGRAPH_CERTIFICATE": str(places[identity] / "gateway" / "certificate.pem"),
            "TWS_SUBGRAPH_KEY": str(places[identity] / "gateway" / "key.pem"),
        }
    with serving("--subgraphs", "asgi", "--var", places["var"], **environment) as gateway:
        token = gateway.token("cbp-primary-atl")
        asked, page = gateway.fetch("/graphql", {"query": FOIL}, authorization=f"Bearer {token}")
        metrics = gateway.text("/metrics")
    assert asked == 200
    outcomes = {entry["outcome"] for entry in page["extensions"].get("sharing", ())}
    if identity == "ours":
        assert page["data"]["visa"]["foilNumber"] == "S2400001"
        assert "UNAVAILABLE" not in outcomes
    else:
        assert page["data"]["visa"] is None
        assert "UNAVAILABLE" in outcomes
    assert ("gateway_certificate_ends_timestamp_seconds " in metrics) is bool(identity)


async def shown(certificates: Certificates, trusted: Path, identity: Path) -> Any:
    """The serial number of the certificate that a server with ``certificates`` shows; None where it refuses."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.read(1))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=certificates.context)
    async with server:
        port = server.sockets[0].getsockname()[1]
        try:
            context = calling(trusted, identity)
            reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname="localhost")
            writer.write(b".")
            assert await reader.read(1) == b"."
            found = writer.get_extra_info("peercert")["serialNumber"]
            writer.close()
            await writer.wait_closed()
        except (OSError, AssertionError):
            return None
        return found


async def test_renewed_certificates_are_used_without_a_restart(tmp_path: Path) -> None:
    """Also when a look falls between two files: what was in use stays, and the next look finds both."""
    folder = certificates(tmp_path)
    serving = Certificates(folder / "visas")
    before = await shown(serving, folder / "gateway", folder / "gateway")
    assert serving.renew() is False
    key = (folder / "visas" / "key.pem").read_bytes()
    certificates(tmp_path, anew=True)
    new = (folder / "visas" / "key.pem").read_bytes()
    (folder / "visas" / "key.pem").write_bytes(key)
    assert serving.renew() is False
    assert await shown(serving, folder / "gateway", folder / "gateway") == before
    (folder / "visas" / "key.pem").write_bytes(new)
    assert serving.renew() is True
    after = await shown(serving, folder / "gateway", folder / "gateway")
    assert after not in (None, before)


async def test_files_are_looked_at_every_minute(tmp_path: Path) -> None:
    folder = certificates(tmp_path)
    serving = Certificates(folder / "visas")
    looks: list[float] = []

    async def pause(seconds: float) -> None:
        looks.append(seconds)
        certificates(tmp_path, anew=True)
        if len(looks) == 3:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await serving.keep(pause)
    assert looks == [60.0, 60.0, 60.0]
    assert serving.renew() is True  # the third came after its look


def test_a_subgraph_without_its_files_is_not_served(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Certificates(tmp_path)
    folder = certificates(tmp_path)
    (folder / "visas" / "authorities.pem").write_text("nothing")
    with pytest.raises(ssl.SSLError):
        Certificates(folder / "visas")
