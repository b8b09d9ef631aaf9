"""``gateway mcp``: reviewed queries as tools, asked of a gateway as one caller, with what was withheld in words."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from mcp import Client as Assistant

from gateway.cli.mcp_tools import asked_of, tool_server
from gateway.client import Client
from gateway.documents.extract import extract
from tests.cli.conftest import Gateway, told
from tests.client.test_client import STRANGER, Part, Pauses, playing

SOURCES = """
query Petitions($id: ID!, $first: Int = 5, $kinds: [String!], $order: PetitionOrder) {
  traveler(id: $id) { petitions(first: $first) { nodes { status } } }
}
mutation Revoke($id: ID!) { revokeVisa(foilNumber: $id) { status } }
"""
ANSWER = {
    "data": {"traveler": {"petitions": None}},
    "extensions": {
        "sharing": [
            {
                "outcome": "DENY", "coordinate": "Traveler.petitions", "path": ["traveler", "petitions"], "owner": "USCIS",
                "reason": "NO_AGREEMENT", "howToRequest": "Ask USCIS.",
            }
        ],
        "obligations": [{"agreement": "CA-CBP-VISA", "kind": "no-onward-disclosure", "text": "Not to be passed on"}],
        "record": "r1",
    },
}  # fmt: skip


@asynccontextmanager
async def assisted(folder: Path, *answers: tuple[int, str] | None) -> AsyncIterator[tuple[Assistant, Part]]:
    """An assistant connected to the tools, whose gateway plays a part."""
    (folder / "queries").mkdir()
    (folder / "queries" / "a.graphql").write_text(SOURCES, encoding="utf-8")
    tools = asked_of(extract([folder / "queries"]).documents)
    async with (
        playing(*answers) as part,
        Client(part.url, "t", sleep=Pauses()) as gateway,
        Assistant(tool_server(tools, gateway)) as assistant,
    ):
        yield assistant, part


def text(result: Any) -> str:
    return "\n".join(each.text for each in result.content)


async def test_queries_become_tools_and_mutations_do_not(tmp_path: Path) -> None:
    async with assisted(tmp_path) as (assistant, _):
        (tool,) = (await assistant.list_tools()).tools
    assert tool.name == "Petitions"
    assert tool.annotations is not None
    assert tool.annotations.read_only_hint is True
    assert tool.input_schema == {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "id": {"type": "string"},
            "first": {"type": "integer"},
            "kinds": {"type": "array", "items": {"type": "string"}},
            "order": {"description": "a PetitionOrder of the graph"},
        },
        "required": ["id"],
    }


async def test_a_call_is_one_request_and_says_what_was_withheld(tmp_path: Path) -> None:
    async with assisted(tmp_path, (200, json.dumps(ANSWER))) as (assistant, part):
        result = await assistant.call_tool("Petitions", {"id": "TRV-1"})

    ((headers, sent),) = part.sent
    assert headers["authorization"] == "Bearer t"
    assert sent["variables"] == {"id": "TRV-1"}
    assert sent["operationName"] == "Petitions"
    assert not result.is_error
    assert result.structured_content is not None
    assert result.structured_content["sharing"][0]["owner"] == "USCIS"
    assert text(result).splitlines() == [
        '{"traveler": {"petitions": null}}',
        "traveler.petitions: withheld by USCIS: NO_AGREEMENT. Ask USCIS.",
        "obligation of CA-CBP-VISA: Not to be passed on",
        "on record as r1",
    ]


@pytest.mark.parametrize(
    ("name", "arguments", "says"),
    [
        ("Revoke", {"id": "S1"}, "There is no tool Revoke."),
        ("Petitions", {}, "missing or not known: id"),
        ("Petitions", {"id": "1", "query": "{ x }"}, "missing or not known: query"),
    ],
)
async def test_what_is_no_tool_or_no_argument_reaches_nobody(
    name: str, arguments: dict[str, Any], says: str, tmp_path: Path
) -> None:
    async with assisted(tmp_path) as (assistant, part):
        result = await assistant.call_tool(name, arguments)
    assert result.is_error
    assert says in text(result)
    assert part.sent == []


@pytest.mark.parametrize(
    ("answer", "says"),
    [(STRANGER, "TOKEN_EXPIRED"), ((200, "<html>"), "does not mean that there is nothing")],
    ids=["refused", "no answer"],
)
async def test_a_refusal_and_no_answer_are_errors_and_never_nothing(
    answer: tuple[int, str], says: str, tmp_path: Path
) -> None:
    async with assisted(tmp_path, answer) as (assistant, _):
        result = await assistant.call_tool("Petitions", {"id": "TRV-1"})
    assert result.is_error
    assert says in text(result)


def test_files_without_a_query_are_refused(gateway: Gateway, tmp_path: Path) -> None:
    (tmp_path / "a.graphql").write_text("mutation M { revokeVisa { status } }", encoding="utf-8")
    assert "no query" in told(gateway("mcp", tmp_path, "--token-file", tmp_path / "t"), "NOTHING_TO_OFFER")
