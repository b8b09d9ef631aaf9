"""Running a program: decode strictly, merge columns, encode the root. Whatever deviates ends the attempt.

Loops run in C (``map``, ``attrgetter``, ``setattr``); every count is checked before lists are zipped.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Mapping
from itertools import chain, repeat
from typing import Any

import msgspec

from gateway.errors import FetchError
from gateway.execution.columnar.program import Asking, Calling, Program
from gateway.execution.columnar.replay import Replay
from gateway.execution.compiled import CompiledFetch
from gateway.execution.execute import Budget
from gateway.execution.transport import SubgraphRequest, SubgraphResponse, Transport
from gateway.execution.wire import encode

__all__ = ["Run"]

_from_lists = chain.from_iterable
_NO_ERRORS = (b"null", b"[]")


class _Deviation(Exception):  # noqa: N818 (no error: the reference executor goes on from here)
    """An answer, or the lack of one, that is for the reference executor to deal with."""


def _drain(items: Iterable[Any]) -> None:
    deque(items, maxlen=0)


class Run:
    """One attempt. ``heard`` has what subgraphs said, whatever becomes of it; ``deviated`` names whose answer it was."""

    def __init__(self, program: Program, variables: Mapping[str, Any], transport: Transport, budget: Budget) -> None:
        self.program = program
        self.variables = variables
        self.transport = transport
        self.budget = budget
        self.heard = Replay(transport)
        self.deviated = ""
        self.fetched = 0
        self.entities = 0
        self.executions = 0
        self._root = program.root()
        self._objects: list[list[Any] | None] = [None] * len(program.walks)
        self._objects[0] = [self._root]
        self._rows: dict[tuple[int, int], list[Any]] = {}
        self._waiting = [each.waits for each in program.fetches]

    async def answer(self) -> bytes | None:
        """The whole answer as JSON; None where something deviated."""
        ready = [each for each in self.program.fetches if each.waits == 0]
        if len(ready) == 1:
            ready = await self._chain(ready[0])
        if ready:
            await self._side_by_side(ready)
        if self.deviated:
            return None
        for number, names in self.program.hidden:
            objects = self._at(number)
            for name in names:
                _drain(map(setattr, objects, repeat(name), repeat(msgspec.UNSET)))
        return encode(self.program.envelope(f0=self._root))

    async def _side_by_side(self, ready: list[CompiledFetch]) -> None:
        """Run several fetches at once, each with what follows from it; nothing is left running when this ends."""
        try:
            async with asyncio.TaskGroup() as group:
                for each in ready[1:]:
                    group.create_task(self._all_of(each, group))
                await self._all_of(ready[0], group)
        except BaseExceptionGroup as problems:
            raise problems.exceptions[0] from None

    async def _all_of(self, compiled: CompiledFetch, group: asyncio.TaskGroup) -> None:
        more = await self._chain(compiled)
        while more:
            for each in more[1:]:
                group.create_task(self._all_of(each, group))
            more = await self._chain(more[0])

    async def _chain(self, compiled: CompiledFetch) -> list[CompiledFetch]:
        """Run one fetch and those that follow one by one; returns where it branches."""
        while True:
            call = self.program.calls[compiled.fetch.id]
            if call is not None:
                try:
                    await self._call(call)
                except _Deviation:
                    self.deviated = self.deviated or compiled.fetch.subgraph
            if self.deviated:
                return []
            ready: list[CompiledFetch] = []
            for number in compiled.dependents:
                self._waiting[number] -= 1
                if self._waiting[number] == 0:
                    ready.append(self.program.fetches[number])
            if len(ready) != 1:
                return ready
            compiled = ready[0]

    async def _call(self, call: Calling) -> None:
        compiled = call.compiled
        self.executions += compiled.fields
        if self.executions > self.budget.executions:
            raise _Deviation
        values = [name + encode(self.variables[key]) for key, name in compiled.variables if key in self.variables]
        if not call.asking:
            data = await self._ask(call, values)
            for fill in call.roots:
                setattr(self._root, fill.attribute, fill.get(data))
            return
        gathered = [self._gather(asking) for asking in call.asking]
        count = sum(len(asked) for asked, _, _ in gathered)
        if not count:
            for place in range(len(gathered)):
                self._rows[compiled.fetch.id, place] = []
            self._check_unasked(call, gathered)
            return
        self.entities += count
        self.executions += sum(
            len(asked) * asking.fields for asking, (asked, _, _) in zip(call.asking, gathered, strict=True)
        )
        if self.entities > self.budget.entities or self.executions > self.budget.executions:
            raise _Deviation
        values.extend(asking.variable + body for asking, (_, body, _) in zip(call.asking, gathered, strict=True))
        data = await self._ask(call, values)
        for place, (asking, (asked, _, keys)) in enumerate(zip(call.asking, gathered, strict=True)):
            self._rows[compiled.fetch.id, place] = self._merge(asking, asking.rows(data), asked, keys)

    def _check_unasked(self, call: Calling, gathered: list[tuple[list[Any], bytes, list[list[Any]]]]) -> None:
        """Objects that cannot be asked about, and whose fields must not be null, are the reference executor's."""
        for asking, (_, _, keys) in zip(call.asking, gathered, strict=True):
            if asking.nothing is None and any(keys):
                raise _Deviation

    # -- asking

    def _gather(self, asking: Asking) -> tuple[list[Any], bytes, list[list[Any]]]:
        """The distinct keys to ask about, their representations as JSON, and the key of every object, spot by spot."""
        keys = [list(map(get, self._at(number))) for number, get, _ in asking.spots]
        kind, single = asking.representation, asking.width == 1
        if asking.plain:
            asked = list(dict.fromkeys(_from_lists(keys)))
            if asking.required and single:
                asked = [key for key in asked if key is not None]
            elif asking.required:
                asked = [key for key in asked if None not in [key[column] for column in asking.required]]
            made = map(kind, asked) if single or not asked else map(kind, *zip(*asked, strict=True))
            return asked, encode(list(made)), keys
        keys = [[self._encoded(asking, key) for key in each] for each in keys]
        asked = [key for key in dict.fromkeys(_from_lists(keys)) if key is not None]
        return asked, b"[" + b",".join(asked) + b"]", keys

    def _encoded(self, asking: Asking, key: Any) -> bytes | None:
        """A representation as JSON, which is what tells objects apart where equal values may differ in their JSON."""
        values = (key,) if asking.width == 1 else key
        if any(values[column] is None for column in asking.required):
            return None
        return encode(asking.representation(*values))

    async def _ask(self, call: Calling, values: list[bytes]) -> Any:
        """Send one request and decode the data of its answer."""
        fetch = call.compiled.fetch
        request = SubgraphRequest(
            fetch.subgraph,
            call.compiled.prefix + b",".join(values) + b"}}",
            fetch.coordinates,
            fetch.lookup and fetch.kind != "mutation",
        )
        self.fetched += 1
        try:
            response = await self.transport.send(request)
        except (FetchError, OSError, TimeoutError) as error:
            self.heard.note(request, error)
            raise _Deviation from None
        self.heard.note(request, response)
        if self.deviated:  # meanwhile; nobody will read this
            raise _Deviation
        return self._decode(call, response)

    def _decode(self, call: Calling, response: SubgraphResponse) -> Any:
        body = response.body
        if len(body) > self.budget.answer_bytes or not 200 <= response.status < 300:
            raise _Deviation
        try:
            if not body.isascii():
                body.decode()  # what the decoder skips or keeps raw, it does not check
            envelope = call.decode(body)
        except (msgspec.DecodeError, ValueError, RecursionError):
            raise _Deviation from None
        if bytes(envelope.f1) not in _NO_ERRORS:
            raise _Deviation
        return envelope.f0

    # -- merging

    def _merge(self, asking: Asking, rows: list[Any], asked: list[Any], keys: list[list[Any]]) -> list[Any]:
        """Set what ``rows`` bring on every object they are about; returns the rows there are."""
        if len(rows) != len(asked):
            raise _Deviation
        brought = rows
        whole = None not in rows
        if not whole:
            brought = [row for row in rows if row is not None]
            rows = [asking.nothing if row is None else row for row in rows]
        by_key = dict(zip(asked, rows, strict=True))
        for (number, _, fills), key in zip(asking.spots, keys, strict=True):
            objects = self._at(number)
            if key == asked:
                matched = rows
            else:
                matched = list(map(by_key.get, key, repeat(asking.nothing)))
                whole = whole and None not in matched
            if not whole and asking.nothing is None and None in matched:
                raise _Deviation
            for fill in fills:
                _drain(map(setattr, objects, repeat(fill.attribute), map(fill.get, matched)))
        return brought

    def _at(self, number: int) -> list[Any]:
        """The objects at a spot, in document order."""
        known = self._objects[number]
        if known is not None:
            return known
        walk = self.program.walks[number]
        if walk is None:
            raise AssertionError("the root is always known")
        parents = self._at(walk.parent) if walk.batch is None else self._rows[walk.batch]
        found: Any = map(walk.get, parents)
        for _ in range(walk.depth):
            found = _from_lists(filter(None, found))
        objects = list(filter(None, found))
        if walk.shared is not None:
            objects = self._share(walk.attribute, walk.shared, parents, objects)
        self._objects[number] = objects
        return objects

    def _share(self, attribute: str, key: Any, parents: list[Any], objects: list[Any]) -> list[Any]:
        """Put one object in the place of all that are equal to it; returns those that are left."""
        if len(parents) != len(objects):
            parents = [parent for parent in parents if getattr(parent, attribute) is not None]
        keys = list(map(key, objects))
        known = dict(zip(keys, objects, strict=True))
        if len(known) != len(objects):
            _drain(map(setattr, parents, repeat(attribute), map(known.__getitem__, keys)))
        return list(known.values())
