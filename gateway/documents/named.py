"""From what a request names or sends to the text that is run.

Two forms name a document: ``documentId`` (GraphQL over HTTP, persisted documents: ``sha256:`` and 64 hex digits) and
``extensions.persistedQuery`` (Apollo's automatic persisted queries: ``{"version": 1, "sha256Hash": "..."}``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

from gateway.documents.kept import Kept
from gateway.documents.trusted import digest_of
from gateway.errors import RequestError

__all__ = ["NamedDocuments", "TrustMode"]

TrustMode: TypeAlias = Literal["off", "prefer", "only"]

_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class NamedDocuments:
    """The documents that may be named. ``trusted`` is hash to text; ``kept`` None: nothing is kept at first use.

    ``mode`` ``off`` knows no trusted documents, ``prefer`` takes them by name and any other text as well, ``only`` runs
    nothing else.
    """

    mode: TrustMode = "off"
    trusted: Mapping[str, str] = field(default_factory=dict)
    kept: Kept | None = None

    async def text(self, query: Any, document_id: Any, extensions: Any) -> Any:
        """The text to run; ``query`` as it came where nothing is named.

        Raises ``RequestError``: ``DOCUMENT_ID_MALFORMED`` or ``DOCUMENT_MISMATCH`` (400) where the name is none or
        another text's, ``DOCUMENT_UNKNOWN`` (404) or ``PERSISTED_QUERY_NOT_FOUND`` (200, as clients of that protocol
        expect) where nobody has it, ``DOCUMENT_NOT_TRUSTED`` (403) in mode ``only``.
        """
        sent = query if isinstance(query, str) and query.strip() else None
        persisted = extensions.get("persistedQuery") if isinstance(extensions, dict) else None
        automatic = document_id is None and persisted is not None
        if document_id is None and persisted is None:
            digest = None
        else:
            digest = _persisted(persisted) if automatic else _id(document_id)
        if sent is not None:
            return await self._sent(sent, digest, automatic=automatic)
        if digest is None:
            return query
        return await self._named(digest, automatic=automatic)

    async def _sent(self, text: str, digest: str | None, *, automatic: bool) -> str:
        """``text``, checked against the name that came with it, and kept under it where that was asked for."""
        if digest is not None and digest_of(text) != digest:
            raise RequestError(
                "DOCUMENT_MISMATCH",
                "The hash that came with the text is another text's.",
                where="extensions.persistedQuery" if automatic else "documentId",
                hint="Hash the text exactly as it is sent, in UTF-8.",
            )
        if self.mode == "only":
            if digest_of(text) not in self.trusted:
                raise _not_trusted()
        elif automatic and digest is not None and self.kept is not None:
            await self.kept.put(digest, text)
        return text

    async def _named(self, digest: str, *, automatic: bool) -> str:
        if self.mode != "off" and digest in self.trusted:
            return self.trusted[digest]
        if self.mode == "only":
            raise _not_trusted()
        if not automatic:
            raise RequestError(
                "DOCUMENT_UNKNOWN",
                "No trusted document has this id.",
                status=404,
                where="documentId",
                hint="Send the operation's text, or have the document added to the manifest.",
            )
        if self.kept is None:
            raise RequestError(
                "PERSISTED_QUERY_NOT_SUPPORTED",
                "PersistedQueryNotSupported",
                status=200,
                where="extensions.persistedQuery",
                hint="Send the operation's text without persistedQuery.",
            )
        text = await self.kept.get(digest)
        if text is None:
            raise RequestError(
                "PERSISTED_QUERY_NOT_FOUND",
                "PersistedQueryNotFound",  # the word by which clients of that protocol know to send the text
                status=200,
                where="extensions.persistedQuery",
                hint="Send the operation's text together with its hash, once.",
            )
        return text


def _id(value: Any) -> str:
    if isinstance(value, str):
        digest = value.removeprefix("sha256:").lower()
        if _DIGEST.fullmatch(digest):
            return digest
    raise _malformed("documentId", 'Send "sha256:" and the 64 hex digits of the text\'s SHA-256.')


def _persisted(value: Any) -> str:
    if isinstance(value, dict) and value.get("version") == 1 and isinstance(value.get("sha256Hash"), str):
        digest = str(value["sha256Hash"]).lower()
        if _DIGEST.fullmatch(digest):
            return digest
    hint = 'Send {"version": 1, "sha256Hash": "..."} with the 64 hex digits of the text\'s SHA-256.'
    raise _malformed("extensions.persistedQuery", hint)


def _malformed(where: str, hint: str) -> RequestError:
    return RequestError("DOCUMENT_ID_MALFORMED", f'"{where}" names no document.', where=where, hint=hint)


def _not_trusted() -> RequestError:
    return RequestError(
        "DOCUMENT_NOT_TRUSTED",
        "This gateway runs only the documents of its manifest, and this is none of them.",
        status=403,
        where="query",
        hint="Have the document added to the manifest of trusted documents.",
    )
