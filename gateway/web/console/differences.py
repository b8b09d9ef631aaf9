"""What a change does: the files on disk, or a proposed agreement, against the policy in force; new flows drawn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from gateway.enforcement.flows import edges_of
from gateway.epochs import folder_of, kept, pages_of
from gateway.errors import PolicyError
from gateway.policy import Policy, compile_policy, load_bundle, read_bundle
from gateway.policy.diff import Change, Version, diff_versions
from gateway.policy.lifecycle import in_force
from gateway.sharing import digest_of, proposal_of
from gateway.web.console.changes import told_changes
from gateway.web.console.charts import bands_between
from gateway.web.console.page import told_page
from gateway.web.console.room import Room, Visitor

__all__ = ["against_file", "differences"]


IN_FORCE, DISK = "in force", "disk"


def differences(request: Request, room: Room, visitor: Visitor) -> Response:
    """What changed from one policy to another (``?from=`` and ``?to=``): the one in force, the files on disk, or an
    epoch that was in force here once; without them, what putting the files on disk into force would change."""
    old, new = (request.query_params.get(name) or default for name, default in (("from", IN_FORCE), ("to", DISK)))
    room.look(visitor, "differences", note={"from": old[:80], "to": new[:80]})
    try:
        before, after = _policy(room, old), _policy(room, new)
    except PolicyError as error:
        return _page(request, room, visitor, "epochs", "", _mistakes(error, visitor), old=old, new=new)
    found = _found(room, visitor, before, after, room.now)
    return _page(request, room, visitor, "epochs", "", found, old=old, new=new, before=before.epoch)


def _policy(room: Room, name: str) -> Policy:
    """The policy that ``name`` means, on today's graph; raises ``PolicyError`` where it is unknown or does not fit."""
    if name == IN_FORCE:
        return room.policy
    settings = room.opened.settings
    bundle = load_bundle(settings.schema) if name == DISK else read_bundle(pages_of(folder_of(settings.var), name))
    return compile_policy(bundle, room.opened.graph.supergraph)


def against_file(request: Request, room: Room, visitor: Visitor) -> Response:
    """What the agreement that was sent would change, new or in place of the one with its id."""
    form: dict[str, str] = request.state.form
    text = form.get("toml", "").strip() + "\n"
    room.look(visitor, "differences", note={"digest": digest_of(text)})
    try:
        made = proposal_of(text, room.bundle, room.opened.graph.supergraph, room.now)
    except PolicyError as error:
        return _page(request, room, visitor, "file", text, _mistakes(error), status=400)
    return _page(request, room, visitor, "file", text, _found(room, visitor, room.policy, made.policy, made.at))


def _mistakes(error: PolicyError, visitor: Visitor | None = None) -> dict[str, Any]:
    """The mistakes, as far as ``visitor`` may know of them: a policy's files are not all of one agency's side."""
    if visitor is not None and not visitor.oversight and error.code != "EPOCH_UNKNOWN":
        told = {"code": error.code, "message": "This policy cannot be read on today's graph", "where": "", "hint": ""}
        return {"mistakes": [told], "changes": [], "flows": [], "releases": [], "epoch": "", "at": None}
    mistakes = [
        {"code": each.code, "message": each.message, "where": each.where, "hint": each.hint} for each in error.mistakes
    ]
    return {"mistakes": mistakes, "changes": [], "flows": [], "releases": [], "epoch": "", "at": None}


def _found(room: Room, visitor: Visitor, before: Policy, after: Policy, at: datetime) -> dict[str, Any]:
    graph = room.opened.graph.supergraph
    old, new = (Version(each, graph, edges_of(graph, each)) for each in (before, after))
    changes = () if after.epoch == before.epoch else diff_versions(old, new, at)
    seen = [each for each in changes if visitor.oversight or _concerns(each, visitor.agency, (before, after))]
    flows = [
        {"from": owner, "to": to, "use": use, "field": field}
        for owner, to, use, field in sorted(_flows(after, at) - _flows(before, at))
        if visitor.side(owner, to)
    ]
    return {
        "mistakes": [],
        "changes": told_changes(seen),
        "flows": flows,
        "releases": [
            {"from": owner, "to": to, "fields": number}
            for (owner, to), number in sorted(_releases(seen, after).items())
        ],
        "epoch": after.epoch,
        "at": at,
    }


def _concerns(change: Change, agency: str, policies: Iterable[Policy]) -> bool:
    """Whether a sentence is of the agency's side: about its people, its data, or an agreement that it is party to."""
    words = set(change.sentence.replace(",", " ").replace(".", " ").replace("@", " ").split())
    if agency in words or any(who[0] == agency for who in change.callers):
        return True
    deeds = (deed for policy in policies for deed in policy.agreements)
    return any(deed.id in words for deed in deeds if agency in (deed.provider, *deed.recipients))


def _flows(policy: Policy, at: datetime) -> set[tuple[str, str, str, str]]:
    """Every value that an agreement in force lets go to another agency's system."""
    return {
        (clause.agreement.provider, clause.flow.to, clause.flow.use, str(coordinate))
        for coordinate, clauses in policy.compiled.flows.items()
        for clause in clauses
        if in_force(clause.agreement, at)
    }


def _releases(changes: Iterable[Change], after: Policy) -> Counter[tuple[str, str]]:
    """How many fields each owner newly gives each agency, or gives in more cases or less masked."""
    found: dict[tuple[str, str], set[str]] = {}
    owners = {str(each): entry.owner for each, entry in after.catalogue.entries.items()}
    for each in changes:
        if each.wider and each.callers:
            for name in each.coordinates:
                for agency, _, _ in each.callers:
                    if owners.get(name, agency) != agency:
                        found.setdefault((owners[name], agency), set()).add(name)
    return Counter({pair: len(names) for pair, names in found.items()})


def _page(
    request: Request, room: Room, visitor: Visitor, what: str, text: str, found: dict[str, Any], *, status: int = 200,
    old: str = IN_FORCE, new: str = DISK, before: str = "",
) -> Response:  # fmt: skip
    drawn = Counter({(each["from"], each["to"]): each["fields"] for each in found["releases"]})
    flows = Counter((each["from"], each["to"]) for each in found["flows"])
    epochs = [
        {"epoch": each.epoch, "since": each.since.isoformat()} for each in kept(folder_of(room.opened.settings.var))
    ]
    page = {"what": what, "old": old, "new": new, "before": before or room.policy.epoch, "epochs": epochs, **found}
    return told_page(
        request, room, visitor, "differences.html", page, status=status, text=text, drawn=bands_between(drawn),
        drawn_flows=bands_between(flows),
    )  # fmt: skip
