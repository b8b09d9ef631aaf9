"""A kept permit is what deciding anew would give: used again when everything that decided came out alike, and only then.

Each test of a change warms the permits with one request and asks the next, which differs in one thing that decides:
deciding anew differs, so an old permit would be wrong.
"""

from __future__ import annotations

import gc
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gateway.house
from gateway.caller import Caller
from gateway.enforcement import permits as room
from gateway.enforcement.authorize import authorize, permit
from gateway.enforcement.permits import Permits
from gateway.enforcement.permitted import Permitted
from gateway.errors import AccessError
from gateway.house import Graph
from gateway.operation import Documents, read_operation
from gateway.policy import UNREACHABLE, Policy, compile_policy
from tests.enforcement.kit import GRAPH, NAMES, OPEN, P1367, shapes_for
from tests.policy.kit import AT, VOCABULARY, agreement, bundle, caller

QUERY = """query($id: ID!, $n: String! = "A", $f: VisaFilter, $first: Int) {
  person(id: $id) { name visas(first: $first) { totalCount nodes { number status } } timeline(first: $first) { summary } }
  visas(filter: $f) { nodes { status kind { code } fee } }
  visa(number: $n) { status revocation { ground } notes issuedOn }
}"""
CASE = agreement(
    id='"CA-CBP-CASE"',
    more="""
    [[grant]]
    article = "I"
    fields = ["Visa.status", "Visa.number"]
    when = { all = [ { attr = "case.state", is = "open" }, { attr = "case.port", same_as = "caller.location" } ] }
    [[grant]]
    article = "II"
    fields = ["Visa.fee"]
    when = { attr = "case.opened", within = "P30D" }
    [[grant]]
    article = "III"
    fields = ["Visa.issuedOn"]
    when = { attr = "caller.training", is = "1367" }
    [[grant]]
    article = "IV"
    fields = ["Visa.kind"]
    when = { attr = "case.id", same_as = "caller.case" }
    [[grant]]
    article = "V"
    fields = ["Visa.revocation.ground"]
    when = { attr = "caller.user", is = "maria" }
    [[grant]]
    article = "VI"
    fields = ["Visa.revocation.at"]
    when = { attr = "caller.breakGlass", is = true }
    """,
)
NAMED = agreement(
    id='"OBIM-CBP-NAMES"',
    provider='"OBIM"',
    expires="2026-11-02",
    review_by="2026-11-02",
    more="""
    [[grant]]
    article = "I"
    fields = ["Person.name", "NameEvent.summary"]
    when = { attr = "subject.id", same_as = "case.subject" }
    """,
)
WORDS = VOCABULARY.replace('port = "port.code"', 'port = "port.code"\nopened = "openedOn"')
FACTS = {"case.state": "open", "case.port": "NYC", "case.opened": "2026-10-15", "case.subject": "p"}
FLAGS = {"p": {"subject.p1367": False}, "q": {"subject.p1367": False}, "r": {"subject.p1367": True}}


def compiled(*agreements: str, prohibitions: tuple[str, ...] = ()) -> Policy:
    """The policy of these agreements, under words that know when a case was opened."""
    return compile_policy(bundle(*agreements, prohibitions=prohibitions, vocabulary=WORDS), GRAPH)


@dataclass(frozen=True)
class Request:
    """One request: who asks, with which variables, what is known, when."""

    who: Caller = field(default_factory=lambda: caller("secondary"))
    variables: Mapping[str, Any] = field(default_factory=lambda: {"id": "p", "n": "A"})
    facts: Mapping[str, Any] = field(default_factory=lambda: FACTS)
    flags: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: FLAGS)
    at: datetime = AT


class Room:
    """Permits under one policy, beside deciding anew; counts what was decided anew."""

    def __init__(self, made: Policy | None = None, query: str = QUERY) -> None:
        self.policy = made or compiled(CASE, NAMED, prohibitions=(P1367,))
        self.permits = Permits(self.policy, shapes_for(self.policy))
        self.documents, self.query, self.decided = Documents(GRAPH.api_schema), query, 0

    def operation(self, request: Request) -> Any:
        return read_operation(self.query, GRAPH.api_schema, request.variables, documents=self.documents)

    def kept(self, request: Request) -> Permitted:
        """What the permits say."""

        def counted(*given: Any) -> Any:
            self.decided += 1
            return permit(*given)

        with patch.object(room, "permit", counted):
            return self.permits.of(self.operation(request), request.who, request.facts, request.flags, request.at)

    def anew(self, request: Request) -> Permitted:
        """What deciding anew says."""
        operation = self.operation(request)
        return authorize(
            operation, self.policy, request.who, self.permits.shapes, request.facts, request.flags, request.at
        )


def told(found: Permitted) -> tuple[Any, ...]:
    """All of a permit, its variables and the candidates behind each decision included."""
    candidates = {place: tuple(each.candidates) for place, each in found.decisions.items()}
    return found, dict(found.client.variables), dict(found.operation.variables), candidates


def decided(found: Permitted) -> tuple[Any, ...]:
    """What was decided, without what is the request's own."""
    return found.operation.selections, found.ruled, found.ledger, dict(found.decisions), found.needs_subjects


USUAL = Request()
CHANGES = {
    "another purpose": Request(replace(USUAL.who, purpose="adjudication")),
    "the role is another": Request(replace(USUAL.who, role="primary", purpose="adjudication")),
    "another agency": Request(caller("consul")),
    "another office": Request(replace(USUAL.who, location="LAX")),
    "another certificate": Request(replace(USUAL.who, training=("1367",))),
    "another user": Request(replace(USUAL.who, user="maria")),
    "no case": Request(replace(USUAL.who, case="")),
    "a case of no kind": Request(replace(USUAL.who, case="X1")),
    "under break-glass": Request(replace(USUAL.who, break_glass="G1")),
    "an obligation that is not met": Request(replace(USUAL.who, unmet=("CA-CBP-CASE",))),
    "the case is closed": Request(facts={**FACTS, "case.state": "closed"}),
    "the case is at another port": Request(facts={**FACTS, "case.port": "LAX"}),
    "the case cannot be read": Request(facts=dict.fromkeys(FACTS, UNREACHABLE)),
    "the case is about somebody else": Request(facts={**FACTS, "case.subject": "q"}),
    "a duration has run out": Request(at=AT + timedelta(days=13), facts={**FACTS, "case.opened": "2026-10-10"}),
    "an agreement has expired": Request(at=datetime(2027, 2, 2, tzinfo=UTC)),
    "a flag is up": Request(flags={**FLAGS, "p": {"subject.p1367": True}}),
    "a flag is not known": Request(flags={**FLAGS, "p": {"subject.p1367": UNREACHABLE}}),
    "another traveler": Request(variables={"id": "q", "n": "A"}),
    "a protected traveler": Request(variables={"id": "r", "n": "A"}),
    "no traveler": Request(variables={"id": "", "n": "A"}),
    "fewer rows of a merged list": Request(variables={"id": "p", "n": "A", "first": 1}),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_permit_is_not_used_when_what_decided_it_has_changed(name: str) -> None:
    house, changed = Room(), CHANGES[name]
    first = house.kept(USUAL)
    assert decided(house.anew(changed)) != decided(first), "the change has to change something"
    assert told(house.kept(changed)) == told(house.anew(changed))
    assert told(house.kept(USUAL)) == told(house.anew(USUAL)), "and it ends as it began"


def test_the_duration_that_ran_out_had_not_before() -> None:
    """The same case, two weeks earlier: what changed above is the instant alone."""
    house, later = Room(), CHANGES["a duration has run out"]
    earlier = replace(later, at=AT)
    assert decided(house.kept(earlier)) != decided(house.kept(later))
    assert told(house.kept(earlier)) == told(house.anew(earlier))


def test_another_filter_that_reads_something_else_is_decided_anew() -> None:
    house = Room(compiled(OPEN, NAMES))
    harmless = replace(USUAL, variables={"id": "p", "f": {"status": "ISSUED"}})
    assert house.kept(harmless).ledger is not None
    for _ in range(2):
        with pytest.raises(AccessError, match="not shared with you"):
            house.kept(replace(harmless, variables={"id": "p", "f": {"fee": 1}}))


def test_a_new_policy_has_no_permits_of_the_one_before() -> None:
    """A graph under another policy starts with none; the one before keeps its own."""
    before = compiled(OPEN, NAMES)
    graph = Graph(GRAPH, before, shapes_for(before), "hash")
    operation = read_operation(QUERY, GRAPH.api_schema, USUAL.variables)
    shown = graph.permits.of(operation, USUAL.who, FACTS, FLAGS, AT)
    with patch.object(gateway.house, "shapes_of", lambda supergraph, policy: shapes_for(policy)):
        after = graph.under(compiled(NAMES))
    cut = after.permits.of(operation, USUAL.who, FACTS, FLAGS, AT)
    assert decided(cut) != decided(shown)
    assert told(cut) == told(authorize(operation, after.policy, USUAL.who, after.shapes, FACTS, FLAGS, AT))


def test_a_permit_serves_every_traveler_case_and_user_for_whom_all_came_out_alike() -> None:
    """Decided once: the next ones are about somebody else, of whom the same holds, and have their own variables."""
    house = Room()
    house.kept(USUAL)
    alike = [
        Request(variables={"id": "q", "n": "B"}, facts={**FACTS, "case.subject": "q"}),
        Request(replace(USUAL.who, case="INS2", user="juan", token_id="t2")),
        Request(at=AT + timedelta(hours=1)),
        Request(variables={"id": "q", "n": "B"}, facts={**FACTS, "case.subject": "q", "case.opened": "2026-10-20"}),
    ]
    for each in alike:
        assert told(house.kept(each)) == told(house.anew(each))
    assert house.decided == 1


def test_a_name_written_out_is_not_taken_for_the_one_in_a_variable() -> None:
    """Two people in one operation, one of them always the same: whoever comes by the variable has her own flags."""
    both = 'query($id: ID!) { a: person(id: $id) { name } b: person(id: "q") { name } }'
    house = Room(compiled(CASE, NAMES, prohibitions=(P1367,)), both)
    for traveler in ("q", "r", "q", "p"):
        request = Request(variables={"id": traveler})
        assert told(house.kept(request)) == told(house.anew(request))
    assert house.decided == 2


def test_a_fact_that_is_not_the_case_s_is_never_kept() -> None:
    house = Room()
    for state in ("ISSUED", "REVOKED"):
        house.kept(Request(facts={**FACTS, "record.status": state}))
    assert not house.permits._kept


def test_nothing_of_a_request_is_kept() -> None:
    """No traveler, case, user, number or fact is found in anything that the permits hold."""
    house = Room()
    who = replace(USUAL.who, user="a-user", case="INS4711", token_id="a-token", break_glass="a-grant")
    house.kept(Request(who, {"id": "a-traveler", "n": "a-number"}, {**FACTS, "case.subject": "a-traveler"},
                       {"a-traveler": {"subject.p1367": True}}))  # fmt: skip
    assert house.permits._kept
    held, seen, stack = set(), set(), [house.permits._kept, house.permits._families, house.permits._asked]
    while stack:
        each = stack.pop()
        if id(each) not in seen and not isinstance(each, type | Policy) and each is not GRAPH:
            seen.add(id(each))
            held.update([each] if isinstance(each, str) else [])
            stack.extend(gc.get_referents(each))
    assert "Visa.status" in held
    assert not held & {"a-user", "INS4711", "a-token", "a-grant", "a-traveler", "a-number"}


def test_permits_are_bounded_and_what_was_forgotten_is_decided_anew() -> None:
    house = Room()
    with patch.object(room, "_MOST", 3):
        for first in range(8):
            request = Request(variables={"id": "p", "n": "A", "first": first})
            assert told(house.kept(request)) == told(house.anew(request))
            assert len(house.permits._kept) <= 3
            assert len(house.permits._families) <= 3
        again = Request(variables={"id": "p", "n": "A", "first": 0})
        assert told(house.kept(again)) == told(house.anew(again))
    assert house.decided == 9


CALLERS = st.builds(
    lambda role, purpose, case, location, training, user, glass, unmet: Caller(
        "CBP", role, purpose, case, user, location, (), training, break_glass=glass, unmet=unmet
    ),
    st.sampled_from(["primary", "secondary"]), st.sampled_from(["inspection", "adjudication"]),
    st.sampled_from(["", "INS1", "INS2", "X"]), st.sampled_from(["NYC", "LAX", ""]),
    st.sampled_from([(), ("1367",)]), st.sampled_from(["maria", "juan"]), st.sampled_from(["", "G"]),
    st.sampled_from([(), ("CA-CBP-CASE",)]),
)  # fmt: skip
KNOWN = st.fixed_dictionaries(
    {},
    optional={
        "case.state": st.sampled_from(["open", "closed", None, UNREACHABLE]),
        "case.port": st.sampled_from(["NYC", "LAX", {"code": "NYC"}, None]),
        "case.opened": st.sampled_from(["2026-10-15", "2026-09-20", "2027-01-20", None]),
        "case.subject": st.sampled_from(["p", "q", None, UNREACHABLE]),
    },
)
ONE_FLAG = st.fixed_dictionaries({"subject.p1367": st.sampled_from([True, False, None, UNREACHABLE])})
ASKED = st.builds(
    Request,
    CALLERS,
    st.fixed_dictionaries(
        {"id": st.sampled_from(["p", "q", ""])},
        optional={"n": st.sampled_from(["A", ""]), "first": st.sampled_from([1, 2, None])},
    ),
    KNOWN,
    st.dictionaries(st.sampled_from(["p", "q"]), ONE_FLAG),
    st.sampled_from([AT, AT + timedelta(days=3), AT + timedelta(days=60), datetime(2029, 1, 1, tzinfo=UTC)]),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(ASKED, min_size=2, max_size=12))
def test_whatever_was_asked_before_a_kept_permit_is_what_deciding_anew_says(requests: list[Request]) -> None:
    house = Room(_POLICY)
    for request in requests:
        assert told(house.kept(request)) == told(house.anew(request))


_POLICY = compiled(CASE, NAMED, prohibitions=(P1367,))
