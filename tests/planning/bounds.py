"""Generated graphs that would make a planner explode, and the table of what planning them takes.

``python -m tests.planning.bounds`` prints it. The counts are the same on every machine; milliseconds are processor time on
this one, first with nothing remembered of the graph, then once more.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

from gateway.operation import Limits
from gateway.operation.model import Operation
from gateway.operation.read import read_operation
from gateway.planning import plan_operation
from gateway.planning.budget import Budget
from gateway.planning.plan import Plan
from gateway.supergraph import Supergraph
from tests.planning.harness import composed

__all__ = ["ROWS", "Row", "Spent", "table", "take"]

WIDE = Limits(text_bytes=10**7, tokens=10**6, nesting=200, depth=100, selections=10**6, repeats=10**8)
Graphs = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Row:
    """One graph and one operation, with the most that planning it may take: jumps tried, fetches, waves."""

    title: str
    graphs: Callable[[], Graphs]
    query: Callable[[], str]
    jumps: int
    fetches: int
    waves: int


@dataclass(frozen=True)
class Spent:
    """What planning a row took. ``again`` are the jumps tried when the same operation is planned a second time."""

    supergraph: Supergraph
    operation: Operation
    plan: Plan
    budget: Budget
    again: int
    seconds: float
    seconds_again: float


def names(number: int, mark: str = "g") -> list[str]:
    """``number`` names of subgraphs."""
    return [f"{mark}{each:02}" for each in range(number)]


def big_graph() -> Graphs:
    """40 subgraphs and 2,000 entities, each in three subgraphs, each leading to two others."""
    source = random.Random(1)
    parts: dict[str, list[str]] = {name: [] for name in names(40)}
    for each in range(2000):
        homes = source.sample(names(40), 3)
        following = [(each * 7 + 1) % 2000, (each * 11 + 5) % 2000]
        for place, home in enumerate(homes):
            extra = f" next{place}: T{following[place]}" if place < 2 else ""
            parts[home].append(f'type T{each} @key(fields: "id") {{ id: ID! f{place}: Int{extra} }}')
            if place < 2:
                parts[home].append(f'type T{following[place]} @key(fields: "id", resolvable: false) {{ id: ID! }}')
    parts["g00"].append("type Query { start: T0 }")
    parts["g00"].append('type T0 @key(fields: "id") { id: ID! }')
    return tuple((name, _without_repeats(parts[name])) for name in parts)


def _without_repeats(types: list[str]) -> str:
    """Each type once: a mere reference is left out where the type itself is there."""
    found: dict[str, str] = {}
    for text in types:
        name = text.split()[1]
        if name not in found or "resolvable" in found[name]:
            found[name] = text
    return "\n".join(found.values())


def big_query() -> str:
    """Twelve levels down, both ways for the first five of them."""

    def level(depth: int) -> str:
        below = f" next0 {{ {level(depth + 1)} }}" if depth < 12 else ""
        below += f" next1 {{ {level(depth + 1)} }}" if depth < 5 else ""
        return "f0 f1 f2" + below

    return f"{{ start {{ {level(1)} }} }}"


def many_fields() -> Graphs:
    """300 fields of one entity over 12 subgraphs, each field in one to three of them."""
    source = random.Random(2)
    fields: dict[str, list[str]] = {name: [] for name in names(12)}
    for each in range(300):
        for home in source.sample(names(12), source.choice((1, 1, 2, 3))):
            fields[home].append(f"f{each}: Int @shareable")
    return tuple(
        (name, ("type Query { item: Item @shareable }\n" if number < 3 else "") + _item(fields[name]))
        for number, name in enumerate(names(12))
    )


def _item(fields: list[str], keys: tuple[str, ...] = ("id",)) -> str:
    marks = " ".join(f'@key(fields: "{key}")' for key in keys)
    own = " ".join(f"{key}: ID! @shareable" for key in keys)
    return f"type Item {marks} {{ {own} {' '.join(fields)} }}"


def equal_ways() -> Graphs:
    """12 subgraphs that can all answer everything: every field has twelve equal ways, at every level."""
    sdl = "type Query { item: Item @shareable }\n" + _item(
        [*(f"f{each}: Int @shareable" for each in range(12)), "next: Item @shareable", "other: Item @shareable"]
    )
    return tuple((name, sdl) for name in names(12))


def equal_query() -> str:
    """Six levels of twelve fields."""
    fields = " ".join(f"f{each}" for each in range(12))
    text = fields
    for _ in range(5):
        text = f"{fields} next {{ {text} }} other {{ {fields} }}"
    return f"{{ item {{ {text} }} }}"


def apart() -> Graphs:
    """12 subgraphs that can all answer, none of them at the root: each field takes a jump, to any of twelve."""
    source = random.Random(3)
    fields = [[f"f{each}: Int @shareable" for each in range(40) if source.random() < 0.3] for _ in range(12)]
    missing = [f"f{each}: Int @shareable" for each in range(40) if not any(f"f{each}:" in " ".join(f) for f in fields)]
    start = ("start", 'type Query { item: Item } type Item @key(fields: "id") { id: ID! @shareable }')
    return (start, *((name, _item([*own, *missing])) for name, own in zip(names(12), fields, strict=True)))


def circles() -> Graphs:
    """20 subgraphs that know one another's entities by any two of eight keys: circles of keys everywhere."""
    source = random.Random(4)
    found = [("start", 'type Query { item: Item } type Item @key(fields: "k0") { k0: ID! @shareable }')]
    for number, name in enumerate(names(20)):
        keys = tuple(sorted({f"k{number % 8}", f"k{(number + 1) % 8}", f"k{source.randrange(8)}"}))
        found.append((name, _item([f"f{number}: Int"], keys)))
    return tuple(found)


def pairs() -> Graphs:
    """Keys of two halves that lie in different subgraphs, each half behind another such key."""
    found = [
        ("start", 'type Query { item: Item } type Item @key(fields: "a0 b0") { a0: ID! @shareable b0: ID! @shareable }')
    ]
    for each in range(6):
        key = f'@key(fields: "a{each} b{each}")'
        before = f"a{each}: ID! @shareable b{each}: ID! @shareable"
        found += [
            (f"{half}{each}", f"type Item {key} {{ {before} {half}{each + 1}: ID! @shareable }}") for half in "ab"
        ]
    found.append(("end", 'type Item @key(fields: "a6 b6") { a6: ID! @shareable b6: ID! @shareable f: Int }'))
    return tuple(found)


def requirements() -> Graphs:
    """A field that requires one that requires one, twelve deep, in three subgraphs by turns."""
    fields: dict[str, list[str]] = {name: [] for name in names(3)}
    fields["g00"].append("f0: Int")
    for each in range(1, 13):
        fields[f"g{each % 3:02}"].append(f'f{each}: Int @requires(fields: "f{each - 1}")')
        fields[f"g{each % 3:02}"].append(f"f{each - 1}: Int @external")
    start = "type Query { item: Item }\n"
    return tuple((name, (start if name == "g01" else "") + _item(own)) for name, own in fields.items())


def abstract() -> Graphs:
    """An interface of 60 types; one subgraph lists them, five others have the fields, a fifth of the types each."""
    kinds = [f"K{each}" for each in range(60)]
    start = "type Query { all: [Node!]! } interface Node { id: ID! }\n" + "\n".join(
        f'type {kind} implements Node @key(fields: "id") {{ id: ID! }}' for kind in kinds
    )
    others = [
        "\n".join(
            f'type {kind} @key(fields: "id") {{ id: ID! name: String @shareable size{number}: Int }}'
            for place, kind in enumerate(kinds)
            if place % 5 in (number, (number + 1) % 5)
        )
        for number in range(5)
    ]
    return (("start", start), *zip(names(5), others, strict=True))


def abstract_query() -> str:
    """Two fields of every one of the types."""
    parts = [f"... on K{each} {{ name size{each % 5} }}" for each in range(60)]
    return f"{{ all {{ id {' '.join(parts)} }} }}"


def fields_query(numbers: range) -> str:
    """The fields ``f`` with these numbers of the item."""
    return f"{{ item {{ {' '.join(f'f{each}' for each in numbers)} }} }}"


ROWS = (
    Row("40 subgraphs, 2,000 types; 12 levels", big_graph, big_query, 3_000, 147, 13),
    Row("300 fields over 12 subgraphs", many_fields, lambda: fields_query(range(300)), 21_000, 12, 2),
    Row("12 equal ways per field, 6 levels", equal_ways, equal_query, 4_500, 1, 1),
    Row("12 rival jumps per field, 40 fields", apart, lambda: fields_query(range(40)), 1_600, 8, 2),
    Row("20 subgraphs, keys in circles", circles, lambda: fields_query(range(20)), 90_000, 21, 4),
    Row("keys of two halves, 6 deep", pairs, lambda: "{ item { f } }", 90_000, 14, 8),
    Row("@requires 12 deep", requirements, lambda: fields_query(range(13)), 150, 14, 14),
    Row("60 types of one interface", abstract, abstract_query, 320, 6, 2),
)


@cache
def take(row: Row) -> Spent:
    """Plan the row's operation on a graph of which nothing is remembered, and then once more."""
    supergraph = composed(row.graphs())
    operation = read_operation(row.query(), supergraph.api_schema, {}, limits=WIDE)
    start = time.thread_time()
    budget = Budget(clock=lambda: 0.0)  # work is counted here; how fast a machine does it is not what is held
    plan = plan_operation(supergraph, operation, budget=budget)
    middle = time.thread_time()
    second = Budget(clock=lambda: 0.0)
    plan_operation(supergraph, operation, budget=second)
    end = time.thread_time()
    return Spent(supergraph, operation, plan, budget, second.jumped, middle - start, end - middle)


def table() -> Iterator[str]:
    """The lines of the table, in Markdown."""
    yield "| graph and operation | subgraphs | types | fields | jumps tried | fetches | waves | ms | ms again |"
    yield "|---|---:|---:|---:|---:|---:|---:|---:|---:|"
    for row in ROWS:
        spent = take(row)
        types = sum(not name.startswith(("__", "join__", "link__")) for name in spent.supergraph.types)
        cells = (
            row.title, len(spent.supergraph.subgraphs), types, spent.budget.planned, spent.budget.jumped,
            len(spent.plan.fetches), spent.plan.depth, round(spent.seconds * 1000), round(spent.seconds_again * 1000),
        )  # fmt: skip
        yield f"| {' | '.join(f'{cell:,}' if isinstance(cell, int) else cell for cell in cells)} |"


if __name__ == "__main__":
    for line in table():
        print(line, flush=True)
