"""The properties board: what must hold of all agreements together, proven or with a case in which it fails."""

from __future__ import annotations

import time
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gateway.enforcement.flows import edges_of
from gateway.errors import GatewayError, RequestError
from gateway.opening import read_text
from gateway.policy.policy import Policy
from gateway.policy.proof import Counterexample, Property, Prover, load_z3, read_properties
from gateway.web.console.changes import shown_fact
from gateway.web.console.findings import proposal
from gateway.web.console.jobs import Job
from gateway.web.console.page import SECURITY, told_page, wants_json
from gateway.web.console.requests import found_request
from gateway.web.console.room import Room, Visitor

__all__ = ["board", "cancel", "prove"]

_KIND: Final = "proof"


def board(request: Request, room: Room, visitor: Visitor) -> Response:
    """The properties with what is known of them: under the policy in force, or under a request's draft."""
    asked = request.query_params.get("request", "")
    room.look(visitor, "properties", note={"request": asked})
    policy = _policy(room, visitor, asked)
    return told_page(request, room, visitor, "properties.html", _told(room, visitor, policy, asked))


def _policy(room: Room, visitor: Visitor, asked: str) -> Policy:
    if not asked:
        return room.policy
    found = found_request(room, visitor, asked)
    if not found.draft:
        raise RequestError(
            "SHARING_STATE", "Nothing is drafted yet.", status=409, where=found.id, hint="Draft an agreement first."
        )
    return proposal(room, found, found.draft).policy


def _told(room: Room, visitor: Visitor, policy: Policy, asked: str) -> dict[str, Any]:
    known: dict[str, Any] = room.proofs.get((policy.epoch, room.now.date()), {})
    today: dict[str, Any] = room.proofs.get((room.policy.epoch, room.now.date()), {}) if asked else {}
    jobs = [each for each in room.jobs.of(_KIND, _owner(visitor)) if each.about["epoch"] == policy.epoch]
    job = jobs[0] if jobs else None
    rows = [
        {
            "id": each.id,
            "kind": each.kind,
            "says": each.says,
            "verdict": known.get(each.id, {}).get("verdict", ""),
            "seconds": known.get(each.id, {}).get("seconds", 0),
            "world": known.get(each.id, {}).get("world"),
            "today": today.get(each.id, {}).get("verdict", ""),
        }
        for each in _properties(room)
    ]
    rows.sort(key=lambda each: (each["verdict"] != "refuted", each["verdict"] == ""))
    return {
        "request": asked,
        "epoch": policy.epoch,
        "prover": _prover(),
        "properties": rows,
        "counts": {word: sum(each["verdict"] == word for each in rows) for word in ("proven", "shown", "refuted", "")},
        "job": {
            "id": job.id, "state": job.state, "done": job.done, "total": job.total, "seconds": round(job.seconds, 1),
            "error": job.error.message if job.error else "",
        } if job else None,
    }  # fmt: skip


def _owner(visitor: Visitor) -> tuple[str, str]:
    return visitor.agency, visitor.caller.user


def _prover() -> str:
    """ "" where the solver is there, else what to do to have it."""
    try:
        load_z3()
    except GatewayError as error:
        return f"{error.message} {error.hint}"
    return ""


def _properties(room: Room) -> tuple[Property, ...]:
    path = room.opened.settings.schema / "properties.toml"
    return read_properties(
        read_text(path, "PROPERTIES_MISSING", "The file of properties", "Write schema/properties.toml.")
    )


def prove(request: Request, room: Room, visitor: Visitor) -> Response:
    """Begin to prove every property, in a job of its own."""
    form: dict[str, str] = request.state.form
    asked = form.get("request", "")
    policy = _policy(room, visitor, asked)
    room.look(visitor, "properties: prove", note={"request": asked, "epoch": policy.epoch})
    load_z3()  # says so where there is none
    wanted, graph, at = _properties(room), room.opened.graph.supergraph, room.now
    own = Policy(policy.compiled)  # the job's own: the room's policy is for the room's thread

    def work(job: Job) -> None:
        prover = Prover.of(own, graph, at, wanted, edges_of(graph, own))
        found: dict[str, Any] = {}
        for number, each in enumerate(wanted):
            if not job.going(number, len(wanted)):
                return
            started = time.perf_counter()
            proof = prover.prove(each)
            word = "shown" if each.kind == "can" else "proven"
            found[each.id] = {
                "verdict": word if proof.holds else "refuted",
                "seconds": round(time.perf_counter() - started, 2),
                "world": _world(proof.world),
            }
            room.proofs[own.epoch, at.date()] = {**found}
        job.going(len(wanted), len(wanted))

    about = {"epoch": policy.epoch, "request": asked}
    room.jobs.start(room.opened.house.new_id(), _KIND, _owner(visitor), about, work)
    if wants_json(request):
        return told_page(request, room, visitor, "properties.html", _told(room, visitor, policy, asked), status=202)
    return RedirectResponse(_address(asked), 303, headers=SECURITY)


def cancel(request: Request, room: Room, visitor: Visitor) -> Response:
    """Leave it; what was proven until then stays."""
    job = room.jobs.find(request.path_params["job"], _KIND, _owner(visitor))
    job.stop = True
    return RedirectResponse(_address(job.about["request"]), 303, headers=SECURITY)


def _address(asked: str) -> str:
    return f"/audit/properties?request={asked}" if asked else "/audit/properties"


def _world(world: Counterexample | None) -> dict[str, Any] | None:
    if world is None:
        return None
    return {
        "caller": "/".join(part for part in world.kind if part),
        "coordinate": world.coordinate,
        "at": world.at,
        "facts": {name: shown_fact(value) for name, value in world.facts.items()},
        "told": world.told,
    }
