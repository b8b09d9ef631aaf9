"""``gateway diff OLD NEW``: what a change of the agreements releases and withholds, as sentences with witnesses."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli.shared import At, instant_of
from gateway.enforcement.flows import edges_of
from gateway.opening import read_text
from gateway.policy import compile_policy, load_bundle
from gateway.policy.diff import Change, Version, diff_versions
from gateway.policy.facts import UNREACHABLE
from gateway.policy.proof.witness import Witness
from gateway.supergraph import load_supergraph

__all__ = ["register", "version_of"]


class FailOn(StrEnum):
    """What makes the exit code 1: nothing, something newly released or sent, or any change."""

    NOTHING = "nothing"
    WIDER = "wider"
    ANY = "any"


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("diff", epilog="Example: [bold]gateway diff ../before/schema schema --fail-on wider[/bold]")(diff)


def diff(
    old: Annotated[Path, typer.Argument(help="The schema folder before the change.")],
    new: Annotated[Path, typer.Argument(help="The schema folder after it.")] = Path("schema"),
    fail_on: Annotated[FailOn, typer.Option("--fail-on", help="Which changes make the exit code 1.")] = FailOn.NOTHING,
    at: At = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print data instead of text.")] = False,
) -> None:
    """Say what a change does: who newly reads what, who no longer, under which mask, in which cases; flows and dates.

    The heaviest change comes first. Each has a caller and a record that the two versions decide differently. A folder
    without supergraph.graphql is held against the other folder's.
    """
    changes = diff_versions(*_versions(old, new), instant_of(at))
    if as_json:
        typer.echo(json.dumps([_as_json(each) for each in changes], indent=2))
    else:
        typer.echo("\n".join(line for each in changes for line in _lines(each)) or "Nothing changes.")
    if (fail_on is FailOn.ANY and changes) or (fail_on is FailOn.WIDER and any(each.wider for each in changes)):
        raise typer.Exit(1)


def _versions(old: Path, new: Path) -> tuple[Version, Version]:
    files = [folder / "supergraph.graphql" for folder in (old, new)]
    first, second = (mine if mine.exists() else other for mine, other in zip(files, reversed(files), strict=True))
    return version_of(old, first), version_of(new, second)


def version_of(folder: Path, graph: Path) -> Version:
    """The agreements in ``folder`` on the supergraph in the file ``graph``; raises ``PolicyError`` when they are no policy."""
    text = read_text(graph, "SUPERGRAPH_MISSING", "The supergraph", "Run `gateway compose` to write it.")
    supergraph = load_supergraph(text)
    policy = compile_policy(load_bundle(folder), supergraph)
    return Version(policy, supergraph, edges_of(supergraph, policy))


def _lines(change: Change) -> list[str]:
    sign = "+" if change.wider else "-" if change.kind in ("withheld", "narrower", "mask-stronger") else " "
    lines = [f"{sign} {change.sentence}"]
    if change.witness is not None:
        lines.append(f"    for example {_example(change.witness)}")
    return lines


def _example(witness: Witness) -> str:
    facts = ", ".join(f"{name} = {_plain(value)}" for name, value in witness.facts.items())
    before, after = (_outcome(each) for each in (witness.before, witness.after))
    while_ = f" while {facts}" if facts else ""
    return f"{'/'.join(witness.kind)} asks for {witness.coordinate}{while_}: {before} before, {after} now"


def _outcome(decision: Any) -> str:
    detail = decision.mask or decision.reason
    return f"{decision.outcome} {detail}".strip()


def _plain(value: Any) -> str:
    return "unknown" if value is UNREACHABLE else json.dumps(value, default=str)


def _as_json(change: Change) -> dict[str, Any]:
    return {
        "weight": change.weight,
        "kind": change.kind,
        "wider": change.wider,
        "sentence": change.sentence,
        "coordinates": list(change.coordinates),
        "callers": ["/".join(each) for each in change.callers],
        "witness": _witness(change.witness),
    }


def _witness(witness: Witness | None) -> dict[str, Any] | None:
    if witness is None:
        return None
    return {
        "caller": "/".join(witness.kind),
        "coordinate": witness.coordinate,
        "at": witness.at.isoformat(),
        "facts": {
            name: "UNREACHABLE" if value is UNREACHABLE else json.loads(json.dumps(value, default=str))
            for name, value in witness.facts.items()
        },
        "before": _outcome(witness.before),
        "after": _outcome(witness.after),
    }
