"""The policy's epoch: one hash over its meaning, cited by every decision, plan and audit record."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from typing import Any, Final

from gateway.policy.agreement import Agreement
from gateway.policy.catalogue import Catalogue
from gateway.policy.prohibition import Prohibition
from gateway.policy.vocabulary import Vocabulary

__all__ = ["digest_of", "epoch_of"]


def epoch_of(
    vocabulary: Vocabulary,
    agreements: tuple[Agreement, ...],
    prohibitions: tuple[Prohibition, ...],
    catalogue: Catalogue,
) -> str:
    """``sha256:`` over the meaning of the policy: comments, layout, examples and file names do not count."""
    graph = sorted(
        (str(each.coordinate), each.category, each.owner, sorted(each.overlays)) for each in catalogue.entries.values()
    )
    plain = [_plain(vocabulary), _plain(agreements), _plain(prohibitions), graph]
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def digest_of(*meant: Any) -> str:
    """``sha256:`` over the meaning of agreements or parts of them, read as ``epoch_of`` reads a whole policy."""
    text = json.dumps(_plain(meant), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


_NO_MEANING: Final = frozenset({"file", "where", "examples"})


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value) if each.name not in _NO_MEANING}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, frozenset | set):
        return sorted(_plain(item) for item in value)
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, re.Pattern):
        return value.pattern
    return value.isoformat() if isinstance(value, date) else value
