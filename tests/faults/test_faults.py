"""Faults under load: something is killed, paused, slowed or starved; nothing wrong is said, and it recovers by itself.

Real processes, real clients; nothing is random. The table is printed (``pytest -s tests/faults``).
"""

from __future__ import annotations

import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from gateway.audit import Search, search, verify
from gateway.identity.personas import load_personas
from gateway.web.explorer import ready_queries
from tests.faults.fleet import Fleet, Program, fleet
from tests.faults.load import Asked, Load, ask, judge
from tests.scenarios.asking import ROOT, seed_world
from tests.subgraphs.postgres import agencies, running, why_not
from tests.support import cannot_start

pytestmark = [pytest.mark.slow, pytest.mark.postgres, pytest.mark.timeout(900)]

HELD = 3.0
"""Seconds that each fault lasts."""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """The house, whole and well."""
    if reason := why_not():
        cannot_start("PostgreSQL", reason)
    store = shutil.which("valkey-server") or shutil.which("redis-server")
    if store is None:
        cannot_start("Valkey or Redis", "there is no valkey-server or redis-server on the path")
    folder = tmp_path_factory.mktemp("house")
    with running() as postgres:
        urls = agencies(postgres.url)
        seed_world(folder, urls)
        with fleet(folder, postgres, urls, store) as made:
            yield made


@pytest.fixture(scope="module")
def questions(house: Fleet) -> list[Asked]:
    """What the clients ask: four ready queries over all seven subgraphs, with the answers of the house when it is well."""
    personas = load_personas(ROOT / "schema" / "personas.toml")
    found: list[Asked] = []
    for ready in ready_queries():
        if ready["name"][:2] in ("05", "08", "10", "12"):
            assert ready["persona"] in personas
            body = {"query": ready["query"], "variables": ready["variables"],
                    "extensions": {"acknowledged": ["USCIS-ERO-STATUS"]}}  # fmt: skip
            asked = Asked(ready["name"], _token(house, ready["persona"]), orjson.dumps(body))
            status, told = ask(house.gateways[0].address, asked)
            page = orjson.loads(told)
            assert status == 200, page
            assert "errors" not in page, page["errors"]
            found.append(replace(asked, golden=page["data"], ledger=tuple(page["extensions"]["sharing"])))
    assert len(found) == 4
    return found


def _token(house: Fleet, persona: str) -> str:
    from urllib.request import Request, urlopen

    address = f"{house.gateways[0].address}/dev/token"
    body = orjson.dumps({"persona": persona})
    with urlopen(Request(address, body, {"content-type": "application/json"}), timeout=30) as response:
        return str(orjson.loads(response.read())["token"])


@dataclass(frozen=True)
class Fault:
    """One fault: its name, what brings it about for as long as the context lasts, and what has to be seen meanwhile."""

    name: str
    broken: Callable[[Fleet], AbstractContextManager[None]]
    seen: str = ""  # partial, refused: some answer has to come out so while it lasts


@contextmanager
def killed(program: Program) -> Iterator[None]:
    program.kill()
    yield
    program.start()
    program.ready()


@contextmanager
def paused(program: Program) -> Iterator[None]:
    program.signal(signal.SIGSTOP)
    yield
    program.signal(signal.SIGCONT)


@contextmanager
def starved(*programs: Program) -> Iterator[None]:
    for program in programs:
        program.starve()
    yield
    for program in programs:
        program.feed()


@contextmanager
def crashed(house: Fleet) -> Iterator[None]:
    house.postgres.stop()
    yield
    house.postgres.start()


FAULTS = [
    Fault("a subgraph killed", lambda house: killed(house.subgraphs["visas"]), "partial"),
    Fault("a subgraph paused", lambda house: paused(house.subgraphs["admissions"]), "partial"),
    Fault("a subgraph slowed 100-fold", lambda house: house.subgraphs["travelers"].slowed()),
    Fault("PostgreSQL crashed", crashed, "partial"),
    Fault("Valkey killed", lambda house: killed(house.store)),
    Fault("Valkey paused", lambda house: paused(house.store)),
    Fault("a gateway killed", lambda house: killed(house.gateways[1])),
    Fault("a gateway paused", lambda house: paused(house.gateways[1])),
    Fault("no room for the record", lambda house: starved(*house.gateways), "refused"),
]


def test_nothing_wrong_is_said_and_everything_recovers(house: Fleet, questions: list[Asked]) -> None:
    """Every answer is right, or null and UNAVAILABLE, or a coded refusal; every one that was given is on record."""
    addresses = [each.address for each in house.gateways]
    answered: set[str] = set()
    lines: list[str] = []
    for fault in FAULTS:
        with Load(addresses, questions) as load:
            with fault.broken(house):
                time.sleep(HELD)
            took = load.recovered()
        assert load.wrong == [], f"{fault.name}: {load.wrong[:3]}"
        assert not fault.seen or load.counts[fault.seen] > 0, f"{fault.name}: {load.counts}"
        answered |= load.answered
        kinds = " ".join(f"{load.counts[each]:9}" for each in ("right", "partial", "refused", "no answer"))
        lines.append(f"{fault.name:28} {kinds} {took:9.1f} s")
    for gateway in house.gateways:
        gateway.stop()
    print(f"\n{'fault':28} {'right':>9} {'partial':>9} {'refused':>9} {'no answer':>9} {'recovered':>11}")
    print("\n".join(lines))
    _on_record(house.var, answered)


def _on_record(var: Path, answered: set[str]) -> None:
    """The record is sound, and every answer a client was given is in it."""
    from gateway.audit import load_public_key

    log = var / "record" / "record.sqlite3"
    found, _ = search(log, Search(), limit=1_000_000)
    kept = {item.record["request"] for item in found}
    assert answered <= kept, f"{len(answered - kept)} of {len(answered)} answers are not on record"
    verdict = verify(log, load_public_key(var / "keys"))
    assert verdict.fault is None
    print(f"{len(answered)} answers, all of {verdict.records} records in {len(verdict.shards)} shards sound")
    assert len(answered) > 100


def test_the_judge_knows_a_wrong_answer() -> None:
    """The judge of this suite is held to what it is for."""
    golden: Any = {"visa": {"status": "ISSUED", "foilNumber": "S1"}}

    def told(data: object, sharing: object = (), status: int = 200) -> str:
        return judge(status, orjson.dumps({"data": data, "extensions": {"sharing": sharing}}), golden)[0]

    unavailable = [{"outcome": "UNAVAILABLE", "path": ["visa", "status"]}]
    half = {"visa": {"status": None, "foilNumber": "S1"}}
    assert told(golden) == "right"
    assert told(half, unavailable) == "partial"
    assert told({"visa": None}, unavailable) == "partial"
    assert told(half) == "wrong"
    assert told({"visa": {"status": "REVOKED", "foilNumber": "S1"}}, unavailable) == "wrong"
    assert told({"visa": {"status": None, "foilNumber": None}}, unavailable) == "wrong"
    events = [{"outcome": "UNAVAILABLE", "path": ["events"]}]
    golden = {"events": [1, 2, 3]}
    assert told({"events": [1, 3]}, events) == "partial"
    assert told({"events": [1, 3]}) == "wrong"
    assert told({"events": [3, 1]}, events) == "wrong"
    assert judge(503, b'{"errors": [{"extensions": {"code": "AUDIT_UNAVAILABLE"}}]}', golden)[0] == "refused"
    assert judge(500, b'{"errors": [{"extensions": {"code": "INTERNAL"}}]}', golden)[0] == "wrong"
    assert judge(200, b'{"data": "Traceback"}', golden)[0] == "wrong"
