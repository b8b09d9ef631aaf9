"""The compose file, brought up for real by the command that ``TWS_TEST_COMPOSE`` names, and taken down whatever happens.

Under a name of its own, so that a house that somebody runs from the same checkout is left alone.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

from tests.scenarios.asking import ROOT

__all__ = ["COMMAND", "House", "brought_up", "first_query", "until"]

COMMAND = shlex.split(os.environ.get("TWS_TEST_COMPOSE", ""))
"""``docker compose``, or ``podman-compose`` as root; empty where there is none."""

_PROJECT = "two-way-street-test"
_OPENER = build_opener(ProxyHandler({}))
_PATIENCE = 300.0


@dataclass(frozen=True, slots=True)
class House:
    """Everything that is up: asked at ``address`` through nginx, its containers by service and number."""

    address: str
    seconds: float = 0.0

    @property
    def engine(self) -> str:
        """The program that runs containers."""
        return "podman" if "podman" in COMMAND[0] else "docker"

    def container(self, service: str, number: int = 1) -> str:
        """The name of a container: by the engine, since podman-compose finds the first of several only."""
        return ("_" if self.engine == "podman" else "-").join((_PROJECT, service, str(number)))

    def network(self, name: str) -> str:
        """The engine's name of a network of the file."""
        return f"{_PROJECT}_{name}"

    def run(self, *arguments: str) -> str:
        """What the engine prints; raises ``AssertionError`` where it fails."""
        done = subprocess.run(
            [self.engine, *arguments], capture_output=True, text=True, check=False, timeout=120, env=_environment()
        )
        assert done.returncode == 0, f"{arguments}: {done.stderr[-2000:]}"
        return done.stdout

    def inside(self, service: str, *command: str, number: int = 1) -> subprocess.CompletedProcess[str]:
        """A command run in a container."""
        return subprocess.run(
            [self.engine, "exec", self.container(service, number), *command],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def inspected(self, service: str, template: str, number: int = 1) -> str:
        """What the engine says of a container."""
        return self.run("inspect", "--format", template, self.container(service, number)).strip()

    def healthy(self, service: str, number: int = 1) -> bool:
        """Whether a container passes the health check that the file gives it, run as the engine would."""
        kind, *command = json.loads(self.inspected(service, "{{json .Config.Healthcheck.Test}}", number))
        return (
            self.inside(
                service, *(("sh", "-c", *command) if kind == "CMD-SHELL" else command), number=number
            ).returncode
            == 0
        )

    def get(self, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """Status and page of a request through nginx; 0 where nothing answers."""
        data = None if body is None else json.dumps(body).encode()
        request = Request(self.address + path, data, {"content-type": "application/json", **headers})
        try:
            with _OPENER.open(request, timeout=30) as response:
                return response.status, json.loads(response.read())
        except HTTPError as refused:
            with refused:
                return refused.code, refused.read()
        except OSError:
            return 0, None

    def token(self, persona: str) -> str:
        """A token of the development issuer."""
        status, page = self.get("/dev/token", {"persona": persona})
        assert status == 200, page
        return str(page["token"])

    def metric(self, name: str, number: int, labels: str = "") -> float:
        """A metric at the gateway of that number, summed over its labels where none are given; 0 where there is none."""
        pattern = rf"(?m)^{name}{re.escape(labels) or r'(?:{.*})?'} (\S+)$"
        program = (
            "import re,urllib.request as u;t=u.urlopen('http://127.0.0.1:4000/metrics').read().decode();"
            f"print(sum(float(x) for x in re.findall({pattern!r}, t)))"
        )
        return float(self.inside("gateway", "python", "-c", program, number=number).stdout)

    def ready(self, number: int) -> bool:
        """Whether a gateway answers."""
        return self.inside("gateway", "python", "deploy/entry.py", "health", number=number).returncode == 0

    def answers(self) -> bool:
        """Whether the README's query is answered whole: every agency's subgraph has its data and serves."""
        if self.get("/health/ready")[0] != 200:
            return False
        status, page = self.get("/graphql", first_query(), authorization=f"Bearer {self.token('cbp-secondary-nyc')}")
        if status != 200 or "errors" in page:
            return False
        return all(each["outcome"] != "UNAVAILABLE" for each in page["extensions"]["sharing"])


def first_query() -> Any:
    """The README's query as it is posted."""
    return json.loads((ROOT / "docs" / "first-query.json").read_text(encoding="utf-8"))


def until(seen: Callable[[], bool], patience: float, what: str, every: float = 0.5) -> float:
    """Seconds until ``seen``, looked at ``every`` so many; raises ``AssertionError`` with ``what`` when patience ends."""
    began = time.monotonic()
    while not seen():
        assert time.monotonic() - began < patience, what
        time.sleep(every)
    return time.monotonic() - began


def _environment() -> dict[str, str]:
    port = os.environ.get("TWS_TEST_COMPOSE_PORT", "4545")
    return {**os.environ, "TWS_PUBLISH_PORT": port, "TWS_SCALE": "small", "COMPOSE_PROJECT_NAME": _PROJECT}


def _compose(*arguments: str, check: bool = True) -> str:
    done = subprocess.run(
        [*COMMAND, "-p", _PROJECT, *arguments],
        cwd=ROOT,
        env=_environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert not check or done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@contextmanager
def brought_up(gateways: int = 2) -> Iterator[House]:
    """The whole house with so many gateways, ready and answering; down again at the end, with its volumes."""
    house = House(f"http://127.0.0.1:{_environment()['TWS_PUBLISH_PORT']}")
    subprocess.run(["sh", "deploy/secrets.sh"], cwd=ROOT, check=True, capture_output=True)
    _down(house)  # what a run left that was killed
    try:
        began = time.monotonic()
        _compose("up", "--detach", "--scale", f"gateway={gateways}")

        def up() -> bool:
            ready = all(house.ready(number + 1) for number in range(gateways))
            return ready and all(house.answers() for _ in range(3 * gateways))  # each has found every subgraph by then

        until(up, _PATIENCE, "the house did not come up:\n" + _compose("ps", check=False))
        yield House(house.address, time.monotonic() - began)
    except BaseException:
        print(*_told(house, gateways), sep="\n")
        raise
    finally:
        _down(house)


def _told(house: House, gateways: int) -> Iterator[str]:
    """The last words of every container, for whoever has to find out what went wrong."""
    yield house.run("ps", "--all", "--filter", f"name={_PROJECT}", "--format", "{{.Names}} {{.Status}}")
    for name in house.run("ps", "--all", "--filter", f"name={_PROJECT}", "--format", "{{.Names}}").split():
        done = subprocess.run(
            [house.engine, "logs", "--tail", "15", name], capture_output=True, text=True, check=False, timeout=60
        )
        yield f"--- {name}\n{done.stdout}{done.stderr}"


def _down(house: House) -> None:
    """Nothing is left: podman-compose forgets all replicas but the first, and then volumes and networks that they use."""
    if house.engine == "podman":
        label = f"label=io.podman.compose.project={_PROJECT}"
        for name in reversed(
            house.run("ps", "--all", "--quiet", "--filter", label).split()
        ):  # the last depend on the first
            subprocess.run(["podman", "rm", "--force", "--time", "3", name], capture_output=True, check=False)
    _compose("down", "--volumes", check=False)
