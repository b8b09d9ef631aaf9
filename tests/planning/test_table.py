"""Answers that rest on each other: every derivation is found, none rests on itself, and nothing is searched without end."""

from __future__ import annotations

from gateway.planning.table import Table

Edges = dict[str, dict[str, int]]


class Roads:
    """The shortest way from each town to the sea, asked of the towns next to it: circles everywhere."""

    def __init__(self, edges: Edges) -> None:
        self.edges = edges
        self.searched = 0
        self.table: Table[str, int | None] = Table(None, lambda one, other: one == other)

    def far(self, town: str) -> int | None:
        """How far the sea is; None where no road leads there."""
        return 0 if town == "sea" else self.table.answer(town, lambda: self.search(town))

    def search(self, town: str) -> int | None:
        """The best of what the neighbours say."""
        self.searched += 1
        told = [(self.far(after), length) for after, length in self.edges[town].items()]
        return min((far + length for far, length in told if far is not None), default=None)


def test_a_circle_is_searched_until_nothing_changes() -> None:
    roads = Roads({"a": {"b": 1, "sea": 9}, "b": {"c": 1}, "c": {"a": 1, "sea": 2}})
    assert [roads.far(town) for town in "bac"] == [3, 4, 2]
    assert roads.searched <= 9


def test_what_is_asked_first_does_not_matter() -> None:
    edges = {
        "a": {"b": 1},
        "b": {"a": 1, "c": 5},
        "c": {"b": 1, "d": 1},
        "d": {"c": 1, "sea": 1, "e": 1},
        "e": {"d": 7},
    }
    expected = {"a": 8, "b": 7, "c": 2, "d": 1, "e": 8}
    for first in edges:
        roads = Roads(edges)
        roads.far(first)
        assert {town: roads.far(town) for town in edges} == expected


def test_no_answer_rests_on_itself() -> None:
    roads = Roads({"a": {"b": 1}, "b": {"a": 1}})
    assert roads.far("a") is None
    assert roads.far("b") is None
    assert roads.searched == 2


def test_every_town_next_to_every_other_is_searched_a_few_times() -> None:
    towns = [f"t{number}" for number in range(40)]
    edges = {town: {other: 1 for other in towns if other != town} for town in towns}
    edges["t39"]["sea"] = 1
    roads = Roads(edges)
    assert [roads.far(town) for town in towns] == [2] * 39 + [1]
    assert roads.searched <= 4 * len(towns)


def test_borrowed_says_whether_an_answer_may_still_change() -> None:
    roads = Roads({"a": {"b": 1}, "b": {"a": 1, "sea": 1}, "c": {"sea": 1}})
    table, seen = roads.table, []

    def watch() -> int | None:
        before = table.borrowed
        roads.far("c")
        seen.append(table.borrowed == before)
        table.answer("b", lambda: table.answer("watch", lambda: None))
        seen.append(table.borrowed == before)
        return 1

    table.answer("watch", watch)
    assert seen[:2] == [True, False]


def test_a_search_broken_off_can_be_begun_anew() -> None:
    roads = Roads({"a": {"b": 1}, "b": {"a": 1, "sea": 1}})

    def broken() -> int | None:
        roads.far("b")
        raise ValueError

    try:
        roads.table.answer("a", broken)
    except ValueError:
        roads.table.forget_drafts()
    assert (roads.far("a"), roads.far("b")) == (2, 1)
