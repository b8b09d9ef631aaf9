"""What a draft would do, held against the policy in force: mistakes, or sentences of what it changes and its examples."""

from __future__ import annotations

from typing import Any

from gateway.errors import PolicyError
from gateway.sharing import Proposal, SharingRequest, digest_of, file_of, held_against, proposal_of
from gateway.web.console.changes import told_changes, told_example
from gateway.web.console.room import Room

__all__ = ["findings", "proposal"]


def proposal(room: Room, found: SharingRequest, text: str) -> Proposal:
    """``text`` held against the policy in force for ``found``; raises ``PolicyError`` with every mistake.

    What both have signed is not questioned again: once it is committed, the policy in force holds it already.
    """
    graph = room.opened.graph

    def make() -> Proposal:
        if found.state == "signed-by-recipient":
            return proposal_of(text, room.bundle, graph.supergraph, room.now)
        return held_against(text, found, room.bundle, graph.supergraph, room.now)

    return room.once(("proposal", found.id, found.state, digest_of(text)), room.now, make)


def findings(room: Room, found: SharingRequest, text: str) -> dict[str, Any]:
    """What the draft ``text`` would do: mistakes, or the sentences of what it changes and its examples."""
    try:
        made = proposal(room, found, text)
    except PolicyError as error:
        mistakes = [
            {"code": each.code, "message": each.message, "where": each.where, "hint": each.hint}
            for each in error.mistakes
        ]
        return {"mistakes": mistakes, "changes": [], "examples": [], "file": "", "replaces": "", "at": room.now}
    supergraph = room.opened.graph.supergraph
    key = ("findings", found.id, found.state, digest_of(text))
    changes = room.once(key, room.now, lambda: told_changes(made.changes(room.policy, supergraph)))
    return {
        "mistakes": [],
        "changes": changes,
        "examples": [told_example(each) for each in made.examples()],
        "file": f"agreements/{file_of(made.agreement)}",
        "replaces": made.replaces.name if made.replaces else "",
        "at": made.at,
    }
