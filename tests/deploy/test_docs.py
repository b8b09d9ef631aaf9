"""What the documentation says can be checked against the tree: links, settings, personas, the first query."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from graphql import build_schema, parse, validate

from subgraphs.kit.registry import read_registry

ROOT = Path(__file__).resolve().parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"\]\(([^)#\s]+)(#[^)]*)?\)")
SETTING = re.compile(r"TWS_[A-Z]+(?:_[A-Z]+)*")
FILE = re.compile(r"`((?:gateway|subgraphs|schema|deploy|tests|docs)/[\w./-]+\.\w+)`")


def named(pattern: re.Pattern[str], page: Path) -> Iterator[str]:
    for found in pattern.finditer(page.read_text(encoding="utf-8")):
        yield found[1]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    targets = {target for target in named(LINK, page) if "://" not in target}
    assert sorted(target for target in targets if not (page.parent / target).exists()) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_files_named_are_there(page: Path) -> None:
    assert sorted(name for name in named(FILE, page) if not (ROOT / name).exists()) == []


def settings_read() -> set[str]:
    """Every ``TWS_`` variable that code, compose file or image reads; one for each subgraph counts as its stem."""
    found = {"TWS_MODE", "TWS_HOST", "TWS_PORT", "TWS_SCHEMA", "TWS_VAR", "TWS_ISSUER", "TWS_AUDIENCE", "TWS_JWKS"}
    config = (ROOT / "gateway" / "config.py").read_text(encoding="utf-8")
    readers = config.partition("readers: dict")[2].partition("}")[0]
    found |= {f"TWS_{name.upper()}" for name in re.findall(r'^\s+"(\w+)":', readers, re.MULTILINE)}
    for path in [ROOT / "docker-compose.yml", *(ROOT / "gateway").rglob("*.py"), *(ROOT / "subgraphs").rglob("*.py")]:
        found |= set(SETTING.findall(path.read_text(encoding="utf-8")))
    stems = ("TWS_URL", "TWS_DATABASE_URL")
    suffixes = {f"{stem}_{name.upper()}" for stem in stems for name in read_registry()}
    return (found - suffixes) | {"TWS_URL"}


def test_every_setting_is_documented_and_no_other() -> None:
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    written = set(SETTING.findall(page)) - {"TWS_URL_VISAS"}
    assert sorted(settings_read() - written) == []
    assert sorted(written - settings_read() - {"TWS_PUBLIC"}) == []


def test_the_first_query_is_valid() -> None:
    request = json.loads((ROOT / "docs" / "first-query.json").read_text(encoding="utf-8"))
    schema = build_schema((ROOT / "schema" / "api.graphql").read_text(encoding="utf-8"))
    assert validate(schema, parse(request["query"])) == []
    stories = (ROOT / "docs" / "stories.md").read_text(encoding="utf-8")
    assert request["variables"]["traveler"] in stories


def test_personas_named_exist() -> None:
    known = tomllib.loads((ROOT / "schema" / "personas.toml").read_text(encoding="utf-8"))
    names = {
        name
        for page in PAGES
        for name in re.findall(r"(?:PERSONA=|--persona |--as )([a-z][\w-]+)\b(?!/)", page.read_text(encoding="utf-8"))
    }
    assert names >= {"cbp-secondary-nyc", "consular-supervisor-nwd", "ero-officer"}
    assert sorted(names - set(known)) == []
