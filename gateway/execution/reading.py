"""Reading what a subgraph sent: an answer, or the failures that it amounts to. Its own words go no further."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gateway.errors import FetchError
from gateway.execution.compiled import CompiledBatch, CompiledFetch
from gateway.execution.result import ResponsePath
from gateway.execution.shape import storage_path
from gateway.execution.transport import SubgraphResponse
from gateway.execution.wire import NotJson, decode

__all__ = ["MESSAGES", "ErrorEntry", "SubgraphAnswer", "read_answer", "read_result"]

# every code of ours with what a client is told; {subgraph} is the only thing filled in
MESSAGES = {
    "SUBGRAPH_UNREACHABLE": "Subgraph {subgraph} could not be reached.",
    "SUBGRAPH_TIMEOUT": "Subgraph {subgraph} did not answer in time.",
    "SUBGRAPH_UNAVAILABLE": "Subgraph {subgraph} is not asked for the moment, because it kept failing.",
    "SUBGRAPH_HTTP_STATUS": "Subgraph {subgraph} answered with an HTTP error.",
    "SUBGRAPH_NOT_JSON": "Subgraph {subgraph} answered with something that is not JSON.",
    "SUBGRAPH_WRONG_SHAPE": "Subgraph {subgraph} answered in a shape that was not asked for.",
    "SUBGRAPH_WRONG_TYPE": "Subgraph {subgraph} says that an object has another type than it has.",
    "SUBGRAPH_LIST_MISMATCH": "Subgraph {subgraph} answered with a list of another length than its peers.",
    "SUBGRAPH_ENTITY_COUNT": "Subgraph {subgraph} answered for more or fewer entities than it was asked about.",
    "SUBGRAPH_TOO_LARGE": "Subgraph {subgraph} answered with more than the gateway accepts.",
    "SUBGRAPH_NOT_ASKED": "Subgraph {subgraph} would have to be asked about too many entities.",
    "SUBGRAPH_ERROR": "Subgraph {subgraph} reported an error.",
    "DATABASE_UNAVAILABLE": "The database of subgraph {subgraph} cannot be had at the moment.",
    "FACT_UNAVAILABLE": "A fact that decides on this value could not be had.",
}

_CODE = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
# errors of one answer that are looked at; the rest adds nothing
_MAX_ERRORS = 100


@dataclass(frozen=True, slots=True)
class ErrorEntry:
    """One error a subgraph reported: its code, and where, in storage keys below ``batch`` item ``item`` or the root."""

    code: str
    path: ResponsePath = ()
    batch: CompiledBatch | None = None
    item: int = -1


@dataclass(frozen=True, slots=True)
class SubgraphAnswer:
    """A subgraph's answer: its data (None when there is none) and the errors it reported."""

    data: dict[str, Any] | None
    errors: tuple[ErrorEntry, ...] = ()


def read_answer(response: SubgraphResponse, compiled: CompiledFetch, max_bytes: int) -> SubgraphAnswer:
    """The answer in ``response``. Raises ``FetchError`` where it is none.

    An HTTP error status with a GraphQL answer in its body counts as that answer.
    """
    name = compiled.fetch.subgraph
    if len(response.body) > max_bytes:
        raise _error("SUBGRAPH_TOO_LARGE", name)
    bad_status = not 200 <= response.status < 300
    try:
        body = decode(response.body)
    except NotJson:
        raise _error("SUBGRAPH_HTTP_STATUS" if bad_status else "SUBGRAPH_NOT_JSON", name) from None
    if bad_status and not (isinstance(body, dict) and ("data" in body or "errors" in body)):
        raise _error("SUBGRAPH_HTTP_STATUS", name)
    return read_result(body, compiled)


def read_result(body: Any, compiled: CompiledFetch) -> SubgraphAnswer:
    """The answer in a decoded GraphQL result. Raises ``FetchError`` ``SUBGRAPH_WRONG_SHAPE`` where it is none."""
    name = compiled.fetch.subgraph
    if not isinstance(body, dict) or not ("data" in body or "errors" in body):
        raise _error("SUBGRAPH_WRONG_SHAPE", name)
    data, errors = body.get("data"), body.get("errors")
    if data is not None and not isinstance(data, dict):
        raise _error("SUBGRAPH_WRONG_SHAPE", name)
    if errors is None:
        errors = []
    if not isinstance(errors, list) or (data is None and not errors):
        raise _error("SUBGRAPH_WRONG_SHAPE", name)
    return SubgraphAnswer(data, tuple(_entry(each, compiled) for each in errors[:_MAX_ERRORS]))


def _error(code: str, subgraph: str) -> FetchError:
    return FetchError(code, MESSAGES[code].format(subgraph=subgraph))


def _entry(error: Any, compiled: CompiledFetch) -> ErrorEntry:
    """One reported error; anything odd about it costs only its place or its code."""
    fields = error if isinstance(error, dict) else {}
    extensions = fields.get("extensions")
    code = extensions.get("code") if isinstance(extensions, dict) else None
    if not isinstance(code, str) or not _CODE.fullmatch(code):
        code = "SUBGRAPH_ERROR"
    path = fields.get("path")
    if not isinstance(path, list) or not path:
        return ErrorEntry(code)
    batch = _find(compiled.batches, lambda each: each.batch.alias == path[0])
    if batch is None:
        return ErrorEntry(code, storage_path(compiled.shape, path) if not compiled.batches else ())
    item = path[1] if len(path) > 1 and type(path[1]) is int else -1
    return ErrorEntry(code, storage_path(batch.shape, path[2:]), batch, item)


def _find(batches: tuple[CompiledBatch, ...], fits: Callable[[CompiledBatch], bool]) -> CompiledBatch | None:
    return next((each for each in batches if fits(each)), None)
