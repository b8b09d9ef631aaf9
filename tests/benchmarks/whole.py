"""Whole requests over HTTP: the traveler's page under policy and on record, beside the same page under ``unrestricted``.

Three gateways in processes of their own, real sockets, telemetry at its defaults, subgraphs that cost nothing
(``agencies.py``): one governed; one open that is asked what the agreements leave of the page, so that it makes the same
requests but for the facts; and the same one asked the page as it is written.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import patch

import orjson

from gateway.enforcement.permits import Permits
from gateway.enforcement.permitted import Permitted
from gateway.execution.plain import Plain
from gateway.house import Question
from gateway.identity import development_key, issue_token
from gateway.operation.model import Field, Selection
from gateway.pipeline import answer
from subgraphs.kit.registry import read_registry
from tests.benchmarks.agencies import opened_up
from tests.benchmarks.governed import PERSONA, QUERY, TRAVELER
from tests.benchmarks.measured import table
from tests.benchmarks.side_by_side import Server, free_port, running
from tests.scenarios.asking import ROOT, TODAY, open_world, seed_world

__all__ = ["whole_requests"]

CONNECTIONS, ROUNDS, SECONDS = 16, 7, 1.5


@dataclass(slots=True)
class _Asked:
    """One gateway and the request it gets: CPU microseconds a request in each round."""

    server: Server
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    micros: list[float] = field(default_factory=list)


def _written(selections: Sequence[Selection]) -> str:
    """What a client would write of ``selections``."""
    told = []
    for each in selections:
        inner = f" {{ {_written(each.selections)} }}" if each.selections else ""
        if not isinstance(each, Field):
            told.append(f"... on {each.type}{inner}")
        elif not each.hidden:
            arguments = ", ".join(f"{one.name}: {one.text}" for one in each.arguments)
            name = each.name if each.key == each.name else f"{each.key}: {each.name}"
            told.append(name + (f"({arguments})" if arguments else "") + inner)
    return " ".join(told)


async def _left(folder: Path) -> tuple[str, str]:
    """What the agreements leave of the page, as a text; and the token of who asks for it."""
    found: list[Permitted] = []
    of = Permits.of

    def noted(*given: object) -> Permitted:
        found.append(of(*given))  # type: ignore[arg-type]
        return found[-1]

    async with open_world(folder) as world:
        opened = world.opened
        caller = opened.personas[PERSONA].caller
        with patch.object(Permits, "of", noted):
            await answer(Question(QUERY, {"id": TRAVELER}), caller, opened.graph, opened.house)
        issuer = development_key(folder / "keys", "issuer", mode="development")
        return _written(found[0].operation.selections), issue_token(issuer, caller, now=datetime.now(UTC))


async def _load(asked: _Asked, seconds: float) -> None:
    """Ask by ``CONNECTIONS`` connections for ``seconds``, and note what one answer cost."""
    plain = Plain.to(
        f"http://127.0.0.1:{asked.server.port}/graphql",
        timeout=30.0, connect_timeout=5.0, max_bytes=10**8, idle=CONNECTIONS,
    )  # fmt: skip
    assert plain is not None
    count, end = 0, time.perf_counter() + seconds

    async def one() -> None:
        nonlocal count
        while time.perf_counter() < end:
            told = await plain.post(asked.body, asked.headers)
            assert told is not None
            assert told.status == 200, told.body[:500]
            assert b'"errors"' not in told.body, told.body[:500]
            assert len(told.body) > 1_000, told.body[:500]
            count += 1

    before = asked.server.cpu()
    await asyncio.gather(*(one() for _ in range(CONNECTIONS)))
    asked.micros.append((asked.server.cpu() - before) / max(count, 1) * 1e6)
    plain.close()


async def _rounds(asked: Mapping[str, _Asked]) -> None:
    for each in asked.values():
        await _load(each, SECONDS)
        each.micros.clear()
    for turn in range(ROUNDS):
        order = list(asked.values())
        for each in order if turn % 2 == 0 else reversed(order):
            await _load(each, SECONDS)


@contextmanager
def _gateways(folder: Path) -> Iterator[tuple[Server, Server]]:
    """A governed gateway and an open one, over the agencies of the world in ``folder``."""
    python, behind = sys.executable, free_port()
    address = f"http://127.0.0.1:{behind}"
    file = folder / "open.graphql"
    file.write_text(opened_up((ROOT / "schema" / "supergraph.graphql").read_text(), address))
    uvicorn = [python, "-m", "uvicorn", "--no-access-log", "--log-level", "warning", "--port", str(behind)]
    strict, frank = free_port(), free_port()
    serve = [python, "-m", "gateway", "serve", "--port"]
    governed = {f"TWS_URL_{name.upper()}": f"{address}/governed/{name}" for name in read_registry()}
    governed |= {"TWS_MODE": "development", "TWS_VAR": str(folder), "TWS_TODAY": TODAY.isoformat()}
    limits = folder / "limits.toml"  # the house's own, but that one user may ask as often as he likes
    limits.write_text((ROOT / "schema" / "limits.toml").read_text().replace("rate = 100 ", "rate = 0 "))
    governed |= {"TWS_SUBGRAPH_TRANSPORT": "http", "TWS_LIMITS": str(limits)}
    opened = [*serve, str(frank), "--policy", "unrestricted", "--supergraph", str(file)]
    with ExitStack() as stack:
        apps = [*uvicorn, "tests.benchmarks.agencies:app"]
        stack.enter_context(running(apps, behind, {"BENCH_WORLD": str(folder)}, folder))
        first = stack.enter_context(running([*serve, str(strict)], strict, governed, folder))
        yield first, stack.enter_context(running(opened, frank, {}, folder))


def whole_requests(folder: Path) -> str:
    """The table: CPU microseconds of the gateway's process for one answer, and its rate beside the governed one's."""
    if not (folder / "data").exists():
        seed_world(folder)
    left, token = asyncio.run(_left(folder))
    variables = {"id": TRAVELER}
    page = orjson.dumps({"query": QUERY, "variables": variables})
    cut = orjson.dumps({"query": f"query Traveler($id: ID!) {{ {left} }}", "variables": variables})
    with _gateways(folder) as (strict, frank):
        asked = {
            "under policy and on record": _Asked(strict, page, {"authorization": f"Bearer {token}"}),
            "unrestricted, what the agreements leave of it": _Asked(frank, cut),
            "unrestricted, the page as it is written": _Asked(frank, page),
        }
        asyncio.run(_rounds(asked))
    first = next(iter(asked.values())).micros
    rows = [
        (
            name,
            statistics.median(each.micros),
            statistics.median([100 * mine / theirs for mine, theirs in zip(each.micros, first, strict=True)]),
        )
        for name, each in asked.items()
    ]
    title = f"The traveler's page over HTTP, {CONNECTIONS} connections, {ROUNDS} rounds: CPU of the gateway's process"
    return table(title, ("asked", "us an answer", "governed rate, % of it"), rows)
