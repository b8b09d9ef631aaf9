"""Mocks: filters, orders and pages of a list are true to their arguments, on the rows' own fields."""

from __future__ import annotations

from typing import Any

import pytest

from tests.kit.test_mocks import HERS, mocked

SDL = """
extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])
directive @reads(fields: [String!]!) on ARGUMENT_DEFINITION | INPUT_FIELD_DEFINITION
scalar Date
scalar DateTime
enum Status { OPEN DECIDED CLOSED }
enum Direction { ASC DESC }
enum CaseOrderField { RECEIVED_ON STATUS FEE HOLDER_NAME }
type CodedValue { list: String! code: String! label: String }
type Case @key(fields: "number") {
  number: String
  status: Status
  receivedOn: Date
  seenAt: DateTime
  fee: Int
  post: CodedValue
}
input CaseFilter {
  number: String = null @reads(fields: ["Case.number"])
  status: Status = null @reads(fields: ["Case.status"])
  post: String = null @reads(fields: ["Case.post"])
  fee: Int = null
  receivedOnOrAfter: Date = null @reads(fields: ["Case.receivedOn"])
  seenOnOrAfter: Date = null @reads(fields: ["Case.seenAt"])
  notSeen: Boolean = null @reads(fields: ["Case.seenAt"])
}
input CaseOrder { field: CaseOrderField! = RECEIVED_ON direction: Direction! = DESC }
type CaseEdge { cursor: String! node: Case }
type CaseConnection { edges: [CaseEdge!]! nodes: [Case!]! pageInfo: PageInfo! totalCount: Int! }
type PageInfo { hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: String endCursor: String }
type Traveler @key(fields: "id") { id: ID! cases(filter: CaseFilter, orderBy: CaseOrder, first: Int): CaseConnection }
type Query {
  cases(filter: CaseFilter, orderBy: CaseOrder, first: Int, after: String): CaseConnection
  listed(filter: CaseFilter, first: Int): [Case!]
}
"""
ROW = "number status receivedOn seenAt fee post { code }"


async def rows(arguments: str = "", of: str = ROW) -> list[dict[str, Any]]:
    page = await mocked(SDL, "cases").ask(f"{{ cases{arguments} {{ totalCount nodes {{ {of} }} }} }}")
    assert "errors" not in page, page
    found: list[dict[str, Any]] = page["data"]["cases"]["nodes"]
    assert page["data"]["cases"]["totalCount"] == len(found)
    return found


async def test_a_filter_leaves_the_rows_that_it_names_and_makes_none() -> None:
    every = await rows()
    assert len(every) == 24
    one = every[3]
    post = next(each["post"]["code"] for each in every if each["post"])
    day = sorted(each["receivedOn"] for each in every if each["receivedOn"])[12]
    chosen: list[tuple[str, Any]] = [
        ("status: OPEN", lambda each: each["status"] == "OPEN"),
        (f'number: "{one["number"]}"', lambda each: each["number"] == one["number"]),
        (f'post: "{post}"', lambda each: each["post"] and each["post"]["code"] == post),
        (f"fee: {one['fee']}", lambda each: each["fee"] == one["fee"]),
        (f'receivedOnOrAfter: "{day}"', lambda each: (each["receivedOn"] or "") >= day),
        (f'seenOnOrAfter: "{day}"', lambda each: (each["seenAt"] or "")[:10] >= day),
        (f'status: OPEN, receivedOnOrAfter: "{day}"', lambda each: each["status"] == "OPEN" and (each["receivedOn"] or "") >= day),
        ('number: "nobody\'s"', lambda each: False),
        ("status: null", lambda each: True),
        ("notSeen: true", lambda each: True),  # what it means is its owner's to say
    ]  # fmt: skip
    for written, fits in chosen:
        assert await rows(f"(filter: {{{written}}})") == [each for each in every if fits(each)], written
    assert 0 < len(await rows("(filter: {status: OPEN})")) < 24


@pytest.mark.parametrize(("field", "key"), [("RECEIVED_ON", "receivedOn"), ("STATUS", "status"), ("FEE", "fee")])
async def test_an_order_is_kept_and_what_has_no_value_comes_last(field: str, key: str) -> None:
    every = await rows()
    for direction in ("ASC", "DESC"):
        got = await rows(f"(orderBy: {{field: {field}, direction: {direction}}})")
        there = [each for each in every if each[key] is not None]
        assert got[: len(there)] == sorted(there, key=lambda each: each[key], reverse=direction == "DESC")
        assert got[len(there) :] == [each for each in every if each[key] is None]
    assert await rows("(orderBy: {field: HOLDER_NAME})") == every, "no field of a row is called so"


async def test_pages_are_of_what_was_asked_for_in_its_order() -> None:
    asked = mocked(SDL, "cases")
    chosen = "filter: {status: OPEN}, orderBy: {field: FEE, direction: ASC}"
    whole = [each["number"] for each in await rows(f"({chosen})", "number")]
    seen: list[str] = []
    after: str | None = None
    for _ in range(len(whole)):
        query = f"query($a: String) {{ cases({chosen}, first: 2, after: $a) {{ nodes {{ number }} pageInfo {{ hasNextPage endCursor }} }} }}"
        page = (await asked.ask(query, {"a": after}))["data"]["cases"]
        seen += [each["number"] for each in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert seen == whole


async def test_a_travelers_rows_and_plain_lists_are_chosen_from_too() -> None:
    asked = mocked(SDL, "cases")
    query = f"query($r: [_Any!]!, $f: CaseFilter) {{ _entities(representations: $r) {{ ... on Traveler {{ cases(filter: $f) {{ nodes {{ {ROW} }} }} }} }} }}"
    travelers = [{"__typename": "Traveler", "id": each} for each in (HERS, *(f"TRV-{n:026d}" for n in range(9)))]
    both = [
        [each["cases"]["nodes"] if each["cases"] else [] for each in (await asked.ask(query, {"r": travelers, "f": wanted}))["data"]["_entities"]]
        for wanted in (None, {"status": "CLOSED"})
    ]  # fmt: skip
    assert both[1] == [[each for each in nodes if each["status"] == "CLOSED"] for nodes in both[0]]
    assert both[0] != both[1] != [[]] * 10

    every = (await asked.ask(f"{{ listed {{ {ROW} }} }}"))["data"]["listed"]
    assert (await asked.ask(f"{{ listed(first: 1) {{ {ROW} }} }}"))["data"]["listed"] == every[:1]
    kept = [each for each in every if each["status"] == every[0]["status"]]
    written = f"{{ listed(filter: {{status: {every[0]['status']}}}) {{ {ROW} }} }}"
    assert (await asked.ask(written))["data"]["listed"] == kept
