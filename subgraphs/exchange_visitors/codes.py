"""The longest stay of each category of exchange visitor.

Codes: NIEM 6.0 immigration domain (domain.md 1.6). Longest stays: 22 CFR 62, general knowledge, in months from the
program's start and counting every extension.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["MOST_MONTHS"]

MOST_MONTHS: Mapping[str, int] = MappingProxyType(
    {
        "1D": 120,
        "1F": 24,
        "2A": 18,
        "3": 60,
        "4": 60,
        "5": 12,
        "6": 84,
        "7": 18,
        "8": 60,
        "9": 6,
        "10": 12,
        "11": 4,
        "12": 4,
        "13": 24,
        "15": 12,
    }
)
