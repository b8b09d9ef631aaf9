"""docker-compose.yml and what it needs, read as files: it is brought up by hand (docs/operations.md)."""

from __future__ import annotations

import asyncio
import re
import shutil
import socket
import subprocess
import tomllib
from pathlib import Path
from shutil import copytree
from typing import Any

import nats
import pytest
import yaml  # type: ignore[import-untyped]  # its stubs are a package of their own

from gateway.config import Settings
from gateway.limits import DoorLimits
from tests.broker import NatsServer, running_nats

ROOT = Path(__file__).resolve().parents[2]
SECRET = re.compile(r"(?i)(password|secret|token|private)[\w-]*\s*[:=]\s*[\"']?[^\s\"'$\\{]")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    assert isinstance(loaded, dict)
    return loaded


@pytest.fixture(scope="module")
def subgraphs() -> list[str]:
    registry = tomllib.loads((ROOT / "schema" / "registry.toml").read_text(encoding="utf-8"))
    return list(registry["subgraphs"])


def test_every_subgraph_is_a_service_that_runs_itself(compose: dict[str, Any], subgraphs: list[str]) -> None:
    assert set(compose["services"]) == {
        *("certificates", "postgres", "data", "gateway", "nginx", "valkey", "nats"),
        *("collector", "prometheus", "grafana"),  # the profile observability: test_observability.py
        *subgraphs,
    }
    for name in subgraphs:
        assert compose["services"][name]["command"] == ["subgraph", name]


def test_the_gateway_asks_each_subgraph_where_it_is(compose: dict[str, Any], subgraphs: list[str]) -> None:
    environment = compose["services"]["gateway"]["environment"]
    urls = {key: value for key, value in environment.items() if key.startswith("TWS_URL_")}
    assert urls == {f"TWS_URL_{name.upper()}": f"https://{name}:8000/graphql" for name in subgraphs}
    assert environment["TWS_SUBGRAPH_TRANSPORT"] == "http"


def test_only_nginx_and_the_dashboard_are_published_and_only_on_loopback(compose: dict[str, Any]) -> None:
    published = {name: service["ports"] for name, service in compose["services"].items() if service.get("ports")}
    assert set(published) == {"nginx", "grafana"}
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)


def test_private_keys_are_mounted_in_the_gateway_only(compose: dict[str, Any], subgraphs: list[str]) -> None:
    mounts = {name: service.get("volumes", []) for name, service in compose["services"].items()}
    assert [name for name, volumes in mounts.items() if any(v.startswith("gateway:") for v in volumes)] == ["gateway"]
    for name in subgraphs:
        assert mounts[name] == ["public-keys:/run/tws/public:ro", f"tls-{name}:/run/tws/tls:ro"]


def test_each_has_its_own_certificate_and_nobody_the_authoritys_key(
    compose: dict[str, Any], subgraphs: list[str]
) -> None:
    """What the job issues for a name is mounted where that name is served, and nowhere else; the job reaches nobody."""
    services = compose["services"]
    holders = {
        volume: sorted(name for name, service in services.items() if any(v.startswith(f"{volume}:") for v in service.get("volumes", [])))
        for volume in compose["volumes"]
        if volume.startswith("tls-") or volume == "authority"
    }  # fmt: skip
    assert holders == {
        "authority": ["certificates"],
        **{f"tls-{name}": sorted(("certificates", name)) for name in ("gateway", *subgraphs)},
    }
    assert services["certificates"]["network_mode"] == "none"
    assert "networks" not in services["certificates"]
    environment = services["gateway"]["environment"]
    named = [environment[f"TWS_SUBGRAPH_{each}"] for each in ("CA", "CERTIFICATE", "KEY")]
    assert named == [f"/run/tws/tls/{each}.pem" for each in ("authorities", "certificate", "key")]
    assert all(services[name]["environment"]["TWS_TLS"] == "/run/tws/tls" for name in subgraphs)


def test_who_can_reach_whom(compose: dict[str, Any], subgraphs: list[str]) -> None:
    """The gateway reaches PostgreSQL for the record and no agency's side of it; only nginx's network leads outside."""
    services = compose["services"]
    reached = {name: set(service.get("networks", ())) for name, service in services.items()}
    assert reached["gateway"] & reached["postgres"] == {"record"}
    for name in subgraphs:
        assert reached[name] == {"agencies", "databases", "events"}
        assert reached[name] & reached["gateway"] == {"agencies", "events"}
    assert reached["nats"] == {"events"}
    assert reached["nginx"] == {"edge"}
    inside = {name for name, network in compose["networks"].items() if network.get("internal")}
    assert set(compose["networks"]) - inside == {"edge", "desk"}


def test_as_many_gateways_may_run_as_are_wanted(compose: dict[str, Any]) -> None:
    """None of them holds a name or a port of the host; they share a store; nginx finds each by the name they share."""
    gateway = compose["services"]["gateway"]
    assert not {"ports", "container_name", "hostname"} & set(gateway)
    assert gateway["environment"]["TWS_VALKEY"] == "redis://valkey:6379/0"
    assert set(gateway["networks"]) & set(compose["services"]["valkey"]["networks"]) == {"stores"}
    proxy = (ROOT / "deploy" / "nginx.conf").read_text(encoding="utf-8")
    assert "set $gateways gateway;" in proxy  # by a variable, so that it is looked up again
    assert "proxy_pass http://$gateways:4000;" in proxy
    assert "valid=1s" in compose["services"]["nginx"]["command"][2]
    assert "proxy_buffering off;" in proxy  # an event of a stream is not held back
    assert "non_idempotent" not in proxy  # what may have changed something is never sent twice
    drain, deadline = float(gateway["environment"]["TWS_DRAIN"]), DoorLimits().deadline
    assert int(gateway["stop_grace_period"].removesuffix("s")) > drain + deadline + 5  # docs/operations.md, Restarting
    assert "proxy_next_upstream error timeout" in proxy
    beat, patience = Settings().heartbeat, re.search(r"proxy_read_timeout (\d+)s;", proxy)
    assert patience is not None
    assert int(patience[1]) > 2 * beat
    assert re.search(r"location = /metrics \{ return 404; \}", proxy)


def test_our_containers_write_nowhere_and_have_no_capability(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        assert "no-new-privileges:true" in service["security_opt"], name
        if name != "postgres":
            assert service["read_only"] is True, name
            assert service["cap_drop"] == ["ALL"], name


def test_every_service_that_stays_has_a_health_check(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        assert ("disable" if name in ("certificates", "data", "collector") else "test") in service["healthcheck"], name


def test_each_container_is_given_its_own_secrets(compose: dict[str, Any], subgraphs: list[str]) -> None:
    given = {name: service.get("env_file", []) for name, service in compose["services"].items()}
    assert given == {
        "certificates": [],
        "collector": [],
        "prometheus": [],
        "nginx": [],
        "valkey": [],
        **{
            name: [f"deploy/secrets/{name}.env"]
            for name in ("postgres", "nats", "data", "gateway", "grafana", *subgraphs)
        },
    }


@pytest.mark.parametrize("name", ["docker-compose.yml", "Dockerfile", "deploy/entry.py"])
def test_no_secret_stands_in_a_file(name: str) -> None:
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if SECRET.search(line.split("#")[0])] == []


def test_the_secret_pattern_finds_secrets() -> None:
    assert SECRET.search("POSTGRES_PASSWORD: hunter2")
    assert SECRET.search("TWS_CURSOR_SECRET=abc")


def test_secrets_are_made_once_and_kept(tmp_path: Path, subgraphs: list[str]) -> None:
    folder = tmp_path / "deploy"
    folder.mkdir()
    (folder / "secrets.sh").write_bytes((ROOT / "deploy" / "secrets.sh").read_bytes())
    subprocess.run(["sh", str(folder / "secrets.sh")], check=True, capture_output=True)
    made = {path.name: path.read_text() for path in (folder / "secrets").iterdir()}
    assert set(made) == {
        *("postgres.env", "nats.env", "data.env", "gateway.env", "grafana.env"),
        *(f"{name}.env" for name in subgraphs),
    }
    passwords = re.findall(r"PASSWORD\w*=([0-9a-f]{48})$", made["postgres.env"], re.MULTILINE)
    assert len(set(passwords)) == 2 + 2 * len(subgraphs)
    assert "postgresql://record:" in made["gateway.env"]
    for name in subgraphs:
        assert f"postgresql://{name}:" in made[f"{name}.env"]
        assert f"postgresql://{name}_owner:" in made["data.env"]
        assert not any(other in made[f"{name}.env"] for other in subgraphs if other != name)
    told = dict(line.split("=") for line in made["nats.env"].splitlines())
    assert set(told) == {f"TWS_EVENTS_{name.upper()}" for name in ("gateway", *subgraphs)}
    assert len(set(told.values())) == len(told)
    for name in ("gateway", *subgraphs):
        assert f"TWS_EVENTS=nats://{name}:{told[f'TWS_EVENTS_{name.upper()}']}@nats:4222" in made[f"{name}.env"]
    assert all(path.stat().st_mode & 0o077 == 0 for path in (folder / "secrets").iterdir())
    copytree(folder / "secrets", tmp_path / "before")
    subprocess.run(["sh", str(folder / "secrets.sh")], check=True, capture_output=True)
    assert {path.name: path.read_text() for path in (folder / "secrets").iterdir()} == made


def test_secrets_of_an_earlier_version_are_told_of(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "postgres.env").write_text("POSTGRES_PASSWORD=old\n")
    (tmp_path / "secrets.sh").write_bytes((ROOT / "deploy" / "secrets.sh").read_bytes())
    done = subprocess.run(["sh", str(tmp_path / "secrets.sh")], check=False, capture_output=True, text=True)
    assert (done.returncode, "earlier version" in done.stdout) == (1, True)
    assert [path.name for path in (tmp_path / "secrets").iterdir()] == ["postgres.env"]


def test_who_may_publish_what(subgraphs: list[str], tmp_path: Path) -> None:
    """The server itself, under the file's users: a subgraph's own events and nobody else's; gateways read, and publish none."""
    folder = tmp_path / "secrets"
    shutil.copy(ROOT / "deploy" / "secrets.sh", tmp_path)
    subprocess.run(["sh", str(tmp_path / "secrets.sh")], check=True, capture_output=True)
    passwords = dict(line.split("=") for line in (folder / "nats.env").read_text().splitlines())
    page = (ROOT / "deploy" / "nats.conf").read_text().replace('store_dir: "/tmp/jetstream", ', "")
    page = page.replace('http: "127.0.0.1:8222"', "")
    for name in sorted(passwords, key=len, reverse=True):
        page = page.replace(f"${name},", f"{passwords[name]},")
    (tmp_path / "nats.conf").write_text(page)
    with running_nats(tmp_path / "server", "--config", str(tmp_path / "nats.conf")) as server:
        for name in subgraphs:
            told = asyncio.run(_tried(server, name, passwords[f"TWS_EVENTS_{name.upper()}"], subgraphs))
            assert told == {f"tws.events.{name}.X.0"}, name
        assert asyncio.run(_tried(server, "gateway", passwords["TWS_EVENTS_GATEWAY"], subgraphs)) == set()
        with (
            socket.create_connection(("127.0.0.1", server.port), timeout=10) as stranger,
            stranger.makefile("rb") as said,
        ):
            said.readline()  # who the server is
            stranger.sendall(b'CONNECT {"user": "visas", "pass": "guessed", "verbose": false}\r\nPING\r\n')
            assert said.readline() == b"-ERR 'Authorization Violation'\r\n"


async def _tried(server: NatsServer, user: str, password: str, subgraphs: list[str]) -> set[str]:
    """The subjects, one of each subgraph, that ``user`` may publish to; each has a stream where its own user made it."""
    refused: list[str] = []

    async def note(problem: Exception) -> None:
        refused.append(str(problem))

    client = await nats.connect(
        server.url, user=user, password=password, error_cb=note, max_reconnect_attempts=0, allow_reconnect=False
    )
    try:
        if user in subgraphs:
            subjects = [f"tws.events.{user}.>"]
            await client.jetstream().add_stream(name=f"tws-events-{user}", subjects=subjects)
        subjects = [f"tws.events.{name}.X.0" for name in subgraphs]
        for subject in subjects:
            await client.publish(subject, b"{}")
            await client.flush()
        await client.flush()  # what was refused is told in a task of its own
        return {each for each in subjects if not any(f'"{each.lower()}"' in said.lower() for said in refused)}
    finally:
        await client.close()


def test_secrets_are_neither_committed_nor_built_in() -> None:
    assert "secrets/" in (ROOT / "deploy" / ".gitignore").read_text().splitlines()
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert "*" in ignored
    assert not any(line in ("!deploy", "!deploy/secrets") for line in ignored)


def test_each_agency_has_a_database_an_owner_and_a_role_that_cannot_delete(subgraphs: list[str]) -> None:
    script = (ROOT / "deploy" / "postgres" / "10-agencies.sh").read_text(encoding="utf-8")
    listed = re.search(r"^for name in (.+); do$", script, re.MULTILINE)
    assert listed is not None
    assert listed[1].split() == subgraphs
    assert 'CREATE DATABASE :"name" OWNER :"owner"' in script
    assert 'REVOKE ALL ON DATABASE :"name" FROM PUBLIC' in script
    granted = re.findall(r'GRANT ([A-Z, ]+) ON (\w+)[^;]* TO :"name";', script)
    assert re.findall(r"LOGIN PASSWORD (\S+);", script) == [":'owner_password'", *[":'own_password'"] * 2]
    assert "REVOKE ALL ON DATABASE record FROM PUBLIC" in script
    assert re.findall(r"GRANT ([A-Z, ]+) ON [^;]* TO record;", script) == ["CONNECT, CREATE"]
    assert granted == [
        ("CONNECT", "DATABASE"),
        ("USAGE", "SCHEMAS"),
        ("SELECT, INSERT, UPDATE", "TABLES"),
        ("USAGE", "SEQUENCES"),
    ]


def test_the_image_is_not_run_by_root_and_its_base_can_be_chosen() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert dockerfile.count("ARG BASE=python:3.11-slim") == 1
    assert re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE) == ["${BASE}", "${BASE}"]
    assert re.findall(r"^USER (\S+)", dockerfile, re.MULTILINE) == ["10001:10001"]
    assert "--require-hashes" in dockerfile
    assert "HEALTHCHECK" in dockerfile
