"""``gateway new-subgraph``: what it refuses before it writes anything, and what it would write.

That what it writes composes, runs and can be taken away again is held by ``tests/deploy/test_agency_walk.py``.
"""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

import pytest

from gateway.cli.new_subgraph import planned, written
from gateway.errors import RequestError
from gateway.policy import load_bundle, read_bundle
from tests.scenarios.asking import ROOT


@pytest.mark.parametrize(
    ("name", "agency", "entity", "category", "where"),
    [
        ("Boarding-Notices", "CBP", "", "", "NAME"),
        ("class", "CBP", "", "", "NAME"),
        ("../visas", "CBP", "", "", "NAME"),
        ("visas", "CBP", "", "", "NAME"),
        ("kit", "CBP", "", "", "NAME"),
        ("removal_cases", "CBP", "FineCase", "", "NAME"),  # Traveler.removalCases is another agency's
        ("notices", "ATLANTIS", "", "", "--agency"),
        ("notices", "OVERSIGHT", "", "", "--agency"),
        ("notices", "CBP", "Visa", "", "--entity"),
        ("notices", "CBP", "not a type", "", "--entity"),
        ("notices", "CBP", "", "NEWS", "--category"),
        ("notices", "CBP", "", "LINK", "--category"),
        ("notices", "USCIS", "", "", "--category"),  # its role file names types, no category
    ],
)
def test_what_is_no_name_or_taken_is_refused(name: str, agency: str, entity: str, category: str, where: str) -> None:
    with pytest.raises(RequestError) as refused:
        planned(ROOT, name, agency, entity, category)
    assert (refused.value.code, refused.value.where) == ("SUBGRAPH_REFUSED", where)
    assert refused.value.hint


@pytest.mark.parametrize(
    ("name", "agency", "entity", "category"),
    [("boarding_notices", "CBP", "", ""), ("inquiries", "STATE_CA", "", "CON"), ("aides", "USCIS", "Rule", "ADJ")],
)
def test_everything_is_written_and_the_draft_is_a_draft(
    name: str, agency: str, entity: str, category: str, tmp_path: Path
) -> None:
    plan = planned(ROOT, name, agency, entity, category)
    (tmp_path / "schema").mkdir()
    paths = written(tmp_path, plan)

    for path in paths:
        text = (tmp_path / path).read_text(encoding="utf-8")
        assert "{{" not in text
        if path.suffix == ".py":
            ast.parse(text)
    assert {path.name for path in paths} >= {
        "schema.py",
        "tables.py",
        "loaders.py",
        "seed.py",
        "app.py",
        f"test_{name}.py",
    }
    registry = tomllib.loads((tmp_path / "schema" / "registry.toml").read_text(encoding="utf-8"))
    assert registry["subgraphs"][name]["agency"] == agency
    assert registry["subgraphs"][name]["url"] == "http://127.0.0.1:4008/graphql"
    assert [each for each in registry["subgraphs"] if each != name] == list(
        tomllib.loads((ROOT / "schema" / "registry.toml").read_text(encoding="utf-8"))["subgraphs"]
    )

    pages = load_bundle(ROOT / "schema").pages
    draft = (tmp_path / "subgraphs" / name / "agreement.toml").read_text(encoding="utf-8")
    (read,) = (
        each for each in read_bundle({**pages, "agreements/draft.toml": draft}).agreements
        if each.file == "agreements/draft.toml"
    )  # fmt: skip
    assert (read.provider, read.status) == (agency, "draft")
    assert agency not in read.recipients
    assert read.examples
