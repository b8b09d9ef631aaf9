"""A bundle as bytes: a zip of files under a manifest that the publisher signed; the same content is the same bytes.

The manifest is a signed note (c2sp.org/signed-note), so that other tools can check it. A bundle is accepted only where
packing what was read gives the very bytes again: nothing can be added, left out or changed that the signature would
not tell.
"""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from gateway.audit.note import PLAIN, Note, Signer, VerifierKey
from gateway.bundles.manifest import Manifest
from gateway.errors import Mistake, PolicyError, RequestError

__all__ = ["SignedBundle", "bundle_of", "open_bundle", "read_keys", "wrong"]

_MANIFEST: Final = "MANIFEST"
_NAME: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*(/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*")
_OLD: Final = (1980, 1, 1, 0, 0, 0)
_MOST_BYTES: Final = 64_000_000


@dataclass(frozen=True, slots=True)
class SignedBundle:
    """One published bundle: what its manifest says, its files by name, who signed it, and all of it as bytes."""

    manifest: Manifest
    pages: Mapping[str, str]
    publisher: str
    raw: bytes

    @property
    def digest(self) -> str:
        """``sha256:`` over the bundle's bytes."""
        return _digest(self.raw)


def bundle_of(manifest: Manifest, pages: Mapping[str, str], signer: Signer) -> SignedBundle:
    """The bundle of ``pages`` under ``manifest``, whose list of files is made here, signed by ``signer``."""
    for name in pages:
        if not _NAME.fullmatch(name):
            raise wrong("BUNDLE_MALFORMED", "A bundle holds no file of such a name.", name)
    digests = {name: _digest(text.encode()) for name, text in pages.items()}
    stated = replace(manifest, files=digests)
    text = stated.text()
    note = str(Note(text, (signer.line(text),)))
    return SignedBundle(stated, dict(pages), signer.name, _packed(note, pages))


def open_bundle(raw: bytes, keys: Sequence[VerifierKey], where: str) -> SignedBundle:
    """The bundle that ``raw`` is, signed by one of ``keys``.

    Raises ``PolicyError``: ``BUNDLE_MALFORMED`` where it is none, ``BUNDLE_UNSIGNED`` where no such key signed it,
    ``BUNDLE_EDITED`` where it is not what was signed. ``where`` says where it was found.
    """
    note, pages = _unpacked(raw, where)
    by = next((key for key in keys if note.signature(key) is not None), None)
    if by is None:
        hint = "Only bundles made by `gateway publish` with a key of --publisher-key are taken."
        raise wrong("BUNDLE_UNSIGNED", "No publisher that is trusted here signed it.", where, hint)
    try:
        manifest = Manifest.parse(note.text)
    except (ValueError, KeyError, TypeError):
        raise wrong("BUNDLE_MALFORMED", "Its manifest is none that this version reads.", where) from None
    found = {name: _digest(text.encode()) for name, text in pages.items()}
    if found != dict(manifest.files) or _packed(str(note), pages) != raw:
        raise wrong("BUNDLE_EDITED", "It is not what its publisher signed.", where, "Copy it anew from its publisher.")
    return SignedBundle(manifest, pages, by.name, raw)


def read_keys(path: Path) -> tuple[VerifierKey, ...]:
    """The publishers' public keys in a file, one a line; ``#`` begins a comment.

    Raises ``PolicyError`` ``PUBLISHER_KEY_WRONG``.
    """
    hint = "It holds NAME+ID+BASE64 on each line; `gateway publish --keygen NAME --key FILE` writes FILE.pub."
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
        keys = tuple(VerifierKey.parse(line) for line in lines if line and not line.startswith("#"))
    except (OSError, UnicodeDecodeError) as problem:
        raise wrong("PUBLISHER_KEY_WRONG", "The publishers' keys cannot be read.", str(path), hint) from problem
    except RequestError as problem:
        raise wrong("PUBLISHER_KEY_WRONG", "A line is no public key.", str(path), hint) from problem
    if not keys or any(key.kind != PLAIN for key in keys):
        raise wrong("PUBLISHER_KEY_WRONG", "There is no key of a publisher in it.", str(path), hint)
    return keys


def wrong(code: str, said: str, where: str, hint: str = "") -> PolicyError:
    """The error that says what is the matter with a bundle, where, and what to do."""
    return PolicyError(code, "The bundle cannot be used.", (Mistake(code, said, where=where, hint=hint),))


def _digest(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


def _packed(note: str, pages: Mapping[str, str]) -> bytes:
    """A zip without compression (whose bytes would hang on the library's version), the manifest first."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as made:
        for name, text in ((_MANIFEST, note), *sorted(pages.items())):
            entry = zipfile.ZipInfo(name, _OLD)
            entry.create_system, entry.external_attr = 3, 0o644 << 16
            made.writestr(entry, text.encode())
    return packed.getvalue()


def _unpacked(raw: bytes, where: str) -> tuple[Note, dict[str, str]]:
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as packed:
            entries = packed.infolist()
            names = [each.filename for each in entries]
            plain = all(each.compress_type == zipfile.ZIP_STORED for each in entries)
            size = sum(each.file_size for each in entries)
            named = names[0] == _MANIFEST and all(_NAME.fullmatch(name) for name in names)
            if not plain or size > _MOST_BYTES or not named or len(names) != len(set(names)):
                raise ValueError("no bundle")
            texts = {name: packed.read(name).decode("utf-8") for name in names}
    except (zipfile.BadZipFile, ValueError, IndexError, EOFError, NotImplementedError, RuntimeError) as problem:
        raise wrong("BUNDLE_MALFORMED", "The file is no bundle.", where) from problem
    note = Note.parse(texts.pop(_MANIFEST))
    if note is None:
        raise wrong("BUNDLE_MALFORMED", "Its manifest is no signed note.", where)
    return note, texts
