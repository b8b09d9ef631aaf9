"""What a bundle says of itself: version, what it follows, from when on it holds, who made it and why, and its files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import orjson

__all__ = ["FORMAT", "Manifest"]

FORMAT: Final = "two-way-street bundle 1"
_OPTIONS: Final = orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE


@dataclass(frozen=True, slots=True)
class Manifest:
    """The signed statement on a bundle.

    ``previous`` is the digest of the bundle before it (``""`` for the first), ``republishes`` the older version whose
    files these are, ``activates`` the instant from which on it holds. ``epoch`` and ``supergraph`` are the hashes that
    its files compile to; ``files`` maps each file's name to the SHA-256 of its bytes.
    """

    version: int
    activates: datetime
    author: str
    reason: str
    epoch: str
    supergraph: str
    previous: str = ""
    republishes: int | None = None
    files: Mapping[str, str] = field(default_factory=dict)

    def text(self) -> str:
        """The manifest as it is signed: the same for the same content, to the byte."""
        page: dict[str, Any] = {
            "format": FORMAT,
            "version": self.version,
            "activates": self.activates.astimezone(UTC).isoformat(),
            "author": self.author,
            "reason": self.reason,
            "epoch": self.epoch,
            "supergraph": self.supergraph,
            "previous": self.previous,
            "republishes": self.republishes,
            "files": dict(self.files),
        }
        return orjson.dumps(page, option=_OPTIONS).decode()

    @classmethod
    def parse(cls, text: str) -> Manifest:
        """The manifest that ``text`` holds. Raises ``ValueError``, ``KeyError`` or ``TypeError`` where it is none."""
        page = orjson.loads(text)
        if page.pop("format") != FORMAT:
            raise ValueError("another format")
        page["activates"] = datetime.fromisoformat(page["activates"])
        if page["activates"].tzinfo is None or not isinstance(page["version"], int) or page["version"] < 1:
            raise ValueError("no version, or no instant")
        made = cls(**page)
        if made.text() != text:
            raise ValueError("not written as manifests are")
        return made
