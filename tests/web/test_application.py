"""What a program calls itself: on record in words that may stand there, and in no decision."""

from __future__ import annotations

from dataclasses import replace

import orjson
import pytest

from gateway.audit import AuditRecord
from gateway.caller import Application
from gateway.web.application import application_of
from tests.support import ask_app
from tests.web.client import JSON, Answered, Face

pytestmark = pytest.mark.asyncio(loop_scope="module")

BODY = orjson.dumps({"query": "{ __typename }"})


class Kept:
    """A record that stays in memory."""

    def __init__(self) -> None:
        self.records: list[AuditRecord] = []

    async def append(self, record: AuditRecord) -> int:
        self.records.append(record)
        return len(self.records)


async def asked(face: Face, token: str, **headers: str) -> tuple[Answered, AuditRecord]:
    """The answer to ``BODY`` sent with ``token`` and ``headers``, and its record."""
    kept = Kept()
    other = face.instead(house=replace(face.opened.house, record=kept))
    sent = {"authorization": f"Bearer {token}", "content-type": JSON}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    status, told, body = await ask_app(other.app, "POST", "/graphql", headers=sent, body=BODY)
    (record,) = kept.records
    return Answered(status, told, orjson.loads(body)), record


async def test_an_application_that_names_itself_is_on_record_and_decides_nothing(face: Face) -> None:
    token = face.token()
    plain, unnamed = await asked(face, token)
    for prefix in ("apollographql", "graphql", "x-graphql"):
        answer, record = await asked(
            face, token, **{f"{prefix}-client-name": "lane app", f"{prefix}-client-version": "2.1.0"}
        )
        assert record.as_json()["application"] == {"name": "lane app", "version": "2.1.0"}
        assert (answer.status, answer.data) == (plain.status, plain.data)
        assert answer.page["extensions"]["sharing"] == plain.page["extensions"]["sharing"]
        assert replace(record, application=None, request_id="", at=unnamed.at, answer_hash="") == replace(
            unnamed, request_id="", answer_hash=""
        )
    assert "application" not in unnamed.as_json()
    again, record = await asked(face, token)  # the same text once more: whose it was is not kept with it
    assert (again.data, record.application) == (plain.data, None)


@pytest.mark.parametrize(
    ("name", "version", "found"),
    [
        ("desk", "", Application("desk")),
        ("@state/visa-desk", "2026.11.1+b7", Application("@state/visa-desk", "2026.11.1+b7")),
        ("d" * 64, "1" * 32, Application("d" * 64, "1" * 32)),
        ("desk", "1" * 33, Application("desk")),
        ("desk", "1 of 2", Application("desk")),
        ("d" * 65, "1", None),
        ("", "1", None),
        ("desk ", "1", None),
        ("desk\n", "1", None),
        ("<b>desk", "1", None),
        ("d\u00e9sk", "1", None),
        ("TRV-01KM0CK0000000000000000001", "1", None),
        ("lane 12345", "1", None),
        ("lane 1234", "1", Application("lane 1234", "1")),
    ],
)
async def test_only_words_that_may_stand_on_record_are_taken(
    name: str, version: str, found: Application | None
) -> None:
    assert application_of({"apollographql-client-name": name, "apollographql-client-version": version}) == found


async def test_nobody_is_named_where_no_header_says_so() -> None:
    assert application_of({"apollographql-client-version": "1"}) is None
