"""Identifiers of the right shape that never collide: a bijection for generated travelers, readable ones for stories.

Formats: domain.md section 1.4. Generated and story identifiers live in disjoint ranges, so a story can be told at any
scale. Every generated identifier is a fixed permutation of (traveler index, counter), which needs no memory of the
others: that is what lets a million travelers stream.
"""

import hashlib
from abc import ABC, abstractmethod
from collections import defaultdict

__all__ = ["GeneratedNumbers", "Numbers", "StoryNumbers", "traveler_id"]

_PRIME = 2_654_435_761
_SLOTS = 16  # identifiers of one kind a generated traveler can have
_BASE32 = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_FOIL_LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZ"  # no S: stories have it
_APPLICATION_LETTERS = "ABCDEFGHJKMNPQRTVW"
_I94_LETTERS = "BCDEFGHJKMNPQRSTVW"
_CENTERS = ("EAC", "WAC", "LIN", "SRC")
_BASE36 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def traveler_id(seed: int, index: int) -> str:
    """The gateway's number for generated traveler `index`: `TRV-` and 26 characters derived from no identifier."""
    value = int.from_bytes(hashlib.sha256(f"traveler/{seed}/{index}".encode()).digest()[:16], "big")
    return "TRV-" + "".join(_BASE32[(value >> (5 * place)) & 31] for place in range(25, -1, -1))


class Numbers(ABC):
    """Gives identifiers one after the other. Subclasses say what the n-th of a kind looks like."""

    @abstractmethod
    def receipt(self, fiscal_year: int, *, electronic: bool = True) -> str:
        """A USCIS receipt number, three letters and ten digits."""

    @abstractmethod
    def application(self) -> str:
        """A DS-160 application ID, `AA00` and six characters."""

    @abstractmethod
    def immigrant_case(self, post: str, year: int) -> str:
        """An NVC case number: post, year, six digits (the same shape as a receipt number)."""

    @abstractmethod
    def foil(self) -> str:
        """A visa foil number, a letter and seven digits."""

    @abstractmethod
    def control(self, year: int) -> str:
        """A visa control number, fourteen digits beginning with the year."""

    @abstractmethod
    def i94(self, *, legacy: bool = False) -> str:
        """An I-94 number: nine digits, a letter, a digit; eleven digits if `legacy` (before May 2019)."""

    @abstractmethod
    def a_number(self) -> str:
        """`A` and nine digits."""

    @abstractmethod
    def fin(self) -> str:
        """Ten digits."""

    @abstractmethod
    def sevis(self) -> str:
        """`N` and ten digits."""

    @abstractmethod
    def passport(self) -> str:
        """Nine characters."""

    @abstractmethod
    def review(self, year: int) -> str:
        """`VSR-`, year, seven digits."""

    @abstractmethod
    def event(self, office: str, fiscal_year: int) -> str:
        """An enforcement event number: office, fiscal year, eight digits."""

    @abstractmethod
    def serial(self, prefix: str) -> str:
        """`prefix` and eight digits: crossings, inspections, departures, cases and whatever has no public format."""


class GeneratedNumbers(Numbers):
    """Identifiers of generated traveler `index` of the world `seed`."""

    def __init__(self, seed: int, index: int) -> None:
        self._seed = seed
        self._index = index
        self._used: dict[str, int] = defaultdict(int)

    def _next(self, kind: str, size: int, slots: int = _SLOTS) -> int:
        """A number below `size` that no other (traveler, counter) of this kind has. Raises ValueError when used up."""
        counter = self._used[kind]
        if counter >= slots:
            raise ValueError(f"traveler {self._index} has used its {slots} numbers of kind {kind}")
        self._used[kind] = counter + 1
        return ((self._index * slots + counter) * _PRIME + self._seed * 7919) % size

    def receipt(self, fiscal_year: int, *, electronic: bool = True) -> str:
        if electronic:
            return f"IOE91{self._next('ioe', 10**8):08d}"
        value = self._next("receipt", 26 * 10**6)
        center = _CENTERS[self._index % len(_CENTERS)]
        return f"{center}{fiscal_year % 100:02d}{value // 10**5 + 1:03d}{value % 10**5:05d}"

    def application(self) -> str:
        value = self._next("application", 18 * 36**5)
        text = ""
        for _ in range(5):
            value, rest = divmod(value, 36)
            text = _BASE36[rest] + text
        return f"AA00{_APPLICATION_LETTERS[value]}{text}"

    def immigrant_case(self, post: str, year: int) -> str:
        return f"{post}{year:04d}{self._next('immigrant', 10**6, slots=1):06d}"

    def foil(self) -> str:
        letter, rest = divmod(self._next("foil", len(_FOIL_LETTERS) * 10**7), 10**7)
        return f"{_FOIL_LETTERS[letter]}{rest:07d}"

    def control(self, year: int) -> str:
        return f"{year:04d}{10**9 + self._next('control', 9 * 10**9):010d}"

    def i94(self, *, legacy: bool = False) -> str:
        value = self._next("i94", 10**9)
        if legacy:
            return f"{value:09d}{self._index % 100:02d}"
        return f"{value:09d}{_I94_LETTERS[value % len(_I94_LETTERS)]}{value % 10}"

    def a_number(self) -> str:
        return f"A{10**7 + self._next('alien', 25 * 10**7):09d}"

    def fin(self) -> str:
        return f"{self._next('fin', 7 * 10**9):010d}"

    def sevis(self) -> str:
        return f"N{10**9 + self._next('sevis', 9 * 10**9):010d}"

    def passport(self) -> str:
        return f"U{self._next('passport', 10**8):08d}"

    def review(self, year: int) -> str:
        return f"VSR-{year:04d}-{10**6 + self._next('review', 9 * 10**6, slots=4):07d}"

    def event(self, office: str, fiscal_year: int) -> str:
        return f"{office}{fiscal_year % 100:02d}{10**7 + self._next('event', 9 * 10**7):08d}"

    def serial(self, prefix: str) -> str:
        return f"{prefix}{10**7 + self._next(prefix[:3], 9 * 10**7):08d}"


class StoryNumbers(Numbers):
    """Readable identifiers of story number `story` (1-99): the story's number and a counter from 1, by kind."""

    def __init__(self, story: int) -> None:
        self._story = story
        self._used: dict[str, int] = defaultdict(int)

    def _next(self, kind: str) -> int:
        self._used[kind] += 1
        return self._used[kind]

    def receipt(self, fiscal_year: int, *, electronic: bool = True) -> str:
        return f"IOE09{fiscal_year % 100:02d}{self._story:03d}{self._next('receipt'):03d}"

    def application(self) -> str:
        return f"AA00S{self._story:02d}{self._next('application'):03d}"

    def immigrant_case(self, post: str, year: int) -> str:
        return f"{post}{year:04d}{self._story:03d}{self._next('immigrant'):03d}"

    def foil(self) -> str:
        return f"S{self._story:02d}{self._next('foil'):05d}"

    def control(self, year: int) -> str:
        return f"{year:04d}{self._story:03d}{self._next('control'):07d}"

    def i94(self, *, legacy: bool = False) -> str:
        counter = self._next("i94")
        return f"{self._story:02d}{counter:09d}" if legacy else f"{self._story:02d}{counter:07d}A{self._story % 10}"

    def a_number(self) -> str:
        return f"A{299_000_000 + self._story * 100 + self._next('alien'):09d}"

    def fin(self) -> str:
        return f"77{self._story:03d}{self._next('fin'):05d}"

    def sevis(self) -> str:
        return f"N00{self._story:03d}{self._next('sevis'):05d}"

    def passport(self) -> str:
        return f"ST0{self._story:02d}{self._next('passport'):04d}"

    def review(self, year: int) -> str:
        return f"VSR-{year:04d}-{self._story:04d}{self._next('review'):03d}"

    def event(self, office: str, fiscal_year: int) -> str:
        return f"{office}{fiscal_year % 100:02d}{self._story:03d}{self._next('event'):05d}"

    def serial(self, prefix: str) -> str:
        return f"{prefix}{self._story:04d}{self._next(prefix):04d}"
