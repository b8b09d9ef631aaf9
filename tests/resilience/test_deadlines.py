"""Deadlines on a loop whose time stands until it is moved: who is late is told once, whoever ended is not."""

from __future__ import annotations

from collections.abc import Callable

from gateway.deadlines import Deadlines


class Clock:
    """A loop that has nothing but timers."""

    def __init__(self) -> None:
        self.now = 100.0
        self.timers: list[tuple[float, Callable[[], object]]] = []
        self.made = 0

    def time(self) -> float:
        return self.now

    def call_at(self, when: float, callback: Callable[[], object]) -> object:
        self.made += 1
        self.timers.append((when, callback))
        return object()

    def move(self, seconds: float) -> None:
        """Let time pass, and what is due by then happen."""
        end = self.now + seconds
        while due := sorted((each for each in self.timers if each[0] <= end), key=lambda each: each[0]):
            self.timers.remove(due[0])
            self.now = max(self.now, due[0][0])
            due[0][1]()
        self.now = end


def test_who_is_late_is_told_once_and_in_order() -> None:
    clock, late = Clock(), list[str]()
    lines: Deadlines[str] = Deadlines(10, late.append)
    lines.begin("first", clock)
    clock.move(4)
    lines.begin("second", clock)
    clock.move(5.9)
    assert late == []
    clock.move(0.2)
    assert late == ["first"]
    clock.move(3.8)
    assert late == ["first"]
    clock.move(0.2)
    assert late == ["first", "second"]
    clock.move(100)
    assert late == ["first", "second"]
    assert len(lines) == 0


def test_who_ended_in_time_or_began_again_is_not_late() -> None:
    clock, late = Clock(), list[str]()
    lines: Deadlines[str] = Deadlines(10, late.append)
    for name in ("ends", "again", "stays"):
        lines.begin(name, clock)
    lines.end("ends")
    lines.end("nobody")
    clock.move(9)
    lines.begin("again", clock)
    clock.move(2)
    assert late == ["stays"]
    clock.move(8.1)
    assert late == ["stays", "again"]


def test_many_have_one_timer() -> None:
    """A thousand who begin and end make no timer but the first one's, and none is left when all are gone."""
    clock, late = Clock(), list[int]()
    lines: Deadlines[int] = Deadlines(10, late.append)
    for number in range(1_000):
        lines.begin(number, clock)
        lines.end(number)
    assert clock.made == 1
    clock.move(11)
    assert clock.timers == []
    lines.begin(1, clock)
    assert clock.made == 2


def test_one_who_is_told_may_end_another() -> None:
    """Both are due at the same instant; the second is spared."""
    clock, late = Clock(), list[str]()

    def told(name: str) -> None:
        late.append(name)
        lines.end("second")

    lines: Deadlines[str] = Deadlines(10, told)
    lines.begin("first", clock)
    lines.begin("second", clock)
    clock.move(10)
    assert late == ["first"]


def test_another_loop_knows_nothing_of_this_one_s() -> None:
    late = list[str]()
    lines: Deadlines[str] = Deadlines(10, late.append)
    gone, clock = Clock(), Clock()
    lines.begin("gone", gone)
    lines.begin("here", clock)
    clock.move(20)
    assert late == ["here"]
