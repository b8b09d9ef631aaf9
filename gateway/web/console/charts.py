"""Charts as geometry for the templates to draw: bars over days, and bands from who gives to who is given.

Each chart comes with its numbers, so that the page can say in a table what the drawing shows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

__all__ = ["Band", "Bands", "Bar", "Bars", "bands_between", "bars_by_day"]

_WIDE, _HIGH = 560, 150
_LEFT, _BOTTOM, _TOP = 44, 22, 14
_BAND_LEFT, _BAND_RIGHT, _BAND_TOP, _GAP = 96, 96, 8, 10


@dataclass(frozen=True, slots=True)
class Bar:
    """One day: its number, and where its bar stands."""

    day: date
    number: int
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Bars:
    """A number for each day. ``steps`` are the lines of the scale: (number, y)."""

    width: int
    height: int
    foot: float
    bars: tuple[Bar, ...]
    steps: tuple[tuple[int, float], ...]
    total: int


@dataclass(frozen=True, slots=True)
class Band:
    """What one agency gave another: how much, and the band's outline as an SVG path."""

    giver: str
    taker: str
    number: int
    path: str


@dataclass(frozen=True, slots=True)
class Bands:
    """Givers on the left, takers on the right. The ends are (name, number, x, y, height)."""

    width: int
    height: int
    bands: tuple[Band, ...]
    givers: tuple[tuple[str, int, float, float, float], ...]
    takers: tuple[tuple[str, int, float, float, float], ...]


def bars_by_day(numbers: Mapping[date, int], last: date, days: int) -> Bars:
    """The numbers of the ``days`` that end with ``last``, oldest first; a day without one counts nothing."""
    every = [last - timedelta(days=back) for back in reversed(range(days))]
    most = max(max((numbers.get(day, 0) for day in every), default=0), 1)
    foot, room = float(_HIGH - _BOTTOM), _HIGH - _BOTTOM - _TOP
    step = (_WIDE - _LEFT) / days
    bars = tuple(
        Bar(
            day,
            numbers.get(day, 0),
            round(_LEFT + place * step + 1, 1),
            round(foot - room * numbers.get(day, 0) / most, 1),
            round(step - 2, 1),
            round(room * numbers.get(day, 0) / most, 1),
        )
        for place, day in enumerate(every)
    )
    steps = tuple((number, round(foot - room * number / most, 1)) for number in sorted({0, most // 2, most}))
    return Bars(_WIDE, _HIGH, foot, bars, steps, sum(each.number for each in bars))


def bands_between(numbers: Mapping[tuple[str, str], int]) -> Bands:
    """Bands for (giver, taker) to a number above zero, as wide as the number's share, none thinner than a line."""
    given = {pair: number for pair, number in numbers.items() if number > 0}
    givers, takers = sorted({giver for giver, _ in given}), sorted({taker for _, taker in given})
    room = max(60 * max(len(givers), len(takers), 1), 120)
    total = max(sum(given.values()), 1)
    thick = {pair: max(1.5, (room - _GAP * 8) * number / total) for pair, number in given.items()}
    left = _stack(givers, {name: sum(thick[pair] for pair in given if pair[0] == name) for name in givers})
    right = _stack(takers, {name: sum(thick[pair] for pair in given if pair[1] == name) for name in takers})
    start, stop = dict(left), dict(right)
    near, far = _BAND_LEFT, _WIDE - _BAND_RIGHT
    bands = []
    for pair in sorted(given):
        giver, taker = pair
        bands.append(Band(giver, taker, given[pair], _ribbon(near, start[giver], far, stop[taker], thick[pair])))
        start[giver] += thick[pair]
        stop[taker] += thick[pair]
    ends = [max(start.values(), default=0), max(stop.values(), default=0)]
    return Bands(
        _WIDE,
        round(max(ends) + _BAND_TOP + 8),
        tuple(bands),
        tuple(_ends(left, start, {name: sum(given[p] for p in given if p[0] == name) for name in givers}, near - 8)),
        tuple(_ends(right, stop, {name: sum(given[p] for p in given if p[1] == name) for name in takers}, far + 8)),
    )


def _stack(names: Iterable[str], heights: Mapping[str, float]) -> dict[str, float]:
    """Where each begins, one below the other, none nearer than its label is high."""
    found: dict[str, float] = {}
    y = float(_BAND_TOP)
    for name in names:
        found[name] = y
        y += max(heights[name], 16) + _GAP
    return found


def _ends(
    begins: Mapping[str, float], ends: Mapping[str, float], numbers: Mapping[str, int], x: float
) -> Iterable[tuple[str, int, float, float, float]]:
    for name, y in begins.items():
        yield name, numbers[name], x, round(y, 1), round(ends[name] - y, 1)


def _ribbon(x: float, y: float, far: float, end: float, thick: float) -> str:
    half = (x + far) / 2
    return (
        f"M{x} {y:.1f}C{half} {y:.1f} {half} {end:.1f} {far} {end:.1f}V{end + thick:.1f}"
        f"C{half} {end + thick:.1f} {half} {y + thick:.1f} {x} {y + thick:.1f}Z"
    )
