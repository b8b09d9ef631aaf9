"""Rows of USCIS for tests: a petition, its actions, and the world's stories as rows."""

from __future__ import annotations

from datetime import date
from typing import Any

from gateway.caller import Caller
from subgraphs.kit.testing import NOW
from subgraphs.kit.world.generator import TODAY
from subgraphs.kit.world.stories import story
from subgraphs.kit.world.tales.telling import story_id
from subgraphs.petitions.enums import FormType, PetitionStatus, RequestedAction
from subgraphs.petitions.seed import rows
from subgraphs.petitions.tables import Base, PetitionRow

__all__ = ["ADJUDICATOR", "ORIGIN", "PERSON", "petition", "told"]

PERSON = story_id(90)
ADJUDICATOR = Caller(
    "USCIS", "uscis-adjudicator", "petition-adjudication", case="IOE0926000001", user="iso-csc-1", location="CSC"
)
ORIGIN: dict[str, Any] = {
    "agency": "USCIS",
    "system": "ELIS",
    "record_version": "3",
    "as_of": NOW,
    "received_at": NOW,
}


def petition(number: int, status: PetitionStatus = PetitionStatus.RECEIVED, **more: Any) -> PetitionRow:
    """A petition with receipt number IOE0926000 and `number`, for PERSON unless `more` says otherwise."""
    values: dict[str, Any] = {
        "receipt_number": f"IOE0926000{number:03d}",
        "form_type": FormType.I129,
        "supplements": ["H"],
        "classification": "H1B1",
        "petitioner_name": "Northgate Analytics",
        "petitioner_ein": "12-3456789",
        "prior_petition_count": 2,
        "beneficiary_id": PERSON,
        "beneficiary_count": 1,
        "requested_action": RequestedAction.NEW,
        "received_on": date(2026, 9, number),
        "status": status,
        "premium": False,
        "rfe_reasons": [],
        "related_receipts": [],
        **ORIGIN,
    }
    return PetitionRow(**{**values, **more})


def told(*slugs: str) -> list[Base]:
    """The rows of the named stories."""
    return [row for slug in slugs for row in rows(story(slug, TODAY))]
