"""Prometheus metrics of one gateway: rate, errors and duration by operation and subgraph, and what holds it up.

Labels are bounded: operations get a label of their own until ``MOST_NAMES`` have one; agreements and subgraphs are
what files name. No label ever holds a value that was read.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, TypeAlias

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from gateway.telemetry.watch import Watch

__all__ = ["KIND", "MOST_NAMES", "Metrics"]

KIND: Final = "text/plain; version=0.0.4; charset=utf-8"
MOST_NAMES: Final = 200
_OTHER: Final = "(other)"
_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

_COSTS: Final = (1, 10, 100, 1_000, 10_000, 100_000, 1_000_000)

_Labels: TypeAlias = tuple[str, ...]


class Metrics:
    """Everything that is counted: added to plain numbers while serving, put in Prometheus's words when asked for.

    One event loop counts and reads, so there are no locks; prometheus-client's own counters take one each time, which
    cost more than all the rest of telemetry.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = self._counter("gateway_requests", "Answers sent.", "operation", "status", "code")
        self._seconds = self._histogram(
            "gateway_request_seconds", "From the request's head to the answer.", "operation"
        )
        self._stages = self._counter("gateway_stage_seconds", "Seconds spent by stage.", "stage")
        self._fetches = self._counter("gateway_fetches", "Requests to subgraphs.", "subgraph", "code")
        self._fetch_seconds = self._histogram(
            "gateway_fetch_seconds", "From sending to a subgraph's answer.", "subgraph"
        )
        self._costs = self._histogram("gateway_cost", "What operations cost, before and after.", "when", bounds=_COSTS)
        self._plans = self._counter("gateway_plans", "Plans taken from the cache, or made.", "cache")
        self._outcomes = self._counter(
            "gateway_policy_outcomes", "Values decided on, by agreement.", "agreement", "outcome"
        )
        self._events = self._counter(
            "gateway_events", "What limits and resilience did: shed, hedged, retried, opened...", "event", "of"
        )
        self._appends = self._counter("gateway_record_appends", "Records made durable.")
        self._append_seconds = self._counter("gateway_record_append_seconds", "Seconds requests waited for them.")
        self._names: set[str] = set()
        self._gauges: dict[str, _Read] = {}

    def _counter(self, name: str, what: str, *labels: str) -> _Counter:
        made = _Counter(name, what, labels)
        self.registry.register(made)
        return made

    def _histogram(self, name: str, what: str, *labels: str, bounds: tuple[float, ...] = _SECONDS) -> _Histogram:
        made = _Histogram(name, what, labels, bounds)
        self.registry.register(made)
        return made

    def request(self, watch: Watch, status: int, seconds: float) -> None:
        """Count one answered request and everything its watch noted."""
        name = self._named(watch.name, status)
        self._requests.values[name, str(status), watch.code] += 1
        self._seconds.observe((name,), seconds)
        for stage, begin, end in watch.stages:
            self._stages.values[stage,] += end - begin
            if stage == "record":
                self._appends.values[()] += 1
                self._append_seconds.values[()] += end - begin
        for each in watch.fetches:
            self._fetches.values[each.subgraph, each.code] += 1
            self._fetch_seconds.observe((each.subgraph,), each.seconds)
        for when, cost in watch.cost.items():
            self._costs.observe((when,), cost)
        for cache, count in watch.plans.items():
            self._plans.values[cache,] += count
        for decided, count in watch.outcomes.items():
            self._outcomes.values[decided] += count

    def event(self, event: str, of: str = "") -> None:
        """Count something that a limit or a wrapper did; ``of`` is a subgraph, or what kind of thing it befell."""
        self._events.values[event, of] += 1

    def gauge(self, name: str, what: str, label: str, read: Callable[[], Mapping[str, float]]) -> None:
        """Show ``read()`` (label's value to number) whenever metrics are asked for; no label where ``label`` is empty.

        Given again, a gauge reads the new ``read``.
        """
        if name in self._gauges:
            self._gauges[name].read = read
            return
        self._gauges[name] = _Read(name, what, label, read)
        self.registry.register(self._gauges[name])

    def text(self) -> bytes:
        """Everything, as Prometheus reads it."""
        return generate_latest(self.registry)

    def _named(self, name: str, status: int) -> str:
        """The operation's label: its name, if it has one already or may claim one by having been answered."""
        if name in self._names:
            return name
        if name and status < 400 and len(self._names) < MOST_NAMES:
            self._names.add(name)
            return name
        return _OTHER if name else ""


class _Counter(Collector):
    """Numbers that only grow, by labels."""

    def __init__(self, name: str, what: str, labels: _Labels) -> None:
        self._made = (name, what, labels)
        self.values: defaultdict[_Labels, float] = defaultdict(float)

    def describe(self) -> Iterable[Metric]:
        """The family without its numbers."""
        name, what, labels = self._made
        return [CounterMetricFamily(name, what, labels=labels)]

    def collect(self) -> Iterable[Metric]:
        """The family as it is now."""
        name, what, labels = self._made
        family = CounterMetricFamily(name, what, labels=labels)
        for values, number in self.values.items():
            family.add_metric(values, number)
        return [family]


class _Histogram(Collector):
    """How many took how much, by labels: a count for each of ``bounds`` and beyond, and the sum."""

    def __init__(self, name: str, what: str, labels: _Labels, bounds: tuple[float, ...]) -> None:
        self._made = (name, what, labels)
        self._bounds = bounds
        self._counts: dict[_Labels, list[int]] = {}
        self._sums: defaultdict[_Labels, float] = defaultdict(float)

    def observe(self, labels: _Labels, value: float) -> None:
        """Count ``value`` once."""
        counts = self._counts.get(labels)
        if counts is None:
            counts = self._counts[labels] = [0] * (len(self._bounds) + 1)
        counts[bisect_left(self._bounds, value)] += 1
        self._sums[labels] += value

    def describe(self) -> Iterable[Metric]:
        """The family without its numbers."""
        name, what, labels = self._made
        return [HistogramMetricFamily(name, what, labels=labels)]

    def collect(self) -> Iterable[Metric]:
        """The family as it is now."""
        name, what, labels = self._made
        family = HistogramMetricFamily(name, what, labels=labels)
        for values, counts in self._counts.items():
            family.add_metric(values, list(_cumulated(counts, self._bounds)), self._sums[values])
        return [family]


def _cumulated(counts: Iterable[int], bounds: Iterable[float]) -> Iterator[tuple[str, float]]:
    total = 0
    for bound, count in zip((*map(str, bounds), "+Inf"), counts, strict=True):
        total += count
        yield bound, total


class _Read(Collector):
    """A gauge that is read when it is asked for."""

    def __init__(self, name: str, what: str, label: str, read: Callable[[], Mapping[str, float]]) -> None:
        self._name, self._what, self._label, self.read = name, what, label, read

    def describe(self) -> Iterable[Metric]:
        """The family without its numbers, so that registering reads nothing."""
        return [GaugeMetricFamily(self._name, self._what, labels=[self._label] if self._label else [])]

    def collect(self) -> Iterable[Metric]:
        """The family as it is now."""
        family = GaugeMetricFamily(self._name, self._what, labels=[self._label] if self._label else [])
        for value, number in self.read().items():
            family.add_metric([value] if self._label else [], number)
        return [family]
