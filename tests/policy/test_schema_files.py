"""Every agreement is what ``schema/agreement.schema.json`` says, and a broken one is not."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.policy.conftest import SCHEMA
from tests.policy.kit import agreement
from tests.policy.schema_checker import violations

WRITTEN: dict[str, Any] = json.loads((SCHEMA / "agreement.schema.json").read_text("utf-8"))
GRANT = '[[grant]]\narticle = "I"\nfields = ["Visa.status"]\n'


def wrong(text: str) -> list[str]:
    """The paths at which an agreement's text is not what the schema says."""
    return violations(tomllib.loads(text), WRITTEN, WRITTEN)


@pytest.mark.parametrize("path", sorted((SCHEMA / "agreements").glob("*.toml")), ids=lambda path: str(path.stem))
def test_an_agreement_is_what_the_schema_says(path: Path) -> None:
    assert wrong(path.read_text("utf-8")) == []


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (agreement(status='"alive"', more=GRANT), ".status"),
        (agreement(version="0", more=GRANT), ".version"),
        (agreement(version='"3"', more=GRANT), ".version"),
        (agreement(effective='"2023-10-01"', more=GRANT), ".effective"),
        (agreement(recipients='"CBP"', more=GRANT), ".recipients"),
        (agreement(nonsense="1", more=GRANT), ".nonsense"),
        (agreement(more='[[grant]]\narticle = "I"\n'), ".grant[0].fields"),
        (agreement(more=GRANT + "mask = 1\n"), ".grant[0].mask"),
        (agreement(more=GRANT + 'when = { attr = "case.state" }\n'), ".grant[0].when"),
        (agreement(more=GRANT + 'when = { attr = "case.state", like = "o" }\n'), ".grant[0].when"),
        (agreement(more=GRANT + "when = { all = [] }\n"), ".grant[0].when"),
        (
            agreement(more='[[flow]]\narticle = "V"\nto = "CBP"\nfields = ["Visa.number"]\nuse = "copy"\n'),
            ".flow[0].use",
        ),
        ("\n".join(line for line in agreement(more=GRANT).splitlines() if not line.startswith("expires")), ".expires"),
    ],
)
def test_a_broken_one_is_not_and_the_place_is_named(text: str, place: str) -> None:
    assert place in wrong(text)
