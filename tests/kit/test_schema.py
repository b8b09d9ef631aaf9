"""What the kit asks of a schema, and what it prints: classified fields, composed directives, fresh files."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import pytest
import strawberry
from graphql import parse
from strawberry import ID

from subgraphs.kit import (
    Connection,
    Gather,
    Info,
    Key,
    TimelineEvent,
    classified,
    entity,
    link,
    make_schema,
    reads,
    reads_field,
    shared,
    sys,
    value,
)
from subgraphs.kit.export import stale, write
from subgraphs.kit.migrate import differences
from subgraphs.kit.registry import read_registry
from subgraphs.kit.schema import core_schema, key_fields, printed
from subgraphs.kit.settings import Settings

ENTRIES = read_registry()


@value()
class Happening(TimelineEvent):
    summary: str | None = classified("ADJ")


@entity("foilNumber", "other { id }")
class Sheet:
    foilNumber: str | None = shared("Visa.foilNumber")  # noqa: N815 - as in the graph
    other: Other | None = classified("LINK")

    @classmethod
    async def resolve_reference(cls, info: Info, key: Key) -> Sheet | None:
        return cls(foilNumber=key["foilNumber"])


@entity("id", resolvable=False)
class Other:
    id: ID = sys(required=True)


@strawberry.input
class Sieve:
    text: str | None = reads_field("Sheet.foilNumber")


@strawberry.type
class Query:
    @link(gather=Gather(fields=["a", "b"], order="at"))
    def happenings(self) -> list[TimelineEvent] | None:
        return []

    @link()
    def sheets(
        self, sieve: Sieve | None = None, number: Annotated[str, reads("Sheet.foilNumber", "Other.id")] = ""
    ) -> Connection[Sheet] | None:
        return None


SCHEMA = make_schema(Query, types=[Happening])
SDL = printed(SCHEMA)


@pytest.mark.parametrize(
    "line",
    [
        'type Sheet @key(fields: "foilNumber") @key(fields: "other { id }") {',
        'foilNumber: String @classified(category: "TDOC", overlays: ["VISA_222F"], origin: "STATE_CA")',
        'other: Other @classified(category: "LINK")',
        'type Other @key(fields: "id", resolvable: false) {',
        'type Happening implements TimelineEvent {',
        'summary: String @classified(category: "ADJ")',
        'happenings: [TimelineEvent!] @classified(category: "LINK") @gather(fields: ["a", "b"], order: "at")',
        'number: String! @reads(fields: ["Sheet.foilNumber", "Other.id"]) = ""',
        'text: String = null @reads(fields: ["Sheet.foilNumber"])',
        'sheets(sieve: Sieve = null, number: String! = "" @reads(fields: ["Sheet.foilNumber", "Other.id"])): SheetConnection',
        'type SheetConnection {',
        'type SheetEdge {',
        'directive @classified(category: String!, overlays: [String!], origin: String) on FIELD_DEFINITION',
        'directive @reads(fields: [String!]!) on ARGUMENT_DEFINITION | INPUT_FIELD_DEFINITION',
        'directive @gather(fields: [String!]!, order: String!) on FIELD_DEFINITION',
        '@composeDirective(name: "@classified")',
        '@composeDirective(name: "@reads")',
        '@composeDirective(name: "@gather")',
        '@link(url: "https://two-way-street.example/classified/v1.0", import: ["@classified", "@gather", "@reads"])',
        '"@composeDirective", "@key", "@listSize", "@shareable"',
        'type PageInfo @shareable {',
    ],
)  # fmt: skip
def test_it_is_printed_so(line: str) -> None:
    if line.startswith("number"):  # a default value stands before the directives
        line = 'number: String! = "" @reads(fields: ["Sheet.foilNumber", "Other.id"])'
    flat = re.sub(r"\[\s+", "[", re.sub(r'"\s*\n\s+"', '", "', re.sub(r'"\s*\n\s*\]', '"]', SDL)))
    assert line in flat
    assert parse(SDL).definitions


def test_a_field_without_a_category_is_refused() -> None:
    @strawberry.type(name="Query")
    class Bare:
        one: str
        two: str | None = classified("SYS")

    with pytest.raises(ValueError, match=r"Query\.one$"):
        make_schema(Bare)


def test_a_category_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="NEWS"):
        classified("NEWS")


def test_key_fields_include_the_nested_ones() -> None:
    assert key_fields(SCHEMA) == {"Sheet.foilNumber", "Sheet.other", "Other.id"}


@pytest.mark.parametrize("name", ENTRIES)
def test_every_subgraph_classifies_every_field_and_its_file_is_fresh(name: str, tmp_path: Path) -> None:
    entry = ENTRIES[name]
    assert core_schema(entry.load_schema()).query_type is not None
    assert stale({name: entry}) == []
    assert stale({name: entry}, tmp_path) == [name]
    write({name: entry}, tmp_path)
    assert stale({name: entry}, tmp_path) == []
    path = tmp_path / entry.sdl
    path.write_text(path.read_text() + "\n")
    assert stale({name: entry}, tmp_path) == [name]


@pytest.mark.parametrize("name", ENTRIES)
async def test_migrations_and_tables_agree(name: str) -> None:
    assert await differences(ENTRIES[name]) == []


def test_settings_are_what_the_environment_says() -> None:
    assert Settings.from_env({}) == Settings()
    settings = Settings.from_env(
        {
            "TWS_DATA": "/d",
            "TWS_MODE": "production",
            "TWS_DATABASE_URL": "postgresql://u@h/db",
            "TWS_DATABASE_URL_VISAS": "sqlite+aiosqlite:////v",
        }
    )
    assert settings.mode == "production"
    assert settings.database_url("visas") == "sqlite+aiosqlite:////v"
    assert settings.database_url("petitions") == "postgresql+asyncpg://u@h/db"
    assert Settings(data=Path("/d")).database_url("visas") == "sqlite+aiosqlite:////d/visas.sqlite3"


def test_the_cursor_secret_is_made_once(tmp_path: Path) -> None:
    first = Settings(keys=tmp_path / "keys").cursor_key()
    assert first == Settings(keys=tmp_path / "keys").cursor_key()
    assert len(first) == 32
    assert Settings(cursor_secret="given").cursor_key() == b"given"
