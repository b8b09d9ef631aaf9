"""The journal's file: one line an activation, written once, at the end, durable before it counts.

Ordinals order the lines and only grow. Of a published bundle the ordinal follows from its version, so that it is the
same at every replica; of a policy read from a folder it is the next one. A restart under what is in force already adds nothing.
"""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from gateway.errors import Mistake, PolicyError
from gateway.journal.activation import Activation

__all__ = ["Journal", "journal_of"]

_PUBLISHED: Final = 1 << 20
"""Ordinals of bundles begin here: what a gateway read from folders before it followed bundles comes before them."""
_APART: Final = 1 << 10
"""Between two versions there is room for what is read from a folder meanwhile."""


def journal_of(var: Path) -> Journal:
    """The journal of a gateway with this ``var``: beside the record, to be backed up with it."""
    return Journal(var / "record" / "activations.jsonl")


@dataclass(slots=True)
class Journal:
    """The activations in the file at ``path``, oldest first. Several processes may share it."""

    path: Path
    _state: tuple[int, int, int] | None = None
    _known: tuple[Activation, ...] = field(default=())

    def entries(self) -> tuple[Activation, ...]:
        """Every activation; the file is read anew where it has changed.

        What a crash left of a last line is passed over. Raises ``PolicyError`` ``ACTIVATIONS_UNREADABLE``.
        """
        try:
            found = self.path.stat()
            state = (found.st_ino, found.st_size, found.st_mtime_ns)
            if state != self._state:
                self._known, self._state = _read(self.path, self.path.read_bytes())[0], state
        except FileNotFoundError:
            self._known, self._state = (), None
        except OSError as problem:
            raise _unreadable(self.path, f"The file cannot be read: {problem.strerror}.") from problem
        return self._known

    def add(self, activation: Activation) -> Activation | None:
        """``activation`` as it stands in the journal now, durably; None where that was so already.

        Raises ``OSError``, and ``PolicyError`` ``ACTIVATIONS_UNREADABLE``: nothing is added to what cannot be read.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with _alone(self.path) as file:
            known, whole = _read(self.path, self.path.read_bytes())
            ordinal = _next(known, activation)
            if ordinal is None:
                return None
            added = replace(activation, ordinal=ordinal)
            os.ftruncate(file, whole)  # what a crash left of a line that never counted
            line = added.line() + b"\n"
            if os.pwrite(file, line, whole) != len(line):  # a disk that is full takes a part; it is no line then
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))
            os.fsync(file)
        return added


@contextmanager
def _alone(path: Path) -> Iterator[int]:
    """The file, made where it is missing, and no other process writes to it meanwhile."""
    fresh = not path.exists()
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        if fresh:
            folder = os.open(path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        yield file
    finally:
        os.close(file)


def _next(known: tuple[Activation, ...], activation: Activation) -> int | None:
    """The ordinal of ``activation`` after those ``known``; None where it is one of them, or came before."""
    last = known[-1] if known else None
    after = last.ordinal + 1 if last else 1
    if activation.published is None:
        same = last is not None and (last.epoch, last.supergraph) == (activation.epoch, activation.supergraph)
        return None if same else after
    newest = max((each.published.version for each in known if each.published), default=0)
    version = activation.published.version
    return max(_PUBLISHED + version * _APART, after) if version > newest else None


def _read(path: Path, content: bytes) -> tuple[tuple[Activation, ...], int]:
    """The activations in ``content``, and how many of its bytes are whole lines."""
    *lines, rest = content.split(b"\n")
    found = []
    for number, line in enumerate(lines, start=1):
        try:
            found.append(Activation.parse(line))
        except (ValueError, KeyError, TypeError):
            raise _unreadable(path, f"Line {number} is no activation.") from None
    return tuple(found), len(content) - len(rest)


def _unreadable(path: Path, said: str) -> PolicyError:
    hint = "Put the file back from the backup of the record; the gateway goes on answering without it."
    mistake = Mistake("ACTIVATIONS_UNREADABLE", said, where=str(path), hint=hint)
    return PolicyError("ACTIVATIONS_UNREADABLE", "The journal of activations cannot be read.", (mistake,))
