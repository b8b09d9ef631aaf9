"""What if a proposed agreement had been in force: the answers on record, replayed in a job of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gateway.audit import Found
from gateway.errors import PolicyError, RequestError
from gateway.sharing import Proposal, Replay, digest_of, proposal_of, replay_record, told_replay
from gateway.web.console.findings import proposal
from gateway.web.console.jobs import Job
from gateway.web.console.page import SECURITY, told_page, wants_json
from gateway.web.console.record import seen_by
from gateway.web.console.requests import found_request, visible_requests
from gateway.web.console.room import Room, Visitor

__all__ = ["cancel", "show", "start", "what_if"]

SPANS: Final = {"30": 30, "90": 90, "365": 365, "all": 0}
_KIND: Final = "what-if"


def what_if(request: Request, room: Room, visitor: Visitor) -> Response:
    """What can be tried: the drafts of sharing requests, or a file; and what was tried lately."""
    room.look(visitor, "what if")
    drafts = [
        {"id": each.id, "title": each.wish.title, "state": each.state}
        for each in visible_requests(room, visitor)
        if each.draft
    ]
    page = {"drafts": drafts, "lately": [_told(each) for each in room.jobs.of(_KIND, _owner(visitor))]}
    return told_page(
        request, room, visitor, "what_if.html", page, spans=list(SPANS), job=None, given=dict(request.query_params)
    )


def _owner(visitor: Visitor) -> tuple[str, str]:
    return visitor.agency, visitor.caller.user


def start(request: Request, room: Room, visitor: Visitor) -> Response:
    """Begin to replay the record under a request's draft or under the file that was sent."""
    form: dict[str, str] = request.state.form
    days = form.get("days", "90")
    if days not in SPANS:
        raise RequestError(
            "DAYS_UNKNOWN", f"{days!r} is no span of this report.", where="days", hint=f"One of {', '.join(SPANS)}."
        )
    about, made = _proposed(room, visitor, form)
    about["days"] = days
    room.look(visitor, "what if", note={"agreement": made.agreement.name, "digest": about["digest"], "days": days})
    graph, since = room.opened.graph, room.now - timedelta(days=SPANS[days]) if SPANS[days] else None
    replay = Replay(graph.policy.compiled, made.policy.compiled, made.at, graph.supergraph.api_schema)
    reader = None if visitor.oversight else _reader(visitor)

    def work(job: Job) -> dict[str, Any]:
        replay_record(room.where, replay, since=since, reader=reader, going=job.going)
        return told_replay(replay, places=visitor.oversight)

    job = room.jobs.start(room.opened.house.new_id(), _KIND, _owner(visitor), about, work)
    if wants_json(request):
        return told_page(request, room, visitor, "what_if.html", _told(job), status=202)
    return RedirectResponse(f"/audit/what-if/{job.id}", 303, headers=SECURITY)


def _proposed(room: Room, visitor: Visitor, form: Mapping[str, str]) -> tuple[dict[str, Any], Proposal]:
    text, graph = form.get("toml", "").strip(), room.opened.graph
    if form.get("request") and not text:
        found = found_request(room, visitor, form["request"])
        if not found.draft:
            raise RequestError(
                "SHARING_STATE", "Nothing is drafted yet.", status=409, where=found.id, hint="Draft an agreement first."
            )
        made = proposal(room, found, found.draft)
        return {"request": found.id, "digest": found.digest, "agreement": made.agreement.name}, made
    if not text:
        raise RequestError(
            "SHARING_INCOMPLETE", "Name a sharing request with a draft, or send an agreement's file.", where="toml",
            hint="Choose one of the drafts.",
        )  # fmt: skip
    try:
        made = proposal_of(text + "\n", room.bundle, graph.supergraph, room.now)
    except PolicyError as error:
        error.status = 400  # the sender's file, not this house's
        raise
    deed = made.agreement
    if not visitor.side(deed.provider, *deed.recipients):
        raise RequestError(
            "AGREEMENT_UNKNOWN", "The file is of no agreement of your agency.", status=404, where="toml",
            hint="Try agreements that your agency gives or gets something by.",
        )  # fmt: skip
    return {"request": "", "digest": digest_of(text + "\n"), "agreement": deed.name}, made


def _reader(visitor: Visitor) -> Any:
    """What an agency may read of a record: what it was told, and how conditions on its own cases came out; nothing of a
    person, whom a count could single out."""

    def read(record: Mapping[str, Any]) -> tuple[Sequence[Mapping[str, Any]], bool] | None:
        seen = seen_by(visitor, Found(0, dict(record)))
        if seen is None:
            return None
        return [{**each, "truths": ()} for each in seen.items], seen.caller["agency"] == visitor.agency

    return read


def show(request: Request, room: Room, visitor: Visitor) -> Response:
    """How far it is; once it is done, what came of it."""
    job = room.jobs.find(request.path_params["job"], _KIND, _owner(visitor))
    room.look(visitor, "what if: result", note={"agreement": job.about["agreement"]})
    return told_page(request, room, visitor, "what_if.html", _told(job), spans=list(SPANS), job=job, given={})


def cancel(request: Request, room: Room, visitor: Visitor) -> Response:
    """Leave it: what was counted until then is shown as what it is."""
    job = room.jobs.find(request.path_params["job"], _KIND, _owner(visitor))
    job.stop = True
    if wants_json(request):
        return told_page(request, room, visitor, "what_if.html", _told(job))
    return RedirectResponse(f"/audit/what-if/{job.id}", 303, headers=SECURITY)


def _told(job: Job) -> dict[str, Any]:
    found: dict[str, Any] = {
        "job": job.id,
        **job.about,
        "state": job.state,
        "done": job.done,
        "total": job.total,
        "seconds": round(job.seconds, 3),
        "result": job.result,
        "error": {"code": job.error.code, "message": job.error.message} if job.error else None,
    }
    if job.result and job.seconds:
        found["decisions_per_second"] = round(job.result["decisions"] / job.seconds)
    return found
