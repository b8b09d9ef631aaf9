"""One house for all tests of this folder: bringing it up takes a minute."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.compose.house import COMMAND, House, brought_up


@pytest.fixture(scope="session")
def house() -> Iterator[House]:
    """Everything up, with two gateways that are ready."""
    if not COMMAND:
        pytest.skip(
            "TWS_TEST_COMPOSE names no compose command; .ci/containers brings the compose file up where it can be"
        )
    with brought_up() as up:
        print(f"\nup and answering by both gateways after {up.seconds:.0f} s")
        yield up
