"""What is published: signed, versioned bundles of supergraph and policy, and the folder that hands them out."""

from gateway.bundles.bundle import SignedBundle, bundle_of, open_bundle, read_keys
from gateway.bundles.folder import BundleFolder, Refused
from gateway.bundles.manifest import Manifest
from gateway.bundles.pages import changes, collect, relabelled, unpack
from gateway.bundles.standing import Choice, Remembered, Standing, choose, remember, remembered

__all__ = [
    "BundleFolder",
    "Choice",
    "Manifest",
    "Refused",
    "Remembered",
    "SignedBundle",
    "Standing",
    "bundle_of",
    "changes",
    "choose",
    "collect",
    "open_bundle",
    "read_keys",
    "relabelled",
    "remember",
    "remembered",
    "unpack",
]
