"""The terms of a stream are those of the moment: another policy, a closed case, a field that nobody may ever hear of."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from gateway.errors import AccessError
from gateway.house import Graph, Question
from gateway.live.event import check_hearable, read_subscription
from gateway.policy import compile_policy, load_bundle
from tests.live.listening import SECONDS, Street
from tests.live.test_sse import REVOKED, revoke
from tests.scenarios.asking import ROOT, TODAY, Asker, World

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_under_a_new_epoch_a_stream_is_decided_anew(fresh: World, tmp_path: Path) -> None:
    """The agreement with the ports is gone when State revokes: the stream that was open under it is told nothing of it."""
    street, graph = Street(fresh), fresh.opened.graph
    schema = tmp_path / "schema"
    shutil.copytree(ROOT / "schema", schema)
    (schema / "agreements" / "state_ca-cbp-visa.toml").unlink()
    renewed = graph.under(compile_policy(load_bundle(schema), graph.supergraph))
    decided = asyncio.Event()

    def of_the_moment() -> Graph:
        decided.set()
        return renewed

    async with street.listen("cbp-primary-atl", REVOKED) as port:
        await port.next()
        street.app.state.live.graph = of_the_moment
        await revoke(fresh, "S2400001")
        async with asyncio.timeout(SECONDS):
            await decided.wait()
        street.clock.move(15)
        assert (await port.next()).name == ""  # a beat: the event was decided before it, and made no sound
    assert b"S2400001" not in port.whole


async def test_what_no_record_could_give_is_refused_at_once(fresh: World) -> None:
    """A caller of no role that any agreement names, past the view: refused by the policy as well."""
    graph = fresh.opened.graph
    caller = Asker(fresh).caller("cbp-primary-atl")
    operation = read_subscription(Question(REVOKED), caller, graph, TODAY)
    check_hearable(operation, caller, graph, TODAY, "1")
    with pytest.raises(AccessError) as raised:
        check_hearable(operation, Asker(fresh).caller("ero-officer"), graph, TODAY, "1")
    assert raised.value.code == "SUBSCRIPTION_DENIED"
