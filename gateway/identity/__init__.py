"""Who asks, proven: caller tokens in, assertions to subgraphs out, and the keys for both."""

from gateway.identity.assertions import Assertion, sign_assertion, verify_assertion
from gateway.identity.certificates import (
    Vouched,
    issue_certificates,
    rotate_authority,
    standing,
    valid_until,
)
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
from gateway.identity.tokens import ClaimsReader, Known, TokenReader, bearer, issue_token

__all__ = [
    "ROTATION",
    "Assertion",
    "ClaimsReader",
    "DevelopmentIssuer",
    "Known",
    "Persona",
    "PublicKeys",
    "SigningKey",
    "TokenReader",
    "Vouched",
    "bearer",
    "current_key",
    "development_key",
    "issue_certificates",
    "issue_token",
    "load_personas",
    "load_public_keys",
    "load_signing_key",
    "rotate_authority",
    "rotate_key",
    "sign_assertion",
    "standing",
    "valid_until",
    "verify_assertion",
]
