"""Progressive overrides: which labels are on for a request, and that graph and line plan by them."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.caller import Caller
from gateway.composition import SubgraphSDL, compose
from gateway.config import Settings, read_labels, read_settings
from gateway.errors import PolicyError
from gateway.execution.transport import SubgraphRequest, SubgraphResponse
from gateway.house import Question
from gateway.opening import OpenHouse, open_unrestricted
from gateway.operation import read_operation
from gateway.pipeline import answer_unrestricted
from gateway.planning.labels import LabelRules, draw, labels_of_page, labels_of_text, percent_of

KEYS = [f"request {number}" for number in range(2_000)]
AT = datetime(2026, 11, 1, tzinfo=UTC)
LINK = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.7", import: ["@key", "@override"]) '
OLD = LINK + 'type Query { item: Item } type Item @key(fields: "id") { id: ID! name: String size: Int }'
NEW = LINK + (
    'type Item @key(fields: "id") { id: ID! name: String @override(from: "old", label: "percent(30)")'
    ' size: Int @override(from: "old", label: "new-size") }'
)


class Names:
    """A transport that answers every field with the name of the subgraph."""

    async def send(self, request: SubgraphRequest) -> SubgraphResponse:
        """What the subgraph answers."""
        item = {"id": "1", "name": request.subgraph, "size": len(request.subgraph)}
        data = {"_e0": [item]} if b"_entities" in request.body else {"item": item}
        return SubgraphResponse(200, json.dumps({"data": data}).encode())


def opened(text: str = "") -> OpenHouse:
    """A gateway on a graph that moves two fields, with rules as TWS_LABELS would have them."""
    sdl = compose([SubgraphSDL("old", "http://old.test", OLD), SubgraphSDL("new", "http://new.test", NEW)])
    return open_unrestricted(sdl.supergraph_sdl, Settings(labels=labels_of_text(text)), Names())


def test_a_percentage_is_of_requests_and_smaller_shares_lie_within_larger() -> None:
    rules = LabelRules({"some": 12.5})
    on = [rules.on({"percent(10)", "percent(50)", "some", "other"}, key) for key in KEYS]
    shares = {label: sum(label in each for each in on) / len(KEYS) for label in ("percent(10)", "percent(50)", "some")}
    assert shares == pytest.approx({"percent(10)": 0.10, "percent(50)": 0.50, "some": 0.125}, abs=0.03)
    assert all("percent(50)" in each for each in on if "percent(10)" in each)
    assert not any("other" in each for each in on)
    assert len({frozenset(each) for each in on}) == 4


def test_the_number_of_a_key_never_changes() -> None:
    assert [round(draw(key), 4) for key in ("a", "request 1")] == [79.1374, 67.6203]


@pytest.mark.parametrize(
    ("label", "share"), [("percent(0)", 0), ("percent(12.25)", 12.25), ("percent(100)", 100), ("percent", 0), ("x", 0)]
)
def test_labels_that_name_a_percentage(label: str, share: float) -> None:
    assert percent_of(label) == share


def test_without_a_key_only_what_is_on_for_everyone_is_on() -> None:
    rules = LabelRules({"yes": 100.0, "most": 99.9, "no": 0.0})
    assert rules.on({"yes", "most", "no", "percent(100)", "percent(99)"}, "") == {"yes", "percent(100)"}


def test_rules_are_written_in_a_page_or_a_line() -> None:
    line = labels_of_text("new-visas = on, old=off,beta=12.5, percent(5)=100, key=user")
    page = labels_of_page({"key": "user", "labels": {"new-visas": True, "old": False, "beta": 12.5, "percent(5)": 100}})
    assert line == page == LabelRules({"new-visas": 100, "old": 0, "beta": 12.5, "percent(5)": 100}, "user")
    assert labels_of_text("") == LabelRules()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("beta", "beta is no name=value"),
        ("=on", "=on is no name=value"),
        ("beta=101", "label beta is on, off or a percentage from 0 to 100, not 101.0"),
        ("beta=maybe", "could not convert string to float: 'maybe'"),
        ("key=colour", "key is one of request, user, case, not colour"),
    ],
)
def test_a_line_that_cannot_be_read_says_what_is_wrong(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem.replace("(", r"\(")):
        labels_of_text(text)
    with pytest.raises(PolicyError) as caught:
        read_settings({"TWS_LABELS": text})
    assert caught.value.code == "SETTING_WRONG"


def test_the_environment_is_laid_over_the_page(tmp_path: Path) -> None:
    page = tmp_path / "labels.toml"
    page.write_text('key = "case"\n[labels]\n"a" = true\n"b" = 5\n')
    settings = read_settings({"TWS_LABELS": "b=off"})
    assert read_labels(page, settings.labels, frozenset("abc")) == LabelRules({"a": 100, "b": 0}, "case")
    assert read_labels(tmp_path / "none.toml", None, frozenset()) == LabelRules()


@pytest.mark.parametrize("text", ["[labels]\nz = true\n", "labels = [", "[label]\n", "[labels]\na = 'x'\n"])
def test_a_page_that_is_wrong_or_names_no_label_of_the_graph_stops_the_start(tmp_path: Path, text: str) -> None:
    page = tmp_path / "labels.toml"
    page.write_text(text)
    with pytest.raises(PolicyError) as caught:
        read_labels(page, None, frozenset("a"))
    assert caught.value.code == "LABELS_WRONG"


def test_each_request_is_planned_by_its_own_labels() -> None:
    gateway = opened()
    counts = {"old": 0, "new": 0}
    for number in range(400):
        house = replace(gateway.house, new_id=f"request {number}".__str__)
        reply = asyncio.run(answer_unrestricted(Question("{ item { name size } }"), gateway.graph, house))
        item = json.loads(reply.body)["data"]["item"]
        assert item["name"] == ("new" if draw(f"request {number}") < 30 else "old")
        assert item["size"] == 3
        counts[item["name"]] += 1
    assert 90 < counts["new"] < 150
    assert len(gateway.graph.plans) == 2


@pytest.mark.parametrize(
    ("text", "subgraphs"), [("new-size=on", ["old", "new"]), ("new-size=off", ["old"]), ("", ["old"])]
)
def test_a_flag_decides_for_everyone(text: str, subgraphs: list[str]) -> None:
    graph = opened(text).graph
    operation = read_operation("{ item { size } }", graph.supergraph.api_schema, {})
    assert [fetch.subgraph for fetch in graph.plan(operation, AT, "any").fetches] == subgraphs
    assert graph.plan(operation, AT, "any") is graph.plan(operation, AT, "another")


def test_the_key_is_the_request_or_its_callers() -> None:
    caller = Caller("A", "r", "p", case="C-1", user="u-1")
    assert opened().graph.key_of("q", caller) == "q"
    assert opened("key=user").graph.key_of("q", caller) == "u-1"
    assert opened("key=case").graph.key_of("q", caller) == "C-1"
    assert opened("key=user").graph.key_of("q") == "q"
    assert opened("key=case").graph.key_of("q", replace(caller, case="")) == "q"


def test_a_label_that_the_graph_does_not_have_stops_the_start() -> None:
    with pytest.raises(PolicyError) as caught:
        opened("unknown=on")
    assert "the graph's labels are: new-size, percent(30)" in caught.value.mistakes[0].hint
