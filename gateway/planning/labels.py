"""Progressive overrides: which ``@override(label:)`` labels are on for one request.

``percent(n)`` is on for n of 100 requests by itself; any other label is on, off, or on for a share, as the rules say.
All shares are of one number drawn from the request's key, so a request that is in a small share is in every larger
one, and a graph with n labels has at most n + 1 ways of being planned.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, get_args

__all__ = ["KeyOf", "LabelRules", "draw", "labels_of_page", "labels_of_text", "percent_of"]

KeyOf: TypeAlias = Literal["request", "user", "case"]
_PERCENT = re.compile(r"percent\((\d{1,3}(?:\.\d{1,8})?)\)")


@dataclass(frozen=True, slots=True)
class LabelRules:
    """``shares`` maps a label to the percentage of requests for which it is on (100 and 0: on and off).

    ``key`` says what the number of a request is drawn from: the request itself, or its caller's user or case, so that
    one person's requests are all answered alike.
    """

    shares: Mapping[str, float] = field(default_factory=dict)
    key: KeyOf = "request"

    def on(self, labels: Iterable[str], key: str) -> frozenset[str]:
        """Those of ``labels`` that are on for the request of ``key``; for "" those that are on for every request."""
        labels = tuple(labels)
        if not labels:  # the usual case: nothing is drawn
            return frozenset()
        place = draw(key) if key else 100.0
        return frozenset(each for each in labels if self._share(each) >= 100 or place < self._share(each))

    def _share(self, label: str) -> float:
        share = self.shares.get(label)
        return percent_of(label) if share is None else share

    def over(self, other: LabelRules) -> LabelRules:
        """These rules where they say something, else ``other``'s."""
        return LabelRules({**other.shares, **self.shares}, self.key if self.key != "request" else other.key)


def draw(key: str) -> float:
    """A number from 0 up to 100 that depends on ``key`` alone, the same in every process."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8]) / 2**64 * 100


def percent_of(label: str) -> float:
    """The share that a label ``percent(n)`` names; 0 for any other, which is off unless a rule turns it on."""
    found = _PERCENT.fullmatch(label)
    return float(found[1]) if found else 0.0


def labels_of_text(text: str) -> LabelRules:
    """The rules written as ``new-visas=on, beta=12.5, key=user``. Raises ValueError saying what is wrong."""
    page: dict[str, Any] = {"labels": {}}
    for part in filter(None, (each.strip() for each in text.split(","))):
        name, separator, value = (each.strip() for each in part.rpartition("="))
        if not separator or not name:
            raise ValueError(f"{part} is no name=value")
        if name == "key":
            page["key"] = value
        elif value in ("on", "off"):
            page["labels"][name] = value == "on"
        else:
            page["labels"][name] = float(value)
    return labels_of_page(page)


def labels_of_page(page: Mapping[str, Any]) -> LabelRules:
    """The rules of a page: ``key``, and in ``labels`` true, false or a percentage. Raises ValueError."""
    unknown = page.keys() - {"key", "labels"}
    if unknown:
        raise ValueError(f"{sorted(unknown)[0]} is neither key nor labels")
    key = page.get("key", "request")
    if key not in get_args(KeyOf):
        raise ValueError(f"key is one of {', '.join(get_args(KeyOf))}, not {key}")
    shares: dict[str, float] = {}
    for name, value in page.get("labels", {}).items():
        if not isinstance(value, bool | int | float) or not 0 <= value <= 100:
            raise ValueError(f"label {name} is on, off or a percentage from 0 to 100, not {value}")
        shares[name] = (100.0 if value else 0.0) if isinstance(value, bool) else float(value)
    return LabelRules(shares, key)
