"""Disagreements: an agency refused what the gateway had granted. Counted, logged, and never passed over in silence.

Either side may be wrong, or broken into: the two copies of the agreements differ, a key was rolled on one side only,
or somebody else signs. The log names the subgraph, the code and the coordinates; no value and no caller's case.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import orjson
import structlog

from gateway.execution.transport import SubgraphRequest, SubgraphResponse

__all__ = ["Alarms"]

_REFUSED = (401, 403)
_log = structlog.get_logger("gateway")


@dataclass(slots=True)
class Alarms:
    """How often each (subgraph, code) was an alarm since the process began."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)

    def note(self, request: SubgraphRequest, response: SubgraphResponse) -> None:
        """Raise the alarm where ``response`` refuses the gateway's word."""
        if response.status not in _REFUSED:
            return
        code, coordinates = _read(response.body)
        self.counts[(request.subgraph, code)] += 1
        _log.error(
            "a subgraph refused what was granted",
            subgraph=request.subgraph,
            code=code,
            coordinates=[each for each in request.coordinates if each in coordinates],
        )

    def as_json(self) -> dict[str, dict[str, int]]:
        """The counts by subgraph and code."""
        found: dict[str, dict[str, int]] = {}
        for (subgraph, code), count in sorted(self.counts.items()):
            found.setdefault(subgraph, {})[code] = count
        return found


def _read(body: bytes) -> tuple[str, frozenset[str]]:
    """The code and the coordinates of a refusal; what does not read like one is only that it was refused."""
    try:
        extensions = orjson.loads(body)["errors"][0]["extensions"]
        named = extensions.get("coordinates") or ()
        code = str(extensions["code"])
        plain = code.isascii() and code.replace("_", "").isalnum() and len(code) <= 64
        return (code if plain else "REFUSED"), frozenset(str(each) for each in named)
    except (orjson.JSONDecodeError, KeyError, IndexError, TypeError, AttributeError):
        return "REFUSED", frozenset()
