"""Two people in one request: what is withheld of one takes nothing away from the other, and tells nothing of the one."""

from __future__ import annotations

import pytest

from tests.scenarios.asking import Asker

OWN = "TRV-01KST0RY000000000000000001"  # story h1b-window, the officer's case
STRANGER = "TRV-01KST0RY000000000000000002"  # story pims-lag
PROTECTED = "TRV-01KST0RY000000000000000010"  # story protected-u
NOBODY = "TRV-00000000000000000000000000"
CHAPTERS = "names { family } petitions { nodes { receiptNumber status } } admissions { nodes { i94Number } }"


@pytest.mark.parametrize("order", ["own-first", "own-last"])
@pytest.mark.parametrize("other", [STRANGER, PROTECTED, NOBODY])
async def test_another_person_beside_the_cases_subject_changes_nothing(ask: Asker, order: str, other: str) -> None:
    """The subject's chapters answer in full, whoever is asked about in the same breath, before or after."""
    alone = await ask("consular-officer-nwd", f'{{ own: traveler(id: "{OWN}") {{ {CHAPTERS} }} }}')
    fields = [f'own: traveler(id: "{OWN}") {{ {CHAPTERS} }}', f'other: traveler(id: "{other}") {{ {CHAPTERS} }}']
    asked = fields if order == "own-first" else fields[::-1]
    both = await ask("consular-officer-nwd", "{ " + " ".join(asked) + " }")
    assert both.errors == []
    assert both.data["own"] == alone.data["own"]
    assert both.data["own"]["petitions"]["nodes"] != []
    assert both.data["other"] is None
    assert both.ledger() == alone.ledger()
