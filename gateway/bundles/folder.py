"""The folder that bundles are handed out by: one file a version, written once and never changed."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gateway.audit.note import VerifierKey
from gateway.bundles.bundle import SignedBundle, open_bundle, wrong
from gateway.errors import PolicyError

__all__ = ["BundleFolder", "Refused"]

_FILE: Final = re.compile(r"(\d{8})\.bundle")


@dataclass(frozen=True, slots=True)
class Refused:
    """A version that is not taken: the code, and why with file and line."""

    version: int
    code: str
    why: str


@dataclass(frozen=True, slots=True)
class BundleFolder:
    """A folder of bundles, any volume that publisher and replicas both see. ``keys`` are those of its publishers."""

    path: Path
    keys: Sequence[VerifierKey]

    def versions(self) -> tuple[int, ...]:
        """The versions that lie there, ascending, whether good or bad; raises ``PolicyError`` ``BUNDLES_UNREADABLE``."""
        try:
            names = [each.name for each in self.path.iterdir()]
        except OSError as problem:
            said = f"The folder of bundles cannot be read: {problem.strerror}."
            raise wrong(
                "BUNDLES_UNREADABLE", said, str(self.path), "Mount it, or let this process read it."
            ) from problem
        return tuple(sorted(int(found[1]) for name in names if (found := _FILE.fullmatch(name))))

    def read(self, version: int) -> SignedBundle:
        """The bundle of a version; raises ``PolicyError`` (see ``open_bundle``, and ``BUNDLE_EDITED`` for another's)."""
        path = self.file(version)
        try:
            raw = path.read_bytes()
        except OSError as problem:
            said = f"The file cannot be read: {problem.strerror}."
            raise wrong("BUNDLES_UNREADABLE", said, str(path)) from problem
        found = open_bundle(raw, self.keys, str(path))
        if found.manifest.version != version:
            said = f"It is version {found.manifest.version} under the name of another."
            raise wrong("BUNDLE_EDITED", said, str(path), "Let every bundle keep the name it was published under.")
        return found

    def sound(self) -> tuple[tuple[SignedBundle, ...], tuple[Refused, ...]]:
        """Every bundle that is signed and whole, ascending, and those that are not."""
        good: list[SignedBundle] = []
        bad: list[Refused] = []
        for version in self.versions():
            try:
                good.append(self.read(version))
            except PolicyError as problem:
                bad.append(Refused(version, problem.code, str(problem)))
        return tuple(good), tuple(bad)

    def add(self, bundle: SignedBundle) -> Path:
        """Where ``bundle`` lies now, whole from the moment it is seen.

        Raises ``PolicyError``: ``BUNDLE_VERSION_TAKEN`` where that version was published before, ``BUNDLES_UNREADABLE``
        where nothing can be written.
        """
        path = self.file(bundle.manifest.version)
        draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            with draft.open("xb") as file:
                file.write(bundle.raw)
                file.flush()
                os.fsync(file.fileno())
            os.link(draft, path)  # fails where the version is there: of two publishers, the first has it
        except FileExistsError:
            said = f"Version {bundle.manifest.version} was published meanwhile."
            raise wrong("BUNDLE_VERSION_TAKEN", said, str(path), "Publish again, on top of it.") from None
        except OSError as problem:
            said = f"The bundle cannot be written: {problem.strerror}."
            raise wrong("BUNDLES_UNREADABLE", said, str(path)) from problem
        finally:
            with contextlib.suppress(OSError):
                draft.unlink()
        return path

    def file(self, version: int) -> Path:
        """The file of a version."""
        return self.path / f"{version:08d}.bundle"
