"""How fast the policy is: compiling a large house, and deciding a large answer. Figures are printed, none is asserted.

Targets (issue 4): 100 agreements on 1,500 coordinates for 40 kinds of callers compile in under 1 s; 1,000 records of 40
conditional fields are decided in at most 100 ms.
"""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import count
from typing import Any

import pytest

from gateway.caller import Caller
from gateway.coordinates import Coordinate
from gateway.policy import Bundle, Outcome, Policy, Value, compile_policy, read_bundle
from gateway.supergraph import Supergraph
from tests.policy.kit import AT, agreement, small_graph

TYPES, FIELDS, AGREEMENTS, ROLES, RECORDS = 60, 25, 100, 40, 1000
TARGET = 1.0  # seconds
pytestmark = pytest.mark.benchmark(timer=time.process_time)  # seconds of CPU, whatever else the machine does


def big_graph() -> Supergraph:
    """``TYPES`` records of ``FIELDS`` fields each."""
    kinds = "".join(
        f'type T{kind} @key(fields: "id") @in(graph: "visas") {{ id: ID @classified(category: "SYS") '
        + " ".join(f'f{field}: String @classified(category: "ADJ")' for field in range(FIELDS))
        + " }\n"
        for kind in range(TYPES)
    )
    links = " ".join(f't{kind}: T{kind} @classified(category: "LINK")' for kind in range(TYPES))
    return small_graph(f'type Query @in(graph: "visas") {{ {links} }}\n{kinds}')


def big_bundle() -> Bundle:
    """``AGREEMENTS`` agreements, each on three types under a case, a date and a flag; ``ROLES`` kinds of callers."""
    names = [f"role{number}" for number in range(ROLES)]
    roles = "".join(f'[roles.{name}]\ntitle = "t"\nagencies = ["CBP"]\npurposes = ["inspection"]\n' for name in names)
    subjects = "".join(f'T{kind} = "id"\n' for kind in range(TYPES))
    words = (
        '[agencies.STATE_CA]\nname = "s"\nsubgraphs = ["visas"]\n[agencies.CBP]\nname = "c"\n'
        '[purposes.inspection]\ntitle = "t"\n[categories]\nSYS = { title = "s" }\nLINK = { title = "l" }\n'
        f'ADJ = {{ title = "a" }}\n{roles}[subjects]\n{subjects}'
        '[authorities]\n"subject.p1367" = "T0.f0"\n'
        '[cases.inspection]\npattern = "^INS[0-9]+$"\nagencies = ["CBP"]\n'
    )
    when = (
        'when = { all = [ { attr = "case.state", is = "open" }, { attr = "record.f1", in = ["A", "B"] }, '
        '{ attr = "record.f2", within = "P10Y" }, { attr = "subject.p1367", is = false } ] }\n'
    )
    pages = {"vocabulary.toml": words}
    for number in range(AGREEMENTS):
        fields = [f"T{(number + step) % TYPES}" for step in range(3)]
        more = f'[[grant]]\narticle = "I"\nfields = {fields}\n{when}'
        mine = [names[(number + step) % ROLES] for step in range(5)]
        pages[f"agreements/{number}.toml"] = agreement(id=f'"DEED-{number}"', roles=str(mine), more=more)
    return read_bundle(pages)


@pytest.fixture(scope="module")
def house() -> tuple[Bundle, Supergraph, Policy]:
    graph, bundle = big_graph(), big_bundle()
    return bundle, graph, compile_policy(bundle, graph)


def test_compiling_a_large_house(benchmark: Any, house: tuple[Bundle, Supergraph, Policy]) -> None:
    bundle, graph, _ = house
    callers = [Caller("CBP", f"role{number}", "inspection") for number in range(ROLES)]

    def compiled() -> int:
        made = compile_policy(bundle, graph)
        governed = [each.coordinate for each in made.catalogue.entries.values() if each.governed]
        return sum(bool(made.grade(caller, each, AT)[0]) for caller in callers for each in governed)

    given = benchmark.pedantic(compiled, rounds=3, iterations=1)
    assert given > TYPES * FIELDS
    if benchmark.stats:  # none where tests run side by side
        seconds = benchmark.stats.stats.min
        print(f"\ncompile and every cell: {seconds:.2f} s, {seconds / TARGET:.2f} of the target of {TARGET} s")


def test_deciding_a_large_answer(benchmark: Any, house: tuple[Bundle, Supergraph, Policy]) -> None:
    _, _, policy = house
    caller = Caller("CBP", "role0", "inspection", case="INS1")
    given = [
        each.coordinate
        for each in policy.catalogue.entries.values()
        if each.governed and policy.grade(caller, each.coordinate, AT)[0] == "CONDITIONAL"
    ][:40]
    assert len(given) == 40
    records: list[dict[str, Value]] = [
        {
            "case.state": "open",
            "case.kind": "inspection",
            "record.f1": ["A", "B", "C"][number % 3],
            "record.f2": f"20{number % 30:02}-01-{number % 28 + 1:02}",
            "subject.p1367": number % 10 == 0,
        }
        for number in range(RECORDS)
    ]

    rounds = count()

    def decided() -> int:
        asked = policy.decisions(replace(caller, token_id=str(next(rounds))), AT)  # nothing is remembered of the last
        return sum(
            decide(coordinate).outcome is Outcome.ALLOW
            for decide in (asked.on(facts).of for facts in records)
            for coordinate in given
        )

    allowed = benchmark.pedantic(decided, rounds=3, iterations=1)
    assert 0 < allowed < RECORDS * len(given)
    if benchmark.stats:
        print(f"\n{RECORDS} records of {len(given)} fields: {benchmark.stats.stats.min * 1000:.0f} ms, target 100 ms")
    assert policy.owner(Coordinate("T0", "f0")) == "STATE_CA"
