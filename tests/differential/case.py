"""One example: subgraphs, the data that all of them share, what goes wrong, and an operation. Prints as Markdown.

Data is one object per type: ``{"Query": {"q0": ...}, "T0": {"T0-1": {"id": "T0-1", ...}}}``. Values are JSON, except

* ``{"->": "T0/T0-1"}``: a link to that record;
* ``{"!": "E3"}``: resolving this value raises an error whose ``extensions.code`` is ``E3``.

``missing`` and ``broken`` say what one subgraph knows nothing of: ``"b T0/T0-1"``. There its entity is null, or looking
it up raises the error given.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["CASES", "LINK", "Case", "read_case"]

CASES = Path(__file__).parent / "cases"
LINK = (
    'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@shareable", "@external", '
    '"@requires", "@provides", "@override", "@inaccessible", "@interfaceObject"])\n'
)
_BLOCK = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, repr=False)
class Case:
    """Everything that decides an answer. ``subgraphs`` are SDLs by name, without the link to federation."""

    subgraphs: Mapping[str, str]
    data: Mapping[str, Any]
    operation: str
    variables: Mapping[str, Any] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    broken: Mapping[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        """The case as a file of ``cases/``: save it there to keep it."""
        parts = [f"```graphql subgraph {name}\n{sdl}```" for name, sdl in self.subgraphs.items()]
        parts.append(f"```json data\n{_records(self.data)}\n```")
        for name, value in (("missing", list(self.missing)), ("broken", self.broken), ("variables", self.variables)):
            if value:
                parts.append(f"```json {name}\n{json.dumps(value)}\n```")
        parts.append(f"```graphql\n{self.operation}\n```")
        return "\n" + "\n\n".join(parts) + "\n"


def _records(data: Mapping[str, Any]) -> str:
    """The data with one record a line."""
    lines = []
    for name, records in data.items():
        if name in ("Query", "Mutation"):
            lines.append(f'  "{name}": {json.dumps(records)}')
        else:
            inner = ",\n".join(f'    "{key}": {json.dumps(record)}' for key, record in records.items())
            lines.append(f'  "{name}": {{\n{inner}\n  }}')
    return "{\n" + ",\n".join(lines) + "\n}"


def read_case(file: Path) -> Case:
    """The case that a file of ``cases/`` holds."""
    subgraphs: dict[str, str] = {}
    told: dict[str, Any] = {}
    operation = ""
    for kind, rest, body in _BLOCK.findall(file.read_text()):
        words = rest.split()
        if kind == "graphql" and words[:1] == ["subgraph"]:
            subgraphs[words[1]] = body
        elif kind == "graphql":
            operation = body
        elif kind == "json":
            told[words[0]] = json.loads(body)
    return Case(
        subgraphs,
        told["data"],
        operation,
        told.get("variables", {}),
        tuple(told.get("missing", ())),
        told.get("broken", {}),
    )
