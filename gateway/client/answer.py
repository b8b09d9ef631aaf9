"""An answer with its ledger: what was given, and for whatever was not, who withholds it and why.

The ledger's form: ``schema/sharing.schema.json``. What to show of it: docs/frontend-guide.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

__all__ = ["Answer", "Entry", "Failure", "NotGiven", "Outcome", "Path", "Why"]

Path: TypeAlias = str | Sequence[str | int]
"""Where in an answer: ``"traveler.visas.nodes.0.status"``, or its parts in a list."""
Outcome: TypeAlias = Literal["ALLOW", "MASK", "DENY", "UNAVAILABLE"]


class NotGiven(LookupError):  # noqa: N818 - what it says, not that something broke
    """A value that the answer does not give: withheld, or not to be had now. ``why`` says which."""

    def __init__(self, why: Why) -> None:
        super().__init__(str(why))
        self.why = why


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the ledger; ``path`` has ``[]`` for every position of a list."""

    outcome: Outcome
    coordinate: str
    path: tuple[str, ...]
    owner: str
    reason: str
    mask: str = ""
    agreement: str = ""
    how_to_request: str = ""

    @classmethod
    def read(cls, item: Mapping[str, Any]) -> Entry:
        """The line that ``item`` of ``extensions.sharing`` is."""
        return cls(
            outcome=item["outcome"],
            coordinate=item["coordinate"],
            path=tuple(item["path"]),
            owner=item["owner"],
            reason=item["reason"],
            mask=item.get("mask", ""),
            agreement=item.get("agreement", ""),
            how_to_request=item.get("howToRequest", ""),
        )


@dataclass(frozen=True, slots=True)
class Failure:
    """One item of ``errors``: a failure, or a mistake in the operation. A refusal of a value is never one."""

    message: str
    code: str
    path: tuple[str | int, ...] = ()
    hint: str = ""

    @classmethod
    def read(cls, item: Mapping[str, Any]) -> Failure:
        """The failure that ``item`` of ``errors`` is."""
        more = item.get("extensions") or {}
        return cls(
            str(item.get("message", "")), str(more.get("code", "")), tuple(item.get("path") or ()), more.get("hint", "")
        )


@dataclass(frozen=True, slots=True)
class Why:
    """What became of the value at one place of an answer.

    ``entry`` is the line of the ledger that says so, for the place or the nearest part above it. ``certain`` is False
    where that line covers all rows of a list and may speak of others than this: the value is then there, masked or not.
    """

    path: tuple[str | int, ...]
    outcome: Outcome
    value: Any
    entry: Entry | None = None
    certain: bool = True

    def __str__(self) -> str:
        place = ".".join(map(str, self.path)) or "the answer"
        entry = self.entry
        owner = entry.owner if entry and entry.owner else "its owner"
        if self.outcome == "ALLOW":
            return f"{place}: given" if self.value is not None else f"{place}: nothing on record"
        if self.outcome == "UNAVAILABLE":
            return f"{place}: could not be had from {owner}; this does not mean that there is none"
        if self.outcome == "MASK":
            some = "" if self.certain else ", in some or all rows of its list"
            return f"{place}: masked by {owner}{f' ({entry.mask})' if entry and entry.mask else ''}{some}"
        ask = f". {entry.how_to_request}" if entry and entry.how_to_request else ""
        return f"{place}: withheld by {owner}{f': {entry.reason}' if entry and entry.reason else ''}{ask}"


@dataclass(frozen=True, slots=True)
class Answer:
    """The gateway's answer to one operation. ``record`` is its place in the record of disclosures.

    ``obligations`` are the terms that come with what was given, as the answer says them.
    """

    data: Any
    failures: tuple[Failure, ...] = ()
    ledger: tuple[Entry, ...] = ()
    record: str = ""
    obligations: tuple[Mapping[str, Any], ...] = ()
    extensions: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, body: Mapping[str, Any]) -> Answer:
        """The answer that a decoded body is; raises ``KeyError`` or ``TypeError`` where it is none."""
        more = body.get("extensions") or {}
        return cls(
            data=body.get("data"),
            failures=tuple(Failure.read(each) for each in body.get("errors") or ()),
            ledger=tuple(Entry.read(each) for each in more.get("sharing") or ()),
            record=more.get("record", ""),
            obligations=tuple(more.get("obligations") or ()),
            extensions=more,
        )

    def get(self, path: Path) -> Any:
        """The value at ``path``; ``None`` where nothing stands there, whatever the reason."""
        held = self.data
        for step in _steps(path):
            if isinstance(held, Mapping):
                held = held.get(str(step))
            elif isinstance(held, list) and isinstance(step, int) and -len(held) <= step < len(held):
                held = held[step]
            else:
                return None
        return held

    def given(self, path: Path) -> Any:
        """The value at ``path``; ``None`` only where there is none on record. Raises ``NotGiven`` where it was withheld or lost."""
        why = self.why(path)
        if why.value is None and why.outcome != "ALLOW":
            raise NotGiven(why)
        return why.value

    def why(self, path: Path) -> Why:
        """What became of the value at ``path``: given, masked, withheld, or not to be had; never a guess about the record."""
        steps, value = _steps(path), self.get(path)
        general = tuple("[]" if isinstance(step, int) else step for step in steps)
        masked = _nearest(general, [each for each in self.ledger if each.outcome == "MASK"])
        if value is not None:
            if masked is None:
                return Why(steps, "ALLOW", value)
            return Why(steps, "MASK", value, masked, certain="[]" not in masked.path)
        entry = _nearest(general, [each for each in self.ledger if each.outcome != "MASK"])
        if entry is not None:
            return Why(steps, entry.outcome, None, entry, certain="[]" not in entry.path)
        failed = any(not each.path or each.path == steps[: len(each.path)] for each in self.failures)
        return Why(steps, "UNAVAILABLE" if failed else "ALLOW", None)


def _steps(path: Path) -> tuple[str | int, ...]:
    if isinstance(path, str):
        return tuple(int(part) if part.lstrip("-").isdigit() else part for part in path.split(".") if part)
    return tuple(path)


def _nearest(general: tuple[str, ...], entries: Sequence[Entry]) -> Entry | None:
    """The line for the place, else for the nearest part above it."""
    above = [each for each in entries if each.path == general[: len(each.path)]]
    return max(above, key=lambda each: len(each.path), default=None)
