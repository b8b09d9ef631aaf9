"""Running a plan: each fetch as soon as what it needs is there, its answer merged into one tree.

Nothing a subgraph does stops the others: a fetch that fails is a ``FetchFailure``, and the fetches that would have read
its values find nothing to ask about.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeAlias
from weakref import WeakKeyDictionary

from graphql import GraphQLSchema

from gateway.errors import FetchError
from gateway.execution.compiled import CompiledBatch, CompiledFetch, compile_copies, compile_plan
from gateway.execution.contexts import MOST_COPIES, Handed, handed_down
from gateway.execution.lacking import lacking
from gateway.execution.merge import Merger
from gateway.execution.paths import fields_at, find, trace
from gateway.execution.reading import MESSAGES, ErrorEntry, SubgraphAnswer, read_answer, read_result
from gateway.execution.representations import Gathered, gather, pruned
from gateway.execution.result import FetchFailure, Merged, ResponsePath
from gateway.execution.transport import SubgraphRequest, Transport
from gateway.execution.wire import encode
from gateway.operation.model import Condition
from gateway.planning.plan import Fetch, Input, Path, Plan
from gateway.supergraph import Supergraph

__all__ = ["Budget", "Gate", "execute", "source_request"]

# places one failure names; beyond that a client learns nothing from more
_MAX_PATHS = 5_000


@dataclass(frozen=True, slots=True)
class Budget:
    """What one operation may cost: representations sent in all, bytes one subgraph answer may have, and fields asked
    for: those that a fetch selects, once for each representation it sends.
    """

    entities: int = 50_000
    answer_bytes: int = 32_000_000
    executions: int = 1_000_000


_DEFAULT_BUDGET = Budget()


async def execute(
    plan: Plan,
    supergraph: Supergraph,
    variables: Mapping[str, Any],
    transport: Transport,
    budget: Budget = _DEFAULT_BUDGET,
    gate: Gate | None = None,
    event: Mapping[str, Any] | None = None,
) -> Merged:
    """The merged data of every fetch of ``plan``, and what failed; never raises for what a subgraph did.

    ``variables`` are the operation's, coerced. Values lie under storage keys (see ``gateway.planning.plan``). ``gate``
    says, before each entity fetch, which objects it may ask about; the others are left as they are. ``event`` is one
    result of a subscription's source, decoded (``{"data": ..., "errors": ...}``): it stands for the answer of the
    plan's first fetch, which is not sent then. How the source is opened: see ``source_request``.
    """
    run = _Run(plan, supergraph, variables, transport, budget, gate)
    run.event = event
    await run.everything()
    run.merged.failures = tuple(run.failures)
    return run.merged


def source_request(plan: Plan, variables: Mapping[str, Any]) -> SubgraphRequest:
    """What opens the source of a subscription's ``plan`` at its subgraph; ``variables`` are the operation's, coerced.

    Its body is the usual JSON with ``query`` and ``variables``. Raises ``ValueError`` for any other plan.
    """
    if plan.source is None:
        raise ValueError("only the plan of a subscription has a source")
    return compile_plan(plan).fetches[plan.source.id].request(variables)


class Gate(Protocol):
    """Decides which objects an entity fetch may ask about.

    Behind a gate every value that misses is told of: what could not be asked for because an earlier fetch failed too.
    """

    async def admit(
        self, coordinates: Sequence[str], objects: Sequence[tuple[str, dict[str, Any]]]
    ) -> Sequence[bool | None]:
        """For each (type name, object), whether a fetch that selects ``coordinates`` may ask about it.

        None: nobody can say, because a fact could not be had. It is not asked about, and misses its value.
        """
        ...


class _Run:
    """One execution: the tree as far as it has grown, what failed, and what is still to come."""

    def __init__(
        self,
        plan: Plan,
        supergraph: Supergraph,
        variables: Mapping[str, Any],
        transport: Transport,
        budget: Budget,
        gate: Gate | None,
    ) -> None:
        self.gate = gate
        self.fetches = compile_plan(plan).fetches
        self.types = _type_names(supergraph)
        self.variables = variables
        self.transport = transport
        self.budget = budget
        self.merged = Merged({})
        self.executions = 0
        self.failures: dict[FetchFailure, None] = {}  # in order, each once
        self.waiting = [each.waits for each in self.fetches]
        self.event: Mapping[str, Any] | None = None

    async def everything(self) -> None:
        """Run every fetch, each once all those it depends on are done."""
        ready = [each for each in self.fetches if each.waits == 0]
        try:
            async with asyncio.TaskGroup() as group:
                for each in ready[1:]:
                    group.create_task(self._chain(each, group))
                if ready:
                    await self._chain(ready[0], group)
        except BaseExceptionGroup as problems:
            raise problems.exceptions[0] from None

    async def _chain(self, compiled: CompiledFetch | None, group: asyncio.TaskGroup) -> None:
        """Run a fetch and then what became ready through it: the first here, the others in tasks of their own."""
        while compiled is not None:
            await self._fetch(compiled)
            ready: list[CompiledFetch] = []
            for number in compiled.dependents:
                self.waiting[number] -= 1
                if self.waiting[number] == 0:
                    ready.append(self.fetches[number])
            for each in ready[1:]:
                group.create_task(self._chain(each, group))
            compiled = ready[0] if ready else None

    async def _fetch(self, compiled: CompiledFetch) -> None:
        """One fetch from its inputs to the merged answer."""
        if not self._hold(compiled.conditions):
            return
        fetch = compiled.fetch
        values: list[bytes] = []
        if compiled.contextual:
            compiled, gathered, values = await self._gather_apart(compiled)
        else:
            gathered = [await self._gather(batch, fetch) for batch in compiled.batches]
        count = sum(len(each.encoded) for each in gathered)
        targets = () if compiled.batches else find(self.merged.data, fetch.path)
        if not (count or targets):
            return
        self.merged.entities += count
        self.executions += compiled.fields
        self.executions += sum(
            len(each.encoded) * batch.fields for batch, each in zip(compiled.batches, gathered, strict=False)
        )  # where more copies of a batch were gathered than one request takes, nothing is asked
        try:
            if self._spent() or len(gathered) > MOST_COPIES:
                raise FetchError("SUBGRAPH_NOT_ASKED", "")
            answer = await self._ask(compiled, gathered, values)
        except (FetchError, OSError, TimeoutError) as error:
            self._fail(compiled.fetch, _code(error), self._whole(compiled))
            return
        self._report(answer, compiled, gathered)
        if answer.data is None:
            return
        if compiled.batches:
            for batch, each in zip(compiled.batches, gathered, strict=True):
                self._merge_entities(answer, batch, each, compiled)
        else:
            self._merge_root(answer.data, targets, compiled)

    def _spent(self) -> bool:
        """Whether the budget of the operation is used up."""
        return self.merged.entities > self.budget.entities or self.executions > self.budget.executions

    def _hold(self, conditions: Iterable[Condition]) -> bool:
        return all(condition.holds(self.variables) for condition in conditions)

    async def _gather(self, compiled: CompiledBatch, fetch: Fetch) -> Gathered:
        objects = await self._objects(compiled, fetch)
        return gather(objects, self._inputs(compiled)) if objects else Gathered()

    async def _gather_apart(self, compiled: CompiledFetch) -> tuple[CompiledFetch, list[Gathered], list[bytes]]:
        """The fetch with a copy of each batch for every distinct set of contextual values, and those values."""
        gathered: list[Gathered] = []
        copies: list[int] = []
        values: list[bytes] = []
        for batch in compiled.batches:
            groups: dict[Handed, list[dict[str, Any]]] = {}
            handed = handed_down(self.merged.data, batch.batch)
            for item in await self._objects(batch, compiled.fetch):
                if id(item) in handed:
                    groups.setdefault(handed[id(item)], []).append(item)
            if not groups:  # the text names its variables all the same
                groups[tuple((each.variable, b"null") for each in batch.batch.contexts)] = []
            for number, (given, objects) in enumerate(groups.items()):
                gathered.append(gather(objects, self._inputs(batch)))
                values += [encode(f"{name}_{number}" if number else name) + b":" + value for name, value in given]
            copies.append(len(groups))
        if max(copies) > 1 and sum(copies) <= MOST_COPIES:
            compiled = compile_copies(compiled.fetch, tuple(copies), compiled.conditions)
        return compiled, gathered, values

    def _inputs(self, compiled: CompiledBatch) -> tuple[Input, ...]:
        return pruned(compiled.batch.inputs, self._hold) if compiled.conditional else compiled.batch.inputs

    async def _objects(self, compiled: CompiledBatch, fetch: Fetch) -> list[dict[str, Any]]:
        """The objects that a batch is to ask about: where it points, as far as the gate lets it."""
        batch = compiled.batch
        if not self._hold(batch.conditions):
            return []
        objects = [item for target in batch.targets for item in find(self.merged.data, target)]
        if self.gate is not None and objects:
            fallback = next((name for each in batch.inputs for name in (*each.types, each.typename) if name), "")
            named = [(str(item.get("__typename") or fallback), item) for item in objects]
            admitted = await self.gate.admit(fetch.coordinates, named)
            self._miss(compiled, fetch, [item for item, let in zip(objects, admitted, strict=True) if let is None])
            objects = [item for item, let in zip(objects, admitted, strict=True) if let]
            if self.failures and objects:
                objects = self._whole_objects(compiled, fetch, objects)
        return objects

    def _miss(self, compiled: CompiledBatch, fetch: Fetch, undecided: Sequence[dict[str, Any]]) -> None:
        """Tell of objects that are not asked about because nobody can say whether they may be."""
        if undecided:
            places = [place for place, _ in self._traced(compiled, undecided)]
            self._fail(fetch, "FACT_UNAVAILABLE", fields_at(places, compiled.shape))

    def _whole_objects(
        self, compiled: CompiledBatch, fetch: Fetch, objects: Sequence[dict[str, Any]]
    ) -> list[dict[str, Any]]:
        """Those of ``objects`` that have what their representations need, as far as failures go; the others are told of.

        A null that stands for a value that could not be had is not sent: the answer to it would be about something else.
        """
        less: set[int] = set()
        gone: dict[FetchFailure, list[ResponsePath]] = {}
        for place, item, why in lacking(self._traced(compiled, objects), self._inputs(compiled), self.failures):
            less.add(id(item))
            gone.setdefault(why, []).append(place)
        for why, places in gone.items():
            lost = tuple(fields_at(places, compiled.shape)[:_MAX_PATHS])
            self.failures[replace(why, paths=lost, coordinates=fetch.coordinates, lost=())] = None
        return [item for item in objects if id(item) not in less]

    def _traced(
        self, compiled: CompiledBatch, objects: Iterable[dict[str, Any]]
    ) -> Iterator[tuple[ResponsePath, dict[str, Any]]]:
        """Every place of each of ``objects``, with the object."""
        wanted = {id(item) for item in objects}
        for target in compiled.batch.targets:
            yield from ((place, item) for place, item in trace(self.merged.data, target) if id(item) in wanted)

    async def _ask(
        self, compiled: CompiledFetch, gathered: Sequence[Gathered], given: Sequence[bytes]
    ) -> SubgraphAnswer:
        """Send one request and read its answer, or the event there is. Raises ``FetchError`` where there is none."""
        if self.event is not None and compiled.fetch.kind == "subscription":
            return read_result(self.event, compiled)
        entities = (batch.variable + each.joined() for batch, each in zip(compiled.batches, gathered, strict=True))
        self.merged.fetched += 1
        response = await self.transport.send(compiled.request(self.variables, (*given, *entities)))
        return read_answer(response, compiled, self.budget.answer_bytes)

    def _merge_root(self, data: dict[str, Any], targets: Sequence[dict[str, Any]], compiled: CompiledFetch) -> None:
        for target in targets:
            merger = Merger(*self.types)
            merger.merge(target, data, compiled.shape)
            for code, path in merger.problems:
                self._fail(compiled.fetch, code, [(*self._place(compiled.fetch.path, target), *path)])

    def _merge_entities(
        self, answer: SubgraphAnswer, compiled: CompiledBatch, gathered: Gathered, fetch: CompiledFetch
    ) -> None:
        """Merge one aliased list of entities; null items leave their objects as they are."""
        if not gathered.encoded or answer.data is None:
            return
        items = answer.data.get(compiled.batch.alias)
        if items is None and answer.errors:
            return  # the errors are on record already
        if not isinstance(items, list):
            self._fail(fetch.fetch, "SUBGRAPH_WRONG_SHAPE", fields_at(self._places(compiled, gathered), compiled.shape))
            return
        if len(items) != len(gathered.encoded):
            self._fail(
                fetch.fetch, "SUBGRAPH_ENTITY_COUNT", fields_at(self._places(compiled, gathered), compiled.shape)
            )
            return
        for index, (item, objects) in enumerate(zip(items, gathered.objects, strict=True)):
            if item is None:
                continue
            if not isinstance(item, dict):
                places = fields_at(self._places(compiled, gathered, index), compiled.shape)
                self._fail(fetch.fetch, "SUBGRAPH_WRONG_SHAPE", places)
                continue
            for each in objects:
                merger = Merger(*self.types)
                merger.merge(each, item, compiled.shape)
                if merger.problems:
                    self._report_problems(merger, compiled, gathered, index, fetch)
                    break  # the same answer has the same problems everywhere

    def _report_problems(
        self, merger: Merger, batch: CompiledBatch, gathered: Gathered, index: int, fetch: CompiledFetch
    ) -> None:
        places = self._places(batch, gathered, index)
        for code, path in merger.problems:
            self._fail(fetch.fetch, code, [(*place, *path) for place in places])

    def _report(self, answer: SubgraphAnswer, compiled: CompiledFetch, gathered: Sequence[Gathered]) -> None:
        """Turn what the subgraph reported into failures at the places of the merged tree."""
        of_batch = dict(zip((id(batch) for batch in compiled.batches), gathered, strict=True))
        whole = self._whole(compiled) if answer.data is None and answer.errors else []
        for error in answer.errors:
            lost = whole
            if error.batch is None:
                places = self._whole(compiled)
                if error.path:
                    roots = [place for place, _ in trace(self.merged.data, compiled.fetch.path)]
                    places = [(*root, *error.path) for root in roots]
            else:
                places = self._places(error.batch, of_batch[id(error.batch)], error.item)
                fields = fields_at(places, error.batch.shape)
                if _is_null(answer.data, error):
                    lost = fields
                places = [(*place, *error.path) for place in places] if error.path else fields
            self._fail(compiled.fetch, error.code, places, lost)

    def _fail(
        self,
        fetch: Fetch,
        code: str,
        places: Sequence[ResponsePath],
        lost: Sequence[ResponsePath] = (),
    ) -> None:
        message = MESSAGES.get(code, MESSAGES["SUBGRAPH_ERROR"]).format(subgraph=fetch.subgraph)
        told, gone = tuple(places[:_MAX_PATHS]), tuple(lost[:_MAX_PATHS])
        failure = FetchFailure(fetch.subgraph, code, message, told, fetch.coordinates, gone)
        self.failures[failure] = None

    def _whole(self, compiled: CompiledFetch) -> list[ResponsePath]:
        """Every place that misses its value when the whole fetch fails."""
        if not compiled.batches:
            places = [place for place, _ in trace(self.merged.data, compiled.fetch.path)]
            return fields_at(places, compiled.shape)
        found: list[ResponsePath] = []
        for batch in compiled.batches:
            if self._hold(batch.batch.conditions):
                places = [place for target in batch.batch.targets for place, _ in trace(self.merged.data, target)]
                found.extend(fields_at(places, batch.shape))
        return found

    def _place(self, path: Path, target: dict[str, Any]) -> ResponsePath:
        return next((place for place, item in trace(self.merged.data, path) if item is target), ())

    def _places(self, compiled: CompiledBatch, gathered: Gathered, index: int = -1) -> list[ResponsePath]:
        """Where the objects of representation ``index`` stand; of all of them where ``index`` names none."""
        named = 0 <= index < len(gathered.objects)
        chosen = gathered.objects[index : index + 1] if named else gathered.objects
        return [place for place, _ in self._traced(compiled, (item for objects in chosen for item in objects))]


def _is_null(data: dict[str, Any] | None, error: ErrorEntry) -> bool:
    """Whether the error's entity is null in the answer: a null further down may have taken all of it away."""
    items = data.get(error.batch.batch.alias) if data is not None and error.batch is not None else None
    return isinstance(items, list) and 0 <= error.item < len(items) and items[error.item] is None


def _code(error: Exception) -> str:
    if isinstance(error, FetchError):
        return error.code
    return "SUBGRAPH_TIMEOUT" if isinstance(error, TimeoutError) else "SUBGRAPH_UNREACHABLE"


_Names: TypeAlias = tuple[frozenset[str], frozenset[str]]
_known_types: WeakKeyDictionary[GraphQLSchema, _Names] = WeakKeyDictionary()


def _type_names(supergraph: Supergraph) -> _Names:
    """The names of the supergraph's object types, inaccessible ones included, and of its interfaces."""
    known = _known_types.get(supergraph.full_schema)
    if known is None:
        objects = frozenset(name for name, each in supergraph.types.items() if each.kind == "object")
        interfaces = frozenset(name for name, each in supergraph.types.items() if each.kind == "interface")
        known = _known_types[supergraph.full_schema] = (objects, interfaces)
    return known
