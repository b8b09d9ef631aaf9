"""Faults under load: something is killed, paused, slowed or starved; nothing wrong is said, and it recovers by itself.

Real processes, real clients; nothing is random. The table is printed (``pytest -s tests/faults``).
"""

from __future__ import annotations

import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import orjson
import pytest

from gateway.audit import Search, search, verify
from gateway.identity.personas import load_personas
from gateway.web.explorer import ready_queries
from subgraphs.kit.settings import Settings
from tests.benchmarks.revocations import OFFICER, PORT
from tests.broker import NatsServer, running_nats
from tests.faults.drill import add_visas, revoked
from tests.faults.fleet import Fleet, Program, fleet
from tests.faults.load import Asked, Load, ask, judge
from tests.faults.watch import Revoking, Watch
from tests.faults.way import Way
from tests.scenarios.asking import ROOT, seed_world
from tests.subgraphs.postgres import Server, agencies, running, why_not
from tests.support import cannot_start

pytestmark = [pytest.mark.slow, pytest.mark.postgres, pytest.mark.timeout(900)]

HELD = 2.0
"""Seconds that each fault lasts."""


@dataclass(frozen=True)
class House:
    """Everything that runs: the fleet, its NATS server, the subgraphs' settings and the visas that may be revoked."""

    fleet: Fleet
    nats: NatsServer
    settings: Settings
    foils: list[str]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The house, whole and well."""
    if reason := why_not():
        cannot_start("PostgreSQL", reason)
    store = shutil.which("valkey-server") or shutil.which("redis-server")
    if store is None:
        cannot_start("Valkey or Redis", "there is no valkey-server or redis-server on the path")
    folder = tmp_path_factory.mktemp("house")
    # what was acknowledged survives the crash of the server, as it does where agencies run one
    with running("-c synchronous_commit=on") as postgres, running_nats(folder / "nats") as nats:
        urls = agencies(postgres.url)
        seed_world(folder, urls)
        settings = Settings(data=folder / "data", keys=folder / "keys", database_urls=urls)
        foils = add_visas(settings, 2_000)
        events = nats.url.removeprefix("nats://")
        with fleet(folder, postgres, urls, store, events=events, ways=True, more={"TWS_HEARTBEAT": "1"}) as made:
            yield House(made, nats, settings, foils)


@pytest.fixture(scope="module")
def house(whole: House) -> Fleet:
    """What the clients and the faults reach."""
    return whole.fleet


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
    address = f"{house.gateways[0].address}/dev/token"
    body = orjson.dumps({"persona": persona})
    with urlopen(Request(address, body, {"content-type": "application/json"}), timeout=30) as response:
        return str(orjson.loads(response.read())["token"])


@dataclass(frozen=True)
class Fault:
    """One fault: its name, what brings it about for as long as the context lasts, and what has to be seen meanwhile."""

    name: str
    broken: Callable[[House], AbstractContextManager[None]]
    seen: str = ""  # partial, refused, no answer: some answer has to come out so while it lasts
    balanced: bool = False  # the clients reach the gateways through the balancer
    counted: str = ""  # the event that a gateway counts because of it


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
def crashed(postgres: Server) -> Iterator[None]:
    postgres.stop()
    yield
    postgres.start()


@contextmanager
def stopped(postgres: Server) -> Iterator[None]:
    postgres.signal(signal.SIGSTOP)
    yield
    postgres.signal(signal.SIGCONT)


@contextmanager
def cut(way: Way) -> Iterator[None]:
    way.cut()
    yield
    way.mend()


@contextmanager
def brokerless(nats: NatsServer) -> Iterator[None]:
    nats.kill()
    yield
    nats.start()


@contextmanager
def silenced(nats: NatsServer) -> Iterator[None]:
    assert nats.process is not None
    nats.process.send_signal(signal.SIGSTOP)
    yield
    nats.process.send_signal(signal.SIGCONT)


@contextmanager
def skewed(program: Program, seconds: int) -> Iterator[None]:
    """It runs with a clock that is so many seconds ahead."""
    true = program.command
    program.stop()
    program.command = [sys.executable, "-m", "tests.faults.skewed", str(seconds), *true[2:]]
    program.start()
    program.ready()
    yield
    program.stop()
    program.command = true
    program.start()
    program.ready()


FAULTS = [
    Fault("a subgraph killed", lambda house: killed(house.fleet.subgraphs["visas"]), "partial"),
    Fault(
        "a subgraph paused", lambda house: paused(house.fleet.subgraphs["admissions"])
    ),  # it may be over before anybody gives up
    Fault("a subgraph cut off", lambda house: cut(house.fleet.ways["visas"]), "partial"),
    Fault("a subgraph slowed 100-fold", lambda house: house.fleet.subgraphs["travelers"].slowed()),
    Fault("PostgreSQL crashed", lambda house: crashed(house.fleet.postgres), "partial"),
    Fault("PostgreSQL paused", lambda house: stopped(house.fleet.postgres)),  # it may be over before anybody gives up
    Fault(
        "an agency cut off from its database", lambda house: cut(house.fleet.ways["database"])
    ),  # it may be over before anybody gives up
    Fault("Valkey killed", lambda house: killed(house.fleet.store), counted="store_lost"),
    Fault("Valkey paused", lambda house: paused(house.fleet.store), counted="store_lost"),
    Fault("Valkey cut off", lambda house: cut(house.fleet.ways["store"]), counted="store_lost"),
    Fault("NATS killed", lambda house: brokerless(house.nats), counted="broker_lost"),
    Fault("NATS paused", lambda house: silenced(house.nats)),
    Fault("NATS cut off", lambda house: cut(house.fleet.ways["events"])),
    Fault("a gateway killed", lambda house: killed(house.fleet.gateways[1])),
    Fault("a gateway paused", lambda house: paused(house.fleet.gateways[1])),
    Fault("a gateway cut off", lambda house: cut(house.fleet.ways["gateway"])),
    Fault("the balancer killed", lambda house: killed(_balancer(house)), "no answer", balanced=True),
    Fault("the balancer paused", lambda house: paused(_balancer(house)), balanced=True),
    Fault("no room for the record", lambda house: starved(*house.fleet.gateways), "refused"),
    Fault("a gateway's clock 5 minutes ahead", lambda house: skewed(house.fleet.gateways[1], 300), "partial"),
]


def _balancer(house: House) -> Program:
    assert house.fleet.balancer is not None
    return house.fleet.balancer


def test_nothing_wrong_is_said_and_everything_recovers(whole: House, questions: list[Asked]) -> None:
    """Every answer is right, or null and UNAVAILABLE, or a coded refusal; every one that was given is on record; and every
    event comes to the port, once and in its order."""
    house = whole.fleet
    answered: set[str] = set()
    lines: list[str] = []
    watch = Watch(house.addresses, _token(house, PORT))
    with watch, Revoking(house.addresses, _token(house, OFFICER), foils=whole.foils) as officer:
        for fault in FAULTS:
            line, told = _break(whole, fault, questions)
            lines.append(line)
            answered |= told
    there, events = revoked(whole.settings)
    heard = _heard_again(house, watch, len(events))
    for gateway in house.gateways:
        gateway.stop()
    print(f"\n{'fault':36} {'right':>9} {'partial':>9} {'refused':>9} {'no answer':>9} {'recovered':>11}")
    print("\n".join(lines))
    print(f"{len(events)} events through all of it, {len(heard)} heard; the stream was opened anew {watch.turns} times")
    assert heard == events
    assert set(officer.acknowledged) <= there == set(events)
    assert len(events) > 20
    _on_record(house.var, answered)


def _break(whole: House, fault: Fault, questions: list[Asked]) -> tuple[str, set[str]]:
    """The line of the table for one fault, and the answers that were given."""
    house = whole.fleet
    before = _counted(house, fault.counted)
    with Load([_balancer(whole).address] if fault.balanced else house.addresses, questions) as load:
        with fault.broken(whole):
            time.sleep(HELD)
        took = load.recovered()
    assert load.wrong == [], f"{fault.name}: {load.wrong[:3]}"
    assert not fault.seen or load.counts[fault.seen] > 0, f"{fault.name}: {load.counts}"
    assert not fault.counted or _counted(house, fault.counted) > before, f"{fault.name}: nobody counted {fault.counted}"
    kinds = " ".join(f"{load.counts[each]:9}" for each in ("right", "partial", "refused", "no answer"))
    line = f"{fault.name:36} {kinds} {took:9.1f} s"
    print(line, flush=True)
    return line, load.answered


def _counted(house: Fleet, event: str) -> float:
    """How often the gateways say that an event came."""
    if not event:
        return 0.0
    found = [_text(f"{each.address}/metrics") for each in house.gateways]
    lines = [line for text in found for line in text.splitlines() if f'event="{event}"' in line]
    return sum(float(line.rpartition(" ")[2]) for line in lines)


def _text(address: str) -> str:
    with urlopen(address, timeout=30) as response:
        return str(response.read().decode())


def _heard_again(house: Fleet, watch: Watch, count: int) -> list[str]:
    """What the port has heard, once it has heard ``count`` events: it goes on listening until then."""
    watch.again()
    with watch:
        return watch.until(count)


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
