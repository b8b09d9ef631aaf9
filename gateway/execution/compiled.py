"""What running a plan needs and the plan alone decides: body prefixes, answer shapes, who waits for whom.

Made once per plan and kept while the plan is; the executor then only encodes variables.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from gateway.execution.contexts import spread
from gateway.execution.representations import conditional
from gateway.execution.shape import Shape, read_shape, rename
from gateway.execution.transport import SubgraphRequest
from gateway.execution.wire import encode
from gateway.operation.model import Condition
from gateway.planning.plan import Conditional, EntityBatch, Fetch, Node, Plan, Subscribe

__all__ = ["CompiledBatch", "CompiledFetch", "CompiledPlan", "compile_copies", "compile_plan"]

# how many plans stay compiled; their owners keep far fewer alive
_KEPT = 2_000


@dataclass(frozen=True, slots=True)
class CompiledBatch:
    """One entity call with the shape of one item of its answer."""

    batch: EntityBatch
    variable: bytes  # `"r0":`
    shape: Shape
    conditional: bool  # some of its inputs depend on variables
    fields: int  # how many are selected on each of its entities, those of their objects included


@dataclass(frozen=True, slots=True)
class CompiledFetch:
    """One fetch, ready to run: ``prefix`` is its body up to the variables' opening brace."""

    fetch: Fetch
    prefix: bytes
    shape: Shape
    batches: tuple[CompiledBatch, ...]
    variables: tuple[tuple[str, bytes], ...]
    conditions: tuple[Condition, ...]
    waits: int
    dependents: tuple[int, ...]
    contextual: bool = False  # some of its batches take values from around their objects
    fields: int = 0  # how many it selects where it has no batches

    def request(self, variables: Mapping[str, Any], given: Iterable[bytes] = ()) -> SubgraphRequest:
        """What is sent: ``variables`` are the operation's, ``given`` are encoded entries for those of its own."""
        values = [name + encode(variables[key]) for key, name in self.variables if key in variables]
        return SubgraphRequest(
            subgraph=self.fetch.subgraph,
            body=self.prefix + b",".join((*values, *given)) + b"}}",
            coordinates=self.fetch.coordinates,
            idempotent=self.fetch.lookup and self.fetch.kind != "mutation",
        )


@dataclass(frozen=True, slots=True)
class CompiledPlan:
    """The fetches by id."""

    plan: Plan
    fetches: tuple[CompiledFetch, ...]


_compiled: OrderedDict[int, CompiledPlan] = OrderedDict()


def compile_plan(plan: Plan) -> CompiledPlan:
    """``plan`` compiled, from the cache where it is known.

    Known by identity: hashing a plan costs more than compiling a small one. An entry holds its plan, so an identity
    cannot be given away while it is in use.
    """
    known = _compiled.get(id(plan))
    if known is not None:
        _compiled.move_to_end(id(plan))
        return known
    made = CompiledPlan(plan, _fetches(plan))
    _compiled[id(plan)] = made
    if len(_compiled) > _KEPT:
        _compiled.popitem(last=False)
    return made


def _fetches(plan: Plan) -> tuple[CompiledFetch, ...]:
    dependents: dict[int, list[int]] = {fetch.id: [] for fetch in plan.fetches}
    for fetch in plan.fetches:
        for before in set(fetch.depends):
            dependents[before].append(fetch.id)
    conditions = _conditions(plan.node)
    return tuple(_fetch(each, conditions.get(each.id, ()), tuple(dependents[each.id])) for each in plan.fetches)


def _fetch(fetch: Fetch, outer: tuple[Condition, ...], dependents: tuple[int, ...]) -> CompiledFetch:
    shape = read_shape(fetch.text)
    if not fetch.batches:
        rename(shape, fetch.renames)
    head = b'{"query":' + encode(fetch.text)
    if fetch.name:
        head += b',"operationName":' + encode(fetch.name)
    return CompiledFetch(
        fetch=fetch,
        prefix=head + b',"variables":{',
        shape=shape,
        batches=tuple(_batch(batch, shape) for batch in fetch.batches),
        variables=tuple((name, encode(name) + b":") for name in fetch.variables),
        conditions=tuple(dict.fromkeys((*outer, *fetch.conditions))),
        waits=len(set(fetch.depends)),
        dependents=dependents,
        contextual=any(batch.contexts for batch in fetch.batches),
        fields=0 if fetch.batches else shape.size(),
    )


@lru_cache(maxsize=256)
def compile_copies(fetch: Fetch, copies: tuple[int, ...], conditions: tuple[Condition, ...]) -> CompiledFetch:
    """``fetch`` with each batch as often as ``copies`` says (see ``contexts.spread``), compiled."""
    return _fetch(spread(fetch, copies), conditions, ())


def _batch(batch: EntityBatch, top: Shape) -> CompiledBatch:
    slot = top.slots.get(batch.alias)
    shape = slot.shape if slot is not None and slot.shape is not None else Shape()
    rename(shape, batch.renames)
    return CompiledBatch(batch, encode(batch.variable) + b":", shape, conditional(batch.inputs), shape.size())


def _conditions(node: Node | None) -> dict[int, tuple[Condition, ...]]:
    """The conditions each fetch stands under in the tree of the plan."""
    found: dict[int, tuple[Condition, ...]] = {}
    stack: list[tuple[Node, tuple[Condition, ...]]] = [(node, ())] if node is not None else []
    while stack:
        here, held = stack.pop()
        if isinstance(here, Fetch):
            found[here.id] = held
        elif isinstance(here, Conditional):
            stack.append((here.node, (*held, *here.conditions)))
        elif isinstance(here, Subscribe):
            stack.extend((inner, held) for inner in (here.source, here.rest) if inner is not None)
        else:
            stack.extend((inner, held) for inner in here.nodes)
    return found
