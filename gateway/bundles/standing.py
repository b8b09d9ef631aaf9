"""Which bundle holds: a function of the bundles that lie there and the instant, so that all replicas come to the same."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import orjson

from gateway.bundles.bundle import SignedBundle, wrong
from gateway.bundles.folder import Refused
from gateway.errors import RequestError

LATE: Final = 10.0
"""Seconds that a request waits at most for a bundle whose instant has passed."""

__all__ = ["Choice", "Remembered", "Standing", "choose", "remember", "remembered"]


@dataclass(frozen=True, slots=True)
class Remembered:
    """The newest bundle that was ever in force here."""

    version: int = 0
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """The bundle that holds at an instant, the one that holds next, and what was refused for what it is or follows."""

    now: SignedBundle | None
    next: SignedBundle | None
    refused: tuple[Refused, ...] = ()


@dataclass(slots=True)
class Standing:
    """How a process follows the bundles: which is in force, which comes, what was refused, and whether it is behind.

    ``armed``: the one that comes is ready. ``lost``: since when the folder cannot be read. ``behind`` is there while an
    instant has passed and its bundle is not in force yet; it is set when that is over.
    """

    version: int
    digest: str
    since: datetime
    coming: int | None = None
    activates: datetime | None = None
    armed: bool = False
    lost: datetime | None = None
    refused: tuple[Refused, ...] = ()
    behind: asyncio.Event | None = None

    @property
    def late(self) -> bool:
        """Whether another bundle should be in force already."""
        return self.behind is not None

    def fall_behind(self) -> None:
        """Another bundle should be in force: who asks waits until it is, or turns out unfit."""
        self.behind = self.behind or asyncio.Event()

    async def settled(self) -> None:
        """Nothing, once what is in force is what should be, or the bundle that should be turned out unfit.

        Raises ``RequestError`` ``BUNDLE_LATE`` (503) where that takes too long: nothing is answered under what no longer
        holds.
        """
        if self.behind is None:
            return
        try:
            async with asyncio.timeout(LATE):
                await self.behind.wait()
        except TimeoutError:
            raise RequestError(
                "BUNDLE_LATE",
                "What is in force now is not in place here yet.",
                status=503,
                hint="Ask again after the time that Retry-After says.",
                retry_after=2,
            ) from None

    def numbers(self) -> dict[str, float]:
        """What metrics say of it."""
        return {
            "version": self.version,
            "coming": self.coming or 0,
            "armed": self.armed,
            "late": self.late,
            "lost": self.lost is not None,
            "refused": len(self.refused),
        }

    def catch_up(self) -> None:
        """What is in force is what should be."""
        behind, self.behind = self.behind, None
        if behind is not None:
            behind.set()


def choose(bundles: Iterable[SignedBundle], at: datetime, newest: Remembered | None = None) -> Choice:
    """What of ``bundles`` holds at ``at``: the highest version whose instant has come.

    Next is what holds first after that: the earliest instant among higher versions, the highest of those at one
    instant. ``newest`` is the newest that was in force here: it goes on whatever the clock says, and nothing older ever
    holds again (``BUNDLE_OLDER``). What does not follow the bundle before it is refused (``BUNDLE_FORKED``).
    """
    newest = newest or Remembered()
    sound, refused = _following(bundles, newest)
    due = (each for each in sound if each.manifest.activates <= at or each.manifest.version <= newest.version)
    now = max(due, key=_version, default=None)
    if now is not None and _version(now) < newest.version:
        refused, now = (*refused, _older(now, newest)), None
    floor = newest.version if now is None else _version(now)
    coming = (each for each in sound if _version(each) > floor and each.manifest.activates > at)
    following = min(coming, key=lambda each: (each.manifest.activates, -_version(each)), default=None)
    return Choice(now, following, refused)


def _version(bundle: SignedBundle) -> int:
    return bundle.manifest.version


def _following(
    bundles: Iterable[SignedBundle], newest: Remembered
) -> tuple[tuple[SignedBundle, ...], tuple[Refused, ...]]:
    """``bundles`` by version as far as each follows the one before it where that is known, and those that do not."""
    sound: list[SignedBundle] = []
    bad: list[Refused] = []
    digests = {newest.version: newest.digest} if newest.version else {}
    for each in sorted(bundles, key=_version):
        version, previous = _version(each), each.manifest.previous
        if digests.get(version - 1, previous) != previous or digests.get(version, each.digest) != each.digest:
            said = "It does not follow the bundle before it, or stands in the place of another of its version."
            problem = wrong("BUNDLE_FORKED", said, f"version {version}", "Publish anew, on top of what is there.")
            bad.append(Refused(version, problem.code, str(problem)))
            continue
        digests[version] = each.digest
        sound.append(each)
    return tuple(sound), tuple(bad)


def _older(found: SignedBundle, newest: Remembered) -> Refused:
    said = f"Version {newest.version} was in force here, and nothing newer than {found.manifest.version} lies there."
    hint = "To go back, republish: `gateway publish --rollback N` makes an older version the newest."
    problem = wrong("BUNDLE_OLDER", said, f"version {found.manifest.version}", hint)
    return Refused(found.manifest.version, problem.code, str(problem))


def remembered(var: Path) -> Remembered:
    """The newest bundle that was in force at a gateway with this ``var``; raises ``PolicyError`` ``BUNDLE_MALFORMED``."""
    path = _place(var)
    try:
        page = orjson.loads(path.read_bytes())
        return Remembered(page["version"], page["digest"])
    except FileNotFoundError:
        return Remembered()
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise wrong("BUNDLE_MALFORMED", "What was in force here cannot be read.", str(path)) from problem


def remember(var: Path, bundle: SignedBundle) -> None:
    """Keep in mind that ``bundle`` is in force, unless something newer was. Raises ``OSError``, ``PolicyError``."""
    if remembered(var).version >= bundle.manifest.version:
        return
    path = _place(var)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}.{secrets.token_hex(4)}")
    draft.write_bytes(orjson.dumps({"version": bundle.manifest.version, "digest": bundle.digest}))
    os.replace(draft, path)


def _place(var: Path) -> Path:
    return var / "bundles" / "newest.json"
