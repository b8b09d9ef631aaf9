"""Publishing in tests: bundles made of a schema folder as `gateway publish` makes them, at instants that a test chooses."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.audit import Signer
from gateway.audit.note import PLAIN
from gateway.bundles import BundleFolder, Manifest, SignedBundle, bundle_of, collect, relabelled
from gateway.opening import open_graph
from tests.scenarios.asking import ROOT, TODAY

__all__ = ["NOON", "Clock", "Publisher", "signer"]

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
VISA = "agreements/state_ca-cbp-visa.toml"


def signer(seed: int = 1, name: str = "state.example/publisher") -> Signer:
    """A publisher's key that is the same in every run."""
    return Signer(name, Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32), PLAIN)


@dataclass
class Clock:
    """The true time, and clocks that are apart from it by so many seconds."""

    now: datetime = NOON

    def step(self, seconds: float) -> None:
        """Time goes on."""
        self.now += timedelta(seconds=seconds)

    def apart(self, seconds: float) -> Clock:
        """A clock that shows ``seconds`` more than the true time, for ever."""
        return _Apart(self, timedelta(seconds=seconds))

    def __call__(self) -> datetime:
        return self.now


class _Apart(Clock):
    def __init__(self, true: Clock, skew: timedelta) -> None:
        self._true, self._skew = true, skew

    def __call__(self) -> datetime:
        return self._true.now + self._skew


@dataclass
class Publisher:
    """Publishes what is in ``schema``, a copy of the repository's that a test may change, to ``path``."""

    path: Path
    schema: Path
    key: Signer = field(default_factory=signer)

    def __post_init__(self) -> None:
        if not self.schema.exists():
            shutil.copytree(ROOT / "schema", self.schema)
        self.path.mkdir(exist_ok=True)
        self.public.write_text(f"{self.key.public}\n", encoding="utf-8")

    @property
    def public(self) -> Path:
        """The file of public keys."""
        return self.path.with_suffix(".pub")

    @property
    def folder(self) -> BundleFolder:
        """The folder, for who trusts this publisher."""
        return BundleFolder(self.path, (self.key.public,))

    def make(
        self, version: int, activates: datetime, *labels: str, previous: str = "", reason: str = ""
    ) -> SignedBundle:
        """A bundle of the schema folder as it is now, published nowhere."""
        graph = open_graph(self.schema, at=TODAY)
        manifest = Manifest(
            version, activates, "ruth.okafor", reason or "a test", graph.policy.epoch, graph.hash, previous
        )
        return bundle_of(manifest, relabelled(collect(self.schema), labels), self.key)

    def publish(self, activates: datetime, *labels: str) -> SignedBundle:
        """The same, published as the newest version."""
        versions = self.folder.versions()
        before = self.folder.read(versions[-1]).digest if versions else ""
        made = self.make(versions[-1] + 1 if versions else 1, activates, *labels, previous=before)
        self.folder.add(made)
        return made

    def change(self, file: str, old: str, new: str) -> None:
        """Write ``new`` in the place of ``old`` in a file of the schema folder."""
        text = (self.schema / file).read_text(encoding="utf-8")
        assert old in text
        (self.schema / file).write_text(text.replace(old, new, 1), encoding="utf-8")

    def suspend(self) -> None:
        """State suspends its agreement with CBP."""
        self.change(VISA, 'status = "active"', 'status = "suspended"')

    def resume(self) -> None:
        """And is back again."""
        self.change(VISA, 'status = "suspended"', 'status = "active"')
