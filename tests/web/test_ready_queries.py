"""The explorer's twelve queries: each is valid, its persona exists, and it makes sense for that persona."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import GraphQLSchema, build_schema, parse, validate

from gateway.identity import load_personas
from gateway.web.explorer import ready_queries
from tests.scenarios.asking import ROOT
from tests.web.client import Face

QUERIES = ready_queries()
NAMES = [each["name"] for each in QUERIES]


@pytest.fixture(scope="module")
def api() -> GraphQLSchema:
    """The API schema as it is committed."""
    return build_schema((ROOT / "schema" / "api.graphql").read_text(encoding="utf-8"), assume_valid=True)


def test_there_are_twelve_with_titles_of_their_own() -> None:
    assert len(QUERIES) == 12
    assert len({each["title"] for each in QUERIES}) == 12


@pytest.mark.parametrize("ready", QUERIES, ids=NAMES)
def test_each_is_valid_on_the_api_schema(ready: dict[str, Any], api: GraphQLSchema) -> None:
    assert validate(api, parse(ready["query"])) == []


@pytest.mark.parametrize("ready", QUERIES, ids=NAMES)
def test_each_names_a_persona_that_exists(ready: dict[str, Any]) -> None:
    assert ready["persona"] in load_personas(ROOT / "schema" / "personas.toml")


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("ready", QUERIES, ids=NAMES)
async def test_each_is_answered_for_its_persona(ready: dict[str, Any], face: Face) -> None:
    """Answered without any error; and with something in it, but for the one that shows that nothing is shared."""
    answered = await face.ask(ready["query"], ready["persona"], variables=ready["variables"])

    assert answered.status == 200
    assert "errors" not in answered.page
    if "no agreement" not in ready["title"]:
        (root,) = answered.data.values()
        assert root is not None
        assert _leaves(root)
    outcomes = {entry["outcome"] for entry in answered.page["extensions"]["sharing"]}
    assert outcomes <= {"DENY", "MASK"}


def _leaves(value: Any) -> int:
    """How many values that are not null the answer holds."""
    if isinstance(value, dict):
        return sum(_leaves(each) for each in value.values())
    if isinstance(value, list):
        return sum(_leaves(each) for each in value)
    return value is not None


@pytest.mark.asyncio(loop_scope="module")
async def test_together_they_show_what_is_withheld_and_what_is_masked(face: Face) -> None:
    found: dict[str, set[str]] = {"DENY": set(), "MASK": set(), "UNAVAILABLE": set()}
    for ready in QUERIES:
        answered = await face.ask(ready["query"], ready["persona"], variables=ready["variables"])
        for entry in answered.page["extensions"]["sharing"]:
            found[entry["outcome"]].add(ready["name"])

    assert len(found["DENY"]) >= 8
    assert len(found["MASK"]) >= 3
