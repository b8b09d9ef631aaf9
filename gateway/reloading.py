"""A new policy without a restart: read and compiled beside the old one, then in force from one instant on.

Requests under way keep the graph they began with, and so their epoch. A bundle that is wrong changes nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from gateway.audit import AuditRecord, operator
from gateway.errors import GatewayError
from gateway.house import Graph
from gateway.identity import Known
from gateway.opening import OpenHouse, Reloaded, check_flows
from gateway.policy import Policy, compile_policy, load_bundle
from gateway.warming import asked_by_everyone, warm_beside

__all__ = ["made_ready", "on_hangup", "on_record", "reload", "reloading_on_hangup", "swap"]

_LOG = logging.getLogger("gateway.policy")


async def reload(opened: OpenHouse) -> Reloaded:
    """How reading the policy anew went. Never raises: what is wrong is in the result, ``opened.reloaded`` and the log.

    The files are read and compiled in a thread, while requests are answered. The change is on record before the first
    answer under it; then graph and known callers are exchanged in one step, and those who asked to know of new epochs
    (``opened.at_new_epoch``) are told. Before that, what was asked lately is made ready beside the old policy, for no longer
    than a few seconds. The supergraph is not read anew: that takes a restart.
    """
    async with opened.reloading:
        old, at = opened.graph, opened.house.clock()
        try:
            graph = await asyncio.to_thread(_compiled, opened, old, at)
            if graph is not old:
                await made_ready(opened, old, graph, at)
                await on_record(opened, old.policy, graph, at)
        except Exception as problem:  # whatever is wrong with the files, the gateway goes on as it was
            code = problem.code if isinstance(problem, GatewayError) else type(problem).__name__
            opened.reloaded = Reloaded(at, old.policy.epoch, code, str(problem))
            _LOG.error("policy not reloaded, still %s: %s: %s", old.policy.epoch, code, problem)
            return opened.reloaded
        opened.reloaded = Reloaded(at, graph.policy.epoch)
        if graph is not old:
            await asyncio.to_thread(opened.keep_epoch, graph, at)
            swap(opened, graph)
            _LOG.warning("policy reloaded: %s, before %s", graph.policy.epoch, old.policy.epoch)
        return opened.reloaded


def _compiled(opened: OpenHouse, old: Graph, at: datetime) -> Graph:
    policy = compile_policy(load_bundle(opened.settings.schema), old.supergraph)
    check_flows(old.supergraph, policy, at)
    return old if policy.epoch == old.policy.epoch else old.under(policy)


async def made_ready(opened: OpenHouse, old: Graph, graph: Graph, at: datetime) -> None:
    """Nothing, once what may take a while was tried: work out for ``graph`` what was asked lately, and what the file of operations names: nobody waits for it then."""
    asked = (*old.lately(), *asked_by_everyone(graph, opened.warm))
    try:
        await warm_beside(graph, asked, at)
    except Exception:  # a policy goes live without it, only slower
        _LOG.exception("operations were not made ready")


def swap(opened: OpenHouse, graph: Graph) -> None:
    """Nothing; from now on requests that begin are answered under ``graph``, and who asked to know has been told."""
    # no await in here: on the event loop this is one instant
    if opened.tokens is not None:
        opened.tokens = replace(opened.tokens, known=Known.of(graph.policy.vocabulary))
    opened.graph = graph
    for told in tuple(opened.new_epoch):
        try:
            told(graph)
        except Exception:  # one listener's fault keeps no other from knowing
            _LOG.exception("a listener to new epochs failed")


async def on_record(
    opened: OpenHouse, old: Policy, graph: Graph, at: datetime, more: tuple[tuple[str, str], ...] = ()
) -> None:
    """Nothing, once the change is on record with what it changes and ``more``. Raises ``RecordUnavailable``."""
    if opened.house.record is None:
        return
    await opened.house.record.append(
        AuditRecord(
            request_id=f"epoch {opened.house.new_id()}",
            at=at,
            caller=operator("policy"),
            epoch=graph.policy.epoch,
            supergraph=graph.hash,
            kind="epoch",
            note=(("before", old.epoch), ("agreements", _changed(old, graph.policy) or "unchanged"), *more),
        )
    )


def _changed(old: Policy, new: Policy) -> str:
    """The agreements that are new, gone or otherwise, by id and version; ``""`` where only laws or words changed."""
    before = {each.id: each for each in old.agreements}
    after = {each.id: each for each in new.agreements}
    told = [f"+{each.id}@{each.version}" for name, each in sorted(after.items()) if name not in before]
    told += [f"-{each.id}@{each.version}" for name, each in sorted(before.items()) if name not in after]
    told += [
        f"{name}@{before[name].version}->{each.version}"
        for name, each in sorted(after.items())
        if name in before and before[name] != each
    ]
    return ", ".join(told)


@dataclass(slots=True)
class _Hangup:
    """What SIGHUP does: start ``work``, and keep hold of it until it is done."""

    work: Callable[[], Coroutine[Any, Any, object]]
    running: set[asyncio.Task[object]]

    def __call__(self) -> None:
        task = asyncio.get_running_loop().create_task(self.work())
        self.running.add(task)
        task.add_done_callback(self.running.discard)


def reloading_on_hangup(opened: OpenHouse) -> AbstractContextManager[None]:
    """While inside, SIGHUP reads the policy anew."""
    return on_hangup(lambda: reload(opened))


@contextlib.contextmanager
def on_hangup(work: Callable[[], Coroutine[Any, Any, object]]) -> Iterator[None]:
    """While inside, SIGHUP starts ``work``; where signals cannot be had (another thread, Windows), nothing does."""
    loop = asyncio.get_running_loop()
    try:
        loop.add_signal_handler(signal.SIGHUP, _Hangup(work, set()))
    except (AttributeError, NotImplementedError, RuntimeError, ValueError):
        yield
        return
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGHUP)
