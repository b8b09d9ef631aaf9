"""Documents that a client names instead of sending: trusted ones from a manifest, and those kept at first use."""

from gateway.documents.kept import Kept, MemoryKept, ValkeyKept
from gateway.documents.named import NamedDocuments, TrustMode
from gateway.documents.trusted import read_manifest

__all__ = ["Kept", "MemoryKept", "NamedDocuments", "TrustMode", "ValkeyKept", "read_manifest"]
