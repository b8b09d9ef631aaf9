"""Gateways behind nginx are started anew one after the other under load: no request fails, every event is heard once.

nginx runs with the configuration that is deployed, and goes on offering requests to a gateway that leaves until it is
gone, as it does in the compose file: nothing tells it before a connection is refused.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.request import ProxyHandler, Request, build_opener

import orjson
import pytest

from gateway.audit import Search, load_public_key, search, verify
from gateway.web.explorer import ready_queries
from tests.benchmarks.revocations import OFFICER, PORT, revocable
from tests.faults.fleet import Program, free_port
from tests.faults.load import Asked, Load, ask
from tests.faults.proxied import names, nginx, program
from tests.faults.watch import Revoking, Watch
from tests.scenarios.asking import ROOT, seed_world
from tests.support import cannot_start

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

HOSTS = ("127.0.0.2", "127.0.0.3")
DRAIN = 1.0
_OPENER = build_opener(ProxyHandler({}))


@dataclass(frozen=True)
class Row:
    """Two gateways behind nginx, over one world."""

    var: Path
    proxy: Program
    gateways: tuple[Program, ...]
    foils: list[str]

    def token(self, persona: str) -> str:
        """The token of a persona of development."""
        body, said = orjson.dumps({"persona": persona}), {"content-type": "application/json"}
        with _OPENER.open(Request(f"{self.proxy.address}/dev/token", body, said), timeout=30) as response:
            return str(orjson.loads(response.read())["token"])

    def questions(self) -> list[Asked]:
        """What clients ask all the time, with the right answers."""
        found = []
        for ready in ready_queries():
            if ready["name"][:2] in ("05", "08"):
                body = orjson.dumps({"query": ready["query"], "variables": ready["variables"]})
                asked = Asked(ready["name"], self.token(ready["persona"]), body)
                page = orjson.loads(ask(self.proxy.address, asked)[1])
                found.append(replace(asked, golden=page["data"], ledger=tuple(page["extensions"]["sharing"])))
        assert len(found) == 2
        return found


def _gateway(number: int, port: int, var: Path) -> Program:
    host = HOSTS[number]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TWS_")}
    limits = var / "limits.toml"
    limits.write_text("[callers]\nrate = 100000\nburst = 100000\n")
    environment |= {
        "TWS_MODE": "development", "TWS_TODAY": "2026-11-01T12:00:00+00:00", "TWS_DATA": str(var / "data"),
        "TWS_KEYS": str(var / "keys"), "TWS_HEARTBEAT": "1", "TWS_LIMITS": str(limits), "TWS_LOG": "off",
        "TWS_DRAIN": str(DRAIN), "PYTHONPATH": str(ROOT),
    }  # fmt: skip
    command = [sys.executable, "-m", "gateway", "serve", "--subgraphs", "asgi", "--host", host, "--port", str(port)]
    address = f"http://{host}:{port}"
    log = var / f"gateway-{number}.log"
    return Program(
        f"gateway {number}", [*command, "--var", str(var)], environment, log, address, f"{address}/health/ready"
    )


@pytest.fixture
def row(tmp_path: Path) -> Iterator[Row]:
    """All of it running and well."""
    where = program()
    if where is None:
        cannot_start("nginx", "there is no nginx on the path")
    seed_world(tmp_path)
    foils, port = revocable(tmp_path, 400), free_port()
    with ExitStack() as closing:
        server_of_names = closing.enter_context(names(HOSTS))
        gateways = tuple(_gateway(number, port, tmp_path) for number in range(len(HOSTS)))
        proxy = nginx(where, tmp_path / "nginx", server_of_names, port)
        for each in (*gateways, proxy):
            each.start()
            closing.callback(each.stop)
        for each in (*gateways, proxy):
            each.ready()
        yield Row(tmp_path, proxy, gateways, foils)


def _anew(gateway: Program) -> None:
    """Start ``gateway`` anew as a rollout does: told to end, awaited, started, awaited."""
    assert gateway.process is not None
    gateway.signal(signal.SIGTERM)
    assert gateway.process.wait(60) == 0, gateway.log.read_text()[-3000:]
    gateway.start()
    gateway.ready()


def test_a_rolling_restart_under_load_loses_no_request_and_no_event(row: Row) -> None:
    asked, one_address = row.questions(), [row.proxy.address]
    watches = [Watch(one_address, row.token(PORT)) for _ in range(3)]
    with ExitStack() as going:
        load = going.enter_context(Load(one_address, asked, clients=3))
        for each in watches:
            going.enter_context(each)
        officer = going.enter_context(Revoking(one_address, row.token(OFFICER), foils=row.foils))
        for gateway in row.gateways:
            wanted = len(officer.acknowledged) + 3
            _anew(gateway)
            officer.until(wanted)
    print(f"\n{dict(load.counts)}, {len(officer.acknowledged)} revoked, streams ended by {[w.ended for w in watches]}")
    assert load.wrong == []
    assert {name for name, count in load.counts.items() if count} == {"right"}
    assert officer.acknowledged == row.foils[: len(officer.acknowledged)]  # each the first time it was asked
    _all_heard(watches, officer.acknowledged)
    assert {code for each in watches for code in each.ended} == {"GATEWAY_CLOSING"}
    _on_record(row, load)


def _all_heard(watches: list[Watch], revoked: list[str]) -> None:
    """Each stream has heard each event once and in order, the last ones after it goes on once more."""
    for each in watches:
        each.again()
        with each:
            assert each.until(len(revoked)) == revoked


def _on_record(row: Row, load: Load) -> None:
    """The record is sound, and every answer is in it."""
    where = row.var / "record" / "record.sqlite3"
    verdict = verify(where, load_public_key(row.var / "keys"))
    assert verdict.fault is None, verdict.fault
    kept, _ = search(where, Search(), limit=100_000)
    assert load.answered <= {each.record["request"] for each in kept}
