"""Which calendar day it is at a port of entry.

An I-94 date is a day at the port, not in UTC. Each port has its standard-time offset; where summer time runs, the
port's clock is an hour ahead, so a departure can only come out a day early: an error in the traveler's favor.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

__all__ = ["local_day"]

_OFFSETS: Final[dict[int, str]] = {
    -10: "HHW",
    -8: "LVG LOS SFR SEA SYS OTM CAL BLA VCV",
    -7: "DEN ELP CLG",
    -6: "HOU DAL SNA CHI MSP LAR HID EGP",
    -5: "NYC NEW BOS PHI WAS CLT ATL MIA FTL ORL TAM DET BUF CHM HIG TOR MON NAS",
    -4: "SAJ HAM ARB",
    0: "DUB SHA",
}
_OFFSET_OF: Final = {port: dt.timedelta(hours=hours) for hours, ports in _OFFSETS.items() for port in ports.split()}
_EARLIEST: Final = dt.timedelta(hours=-10)


def day_before(at: dt.datetime) -> dt.date:
    """The day before ``at`` wherever one is: from the next day on, what is found at ``at`` counts everywhere."""
    return local_day("", at) - dt.timedelta(days=1)


def local_day(port: str, at: dt.datetime) -> dt.date:
    """The calendar day at ``port`` at the instant ``at``; for a port that is not known, the earliest day it can be."""
    return (at.astimezone(dt.UTC) + _OFFSET_OF.get(port, _EARLIEST)).date()
