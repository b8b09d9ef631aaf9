"""What no gateway in Python can pass: the benchmark's one operation planned by hand, and nothing around it.

``uvicorn tests.benchmarks.bound:app`` with ``BENCH_SUBGRAPHS`` and ``BENCH_FACTS``. All data work of each request is done
(representations, strict decoding, merging, encoding) over real HTTP; no documents, limits, errors, headers or telemetry.
"""

from __future__ import annotations

import asyncio
import os
from typing import Any

import msgspec

from gateway.execution.plain import Plain

_ADDRESS, _FACTS = os.environ.get("BENCH_SUBGRAPHS", ""), int(os.environ.get("BENCH_FACTS", "1"))
_LIMITS = {"timeout": 10.0, "connect_timeout": 2.0, "max_bytes": 32_000_000, "idle": 200}
_NAMES = [f"fact{n}" for n in range(1, _FACTS + 1)]


def _struct(name: str, *fields: Any, tag: str | None = None) -> Any:
    return msgspec.defstruct(name, fields, gc=False, tag=tag, tag_field="__typename" if tag else None)


_Item: Any = _struct(
    "Row", ("id", str), ("name", str), ("weight", int | None), *((name, str | None, None) for name in _NAMES)
)
_Items: Any = list[_Item]
_Shelf = msgspec.json.Decoder(_struct("Told", ("data", _struct("Data", ("items", _Items)))))
_Key = _struct("Key", ("id", str), tag="Item")


def _rows(name: str) -> Any:
    row: Any = _struct("Row", (name, str | None))
    return list[row]


_Facts = {
    name: msgspec.json.Decoder(_struct("Told", ("data", _struct("Data", ("_e0", _rows(name)))))) for name in _NAMES
}
_Answer = _struct("Answer", ("data", _struct("Data", ("items", _Items))))
_ITEMS = (
    b'{"query":"query($first: Int!) { items(first: $first) { id name weight __typename } }","variables":{"first":%d}}'
)
_ASK = {
    name: b'{"query":"query($r0: [_Any!]!) { _e0: _entities(representations: $r0) { ... on Item { %s } } }","variables":{"r0":'
    % name.encode()
    for name in _NAMES
}
_to: dict[str, Plain] = {}


async def _post(subgraph: str, body: bytes) -> bytes:
    plain = _to.get(subgraph) or _to.setdefault(subgraph, _client(subgraph))
    answer = await plain.post(body, {})
    assert answer is not None
    return answer.body


def _client(subgraph: str) -> Plain:
    made = Plain.to(f"{_ADDRESS}/{subgraph}", **_LIMITS)
    assert made is not None
    return made


async def _answer(first: int) -> bytes:
    told = _Shelf.decode(await _post("shelf", _ITEMS % first))
    items = told.data.items
    keys = msgspec.json.encode([_Key(item.id) for item in items])
    bodies = await asyncio.gather(*(_post(name, _ASK[name] + keys + b"}}") for name in _NAMES))
    for name, body in zip(_NAMES, bodies, strict=True):
        rows = _Facts[name].decode(body).data._e0
        if len(rows) != len(items):
            raise ValueError(name)
        for item, row in zip(items, rows, strict=True):
            setattr(item, name, getattr(row, name))
    return msgspec.json.encode(_Answer(told.data))


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answer one request."""
    if scope["type"] != "http":
        return
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    told = await _answer(msgspec.json.decode(body)["variables"]["first"])
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(told))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": told})
