"""Subgraphs that misbehave in every way a network, a bug or malice can bring about; all choices come from a seed.

``LOSSY`` faults can only lose data: whatever the gateway still answers must be right. ``LYING`` faults make up data of
their own; there the answer must still have the form and the types that were asked for.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable
from typing import Any, TypeAlias

from gateway.errors import FetchError
from gateway.execution.transport import SubgraphRequest, SubgraphResponse
from tests.execution.oracle import Simulated

__all__ = ["LOSSY", "LYING", "Faulty"]

Answer: TypeAlias = dict[str, Any]
Fault: TypeAlias = Callable[[Answer, random.Random], Any]


def _each_object(value: Any, act: Callable[[dict[str, Any]], None]) -> Any:
    if isinstance(value, dict):
        for item in value.values():
            _each_object(item, act)
        act(value)
    elif isinstance(value, list):
        for item in value:
            _each_object(item, act)
    return value


def _lists(answer: Answer) -> list[list[Any]]:
    data = answer.get("data") or {}
    return [value for key, value in data.items() if key.startswith("_e") and isinstance(value, list)]


def _truncated(answer: Answer, source: random.Random) -> bytes:
    body = json.dumps(answer).encode()
    return body[: source.randrange(len(body))]


def _nonsense(answer: Answer, source: random.Random) -> bytes:
    odd = (b"", b"SECRET", b"<html>SECRET</html>", b"\xff\xfe{}", b"[" * 100_000, b'{"data":{"x":1e999}}', b"{}{}")
    return source.choice(odd)


def _wrong_top(answer: Answer, source: random.Random) -> Any:
    odd: tuple[Any, ...] = (
        [],
        "SECRET",
        5,
        None,
        {},
        {"data": []},
        {"data": None},
        {"errors": "SECRET"},
        {"errors": []},
    )
    return source.choice((*odd, {"data": "SECRET"}, {"data": {}, "errors": {"x": 1}}, {"extensions": {}}))


def _duplicate_keys(answer: Answer, source: random.Random) -> bytes:
    return b'{"data":{"SECRET":1},' + json.dumps(answer).encode()[1:]


def _keys_twice(answer: Answer, source: random.Random) -> bytes:
    """Every key of every object twice, nonsense first: of equal keys the last one counts."""

    def twice(value: Any) -> str:
        if isinstance(value, dict):
            return (
                "{" + ",".join(f'{json.dumps(k)}:"SECRET",{json.dumps(k)}:{twice(v)}' for k, v in value.items()) + "}"
            )
        return "[" + ",".join(map(twice, value)) + "]" if isinstance(value, list) else json.dumps(value)

    return twice(answer).encode()


def _extra_keys(answer: Answer, source: random.Random) -> Answer:
    def act(value: dict[str, Any]) -> None:
        value.update({"SECRET": "SECRET", "__proto__": {"x": 1}, "__class__": "SECRET", "__r0x": 1})

    _each_object(answer.get("data"), act)
    return {**answer, "SECRET": 1, "extensions": {"SECRET": 1}}


def _fewer_entities(answer: Answer, source: random.Random) -> Answer:
    for each in _lists(answer):
        if each:
            each.pop(source.randrange(len(each)))
    return answer


def _more_entities(answer: Answer, source: random.Random) -> Answer:
    for each in _lists(answer):
        each.extend([{"SECRET": 1, "id": "SECRET"}] * source.choice((1, 50)))
    return answer


def _null_entities(answer: Answer, source: random.Random) -> Answer:
    for each in _lists(answer):
        each[:] = [None if source.random() < 0.5 else item for item in each]
    return answer


def _unknown_types(answer: Answer, source: random.Random) -> Answer:
    def act(value: dict[str, Any]) -> None:
        if "__typename" in value and source.random() < 0.5:
            value["__typename"] = source.choice(("SECRET", "Query_", 5, [], {}, True, "Color", ""))

    _each_object(answer.get("data"), act)
    return answer


def _odd_errors(answer: Answer, source: random.Random) -> Answer:
    paths: list[Any] = [None, "SECRET", 5, [], [None], [{}], ["_e0", 99, "x"], ["_e0", -1], ["_e0", "id"], [0], [True]]
    paths += [["SECRET"], ["q00", 0, 10**30, "SECRET"], [1.5], ["_e0", 0, "f0"], ["x"] * 10_000]
    errors: list[Any] = [{"message": "SECRET", "path": source.choice(paths)} for _ in range(source.randint(1, 5))]
    errors.append(
        {"message": {"SECRET": 1}, "extensions": source.choice((None, 5, {"code": {}}, {"code": "SECRET x"}))}
    )
    errors.append(source.choice((None, "SECRET", 5, [], {})))
    return {**answer, "errors": errors * source.choice((1, 1, 5_000))}


def _errors_only(answer: Answer, source: random.Random) -> Answer:
    return {"data": None, "errors": [{"message": "SECRET", "extensions": {"code": "NOT_FOUND", "sql": "SECRET"}}]}


def _missing_fields(answer: Answer, source: random.Random) -> Answer:
    def act(value: dict[str, Any]) -> None:
        for key in list(value):
            if source.random() < 0.2 and key != "__typename" and not key.startswith("_e"):
                del value[key]

    _each_object(answer.get("data"), act)
    return answer


def _wrong_values(answer: Answer, source: random.Random) -> Answer:
    odd: tuple[Any, ...] = (None, 5, 2**40, "odd", True, [], {}, [[]], [{}], {"id": {}}, 0.5, [None], [1, "x"])

    def act(value: dict[str, Any]) -> None:
        for key in value:
            if source.random() < 0.15:
                value[key] = source.choice(odd)

    _each_object(answer.get("data"), act)
    return answer


def _other_types(answer: Answer, source: random.Random) -> Answer:
    def act(value: dict[str, Any]) -> None:
        if "__typename" in value:
            value["__typename"] = source.choice(("T0", "T1", "V0", "Node", "Thing", "Query"))

    _each_object(answer.get("data"), act)
    return answer


def _huge_lists(answer: Answer, source: random.Random) -> Answer:
    def act(value: dict[str, Any]) -> None:
        for key, item in value.items():
            if isinstance(item, list) and item and not key.startswith("_e"):
                value[key] = (item * (2_000 // len(item) + 1))[:2_000] if len(json.dumps(item)) < 300 else item * 3

    _each_object(answer.get("data"), act)
    return answer


LOSSY: dict[str, Fault] = {
    "truncated": _truncated,
    "nonsense": _nonsense,
    "wrong top": _wrong_top,
    "duplicate keys": _duplicate_keys,
    "keys twice": _keys_twice,
    "extra keys": _extra_keys,
    "fewer entities": _fewer_entities,
    "more entities": _more_entities,
    "null entities": _null_entities,
    "unknown types": _unknown_types,
    "odd errors": _odd_errors,
    "errors only": _errors_only,
    "missing fields": _missing_fields,
}
LYING: dict[str, Fault] = {"wrong values": _wrong_values, "other types": _other_types, "huge lists": _huge_lists}


class Faulty:
    """A transport that passes requests to ``inner`` and spoils some of the answers, or sends none."""

    def __init__(self, inner: Simulated, faults: dict[str, Fault], source: random.Random, rate: float = 0.5) -> None:
        self.inner = inner
        self.faults = faults
        self.random = source
        self.rate = rate
        self.injected: list[str] = []

    async def send(self, request: SubgraphRequest) -> SubgraphResponse:
        """The answer, late, spoilt, or never."""
        await asyncio.sleep(self.random.random())
        if self.random.random() > self.rate:
            return await self.inner.send(request)
        fault = self.random.choice((*self.faults, "silent", "refused", "reset", "late", "status"))
        self.injected.append(fault)
        if fault == "silent":
            await asyncio.get_running_loop().create_future()
        if fault == "refused":
            raise FetchError("SUBGRAPH_UNREACHABLE", "SECRET address")
        if fault == "reset":
            raise ConnectionResetError("SECRET")
        if fault == "late":
            await asyncio.sleep(60)
        if fault == "status":
            return SubgraphResponse(self.random.choice((301, 404, 500, 503)), b"SECRET stack trace")
        answer = self.inner.answer(request)
        if fault in self.faults:
            answer = self.faults[fault](answer, self.random)
        return SubgraphResponse(200, answer if isinstance(answer, bytes) else json.dumps(answer).encode())
