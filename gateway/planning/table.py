"""Answers to questions that ask one another, perhaps in circles: each question is searched once or a few times."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

__all__ = ["Table"]

_ROUNDS = 12
_NESTED = 24  # searches within each other; what is asked beyond waits, so that any circle fits on Python's stack
Question = TypeVar("Question")
Answer = TypeVar("Answer")


class Table(Generic[Question, Answer]):
    """Remembers answers. Questions in a circle start from ``nothing`` and are searched anew until no answer changes.

    That is the least fixed point, so no answer rests on itself. The circles are found as Tarjan finds strongly connected
    components: a question that has asked none before it settles all that wait for it. ``borrowed`` counts the answers
    given that were not final: what was made between two equal counts is.
    """

    def __init__(self, nothing: Answer, same: Callable[[Answer, Answer], bool]) -> None:
        self.final: dict[Question, Answer] = {}
        self.borrowed = 0
        self._nothing = nothing
        self._same = same
        self._open: dict[Question, int] = {}  # being searched, or waiting for one that is, in the order of asking
        self._drafts: dict[Question, Answer] = {}
        self._read: dict[Question, Answer] = {}  # drafts as they were when first given out
        self._lowest = 0
        self._nested = 0
        self._due: dict[Question, Callable[[], Answer]] = {}

    def forget_drafts(self) -> None:
        """Be as if nothing were being searched: after a search that was broken off."""
        self._open.clear()
        self._drafts.clear()
        self._read.clear()
        self._due.clear()
        self._nested = 0

    def answer(self, asked: Question, search: Callable[[], Answer]) -> Answer:
        """The answer to ``asked``: final, or inside ``search`` of a question of the same circle what is known so far."""
        if asked in self.final:
            return self.final[asked]
        if asked in self._open:
            return self._lend(asked, self._open[asked])
        if self._nested == _NESTED:
            self._due[asked] = search
            return self._lend(asked, 0)
        place, borrowed = len(self._open), self.borrowed
        lowest, self._lowest = self._lowest, place
        read, self._read = self._read, {}
        self._open[asked] = place
        for _ in range(_ROUNDS):
            self._nested += 1
            self._drafts[asked] = search()
            while place == 0 and self._due:
                self.answer(*self._due.popitem())
            self._nested -= 1
            if self._lowest < place or not self._changed():
                break
            self._close(place + 1)
            self._read = {}
        answer = self._drafts[asked]
        if self._lowest < place:  # a question before this one settles it
            read = {**self._read, **read}
        else:
            for each in self._close(place):
                self.final[each] = self._drafts.pop(each)
            self.borrowed = borrowed
            if place == 0:
                self._drafts.clear()  # those that the last round no longer asked
        self._lowest = min(lowest, self._lowest)
        self._read = read
        return answer

    def _lend(self, asked: Question, place: int) -> Answer:
        """What is known of ``asked`` so far; the question at ``place`` settles whoever borrows it."""
        self._lowest = min(self._lowest, place)
        self.borrowed += 1
        draft = self._drafts.get(asked, self._nothing)
        self._read.setdefault(asked, draft)
        return draft

    def _changed(self) -> bool:
        return any(
            not self._same(self.final[each] if each in self.final else self._drafts[each], draft)
            for each, draft in self._read.items()
        )

    def _close(self, place: int) -> list[Question]:
        """The questions opened from ``place`` on, no longer open."""
        closed = list(self._open)[place:]
        for each in closed:
            del self._open[each]
        return closed
