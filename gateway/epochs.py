"""The policies that were in force here, kept as the text of their files: what was decided then can be asked again.

One file an epoch, named by its hash, written once and never changed. They hold what the signatories wrote and nothing
of any person, so they are kept as long as the record that cites them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import orjson

from gateway.errors import Mistake, PolicyError
from gateway.policy import Policy

__all__ = ["Kept", "folder_of", "keep", "kept", "pages_of"]


@dataclass(frozen=True, slots=True)
class Kept:
    """One policy that was in force: its epoch, and the instant from which it was, as far as this gateway knows."""

    epoch: str
    since: datetime


def folder_of(var: Path) -> Path:
    """Where a gateway with this ``var`` keeps them: beside the record, to be backed up with it."""
    return var / "record" / "epochs"


def keep(folder: Path, policy: Policy, at: datetime) -> None:
    """Keep ``policy``, in force from ``at`` on; one that is kept already stays as it is. Raises ``OSError``."""
    place = _place(folder, policy.epoch)
    if place.exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    page = {"epoch": policy.epoch, "since": at.isoformat(), "pages": dict(policy.pages)}
    draft = place.with_suffix(f".{os.getpid()}.new")
    draft.write_bytes(orjson.dumps(page, option=orjson.OPT_SORT_KEYS))
    draft.replace(place)


def kept(folder: Path) -> tuple[Kept, ...]:
    """Every policy that is kept, the one first in force last."""
    pages = (orjson.loads(each.read_bytes()) for each in folder.glob("*.json"))
    found = (Kept(page["epoch"], datetime.fromisoformat(page["since"])) for page in pages)
    return tuple(sorted(found, key=lambda each: (each.since, each.epoch), reverse=True))


def pages_of(folder: Path, epoch: str) -> Mapping[str, str]:
    """The files of a policy by name; raises ``PolicyError`` ``EPOCH_UNKNOWN`` where it is not kept."""
    place = _place(folder, epoch)
    if not epoch.startswith("sha256:") or place.parent != folder or not place.exists():
        hint = "`gateway audit epochs` lists those that are kept."
        mistake = Mistake("EPOCH_UNKNOWN", "No policy of this epoch is kept here.", where="epoch", hint=hint)
        raise PolicyError("EPOCH_UNKNOWN", "The policy cannot be read.", (mistake,))
    found: dict[str, str] = orjson.loads(place.read_bytes())["pages"]
    return found


def _place(folder: Path, epoch: str) -> Path:
    return folder / f"{epoch.removeprefix('sha256:')}.json"
