"""Decide before fetch, on recorded traffic: what cannot be given is not asked for, even when a record names the person."""

from __future__ import annotations

from tests.scenarios.asking import Asker

# stories protected-u (10) and spouse-of-protected (11): the marriage leads from one to the other
SEARCH = """query($text: String!) {
  search(text: $text) { ... on Traveler { names { family } admissions { totalCount } visas { nodes { foilNumber } } } }
}"""


async def test_a_protected_person_that_a_search_finds_is_asked_about_nowhere_else(ask: Asker) -> None:
    """The flag is read first; neither admissions nor visas hear the name of the protected traveler."""
    answered = await ask("consular-officer-nwd", SEARCH, text="S1000001")
    assert answered.data == {"search": []}
    protected = "TRV-01KST0RY000000000000000010"
    told = {each.subgraph for each in ask.world.traffic.requests if protected in each.body.decode()}
    assert told <= {"petitions", "travelers"}  # the authority for the flag, and the cross-reference that found it


async def test_an_ordinary_person_is_asked_about_as_ever(ask: Asker) -> None:
    """The gate costs an ordinary traveler one look at the flags."""
    answered = await ask("consular-officer-nwd", SEARCH, text="S0100001")
    assert [row["names"][0]["family"] for row in answered.data["search"]] == ["Sharma"]
