"""From what is asked for to an agreement file: the first draft, and what any draft would do, proven before it is signed.

A draft is the whole text of one file of ``schema/agreements``. It is held against the bundle in force as if it were there:
beside it, or in place of the agreement with the same id. Nothing here is in force until the file is committed.
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import PurePosixPath
from typing import Any, Final

from gateway.coordinates import Coordinate
from gateway.enforcement.flows import edges_of
from gateway.errors import Mistake, PolicyError, RequestError
from gateway.policy import UNREACHABLE, Bundle, Policy, compile_policy, read_bundle
from gateway.policy.agreement import Agreement
from gateway.policy.diff import Change, Version, diff_versions
from gateway.policy.examples import Ran, run_examples
from gateway.policy.lifecycle import midnight
from gateway.sharing.request import SharingRequest, Wish
from gateway.supergraph import Supergraph

__all__ = [
    "Proposal",
    "asked_fields",
    "exported",
    "file_of",
    "first_draft",
    "held_against",
    "proposal_of",
    "shareable",
]

_SLUG: Final = re.compile(r"[^a-z0-9]+")
_WIDE: Final = 116


@dataclass(frozen=True, slots=True)
class Proposal:
    """A draft held against the policy in force: the agreement, the policy it would make, and the instant it is judged at.

    ``replaces`` is the agreement in force with the same id, None for a new one. ``at`` is now, or the first day on which
    the draft would be in force.
    """

    agreement: Agreement
    policy: Policy
    bundle: Bundle
    at: datetime
    replaces: Agreement | None = None

    def examples(self) -> list[Ran]:
        """The draft's own examples, run."""
        return [each for each in run_examples(self.policy, self.at) if each.owner == self.agreement.id]

    def changes(self, before: Policy, supergraph: Supergraph) -> tuple[Change, ...]:
        """What the draft changes, as sentences with witnesses, the heaviest first."""
        sent = edges_of(supergraph, before), edges_of(supergraph, self.policy)
        return diff_versions(Version(before, supergraph, sent[0]), Version(self.policy, supergraph, sent[1]), self.at)


def proposal_of(text: str, bundle: Bundle, supergraph: Supergraph, at: datetime) -> Proposal:
    """The draft ``text`` held against ``bundle``; raises ``PolicyError`` with every mistake in it, each with its line."""
    agreement = _read_alone(text)
    old = {each.id: each for each in bundle.agreements}.get(agreement.id)
    file = old.file if old else f"agreements/{_slug(agreement.id)}.toml"
    if old is None and file in bundle.pages:
        file = file.removesuffix(".toml") + "-proposed.toml"
    whole = read_bundle({**bundle.pages, file: text})
    policy = compile_policy(whole, supergraph)
    found = next(each for each in policy.agreements if each.id == agreement.id)
    return Proposal(found, policy, whole, max(at, midnight(found.effective)), old)


def _read_alone(text: str) -> Agreement:
    return read_bundle({"agreements/draft.toml": text}).agreements[0]


def held_against(text: str, request: SharingRequest, bundle: Bundle, supergraph: Supergraph, at: datetime) -> Proposal:
    """The proposal, where the draft is one that the request's two agencies could sign.

    Raises ``PolicyError``: besides what ``proposal_of`` finds, ``SHARING_WRONG_PARTIES`` where it is another's to give or
    to get, and ``SHARING_NOT_NEWER`` where it would replace an agreement with one that is no newer version.
    """
    deed, wish, mistakes = _read_alone(text), request.wish, []
    if deed.kind != "agreement" or deed.provider != wish.provider or wish.recipient not in deed.recipients:
        told = f"the draft is between {deed.provider} and {', '.join(deed.recipients)}"
        hint = f'write provider = "{wish.provider}" and recipients = ["{wish.recipient}"]'
        mistakes.append(Mistake("SHARING_WRONG_PARTIES", told, f"{deed.file}:1", hint))
    old = {each.id: each for each in bundle.agreements}.get(deed.id)
    if old is None and deed.recipients != (wish.recipient,) and not mistakes:
        told = "a new agreement of two parties names others too"
        mistakes.append(
            Mistake("SHARING_WRONG_PARTIES", told, f"{deed.file}:1", f'write recipients = ["{wish.recipient}"]')
        )
    if old is not None and (old.provider, old.recipients) != (deed.provider, deed.recipients):
        told = f"{old.id} in force is between {old.provider} and {', '.join(old.recipients)}"
        mistakes.append(Mistake("SHARING_WRONG_PARTIES", told, f"{deed.file}:1", "give the draft an id of its own"))
    elif old is not None and deed.version <= old.version:
        told = f"{deed.id} is in force as version {old.version}"
        mistakes.append(
            Mistake("SHARING_NOT_NEWER", told, f"{deed.file}:1", f"write version = {old.version + 1}, or another id")
        )
    if mistakes:
        raise PolicyError("POLICY_INVALID", "The draft is no agreement of these two agencies.", tuple(mistakes))
    return proposal_of(text, bundle, supergraph, at)


def exported(request: SharingRequest, text: str = "") -> str:
    """The file to commit: the text that was signed, under the two signatures as comments; unsigned, it says so."""
    body = text or request.draft
    if request.state != "signed-by-recipient":
        head = [f"# NOT SIGNED BY BOTH: a draft of sharing request {request.id} ({request.state}). Do not commit."]
    else:
        head = [f"# Sharing request {request.id}. Both signed the text below these lines, {request.digest}:"]
        head += [
            f"# the {each.side} {each.party.agency}: {each.party.user} ({each.party.role}), "
            f"{each.at:%Y-%m-%dT%H:%M:%SZ}, record {each.record}"
            for each in request.signatures
        ]
    return "\n".join([*head, "", body])


def file_of(agreement: Agreement) -> str:
    """The name of the file that an export has."""
    return PurePosixPath(agreement.file).name if agreement.file else f"{_slug(agreement.id)}.toml"


def _slug(text: str) -> str:
    return _SLUG.sub("-", text.lower()).strip("-") or "draft"


# -- which fields ----


def shareable(policy: Policy, coordinate: Coordinate, recipient: str) -> bool:
    """Whether an agreement could give ``coordinate`` to ``recipient``: data of another's, and of no category of the owner's
    alone."""
    entry = policy.catalogue.entries.get(coordinate)
    if entry is None or not entry.governed or entry.owner in ("", "ALL", recipient):
        return False
    category = policy.vocabulary.categories.get(entry.category)
    return category is not None and not category.owner_only


def asked_fields(policy: Policy, coordinate: Coordinate, recipient: str) -> list[Coordinate]:
    """What asking for ``coordinate`` can mean: itself, or the data of what a link leads to; empty where nothing can be."""
    plain = Coordinate(coordinate.type, coordinate.field)
    entry = policy.catalogue.entries.get(plain)
    if entry is None:
        return []
    found = [plain]
    if not entry.governed:
        targets = policy.catalogue.targets(entry) if entry.category == "LINK" else (plain.type,)
        found = [each for target in targets for each in policy.catalogue.told_by(target)]
    return [each for each in found if shareable(policy, each, recipient)]


# -- the first draft ----


def first_draft(request: SharingRequest, policy: Policy, bundle: Bundle, supergraph: Supergraph, at: datetime) -> str:
    """An agreement file for what is asked for, narrow by default, that compiles and whose examples hold.

    Only while the case is open and about its own person, without persons protected by statute, where the graph can tell.
    Raises ``RequestError`` ``SHARING_NO_DRAFT`` where no such file can be made; somebody writes one then.
    """
    problem: PolicyError | None = None
    for protected in (True, False):
        for conditions in (_OPEN_AND_OWN, _OPEN, ()):
            text = _text(request, policy, conditions, protected, (), at)
            try:
                proposal = held_against(text, request, bundle, supergraph, at)
            except PolicyError as found:
                problem = problem or found
                continue
            return _text(request, policy, conditions, protected, _examples(request, proposal, policy, supergraph), at)
    raise RequestError(
        "SHARING_NO_DRAFT", "No draft can be made of this request by itself.", where=request.id,
        hint=str(problem.mistakes[0]) if problem else "Write the agreement's file yourself.",
    )  # fmt: skip


_OPEN: Final = ('{ attr = "case.state", is = "open" }',)
_OPEN_AND_OWN: Final = (*_OPEN, '{ attr = "subject.id", same_as = "case.subject" }')


def _text(
    request: SharingRequest, policy: Policy, conditions: Sequence[str], protected: bool, examples: Sequence[str], at: datetime
) -> str:  # fmt: skip
    wish, day = request.wish, at.date()
    excludes = _excludes(policy, wish) if protected else []
    lines = [
        *_comment(f"Drafted from sharing request {request.id} of {wish.recipient}. {wish.justification}"),
        f"id = {_quoted(f'{wish.provider}-{wish.recipient}-{request.id}')}",
        f"reference = {_quoted(request.id)}",
        "version = 1",
        f"title = {_quoted(wish.title)}",
        f"provider = {_quoted(wish.provider)}",
        f"recipients = [{_quoted(wish.recipient)}]",
        f"authority = {_listed(wish.authority)}",
        'status = "active"',
        f"effective = {day}",
        f"review_by = {_years_on(day, 1)}",
        f"expires = {_years_on(day, 2)}",
        f"purposes = {_listed(wish.purposes)}",
        f"roles = {_listed(wish.roles)}",
        'disclosure = "marked"',
        *([f"excludes = {_listed(excludes)}"] if excludes else []),
        *(["", "[when]", "all = [", *(f"  {each}," for each in conditions), "]"] if conditions else []),
        "",
        "[[grant]]",
        'article = "I.1"',
        f"fields = {_listed(sorted(wish.coordinates))}",
        "",
        "[[obligation]]",
        'kind = "audit"',
        "[[obligation]]",
        'kind = "no-onward-disclosure"',
        *examples,
    ]
    return "\n".join(lines) + "\n"


def _excludes(policy: Policy, wish: Wish) -> list[str]:
    """The overlays of protected persons: those with a flag, and those the provider's other agreements exclude."""
    found = {name for name, each in policy.vocabulary.overlays.items() if each.flag}
    found |= {name for each in policy.agreements if each.provider == wish.provider for name in each.excludes}
    for text in wish.coordinates:
        entry = policy.catalogue.entries.get(Coordinate.parse(text))
        found -= entry.overlays if entry else frozenset()
    return sorted(found)


def _examples(request: SharingRequest, proposal: Proposal, before: Policy, supergraph: Supergraph) -> list[str]:
    """The draft's examples: one case for each sentence of what it newly gives, as the search for witnesses found it."""
    lines: list[str] = []
    for change in proposal.changes(before, supergraph):
        witness = change.witness
        if witness is None or witness.after.basis is None or witness.after.basis.agreement != proposal.agreement.id:
            continue
        if any(value is None for value in witness.facts.values()):  # TOML knows no null
            continue
        caller: dict[str, Any] = dict(zip(("agency", "role", "purpose"), witness.kind, strict=True))
        facts: dict[str, Any] = {}
        for name, value in witness.facts.items():
            if name.startswith("caller."):
                caller.setdefault(name.removeprefix("caller."), value)
            else:
                facts[name] = value
        gives = "mask" if witness.after.mask else "allow"
        lines += _example(f"{caller['role']} reads {witness.coordinate}", caller, witness.coordinate, facts, gives)
        lines.append(f"because = {_quoted(witness.after.basis.article)}")
    if lines and any("case.state" in str(each.when) for each in proposal.agreement.grants):
        wish = request.wish
        caller = {"agency": wish.recipient, "role": wish.roles[0], "purpose": wish.purposes[0]}
        closed = _example(
            "Nothing after the case is closed", caller, wish.coordinates[0], {"case.state": "closed"}, "deny"
        )
        if _hold(proposal, [*lines, *closed], supergraph):
            lines += closed
    return lines if _hold(proposal, lines, supergraph) else []


def _hold(proposal: Proposal, examples: Sequence[str], supergraph: Supergraph) -> bool:
    """Whether the draft with these examples is sound, and every one comes out as written."""
    file = proposal.agreement.file
    text = proposal.bundle.pages[file] + "\n".join(examples) + "\n"
    whole = read_bundle({**proposal.bundle.pages, file: text})
    ran = replace(proposal, policy=compile_policy(whole, supergraph), bundle=whole).examples()
    return not any(each.wrong for each in ran)


def _example(title: str, caller: Mapping[str, Any], field: str, facts: Mapping[str, Any], expect: str) -> list[str]:
    return [
        "",
        "[[example]]",
        f"title = {_quoted(title)}",
        f"caller = {_table(caller)}",
        f"field = {_quoted(field)}",
        *([f"facts = {_table(facts)}"] if facts else []),
        f"expect = {_quoted(expect)}",
    ]


# -- TOML ----


def _comment(text: str) -> list[str]:
    words = " ".join("".join(each if each.isprintable() else " " for each in text).split())
    return [f"# {line}" for line in textwrap.wrap(words, _WIDE, break_long_words=True)]


def _quoted(text: str) -> str:
    return json.dumps("".join(each if each.isprintable() else " " for each in text), ensure_ascii=False)


def _listed(words: Iterable[str]) -> str:
    every = [_quoted(each) for each in words]
    line = f"[{', '.join(every)}]"
    return line if len(line) < _WIDE - 12 else "[\n" + "".join(f"  {each},\n" for each in every) + "]"


def _table(values: Mapping[str, Any]) -> str:
    def key(name: str) -> str:
        return name if name.isidentifier() else _quoted(name)

    return "{ " + ", ".join(f"{key(name)} = {_value(value)}" for name, value in values.items()) + " }"


def _value(value: Any) -> str:
    if value is UNREACHABLE:
        return '"UNREACHABLE"'
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, list | tuple | frozenset | set):
        return f"[{', '.join(_value(each) for each in value)}]"
    return _quoted(str(value))


def _years_on(day: date, years: int) -> date:
    return day.replace(year=day.year + years, day=min(day.day, 28))
