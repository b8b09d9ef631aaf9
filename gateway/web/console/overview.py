"""The first page: how the street stands today, what went over it lately, and what is to be done."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from gateway.sharing import FINAL
from gateway.web.console.agreements import standings
from gateway.web.console.charts import bands_between, bars_by_day
from gateway.web.console.page import told_page
from gateway.web.console.record import RELEASED, Recent, recent
from gateway.web.console.requests import party_of, visible_requests, waits_for
from gateway.web.console.room import Room, Visitor

__all__ = ["flows_of", "overview", "per_day"]


def overview(request: Request, room: Room, visitor: Visitor) -> Response:
    """The overview."""
    room.look(visitor, "overview")
    lately = recent(room, visitor)
    flows = flows_of(lately)
    given, withheld = per_day(lately)
    deeds = standings(room, visitor, room.now)
    party, asked = party_of(visitor), visible_requests(room, visitor)
    page: dict[str, Any] = {
        "at": room.now.date(),
        "days": lately.days,
        "answers": len(lately.records),
        "cut": lately.cut,
        "given": sum(given.values()),
        "crossed": sum(number for (giver, taker), number in flows.items() if giver != taker),
        "withheld": sum(withheld.values()),
        "agreements": dict(Counter(each["state"] for each in deeds)),
        "requests": {
            "open": sum(each.state not in FINAL for each in asked),
            "yours": [{"id": each.id, "title": each.wish.title, "what": what} for each in asked if (what := waits_for(each, party))],
        },
        "to_do": [{"id": each["id"], "state": each["state"], "needs": each["needs"]} for each in deeds if each["needs"]],
        "flows": [
            {"from": giver, "to": taker, "values": number}
            for (giver, taker), number in sorted(flows.items(), key=lambda each: -each[1])
            if giver != taker
        ],
        "by_day": [
            {"day": day, "given": given.get(day, 0), "withheld": withheld.get(day, 0)}
            for day in sorted(given.keys() | withheld.keys())
        ],
    }  # fmt: skip
    crossing = {pair: number for pair, number in flows.items() if pair[0] != pair[1]}
    today = room.now.date()
    return told_page(
        request, room, visitor, "overview.html", page, drawn=bands_between(crossing),
        given=bars_by_day(given, today, lately.days), withheld=bars_by_day(withheld, today, lately.days),
    )  # fmt: skip


def flows_of(lately: Recent) -> dict[tuple[str, str], int]:
    """How many values each agency gave each, by (owner, recipient); an agency's reads of its own are in it."""
    found: Counter[tuple[str, str]] = Counter()
    for each in lately.records:
        for item in each.items:
            if item["outcome"] in RELEASED and item["owner"]:
                found[item["owner"], each.caller["agency"]] += item["count"]
    return dict(found)


def per_day(lately: Recent) -> tuple[dict[date, int], dict[date, int]]:
    """How many values were given on each day, and how many fields were not (each counted once an answer)."""
    given: Counter[date] = Counter()
    withheld: Counter[date] = Counter()
    for each in lately.records:
        day = date.fromisoformat(each.at[:10])
        given[day] += each.released
        withheld[day] += each.withheld
    return dict(given), dict(withheld)
