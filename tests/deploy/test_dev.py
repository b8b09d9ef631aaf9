"""``gateway dev``: a mistake is told with its line in the Python, the last good graph stays up, and a correction is served."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from tests.deploy.test_agency_walk import Step, Walk, clone

__all__ = ["clone"]

HERS = "TRV-01KST0RY000000000000000029"
FIELD = '    closedAt: dt.datetime | None = classified("SEC")'


class Terminal:
    """What a program prints, line by line, to be waited for."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.lines: list[str] = []
        self._news = threading.Condition()
        self._reader = threading.Thread(target=self._read, args=(process,), daemon=True)
        self._reader.start()

    def _read(self, process: subprocess.Popen[str]) -> None:
        for line in process.stdout or ():
            with self._news:
                self.lines.append(line.rstrip("\n"))
                self._news.notify_all()

    def until(self, begins: str) -> list[str]:
        """The lines printed since the last look, the last of which begins so."""
        with self._news:
            found = self._news.wait_for(lambda: any(line.startswith(begins) for line in self.lines), timeout=120)
            assert found, f"no line begins with {begins!r}: {self.lines}"
            told, self.lines = self.lines, []
        return told


@contextmanager
def developing(root: Path, *words: str) -> Iterator[Terminal]:
    environment = {**Walk(root).environment, "TWS_MODE": "development", "TWS_TODAY": "2026-11-01T12:00:00+00:00"}
    process = subprocess.Popen(
        [sys.executable, "-m", "gateway", "dev", "--port", "4384", *words], cwd=root, env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        yield Terminal(process)
    finally:
        for _ in range(2):  # people press it twice
            process.terminate()
        assert process.wait(30) == 0
        with pytest.raises(ConnectionRefusedError):  # what it had started is ended too
            socket.create_connection(("127.0.0.1", 4384), timeout=10)
        if process.stdout is not None:
            process.stdout.close()


def alive() -> bool:
    with urlopen("http://127.0.0.1:4384/health/live", timeout=10) as answer:
        return bool(answer.status == 200)


def trouble() -> dict[str, Any]:
    with urlopen("http://127.0.0.1:4384/dev/trouble", timeout=10) as answer:
        return dict(json.loads(answer.read()))


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_mistake_is_told_by_its_line_and_the_last_good_graph_stays_up(clone: Path) -> None:
    schema = clone / "subgraphs" / "security_reviews" / "schema.py"
    good = schema.read_text(encoding="utf-8")
    line = good.splitlines().index(FIELD) + 1
    with developing(clone) as terminal:
        terminal.until("served: ")
        assert alive()

        schema.write_text(good.replace(FIELD, FIELD.replace("SEC", "NEWS")), encoding="utf-8")
        told = terminal.until("not served: the last good graph is still served")
        assert any(each.startswith("ValueError: 'NEWS' is no category") for each in told)
        assert f"  raised at subgraphs/security_reviews/schema.py:{line}" in told
        assert alive()

        assert f"security_reviews/schema.py:{line}" in trouble()["trouble"], "the explorer is not told"

        schema.write_text(good.replace('@entity("reviewId"', '@entity("reviewNo"'), encoding="utf-8")
        told = terminal.until("not served: the last good graph is still served")
        assert any(each.startswith("KEY_INVALID_FIELDS [security_reviews: SecurityReview, ") for each in told)
        key = next(number for number, each in enumerate(good.splitlines(), 1) if '@entity("reviewId"' in each)
        place = f"subgraphs/security_reviews/schema.py:{key} (class SecurityReview, decorator @entity)"
        assert f"  SecurityReview is made at {place}" in told
        assert alive()

        schema.write_text(good.replace("closedAt", "shutAt"), encoding="utf-8")
        terminal.until("served: ")
        assert trouble() == {"watched": True, "trouble": ""}
        assert "  shutAt: DateTime" in (clone / "schema" / "api.graphql").read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_one_subgraph_runs_beside_mocks_of_all_others(clone: Path) -> None:
    """No data is seeded here: what is answered is answered by mocks."""
    query = f'{{ traveler(id: "{HERS}") {{ id visas {{ nodes {{ foilNumber }} }} identifiers {{ kind value }} }} }}'
    with developing(clone, "--only", "security_reviews") as terminal:
        terminal.until("served: ")
        walk = Walk(clone, functions="export TWS_MODE=development\n")
        (token,) = walk.take(Step("gateway token --persona cbp-secondary-nyc --var var"))
        asked = Request(
            "http://127.0.0.1:4384/graphql",
            json.dumps({"query": query}).encode(),
            {"content-type": "application/json", "authorization": f"Bearer {token}"},
        )
        with urlopen(asked, timeout=60) as answer:
            page = json.loads(answer.read())
    assert "errors" not in page
    assert page["data"]["traveler"]["id"] == HERS
    assert page["data"]["traveler"]["visas"]["nodes"][0]["foilNumber"].startswith(f"VISA.{HERS}.")
    assert ("MASK", "LAST4") in {(each["outcome"], each.get("mask")) for each in page["extensions"]["sharing"]}
    assert not (clone / "var" / "dev-trouble.json").exists(), "nobody watches any more"


@pytest.mark.slow
def test_only_what_is_registered_can_be_run(clone: Path) -> None:
    shown = Walk(clone).take(Step("gateway dev --only visa --port 0"))
    assert shown[0].startswith("SUBGRAPH_NOT_IN_GRAPH No subgraph 'visa' is registered.")
