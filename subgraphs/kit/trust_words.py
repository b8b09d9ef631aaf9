"""The words a subgraph shares with the gateway, in one place: who asks, how errors look, which keys are public.

Only ``subgraphs/kit/trust*.py`` may import the gateway, as a library; everything else of ``subgraphs`` asks here.
"""

from gateway.caller import Caller
from gateway.errors import GatewayError
from gateway.identity import PublicKeys
from gateway.identity.assertions import HEADER

__all__ = ["HEADER", "Caller", "GatewayError", "PublicKeys"]
