"""``schema/overrides.toml``: findings of ``gateway check`` that pass for a while, each with a reason, an author and a day.

A finding that would keep a gateway from starting, or that it would enforce itself, passes nowhere: an override changes
what is reported, and neither the graph nor the agreements.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from gateway.cli.steps import Override, Passed, Step
from gateway.errors import Mistake
from gateway.policy.toml_page import Page

__all__ = ["FILE", "overridden", "read_overrides"]

FILE: Final = "overrides.toml"
OPEN: Final = frozenset({"examples", "generated", "operations"})
"""The steps whose findings somebody may answer for."""
_LONGEST: Final = timedelta(days=366)
_KEYS: Final = frozenset({"code", "where", "reason", "author", "until"})
_SHOWN: Final = (
    'Write [[override]] with code = "...", where = "...", reason = "...", author = "..." and until = 2026-12-31.'
)


def overridden(steps: Iterable[Step], schema: Path, today: date) -> tuple[Step, ...]:
    """``steps`` with what ``overrides.toml`` in ``schema`` lets pass, and a step about the entries where there are any.

    An entry that has expired (``until`` is ``today`` or before), that is malformed, or that names what nobody may answer
    for is a mistake; one that names nothing that was found is told as a note.
    """
    path = schema / FILE
    if not path.exists():
        return tuple(steps)
    entries, mistakes = read_overrides(path)
    if not entries and not mistakes:
        return tuple(steps)
    mistakes += [_too_long(each) for each in entries if each.until > today + _LONGEST]
    mistakes += [_expired(each) for each in entries if each.until <= today]
    valid = [each for each in entries if today < each.until <= today + _LONGEST]
    used: set[Override] = set()
    refused: set[Override] = set()
    found = tuple(_with(step, valid, used) for step in steps)
    for step in found:
        if step.name not in OPEN:
            named = [each for each in valid if any(map(each.names, step.mistakes))]
            mistakes += [_forbidden(each, step) for each in named]
            refused.update(named)
    idle = (each for each in valid if each not in used | refused)
    unused = tuple(f"{each.at} names nothing that was found; take it out" for each in idle)
    told = f"{len(used)} of {len(entries)} overrides let something pass"
    return (*found, Step("overrides", told, tuple(mistakes), unused))


def read_overrides(path: Path) -> tuple[list[Override], list[Mistake]]:
    """The entries of the file that are well formed, and what is wrong with the others (``OVERRIDES_WRONG``)."""
    noted: list[Mistake] = []
    entries: list[Override] = []
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return [], [Mistake("OVERRIDES_WRONG", "The file cannot be read.", str(path), _SHOWN)]
    page = Page.read(FILE, text, noted)
    if page is not None:
        page.keys(page.data, (), frozenset({"override"}), "the page of overrides")
        for number, table in enumerate(page.tables(page.data, (), "override")):
            before, place = len(noted), ("override", number)
            page.keys(table, place, _KEYS, "an override")
            code, where, reason, author = (
                page.text(table, place, name) for name in ("code", "where", "reason", "author")
            )
            until = page.day(table, place, "until")
            if len(noted) == before and not all(word.strip() for word in (code, where, reason, author)):
                page.mistake("OVERRIDES_WRONG", "an override leaves something empty", place, _SHOWN)
            if len(noted) == before:
                entries.append(Override(code, where, reason, author, until, page.where(place)))
    return entries, [replace(each, code="OVERRIDES_WRONG") for each in noted]


def _with(step: Step, entries: list[Override], used: set[Override]) -> Step:
    """``step`` without the mistakes that one of ``entries`` names, where it is one that may be answered for."""
    if step.name not in OPEN:
        return step
    passed = tuple(_passing(step.mistakes, entries))
    used.update(each.override for each in passed)
    gone = {id(each.mistake) for each in passed}
    return replace(step, mistakes=tuple(each for each in step.mistakes if id(each) not in gone), passed=passed)


def _passing(mistakes: Iterable[Mistake], entries: list[Override]) -> Iterator[Passed]:
    for mistake in mistakes:
        if named := next((each for each in entries if each.names(mistake)), None):
            yield Passed(mistake, named)


def _expired(entry: Override) -> Mistake:
    message = f"{entry.code} at {entry.where} passed until {entry.until}, and {entry.author} answered for it."
    return Mistake(
        "OVERRIDE_EXPIRED", message, entry.at, "Mend the finding and take the entry out, or give it a new day."
    )


def _too_long(entry: Override) -> Mistake:
    message = f"An override until {entry.until} is one that nobody means to look at again."
    return Mistake("OVERRIDES_WRONG", message, entry.at, "Name a day within a year.")


def _forbidden(entry: Override, step: Step) -> Mistake:
    message = f"{entry.code} cannot be overridden: what {step.name} finds, a gateway would not serve."
    return Mistake(
        "OVERRIDE_FORBIDDEN", message, entry.at, "Mend the finding; agreements are changed by their signers."
    )
