"""Steady clients, and a judge of every answer: what it may say while something is broken, and what it never may."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, Request, build_opener

import orjson

__all__ = ["Asked", "Load", "ask", "judge"]

_OPENER = build_opener(ProxyHandler({}))
REFUSALS = {503, 429}
"""What a gateway may answer with instead: it cannot record, or has too much to do."""
TELLTALE = ("Traceback", "Error:", "asyncpg", "sqlalchemy", "sqlite3", "/tmp/", "refused'", "errno")
"""What no answer says: where it comes from inside."""


@dataclass(frozen=True)
class Asked:
    """One question, who asks it, and the right answer's data."""

    name: str
    token: str
    body: bytes
    golden: Any = None
    ledger: tuple[Any, ...] = ()


def ask(address: str, asked: Asked, timeout: float = 10.0) -> tuple[int, bytes]:
    """Status and bytes of the answer; raises ``OSError`` where no answer came."""
    headers = {"content-type": "application/json", "authorization": f"Bearer {asked.token}"}
    try:
        with _OPENER.open(Request(f"{address}/graphql", asked.body, headers), timeout=timeout) as response:
            return response.status, response.read()
    except HTTPError as refused:
        with refused:
            return refused.code, refused.read()
    except (TimeoutError, URLError, HTTPException) as problem:
        raise OSError(str(problem)) from None


def judge(status: int, body: bytes, golden: Any, expected: Sequence[Any] = ()) -> tuple[str, str]:
    """How an answer stands to the right one: (``right``, ``partial``, ``refused`` or ``wrong``, what is wrong with it).

    Partial: every value is the right one, or null where the ledger says UNAVAILABLE of it or of what it is in.
    ``expected`` is the ledger of the right answer, so that what is wrong can be told by what the ledger has more.
    """
    text = body.decode()
    if said := [each for each in TELLTALE if each in text]:
        return "wrong", f"the answer says {said}"
    try:
        page = orjson.loads(body)
    except ValueError:
        return "wrong", f"no JSON: {text[:200]}"
    if status in REFUSALS and "data" not in page and all("code" in each["extensions"] for each in page["errors"]):
        return "refused", page["errors"][0]["extensions"]["code"]
    if status != 200 or "data" not in page:
        return "wrong", f"{status}: {text[:300]}"
    missing = [each["path"] for each in page["extensions"]["sharing"] if each["outcome"] == "UNAVAILABLE"]
    unexplained = [
        path for path in differences(golden, page["data"]) if not any(covers(each, path) for each in missing)
    ]
    if unexplained:
        told = [
            page.get("errors", [])[:3],
            [each for each in page["extensions"]["sharing"] if each not in expected][:5],
        ]
        return "wrong", f"not the right value, and not UNAVAILABLE: {unexplained[:3]}; {told}"
    return ("partial" if missing else "right"), ""


def covers(entry: Sequence[str], path: Sequence[str]) -> bool:
    """Whether a ledger's path leads to ``path``, or to something inside that could not be null and took it along."""
    shorter = min(len(entry), len(path))
    return list(path[:shorter]) == list(entry[:shorter])


def differences(golden: Any, told: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The paths at which ``told`` is another than ``golden``, ``[]`` for a position of a list."""
    if isinstance(golden, dict) and isinstance(told, dict) and golden.keys() == told.keys():
        for name in golden:
            yield from differences(golden[name], told[name], (*path, name))
    elif isinstance(golden, list) and isinstance(told, list) and len(golden) == len(told):
        for one, other in zip(golden, told, strict=True):
            yield from differences(one, other, (*path, "[]"))
    elif golden != told:
        if isinstance(golden, list) and isinstance(told, list) and _part(told, golden):
            yield path  # a list that all agencies add to, without the part of one
        elif told is not None:  # another value is never what a ledger explains
            yield ("a value that is not the right one", *path)
        else:
            yield path


def _part(some: Sequence[Any], whole: Sequence[Any]) -> bool:
    """Whether ``some`` is ``whole`` with items left out."""
    left = iter(whole)
    return all(any(item == other for other in left) for item in some)


@dataclass
class Load:
    """Clients that go on asking every gateway in turn; one that does not answer is left for the other, as nginx would."""

    addresses: Sequence[str]
    questions: Sequence[Asked]
    clients: int = 3
    counts: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    answered: set[str] = field(default_factory=set)
    _over: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __enter__(self) -> Load:
        self._threads = [threading.Thread(target=self._ask, args=(number,)) for number in range(self.clients)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, number: int) -> None:
        turn = number
        while not self._over.is_set():
            turn += 1
            asked = self.questions[turn % len(self.questions)]
            for step in range(len(self.addresses)):
                try:
                    status, body = ask(self.addresses[(turn + step) % len(self.addresses)], asked)
                except OSError:
                    with self._lock:
                        self.counts["no answer"] += 1
                    continue
                self.note(asked, status, body)
                break
            self._over.wait(0.05)

    def note(self, asked: Asked, status: int, body: bytes) -> str:
        """Count one answer, and keep what is wrong with it; its verdict."""
        verdict, why = judge(status, body, asked.golden, asked.ledger)
        with self._lock:
            self.counts[verdict] += 1
            if verdict == "wrong":
                self.wrong.append(f"{asked.name}: {why}")
            elif verdict == "refused":
                self.codes[why] += 1
            else:
                self.answered.add(orjson.loads(body)["extensions"]["record"])
        return verdict

    def recovered(self, patience: float = 60.0) -> float:
        """Seconds until every gateway answers every question right again; raises ``AssertionError`` if it never does."""
        began = time.monotonic()
        left = [(address, asked) for address in self.addresses for asked in self.questions]
        while left:
            address, asked = left[0]
            try:
                verdict = self.note(asked, *ask(address, asked))
            except OSError:
                verdict = "no answer"
            if verdict == "right":
                left.pop(0)
            elif time.monotonic() - began > patience:
                raise AssertionError(f"{address} still says {verdict} to {asked.name}")
            else:
                time.sleep(0.1)
        return time.monotonic() - began
