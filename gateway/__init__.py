"""A GraphQL federation gateway through which agencies share data under agreements, on record.

What is named here is the public face; the rest may move. Only the small values are imported with the package, the
larger parts when they are first asked for, so that a subgraph that wants a ``Caller`` loads no web server.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from gateway.caller import Caller
from gateway.coordinates import Coordinate
from gateway.errors import GatewayError, Mistake

if TYPE_CHECKING:
    from gateway.composition import SubgraphSDL, compose
    from gateway.config import Settings, read_settings
    from gateway.opening import OpenHouse, open_house, open_unrestricted
    from gateway.policy import Policy, compile_policy, load_bundle
    from gateway.supergraph import Supergraph, load_supergraph
    from gateway.web.app import create_app

__all__ = [
    "Caller",
    "Coordinate",
    "GatewayError",
    "Mistake",
    "OpenHouse",
    "Policy",
    "Settings",
    "SubgraphSDL",
    "Supergraph",
    "compile_policy",
    "compose",
    "create_app",
    "load_bundle",
    "load_supergraph",
    "open_house",
    "open_unrestricted",
    "read_settings",
]

_HOMES = {
    "OpenHouse": "opening",
    "Policy": "policy",
    "Settings": "config",
    "SubgraphSDL": "composition",
    "Supergraph": "supergraph",
    "compile_policy": "policy",
    "compose": "composition",
    "create_app": "web.app",
    "load_bundle": "policy",
    "load_supergraph": "supergraph",
    "open_house": "opening",
    "open_unrestricted": "opening",
    "read_settings": "config",
}


def __getattr__(name: str) -> Any:
    """The public name ``name``, imported now; raises ``AttributeError`` for any other."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return list(__all__)
