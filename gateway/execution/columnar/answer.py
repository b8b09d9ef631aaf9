"""The answer to an operation as bytes: by the fast executor where plan and subgraphs let it, else by the reference."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field

from gateway.execution.columnar.program import Program, make_program
from gateway.execution.columnar.run import Run
from gateway.execution.columnar.show import show_program
from gateway.execution.columnar.spots import Spot, Unfit, answer_tree
from gateway.execution.compiled import compile_plan
from gateway.execution.execute import Budget, execute
from gateway.execution.project import condition_variables, form_for, project
from gateway.execution.transport import Transport
from gateway.execution.wire import encode
from gateway.operation.model import Operation, Selection
from gateway.planning.plan import Plan
from gateway.supergraph import Supergraph

__all__ = ["FastPath", "Told"]

# a plan whose answers deviate ``_PATIENCE`` times more than they fit is left to the reference executor for a while
_PATIENCE = 8
_REST = 256


@dataclass(frozen=True, slots=True)
class Told:
    """An answer as it is sent. ``fast`` says who made it, ``failures`` how many requests to subgraphs went wrong."""

    body: bytes
    fast: bool
    failures: int = 0
    fetched: int = 0
    entities: int = 0


@dataclass(slots=True)
class _Entry:
    """One operation's program (None where there is none, and why), and how its attempts went."""

    selections: Sequence[Selection]
    plan: Plan
    program: Program | None
    why_not: str = ""
    strikes: int = 0
    resting: int = 0
    deviations: dict[str, int] = field(default_factory=dict)

    def willing(self) -> bool:
        """Whether the fast executor should try."""
        if self.program is None:
            return False
        if self.resting:
            self.resting -= 1
            return False
        return True

    def went(self, deviated: str) -> None:
        """Note how an attempt ended: ``deviated`` is the subgraph whose answer did not fit, "" when all did."""
        if not deviated:
            self.strikes = max(0, self.strikes - 1)
            return
        self.deviations[deviated] = self.deviations.get(deviated, 0) + 1
        self.strikes += 1
        if self.strikes >= _PATIENCE:
            self.strikes, self.resting = _PATIENCE - 1, _REST


class FastPath:
    """The programs of one supergraph's operations, by identity of operation and plan; bounded."""

    def __init__(self, supergraph: Supergraph, size: int = 1_000) -> None:
        self.supergraph = supergraph
        self.size = size
        self._kept: OrderedDict[tuple[int, int, tuple[bool, ...]], _Entry] = OrderedDict()

    async def answer(
        self, operation: Operation, plan: Plan, transport: Transport, budget: Budget | None = None
    ) -> Told:
        """The answer to ``operation``, of which ``plan`` is the plan: the reference executor's, byte for byte.

        Not for governed operations: nothing is ruled on between the subgraphs and the answer.
        """
        budget = budget or Budget()
        entry = self.entry(operation, plan)
        if not entry.willing() or entry.program is None:
            return await self._reference(operation, plan, transport, budget)
        run = Run(entry.program, operation.variables, transport, budget)
        body = await run.answer()
        entry.went(run.deviated)
        if body is not None:
            return Told(body, True, 0, run.fetched, run.entities)
        return await self._reference(operation, plan, run.heard, budget)

    async def _reference(self, operation: Operation, plan: Plan, transport: Transport, budget: Budget) -> Told:
        merged = await execute(plan, self.supergraph, operation.variables, transport, budget)
        told = project(operation, merged.data, self.supergraph.api_schema, merged.failures)
        return Told(encode(told.as_json()), False, len(merged.failures), merged.fetched, merged.entities)

    def entry(self, operation: Operation, plan: Plan) -> _Entry:
        """What is known about ``operation``, whose conditions come out as its variables say."""
        variables = condition_variables(operation.selections)
        decided = tuple([bool(operation.variables.get(name)) for name in variables])
        key = (id(operation.selections), id(plan), decided)
        known = self._kept.get(key)
        if known is not None:
            self._kept.move_to_end(key)
            return known  # it holds both objects, so their identities cannot have been given away
        program, why = self._program(operation, plan, dict(zip(variables, decided, strict=True)))
        made = self._kept[key] = _Entry(operation.selections, plan, program, why)
        if len(self._kept) > self.size:
            self._kept.popitem(last=False)
        return made

    def _program(self, operation: Operation, plan: Plan, values: dict[str, bool]) -> tuple[Program | None, str]:
        if operation.kind != "query":
            return None, "not a query"  # a mutation is never started over
        try:
            return self._made(operation, plan, values)[0], ""
        except Unfit as reason:
            return None, str(reason)

    def _made(self, operation: Operation, plan: Plan, values: dict[str, bool]) -> tuple[Program, Spot]:
        schema = self.supergraph.api_schema
        root = answer_tree(form_for(operation, schema), operation.root, schema)
        return make_program(compile_plan(plan).fetches, root, self.supergraph.full_schema, values), root

    def show(self, operation: Operation, plan: Plan) -> str:
        """What is compiled for ``operation``, as text; or why the reference executor runs it."""
        why_not = self.entry(operation, plan).why_not
        if why_not:
            return f"run by the reference executor: {why_not}"
        names = condition_variables(operation.selections)
        return show_program(*self._made(operation, plan, {name: bool(operation.variables.get(name)) for name in names}))
