"""The command that measures many travelers: what it asks is what the house can be asked, and its table says what it found."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.identity.personas import load_personas
from tests.scale.costs import MIX
from tests.scale.load import USERS, Cell, measure, questions, table
from tests.scenarios.asking import ROOT, TODAY, seed_world
from tests.web.server import serving


def test_every_question_is_asked_by_somebody_there_is() -> None:
    """Each once, under a name of its own; the mix of the simulation is among them."""
    found = questions()
    assert len({each.name for each in found}) == len(found) > 20
    assert {each.persona for each in found} <= set(load_personas(ROOT / "schema" / "personas.toml"))
    assert set(MIX.values()) <= {each.name for each in found}


def test_a_table_has_a_row_for_each_and_says_what_was_not_whole() -> None:
    """Milliseconds, and how many answers were not whole."""
    question = questions()[0]
    cells = [Cell(users, [0.010, 0.020, 0.030]) for users in USERS]
    cells[1].other = 2
    (row,) = table([(question, cells)]).split("\n")[2:]
    assert row.startswith(f"| {question.name} (2 not whole) | 20 | 30 | 20 | 30 |")


@pytest.mark.slow
def test_a_small_house_is_measured(tmp_path: Path) -> None:
    """Over a real gateway: whole answers for each number of users."""
    seed_world(tmp_path)
    environment = {
        "TWS_MODE": "development",
        "TWS_TODAY": TODAY.isoformat(),
        "TWS_DATA": str(tmp_path / "data"),
        "TWS_KEYS": str(tmp_path / "keys"),
        "TWS_LIMITS": str(tmp_path / "limits.toml"),
    }
    (tmp_path / "limits.toml").write_text("[callers]\nrate = 100000\nburst = 100000\n")
    asked = [each for each in questions() if each.name == MIX["port"]]
    with serving("--subgraphs", "asgi", "--var", tmp_path, **environment) as gateway:
        ((_, cells),) = measure(gateway.address, asked, 0.1)
    assert [cell.users for cell in cells] == list(USERS)
    assert all(len(cell.seconds) >= cell.users for cell in cells)
    assert not any(cell.other for cell in cells), cells[-1].why
