"""``python -m tests.faults.skewed SECONDS MODULE ARGUMENTS...``: runs a module with a clock that is SECONDS ahead of everybody's."""

from __future__ import annotations

import datetime
import runpy
import sys
import time
from typing import Any

__all__ = ["skew"]


def skew(seconds: float) -> None:
    """From now on ``datetime.now`` and ``time.time`` of this process are ``seconds`` ahead."""
    true, real = datetime.datetime, time.time
    ahead = datetime.timedelta(seconds=seconds)

    class Kind(type):
        def __instancecheck__(cls, other: object) -> bool:
            return isinstance(other, true)

    class Skewed(true, metaclass=Kind):  # type: ignore[misc, valid-type]
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return true.now(tz) + ahead

    datetime.datetime = Skewed  # type: ignore[misc]
    time.time = lambda: real() + seconds


if __name__ == "__main__":
    skew(float(sys.argv[1]))
    module, sys.argv = sys.argv[2], sys.argv[2:]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
