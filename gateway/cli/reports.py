"""What ``gateway check`` found, for those who read no terminal: SARIF for a review's annotations, Markdown for its text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gateway.cli.steps import Checked, Passed
from gateway.errors import Mistake

__all__ = ["markdown", "sarif"]

_PLACE = re.compile(r"^(?P<path>[^:\s]+\.\w+)(?::(?P<line>[1-9]\d*))?")
_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def sarif(checked: Checked, schema: Path) -> dict[str, Any]:
    """The mistakes as a SARIF 2.1.0 log of one run, a rule for each code.

    A place that is a file under ``schema`` becomes a physical location, relative to the current folder; any other
    (a coordinate, a subgraph) a logical one. What an override lets pass is a result that is suppressed, with its reason.
    """
    wrong = [mistake for step in checked.steps for mistake in step.mistakes]
    passed = [each for step in checked.steps for each in step.passed]
    found = [*wrong, *(each.mistake for each in passed)]
    codes = sorted({each.code for each in found})
    rules = [{"id": code, "help": {"text": next(each.hint for each in found if each.code == code)}} for code in codes]
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "gateway check", "rules": [_without_empty_help(rule) for rule in rules]}},
                "results": [
                    *(_result(each, codes, schema) for each in wrong),
                    *(_suppressed(each, codes, schema) for each in passed),
                ],
            }
        ],
    }


def markdown(checked: Checked) -> str:
    """A summary to paste into a review: a line for each step, then a table of the mistakes where there are any."""
    return "\n".join(_lines(checked))


def _lines(checked: Checked) -> Iterator[str]:
    mistakes = [mistake for step in checked.steps for mistake in step.mistakes]
    wrong = f"{len(mistakes)} mistake{'s' if len(mistakes) != 1 else ''}"
    yield f"### gateway check: {'nothing is wrong' if checked.ok else wrong}"
    yield ""
    for step in checked.steps:
        yield f"* {'FAIL' if step.mistakes else 'ok'} **{step.name}**: {_cell(step.told)}"
        for note in (*step.notes, *step.passed):
            yield f"  * {_cell(str(note))}"
    if mistakes:
        yield ""
        yield "| code | where | what is wrong | what to do |"
        yield "|---|---|---|---|"
    for each in mistakes:
        yield f"| {_cell(each.code)} | {_cell(each.where)} | {_cell(each.message)} | {_cell(each.hint)} |"


def _cell(text: str) -> str:
    """``text`` on one line, with nothing in it that Markdown would read as more than text."""
    return re.sub(r"([\\`*_\[\]<>|@#])", r"\\\1", " ".join(text.split()))


def _result(mistake: Mistake, codes: list[str], schema: Path) -> dict[str, Any]:
    told = f"{mistake.message} {mistake.hint}".strip()
    result: dict[str, Any] = {
        "ruleId": mistake.code,
        "ruleIndex": codes.index(mistake.code),
        "level": "error",
        "message": {"text": told},
    }
    if mistake.extra:
        result["properties"] = dict(mistake.extra)
    if mistake.where:
        result["locations"] = [_location(mistake.where, schema)]
    return result


def _suppressed(passed: Passed, codes: list[str], schema: Path) -> dict[str, Any]:
    override = passed.override
    because = f"{override.author}, until {override.until}: {override.reason}"
    suppression = {"kind": "external", "status": "accepted", "justification": because}
    return {**_result(passed.mistake, codes, schema), "suppressions": [suppression]}


def _location(where: str, schema: Path) -> dict[str, Any]:
    place = _PLACE.match(where)
    file = _file(Path(place["path"]), schema) if place else None
    if place is None or file is None:
        return {"logicalLocations": [{"fullyQualifiedName": where}]}
    physical: dict[str, Any] = {"artifactLocation": {"uri": _uri(file, schema)}}
    if place["line"]:
        physical["region"] = {"startLine": int(place["line"])}
    return {"physicalLocation": physical}


def _file(path: Path, schema: Path) -> Path | None:
    """The file meant; one that is named whole need not be there, for a generated file can be missing."""
    if path.is_absolute():
        return path
    return next((each for each in (schema / path, path) if each.is_file()), None)


def _uri(file: Path, schema: Path) -> str:
    """Relative to the current folder, else to ``schema``: a report names no folder of the machine that made it."""
    whole = file.resolve()
    for root in (Path.cwd(), schema.resolve()):
        if whole.is_relative_to(root):
            return whole.relative_to(root).as_posix()
    return file.name


def _without_empty_help(rule: dict[str, Any]) -> dict[str, Any]:
    return rule if rule["help"]["text"] else {"id": rule["id"]}
