"""The store that gateways share, for the tests that need a real one."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.store import running_store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A Redis of its own on a socket in a temporary folder."""
    with running_store(tmp_path) as running:
        yield running
