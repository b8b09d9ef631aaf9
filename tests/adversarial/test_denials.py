"""A18, A26, A28: neither the denial, nor its size, nor its cost tells what it is that is withheld."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from graphql import GraphQLObjectType, get_named_type
from sqlalchemy import text

from gateway.errors import AccessError
from tests.scenarios.asking import Answered, Asker, World

pytestmark = pytest.mark.asyncio(loop_scope="session")

STORY = "TRV-01KST0RY0000000000000000"
PROTECTED, NOBODYS = "IOE0925010002", "IOE0999999999"
NUMBERS = {
    "the petition": "query($r: String!) { petition(receiptNumber: $r) { status formType } }",
    "the benefit request": "query($r: String!) { benefitRequest(receiptNumber: $r) { status form } }",
    "a search": "query($r: String!) { search(text: $r) { __typename ... on Petition { status } } }",
    "the traveler": "query($r: String!) { travelerByIdentifier(kind: RECEIPT, value: $r) { id names { family } } }",
    "all at once": "query($r: String!) { petition(receiptNumber: $r) { status } search(text: $r) { __typename } }",
}
WHO = ("consular-officer-nwd", "uscis-adjudicator", "ero-officer", "vsp-agent-cairo", "cbp-primary-nyc")
PERSON = """query($t: ID!) { traveler(id: $t) { names { family } petitions { totalCount nodes { formType status }
  pageInfo { hasNextPage endCursor } } benefitRequests { totalCount nodes { form } } timeline(kinds: ["petition.filed"]) { at }
  identifiers(kinds: [RECEIPT]) { value } } }"""


def bare(found: Answered) -> bytes:
    """The bytes without the number of the record, which is new for every answer and of one length."""
    return found.body.replace(found.request_id.encode(), b"")


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("way", NUMBERS)
async def test_a28_a_protected_number_is_a_number_nobody_has(ask: Asker, world: World, who: str, way: str) -> None:
    """Bytes, errors, ledger, and the requests behind them: the same for both, for every agency and by every way."""
    told = {}
    for number in (PROTECTED, NOBODYS):
        world.traffic.requests.clear()
        found = await ask(who, NUMBERS[way], r=number)
        asked = [each.subgraph for each in world.traffic.requests]
        told[number] = (bare(found).replace(number.encode(), b""), asked, len(found.errors))
    assert told[PROTECTED] == told[NOBODYS]


async def test_a28_guessing_on_tells_nothing_over_two_hundred_tries(ask: Asker, world: World) -> None:
    """A hundred tries of each in turn: one class of answers and one number of requests; no cache shows through."""
    classes: dict[str, set[tuple[bytes, int]]] = {PROTECTED: set(), NOBODYS: set()}
    for _ in range(100):
        for number, seen in classes.items():
            world.traffic.requests.clear()
            found = await ask("uscis-adjudicator", NUMBERS["the petition"], r=number)
            seen.add((bare(found), len(world.traffic.requests)))
    assert len(classes[PROTECTED]) == 1
    assert classes[PROTECTED] == classes[NOBODYS]


async def test_a28_among_many_numbers_the_protected_one_does_not_stand_out(ask: Asker, world: World) -> None:
    """In one document with numbers that nobody has, in any place, it changes neither the answer nor the requests."""
    told = []
    for place in range(3):
        numbers = [f"IOE099999990{n}" for n in range(3)]
        for row in (numbers, [PROTECTED if n == place else each for n, each in enumerate(numbers)]):
            world.traffic.requests.clear()
            fields = " ".join(f'n{n}: petition(receiptNumber: "{each}") {{ status }}' for n, each in enumerate(row))
            found = await ask("uscis-adjudicator", f"{{ {fields} }}")
            told.append((bare(found), [each.subgraph for each in world.traffic.requests]))
    assert all(each == told[0] for each in told)


async def test_a18_a_protected_person_reads_like_one_who_never_filed(ask: Asker) -> None:
    """Codes, paths, list lengths, counts, cursors, size: the same but for the name that both have."""
    protected = await ask(replace(ask.caller(21), case="ERC-00100001"), PERSON, t=STORY + "10")
    never = await ask(replace(ask.caller(21), case="ERC-00210001"), PERSON, t=STORY + "21")
    names = [each["family"] for each in protected.data["traveler"]["names"]]
    others = [each["family"] for each in never.data["traveler"]["names"]]
    one, two = bare(protected).decode(), bare(never).decode()
    for name, other in zip(sorted(names, key=len), sorted(others, key=len), strict=True):
        one, two = one.replace(name, "*"), two.replace(other, "*")
    assert one == two
    assert protected.errors == never.errors == []


WIDE = """query($t: ID!) { traveler(id: $t) { id sex petitions { totalCount nodes { receiptNumber formType status
  beneficiary { id names { family } } } } benefitRequests { nodes { form receiptNumber } } timeline { kind }
  visas { nodes { status holder { petitions { totalCount } } } } admissions { nodes { admittedAt } } securityReviews { totalCount } } }"""


async def test_a18_the_ledger_of_a_protected_person_is_that_of_any_other(ask: Asker) -> None:
    """What is denied whatever the record is told of where nothing shows as well: the ledger must not end where she does."""
    query = ask.nameable(21, WIDE)
    protected = await ask(replace(ask.caller(21), case="ERC-00100001"), query, t=STORY + "10")
    never = await ask(replace(ask.caller(21), case="ERC-00210001"), query, t=STORY + "21")
    assert protected.data["traveler"]["petitions"] == {"totalCount": 0, "nodes": []}
    assert "traveler.petitions.nodes.[].receiptNumber" in never.ledger()
    assert protected.page["extensions"]["sharing"] == never.page["extensions"]["sharing"]
    assert protected.errors == never.errors == []


async def test_a18_what_may_not_be_asked_by_is_refused_of_everybody(ask: Asker) -> None:
    """An order by what this caller never sees is a mistake of the request, of whomever it asks."""
    query = """query($t: ID!) { traveler(id: $t) { petitions { nodes { beneficiary {
      petitions(orderBy: {field: RECEIPT_NUMBER}) { totalCount } } } } } }"""
    said = set()
    for case, traveler in (("ERC-00100001", "10"), ("ERC-00210001", "21")):
        with pytest.raises(AccessError) as refused:
            await ask(replace(ask.caller(21), case=case), query, t=STORY + traveler)
        said.add(str(refused.value))
    assert len(said) == 1


async def test_a18_a_flag_changes_no_denial(fresh: World) -> None:
    """The very same traveler before and after the flag goes up, for callers whom the statute keeps nothing more from."""
    ask = Asker(fresh)
    queries = {
        "cbp-primary-nyc": "query($t: ID!) { traveler(id: $t) { id petitions { totalCount } visas { totalCount } } }",
        "developer": "query($t: ID!) { traveler(id: $t) { id petitions { nodes { status } } } }",
    }
    before = {who: bare(await ask(who, query, t=STORY + "06")) for who, query in queries.items()}
    app = fresh.opened.subgraph_apps["petitions"]
    database = app.state.subgraph.database
    async with database.session() as session:
        names = await session.execute(text("select name from sqlite_master where type = 'table'"))
        tables = {row[0] for row in names}
        flagged = next(name for name in sorted(tables) if "protected" in name)
        columns = [row[1] for row in await session.execute(text(f"pragma table_info({flagged})"))]
        row = (await session.execute(text(f"select * from {flagged} limit 1"))).mappings().first()
        assert row is not None
        values = {**row, "traveler_id": STORY + "06"}
        if "id" in values:
            values["id"] = 10_000_001 if isinstance(values["id"], int) else "flag-of-a-test"
        marks = ", ".join(f":{name}" for name in columns)
        await session.execute(text(f"insert into {flagged} values ({marks})"), values)
        await session.commit()
    after = {who: bare(await ask(who, query, t=STORY + "06")) for who, query in queries.items()}
    assert after == before


# ---- A26 ------------------------------------------------------------------------------------------------------------------


async def test_a26_nothing_is_counted_that_could_not_be_listed(house: World) -> None:
    """There are no aggregates to take small counts from: the only count is that of a list, after policy."""
    schema = house.opened.graph.supergraph.api_schema
    for kind in schema.type_map.values():
        if not isinstance(kind, GraphQLObjectType) or kind.name.startswith("__"):
            continue
        for name, field in kind.fields.items():
            if re.search(r"^(totalCount|count|sum|avg|min|max)$|aggregate|groupBy|histogram", name):
                assert name == "totalCount", f"{kind.name}.{name}"
                assert house.opened.graph.shapes.connection_node(kind.name), f"{kind.name}.{name}"
                assert get_named_type(field.type).name == "Int"


async def test_a26_narrowing_a_withheld_list_narrows_nothing(ask: Asker) -> None:
    """Filters, pages and counts of a list whose rows are withheld are those of an empty list, whatever is asked."""
    caller = replace(ask.caller(21), case="ERC-00100001")
    seen = set()
    for arguments in ("", "(first: 1)", "(filter: {status: APPROVED})", "(filter: {formType: I918})", "(last: 5)"):
        query = f"query($t: ID!) {{ traveler(id: $t) {{ petitions{arguments} {{ totalCount pageInfo {{ hasNextPage }} }} }} }}"
        protected = await ask(caller, query, t=STORY + "10")
        never = await ask(replace(caller, case="ERC-00210001"), query, t=STORY + "21")
        assert bare(protected) == bare(never)  # a filter on what is withheld of her is no mistake, as on his it is none
        seen.add(bare(protected))
    assert len(seen) == 1
