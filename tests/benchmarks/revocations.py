"""A visa is revoked, and the port hears of it: the demonstration, ``make demo``.

Two clients of a gateway in a process of its own: a consular officer who revokes visas, one after the other, and a CBP
officer who inspects their holder and listens by server-sent events. Timed from before the officer's request is sent until the port has
the event in hand; each is acknowledged by the port. Then the record is asked for both sides of the last one, and verified.
"""

from __future__ import annotations

import http.client
import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import Any, Final
from urllib.parse import urlsplit

from tests.scenarios.asking import ROOT, TODAY, seed_world
from tests.web.server import Served, serving

__all__ = ["Figures", "demonstrate", "revocable"]

PORT: Final = "cbp-primary-atl"
OFFICER: Final = "consular-officer-nwd"
HEARD: Final = "subscription Port { visaRevoked { foilNumber status } }"
REVOKE: Final = """mutation Revoke($foil: String!) { revokeVisa(input: { foilNumber: $foil, kind: PRUDENTIAL,
  ground: "212(a)(3)(B)" }) { status } }"""
_HOLDERS: Final = "S2400001"
"""The visa of the traveler whom the officer at the port has before him; the others are made after it."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Seconds from the officer's request to the event at the port, one for each revocation, in order; what was found after."""

    seconds: list[float]
    unacknowledged: int
    records: tuple[dict[str, Any], dict[str, Any]]
    verified: str

    def shown(self) -> str:
        """The figures as lines."""
        millis = [1000 * each for each in self.seconds]
        p99 = quantiles(millis, n=100, method="inclusive")[98] if len(millis) > 1 else millis[0]
        revoked, told = self.records
        return "\n".join(
            (
                f"{len(millis)} revocations, from State's request to the event at the port:",
                f"  p50 {median(millis):7.1f} ms   p99 {p99:7.1f} ms   most {max(millis):7.1f} ms",
                f"  not acknowledged: {self.unacknowledged}",
                "on record, of the last one:",
                f"  {_line(revoked)}",
                f"  {_line(told)}",
                f"  {self.verified}",
            )
        )


def _line(record: dict[str, Any]) -> str:
    caller = record["caller"]
    return f"{record['request']}  {caller['agency']:9} {caller['user']:9} {record['operation']['kind']}"


def revocable(world: Path, count: int) -> list[str]:
    """The foil numbers of ``count`` more visas of the traveler at the port, each with an application of its own."""
    foils = [f"D{number:07d}" for number in range(count)]
    with closing(sqlite3.connect(world / "data" / "visas.sqlite3")) as database, database:
        database.row_factory = sqlite3.Row
        visa = dict(database.execute("SELECT * FROM visas WHERE foil_number = ?", (_HOLDERS,)).fetchone())
        application = dict(
            database.execute(
                "SELECT * FROM visa_applications WHERE application_id = ?", (visa["application_id"],)
            ).fetchone()
        )
        for number, foil in enumerate(foils):
            own = f"AAD{number:07d}"
            _add(database, "visa_applications", {**application, "application_id": own})
            _add(
                database,
                "visas",
                {**visa, "foil_number": foil, "control_number": f"{99 * 10**12 + number}", "application_id": own},
            )
    return foils


def _add(database: sqlite3.Connection, table: str, row: dict[str, Any]) -> None:
    columns = ", ".join(row)
    database.execute(f"INSERT INTO {table} ({columns}) VALUES ({', '.join('?' * len(row))})", tuple(row.values()))


@contextmanager
def _listening(gateway: Served) -> Iterator[Iterator[dict[str, Any]]]:
    """The events that the port hears, decoded."""
    address = urlsplit(gateway.address)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=60)
    headers = {
        "content-type": "application/json",
        "accept": "text/event-stream",
        "authorization": f"Bearer {gateway.token(PORT)}",
    }
    connection.request("POST", "/graphql", json.dumps({"query": HEARD}), headers)
    response = connection.getresponse()
    assert response.status == 200, response.read()

    def events() -> Iterator[dict[str, Any]]:
        while line := response.readline():
            if line.startswith(b"data: "):
                yield json.loads(line[6:])

    try:
        yield events()
    finally:
        connection.close()


def demonstrate(world: Path, count: int) -> Figures:
    """Revoke ``count`` visas in the world at ``world`` (which is written to), and what came of it."""
    foils = revocable(world, count)
    environment = {
        "TWS_MODE": "development",
        "TWS_TODAY": TODAY.isoformat(),
        "TWS_DATA": str(world / "data"),
        "TWS_KEYS": str(world / "keys"),
    }
    seconds: list[float] = []
    with serving("--subgraphs", "asgi", "--var", world, **environment) as gateway, _listening(gateway) as heard:
        officer, port = (f"Bearer {gateway.token(each)}" for each in (OFFICER, PORT))
        for foil in foils:
            began = time.monotonic()
            status, made = gateway.fetch(
                "/graphql", {"query": REVOKE, "variables": {"foil": foil}}, authorization=officer
            )
            assert (status, made.get("data")) == (200, {"revokeVisa": {"status": "REVOKED"}}), made
            told = next(heard)
            seconds.append(time.monotonic() - began)
            assert told["data"] == {"visaRevoked": {"foilNumber": foil, "status": "REVOKED"}}, told
            for notice in told["extensions"]["notices"]:
                status, page = gateway.fetch(f"/notices/{notice['id']}/acknowledge", {}, authorization=port)
                assert (status, page["state"]) == (200, "acknowledged"), page
        _, left = gateway.fetch("/notices", authorization=f"Bearer {gateway.token('auditor')}")
    return Figures(
        seconds,
        len(left["notices"]),
        (_record(world, made["extensions"]["record"]), _record(world, told["extensions"]["record"])),
        _audit(world, "verify").strip().splitlines()[-1],
    )


def _record(world: Path, request: str) -> dict[str, Any]:
    """What the record says of an answer."""
    found = [json.loads(line) for line in _audit(world, "search", "--request", request, "--json").splitlines()]
    (answer,) = (each for each in found if each.get("kind", "release") == "release")
    return answer  # type: ignore[no-any-return]


def _audit(world: Path, *command: str) -> str:
    asked = [sys.executable, "-m", "gateway", "audit", *command, "--var", str(world)]
    done = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def main(count: int) -> None:
    """Show it on a fresh small world."""
    with TemporaryDirectory() as folder:
        world = Path(folder) / "world"
        seed_world(world)
        sys.stdout.write(demonstrate(world, count).shown() + "\n")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
