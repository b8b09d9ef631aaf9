"""The manifest of trusted documents: which texts were reviewed, by the hash that clients send in their place."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import msgspec

from gateway.errors import Mistake, PolicyError

__all__ = ["digest_of", "read_manifest"]

_HINT = 'Write {"<client>": {"<SHA-256 of the text, in hex>": "<text>"}}.'


def digest_of(text: str) -> str:
    """The SHA-256 of ``text`` in UTF-8, as 64 lower-case hex digits."""
    return hashlib.sha256(text.encode()).hexdigest()


def read_manifest(path: Path) -> dict[str, str]:
    """Hash to text, of all clients that the manifest at ``path`` lists: ``{client: {hash: text}}``.

    A hash counts with or without ``sha256:`` before it. Clients say who keeps which documents; a document of one is
    trusted from whoever sends it, for what a request may see is decided by its token alone.

    Raises ``PolicyError`` ``DOCUMENTS_WRONG`` where the file is no manifest, naming every hash that is not its text's.
    """
    try:
        page = msgspec.json.decode(path.read_bytes(), type=dict[str, dict[str, str]])
    except OSError as problem:
        raise _wrong((_mistake(path, f"The manifest cannot be read: {problem.strerror}."),)) from problem
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise _wrong((_mistake(path, f"The manifest cannot be used: {problem}."),)) from problem
    found: dict[str, str] = {}
    mistakes: list[Mistake] = []
    for client, documents in page.items():
        _add(client, documents, path, found, mistakes)
    if mistakes:
        raise _wrong(tuple(mistakes))
    return found


def _add(client: str, documents: Mapping[str, str], path: Path, found: dict[str, str], mistakes: list[Mistake]) -> None:
    for key, text in documents.items():
        digest = digest_of(text)
        if key.removeprefix("sha256:").lower() == digest:
            found[digest] = text
        else:
            mistakes.append(_mistake(path, f'The text of "{key}" of "{client}" has another SHA-256: {digest}.'))


def _mistake(path: Path, message: str) -> Mistake:
    return Mistake("DOCUMENTS_WRONG", message, where=str(path), hint=_HINT)


def _wrong(mistakes: tuple[Mistake, ...]) -> PolicyError:
    return PolicyError("DOCUMENTS_WRONG", "The manifest of trusted documents cannot be used.", mistakes)
