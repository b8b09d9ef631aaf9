"""A supergraph's SDL in a form that two equal ones share: every list sorted, machinery definitions aside.

List literals keep their order, and ``enum join__Graph`` is compared in full, as are renamed and composed directives.
"""

from __future__ import annotations

import re

from graphql.language import Node, parse
from graphql.language.ast import DirectiveDefinitionNode, DocumentNode, ListValueNode

__all__ = ["canonical", "difference"]

_SPEC_DIRECTIVES = frozenset(
    {"link", "inaccessible", "tag", "authenticated", "requiresScopes", "policy", "cost", "listSize", "context"}
)


def canonical(sdl: str) -> list[str]:
    """Each definition that counts as one line of text, the lines sorted."""
    return sorted(_text(node) for node in _counted(parse(sdl, no_location=True)))


def _counted(document: DocumentNode) -> list[Node]:
    found: list[Node] = []
    for node in document.definitions:
        name = getattr(getattr(node, "name", None), "value", "")
        if "__" in name and name != "join__Graph":
            continue
        if isinstance(node, DirectiveDefinitionNode) and name in _SPEC_DIRECTIVES:
            continue
        found.append(node)
    return found


def _text(value: object) -> str:
    if isinstance(value, Node):
        parts = [(key, getattr(value, key)) for key in value.keys if key not in ("loc", "block")]
        inner = [f"{key}={_ordered(value, entry)}" for key, entry in parts if entry not in (None, (), [], False)]
        return f"{value.kind}({' '.join(inner)})"
    return repr(value)


def _ordered(owner: Node, value: object) -> str:
    if not isinstance(value, list | tuple):
        return _text(value)
    entries = [_text(entry) for entry in value]
    return "[" + ", ".join(entries if isinstance(owner, ListValueNode) else sorted(entries)) + "]"


def difference(expected: str, found: str) -> str:
    """What the two supergraphs do not share, as short lines: ``-`` expected, ``+`` found."""
    left, right = _lines(expected), _lines(found)
    lines = [f"- {line}" for line in sorted(left - right)] + [f"+ {line}" for line in sorted(right - left)]
    return "\n".join(lines)


def _lines(sdl: str) -> set[str]:
    lines: set[str] = set()
    head = ""
    for line in sdl.split("\n"):
        if line and not line.startswith((" ", "}", "{", '"')):
            head = " ".join(line.split()[:2])
        lines.add(f"{head} :: {re.sub(r' +', ' ', line.strip())}")
    return lines
