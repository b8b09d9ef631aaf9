"""``gateway prove``: every property of ``schema/properties.toml``, proven or with a case in which it fails."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli.shared import At, Schema, instant_of
from gateway.enforcement.flows import edges_of
from gateway.errors import RequestError
from gateway.opening import open_graph, read_text
from gateway.policy.facts import UNREACHABLE, Value
from gateway.policy.proof import Counterexample, Proof, Property, Prover, read_properties

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("prove", epilog="Example: [bold]gateway prove --only P1367-ERO[/bold]")(prove)


@dataclass(frozen=True, slots=True)
class _Answered:
    proof: Proof
    seconds: float


def prove(
    only: Annotated[list[str] | None, typer.Option("--only", help="Only this property; may be repeated.")] = None,
    at: At = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print data instead of text.")] = False,
    schema: Schema = Path("schema"),
) -> None:
    """Prove what must hold of all agreements and statutes together; exit code 1 when a property is refuted.

    Every caller, record, case, certificate and date is covered, not a sample. A property that fails is shown with a
    caller, a field and a record, put to the decider that serves requests. Needs the test extra (z3-solver).
    """
    instant = instant_of(at)
    text = read_text(
        schema / "properties.toml", "PROPERTIES_MISSING", "The file of properties", "Write schema/properties.toml."
    )
    wanted = _chosen(read_properties(text), only or [])
    graph = open_graph(schema, at=instant)
    crossings = edges_of(graph.supergraph, graph.policy)
    prover = Prover.of(graph.policy, graph.supergraph, instant, wanted, crossings)
    answered = []
    for each in wanted:
        started = time.perf_counter()
        answered.append(_Answered(prover.prove(each), time.perf_counter() - started))
    if as_json:
        typer.echo(json.dumps(_as_json(answered, graph.policy.epoch, instant), indent=2))
    else:
        typer.echo("\n".join(_lines(answered, graph.policy.epoch)))
    if not all(each.proof.holds for each in answered):
        raise typer.Exit(1)


def _chosen(properties: tuple[Property, ...], only: list[str]) -> list[Property]:
    known = {each.id: each for each in properties}
    for name in only:
        if name not in known:
            raise RequestError(
                "NAME_UNKNOWN", f"There is no property {name!r}.", where="--only", hint=f"Known: {', '.join(known)}."
            )
    return [each for each in properties if not only or each.id in only]


def _lines(answered: list[_Answered], epoch: str) -> list[str]:
    width = max(len(each.proof.of.id) for each in answered)
    lines = [f"epoch {epoch}", ""]
    for each in answered:
        proof = each.proof
        lines.append(f"{_verdict(proof):8} {proof.of.id:{width}}  {proof.of.says}")
        if proof.world is not None:
            lines += [f"{'':{width + 11}}{line}" for line in _told(proof.world)]
    held = sum(each.proof.holds for each in answered)
    seconds = sum(each.seconds for each in answered)
    return [*lines, "", f"{held} of {len(answered)} hold ({seconds:.1f} s)"]


def _verdict(proof: Proof) -> str:
    if proof.of.kind == "can":
        return "shown" if proof.holds else "REFUTED"
    return "proven" if proof.holds else "REFUTED"


def _told(world: Counterexample) -> list[str]:
    facts = ", ".join(f"{name} = {_shown(value)}" for name, value in world.facts.items())
    who = "/".join(part for part in world.kind if part)
    lines = [f"{who}  {world.coordinate}  at {world.at:%Y-%m-%dT%H:%MZ}: {world.told}"]
    return [*lines, f"while {facts}"] if facts else lines


def _shown(value: Value) -> str:
    if value is UNREACHABLE:
        return "unknown"
    if isinstance(value, datetime):
        return value.isoformat()
    return json.dumps(value, default=str)


def _as_json(answered: list[_Answered], epoch: str, at: datetime) -> dict[str, Any]:
    return {
        "epoch": epoch,
        "at": at.isoformat(),
        "holds": all(each.proof.holds for each in answered),
        "properties": [
            {
                "id": each.proof.of.id,
                "kind": each.proof.of.kind,
                "says": each.proof.of.says,
                "verdict": _verdict(each.proof),
                "asked": each.proof.tables,
                "seconds": round(each.seconds, 3),
                "world": _world(each.proof.world),
            }
            for each in answered
        ],
    }


def _world(world: Counterexample | None) -> dict[str, Any] | None:
    if world is None:
        return None
    return {
        "coordinate": world.coordinate,
        "caller": dict(zip(("agency", "role", "purpose"), world.kind, strict=True)),
        "at": world.at.isoformat(),
        "facts": {name: json.loads(_plain(value)) for name, value in world.facts.items()},
        "told": world.told,
    }


def _plain(value: Value) -> str:
    return json.dumps("UNREACHABLE" if value is UNREACHABLE else value, default=str)
