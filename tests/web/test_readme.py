"""README.md, the tour: the answer that is printed there is the answer that is given, and so is the table of three callers."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.scenarios.asking import ROOT
from tests.web.client import JSON, MODERN, Face

pytestmark = pytest.mark.asyncio(loop_scope="module")

README = (ROOT / "README.md").read_text(encoding="utf-8")
TOUR = README.partition("## Five minutes")[2].partition("\n## ")[0]
QUESTION = json.loads((ROOT / "docs" / "first-query.json").read_text(encoding="utf-8"))


async def asked(face: Face, persona: str, **changes: Any) -> Any:
    """The answer to the tour's question."""
    token = face.token(persona, **changes)
    return (await face.send(token=token, body=json.dumps(QUESTION).encode(), content_type=JSON, accept=MODERN)).page


def rows() -> dict[str, list[str]]:
    """The tour's table: by field, what each of the three gets."""
    lines = [line.strip("|").split("|") for line in TOUR.splitlines() if line.startswith("| `")]
    return {re.findall(r"`(\w+)`", cells[0])[0]: [each.strip() for each in cells[1:]] for cells in lines}


async def test_the_answer_printed_is_the_answer_given(face: Face) -> None:
    (block,) = re.findall(r"```json\n(.*?)```", TOUR, re.DOTALL)
    printed = json.loads(block)
    given = await asked(face, "cbp-secondary-nyc")

    assert given["extensions"].pop("record")
    assert printed["extensions"].pop("record")
    assert given == printed


@pytest.mark.parametrize(
    ("column", "persona", "changes"),
    [
        (0, "consular-supervisor-nwd", {}),
        (1, "cbp-secondary-nyc", {}),
        (2, "ero-officer", {"case": "ERC-00290001"}),
    ],
)
async def test_the_table_says_what_each_gets(face: Face, column: int, persona: str, changes: dict[str, str]) -> None:
    given = await asked(face, persona, **changes)
    withheld = {each["coordinate"].partition(".")[2]: each for each in given["extensions"]["sharing"]}
    text = json.dumps(given["data"])
    for field, cells in rows().items():
        for value in re.findall(
            r"`([A-Z0-9]+(?:_[A-Z0-9]+)*)`", cells[column].partition(", DENY")[0].partition(", MASK")[0]
        ):
            assert f'"{value}"' in text or value in text, f"{field}: {value}"
        if "DENY" in cells[column] or "MASK" in cells[column]:
            assert withheld[field]["outcome"] in cells[column], field
            said = withheld[field].get("mask") or withheld[field]["reason"]
            assert said in cells[column], field
