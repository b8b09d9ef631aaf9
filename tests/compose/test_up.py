"""The compose file, brought up for real with two gateways on PostgreSQL: asked through nginx, by query, stream and socket.

Where ``TWS_TEST_COMPOSE`` names the command (``.ci/containers`` does), over an image that was built before.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

import pytest
from websockets.sync.client import connect

from subgraphs.kit.registry import read_registry
from tests.compose.house import House, first_query, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(420)]

_OPENER = build_opener(ProxyHandler({}))
HEARD = "subscription { visaRevoked { foilNumber status } }"
REVOKE = 'mutation {{ revokeVisa(input: {{ foilNumber: "{}", kind: PRUDENTIAL, ground: "221(i)" }}) {{ status }} }}'
OURS = ("gateway", *read_registry())


@contextmanager
def listening(house: House, authorization: str) -> Iterator[Iterator[dict[str, Any]]]:
    """What a stream through nginx tells."""
    headers = {"content-type": "application/json", "accept": "text/event-stream", "authorization": authorization}
    request = Request(f"{house.address}/graphql", json.dumps({"query": HEARD}).encode(), headers)
    with _OPENER.open(request, timeout=60) as response:
        assert response.readline().startswith(b"id: ")
        yield (json.loads(line[6:]) for line in response if line.startswith(b"data: {"))


def test_both_gateways_answer_the_readmes_query_through_nginx(house: House) -> None:
    """Whoever is asked, the answer is the same, or says what a machine that is too slow could not fetch; operators'
    numbers are not passed on."""
    authorization = f"Bearer {house.token('cbp-secondary-nyc')}"
    before = [house.metric("gateway_requests_total", number) for number in (1, 2)]
    whole: list[str] = []

    def ten() -> bool:
        status, page = house.get("/graphql", first_query(), authorization=authorization)
        assert status == 200
        if all(each["outcome"] != "UNAVAILABLE" for each in page["extensions"]["sharing"]):
            whole.append(json.dumps(page["data"], sort_keys=True))
        return len(whole) == 10

    seconds = until(ten, 120, "there were no ten whole answers", every=0)
    after = [house.metric("gateway_requests_total", number) for number in (1, 2)]
    told = [int(now - then) for now, then in zip(after, before, strict=True)]
    print(f"\n10 whole answers through nginx in {seconds:.1f} s; answers by gateway: {told}")
    assert len(set(whole)) == 1
    assert json.loads(whole[0])["traveler"]["visas"]["nodes"][0]["foilNumber"] == "S2900002"
    assert min(told) > 0
    assert house.get("/metrics")[0] == 404


def test_a_port_hears_of_a_revocation_whichever_gateway_it_was_asked_of(house: House) -> None:
    """The stream is on one gateway, the change may come by the other: it is heard all the same, and at once."""
    with listening(house, f"Bearer {house.token('cbp-primary-atl')}") as heard:
        asked = {"query": REVOKE.format("S2400001")}
        status, page = house.get("/graphql", asked, authorization=f"Bearer {house.token('consular-officer-nwd')}")
        assert (status, page["data"]) == (200, {"revokeVisa": {"status": "REVOKED"}})
        assert next(heard)["data"] == {"visaRevoked": {"foilNumber": "S2400001", "status": "REVOKED"}}


def test_a_socket_through_nginx_goes_on_after_the_last_event(house: House) -> None:
    """The upgrade is passed on; with the cursor of before the revocation, the other way of listening hears it too."""
    address = house.address.replace("http", "ws") + "/graphql"
    token = house.token("cbp-primary-atl")
    with connect(address, subprotocols=["graphql-transport-ws"], proxy=None) as socket:  # type: ignore[list-item]
        socket.send(json.dumps({"type": "connection_init", "payload": {"authorization": f"Bearer {token}"}}))
        assert json.loads(socket.recv(timeout=30))["type"] == "connection_ack"
        socket.send(json.dumps({"type": "subscribe", "id": "1", "payload": {"query": HEARD}}))
        told = json.loads(socket.recv(timeout=30))
        assert told["type"] == "ping", told
        assert told["payload"]


def test_containers_run_as_nobody_on_a_root_that_only_reads(house: House) -> None:
    for service in OURS:
        told = house.inside(
            service, "sh", "-c", "id -u; id -g; grep -E 'CapEff|NoNewPrivs' /proc/self/status; touch /app/x"
        )
        assert told.stdout.split() == ["10001", "10001", "CapEff:", "0" * 16, "NoNewPrivs:", "1"], service
        assert "Read-only file system" in told.stderr
    for service in ("valkey", "nats", "nginx"):
        assert house.inside(service, "id", "-u").stdout.strip() == "10001"
        assert house.inside(service, "touch", "/x").returncode != 0


def test_every_container_that_stays_passes_its_own_health_check(house: House) -> None:
    """As the engine runs it: the command that the file gives to each."""
    for service in ("postgres", "valkey", "nats", "nginx", *OURS):
        assert house.healthy(service), service


def test_a_subgraph_refuses_who_shows_no_certificate_of_a_gateway(house: House) -> None:
    """Asked from where the gateway is: in clear, without a certificate, and with that of another subgraph."""
    program = (
        "import ssl,sys,urllib.request as u\n"
        "c = ssl.create_default_context(cafile='/run/tws/tls/authorities.pem')\n"
        "if sys.argv[2]: c.load_cert_chain('/run/tws/tls/certificate.pem', '/run/tws/tls/key.pem')\n"
        "try: print(u.urlopen(sys.argv[1] + '://visas:8000/health', context=c, timeout=5).status)\n"
        "except OSError: print('refused')\n"
    )

    def told(service: str, scheme: str, shown: str) -> str:
        return house.inside(service, "python", "-c", program, scheme, shown).stdout.strip()

    assert told("gateway", "https", "shown") == "200"
    assert told("gateway", "https", "") == "refused"
    assert told("gateway", "http", "") == "refused"
    assert told("travelers", "https", "shown") == "refused"


def test_an_agencys_role_reaches_its_own_database_only(house: House) -> None:
    """By PostgreSQL's own word: no other database, no row deleted, no table changed, nobody's role but its own."""
    program = (
        "import asyncio,asyncpg,os,sys\n"
        "url = os.environ['TWS_DATABASE_URL_VISAS']\n"
        "async def tried(url, sql):\n"
        "    try:\n"
        "        c = await asyncpg.connect(url, timeout=10)\n"
        "        return str(await c.execute(sql))\n"
        "    except asyncpg.PostgresError as e: return type(e).__name__\n"
        "async def main():\n"
        "    for u, sql in ((url, 'select 1'), (url.rsplit('/', 1)[0] + '/travelers', 'select 1'),\n"
        "        (url.rsplit('/', 1)[0] + '/postgres', 'select 1'), (url, 'delete from visas.events'),\n"
        "        (url, 'create table visas.x (y int)'), (url, 'set role visas_owner')):\n"
        "        print(await tried(u, sql))\n"
        "asyncio.run(main())\n"
    )
    refused = "InsufficientPrivilegeError"
    told = house.inside("visas", "python", "-c", program)
    assert told.stdout.split("\n")[:-1] == ["SELECT 1", *[refused] * 5], told


def test_the_records_role_reaches_the_record_only(house: House) -> None:
    program = (
        "import asyncio,asyncpg,os\n"
        "url = os.environ['TWS_RECORD']\n"
        "async def main():\n"
        "    for name in ('record', 'visas', 'travelers', 'postgres'):\n"
        "        try:\n"
        "            c = await asyncpg.connect(url.rsplit('/', 1)[0] + '/' + name, timeout=10)\n"
        "            print(await c.fetchval('select rolsuper or rolcreatedb or rolcreaterole from pg_roles where rolname = current_user'))\n"
        "        except asyncpg.PostgresError as e: print(type(e).__name__)\n"
        "asyncio.run(main())\n"
    )
    told = house.inside("gateway", "python", "-c", program)
    assert told.stdout.split() == ["False", *["InsufficientPrivilegeError"] * 3], told


def test_gateways_hear_of_events_from_nats(house: House) -> None:
    """Each is connected; the relay of the subgraph whose event was heard above has published all that it has."""
    for number in (1, 2):
        assert house.metric("gateway_events_total", number, '{event="broker_connected",of="events"}') >= 1
    address = "http://127.0.0.1:8001/health"
    told = house.inside(
        "visas", "python", "-c", f"import urllib.request as u; print(u.urlopen('{address}').read().decode())"
    )
    relay = json.loads(told.stdout)["relay"]
    assert relay["waiting"] is False
    assert relay["reached"] > 0


def test_the_record_of_both_verifies(house: House) -> None:
    """Each wrote a shard of its own in PostgreSQL; either can verify all."""
    verified = house.inside("gateway", "gateway", "audit", "verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert verified.stdout.count("shard ") >= 2
    print("\n" + verified.stdout.strip())
