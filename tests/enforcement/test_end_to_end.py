"""End to end on random agreements, records, questions and outages; and a leak planted on each channel is found."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from copy import deepcopy
from dataclasses import replace
from typing import Any

import orjson
import pytest
import structlog

from gateway import pipeline
from gateway.enforcement.apply import apply_rulings
from gateway.errors import FetchError, GatewayError
from gateway.execution.transport import SubgraphRequest
from gateway.pipeline import encode_answer, fetch
from gateway.recording import record_of
from gateway.telemetry import watching
from tests.enforcement.oracle import ask_all, found_on


def test_what_leaves_in_clear_is_what_the_decider_gives() -> None:
    seen = sum((ask_all(seed, 4) for seed in range(20)), Counter())
    print(seen)
    assert seen["shown"] > 100


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_on_many_more_bundles() -> None:
    seen = sum((ask_all(seed, 4) for seed in range(1000, 1100)), Counter())
    print(seen)
    assert seen["shown"] > 500


# -- it can fail: a leak on each channel is found ------------------------------------------------------------------


def _logged(data: Any) -> None:
    structlog.get_logger("gateway").warning("odd", data=data)


def _logged_by_a_library(data: Any) -> None:
    logging.getLogger("some.library").debug("read %s", data)


def _line(data: Any) -> None:
    watching().detail = str(data)


def _metrics(data: Any) -> None:
    watching().outcomes[str(data), "ALLOW"] += 1  # an agreement of that name


def _spans(data: Any) -> None:
    watching().span.set_attribute("read", str(data))


def _error(data: Any) -> None:
    raise GatewayError("ODD", f"Cannot use {data}.")


@pytest.mark.parametrize(
    ("channel", "leak"),
    [
        ("log", _logged),
        ("log", _logged_by_a_library),
        ("line", _line),
        ("metrics", _metrics),
        ("spans", _spans),
        ("beside the data", _error),
    ],
)
def test_a_leak_by_what_sees_the_values_is_found(
    channel: str, leak: Callable[[Any], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def leaking(*args: Any) -> Any:
        merged, flags = await fetch(*args)
        leak(merged.data)
        return merged, flags

    monkeypatch.setattr(pipeline, "fetch", leaking)
    assert found_on() == channel


def test_a_value_sent_to_another_agency_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    async def leaking(*args: Any) -> Any:
        merged, flags = await fetch(*args)
        with suppress(FetchError):
            await args[5].transport.send(
                SubgraphRequest("people", orjson.dumps({"query": "{ __typename }", "variables": merged.data}))
            )
        return merged, flags

    monkeypatch.setattr(pipeline, "fetch", leaking)
    assert found_on() == "to people"


def test_a_value_on_record_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def leaking(*args: Any) -> Any:
        return replace(record_of(*args), plan=str(args[5].data).replace("'", ""))

    monkeypatch.setattr(pipeline, "record_of", leaking)
    assert found_on() == "record"


def test_a_value_in_an_extension_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def leaking(told: Any, applied: Any, graph: Any, request_id: str, demand: Any, spent: Any) -> bytes:
        return encode_answer(told, applied, graph, request_id, demand, spent, {"debug": str(told.data)})

    monkeypatch.setattr(pipeline, "encode_answer", leaking)
    assert found_on() == "beside the data"


def test_an_answer_that_enforcement_forgot_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def forgetting(permitted: Any, data: Any, *more: Any, **by: Any) -> Any:
        return apply_rulings(permitted, deepcopy(data), *more, **by)

    monkeypatch.setattr(pipeline, "apply_rulings", forgetting)
    assert found_on() == "answer"
