"""The oracle: random agreements, records, questions and outages; a value leaves only where the decider gives it.

Every value is one of a kind, so it can be recognised wherever it turns up. It may stand in an answer only if the decider,
who knows every fact, allows it in clear; it never stands in what another agency is sent, on record, in an error, a log, a line, a
metric or a span.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

from graphql import (
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
)

from gateway.caller import Caller
from gateway.enforcement.shapes import shapes_of
from gateway.house import Graph, Question
from gateway.policy import Outcome, Policy
from tests.enforcement.seen import Seen
from tests.enforcement.simulated import GRAPH, Agencies, Mark
from tests.policy.kit import AT, agreement
from tests.policy.referees.bundles import random_policy

__all__ = ["LeakError", "ask_all", "found_on"]

NAMES = agreement(
    id='"OBIM-CBP-NAMES"',
    provider='"OBIM"',
    more="""
    [[grant]]
    article = "I"
    fields = ["Person.name"]
    [[flow]]
    article = "II"
    to = "STATE_CA"
    fields = ["Person.id"]
    use = "join"
    [[flow]]
    article = "II"
    to = "USCIS"
    fields = ["Person.id"]
    use = "join"
    """,
)
UNPROTECTED = agreement(
    id='"CA-CBP-UNPROTECTED"',
    more="""
    [[grant]]
    article = "I"
    fields = ["Visa.number", "Visa.status", "Visa.kind", "Visa.issuedOn", "Visa.fee", "Visa.revocation"]
    mask = { "Visa.fee" = "BUCKET" }
    when = { attr = "subject.p1367", is = false }
    [[grant]]
    article = "II"
    fields = ["Visa.fee"]
    when = { all = [ { attr = "subject.p1367", is = false }, { attr = "record.status", is = "ISSUED" } ] }
    """,
)


class LeakError(AssertionError):
    """A value left on a channel on which it may not leave."""

    def __init__(self, channel: str, mark: Mark, query: str, text: object) -> None:
        super().__init__(f"{channel}: {mark.coordinate} {mark.value}\n{query}\n{text}")
        self.channel = channel


class Writer:
    """Writes random questions on what a caller may name."""

    def __init__(self, schema: GraphQLSchema, agencies: Agencies, rng: random.Random) -> None:
        self.schema = schema
        self.agencies = agencies
        self.rng = rng
        self.numbers = iter(range(1000))

    def question(self) -> str:
        """One to three root fields under aliases, the same one twice now and then."""
        assert self.schema.query_type is not None
        return (
            "{ "
            + " ".join(self.field("Query", name, 4) for name in self.some(list(self.schema.query_type.fields)))
            + " }"
        )

    def some(self, names: list[str]) -> list[str]:
        return self.rng.choices(names, k=self.rng.randint(1, min(6, len(names) + 2)))

    def field(self, parent: str, name: str, depth: int) -> str:
        holder = self.schema.type_map[parent]
        assert isinstance(holder, GraphQLObjectType)
        kind = holder.fields[name]
        alias = f"a{next(self.numbers)}: " if self.rng.random() < 0.7 else f"b{next(self.numbers)}: "
        target = get_named_type(kind.type)
        below = "" if is_leaf_type(target) else " " + self.selection(target.name, depth - 1)
        return f"{alias}{name}{self.arguments(parent, name)}{below}"

    def arguments(self, parent: str, name: str) -> str:
        people, visas = self.agencies.people, list(self.agencies.visas())
        if (parent, name) == ("Query", "person"):
            return f'(id: "{self.rng.choice([*(each["id"] for each in people), "P9"])}")'
        if (parent, name) == ("Query", "visa"):
            return f'(number: "{self.rng.choice([*(each["number"] for each in visas), "V0"])}")'
        if name == "search":
            return '(text: "x")'
        chosen = ["", "", "(first: 1)", "(last: 1)", "(first: 5)"] if name == "visas" else [""]
        if (parent, name) == ("Query", "visas") and "filter" in self.schema.query_type.fields["visas"].args:  # type: ignore[union-attr]
            chosen.append("(filter: {status: ISSUED})")
        return self.rng.choice(chosen)

    def selection(self, type: str, depth: int) -> str:
        kind = self.schema.type_map[type]
        if is_abstract_type(kind):
            possible = [each.name for each in self.schema.get_possible_types(kind)]
            parts = [f"... on {each} {self.selection(each, depth)}" for each in possible if self.rng.random() < 0.8]
            return "{ __typename " + " ".join(parts) + " }"
        assert isinstance(kind, GraphQLObjectType)
        able = [name for name, each in kind.fields.items() if depth > 0 or is_leaf_type(get_named_type(each.type))]
        chosen = [self.field(type, name, depth) for name in self.some(able)] if able else []
        if chosen and self.rng.random() < 0.3:
            chosen = [f"... on {type} {{ {' '.join(chosen)} }}", *chosen[:1]]
        return "{ __typename " + " ".join(chosen) + " }"


def leaves(value: Any) -> Iterator[Any]:
    """Every leaf of JSON values."""
    if isinstance(value, dict):
        for each in value.values():
            yield from leaves(each)
    elif isinstance(value, list):
        for each in value:
            yield from leaves(each)
    else:
        yield value


def allowed(mark: Mark, caller: Caller, made: Policy) -> bool:
    """Whether the decider gives the value in clear when it knows every fact there is."""
    visa = mark.visa
    facts = {f"record.{name}": visa[name] for name in ("number", "status", "fee", "issuedOn", "filedOn", "kind")}
    facts |= {"record.revocation.ground": visa["revocation"]["ground"], "case.kind": "inspection"}
    facts |= {"subject.id": visa["holder"]["id"], "subject.p1367": visa["holder"]["flags"]["p1367"]}
    return made.decide(caller, mark.coordinate, facts, AT).outcome is Outcome.ALLOW


def ask_all(seed: int, questions: int) -> Counter[str]:
    """Random questions under one random bundle, each checked; what came of them."""
    rng = random.Random(seed)
    made = random_policy(seed, GRAPH, (NAMES, UNPROTECTED) if seed % 2 else (NAMES,))
    caller = Caller(
        "CBP", rng.choice(["primary", "secondary"]), "inspection", "INS1", "u1", rng.choice(["NYC", "ATL"]),
        rng.choice([(), ("P1",)]), rng.choice([(), ("1367",)]),
    )  # fmt: skip
    graph = Graph(GRAPH, made, shapes_of(GRAPH, made), "sha256:graph")
    seen: Counter[str] = Counter()
    for _ in range(questions):
        agencies = Agencies.random(rng)
        agencies.down = frozenset(rng.choice([(), (), (), ("petitions",), ("visas",), ("people",)]))
        agencies.quoting = frozenset(rng.choice([(), (), (), ("visas",), ("petitions", "people")]))
        schema = graph.views.documents(caller, AT).shown
        assert schema is not None
        query = Writer(schema, agencies, rng).question()
        told = Seen(agencies)
        asyncio.run(told.ask(Question(query), caller, graph))
        if told.code:
            seen[told.code] += 1
        check(told, caller, made, query, seen)
    return seen


def check(told: Seen, caller: Caller, made: Policy, query: str, seen: Counter[str]) -> None:
    """No value where it may not be; ``seen`` counts those that are where they may be."""
    page = told.page
    answered = set(leaves(page.get("data")))
    channels = told.channels()
    channels.pop("to visas", "")  # they are its own
    for mark in told.agencies.marks:
        if mark.value in answered:
            if not allowed(mark, caller, made):
                raise LeakError("answer", mark, query, page)
            seen["shown"] += 1
        if str(mark.value) not in query:
            for channel, text in channels.items():
                if str(mark.value) in text:
                    raise LeakError(channel, mark, query, text)
        seen["values"] += 1


def found_on() -> str:
    """The channel on which the first runs of the oracle find what does not belong there; "" when none does."""
    for seed in range(20):
        try:
            ask_all(seed, 4)
        except LeakError as found:
            return found.channel
    return ""
