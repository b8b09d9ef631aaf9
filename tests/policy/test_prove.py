"""``schema/properties.toml`` holds, the prover finds a way where there is one, and its formulas are the decider's."""

from __future__ import annotations

import random
import sys
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.enforcement.flows import edges_of
from gateway.errors import GatewayError, PolicyError
from gateway.policy import Outcome, Policy
from gateway.policy.proof import KINDS, FactShapes, Proof, Prover, World, read_properties
from gateway.policy.proof.prover import Counterexample
from gateway.supergraph import Supergraph, load_supergraph
from tests.policy.conftest import SCHEMA
from tests.policy.kit import AT, agreement, policy, small_graph
from tests.policy.referees.sampling import Sampler

PROPERTIES = read_properties((SCHEMA / "properties.toml").read_text("utf-8"))
TODAY = datetime(2026, 11, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def graph() -> Supergraph:
    return load_supergraph((SCHEMA / "supergraph.graphql").read_text("utf-8"))


@pytest.fixture(scope="module")
def prover(real: Policy, graph: Supergraph) -> Prover:
    return Prover.of(real, graph, TODAY, PROPERTIES, edges_of(graph, real))


@pytest.mark.parametrize("name", [each.id for each in PROPERTIES])
def test_a_property_of_the_agreements_holds(prover: Prover, name: str) -> None:
    wanted = next(each for each in PROPERTIES if each.id == name)
    proof = prover.prove(wanted)
    assert proof.holds, proof.world
    assert proof.tables > 0


def test_there_are_forty_properties_and_every_kind_is_among_them() -> None:
    assert len(PROPERTIES) >= 40
    assert {each.kind for each in PROPERTIES} == set(KINDS)


def test_the_formulas_decide_as_the_decider(prover: Prover, real: Policy, graph: Supergraph) -> None:
    rng = random.Random(20261101)
    model, _ = prover._model("")
    sampler = Sampler(real, FactShapes(real, graph), model.spans, rng)
    given = [each for each in prover.tables() if each.clauses.grants]
    seen: Counter[str] = Counter()
    for _ in range(500):
        table = rng.choice(given)
        world = sampler.world(table.coordinates[0], model.domains)
        decision, _ = prover.decide(table.coordinates[0], world)
        assert _formulas(prover, table.clauses, world) == [(decision.outcome.value, decision.mask)], (table, world)
        seen[decision.outcome.value] += 1
    assert set(seen) == {each.value for each in Outcome}


def _formulas(prover: Prover, clauses: Any, world: World) -> list[tuple[str, str]]:
    """The outcomes whose formula is true in ``world``."""
    model, _ = prover._model("")
    z3 = model.z3
    true = [
        model.is_kind[model.kinds.index(world.kind)],
        model.is_span[model.spans.index(world.at)],
        *(
            on
            for name, value in world.facts.items()
            for each, on in model.values(name)
            if each is value or (type(each) is type(value) and each == value)
        ),
    ]
    ids = {each.get_id() for each in true}
    groups = [model.is_kind, model.is_span, *model.is_value.values()]
    assignment = [(each, z3.BoolVal(each.get_id() in ids)) for group in groups for each in group]
    outcomes = model.outcomes(clauses)
    named = [
        (("ALLOW", ""), outcomes.allow),
        (("DENY", ""), outcomes.deny),
        (("ABSENT", ""), outcomes.absent),
        (("UNAVAILABLE", ""), outcomes.unavailable),
        *((("MASK", mask), wins) for mask, wins in outcomes.masks.items()),
    ]
    return [name for name, formula in named if z3.is_true(z3.simplify(z3.substitute(formula, *assignment)))]


# -- small bundles, in which each kind of property fails --------------------------------------------------------------------

GRANT = '[[grant]]\narticle = "I"\nfields = ["Visa.status"]\n'
LAW = """
id = "L"
title = "t"
authority = []
effect = "absent"
overridable = false
[[rule]]
article = "1"
fields = ["Visa"]
when = { attr = "subject.p1367", is = true }
"""
NEVER = 'agencies = ["CBP"]\nfields = ["Visa.status"]\ngiven = { "subject.p1367" = true }\n'


def asked(text: str, made: Policy) -> Proof:
    """The proof of one property on a small policy."""
    (wanted,) = read_properties('[[property]]\nid = "P"\nsays = "s"\n' + text)
    return Prover.of(made, small_graph(), AT, (wanted,)).prove(wanted)


def refuted(text: str, *laws: str, more: str = GRANT, **changes: str) -> Counterexample | None:
    """The counterexample to a property under one agreement and these laws; None when it is proven."""
    proof = asked(text, policy(agreement(more=more, **changes), prohibitions=laws))
    assert proof.holds == (proof.world is None)
    return proof.world


def test_a_way_around_is_named_with_caller_facts_and_the_decision() -> None:
    found = refuted(NEVER)
    assert found is not None
    assert (found.coordinate, found.kind[0], found.facts["subject.p1367"]) == ("Visa.status", "CBP", True)
    assert found.decision is not None
    assert found.decision.outcome is Outcome.ALLOW
    assert found.told == "given in clear under CA-CBP-VISA I"


def test_a_prohibition_closes_it() -> None:
    assert refuted(NEVER, LAW) is None


def test_a_prohibition_on_something_else_does_not() -> None:
    assert refuted(NEVER, LAW.replace('"subject.p1367", is = true', '"record.fee", is = 2')) is not None


def test_an_exemption_is_a_way_around_and_a_certificate_is_part_of_it() -> None:
    exempt = '[[exempt]]\nroles = ["secondary"]\ntraining = "1367"\nbecause = "b"\n'
    found = refuted(NEVER, LAW + exempt)
    assert found is not None
    assert (found.kind[1], found.facts["caller.training"]) == ("secondary", ("1367",))
    assert refuted(NEVER + 'unless_exempt = "L"\n', LAW + exempt) is None


def test_a_condition_on_the_flag_closes_it() -> None:
    assert refuted(NEVER, more=GRANT + 'when = { attr = "subject.p1367", is = false }\n') is None


def test_values_that_one_fact_cannot_hold_together_are_no_way() -> None:
    both = 'when = { all = [ { attr = "record.fee", at_least = 200 }, { attr = "record.fee", at_most = 100 } ] }\n'
    assert refuted(NEVER, more=GRANT + both) is None
    assert refuted(NEVER, more=GRANT + both.replace("200", "100")) is not None


def test_two_facts_can_be_the_same_or_differ() -> None:
    mine = 'when = { attr = "subject.id", same_as = "case.subject" }\n'
    needs = 'kind = "requires"\nfields = ["Visa.status"]\nneeds = { attr = "subject.id", same_as = "case.subject" }\n'
    assert refuted(needs, more=GRANT + mine) is None
    found = refuted(needs)
    assert found is not None
    assert found.facts["subject.id"] != found.facts["case.subject"]


def test_dates_count_an_agreement_gives_only_while_it_lives() -> None:
    old = {"effective": "2020-10-01", "review_by": "2021-10-01", "expires": "2022-10-01"}
    assert refuted(NEVER, **old) is not None
    assert refuted(NEVER + "today = true\n", **old) is None
    assert refuted(NEVER, status='"suspended"') is None


def test_moments_are_counted_from_the_decision() -> None:
    ten = GRANT + 'when = { attr = "record.issuedOn", within = "P10Y" }\n'
    years = 'kind = "requires"\nfields = ["Visa.status"]\nneeds = { attr = "record.issuedOn", within = "P%dY" }\n'
    assert refuted(years % 12, more=ten) is None
    found = refuted(years % 8, more=ten)
    assert found is not None
    issued = found.facts["record.issuedOn"]
    assert isinstance(issued, datetime)
    assert 8 * 365 < abs((issued - found.at).days) < 10 * 366


def test_never_in_clear() -> None:
    masked = GRANT + 'mask = { "Visa.status" = "category-only" }\n'
    clear = '[[grant]]\narticle = "II"\nroles = ["secondary"]\nfields = ["Visa.status"]\n'
    text = 'kind = "masked"\nmask = "CATEGORY_ONLY"\nfields = ["Visa.status"]\n'
    assert refuted(text, more=masked) is None
    found = refuted(text, more=masked + clear)
    assert found is not None
    assert found.kind[1] == "secondary"
    assert refuted(text + 'roles = ["primary"]\n', more=masked + clear) is None


def test_agreements_set_aside_do_not_count() -> None:
    assert refuted('fields = ["Visa.status"]\nexcept_agreements = ["CA-CBP-VISA"]\n') is None


def test_what_can_be_given_is_shown_and_what_cannot_refutes() -> None:
    text = 'kind = "can"\nfields = ["Visa.status"]\n'
    proof = asked(text, policy(agreement(more=GRANT)))
    assert proof.holds
    assert proof.world is not None
    assert proof.world.decision is not None
    assert not asked(text, policy(agreement(more=GRANT, status='"draft"'))).holds


@pytest.mark.parametrize("kind", ["statutes", "withholds", "bounded", "in-force", "unknown", "order", "links"])
def test_the_machinery_holds_of_a_small_bundle_too(kind: str) -> None:
    more = GRANT + '[[withhold]]\narticle = "II"\nfields = ["Visa"]\nwhen = { attr = "record.fee", is = 1 }\n'
    assert refuted(f'kind = "{kind}"\n', LAW, more=more) is None


class _Crossing:
    def __init__(self, coordinate: Any, to: str, use: str) -> None:
        self.coordinate, self.to, self.use = coordinate, to, use


def test_a_flow_that_nobody_agreed_to_refutes() -> None:
    flow = '[[flow]]\narticle = "V"\nto = "CBP"\nfields = ["Visa.number"]\nuse = "join"\n'
    (wanted,) = read_properties('[[property]]\nid = "P"\nsays = "s"\nkind = "flows"\n')
    made = policy(agreement(more=GRANT + flow))
    number = next(each for each in made.catalogue.entries if str(each) == "Visa.number")
    for use, holds in (("join", True), ("input", False)):
        prover = Prover.of(made, small_graph(), AT, (wanted,), [_Crossing(number, "CBP", use)])
        assert prover.prove(wanted).holds is holds
    with pytest.raises(GatewayError) as caught:
        Prover.of(made, small_graph(), AT, (wanted,)).prove(wanted)
    assert caught.value.code == "PROVER_NO_CROSSINGS"


def test_formulas_and_decider_that_disagree_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    made = policy(agreement(more=GRANT))
    monkeypatch.setattr(made, "decide", policy(agreement(more=GRANT), prohibitions=(LAW,)).decide)
    with pytest.raises(GatewayError) as caught:
        asked(NEVER, made)
    assert caught.value.code == "PROOF_DISAGREES"


def test_without_z3_the_prover_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "z3", None)
    with pytest.raises(GatewayError) as caught:
        asked(NEVER, policy(agreement(more=GRANT)))
    assert caught.value.code == "PROVER_MISSING"


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ('agencies = ["CBP"]', ["POLICY_MISSING_KEY"]),
        ('fields = ["Visa"]\nkind = "ever"', ["POLICY_UNKNOWN_WORD"]),
        ('fields = ["Visa"]\nnonsense = 1', ["POLICY_UNKNOWN_KEY"]),
        ('fields = ["Visa"]\nkind = "requires"', ["POLICY_MISSING_KEY"]),
        ('fields = ["Visa"]\nneeds = { attr = "case.state", is = "open" }', ["POLICY_MISSING_KEY"]),
        ('fields = ["Visa"]\nwhile = { attr = "nothing.x", is = 1 }', ["POLICY_BAD_CONDITION"]),
        ('fields = ["Visa"]\ntoday = "yes"', ["POLICY_WRONG_TYPE"]),
        ('fields = ["Visa"]\n[[property]]\nid = "P"\nsays = "s"\nfields = ["Visa"]', ["POLICY_DUPLICATE_ID"]),
    ],
)
def test_a_property_that_is_written_wrong_is_a_mistake_with_its_line(text: str, codes: list[str]) -> None:
    with pytest.raises(PolicyError) as caught:
        read_properties('[[property]]\nid = "P"\nsays = "s"\n' + text)
    assert [each.code for each in caught.value.mistakes] == codes
    assert all(each.where.startswith("properties.toml:") for each in caught.value.mistakes)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('fields = ["Visa.none"]', "POLICY_UNKNOWN_COORDINATE"),
        ('agencies = ["NASA"]\nfields = ["Visa"]', "POLICY_UNKNOWN_AGENCY"),
        ('roles = ["clerk"]\nfields = ["Visa"]', "POLICY_UNKNOWN_ROLE"),
        ('purposes = ["fun"]\nfields = ["Visa"]', "POLICY_UNKNOWN_PURPOSE"),
        ('categories = ["XYZ"]', "POLICY_UNKNOWN_CATEGORY"),
        ('overlays = ["XYZ"]', "POLICY_UNKNOWN_OVERLAY"),
        ('fields = ["Visa"]\nunless_exempt = "XYZ"', "POLICY_UNKNOWN_PROHIBITION"),
        ('fields = ["Visa"]\nexcept_agreements = ["XYZ"]', "POLICY_UNKNOWN_AGREEMENT"),
        ('owners = ["CBP"]', "POLICY_UNKNOWN_COORDINATE"),
        ('fields = ["Visa"]\nagencies = ["CBP"]\nroles = ["consul"]', "POLICY_ROLE_WITHOUT_PURPOSE"),
    ],
)
def test_a_property_about_nothing_is_a_mistake_and_never_proven(text: str, code: str) -> None:
    with pytest.raises(PolicyError) as caught:
        asked(text, policy(agreement(more=GRANT)))
    assert [each.code for each in caught.value.mistakes] == [code]
