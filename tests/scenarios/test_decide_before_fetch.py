"""Decide before fetch, on recorded traffic: of whom nothing can be given, nobody else is asked."""

from __future__ import annotations

from tests.scenarios.asking import Asker

LOOKUP = """query($value: String!) {
  travelerByIdentifier(kind: PASSPORT, value: $value) {
    names { family } admissions { totalCount } removalCases { totalCount }
  }
}"""
ANOTHER = "TRV-01KST0RY000000000000000002"  # story pims-lag; the officer's case is about story h1b-window


async def test_somebody_elses_records_are_not_asked_for(ask: Asker) -> None:
    """CBP and ERO never hear of the person: that the case is not about them is known before they would be asked."""
    answered = await ask("consular-officer-nwd", LOOKUP, value="ST0020001")
    assert answered.data == {"travelerByIdentifier": None}
    told = {each.subgraph for each in ask.world.traffic.requests if ANOTHER in each.body.decode()}
    assert told <= {"petitions"}  # the authority for the statutory flags


async def test_the_persons_own_records_are(ask: Asker) -> None:
    """The gate lets through what the case is about."""
    answered = await ask("consular-officer-nwd", LOOKUP, value="ST0010001")
    found = answered.data["travelerByIdentifier"]
    assert found["names"][0] == {"family": "Sharma"}
    assert found["admissions"] == {"totalCount": 1}
    assert {"admissions", "enforcement"} <= {each.subgraph for each in ask.world.traffic.requests}
