"""Who asks, proven: caller tokens in, assertions to subgraphs out, and the keys for both."""

from gateway.identity.assertions import Assertion, sign_assertion, verify_assertion
from gateway.identity.issuer import DevelopmentIssuer
from gateway.identity.keys import (
    ROTATION,
    PublicKeys,
    SigningKey,
    current_key,
    development_key,
    load_public_keys,
    load_signing_key,
    rotate_key,
)
from gateway.identity.personas import Persona, load_personas
from gateway.identity.tokens import Known, TokenReader, bearer, issue_token

__all__ = [
    "ROTATION",
    "Assertion",
    "DevelopmentIssuer",
    "Known",
    "Persona",
    "PublicKeys",
    "SigningKey",
    "TokenReader",
    "bearer",
    "current_key",
    "development_key",
    "issue_token",
    "load_personas",
    "load_public_keys",
    "load_signing_key",
    "rotate_key",
    "sign_assertion",
    "verify_assertion",
]
