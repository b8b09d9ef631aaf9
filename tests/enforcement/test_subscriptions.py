"""A subscription is governed like a query: the same cuts, the same flows, the same grants for what its source selects."""

from __future__ import annotations

import pytest

from gateway.enforcement.authorize import authorize
from gateway.enforcement.flows import check_plan
from gateway.enforcement.grants import grants_for
from gateway.enforcement.permitted import Permitted
from gateway.enforcement.shapes import shapes_of
from gateway.errors import AccessError
from gateway.operation import read_operation
from gateway.planning import Plan, plan_operation
from gateway.policy import Policy, compile_policy
from tests.planning.harness import composed
from tests.policy.kit import AT, VOCABULARY, agreement, bundle, caller

HEAD = """
directive @classified(category: String!, overlays: [String!], origin: String) on FIELD_DEFINITION
schema @composeDirective(name: "@classified")
  @link(url: "https://two-way-street.example/classified/v1.0", import: ["@classified"])
  @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@composeDirective", "@key", "@external", "@requires"])
{ QUERY subscription: Subscription }
"""
LIVE = composed(
    (
        (
            "visas",
            HEAD.replace("QUERY", "query: Query")
            + """
            type Query { visa(number: String!): Visa @classified(category: "LINK") }
            type Subscription { visaChanged: Visa @classified(category: "LINK") }
            type Visa @key(fields: "number") {
              number: String! @classified(category: "TDOC")
              status: String @classified(category: "ADJ")
              notes: String @classified(category: "DELIB")
              holder: Person @classified(category: "LINK")
            }
            type Person @key(fields: "id") { id: ID! @classified(category: "SYS") }
            """,
        ),
        (
            "people",
            HEAD.replace("QUERY", "").replace(" subscription: Subscription", "query: Query")
            + """
            type Query { count: Int @classified(category: "SYS") }
            type Person @key(fields: "id") {
              id: ID! @classified(category: "SYS")
              name: String @classified(category: "BIO")
              flags: Flags @classified(category: "LINK")
            }
            type Flags { p1367: Boolean @classified(category: "ADJ", overlays: ["P1367"]) }
            type Visa @key(fields: "number") {
              number: String! @classified(category: "TDOC")
              status: String @external
              alias: String @requires(fields: "status") @classified(category: "BIO", origin: "OBIM")
            }
            """,
        ),
    )
)
NAMES = agreement(
    id='"OBIM-CBP-NAMES"',
    provider='"OBIM"',
    more="""
    [[grant]]
    article = "I"
    fields = ["Person.name", "Visa.alias"]
    """,
)
STATUS = agreement(
    more="""
    [[grant]]
    article = "I"
    fields = ["Visa.number", "Visa.status"]
    [[withhold]]
    article = "III"
    fields = ["Visa.notes"]
    """
)
OF_STATE = (
    VOCABULARY
    + """
[origins]
Visa = "STATE_CA"
"""
)


def policy_of(*agreements: str) -> Policy:
    return compile_policy(bundle(*agreements, vocabulary=OF_STATE), LIVE)


POLICY = policy_of(STATUS, NAMES)


def governed(text: str, policy: Policy = POLICY) -> tuple[Permitted, Plan]:
    operation = read_operation(text, LIVE.api_schema, {})
    found = authorize(operation, policy, caller(), shapes_of(LIVE, policy), {}, {}, AT)
    return found, plan_operation(LIVE, found.operation)


def test_what_is_withheld_is_asked_of_nobody() -> None:
    found, plan = governed("subscription { visaChanged { number status notes holder { name } } }")
    assert plan.source is not None
    assert [(each.subgraph, each.coordinates) for each in plan.fetches] == [
        ("visas", ("Person.id", "Subscription.visaChanged", "Visa.holder", "Visa.number", "Visa.status")),
        ("people", ("Person.name",)),
    ]
    assert [(each.outcome, each.coordinate, each.path) for each in found.ledger] == [
        ("DENY", "Visa.notes", ("visaChanged", "notes"))
    ]
    assert "Visa.status" in grants_for(found, plan.source.coordinates)
    check_plan(plan, LIVE, POLICY, AT)


def test_what_completes_an_event_is_held_against_the_flows() -> None:
    """The visas' number and status would go from Consular Affairs to OBIM, which no agreement lets have them."""
    _, plan = governed("subscription { visaChanged { alias } }")
    with pytest.raises(AccessError) as caught:
        check_plan(plan, LIVE, POLICY, AT)
    assert (caught.value.code, caught.value.where) == ("FLOW_FORBIDDEN", "Visa.number -> OBIM")


def test_a_subscription_of_which_nothing_is_left_has_no_source() -> None:
    """Nobody opens a stream for a caller who could be told nothing of its events."""
    found, plan = governed("subscription { visaChanged { notes } }", policy_of(NAMES))
    assert [each.coordinate for each in found.ledger] != []
    assert (plan.source, plan.fetches) == (None, ())
