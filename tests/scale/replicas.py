"""One gateway and two under the same load: answers a second, and what an answer costs of CPU time.

Run: ``python -m tests.scale.replicas``: under three minutes, over the small world in a PostgreSQL of its own, which is gone
afterwards. Each run is held against what the model says: the CPU seconds that all processes got, divided by what one answer costs
alone. On a machine with fewer cores than processes two gateways answer no more than one; what an answer costs is the same
on any.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from tests.faults.fleet import fleet
from tests.scale.costs import MIX, cost, throughput
from tests.scale.load import Question, questions
from tests.scenarios.asking import seed_world
from tests.subgraphs.postgres import agencies, running

__all__ = ["Run", "measure", "table"]


@dataclass(frozen=True, slots=True)
class Run:
    """So many gateways: answers a second and those the model tells, CPU seconds a second, and milliseconds an answer."""

    gateways: int
    answers: float
    told: float
    cpu: float
    own: float
    others: float


def measure(question: Question, most: int = 2) -> list[Run]:
    """One run for each number of gateways up to ``most``, over the same databases."""
    store = shutil.which("valkey-server") or shutil.which("redis-server")
    assert store is not None, "valkey-server or redis-server is needed on the path"
    found: list[Run] = []
    alone = 0.0
    with running() as server, TemporaryDirectory() as world:
        urls = agencies(server.url)
        seed_world(Path(world), urls)
        for gateways in range(1, most + 1):
            with running() as record, TemporaryDirectory() as own:
                more = {"TWS_SUBGRAPH_TIMEOUT": "30", "TWS_RECORD": record.url.replace("+asyncpg", "")}
                with fleet(Path(own), server, urls, store, gateways=gateways, more=more) as house:
                    alone = alone or sum(cost(house, record, question).values())
                    ran = throughput(house, record, question)
            told = 1000 * ran["cpu"] / alone
            found.append(Run(gateways, ran["answers"], told, ran["cpu"], ran["gateways"], ran["others"]))
    return found


def table(found: list[Run]) -> str:
    """The runs as a table in Markdown."""
    lines = [
        "| gateways | answers a second | told by the model | CPU seconds a second | CPU an answer: gateways | everybody else |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    lines += [
        f"| {each.gateways} | {each.answers:.1f} | {each.told:.1f} | {each.cpu:.2f} | {each.own:.1f} ms | {each.others:.1f} ms |"
        for each in found
    ]
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    known = {each.name: each for each in questions()}
    found = measure(known[MIX["port"]])
    print(f"{psutil.cpu_count()} cores, load {psutil.getloadavg()[0]:.1f}, 16 users who ask {MIX['port']}\n")
    print(table(found))
    one, two = found
    print(f"\ntwo gateways answer {two.answers / one.answers:.2f} times as many; an answer costs a gateway "
          f"{two.own / one.own:.2f} times as much")  # fmt: skip


if __name__ == "__main__":
    main()
