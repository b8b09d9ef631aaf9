"""The statutory flags are read where the request's override labels have them: one request, one set of labels."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
import pytest

from gateway.casework import find_facts, read_flags
from gateway.composition import SubgraphSDL, compose
from gateway.enforcement.facts import CaseReading, case_facts, flags_of, flags_request
from gateway.enforcement.shapes import shapes_of
from gateway.execution.transport import SubgraphRequest, SubgraphResponse
from gateway.house import Graph
from gateway.operation import Operation, read_operation
from gateway.planning import LabelRules
from gateway.policy import UNREACHABLE, CaseKind
from gateway.supergraph import Supergraph, load_supergraph
from tests.enforcement.kit import P1367
from tests.enforcement.seen import Kept, house_of
from tests.enforcement.simulated import Agencies
from tests.policy.kit import AT, SDL, caller, policy

LINK = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.7", import: ["@key", "@override"])\n'
PEOPLE = LINK + 'type Query { person(id: ID!): Person } type Person @key(fields: "id") { id: ID! }'
OLD = LINK + 'type Person @key(fields: "id") { id: ID! flags: Flags } type Flags { p1367: Boolean }'
NEW = OLD.replace("flags: Flags", 'flags: Flags @override(from: "petitions", label: "percent(40)")').replace(
    "p1367: Boolean", 'p1367: Boolean @override(from: "petitions", label: "percent(40)")'
)
POLICY = policy(prohibitions=(P1367.replace(', "VisaEvent", "NameEvent"', ""),), sdl=SDL)


def graph_of(*, settled: bool = False) -> Supergraph:
    """Two subgraphs of USCIS: the flags move from the one to the other, for some requests or (``settled``) for all."""
    new = NEW.replace(', label: "percent(40)"', "") if settled else NEW
    sdl = [SubgraphSDL("people", "http://p.test", PEOPLE), SubgraphSDL("petitions", "http://o.test", OLD)]
    return load_supergraph(compose([*sdl, SubgraphSDL("registry", "http://n.test", new)]).supergraph_sdl)


@pytest.mark.parametrize(
    ("settled", "labels", "subgraph"),
    [(False, (), "petitions"), (False, ("percent(40)",), "registry"), (True, (), "registry")],
)
def test_the_subgraph_is_that_of_the_labels(settled: bool, labels: tuple[str, ...], subgraph: str) -> None:
    request = flags_request(POLICY, graph_of(settled=settled), ["P1"], labels)
    assert request is not None
    assert request.subgraph == subgraph


@dataclass
class Flagged:
    """Both subgraphs know the person; what was asked of which is kept."""

    asked: list[str] = field(default_factory=list)

    async def send(self, request: SubgraphRequest) -> SubgraphResponse:
        """She is protected."""
        self.asked.append(request.subgraph)
        people = orjson.loads(request.body)["variables"]["r"]
        return SubgraphResponse(
            200, orjson.dumps({"data": {"_entities": [{"flags": {"p1367": True}} for _ in people]}})
        )


def test_every_reading_of_a_request_goes_by_its_own_key() -> None:
    """Those of named travelers before the plan, and those of people met while fetching."""
    supergraph = graph_of()
    rules = LabelRules({"percent(40)": 40})
    graph = Graph(supergraph, POLICY, shapes_of(supergraph, POLICY), "sha256:graph", labels=rules)
    flagged = Flagged()
    house = replace(house_of(Agencies([], []), Kept()), transport=flagged)
    operation = read_operation('{ person(id: "P1") { id } }', supergraph.api_schema, {})
    on = [bool(rules.on(supergraph.labels, f"request {number}")) for number in range(20)]
    assert len(set(on)) == 2

    async def read() -> None:
        for number in range(20):
            key = f"request {number}"
            _, flags = await find_facts(operation, caller(case=""), graph, house, AT, key)
            assert flags == {"P1": {"subject.p1367": True}}
            assert await read_flags({"P2"}, caller(), graph, house, AT, key) == {"P2": {"subject.p1367": True}}

    asyncio.run(read())
    assert flagged.asked == [("registry" if each else "petitions") for each in on for _ in range(2)]


@pytest.mark.parametrize(
    ("body", "flags"),
    [
        (b'{"data": {"_entities": [{"flags": {"p1367": true}}, {"flags": {"p1367": false}}]}}', (True, False)),
        (b'{"data": {"_entities": [{"flags": {"p1367": null}}, {"flags": null}]}}', (UNREACHABLE, UNREACHABLE)),
        (b'{"data": {"_entities": [null, {"flags": {"p1367": "false"}}]}}', (UNREACHABLE, UNREACHABLE)),
        (b'{"data": {"_entities": [{"flags": {"p1367": false}}]}}', (UNREACHABLE, UNREACHABLE)),  # of whom is it?
        (b'{"data": {"_entities": [{"flags": {"p1367": false}}, null, null]}}', (UNREACHABLE, UNREACHABLE)),
        (b'{"data": {"_entities": {"P1": {"flags": {"p1367": false}}}}}', (UNREACHABLE, UNREACHABLE)),
        (b'{"data": null}', (UNREACHABLE, UNREACHABLE)),
        (b"no json", (UNREACHABLE, UNREACHABLE)),
        (None, (UNREACHABLE, UNREACHABLE)),
    ],
)
def test_a_flag_counts_where_the_authority_says_yes_or_no_of_exactly_this_person(
    body: bytes | None, flags: tuple[object, object]
) -> None:
    """Anything else is a source that failed, which opens nothing."""
    request = flags_request(POLICY, graph_of(), ["P2", "P1"])
    assert request is not None
    assert request.ids == ("P1", "P2")
    found = flags_of(POLICY, request, body)
    assert found == {each: {"subject.p1367": flag} for each, flag in zip(request.ids, flags, strict=True)}


def test_what_is_the_same_of_every_request_is_kept_and_changes_nothing() -> None:
    """With labels and without, for one and for several, the request is the one that is made anew."""
    graph = graph_of()
    kept = shapes_of(graph, POLICY)
    for labels in (("percent(40)",), ()):
        for ids in (["P1"], ["P2", "P1"], []):
            made = flags_request(POLICY, graph, ids, labels)
            assert flags_request(POLICY, graph, ids, labels, kept) == made
    assert len(kept.worked) == 2


def test_without_travelers_or_an_authority_nothing_is_asked() -> None:
    assert flags_request(POLICY, graph_of(), []) is None
    alone = load_supergraph(compose([SubgraphSDL("people", "http://p.test", PEOPLE)]).supergraph_sdl)
    assert flags_request(POLICY, alone, ["P1"]) is None


KIND = CaseKind(
    "inspection", re.compile("x"), frozenset(), open=frozenset({"PENDING"}), root="visa", state="status", subject="holder.id",
    facts={"port": "port"},
)  # fmt: skip
READ = CaseReading(KIND, Operation("query", "Query", ()))


@pytest.mark.parametrize(
    ("data", "failed", "told"),
    [
        ({"__f_case": {"__f_status": "PENDING", "__f_port": "NYC", "__f_holder": {"__f_id": "P1"}}}, False, ("open", "P1", "NYC")),
        ({"__f_case": {"__f_status": "PENDING", "__f_port": "NYC", "__f_holder": {"__f_id": "P1"}}}, True, ("open", "P1", "NYC")),
        ({"__f_case": {"__f_status": "DONE", "__f_port": None, "__f_holder": None}}, False, ("closed", None, None)),
        ({"__f_case": {"__f_status": "DONE", "__f_port": None, "__f_holder": None}}, True, ("closed", UNREACHABLE, UNREACHABLE)),
        ({"__f_case": {"__f_status": None, "__f_port": "NYC", "__f_holder": {"__f_id": None}}}, True, (UNREACHABLE, UNREACHABLE, "NYC")),
        ({"__f_case": None}, False, ("none", None, None)),
        ({"__f_case": None}, True, (UNREACHABLE, UNREACHABLE, UNREACHABLE)),
        (None, True, (UNREACHABLE, UNREACHABLE, UNREACHABLE)),
    ],
)  # fmt: skip
def test_a_case_that_is_not_there_is_told_from_one_that_cannot_be_read(data: Any, failed: bool, told: Any) -> None:
    state, subject, port = told
    assert case_facts(READ, data, failed=failed) == {
        "case.kind": "inspection", "case.state": state, "case.subject": subject, "case.port": port,
    }  # fmt: skip


def test_of_a_case_that_is_kept_elsewhere_only_its_kind_is_known() -> None:
    assert case_facts(CaseReading(KIND, None), None, failed=True) == {"case.kind": "inspection"}
