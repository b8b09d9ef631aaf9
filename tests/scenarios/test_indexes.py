"""Every read of the domain finds its rows by an index: PostgreSQL is asked how it would run each statement of the house.

The small world is too small for the planner to care, so sequential scans are switched off: one that stays has no index
that could take its place, and would read a whole table of millions. A scan of an index without a condition reads the
whole table as well, unless it gives a page its order and stops there.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pytest
import pytest_asyncio
from sqlalchemy import event
from sqlalchemy.ext.asyncio import create_async_engine

from gateway.web.explorer import ready_queries
from subgraphs.kit.registry import read_registry
from tests.scenarios.asking import Asker, World, open_world, seed_world
from tests.subgraphs.postgres import agencies, server, why_not
from tests.support import cannot_start

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.postgres, pytest.mark.slow]

STORY = "TRV-01KST0RY0000000000000000"
GRACE = STORY + "29"
PAGE = "pageInfo { hasNextPage endCursor startCursor }"
QUEUES = {
    'inspections(filter: {port: "NYC", state: OPEN}, PAGED)': "cbp-secondary-nyc",
    "overstayLeads(PAGED)": "ero-lead",
    "removalCases(filter: {stage: CHARGED}, PAGED)": "ero-officer",
    "removalCases(filter: {state: OPEN}, orderBy: {field: STAGE}, PAGED)": "ero-officer",
    'exchangeVisitors(filter: {programNumber: "P-3-00017", status: ACTIVE}, PAGED)': "eca-program-officer",
    "petitions(filter: {status: RECEIVED}, PAGED)": "uscis-adjudicator",
    'petitions(filter: {receivedOnOrAfter: "2026-10-01"}, PAGED)': "uscis-adjudicator",
    "securityReviews(filter: {reviewStatus: IN_VETTING}, PAGED)": "vsp-agent-cairo",
    'visaApplications(filter: {post: "NWD", status: APPROVED_NOT_ISSUED}, PAGED)': "consular-officer-nwd",
    'visaApplications(filter: {submittedOnOrAfter: "2026-10-01"}, PAGED)': "consular-officer-nwd",
}
LISTS = {
    ("cbp-secondary-nyc", GRACE): "arrivals departures admissions inspections",
    ("consular-supervisor-nwd", GRACE): "visas visaApplications",
    ("uscis-adjudicator", STORY + "09"): "petitions benefitRequests",
    ("vsp-agent-cairo", STORY + "03"): "securityReviews",
    ("ero-officer", STORY + "25"): "enforcementEncounters removalCases detentions",
}
PARTS = {
    ("cbp-secondary-nyc", GRACE): "lookouts { __typename }",
    ("consular-supervisor-nwd", GRACE): """linkEvidence { __typename } discrepancies { __typename }
        visaApplications { nodes { consularNotes { __typename } } }""",
    ("uscis-adjudicator", STORY + "09"): "petitions { nodes { history { __typename } } }",
    ("vsp-agent-cairo", STORY + "03"): """securityReviews { nodes { derogatory { __typename }
        coordination { __typename } } }""",
    ("ero-officer", STORY + "25"): """criminalHistory { __typename }
        removalCases { nodes { encounters { __typename } detentions { __typename } } }""",
}
UNREAD = {
    "events", "serials",  # written by changes
    "link_evidence", "discrepancies", "exchange_events",  # by the desks of OBIM and SEVP alone
}  # fmt: skip
LOOKUPS = {
    'travelerByIdentifier(kind: PASSPORT, value: "Z0029001") { id }': "consular-officer-nwd",
    'search(text: "Grace") { __typename }': "consular-officer-nwd",
    'search(text: "S2900002") { __typename }': "cbp-secondary-nyc",
    """sponsor(programNumber: "P-3-00017") { participants(first: 2, filter: {status: ACTIVE}) {
        nodes { dependents { id } traveler { exchangePrograms { totalCount } } } } }""": "eca-program-officer",
    'sponsor(programNumber: "P-4-00044") { sanctions { kind } }': "eca-compliance",
}  # fmt: skip


@dataclass
class Statements:
    """What each subgraph's database was asked to read, once for each text."""

    seen: dict[tuple[str, str], Any] = field(default_factory=dict)

    def listen(self, subgraph: str, engine: Any) -> None:
        """Keep every SELECT that ``engine`` sends."""

        @event.listens_for(engine.sync_engine, "before_cursor_execute")
        def _(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
            if statement.lstrip().upper().startswith("SELECT"):
                self.seen.setdefault((subgraph, statement), parameters)


@pytest.fixture(scope="module")
def addresses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    """A PostgreSQL server of one's own with every subgraph's database, filled with the small world."""
    if reason := why_not():
        cannot_start("PostgreSQL", reason)
    with server() as url:
        urls = agencies(url)
        seed_world(tmp_path_factory.mktemp("keys"), urls)
        yield urls


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(addresses: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """The house over those databases."""
    folder: Path = tmp_path_factory.mktemp("indexed")
    async with open_world(folder, urls=addresses) as opened:
        yield opened


async def ask_everything(world: World, statements: Statements) -> None:
    """The ready queries, every queue, every list of one traveler (forwards, on, and backwards), every look-up."""
    for name, app in world.apps.items():
        statements.listen(name, app.state.subgraph.database.engine)
    ask = Asker(world)
    for ready in ready_queries():
        await ask(ready["persona"], ready["query"], **ready["variables"])
    for queue, persona in QUEUES.items():
        await pages(ask, persona, queue.replace("PAGED", "%s"))
    for (persona, traveler), names in LISTS.items():
        for name in names.split():
            await pages(ask, persona, name + "(%s)", f'traveler(id: "{traveler}")')
    for (persona, traveler), parts in PARTS.items():
        text = f'{{ traveler(id: "{traveler}") {{ timeline(first: 20) {{ __typename }} {parts} }} }}'
        await ask(persona, ask.nameable(persona, text))
    for lookup, persona in LOOKUPS.items():
        await ask(persona, f"{{ {lookup} }}")


async def pages(ask: Asker, persona: str, field: str, inside: str = "") -> None:
    """The first page, the one after it, and the last."""
    mark = ""
    for paging in ("first: 1", 'first: 1, after: "MARK"', "last: 1"):
        if "MARK" in paging and not mark:
            continue
        text = f"it: {field % paging.replace('MARK', mark)} {{ totalCount nodes {{ __typename }} {PAGE} }}"
        found = await ask(persona, f"{{ {inside} {{ {text} }} }}" if inside else f"{{ {text} }}")
        it = (found.data or {}).get("traveler" if inside else "it") or {}
        it = (it.get("it") or {}) if inside else it
        mark = (it.get("pageInfo") or {}).get("endCursor") or ""


def unindexed(node: Mapping[str, Any], limited: bool = False) -> Iterator[str]:
    """What in a plan reads a whole table."""
    kind = node["Node Type"]
    table = node.get("Relation Name", "")
    ordered = limited and "Filter" not in node  # the first rows of an order, and no more of them
    whole = kind == "Seq Scan" or (
        kind in ("Index Scan", "Index Only Scan") and "Index Cond" not in node and not ordered
    )
    if whole:
        yield f"{kind} of {table}" + (f" where {node['Filter']}" if "Filter" in node else "")
    inside = kind == "Limit" or (limited and kind in ("Subquery Scan", "Nested Loop", "LockRows"))
    for child in node.get("Plans", ()):
        yield from unindexed(child, inside)


async def test_no_read_goes_through_a_whole_table(world: World, addresses: Mapping[str, str]) -> None:
    statements = Statements()
    await ask_everything(world, statements)
    assert {name for name, _ in statements.seen} == set(addresses)
    found: list[str] = []
    for name, url in addresses.items():
        engine = create_async_engine(url, connect_args={"server_settings": {"search_path": name}})
        async with engine.connect() as connection:
            await connection.exec_driver_sql("set enable_seqscan = off")
            for (subgraph, statement), parameters in statements.seen.items():
                if subgraph == name and "alembic_version" not in statement:
                    told = await connection.exec_driver_sql(f"explain (format json) {statement}", parameters)
                    plan = told.scalar_one()
                    plan = orjson.loads(plan) if isinstance(plan, str) else plan
                    found += [f"{name}: {each}\n    {statement}" for each in unindexed(plan[0]["Plan"])]
        await engine.dispose()
    unread = {
        table.name
        for name, entry in read_registry().items()
        for table in entry.load_tables().sorted_tables
        if not any(subgraph == name and f"FROM {table.name}" in statement for subgraph, statement in statements.seen)
    }
    assert unread == UNREAD
    print(f"{len(statements.seen)} statements of {len(addresses)} databases")
    assert found == [], "\n".join(found)
