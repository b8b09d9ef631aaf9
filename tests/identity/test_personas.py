"""The personas of schema/personas.toml: complete, and each case is a record of the world's stories."""

from __future__ import annotations

import pytest

from gateway.errors import IdentityError
from gateway.identity import load_personas
from gateway.identity.personas import read_personas
from subgraphs.kit.settings import ROOT
from subgraphs.kit.world.generator import TODAY, sponsors
from subgraphs.kit.world.model import Journey
from subgraphs.kit.world.stories import stories

PERSONAS = load_personas(ROOT / "schema" / "personas.toml")
GOOD = '[x]\ntitle = "X"\nagency = "CBP"\nrole = "r"\npurpose = "p"\n'


def cases(journey: Journey) -> set[str]:
    """Every reference that can be a case about this traveler."""
    return {
        *(fact.application_id for fact in journey.visa_applications),
        *(fact.receipt_number for fact in journey.petitions),
        *(fact.receipt_number for fact in journey.benefit_requests),
        *(fact.review_id for fact in journey.security_reviews),
        *(fact.inspection_id for fact in journey.inspections),
        *(fact.sevis_id for fact in journey.exchange_visitors),
        *(fact.case_id for fact in journey.removal_cases),
    }


@pytest.mark.parametrize("name", PERSONAS)
def test_the_default_case_is_about_the_persona_s_story(name: str) -> None:
    persona = PERSONAS[name]
    by_story = {str(journey.story): journey for journey in stories(TODAY)}
    if persona.story and persona.caller.case:
        assert persona.caller.case in cases(by_story[persona.story])
    elif persona.caller.case:
        assert persona.caller.case in {sponsor.program_number for sponsor in sponsors()}
    else:
        assert not persona.story or persona.story in by_story


def test_only_the_developer_is_confined_to_synthetic_records() -> None:
    assert [name for name, persona in PERSONAS.items() if persona.caller.synthetic_only] == ["developer"]


def test_the_officers_who_may_see_protected_cases_are_trained() -> None:
    trained = {name for name, persona in PERSONAS.items() if "1367" in persona.caller.training}
    assert trained == {"uscis-protection-officer", "ero-supervisor-1367"}


@pytest.mark.parametrize(
    "text", ["[x", GOOD + "salary = 1", GOOD.replace('title = "X"\n', ""), "x = 1", GOOD.replace('"CBP"', '""')]
)
def test_a_malformed_file_is_refused(text: str) -> None:
    assert list(read_personas(GOOD)) == ["x"]
    with pytest.raises(IdentityError) as caught:
        read_personas(text)
    assert caught.value.code == "PERSONA_MALFORMED"
