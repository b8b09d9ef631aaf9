"""Composition as lines: one JSON object with subgraphs in, one with the outcome out."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, TextIO

from gateway.composition.compose import compose
from gateway.composition.subgraph import SubgraphSDL
from gateway.errors import CompositionFailed

__all__ = ["compose_lines", "compose_record"]


def compose_lines(lines: Iterable[str], out: TextIO) -> None:
    """Answer each line ``{"id", "subgraphs": [{"name", "url", "sdl"}]}`` with one line on ``out``.

    The answer is ``{"id", "ok": true, "supergraphSdl", "hints"}`` or ``{"id", "ok": false, "errors", "hints"}``.
    Empty lines are skipped; a line that is no such object raises ``ValueError``.
    """
    for line in lines:
        if line.strip():
            out.write(json.dumps(compose_record(json.loads(line)), ensure_ascii=False) + "\n")


def compose_record(record: dict[str, Any]) -> dict[str, Any]:
    """The outcome for one record."""
    if not isinstance(record.get("subgraphs"), list):
        raise ValueError('each line must be an object with "subgraphs", a list of {"name", "url", "sdl"}')
    subgraphs = [SubgraphSDL(entry["name"], entry.get("url") or "", entry["sdl"]) for entry in record["subgraphs"]]
    try:
        composed = compose(subgraphs)
    except CompositionFailed as failure:
        errors = [
            {
                "code": mistake.code,
                "message": mistake.message,
                "where": mistake.where,
                "hint": mistake.hint,
                "subgraphs": list(mistake.subgraphs),
            }
            for mistake in failure.mistakes
        ]
        return {"id": record.get("id"), "ok": False, "errors": errors, "hints": []}
    hints = [{"code": hint.code, "message": hint.message} for hint in composed.hints]
    return {"id": record.get("id"), "ok": True, "supergraphSdl": composed.supergraph_sdl, "hints": hints}
