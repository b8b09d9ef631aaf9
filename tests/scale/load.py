"""Every query of the domain over many travelers in PostgreSQL: how long an answer takes for 1, 16 and 64 users at once.

Run: ``python -m tests.scale.load FOLDER TRAVELERS [PART OF A NAME]``. The data is made in FOLDER at the first run and kept there (about 15 GB for a
million travelers); delete it afterwards. Seven subgraphs and a gateway run as processes of their own, as they are deployed;
the users are threads here, each with a connection of its own, and ask the next question when the last is answered.
"""

from __future__ import annotations

import http.client
import shutil
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import Final
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import orjson

from gateway.web.explorer import ready_queries
from tests.faults.fleet import fleet
from tests.scale.loaded import filled, kept
from tests.scenarios.test_indexes import QUEUES

__all__ = ["Cell", "Question", "measure", "questions", "table", "token"]

USERS: Final = (1, 16, 64)
SECONDS: Final = 3.0
_PAGING: Final = "first: 20"
_SHOWN: Final = "totalCount nodes { __typename } pageInfo { hasNextPage endCursor }"


@dataclass(frozen=True, slots=True)
class Question:
    """One query of the domain: its name, who asks it, and the body."""

    name: str
    persona: str
    body: bytes


@dataclass(slots=True)
class Cell:
    """What so many users saw of one question: seconds of each whole answer, and how many were not whole."""

    users: int
    seconds: list[float] = field(default_factory=list)
    other: int = 0
    why: str = ""  # what one of the others said

    @property
    def p50(self) -> float:
        """Milliseconds within which half are answered."""
        return 1000 * median(self.seconds) if self.seconds else float("nan")

    @property
    def p99(self) -> float:
        """Milliseconds within which 99 of 100 are answered."""
        if len(self.seconds) < 2:
            return self.p50
        return 1000 * quantiles(self.seconds, n=100, method="inclusive")[98]


def questions() -> list[Question]:
    """The ready queries of the explorer, and the first page of every queue."""
    found = []
    for ready in ready_queries():
        more = {"extensions": {"acknowledged": ["USCIS-ERO-STATUS"]}}
        body = {"query": ready["query"], "variables": ready["variables"], **more}
        found.append(Question(ready["name"], ready["persona"], orjson.dumps(body)))
    for number, (queue, persona) in enumerate(QUEUES.items()):
        name = f"queue {number + 1:02} {queue.partition('(')[0]}"
        query = f"{{ {queue.replace('PAGED', _PAGING)} {{ {_SHOWN} }} }}"
        found.append(Question(name, persona, orjson.dumps({"query": query})))
    return found


def measure(address: str, asked: Sequence[Question], seconds: float = SECONDS) -> Iterator[tuple[Question, list[Cell]]]:
    """What each question costs for each number of users, at the gateway at ``address``."""
    tokens = {each: token(address, each) for each in {question.persona for question in asked}}
    for question in asked:
        yield question, [_cell(address, question, tokens[question.persona], users, seconds) for users in USERS]


def _cell(address: str, question: Question, bearer: str, users: int, seconds: float) -> Cell:
    cell, lock = Cell(users), threading.Lock()
    until = time.monotonic() + seconds

    def user() -> None:
        place = urlsplit(address)
        connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=60)
        headers = {"content-type": "application/json", "authorization": f"Bearer {bearer}"}
        own: list[float] = []
        other, why = 0, ""
        while time.monotonic() < until or not (own or other):
            began = time.monotonic()
            connection.request("POST", "/graphql", question.body, headers)
            response = connection.getresponse()
            body = response.read()
            if response.status == 200 and b'"errors"' not in body:
                own.append(time.monotonic() - began)
            else:
                other, why = other + 1, body[-400:].decode(errors="replace")
        connection.close()
        with lock:
            cell.seconds += own
            cell.other += other
            cell.why = cell.why or why

    threads = [threading.Thread(target=user) for _ in range(users)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return cell


def token(address: str, persona: str) -> str:
    """A token of the development issuer at ``address``."""
    body = orjson.dumps({"persona": persona})
    asking = Request(f"{address}/dev/token", body, {"content-type": "application/json"})
    with urlopen(asking, timeout=60) as response:
        return str(orjson.loads(response.read())["token"])


def table(rows: Sequence[tuple[Question, list[Cell]]]) -> str:
    """The rows as a table of milliseconds, in Markdown."""
    lines = ["| query | " + " | ".join(f"{users} p50 | {users} p99" for users in USERS) + " | a second at 64 |"]
    lines.append("|---|" + "--:|" * (2 * len(USERS) + 1))
    for question, cells in rows:
        told = [f"{value:,.0f}" for cell in cells for value in (cell.p50, cell.p99)]
        other = sum(cell.other for cell in cells)
        name = question.name + (f" ({other} not whole)" if other else "")
        lines.append(f"| {name} | " + " | ".join(told) + f" | {len(cells[-1].seconds) / SECONDS:,.0f} |")
    return "\n".join(lines)


def _line(question: Question, cells: Sequence[Cell]) -> str:
    figures = "  ".join(f"{each.users}: {len(each.seconds)} p50 {each.p50:.0f} p99 {each.p99:.0f}" for each in cells)
    why = next((each.why for each in cells if each.why), "")
    return f"{question.name:34} {figures}" + (f"  not whole: {why}" if why else "")


def main(folder: Path, travelers: int, only: str = "") -> None:
    """Fill what is not filled, measure, print the table."""
    store = shutil.which("valkey-server") or shutil.which("redis-server")
    if store is None:
        raise SystemExit("valkey-server or redis-server is needed on the path")
    with kept(folder) as server, TemporaryDirectory() as own:
        urls = filled(server, travelers, lambda line: print(line, flush=True))
        more = {"TWS_SUBGRAPH_TIMEOUT": "30"}
        with fleet(Path(own), server, urls, store, gateways=1, more=more) as house:
            rows, asked = [], [each for each in questions() if only in each.name]
            for question, cells in measure(house.gateways[0].address, asked):
                rows.append((question, cells))
                print(_line(question, cells), flush=True)
            print(table(rows))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:4])
