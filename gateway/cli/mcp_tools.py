"""``gateway mcp``: a client's reviewed operations as tools for an assistant, bound to one caller and purpose.

Each call is one request to the gateway under that caller's token: decided, and on record, like any other. The answer says what
was withheld, by whom and why, so that an assistant need not guess what a null means. Only queries become tools: an assistant
changes nothing.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from graphql import parse
from graphql.language import (
    FieldNode,
    ListTypeNode,
    NamedTypeNode,
    NonNullTypeNode,
    OperationDefinitionNode,
    OperationType,
    TypeNode,
    VariableDefinitionNode,
)

from gateway.client import Answer, Client, Refused, Unreachable
from gateway.documents.extract import Found, extract
from gateway.errors import PolicyError, RequestError
from gateway.opening import read_text

if TYPE_CHECKING:
    from mcp.server.lowlevel import Server

__all__ = ["Asked", "asked_of", "register", "tool_server"]

_KINDS = {"ID": "string", "String": "string", "Int": "integer", "Float": "number", "Boolean": "boolean"}


@dataclass(frozen=True, slots=True)
class Asked:
    """One operation as a tool: its name, what to say of it, the JSON Schema of its arguments, its text."""

    name: str
    description: str
    arguments: Mapping[str, Any]
    text: str


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command(
        "mcp",
        epilog="Example: [bold]gateway mcp src/queries --token-file token.jwt --url http://127.0.0.1:4000/graphql[/bold]",
    )(mcp)


def mcp(
    sources: Annotated[
        list[Path],
        typer.Argument(
            help="Folders or files of reviewed operations, as `gateway documents extract` reads them.", exists=True
        ),
    ],
    token_file: Annotated[Path, typer.Option("--token-file", help="The caller's token; read again when it has ended.")],
    url: Annotated[str, typer.Option("--url", help="The gateway.")] = "http://127.0.0.1:4000/graphql",
    trusted: Annotated[
        bool,
        typer.Option("--trusted", help="Name documents by their hash: the gateway runs those of its manifest only."),
    ] = False,
) -> None:
    """Offer operations as MCP tools on standard input and output, each call asked of the gateway as one caller.

    Nothing else can be asked: no text of an assistant's own reaches the graph. Mutations and subscriptions are left out.
    """
    try:
        from mcp.server.stdio import stdio_server
    except ImportError:
        raise RequestError(
            "MCP_MISSING", "The package mcp is not installed.", where="mcp", hint='Install "two-way-street[mcp]".'
        ) from None
    found = extract(sources)
    if found.mistakes:
        raise PolicyError("DOCUMENTS_REFUSED", f"{len(found.mistakes)} mistake(s) in the operations.", found.mistakes)
    tools = asked_of(found.documents)
    if not tools:
        hint = "Name a folder with .graphql files that hold queries."
        raise RequestError("NOTHING_TO_OFFER", "There is no query among these files.", where="sources", hint=hint)

    async def token() -> str:
        missing = "The token"
        return read_text(token_file, "TOKEN_UNREADABLE", missing, "Write the caller's token there.").strip()

    async def serve() -> None:
        async with Client(url, token, trusted=trusted) as gateway, stdio_server() as (reading, writing):
            server = tool_server(tools, gateway)
            await server.run(reading, writing, server.create_initialization_options())

    asyncio.run(serve())


def asked_of(documents: Iterable[Found]) -> dict[str, Asked]:
    """The queries among ``documents`` as tools, by name."""
    tools = {}
    for each in documents:
        operation = next(node for node in parse(each.text).definitions if isinstance(node, OperationDefinitionNode))
        if operation.operation is OperationType.QUERY:
            tools[each.name] = Asked(each.name, _description(each.name, operation), _arguments(operation), each.text)
    return tools


def tool_server(tools: Mapping[str, Asked], gateway: Client) -> Server[Any]:
    """An MCP server that offers ``tools`` and asks ``gateway`` for each call."""
    from mcp import types
    from mcp.server.lowlevel import Server

    async def list_tools(_context: Any, _params: Any) -> types.ListToolsResult:
        listed = [
            types.Tool(
                name=each.name,
                description=each.description,
                input_schema=dict(each.arguments),
                annotations=types.ToolAnnotations(read_only_hint=True, destructive_hint=False),
            )
            for each in tools.values()
        ]
        return types.ListToolsResult(tools=listed)

    async def call_tool(_context: Any, params: types.CallToolRequestParams) -> types.CallToolResult:
        told, page = await _called(tools, gateway, params.name, params.arguments or {})
        said = types.TextContent(type="text", text=told)
        return types.CallToolResult(content=[said], structured_content=page, is_error=page is None)

    return Server("two-way-street", on_list_tools=list_tools, on_call_tool=call_tool)


async def _called(
    tools: Mapping[str, Asked], gateway: Client, name: str, arguments: Mapping[str, Any]
) -> tuple[str, dict[str, Any] | None]:
    """What to tell of a call, and its result as data; None where it was refused or nothing came."""
    tool = tools.get(name)
    if tool is None:
        return f"There is no tool {name}.", None
    known, required = tool.arguments["properties"], tool.arguments["required"]
    if wrong := [each for each in arguments if each not in known] + [
        each for each in required if each not in arguments
    ]:
        return f"Arguments that are missing or not known: {', '.join(wrong)}.", None
    try:
        answer = await gateway.ask(tool.text, arguments, operation=name)
    except Refused as refused:
        return f"Refused. {refused}", None
    except Unreachable as lost:
        return f"The gateway could not be asked: {lost}. This does not mean that there is nothing.", None
    page = {
        "data": answer.data,
        "sharing": list(answer.extensions.get("sharing", ())),
        "obligations": [dict(each) for each in answer.obligations],
        "record": answer.record,
    }
    return _told(answer, page), page


def _told(answer: Answer, page: Mapping[str, Any]) -> str:
    """The data as JSON, then a sentence for everything that is not in it, and for what comes with it."""
    lines = [json.dumps(page["data"], ensure_ascii=False)]
    for entry in answer.ledger:
        place = ".".join(entry.path)
        if entry.outcome == "MASK":
            lines.append(f"{place}: masked by {entry.owner} ({entry.mask}), some or all of it")
        elif entry.outcome == "UNAVAILABLE":
            lines.append(f"{place}: could not be had from {entry.owner}; this does not mean that there is none")
        else:
            ask = f" {entry.how_to_request}" if entry.how_to_request else ""
            lines.append(f"{place}: withheld by {entry.owner}: {entry.reason}.{ask}")
    lines += [f"failed: {each.code} at {'.'.join(map(str, each.path))}" for each in answer.failures]
    lines += [f"obligation of {each.get('agreement')}: {each.get('text')}" for each in answer.obligations]
    return "\n".join([*lines, f"on record as {answer.record}"])


def _description(name: str, operation: OperationDefinitionNode) -> str:
    roots = [each.name.value for each in operation.selection_set.selections if isinstance(each, FieldNode)]
    return (
        f"{name}: reads {', '.join(roots)} for the case of this caller. A null with a line of its own in the answer was "
        "withheld or could not be had; it does not mean that there is none."
    )


def _arguments(operation: OperationDefinitionNode) -> dict[str, Any]:
    variables = operation.variable_definitions or ()
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {each.variable.name.value: _schema(each.type) for each in variables},
        "required": [each.variable.name.value for each in variables if _needed(each)],
    }


def _needed(variable: VariableDefinitionNode) -> bool:
    return isinstance(variable.type, NonNullTypeNode) and variable.default_value is None


def _schema(type_: TypeNode) -> dict[str, Any]:
    if isinstance(type_, NonNullTypeNode):
        return _schema(type_.type)
    if isinstance(type_, ListTypeNode):
        return {"type": "array", "items": _schema(type_.type)}
    assert isinstance(type_, NamedTypeNode)  # noqa: S101 - the grammar knows no other
    kind = _KINDS.get(type_.name.value)
    return {"type": kind} if kind else {"description": f"a {type_.name.value} of the graph"}
