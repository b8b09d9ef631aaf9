"""A process that appends to a log until it is killed, and says each request id aloud once it was acknowledged."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from gateway.audit import AuditLog, load_signing_key
from tests.audit.conftest import record


async def main(log: str, keys: Path, start: int) -> None:
    """Sixteen tasks append for ever, each under numbers of its own, from ``start`` on."""
    audit = AuditLog(log, load_signing_key(keys))

    async def forever(task: int) -> None:
        number = start + task
        while True:
            await audit.append(record(number))
            os.write(1, f"r{number}\n".encode())
            number += 16

    await asyncio.gather(*(forever(task) for task in range(16)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])))
