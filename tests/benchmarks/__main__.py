"""``python -m tests.benchmarks``: every table that needs nothing but Python; with ``side-by-side``, gateways over HTTP too.

CPU time, never the clock's: the machine may be shared. Ratios within one run are what to quote.
"""

from __future__ import annotations

import asyncio
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.benchmarks.governed import governed
from tests.benchmarks.measured import table
from tests.benchmarks.side_by_side import side_by_side
from tests.benchmarks.stages import Shelf, by_entities, by_fetches, by_size, by_stage, cold_path
from tests.benchmarks.whole import whole_requests


async def _tables() -> None:
    shelf = Shelf(6, 1)
    cold = cold_path(shelf.graph, shelf.text)
    rows = [(name, each) for name, each in cold.items()]
    print(await by_stage(), flush=True)
    print(table("Before the first execution, process warm: milliseconds of CPU", ("stage", "ms"), rows), flush=True)
    for made in (by_size, by_fetches, by_entities):
        print(await made(), flush=True)
    with TemporaryDirectory() as folder:
        print(await governed(Path(folder)), flush=True)


def main() -> None:
    """Print the tables."""
    print(f"{datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}, {platform.machine()}")
    asyncio.run(_tables())
    if "side-by-side" in sys.argv[1:]:
        print(side_by_side(), flush=True)
        with TemporaryDirectory() as folder:
            print(whole_requests(Path(folder)))


if __name__ == "__main__":
    main()
