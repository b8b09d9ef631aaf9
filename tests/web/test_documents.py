"""Documents by name, at the door: both forms by POST and GET, and what only trusted documents mean there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from gateway.documents import TrustMode
from gateway.documents.trusted import digest_of
from tests.web.client import JSON, MODERN, Answered, Face

pytestmark = pytest.mark.asyncio(loop_scope="module")

TEXT = "query Name { __typename }"
MUTATION = "mutation Nothing { __typename }"
NAME = digest_of(TEXT)


def trusting(face: Face, folder: Path, mode: TrustMode, **more: Any) -> Face:
    path = folder / "documents.json"
    path.write_bytes(orjson.dumps({"desk": {f"sha256:{digest_of(text)}": text for text in (TEXT, MUTATION)}}))
    settings = replace(face.opened.settings, documents=path, trusted_documents=mode, **more)
    return face.instead(settings=settings)


async def post(face: Face, token: str | None = "", accept: str = MODERN, /, **page: Any) -> Answered:
    return await face.send(token=token, body=orjson.dumps(page), content_type=JSON, accept=accept)


def persisted(digest: str) -> dict[str, Any]:
    return {"persistedQuery": {"version": 1, "sha256Hash": digest}}


async def test_a_trusted_document_is_asked_for_by_post_and_get(face: Face, tmp_path: Path) -> None:
    other = trusting(face, tmp_path, "only")
    asked = [
        await post(other, documentId=f"sha256:{NAME}"),
        await post(other, extensions=persisted(NAME)),
        await other.get("/graphql", "", documentId=f"sha256:{NAME}"),
        await other.get("/graphql", "", extensions=orjson.dumps(persisted(NAME)).decode()),
        await post(other, query=TEXT),
    ]

    assert [(each.status, each.data) for each in asked] == [(200, {"__typename": "Query"})] * 5


async def test_only_refuses_any_other_text_whoever_asks(face: Face, tmp_path: Path) -> None:
    other = trusting(face, tmp_path, "only", persisted_queries="on")
    text = "{ __typename }"

    for page in ({"query": text}, {"query": text, "extensions": persisted(digest_of(text))}):
        refused = await post(other, **page)
        assert (refused.status, refused.error["code"]) == (403, "DOCUMENT_NOT_TRUSTED")
        assert "data" not in refused.page
    assert (await other.get("/graphql", "", query=text)).error["code"] == "DOCUMENT_NOT_TRUSTED"


async def test_a_stranger_learns_nothing_of_which_documents_there_are(face: Face, tmp_path: Path) -> None:
    other = trusting(face, tmp_path, "only")
    known, unknown = [await post(other, None, documentId=each) for each in (NAME, digest_of("{ a }"))]

    assert known.status == 401
    assert (known.page, known.status) == (unknown.page, unknown.status)


async def test_a_named_mutation_is_refused_by_get(face: Face, tmp_path: Path) -> None:
    refused = await trusting(face, tmp_path, "prefer").get("/graphql", "", documentId=digest_of(MUTATION))

    assert (refused.status, refused.error["code"]) == (405, "MUTATION_BY_GET")


async def test_a_text_is_kept_at_first_use(face: Face) -> None:
    other = face.instead(settings=replace(face.opened.settings, persisted_queries="on"))

    for accept in (JSON, MODERN):
        missing = await post(other, "", accept, extensions=persisted(NAME))
        assert (missing.status, missing.page["errors"][0]["message"]) == (200, "PersistedQueryNotFound")
        assert missing.error["code"] == "PERSISTED_QUERY_NOT_FOUND"
    assert (await post(other, query=TEXT, extensions=persisted(NAME))).data == {"__typename": "Query"}
    assert (await post(other, extensions=persisted(NAME))).data == {"__typename": "Query"}


async def test_nothing_is_named_where_nothing_is_switched_on(face: Face) -> None:
    assert (await post(face, documentId=NAME)).error["code"] == "DOCUMENT_UNKNOWN"
    assert (await post(face, extensions=persisted(NAME))).error["code"] == "PERSISTED_QUERY_NOT_SUPPORTED"
    assert (await post(face, query=TEXT, extensions=persisted(NAME))).data == {"__typename": "Query"}
    assert (await post(face)).error["code"] == "QUERY_MISSING"


async def test_a_text_that_was_answered_elsewhere_is_not_trusted_for_that(face: Face, tmp_path: Path) -> None:
    """What the process knows of a body spares reading it again, and no check."""
    strict, text = trusting(face, tmp_path, "only"), "query Unknown { __typename }"

    for _ in range(2):
        assert (await post(face, query=text)).status == 200
        assert (await post(strict, query=text)).error["code"] == "DOCUMENT_NOT_TRUSTED"
    for _ in range(2):
        assert (await post(face, query=MUTATION)).status == 200
    assert (await face.get("/graphql", "", query=MUTATION)).error["code"] == "MUTATION_BY_GET"
