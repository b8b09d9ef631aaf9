"""The drill: a backup under load, the databases are lost, and what docs/operations.md says brings them back and says what is gone.

The commands are the page's own blocks. Everything is real: the gateway is a process that is killed, its clients go on
until it is, and PostgreSQL is a server.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import orjson
import pytest

from gateway.audit import Search, load_public_key, remains, search, verify
from gateway.web.explorer import ready_queries
from subgraphs.kit.settings import Settings
from tests.faults.drill import Officer, Port, Shell, add_visas, resumed, revoked, tables
from tests.faults.load import Asked, Load, ask
from tests.scenarios.asking import TODAY, seed_world
from tests.subgraphs.postgres import agencies, running, why_not
from tests.support import cannot_start
from tests.web.server import Served, serving

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

WRITTEN = {"visas.visas", "visas.visa_applications", "visas.visa_events", "visas.events"}
"""The tables that a revocation changes."""


@dataclass
class Place:
    """Where everything is: ``urls`` are the agencies' PostgreSQL databases, ``record`` the record's; empty for files."""

    folder: Path
    urls: Mapping[str, str]
    record: str = ""
    socket: str = ""

    @property
    def var(self) -> Path:
        """The gateway's folder."""
        return self.folder / "var"

    @property
    def settings(self) -> Settings:
        """The subgraphs'."""
        return Settings(data=self.var / "data", keys=self.var / "keys", database_urls=self.urls)

    @property
    def environment(self) -> dict[str, str]:
        """What gateways, subgraphs and the page's commands read."""
        found = {
            "TWS_MODE": "development",
            "TWS_TODAY": TODAY.isoformat(),
            "TWS_DATA": str(self.var / "data"),
            "TWS_KEYS": str(self.var / "keys"),
            "TWS_LIMITS": str(self.folder / "limits.toml"),
            "TWS_LOG": "off",
            **{f"TWS_DATABASE_URL_{name.upper()}": url for name, url in self.urls.items()},
        }
        return {**found, "TWS_RECORD": self.record} if self.record else found

    def shell(self) -> Shell:
        """Where the operator types."""
        named = {
            "VAR": str(self.var),
            "DATA": str(self.var / "data"),
            "BACKUP": str(self.folder / "backup"),
            "WITNESS": str(self.folder / "kept"),
            "DATABASES": " ".join((*self.urls, *(["record"] if self.record else []))),
            "PGHOST": self.socket,
            "PGUSER": "postgres",
        }
        return Shell(self.folder, {**self.environment, **named})

    def lose(self) -> None:
        """The disks are gone; the keys are kept apart."""
        shutil.rmtree(self.var / "record")
        if self.urls:
            for each in (*self.urls, "record"):
                subprocess.run(["dropdb", "--force", "-h", self.socket, "-U", "postgres", each], check=True)
        else:
            shutil.rmtree(self.var / "data")


@pytest.fixture(params=["files", pytest.param("PostgreSQL", marks=pytest.mark.postgres)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """The small world with visas to revoke, on files or in PostgreSQL."""
    (tmp_path / "limits.toml").write_text("[callers]\nrate = 100000\nburst = 100000\n")
    if request.param == "files":
        made = Place(tmp_path, {})
        seed_world(made.var)
        yield made
        return
    if reason := why_not():
        cannot_start("PostgreSQL", reason)
    with running() as server:
        socket = str(server.folder)
        subprocess.run(["createdb", "-h", socket, "-U", "postgres", "record"], check=True)
        made = Place(tmp_path, agencies(server.url), f"postgresql://postgres@/record?host={socket}", socket)
        seed_world(made.var, made.urls)
        yield made


def questions(gateway: Served) -> list[Asked]:
    """What two clients ask all the time, with the right answers."""
    found = []
    for ready in ready_queries():
        if ready["name"][:2] in ("05", "08"):
            body = {"query": ready["query"], "variables": ready["variables"]}
            asked = Asked(ready["name"], gateway.token(ready["persona"]), orjson.dumps(body))
            page = orjson.loads(ask(gateway.address, asked)[1])
            found.append(replace(asked, golden=page["data"], ledger=tuple(page["extensions"]["sharing"])))
    assert len(found) == 2
    return found


def test_what_the_page_says_brings_everything_back_and_says_what_is_gone(place: Place) -> None:
    shell, foils = place.shell(), add_visas(place.settings, 2000)
    before = tables(place.settings)
    status, said = shell.run("gateway audit keygen state.example/witness state.key")
    assert status == 0, said
    with serving("--subgraphs", "asgi", "--var", place.var, **place.environment) as gateway:
        asked = questions(gateway)
        with Load([gateway.address], asked, clients=2) as load, Port(gateway) as port, Officer(gateway, foils) as state:
            surely = state.after(4)
            on_record = set(load.answered)
            if place.urls:
                shell.block("backup of PostgreSQL")
            shell.block("backup of files")
            at_most = state.after(1)
            lost = state.after(3)[-1]
            cursor = port.until(lost)
            status, said = shell.run('gateway audit witness --key state.key --state "$WITNESS" --var "$VAR"')
            assert status == 0, said
            state.after(2)
            os.kill(gateway.pid, signal.SIGKILL)
    assert load.wrong == []
    assert state.done[: len(surely)] == surely
    place.lose()

    if place.urls:
        shell.block("restore of PostgreSQL")
    shell.block("restore of files")
    said = shell.block("after the restore")
    print("\n" + said)
    _say_what_is_gone(place, shell, said, on_record)
    there, events = revoked(place.settings)
    assert set(surely) <= there <= set(at_most)
    assert lost not in there
    assert sorted(events) == sorted(there)  # the outbox is of the same moment as the data
    after = tables(place.settings)
    marked = {each for each in after if each.endswith(".events")}
    assert {each for each in after if after[each] != before[each]} <= WRITTEN | marked
    _goes_on(place, asked, cursor, lost)


def _say_what_is_gone(place: Place, shell: Shell, said: str, on_record: set[str]) -> None:
    """The record is sound; what the witness saw and is gone is named; what was on record before the backup is there."""
    found = re.search(
        r"shard (\S+): (\d+) records, sound; (\d+) more were witnessed and are gone \(records (\d+) to (\d+)\)", said
    )
    assert found is not None, said
    shard, records, gone, first, last = found[1], *map(int, found.groups()[1:])
    note = (place.folder / "kept" / f"{shard}.note").read_text().split("\n")
    assert (first, last, gone) == (records, int(note[1]) - 1, int(note[1]) - records)
    assert re.search(r"(?m)^sound: \d+ records", said)
    status, told = shell.run('gateway audit verify --var "$VAR" --witness "$WITNESS"')
    assert status == 1
    assert f"NOT SOUND: record {records} of shard {shard}" in told
    where = place.record or place.var / "record" / "record.sqlite3"
    kept, _ = search(where, Search(), limit=100_000)
    assert on_record <= {each.record["request"] for each in kept}
    assert on_record
    (noted,) = (each.record for each in kept if each.record["kind"] == "restoring")
    assert noted["note"] == {f"restored {shard}": f"{records} records", f"gone from {shard}": f"{first} to {last}"}


def _goes_on(place: Place, asked: list[Asked], cursor: str, lost: str) -> None:
    """The house answers right again, in a shard of its own; who has a place in what is gone is told; events come."""
    where = place.record or place.var / "record" / "record.sqlite3"
    before = {each.shard: each.records for each in verify(where, load_public_key(place.var / "keys")).shards}
    with serving("--subgraphs", "asgi", "--var", place.var, **place.environment) as gateway:
        assert resumed(gateway, cursor) == (410, "EVENTS_LOST")
        with Load([gateway.address], asked, clients=1) as load, Port(gateway) as port:
            load.recovered()
            with Officer(gateway, [lost]) as state:  # what is gone is done again
                state.after(1 - len(state.done))
            port.until(lost)
    assert load.wrong == []
    verdict = verify(where, load_public_key(place.var / "keys"))
    assert verdict.fault is None
    after = {each.shard: each.records for each in verdict.shards}
    grown = {name for name in after if after[name] != before.get(name)}
    assert len(grown) == 1
    assert not grown & {each.shard for each in remains(where) if each.finished}
    kept, _ = search(where, Search(), limit=100_000)
    assert load.answered <= {each.record["request"] for each in kept}
