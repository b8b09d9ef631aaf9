"""The files of a bundle: taken from a schema folder, written out as one again, compared, and given other labels."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from gateway.bundles.bundle import wrong
from gateway.planning.labels import LabelRules, labels_of_page, labels_of_text

__all__ = ["changes", "collect", "relabelled", "unpack"]

_LABELS: Final = "labels.toml"
_KINDS: Final = frozenset({".toml", ".graphql", ".json"})


def collect(schema: Path) -> dict[str, str]:
    """The files that make a schema folder, by name: everything in TOML, GraphQL and JSON under it.

    Raises ``PolicyError`` ``BUNDLE_MALFORMED`` where a file cannot be read.
    """
    pages: dict[str, str] = {}
    for path in sorted(schema.rglob("*")):
        name = path.relative_to(schema)
        hidden = any(part.startswith(".") for part in name.parts)
        if path.suffix in _KINDS and not hidden and path.is_file():
            try:
                pages[name.as_posix()] = path.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as problem:
                raise wrong("BUNDLE_MALFORMED", "The file cannot be read as text.", str(path)) from problem
    return pages


def unpack(pages: Mapping[str, str], folder: Path) -> Path:
    """``folder``, holding ``pages`` and nothing else; each file is whole whenever it is read. Raises ``OSError``.

    Several gateways may do so with the same pages at the same time.
    """
    for name, text in pages.items():
        place, content = folder / name, text.encode()
        with contextlib.suppress(FileNotFoundError):
            if place.read_bytes() == content:
                continue
        place.parent.mkdir(parents=True, exist_ok=True)
        draft = place.with_name(f".{place.name}.{secrets.token_hex(4)}")
        draft.write_bytes(content)
        os.replace(draft, place)
    for path in folder.rglob("*"):
        strange = path.is_file() and path.relative_to(folder).as_posix() not in pages
        if strange and not path.name.startswith("."):
            path.unlink(missing_ok=True)
    return folder


def changes(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[str, ...]:
    """What is otherwise in ``after``, one line a file: ``+`` new, ``-`` gone, ``~`` changed; and one a label."""
    signs = {
        name: "+" if name not in before else "-" if name not in after else "~"
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    }
    old, new = _shares(before), _shares(after)
    labels = [
        f"label {name}: {_told(old.get(name))} before, {_told(new.get(name))} now"
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    ]
    return (*(f"{sign} {name}" for name, sign in signs.items()), *labels)


def relabelled(pages: Mapping[str, str], given: Sequence[str]) -> dict[str, str]:
    """``pages`` with the rules ``given`` (``new-visas=12.5``) over those of ``labels.toml``.

    Raises ``PolicyError`` ``LABELS_WRONG``.
    """
    if not given:
        return dict(pages)
    try:
        rules = labels_of_text(",".join(given)).over(_rules(pages))
    except ValueError as problem:
        hint = "Write --label new-visas=12.5, --label new-visas=on, --label key=user."
        raise wrong("LABELS_WRONG", f"The labels cannot be used: {problem}.", "--label", hint) from None
    lines = [f"key = {json.dumps(rules.key)}", "", "[labels]"]
    lines += [f"{json.dumps(name)} = {share!r}" for name, share in sorted(rules.shares.items())]
    return {**pages, _LABELS: "\n".join(lines) + "\n"}


def _rules(pages: Mapping[str, str]) -> LabelRules:
    return labels_of_page(tomllib.loads(pages.get(_LABELS, "")))


def _shares(pages: Mapping[str, str]) -> Mapping[str, float]:
    with contextlib.suppress(ValueError):
        return _rules(pages).shares
    return {}


def _told(share: float | None) -> str:
    return "by itself" if share is None else f"{share:g} %"
