"""The properties of ``schema/properties.toml``, and that the prover finds a way where there is one."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from gateway.errors import PolicyError
from gateway.policy import Policy
from gateway.policy.prove import Counterexample, Property, prove, read_properties
from tests.policy.conftest import SCHEMA
from tests.policy.kit import AT, agreement, policy

TEXT = (SCHEMA / "properties.toml").read_text("utf-8")
PROPERTIES = read_properties(TEXT)
INSTANTS = [datetime(year, 11, 1, 12, tzinfo=UTC) for year in (2022, 2024, 2026, 2028)]


@pytest.mark.parametrize("wanted", PROPERTIES, ids=[each.id for each in PROPERTIES])
def test_a_property_of_the_agreements_is_proven(real: Policy, wanted: Property) -> None:
    for at in INSTANTS:
        assert prove(real, wanted, at).counterexample is None


GRANT = '[[grant]]\narticle = "I"\nfields = ["Visa.status"]\n'
NEVER = '[[property]]\nid = "P"\nsays = "s"\nagencies = ["CBP"]\nfields = ["Visa.status"]\ngiven = { "subject.p1367" = true }\n'
LAW = """
id = "L"
title = "t"
authority = []
effect = "absent"
overridable = false
[[rule]]
article = "1"
fields = ["Visa"]
when = { any = [ { attr = "subject.p1367", is = true }, { attr = "record.fee", is = 1 } ] }
"""


def found(*laws: str, more: str = GRANT) -> Counterexample | None:
    """The counterexample to NEVER under one agreement and these laws."""
    (wanted,) = read_properties(NEVER)
    return prove(policy(agreement(more=more), prohibitions=laws), wanted, AT).counterexample


def test_a_way_around_is_named() -> None:
    assert found() == Counterexample("CBP", "primary", "inspection", "Visa.status", "CA-CBP-VISA@3 I")


def test_a_prohibition_closes_it() -> None:
    assert found(LAW) is None


def test_a_prohibition_that_only_may_hold_does_not() -> None:
    assert found(LAW.replace('{ attr = "subject.p1367", is = true }', '{ attr = "record.fee", is = 2 }')) is not None


def test_an_exemption_by_certificate_is_a_way_around() -> None:
    exempt = '[[exempt]]\nroles = ["secondary"]\ntraining = "1367"\nbecause = "b"\n'
    way = found(LAW + exempt)
    assert way is not None
    assert way.role == "secondary"


def test_a_condition_on_the_flag_closes_it() -> None:
    assert found(more=GRANT + 'when = { attr = "subject.p1367", is = false }\n') is None


def test_a_property_that_speaks_of_nothing_is_a_mistake() -> None:
    with pytest.raises(PolicyError) as caught:
        read_properties('[[property]]\nid = "P"\nsays = "s"\nagencies = ["CBP"]\n')
    assert [each.code for each in caught.value.mistakes] == ["POLICY_MISSING_KEY"]
    (wanted,) = read_properties(NEVER.replace("Visa.status", "Visa.none"))
    with pytest.raises(PolicyError) as other:
        prove(policy(agreement(more=GRANT)), wanted, AT)
    assert [each.code for each in other.value.mistakes] == ["POLICY_UNKNOWN_COORDINATE"]
