"""The compose file, brought up for real with two gateways: both answer through nginx, a stream hears, one dies, the other goes on.

Where ``TWS_TEST_COMPOSE`` names the command (``docker compose``, or ``podman-compose`` as root), since it takes minutes and an engine.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

import pytest

from tests.scenarios.asking import ROOT

COMMAND = shlex.split(os.environ.get("TWS_TEST_COMPOSE", ""))
PORT = "4378"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(not COMMAND, reason="TWS_TEST_COMPOSE names no compose command, and it takes minutes"),
]
_OPENER = build_opener(ProxyHandler({}))
_PATIENCE = 420.0
HEARD = "subscription { visaRevoked { foilNumber status } }"
REVOKE = 'mutation { revokeVisa(input: { foilNumber: "S2400001", kind: PRUDENTIAL, ground: "221(i)" }) { status } }'


def compose(*arguments: str, check: bool = True) -> str:
    """What the compose command prints."""
    environment = {**os.environ, "TWS_PUBLISH_PORT": PORT, "TWS_SCALE": "small"}
    done = subprocess.run(
        [*COMMAND, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert not check or done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="module", autouse=True)
def house() -> Iterator[None]:
    """Everything up, with two gateways that are ready; down again at the end, with its volumes."""
    subprocess.run(["sh", "deploy/secrets.sh"], cwd=ROOT, check=True, capture_output=True)
    compose("up", "--detach", "--scale", "gateway=2")
    try:
        deadline = time.monotonic() + _PATIENCE
        while not (all(ready(number) for number in (1, 2)) and answered()):
            assert time.monotonic() < deadline, compose("ps", check=False)
            time.sleep(3)
        yield
    finally:
        compose("down", "-v", check=False)


def answered() -> bool:
    """Whether the README's query is answered whole: every agency's subgraph has its data and serves."""
    if get("/health/ready")[0] != 200:
        return False
    question = json.loads((ROOT / "docs" / "first-query.json").read_text(encoding="utf-8"))
    status, page = get("/graphql", question, authorization=token("cbp-secondary-nyc"))
    if status != 200 or "errors" in page:
        return False
    return all(each["outcome"] != "UNAVAILABLE" for each in page["extensions"]["sharing"])


def inside(number: int, *command: str) -> subprocess.CompletedProcess[str]:
    """A command run in the gateway of that number: by the engine, since podman-compose finds the first only."""
    engine, between = ("podman", "_") if "podman" in COMMAND[0] else ("docker", "-")
    container = between.join(("two-way-street", "gateway", str(number)))
    return subprocess.run([engine, "exec", container, *command], capture_output=True, text=True, check=False)


def ready(number: int) -> bool:
    """Whether a gateway answers."""
    return inside(number, "python", "deploy/entry.py", "health").returncode == 0


def get(path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
    """Status and page of a request through nginx."""
    data = None if body is None else json.dumps(body).encode()
    request = Request(f"http://127.0.0.1:{PORT}{path}", data, {"content-type": "application/json", **headers})
    try:
        with _OPENER.open(request, timeout=30) as response:
            return response.status, json.loads(response.read())
    except HTTPError as refused:
        with refused:
            return refused.code, refused.read()
    except OSError:
        return 0, None


def token(persona: str) -> str:
    """An authorization header's value."""
    status, page = get("/dev/token", {"persona": persona})
    assert status == 200, page
    return f"Bearer {page['token']}"


def asked(number: int) -> float:
    """How many requests the gateway of that number has answered."""
    program = (
        "import re,urllib.request as u;t=u.urlopen('http://127.0.0.1:4000/metrics').read().decode();"
        "print(sum(float(x) for x in re.findall(r'(?m)^gateway_requests_total\\{.*\\} (\\S+)$', t)))"
    )
    return float(inside(number, "python", "-c", program).stdout)


@contextmanager
def listening(authorization: str) -> Iterator[Iterator[dict[str, Any]]]:
    """What a stream through nginx tells."""
    headers = {"content-type": "application/json", "accept": "text/event-stream", "authorization": authorization}
    request = Request(f"http://127.0.0.1:{PORT}/graphql", json.dumps({"query": HEARD}).encode(), headers)
    with _OPENER.open(request, timeout=60) as response:
        assert response.readline().startswith(b"id: ")
        yield (json.loads(line[6:]) for line in response if line.startswith(b"data: {"))


def test_both_gateways_answer_the_readmes_query_through_nginx() -> None:
    """Whoever is asked, the answer is the same; operators' numbers are not passed on."""
    authorization = token("cbp-secondary-nyc")
    question = json.loads((ROOT / "docs" / "first-query.json").read_text(encoding="utf-8"))
    before = [asked(1), asked(2)]
    answers = [get("/graphql", question, authorization=authorization) for _ in range(10)]
    assert {status for status, _ in answers} == {200}
    assert len({json.dumps(page["data"], sort_keys=True) for _, page in answers}) == 1
    assert all(now > then for now, then in zip([asked(1), asked(2)], before, strict=True))
    assert get("/metrics")[0] == 404


def test_a_port_hears_of_a_revocation_whichever_gateway_it_was_asked_of() -> None:
    """The stream is on one gateway, the change may come by the other: it is heard all the same."""
    with listening(token("cbp-primary-atl")) as heard:
        status, page = get("/graphql", {"query": REVOKE}, authorization=token("consular-officer-nwd"))
        assert (status, page["data"]) == (200, {"revokeVisa": {"status": "REVOKED"}})
        assert next(heard)["data"] == {"visaRevoked": {"foilNumber": "S2400001", "status": "REVOKED"}}


def test_the_record_of_both_verifies() -> None:
    """Each wrote a shard of its own; either can verify all."""
    verified = inside(1, "gateway", "audit", "verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert verified.stdout.count("shard ") >= 2
