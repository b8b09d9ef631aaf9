"""Documents by name: the manifest, the modes, and the texts kept at first use."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
from redis.exceptions import ConnectionError as Lost

from gateway.config import read_settings
from gateway.documents import MemoryKept, NamedDocuments, ValkeyKept, read_manifest
from gateway.documents.trusted import digest_of
from gateway.errors import PolicyError, RequestError
from gateway.traffic import open_valkey
from tests.store import running_store

TRUSTED = "{ __typename }"
OTHER = "{ travelers { nodes { id } } }"
NAME = digest_of(TRUSTED)


class Store:
    """What a client of Valkey does with texts, in this process; ``lost`` makes it fail."""

    def __init__(self) -> None:
        self.texts: dict[str, bytes] = {}
        self.lost = False
        self.asked = 0

    async def getex(self, key: str, ex: int) -> bytes | None:
        self._reach()
        return self.texts.get(key)

    async def set(self, key: str, text: str, ex: int) -> None:
        self._reach()
        self.texts[key] = text.encode()

    def _reach(self) -> None:
        self.asked += 1
        if self.lost:
            raise Lost("gone")


def persisted(digest: Any, version: Any = 1) -> dict[str, Any]:
    return {"persistedQuery": {"version": version, "sha256Hash": digest}}


async def refused(documents: NamedDocuments, query: Any, document_id: Any = None, extensions: Any = None) -> str:
    with pytest.raises(RequestError) as caught:
        await documents.text(query, document_id, extensions)
    assert caught.value.hint
    return f"{caught.value.code} {caught.value.status}"


def manifest(folder: Path, page: Any) -> Path:
    path = folder / "documents.json"
    path.write_bytes(page if isinstance(page, bytes) else orjson.dumps(page))
    return path


def test_a_manifest_is_read_with_and_without_the_name_of_the_hash(tmp_path: Path) -> None:
    page = {"desk": {f"sha256:{NAME}": TRUSTED}, "portal": {digest_of(OTHER).upper(): OTHER}}

    assert read_manifest(manifest(tmp_path, page)) == {NAME: TRUSTED, digest_of(OTHER): OTHER}


@pytest.mark.parametrize("page", [b"", b"[]", b"\xff", b'{"desk": {"a": 1}}', {NAME: TRUSTED}])
def test_a_file_that_is_no_manifest_stops_the_start(tmp_path: Path, page: Any) -> None:
    with pytest.raises(PolicyError) as caught:
        read_manifest(manifest(tmp_path, page))

    assert [each.code for each in caught.value.mistakes] == ["DOCUMENTS_WRONG"]


def test_every_hash_that_is_not_its_texts_is_named(tmp_path: Path) -> None:
    page = {"desk": {NAME: OTHER, "short": TRUSTED, digest_of(OTHER): OTHER}}

    with pytest.raises(PolicyError) as caught:
        read_manifest(manifest(tmp_path, page))

    assert [name in each.message for each, name in zip(caught.value.mistakes, (NAME, "short"), strict=True)] == [
        True
    ] * 2


def test_a_manifest_that_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="manifest"):
        read_manifest(tmp_path / "none.json")


def test_a_mode_without_a_manifest_stops_the_start() -> None:
    with pytest.raises(PolicyError) as caught:
        read_settings({"TWS_TRUSTED_DOCUMENTS": "only"})

    assert [each.where for each in caught.value.mistakes] == ["TWS_TRUSTED_DOCUMENTS"]


@pytest.mark.asyncio
@pytest.mark.parametrize("mode", ["prefer", "only"])
async def test_a_trusted_document_is_run_by_either_name_and_by_its_text(mode: Any) -> None:
    documents = NamedDocuments(mode, {NAME: TRUSTED})

    assert await documents.text(None, f"sha256:{NAME}", None) == TRUSTED
    assert await documents.text("", NAME.upper(), {}) == TRUSTED
    assert await documents.text(None, None, persisted(NAME)) == TRUSTED
    assert await documents.text(TRUSTED, None, None) == TRUSTED
    assert await documents.text(TRUSTED, NAME, persisted(NAME)) == TRUSTED


@pytest.mark.asyncio
async def test_only_runs_nothing_else_and_keeps_nothing() -> None:
    kept = MemoryKept()
    documents = NamedDocuments("only", {NAME: TRUSTED}, kept)

    assert await refused(documents, OTHER) == "DOCUMENT_NOT_TRUSTED 403"
    assert await refused(documents, TRUSTED + " ") == "DOCUMENT_NOT_TRUSTED 403"
    assert await refused(documents, OTHER, None, persisted(digest_of(OTHER))) == "DOCUMENT_NOT_TRUSTED 403"
    assert await refused(documents, None, digest_of(OTHER)) == "DOCUMENT_NOT_TRUSTED 403"
    assert await refused(documents, None, None, persisted(digest_of(OTHER))) == "DOCUMENT_NOT_TRUSTED 403"
    assert kept.bytes == 0


@pytest.mark.asyncio
async def test_only_does_not_run_what_was_kept_before() -> None:
    kept = MemoryKept()
    await kept.put(digest_of(OTHER), OTHER)

    assert await refused(NamedDocuments("only", {}, kept), None, None, persisted(digest_of(OTHER))) == (
        "DOCUMENT_NOT_TRUSTED 403"
    )


@pytest.mark.asyncio
async def test_names_that_are_none_and_names_of_another_text_are_refused() -> None:
    documents = NamedDocuments("prefer", {NAME: TRUSTED}, MemoryKept())

    for document_id in (1, "", "sha256:", "md5:" + NAME, NAME + "\n", NAME[:-1]):
        assert await refused(documents, None, document_id) == "DOCUMENT_ID_MALFORMED 400"
    for extensions in ({"persistedQuery": 1}, persisted(NAME, 2), persisted(1), persisted(NAME + "0")):
        assert await refused(documents, TRUSTED, None, extensions) == "DOCUMENT_ID_MALFORMED 400"
    assert await refused(documents, OTHER, NAME) == "DOCUMENT_MISMATCH 400"
    assert await refused(documents, OTHER, None, persisted(NAME)) == "DOCUMENT_MISMATCH 400"
    assert await refused(documents, None, digest_of(OTHER)) == "DOCUMENT_UNKNOWN 404"


@pytest.mark.asyncio
async def test_off_knows_no_trusted_document() -> None:
    documents = NamedDocuments("off", {NAME: TRUSTED})

    assert await refused(documents, None, NAME) == "DOCUMENT_UNKNOWN 404"
    assert await refused(documents, None, None, persisted(NAME)) == "PERSISTED_QUERY_NOT_SUPPORTED 200"
    assert await documents.text(OTHER, None, None) == OTHER
    assert await documents.text(None, None, None) is None


@pytest.mark.asyncio
async def test_a_text_is_kept_at_first_use_and_not_before() -> None:
    documents = NamedDocuments(kept=MemoryKept())
    name = persisted(digest_of(OTHER))

    assert await refused(documents, None, None, name) == "PERSISTED_QUERY_NOT_FOUND 200"
    assert await documents.text(OTHER, None, None) == OTHER
    assert await refused(documents, None, None, name) == "PERSISTED_QUERY_NOT_FOUND 200"
    assert await documents.text(OTHER, None, name) == OTHER
    assert await documents.text(None, None, name) == OTHER
    assert await refused(documents, None, digest_of(OTHER)) == "DOCUMENT_UNKNOWN 404"  # kept is not trusted


@pytest.mark.asyncio
async def test_memory_is_bounded_and_what_was_asked_for_longest_ago_goes_first() -> None:
    kept = MemoryKept(most=10)
    for text in ("aaaa", "bbbb"):
        await kept.put(text, text)
    assert await kept.get("aaaa") == "aaaa"
    await kept.put("cccc", "cccc")
    await kept.put("cccc", "cccc")
    await kept.put("large", "é" * 6)

    assert [await kept.get(each) for each in ("aaaa", "bbbb", "cccc", "large")] == ["aaaa", None, "cccc", None]
    assert kept.bytes == 8


@pytest.mark.asyncio
async def test_gateways_share_what_is_kept_and_trust_no_text_under_another_hash() -> None:
    store, told = Store(), list[tuple[str, str]]()
    first, second = (
        ValkeyKept(store, MemoryKept(), lambda: 0.0, lambda event, of: told.append((event, of))) for _ in range(2)
    )

    await first.put(NAME, TRUSTED)
    assert await second.get(NAME) == TRUSTED
    store.texts[f"tws:document:{digest_of(OTHER)}"] = b"{ somethingElse }"
    assert await second.get(digest_of(OTHER)) is None
    assert told == []


@pytest.mark.asyncio
async def test_a_lost_store_costs_sharing_and_is_not_asked_for_a_while() -> None:
    store, told, now = Store(), list[tuple[str, str]](), [0.0]
    kept = ValkeyKept(store, MemoryKept(), lambda: now[0], lambda event, of: told.append((event, of)))
    store.lost = True

    await kept.put(NAME, TRUSTED)
    assert await kept.get(NAME) == TRUSTED
    assert await kept.get(digest_of(OTHER)) is None
    assert (told, store.asked) == ([("store_lost", "documents")] * 2, 1)
    store.lost = False
    now[0] = 2.0
    store.texts[f"tws:document:{digest_of(OTHER)}"] = OTHER.encode()
    assert await kept.get(digest_of(OTHER)) == OTHER


@pytest.mark.asyncio
async def test_a_real_store_is_shared_until_it_is_lost(tmp_path: Path) -> None:
    told: list[tuple[str, str]] = []
    with running_store(tmp_path) as (url, process):
        clients = [open_valkey(url), open_valkey(url)]
        first, second = (
            ValkeyKept(client, MemoryKept(), lambda: 0.0, lambda event, of: told.append((event, of)))
            for client in clients
        )
        await first.put(NAME, TRUSTED)
        assert await second.get(NAME) == TRUSTED
        assert 0 < await clients[0].ttl(f"tws:document:{NAME}") <= 24 * 3600
        assert await second.get(digest_of(OTHER)) is None
        assert told == []

        process.terminate()
        process.wait(10)
        assert await second.get(NAME) == TRUSTED
        assert await second.get(digest_of(OTHER)) is None
        assert told == [("store_lost", "documents")]
        for client in clients:
            await client.aclose()
