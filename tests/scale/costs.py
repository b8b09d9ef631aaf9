"""What one answer costs at each stage, in CPU time of the processes that do it; and what one and two gateways answer.

Run: ``python -m tests.scale.costs FOLDER TRAVELERS`` over what ``tests.scale.load`` filled. CPU time is the same on a busy
machine as on a quiet one, which seconds are not. Written to ``tests/scale/costs.json``, which the simulation is made from.
"""

from __future__ import annotations

import http.client
import json
import shutil
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from urllib.parse import urlsplit

import psutil

from tests.faults.fleet import Fleet, fleet
from tests.scale.load import Question, questions, token
from tests.scale.loaded import filled, kept
from tests.scenarios.asking import ROOT
from tests.subgraphs.postgres import Server, running

__all__ = ["COSTS", "MIX", "cost", "throughput"]

COSTS: Final = ROOT / "tests" / "scale" / "costs.json"
MIX: Final = {"port": "05-is-this-visa-good", "post": "01-petition-at-the-window", "vetting": "09-security-review"}
"""Who asks at the border, at the consular posts and for security reviews, by one of the explorer's queries each."""
_ANSWERS: Final = 100
_USERS: Final = 16
_SECONDS: Final = 8.0


def _spent(*processes: int) -> float:
    """CPU seconds of these processes and their children so far."""
    total = 0.0
    for process in processes:
        first = psutil.Process(process)
        for each in (first, *first.children(recursive=True)):
            times = each.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
    return total


def _stages(house: Fleet, record: Server) -> dict[str, Callable[[], float]]:
    """The stages, each with what tells its CPU seconds so far."""

    def postmaster(server: Server) -> int:
        return int((server.folder / "data" / "postmaster.pid").read_text().split("\n")[0])

    def of(*ids: int) -> Callable[[], float]:
        return lambda: _spent(*ids)

    found = {"gateway": of(*(each.process.pid for each in house.gateways if each.process))}
    found |= {name: of(each.process.pid) for name, each in house.subgraphs.items() if each.process}
    found |= {"databases": of(postmaster(house.postgres)), "record": of(postmaster(record))}
    assert house.store.process is not None
    return found | {"store": of(house.store.process.pid)}


def cost(house: Fleet, record: Server, question: Question) -> dict[str, float]:
    """Milliseconds of CPU that one answer costs at each stage."""
    stages = _stages(house, record)
    _asked(house.gateways[0].address, question, 20)
    before = {name: spent() for name, spent in stages.items()}
    _asked(house.gateways[0].address, question, _ANSWERS)
    return {name: round(1000 * (spent() - before[name]) / _ANSWERS, 3) for name, spent in stages.items()}


def _asked(address: str, question: Question, count: int, until: float = 0.0) -> int:
    """How many answers were whole: ``count``, or as many as there were ``until`` then."""
    place = urlsplit(address)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=60)
    headers = {"content-type": "application/json", "authorization": f"Bearer {token(address, question.persona)}"}
    done = 0
    while done < count if count else time.monotonic() < until:
        connection.request("POST", "/graphql", question.body, headers)
        with connection.getresponse() as response:
            body = response.read()
            assert response.status == 200, body
            assert b'"errors"' not in body, body
        done += 1
    connection.close()
    return done


def _idle(house: Fleet, record: Server) -> dict[str, float]:
    """Milliseconds of CPU a second at each stage while nobody asks: what each replica asks by itself."""
    stages = _stages(house, record)
    before = {name: spent() for name, spent in stages.items()}
    time.sleep(_SECONDS)
    return {name: round(1000 * (spent() - before[name]) / _SECONDS, 3) for name, spent in stages.items()}


def throughput(house: Fleet, record: Server, question: Question) -> dict[str, float]:
    """Answers a second for so many users, the CPU seconds a second that the house got of the machine, and milliseconds of CPU
    that an answer cost then: ``gateways`` and ``others``."""
    addresses = house.addresses
    for address in addresses:
        _asked(address, question, 20)
    stages, answers, lock = _stages(house, record), [0], threading.Lock()
    before, began = {name: spent() for name, spent in stages.items()}, time.monotonic()

    def user(number: int) -> None:
        done = _asked(addresses[number % len(addresses)], question, 0, began + _SECONDS)
        with lock:
            answers[0] += done

    threads = [threading.Thread(target=user, args=(number,)) for number in range(_USERS)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    took = time.monotonic() - began
    got = {name: spent() - before[name] for name, spent in stages.items()}
    own, share = got.pop("gateway"), 1000 / answers[0]
    return {
        "answers": round(answers[0] / took, 1),
        "cpu": round((own + sum(got.values())) / took, 3),
        "gateways": round(own * share, 1),
        "others": round(sum(got.values()) * share, 1),
    }


def main(folder: Path, travelers: int) -> None:
    """Measure, print and write."""
    store = shutil.which("valkey-server") or shutil.which("redis-server")
    assert store is not None, "valkey-server or redis-server is needed on the path"
    known = {each.name: each for each in questions()}
    found: dict[str, Any] = {"travelers": travelers, "costs": {}, "replicas": {}, "idle": {}}
    with kept(folder) as server:
        urls = filled(server, travelers)
        for replicas in (1, 2):
            with running() as record, TemporaryDirectory() as own:
                more = {"TWS_SUBGRAPH_TIMEOUT": "30", "TWS_RECORD": record.url.replace("+asyncpg", "")}
                with fleet(Path(own), server, urls, store, gateways=replicas, more=more) as house:
                    if replicas == 1:
                        found["costs"] = {who: cost(house, record, known[name]) for who, name in MIX.items()}
                    found["replicas"][str(replicas)] = throughput(house, record, known[MIX["port"]])
                    found["idle"][str(replicas)] = _idle(house, record)
    found["measured"] = time.strftime("%Y-%m-%d")
    COSTS.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    print(COSTS.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
