"""The record tells how each condition came out, so a request can be decided again, and never what a fact was."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.scenarios.asking import Asker, World

pytestmark = pytest.mark.asyncio(loop_scope="session")

VISA = """query($f: String!) { visa(foilNumber: $f) {
  foilNumber visaClass { code } expiresOn status holder { names { family } } } }"""


async def disclosed(ask: Asker, world: World) -> dict[str, dict[str, Any]]:
    answered = await ask(12, VISA, f="S3300001")
    return {item["coordinate"]: item for item in world.record(answered)["disclosed"]}


async def test_conditions_are_told_as_true_false_or_unknown(ask: Asker, world: World) -> None:
    (way,) = (await disclosed(ask, world))["Visa.status"]["truths"]
    print(json.dumps(way, indent=1))
    assert way["count"] == 1
    assert way["atoms"]
    assert set(way["atoms"].values()) <= {"true", "false", "unknown"}
    assert "true" in way["atoms"].values()


async def test_every_value_that_was_counted_has_its_truths(ask: Asker, world: World) -> None:
    for item in (await disclosed(ask, world)).values():
        if item["count"] and item.get("truths"):
            assert sum(way["count"] for way in item["truths"]) == item["count"]


async def test_no_value_of_a_fact_is_on_record(ask: Asker, world: World) -> None:
    text = json.dumps(await disclosed(ask, world))
    for value in ("S3300001", "Mensah", "MENSAH", "TRV-"):
        assert value not in text
