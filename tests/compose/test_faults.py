"""Faults in the compose file under load: containers are killed, paused and cut off; what is answered is judged all the while.

Clients ask through nginx, as in the field. Whatever is broken, an answer is the right one, or null where the ledger says
UNAVAILABLE, or a coded refusal; and all is well again by itself. The table is printed (``pytest -s tests/compose``).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, replace

import orjson
import pytest

from gateway.web.explorer import ready_queries
from tests.compose.house import House, until
from tests.faults.load import Asked, Load, ask

pytestmark = [pytest.mark.slow, pytest.mark.timeout(420)]

HELD = 3.0
"""Seconds that each fault lasts at the least; what was killed is started again by the engine meanwhile."""
ASKED = ("05", "08", "10", "12")
"""The ready queries that clients ask: over all seven subgraphs."""


@pytest.fixture(scope="module")
def questions(house: House) -> list[Asked]:
    """What the clients ask, with the answers of the house when it is well."""
    found: list[Asked] = []
    for ready in ready_queries():
        if ready["name"][:2] in ASKED:
            body = {"query": ready["query"], "variables": ready["variables"],
                    "extensions": {"acknowledged": ["USCIS-ERO-STATUS"]}}  # fmt: skip
            asked = Asked(ready["name"], house.token(ready["persona"]), orjson.dumps(body))
            until(lambda asked=asked: _whole(house, asked), 60, f"{asked.name} is not answered whole")  # type: ignore[misc]
            page = orjson.loads(ask(house.address, asked)[1])
            found.append(replace(asked, golden=page["data"], ledger=tuple(page["extensions"]["sharing"])))
    assert len(found) == len(ASKED)
    return found


def _whole(house: House, asked: Asked) -> bool:
    status, told = ask(house.address, asked)
    page = orjson.loads(told)
    return (
        status == 200
        and "errors" not in page
        and all(each["outcome"] != "UNAVAILABLE" for each in page["extensions"]["sharing"])
    )


@dataclass(frozen=True)
class Fault:
    """One fault: its name, what brings it about for as long as the context lasts, and what has to be seen meanwhile."""

    name: str
    broken: Callable[[House], AbstractContextManager[None]]
    seen: str = ""  # partial, refused, no answer: some answer has to come out so while it lasts


def killed(service: str, number: int = 1) -> Callable[[House], AbstractContextManager[None]]:
    """Killed without a farewell, and started again: by the engine, as the file says, or where it does not, by hand."""

    @contextmanager
    def context(house: House) -> Iterator[None]:
        container = house.container(service, number)
        house.run("kill", container)
        yield
        with suppress(AssertionError):  # it is there again already
            house.run("start", container)
        until(lambda: house.healthy(service, number), 120, f"{container} does not come back")

    return context


def paused(service: str, number: int = 1) -> Callable[[House], AbstractContextManager[None]]:
    """Stopped in the middle of what it does: connections stay open, and nothing answers."""

    @contextmanager
    def context(house: House) -> Iterator[None]:
        house.run("pause", house.container(service, number))
        try:
            yield
        finally:
            house.run("unpause", house.container(service, number))

    return context


def cut_off(service: str, network: str) -> Callable[[House], AbstractContextManager[None]]:
    """Taken out of a network: its name is not found there any more, and what was on its way is lost."""

    @contextmanager
    def context(house: House) -> Iterator[None]:
        container = house.container(service)
        house.run("network", "disconnect", house.network(network), container)
        try:
            yield
        finally:
            house.run("network", "connect", "--alias", service, house.network(network), container)

    return context


FAULTS = [
    Fault("a subgraph killed", killed("visas"), "partial"),
    Fault("a subgraph paused", paused("admissions"), "partial"),
    Fault("PostgreSQL paused", paused("postgres")),
    Fault("PostgreSQL killed", killed("postgres")),
    Fault("Valkey killed", killed("valkey")),
    Fault("Valkey paused", paused("valkey")),
    Fault("Valkey cut off", cut_off("valkey", "stores")),
    Fault("NATS killed", killed("nats")),
    Fault("NATS paused", paused("nats")),
    Fault("a gateway paused", paused("gateway", 2)),
    Fault("a gateway killed", killed("gateway", 2)),
    Fault("nginx killed", killed("nginx"), "no answer"),
]


def held(house: House, questions: list[Asked], fault: Fault) -> tuple[Load, float]:
    """What was answered while the fault lasted and until all was well again, and how long that took from its end on."""
    with Load([house.address], questions, clients=2) as load:
        with fault.broken(house):
            time.sleep(HELD)
            if fault.seen:
                until(lambda: load.counts[fault.seen] > 0, 60, f"{fault.name}: no answer came out {fault.seen}")
        began = time.monotonic()
        until(lambda: all(house.ready(number) for number in (1, 2)), 120, f"{fault.name}: a gateway stays away")
        load.recovered(120)
        return load, time.monotonic() - began


def test_nothing_wrong_is_said_and_everything_recovers(house: House, questions: list[Asked]) -> None:
    """Every answer is right, or null and UNAVAILABLE, or a coded refusal; and both gateways are well afterwards."""
    print("\n| fault | right | partial | refused | no answer | all well after |\n|---|--:|--:|--:|--:|--:|")
    wrong: list[str] = []
    answered: set[str] = set()
    for fault in FAULTS:
        load, took = held(house, questions, fault)
        kinds = " | ".join(f"{load.counts[each]}" for each in ("right", "partial", "refused", "no answer"))
        print(f"| {fault.name} | {kinds} | {took:.1f} s |", dict(load.codes) or "")
        wrong += [f"{fault.name}: {each}" for each in load.wrong]
        answered |= load.answered
    assert wrong == []
    _on_record(house, answered)


def _on_record(house: House, answered: set[str]) -> None:
    """The record is sound, and every answer that a client was given is in it."""
    verified = house.inside("gateway", "gateway", "audit", "verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    program = (
        "import os; from gateway.audit import Search, search;"
        "print(*(each.record['request'] for each in search(os.environ['TWS_RECORD'], Search(), limit=1_000_000)[0]))"
    )
    kept = set(house.inside("gateway", "python", "-c", program).stdout.split())
    assert answered <= kept, f"{len(answered - kept)} of {len(answered)} answers are not on record"
    print(f"{len(answered)} answers, every one of them among {len(kept)} on record")
    assert len(answered) > 100
