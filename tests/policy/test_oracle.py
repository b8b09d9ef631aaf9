"""The policy room against the naive evaluator on random bundles, callers and facts; and order independence."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.caller import Caller
from gateway.coordinates import Coordinate
from gateway.policy import UNREACHABLE, Bundle, Policy, Value, compile_policy, read_bundle
from tests.policy.kit import VOCABULARY, small_graph
from tests.policy.oracle import Book, Clause, Deed, Law, answer

FIELD = Coordinate("Visa", "issuedOn")
GRAPH = small_graph()
WORDS = VOCABULARY.replace('purposes = ["inspection"]', 'purposes = ["inspection", "adjudication"]')
FACTS: dict[str, list[Any]] = {
    "case.state": ["open", "closed", None, "unreachable"],
    "case.port": ["NYC", "ATL", None, "unreachable"],
    "record.status": ["ISSUED", "REVOKED", None, "unreachable"],
    "record.fee": [100, 200, None, "unreachable"],
    "subject.p1367": [True, False, "unreachable"],
    "subject.id": ["A", "B", "unreachable"],
}
WANTED: dict[str, list[Any]] = {
    "case.state": ["open", "closed"],
    "case.port": ["NYC"],
    "record.status": ["ISSUED"],
    "record.fee": [100],
    "subject.p1367": [False, True],
    "subject.id": ["A"],
    "caller.role": ["primary"],
}
INSTANTS = [
    datetime(2023, 12, 31, 23, 59, 59, tzinfo=UTC),
    datetime(2024, 1, 1, tzinfo=UTC),
    datetime(2026, 11, 1, 12, tzinfo=UTC),
    datetime(2028, 12, 31, 23, 59, tzinfo=UTC),
    datetime(2029, 1, 1, tzinfo=UTC),
]

pairs = st.sampled_from(sorted(WANTED)).flatmap(lambda name: st.tuples(st.just(name), st.sampled_from(WANTED[name])))
clauses = st.builds(
    Clause,
    article=st.sampled_from(["I", "II", "III"]),
    when=st.lists(pairs, max_size=3),
    any_of=st.lists(pairs, max_size=2),
    roles=st.sampled_from([["primary"], ["secondary"], ["primary", "secondary"]]),
    mask=st.sampled_from(["", "YEAR_ONLY"]),
)
deeds = st.builds(
    Deed,
    id=st.just(""),
    grants=st.lists(clauses, max_size=3),
    withholds=st.lists(clauses, max_size=1),
    obligations=st.integers(0, 2),
    status=st.sampled_from(["active", "active", "active", "draft", "suspended", "terminated"]),
    expires=st.sampled_from([date(2026, 11, 1), date(2029, 1, 1)]),
    review_by=st.sampled_from([date(2026, 8, 3), date(2026, 8, 4), date(2028, 1, 1)]),
    marked=st.booleans(),
    purposes=st.sampled_from([["inspection"], ["adjudication"], ["inspection", "adjudication"]]),
)
laws = st.builds(
    Law,
    id=st.just(""),
    when=st.lists(pairs.filter(lambda pair: pair[0].startswith(("record", "subject"))), min_size=1, max_size=2),
    effect=st.sampled_from(["absent", "deny"]),
    exempt=st.sampled_from([[], ["primary"]]),
)
books = st.builds(Book, deeds=st.lists(deeds, max_size=4), laws=st.lists(laws, max_size=2))
worlds = st.fixed_dictionaries({name: st.sampled_from(values) for name, values in FACTS.items()})
roles = st.sampled_from(["primary", "secondary"])
purposes = st.sampled_from(["inspection", "adjudication"])


def named(book: Book) -> Book:
    """The book with ids by position."""
    for number, deed in enumerate(book.deeds):
        deed.id = f"DEED-{number}"
    for number, law in enumerate(book.laws):
        law.id = f"LAW-{number}"
    return book


def compiled(book: Book, order: list[int] | None = None) -> Policy:
    """The policy of the book, its files in ``order``."""
    pages = {"vocabulary.toml": WORDS}
    for place, number in enumerate(order or range(len(book.deeds))):
        pages[f"agreements/{place:02}.toml"] = deed_text(book.deeds[number])
    for number, law in enumerate(book.laws):
        pages[f"prohibitions/{number:02}.toml"] = law_text(law)
    bundle: Bundle = read_bundle(pages)
    return compile_policy(bundle, GRAPH)


def deed_text(deed: Deed) -> str:
    """A deed as the TOML a lawyer would write."""
    lines = [
        f'id = "{deed.id}"', "version = 1", 'title = "t"', 'provider = "STATE_CA"', 'recipients = ["CBP"]',
        'authority = ["law"]', f'status = "{deed.status}"', f"effective = {deed.effective}", f"expires = {deed.expires}",
        f"review_by = {deed.review_by}", f"purposes = {deed.purposes}", 'roles = ["primary", "secondary"]',
        f'disclosure = "{"marked" if deed.marked else "silent"}"',
    ]  # fmt: skip
    for kind, found in (("grant", deed.grants), ("withhold", deed.withholds)):
        for clause in found:
            lines += [f"[[{kind}]]", f'article = "{clause.article}"', 'fields = ["Visa.issuedOn"]']
            if kind == "grant":
                lines.append(f"roles = {clause.roles}")
            if kind == "grant" and clause.mask:
                lines.append(f'mask = {{ "Visa.issuedOn" = "{clause.mask}" }}')
            lines += when_lines(clause.when, clause.any_of)
    lines += ["[[obligation]]\nkind = 'audit'"] * deed.obligations
    return "\n".join(lines)


def law_text(law: Law) -> str:
    """A law as TOML."""
    lines = [
        f'id = "{law.id}"',
        'title = "t"',
        'authority = ["law"]',
        f'effect = "{law.effect}"',
        "overridable = false",
    ]
    lines += ["[[rule]]", 'article = "1"', 'fields = ["Visa.issuedOn"]', *when_lines(law.when, [])]
    if law.exempt:
        lines += ["[[exempt]]", f"roles = {law.exempt}", 'because = "b"']
    return "\n".join(lines)


def when_lines(when: list[tuple[str, Any]], any_of: list[tuple[str, Any]]) -> list[str]:
    """``when`` as an ``all`` of equalities and one ``any``."""

    def atom(pair: tuple[str, Any]) -> str:
        value = f'"{pair[1]}"' if isinstance(pair[1], str) else str(pair[1]).lower()
        return f'{{ attr = "{pair[0]}", is = {value} }}'

    parts = [atom(pair) for pair in when]
    if any_of:
        parts.append("{ any = [" + ", ".join(atom(pair) for pair in any_of) + "] }")
    return [f"when = {{ all = [{', '.join(parts)}] }}"] if parts else []


def asked(policy: Policy, role: str, purpose: str, world: dict[str, Any], at: datetime) -> tuple[str, str, str, str]:
    """The room's answer in the oracle's shape."""
    facts: dict[str, Value] = {name: UNREACHABLE if value == "unreachable" else value for name, value in world.items()}
    decision = policy.decide(Caller("CBP", role, purpose, case="INS1"), FIELD, facts, at)
    assert decision.settled, "every fact is given"
    return (decision.outcome.value, decision.mask, decision.basis.agreement if decision.basis else "", decision.reason)


@settings(max_examples=400, derandomize=True, deadline=None)
@given(book=books, world=worlds, role=roles, purpose=purposes, at=st.sampled_from(INSTANTS))
def test_the_room_agrees_with_the_naive_evaluator(
    book: Book, world: dict[str, Any], role: str, purpose: str, at: datetime
) -> None:
    facts = world | {"caller.role": role}
    assert asked(compiled(named(book)), role, purpose, world, at) == answer(
        named(book), "CBP", role, purpose, facts, at
    )


@settings(max_examples=100, derandomize=True, deadline=None)
@given(book=books, world=worlds, role=roles, seed=st.integers(0, 1000), missing=st.sets(st.sampled_from(sorted(FACTS))))
def test_the_order_of_agreements_never_matters(
    book: Book, world: dict[str, Any], role: str, seed: int, missing: set[str]
) -> None:
    order = list(range(len(book.deeds)))
    random.Random(seed).shuffle(order)
    first, other = compiled(named(book)), compiled(named(book), order)
    assert first.epoch == other.epoch
    facts: dict[str, Value] = {
        name: value for name, value in world.items() if name not in missing and value != "unreachable"
    }
    who = Caller("CBP", role, "inspection", case="INS1")
    assert first.decide(who, FIELD, facts, INSTANTS[2]) == other.decide(who, FIELD, facts, INSTANTS[2])


@settings(max_examples=300, derandomize=True, deadline=None)
@given(book=books, world=worlds, role=roles, missing=st.sets(st.sampled_from(sorted(FACTS)), min_size=1))
def test_what_is_settled_stays_and_what_is_not_says_what_it_needs(
    book: Book, world: dict[str, Any], role: str, missing: set[str]
) -> None:
    policy = compiled(named(book))
    who = Caller("CBP", role, "inspection", case="INS1")
    whole: dict[str, Value] = {name: UNREACHABLE if value == "unreachable" else value for name, value in world.items()}
    part = {name: value for name, value in whole.items() if name not in missing}
    early, final = (policy.decide(who, FIELD, facts, INSTANTS[2]) for facts in (part, whole))
    if early.settled:
        assert (early.outcome, early.mask, early.basis) == (final.outcome, final.mask, final.basis)
    else:
        assert early.needs <= missing
        told = part | {name: whole[name] for name in early.needs}
        assert policy.decide(who, FIELD, told, INSTANTS[2]).settled
