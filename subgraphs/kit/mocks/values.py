"""Leaf values of a mock: the same for the same seed, of the type that the SDL names, scalars of one's own among them."""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from graphql import GraphQLEnumType, GraphQLLeafType

__all__ = ["Dice", "leaf"]

T = TypeVar("T")
_DAY = dt.date(2026, 11, 1)
_YEARS = 2_000  # days back from that day


class Dice:
    """Numbers that follow from ``seed`` alone."""

    def __init__(self, seed: str) -> None:
        self._digest = hashlib.blake2b(seed.encode(), digest_size=32).digest()

    def number(self, below: int, turn: int = 0) -> int:
        """A whole number, 0 or more and less than ``below``; another for another ``turn`` (0 to 7)."""
        return int.from_bytes(self._digest[4 * turn : 4 * turn + 4], "big") % below

    def of(self, choices: Sequence[T], turn: int = 0) -> T:
        """One of ``choices``."""
        return choices[self.number(len(choices), turn)]

    def text(self, length: int = 6) -> str:
        """Letters and digits, to tell one value from another."""
        return self._digest.hex()[:length].upper()


def leaf(kind: GraphQLLeafType, name: str, seed: str, compared: Sequence[Any] = ()) -> Any:
    """The JSON value of the field ``name`` for ``seed``.

    Half of the values are taken from ``compared``, those that agreements compare the field with, where they fit the type.
    """
    dice = Dice(seed)
    if isinstance(kind, GraphQLEnumType):
        names = list(kind.values)
        fitting = [each for each in compared if each in names]
        return dice.of(fitting if fitting and dice.number(2) else names, 1)
    made = _SCALARS.get(kind.name.lower().replace("_", ""), _text)(dice, name)
    fitting = [each for each in compared if type(each) is type(made)]
    return dice.of(fitting, 1) if fitting and dice.number(2) else made


def _text(dice: Dice, name: str) -> str:
    return f"{name} {dice.text(4)}"


def _day(dice: Dice, _name: str) -> str:
    return (_DAY - dt.timedelta(days=dice.number(_YEARS, 2))).isoformat()


def _time(dice: Dice, _name: str) -> str:
    return f"{dice.number(24, 3):02d}:{dice.number(60, 4):02d}:00"


def _instant(dice: Dice, name: str) -> str:
    return f"{_day(dice, name)}T{_time(dice, name)}Z"


def _whole(dice: Dice, _name: str) -> int:
    return dice.number(1_000, 2)


def _fraction(dice: Dice, _name: str) -> float:
    return dice.number(100_000, 2) / 100


def _decimal(dice: Dice, name: str) -> str:
    return f"{_fraction(dice, name):.2f}"


def _uuid(dice: Dice, _name: str) -> str:
    return str(uuid.UUID(dice.text(32)))


_Maker = Callable[[Dice, str], Any]
_SCALARS: dict[str, _Maker] = {
    "id": lambda dice, name: f"{name}-{dice.text()}",
    "int": _whole,
    "float": _fraction,
    "boolean": lambda dice, _: bool(dice.number(2, 2)),
    "date": _day,
    "localdate": _day,
    "datetime": _instant,
    "instant": _instant,
    "timestamp": _instant,
    "time": _time,
    "localtime": _time,
    "duration": lambda dice, _: f"P{1 + dice.number(90, 2)}D",
    "long": _whole,
    "bigint": _whole,
    "int64": _whole,
    "decimal": _decimal,
    "bigdecimal": _decimal,
    "money": _decimal,
    "uuid": _uuid,
    "guid": _uuid,
    "url": lambda dice, name: f"https://mock.example/{name}/{dice.text()}",
    "uri": lambda dice, name: f"https://mock.example/{name}/{dice.text()}",
    "email": lambda dice, name: f"{name}.{dice.text().lower()}@mock.example",
    "emailaddress": lambda dice, name: f"{name}.{dice.text().lower()}@mock.example",
    "json": lambda dice, name: {name: dice.text()},
    "jsonobject": lambda dice, name: {name: dice.text()},
    "object": lambda dice, name: {name: dice.text()},
}
"""By the scalar's name in small letters; any other is text, like String."""
