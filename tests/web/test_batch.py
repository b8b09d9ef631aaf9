"""An array of requests: refused unless switched on, and then nothing that its requests one by one would not be."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from gateway.limits import LimitsPage
from tests.web.client import JSON, Answered, Face

pytestmark = pytest.mark.asyncio(loop_scope="module")

WHO = "cbp-secondary-nyc"
VISIT = {"query": '{ traveler(id: "TRV-01KST0RY000000000000000029") { id visas { totalCount } } }'}
NAME = {"query": "{ __typename }"}


async def batched(face: Face, *pages: Any, limits: dict[str, Any] | None = None, most: int = 3) -> Answered:
    other = face.instead(limits=LimitsPage.read({"gateway": {"batch": most}, **(limits or {})}))
    return await other.send(token=face.token(WHO), body=orjson.dumps(pages), content_type=JSON)


async def test_off_unless_switched_on_and_never_beyond_its_cap(face: Face) -> None:
    """An empty array is no request at all."""
    refused = [
        await batched(face, NAME, most=0),
        await batched(face, NAME, NAME, NAME, NAME),
        await batched(face),
    ]
    codes = ["BATCHING_REFUSED", "BATCH_TOO_LARGE", "BATCHING_REFUSED"]
    assert [(each.status, each.error["code"]) for each in refused] == [(400, code) for code in codes]


async def test_each_answer_is_what_it_would_be_alone_and_has_a_record_of_its_own(face: Face) -> None:
    """In the order of the array; a mistake in one is told in its place and stops no other."""
    alone = await face.ask(VISIT["query"], WHO)
    told = await batched(face, VISIT, {"query": "{ nothing }"}, VISIT)
    first, wrong, last = told.page
    assert (told.status, first["data"], last["data"]) == (200, alone.data, alone.data)
    assert first["extensions"]["sharing"] == alone.page["extensions"]["sharing"]
    assert first["extensions"]["record"] != last["extensions"]["record"]
    assert wrong["errors"][0]["extensions"]["code"] == "UNKNOWN_FIELD"
    assert "data" not in wrong


async def test_what_is_no_request_is_told_in_its_place(face: Face) -> None:
    """An array in the array, and a text."""
    told = await batched(face, [NAME], "x", NAME)
    assert [each.get("errors", [{}])[0].get("extensions", {}).get("code") for each in told.page] == [
        "BODY_NOT_AN_OBJECT",
        "BODY_NOT_AN_OBJECT",
        None,
    ]


async def test_a10_each_counts_against_the_rate(face: Face) -> None:
    """Three requests in one are three."""
    slow = {"callers": {"rate": 0.001, "burst": 2}}
    assert (await batched(face, NAME, NAME, limits=slow)).status == 200
    refused = await batched(face, NAME, NAME, NAME, limits=slow)
    assert (refused.status, refused.error["code"]) == (429, "RATE_EXCEEDED")
    assert int(refused.headers["retry-after"]) > 0


async def test_one_request_is_answered_as_ever_where_arrays_are_taken(face: Face) -> None:
    """And a GET."""
    other = face.instead(limits=LimitsPage.read({"gateway": {"batch": 3}}))
    assert (await other.ask(NAME["query"], WHO)).data == {"__typename": "Query"}
    assert (await other.get(query=NAME["query"])).data == {"__typename": "Query"}
