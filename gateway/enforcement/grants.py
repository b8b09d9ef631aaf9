"""What the gateway vouches for in a request to a subgraph: each coordinate it selects, and by what right."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from msgspec.json import encode

from gateway.enforcement.permitted import Permitted
from gateway.policy import Outcome

__all__ = ["fact_grants", "grants_for", "written_grants"]


def grants_for(permitted: Permitted, coordinates: Iterable[str]) -> dict[str, str]:
    """The grant of each coordinate: ``allow``, ``mask:<METHOD>``, ``conditional``, ``fact`` or ``key``.

    What is read for a decision is granted as a fact, in clear, even where the client sees it masked: the mask is laid
    on when the answer leaves. What is decided per record and masked in any case is masked by its owner
    already. What nobody asked for is there because a join needs it.
    """
    grants: dict[str, str] = {}
    for coordinate in coordinates:
        decision = permitted.decisions.get(coordinate)
        if decision is None:
            grants[coordinate] = "fact" if coordinate in permitted.facts else "key"
        elif not decision.settled:
            mask = permitted.masks.get(coordinate, "") if coordinate not in permitted.facts else ""
            grants[coordinate] = f"mask:{mask}" if mask else "conditional"
        elif decision.outcome is Outcome.ALLOW:
            grants[coordinate] = "allow"
        elif coordinate in permitted.facts:
            grants[coordinate] = "fact"
        elif decision.outcome is Outcome.MASK:
            grants[coordinate] = f"mask:{decision.mask}"
        else:
            grants[coordinate] = "key"
    return grants


def written_grants(permitted: Permitted, coordinates: tuple[str, ...]) -> bytes:
    """``grants_for`` as JSON, worked out once for the requests that a permit leads to."""
    found: bytes | None = permitted.worked.get(coordinates)
    if found is None:
        found = permitted.worked[coordinates] = encode(grants_for(permitted, coordinates))
    return found


@lru_cache(maxsize=256)
def fact_grants(coordinates: tuple[str, ...]) -> bytes:
    """The grants, as JSON, of a request that reads nothing but facts."""
    return encode(dict.fromkeys(coordinates, "fact"))
