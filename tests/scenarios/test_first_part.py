"""What the first part of a deferred answer would have told: why decision 30 refuses `@defer`, on the house's own data."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from gateway.casework import find_facts
from gateway.enforcement.grants import written_grants
from gateway.execution import execute
from gateway.house import Vouched
from gateway.operation import read_operation
from gateway.planning import plan_operation
from gateway.planning.plan import Fetch, Node, Parallel, Sequence
from tests.scenarios.asking import TODAY, Asker

DEFERRED = """query($value: String!) { travelerByIdentifier(kind: PASSPORT, value: $value) {
  __typename ... @defer { names { family } admissions { totalCount } }
} }"""
OFFICER = "consular-officer-nwd"  # whose case is about the holder of ST0010001
ANOTHERS, NOBODYS = "ST0020001", "ST9999999"


def _in(node: Node | None) -> list[Fetch]:
    """The fetches of a part."""
    if isinstance(node, Fetch):
        return [node]
    return [fetch for each in node.nodes for fetch in _in(each)] if isinstance(node, Sequence | Parallel) else []


async def first_part(ask: Asker, value: str) -> Any:
    """What the subgraphs say to the fetches of the primary part, under the officer's own grants, and nothing more is known."""
    graph, house, caller = ask.world.opened.graph, ask.world.opened.house, ask.caller(OFFICER)
    whole = DEFERRED.replace("@defer ", "")
    schema, variables = graph.supergraph.api_schema, {"value": value}
    asked = read_operation(whole, schema, variables)
    facts, flags = await find_facts(asked, caller, graph, house, TODAY, "")
    permitted = graph.permits.of(asked, caller, facts, flags, TODAY)
    plan = plan_operation(graph.supergraph, read_operation(DEFERRED, schema, variables, deferring=True))
    (deferred,) = plan.deferred
    primary = _in(plan.node)
    assert [each.id for each in primary] == list(range(len(primary)))
    assert deferred.node is not None
    vouched = Vouched(house, caller, graph.policy.epoch, TODAY, lambda asked: written_grants(permitted, asked))
    alone = replace(plan, fetches=tuple(primary), deferred=())
    merged = await execute(alone, graph.supergraph, variables, vouched)
    assert merged.failures == ()
    return merged.data["travelerByIdentifier"]


async def test_whether_there_is_anybody_is_known_only_from_what_comes_later(ask: Asker) -> None:
    """A passport of somebody whom the case is not about and one of nobody are answered alike; a first part would differ.

    The whole answer is null for both. The first part of a document that defers every field of the traveler is an empty
    object for the one and null for the other, and it would have left before the facts that make the one absent.
    """
    whole = DEFERRED.replace("@defer ", "")
    told = [(await ask(OFFICER, whole, value=value)).data for value in (ANOTHERS, NOBODYS)]
    assert told == [{"travelerByIdentifier": None}] * 2
    somebody, nobody = [await first_part(ask, value) for value in (ANOTHERS, NOBODYS)]
    assert nobody is None
    assert somebody is not None
