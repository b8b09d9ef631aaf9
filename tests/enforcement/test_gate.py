"""Decide before fetch: nobody is asked about a person of whom nothing can be given."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gateway.enforcement.gate import Gate
from gateway.enforcement.permitted import Permitted
from gateway.policy import UNREACHABLE, Policy
from tests.enforcement.kit import NAMES, OPEN, P1367, caller, permitted, policy_of, shapes_for
from tests.policy.kit import AT

COORDINATES = ("Person.id", "Person.visas", "VisaConnection.nodes", "Visa.number")
QUERY = '{ search(text: "x") { ... on Person { visas { nodes { number } } } } }'


class Authority:
    """Answers for flags, and remembers whom it was asked about."""

    def __init__(self, **flags: Any) -> None:
        self.flags = flags
        self.asked: list[set[str]] = []

    async def __call__(self, travelers: set[str]) -> dict[str, dict[str, Any]]:
        self.asked.append(set(travelers))
        return {each: {"subject.p1367": self.flags[each]} for each in travelers}


def _gate(authority: Authority, query: str = QUERY) -> tuple[Gate, Permitted, Policy]:
    made = policy_of(OPEN, NAMES, prohibitions=(P1367,))
    found = permitted(query, made)
    return Gate(found, made, caller(), shapes_for(made), AT, {}, authority), found, made


def _person(identifier: str) -> tuple[str, dict[str, Any]]:
    return "Person", {"__typename": "Person", "__f_id": identifier}


@pytest.mark.parametrize(("flag", "admitted"), [(False, True), (True, False), (UNREACHABLE, None)])
async def test_a_chapter_is_asked_for_only_when_it_could_be_shown(flag: Any, admitted: bool | None) -> None:
    """A protected person's chapter is not asked for; nor is one of whom nobody could say whether they are, which is told."""
    gate, _, _ = _gate(Authority(p1=flag))
    assert await gate.admit(COORDINATES, [_person("p1")]) == [admitted]


async def test_each_person_is_decided_on_alone_and_asked_about_once() -> None:
    """One request for all flags of a wave; what is known is not asked for again."""
    authority = Authority(p1=False, p2=True, p3=False)
    gate, _, _ = _gate(authority)
    assert await gate.admit(COORDINATES, [_person("p1"), _person("p2"), _person("p1")]) == [True, False, True]
    assert await gate.admit(COORDINATES, [_person("p3"), _person("p2")]) == [True, False]
    assert authority.asked == [{"p1", "p2"}, {"p3"}]
    assert gate.flags["p2"] == {"subject.p1367": True}


async def test_a_fetch_that_only_reads_keys_and_facts_is_let_through() -> None:
    """What a decision needs is not itself decided on."""
    gate, _, _ = _gate(Authority(p1=True))
    assert await gate.admit(("Person.id", "Person.flags", "Flags.p1367"), [_person("p1")]) == [True]


async def test_the_way_to_another_person_is_not_closed_by_this_ones_flag() -> None:
    """A visa's holder may be somebody else than its record says: decided when the holder is known."""
    gate, _, _ = _gate(Authority(p1=True), "{ visas { nodes { holder { name } } } }")
    visa = ("Visa", {"__f_holder": {"__f_id": "p1"}})
    assert await gate.admit(("Visa.holder", "Person.id"), [visa]) == [True]


async def test_without_a_need_for_flags_nobody_is_asked() -> None:
    """A request that no statute touches costs the authority nothing."""
    authority = Authority()
    made = policy_of(OPEN, NAMES)
    gate = Gate(permitted(QUERY, made), made, caller(), shapes_for(made), AT, {}, authority)
    assert await gate.admit(COORDINATES, [_person("p1")]) == [True]
    assert authority.asked == []


async def test_what_a_fact_that_is_away_does_not_decide_is_not_told_of() -> None:
    """Nothing of it could be given whatever the fact were: it is left out as it is while all is well."""
    made = policy_of(NAMES, prohibitions=(P1367,))
    found = permitted(QUERY, made)
    gate = Gate(found, made, caller(), shapes_for(made), AT, {}, Authority(p1=UNREACHABLE))
    gate.permitted = replace(found, needs_subjects=True, decisions={"Visa.number": found.decisions["Person.visas"]})
    assert await gate.admit(("Visa.number",), [("Visa", {"__typename": "Visa", "__f_holder": {"__f_id": "p1"}})]) == [
        False
    ]


# -- each check by itself (from the mutation sweep) ----------------------------------------------------------------


class Gives:
    """A policy that could give what is named and nothing else; the facts it was asked with are kept."""

    def __init__(self, *names: str) -> None:
        self.names = names
        self.facts: list[dict[str, Any]] = []

    def could_give(self, _: Any, coordinate: Any, facts: dict[str, Any], __: Any) -> bool:
        """Whether it is one of those named."""
        self.facts.append(dict(facts))
        return str(coordinate) in self.names


def _gate_of(gives: Gives, authority: Authority, query: str = "{ visas { nodes { number } } }") -> Gate:
    made = policy_of(OPEN, NAMES, prohibitions=(P1367,))
    found = permitted(query, made, facts={"case.state": "open"})
    return Gate(found, gives, caller(), shapes_for(made), AT, {}, authority)  # type: ignore[arg-type]


VISA: dict[str, Any] = {"__typename": "Visa", "__f_holder": {"__f_id": "p1"}}


@pytest.mark.parametrize(("given", "admitted"), [(("Visa.number",), True), ((), False)])
async def test_a_leaf_is_asked_for_where_it_could_be_given(given: tuple[str, ...], admitted: bool) -> None:
    gate = _gate_of(Gives(*given), Authority(p1=True))
    assert await gate.admit(("Visa.number",), [("Visa", VISA)]) == [admitted]


async def test_what_is_known_of_record_person_and_request_decides() -> None:
    """Hidden leaves are the record's facts; what the client reads under a name of its own is none."""
    gives = Gives()
    item = {**VISA, "__f_status": "ISSUED", "aaaastatus": "REVOKED", "__f_rows": [1]}
    await _gate_of(gives, Authority(p1=True)).admit(("Visa.number",), [("Visa", item)])
    known = {"case.state": "open", "subject.id": "p1", "subject.p1367": True, "record.status": "ISSUED"}
    assert gives.facts == [known]


async def test_of_whom_a_record_is_may_stand_under_the_plain_name_of_its_key() -> None:
    gate = _gate_of(Gives(), Authority(p1=True), QUERY)
    assert await gate.admit(("Person.visas",), [("Person", {"__typename": "Person", "id": "p1"})]) == [False]


async def test_of_whom_nobody_knows_is_asked_and_the_authority_is_not() -> None:
    """Decided when the record is there; nobody has the number that is missing."""
    authority = Authority()
    gate = _gate_of(Gives(), authority)
    assert await gate.admit(("Visa.number",), [("Visa", {"__typename": "Visa"})]) == [True]
    assert authority.asked == []


@pytest.mark.parametrize(
    ("coordinate", "given", "admitted"),
    [
        ("Visa.revocation", ("Visa.revocation",), False),  # nothing of it could be told
        ("Visa.revocation", ("Visa.revocation", "Revocation.at"), True),
        ("Visa.kind", ("Visa.kind",), True),  # it tells nothing that is governed
        ("Visa.kind", (), False),
    ],
)
async def test_an_object_is_asked_for_where_something_of_it_could_be_given(
    coordinate: str, given: tuple[str, ...], admitted: bool
) -> None:
    query = "{ visas { nodes { revocation { at ground } kind { code } } } }"
    gate = _gate_of(Gives(*given), Authority(p1=False), query)
    assert await gate.admit((coordinate,), [("Visa", VISA)]) == [admitted]
