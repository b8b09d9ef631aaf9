"""Ten, a hundred and a thousand replicas at border-wide load: which stage is full first, and how long an answer takes.

Run: ``python -m tests.scale.simulation``: prints the table and writes the chart docs/scale.svg. Every stage is a queue with so many
servers, a request goes through them as it does through the gateway, and what it costs there was measured (``costs.json``).
Seeded, so that the same costs give the same figures. What is assumed and not measured stands in ``Sizes``.
"""

from __future__ import annotations

import heapq
import json
import random
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from statistics import median, quantiles
from typing import Any, Final

from tests.scale.costs import COSTS
from tests.scenarios.asking import ROOT

__all__ = ["CHART", "RUNS", "Found", "Sizes", "Station", "chart", "check", "room", "runs", "simulate", "table"]

CHART: Final = ROOT / "docs" / "scale.svg"
RATES: Final = {"port": 62.0, "post": 10.0, "vetting": 0.35}
"""Requests a second at the peak: every traveler checked, all posts, all reviews; five times the mean (domain reference, section 6)."""
SEED: Final = 20261101
SECONDS: Final = 60.0
_SHAPE: Final = 4.0  # of the gamma distribution of service times: half as wide as their mean
_NOISE: Final = 0.5  # milliseconds: what a subgraph does by itself meanwhile, without being asked
_TICK: Final = 1.25  # milliseconds a second: one tick of that clock in the eight seconds of measuring
_NOT_AGENCIES: Final = ("gateway", "record", "store", "databases")


@dataclass(frozen=True, slots=True)
class Sizes:
    """What is assumed: ``agency`` processes of each subgraph, cores of each agency's database and of the record's,
    seconds until a commit of the record is on disk, and which part of what replicas ask outboxes by themselves they do ask (with
    NATS a tenth: once in five seconds of silence, where a waiting request looks four times a second)."""

    agency: int = 4
    database: int = 8
    record: int = 8
    commit: float = 0.002
    asking: float = 1.0


RUNS: Final = (
    ("10 replicas", 10, Sizes()),
    ("100 replicas", 100, Sizes()),
    ("1,000 replicas", 1_000, Sizes()),
    ("1,000 with NATS", 1_000, Sizes(asking=0.1)),
)


@dataclass(slots=True)
class Station:
    """A queue, first come first served, before ``servers``; ``idle`` is the share of all of them that replicas use by themselves."""

    servers: int
    idle: float = 0.0
    busy: float = 0.0
    _free: list[float] = field(default_factory=list)

    def done(self, now: float, work: float) -> float:
        """When ``work`` seconds that come in now are done."""
        work /= max(0.01, 1.0 - self.idle)
        self.busy += work
        begins = now
        if len(self._free) == self.servers:
            begins = max(now, heapq.heappop(self._free))
        heapq.heappush(self._free, begins + work)
        return begins + work


@dataclass(frozen=True, slots=True)
class Found:
    """What one run came to: the part of its time that each stage works (1 is full), and seconds of answers at ports."""

    label: str
    replicas: int
    load: float
    use: Mapping[str, float]
    p50: float
    p99: float

    @property
    def first(self) -> str:
        """The stage with the least room."""
        return max(self.use, key=lambda name: self.use[name])


def _idle(costs: Mapping[str, Any], stage: str) -> float:
    """CPU seconds a second that one more replica asks of ``stage`` though nobody asks it anything; 0 where that is too
    little for the clock that CPU time is told by."""
    one, two = costs["idle"]["1"][stage], costs["idle"]["2"][stage]
    more = float(two) - float(one)
    return more / 1000 if more > _TICK else 0.0


def _servers(costs: Mapping[str, Any], replicas: int, sizes: Sizes) -> dict[str, tuple[int, float]]:
    """The servers of each stage that replicas share, and the share of them that is used by the replicas themselves."""
    agencies = [name for name in costs["costs"]["port"] if name not in _NOT_AGENCIES]
    asking = replicas * sizes.asking
    found = {name: (sizes.agency, asking * _idle(costs, name) / sizes.agency) for name in agencies}
    cores = sizes.database * len(agencies)
    found["databases"] = (cores, asking * _idle(costs, "databases") / cores)
    found["record"] = (sizes.record, replicas * _idle(costs, "record") / sizes.record)
    found["store"] = (1, replicas * _idle(costs, "store"))
    return found


def simulate(
    costs: Mapping[str, Any], replicas: int, load: float = 1.0, sizes: Sizes | None = None, label: str = ""
) -> Found:
    """``load`` times the peak of the border through ``replicas`` for a minute."""
    sizes = sizes or Sizes()
    chance, number = random.Random(SEED), count()
    shared = {
        name: Station(servers, min(0.99, idle)) for name, (servers, idle) in _servers(costs, replicas, sizes).items()
    }
    own = [Station(1) for _ in range(replicas)]
    answered: list[float] = []

    def work(milliseconds: float) -> float:
        return chance.gammavariate(_SHAPE, milliseconds / 1000 / _SHAPE)

    def request(kind: str, began: float, gateway: Station) -> Generator[float, float, None]:
        """Yields when its next step may begin."""
        cost = costs["costs"][kind]
        yield gateway.done(began, work(cost["gateway"] / 2))
        now = yield 0.0
        yield shared["store"].done(now, work(cost["store"]))
        now = yield 0.0
        calls = {name: cost[name] for name in shared if name not in _NOT_AGENCIES and cost[name] > _NOISE}
        ends = []
        for name, each in calls.items():  # asked at the same time; the slowest counts
            asked = shared[name].done(now, work(each))
            ends.append(shared["databases"].done(asked, work(cost["databases"] / len(calls))))
        yield max(ends, default=now)
        now = yield 0.0
        yield gateway.done(now, work(cost["gateway"] / 2))
        now = yield 0.0
        yield shared["record"].done(now, work(cost["record"])) + sizes.commit
        now = yield 0.0
        if kind == "port":
            answered.append(now - began)

    _run(request, own, chance, load, number)
    use = {name: each.idle + each.busy * (1 - each.idle) / SECONDS / each.servers for name, each in shared.items()}
    use["gateway"] = sum(each.busy for each in own) / SECONDS / replicas
    return Found(label, replicas, load, use, median(answered), quantiles(answered, n=100, method="inclusive")[98])


def _run(request: Any, own: list[Station], chance: random.Random, load: float, number: Iterator[int]) -> None:
    """Let requests come for a minute, and every step happen at its time."""
    heap: list[tuple[float, int, Generator[float, float, None] | str]] = []
    for kind, rate in RATES.items():
        heapq.heappush(heap, (chance.expovariate(rate * load), next(number), kind))
    turn = count()
    while heap:
        now, _, what = heapq.heappop(heap)
        if isinstance(what, str):
            if now > SECONDS:
                continue
            heapq.heappush(heap, (now + chance.expovariate(RATES[what] * load), next(number), what))
            going = request(what, now, own[next(turn) % len(own)])
            heapq.heappush(heap, (next(going), next(number), going))
            continue
        next(what)  # the step is done; it asks what time it is
        try:
            heapq.heappush(heap, (what.send(now), next(number), what))
        except StopIteration:
            continue


def room(costs: Mapping[str, Any], replicas: int, sizes: Sizes | None = None) -> tuple[str, float]:
    """The stage that is full first when the load grows, and at how many times the peak of the border it is."""
    sizes = sizes or Sizes()
    stages = _servers(costs, replicas, sizes) | {"gateway": (replicas, 0.0)}
    found = {}
    for name, (servers, idle) in stages.items():
        asked = sum(rate * costs["costs"][kind][name] / 1000 for kind, rate in RATES.items())
        found[name] = max(0.0, servers * (1 - idle)) / asked if asked else float("inf")
    first = min(found, key=lambda name: found[name])
    return first, found[first]


def check(costs: Mapping[str, Any]) -> dict[str, tuple[float, float]]:
    """For one and two replicas: answers a second as the costs say for the CPU time that the house got, and as measured."""
    each = sum(costs["costs"]["port"].values()) / 1000
    return {name: (run["cpu"] / each, run["answers"]) for name, run in costs["replicas"].items()}


def runs(costs: Mapping[str, Any]) -> list[Found]:
    """Every run of the table and the chart."""
    return [simulate(costs, replicas, sizes=sizes, label=label) for label, replicas, sizes in RUNS]


def table(found: list[Found], costs: Mapping[str, Any]) -> str:
    """The runs as a table in Markdown."""
    lines = [
        "| at the peak of the border | most used | gateways | p50 | p99 | full first | when the load is |",
        "|---|---|--:|--:|--:|---|--:|",
    ]
    for each, (label, replicas, sizes) in zip(found, RUNS, strict=True):
        first, times = room(costs, replicas, sizes)
        most = f"{each.first} {each.use[each.first]:.0%}"
        over = each.use[each.first] >= 1
        waits = "without end | without end" if over else f"{1000 * each.p50:.0f} ms | {1000 * each.p99:.0f} ms"
        grown = "none at all" if times == 0 else f"{times:.1f} times the peak"
        lines.append(f"| {label} | {most} | {each.use['gateway']:.1%} | {waits} | {first} | {grown} |")
    return "\n".join(lines)


def chart(found: list[Found]) -> str:
    """The use of each stage for each number of replicas, as an SVG."""
    names = sorted(found[0].use, key=lambda name: -max(each.use[name] for each in found))
    shades = ("#9ecae1", "#4292c6", "#084594", "#fd8d3c")
    height = 60 + 60 * len(names)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 760 {height}" font-family="sans-serif" font-size="13">',
        "<title>How much of each stage is used at the peak of the border</title>",
        f'<rect width="760" height="{height}" fill="#ffffff"/>',
    ]
    for place, each in enumerate(found):
        parts.append(f'<rect x="{130 + 150 * place}" y="14" width="12" height="12" fill="{shades[place]}"/>')
        parts.append(f'<text x="{148 + 150 * place}" y="25">{each.label}</text>')
    for row, name in enumerate(names):
        top = 48 + 60 * row
        parts.append(f'<text x="160" y="{top + 27}" text-anchor="end">{name}</text>')
        for place, each in enumerate(found):
            width = max(1.0, 480 * min(1.0, each.use[name]))
            parts.append(
                f'<rect x="170" y="{top + 12 * place}" width="{width:.1f}" height="10" fill="{shades[place]}"/>'
            )
            parts.append(
                f'<text x="{176 + width:.1f}" y="{top + 9 + 12 * place}" font-size="10">{each.use[name]:.1%}</text>'
            )
    return "\n".join((*parts, "</svg>")) + "\n"


def main() -> None:
    """Print the table, write the chart."""
    costs = json.loads(COSTS.read_text(encoding="utf-8"))
    found = runs(costs)
    print(table(found, costs))
    for replicas, (told, measured) in check(costs).items():
        print(
            f"{replicas} replicas: {told:.1f} answers a second told, {measured:.1f} measured ({told / measured - 1:+.0%})"
        )
    CHART.write_text(chart(found), encoding="utf-8")


if __name__ == "__main__":
    main()
