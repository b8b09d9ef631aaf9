"""Decide before fetch: an entity is asked about only when something of what is asked could be given.

Law: docs/policy.md section 5, "plan". Where the deciding fact is another agency's (a statutory flag of the person),
the guarded fetch waits for it, and only the representations that passed are sent. What did not pass leaves its agency
for nobody: it is never asked for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from gateway.caller import Caller
from gateway.coordinates import Coordinate
from gateway.enforcement.hidden import HIDDEN, read_hidden
from gateway.enforcement.permitted import Permitted
from gateway.enforcement.shapes import Shapes
from gateway.policy import UNREACHABLE, Policy

__all__ = ["Gate"]

_Flags = dict[str, dict[str, Any]]


@dataclass(slots=True)
class Gate:
    """Admits objects to an entity fetch. ``read`` asks the authority for the flags of travelers.

    ``flags`` holds what is known of travelers and grows as more are asked about; it is the caller's to use afterwards.
    """

    permitted: Permitted
    policy: Policy
    caller: Caller
    shapes: Shapes
    at: datetime
    flags: _Flags
    read: Callable[[set[str]], Awaitable[_Flags]]
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def admit(
        self, coordinates: Sequence[str], objects: Sequence[tuple[str, dict[str, Any]]]
    ) -> list[bool | None]:
        """For each (type name, object), whether a fetch that selects ``coordinates`` may ask about it.

        None where that cannot be decided: a fact could not be had that might have let it through.
        """
        if not self.permitted.needs_subjects:
            return [True] * len(objects)
        asked: dict[str, list[Coordinate]] = {}
        for text in coordinates:
            coordinate = Coordinate.parse(text)
            if text in self.permitted.decisions:  # what nobody asked for is there for a key or a fact
                asked.setdefault(coordinate.type, []).append(coordinate)
        subjects = [self._subject(name, item) for name, item in objects]
        await self.learn({each for each in subjects if each})
        return [
            self._useful(asked.get(name, ()), name, item, subject)
            for (name, item), subject in zip(objects, subjects, strict=True)
        ]

    async def learn(self, travelers: set[str]) -> None:
        """See to it that ``flags`` holds those of ``travelers``."""
        async with self._lock:  # side by side fetches ask about the same people: once is enough
            missing = travelers - self.flags.keys()
            if missing:
                self.flags.update(await self.read(missing))

    def _subject(self, name: str, item: Mapping[str, Any]) -> str:
        path = self.shapes.subjects.get(name, "")
        if not path:
            return ""
        value = read_hidden(item, path)
        if value is None and "." not in path:
            value = item.get(path)
        return value if isinstance(value, str) else ""

    def _useful(self, asked: Sequence[Coordinate], name: str, item: Mapping[str, Any], subject: str) -> bool | None:
        if not asked or not subject:
            return True
        facts = {**self.permitted.known, "subject.id": subject, **self.flags.get(subject, {})}
        for key, value in item.items():
            if key.startswith(HIDDEN) and not isinstance(value, (dict, list)):
                facts["record." + key[len(HIDDEN) :]] = value
        if any(self._could_show(coordinate, name, facts) for coordinate in asked):
            return True
        had = {fact: value for fact, value in facts.items() if value is not UNREACHABLE}
        undecided = len(had) < len(facts) and any(self._could_show(coordinate, name, had) for coordinate in asked)
        return None if undecided else False

    def _could_show(self, coordinate: Coordinate, name: str, facts: Mapping[str, Any]) -> bool:
        if not self.policy.could_give(self.caller, coordinate, facts, self.at):
            return False
        target = self.shapes.target(coordinate.type, coordinate.field)
        if not target or self.shapes.leaves_subject(name, target):
            return True
        node = self.shapes.connection_node(target) or target
        told = [each for kind in self.shapes.possible(node) for each in self.shapes.told_by(kind)]
        return not told or any(self.policy.could_give(self.caller, each, facts, self.at) for each in told)
