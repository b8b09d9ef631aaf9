"""Open the house: from settings and files to a graph under its policy, and everything a request is answered with."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gateway.audit.keys import Pseudonyms, load_signing_key
from gateway.audit.log import AuditLog
from gateway.caller import Caller
from gateway.config import Registered, Settings, read_registry
from gateway.enforcement.shapes import shapes_of
from gateway.errors import IdentityError, Mistake, PolicyError
from gateway.execution.transport import Transport
from gateway.house import Graph, House
from gateway.identity import (
    Known,
    PublicKeys,
    SigningKey,
    TokenReader,
    development_key,
    load_public_keys,
    sign_assertion,
)
from gateway.identity import load_signing_key as load_assertion_key
from gateway.identity.tokens import AUDIENCE, ISSUER
from gateway.policy import Policy, compile_policy, load_bundle
from gateway.resilience import guarded
from gateway.supergraph import load_supergraph

__all__ = ["OpenHouse", "open_graph", "open_house", "open_unrestricted"]
