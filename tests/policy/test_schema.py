"""The JSON Schema for editors says what the reader reads: the same keys, the same words, the same atoms."""

from __future__ import annotations

import json
import tomllib
from typing import Any

import pytest

from gateway.errors import PolicyError
from gateway.policy.agreement import DISCLOSURES, EXPECTATIONS, KINDS, STATUSES, USES
from gateway.policy.conditions import OPERATORS
from tests.policy.conftest import SCHEMA
from tests.policy.kit import agreement, policy

WRITTEN: dict[str, Any] = json.loads((SCHEMA / "agreement.schema.json").read_text("utf-8"))
CLAUSES = ("grant", "withhold", "flow", "obligation", "example")


def known_keys(text: str) -> set[str]:
    """The keys the reader names when it meets one it does not know."""
    with pytest.raises(PolicyError) as caught:
        policy(text)
    hint = next(each.hint for each in caught.value.mistakes if each.code == "POLICY_UNKNOWN_KEY")
    return set(hint.partition(" knows ")[2].split(", "))


def test_an_agreement_has_the_same_keys() -> None:
    assert known_keys(agreement(nonsense="1")) == set(WRITTEN["properties"])


@pytest.mark.parametrize("clause", CLAUSES)
def test_a_clause_has_the_same_keys(clause: str) -> None:
    text = agreement(more=f"[[{clause}]]\nnonsense = 1\n")
    assert known_keys(text) == set(WRITTEN["properties"][clause]["items"]["properties"])


def test_the_words_and_the_atoms_are_the_same() -> None:
    properties = WRITTEN["properties"]
    assert properties["status"]["enum"] == list(STATUSES)
    assert properties["kind"]["enum"] == list(KINDS)
    assert properties["disclosure"]["enum"] == list(DISCLOSURES)
    assert properties["flow"]["items"]["properties"]["use"]["enum"] == list(USES)
    assert properties["example"]["items"]["properties"]["expect"]["enum"] == list(EXPECTATIONS)
    assert set(WRITTEN["$defs"]["atom"]["properties"]) - {"attr"} == set(OPERATORS)


@pytest.mark.parametrize("path", sorted((SCHEMA / "agreements").glob("*.toml")), ids=lambda path: str(path.stem))
def test_every_agreement_has_what_the_schema_requires(path: Any) -> None:
    data = tomllib.loads(path.read_text("utf-8"))
    assert set(WRITTEN["required"]) <= set(data) <= set(WRITTEN["properties"])
    for clause in CLAUSES:
        shape = WRITTEN["properties"][clause]["items"]
        for table in data.get(clause, []):
            assert set(shape["required"]) <= set(table) <= set(shape["properties"])
