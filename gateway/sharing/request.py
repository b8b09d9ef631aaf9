"""A sharing request: one agency asks another for fields, both talk, one drafts an agreement, both sign. Pure rules.

::

    draft -> discussion -> drafted -> signed-by-provider -> signed-by-recipient
                 \\________________\\________\\-> rejected (by the provider) or withdrawn (by the recipient)

A request is its steps, in order; none is ever changed or taken away, and the state follows from them. Each step says who
may take it and from where (``_RULES``). The *recipient* asks and would be given the data; the *provider* owns it and signs
first; two people of two agencies sign the same text. A new draft ends the signature that the old one had.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from gateway.errors import AccessError, RequestError

__all__ = [
    "FINAL",
    "STANCES",
    "STATES",
    "Party",
    "SharingRequest",
    "Signature",
    "Step",
    "Wish",
    "digest_of",
    "may",
    "opening",
    "request_of",
    "taken",
]

STATES: Final = (
    "draft",
    "discussion",
    "drafted",
    "signed-by-provider",
    "signed-by-recipient",
    "rejected",
    "withdrawn",
)
FINAL: Final = frozenset({"signed-by-recipient", "rejected", "withdrawn"})
STANCES: Final = ("yes", "yes-if")
"""What the owner answers while nothing is signed: yes, or yes under conditions. A no is a rejection."""
_SHORTEST: Final = 20
_LONGEST: Final = 4_000
_MOST_FIELDS: Final = 200
_LONGEST_DRAFT: Final = 100_000


@dataclass(frozen=True, slots=True)
class Party:
    """Who takes a step. ``officer``: an agreement lets them see their agency's side of the record, so they speak for it."""

    agency: str
    role: str
    user: str
    officer: bool


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for: whose fields, for which roles and purposes of the asking agency, and why."""

    provider: str
    recipient: str
    title: str
    coordinates: tuple[str, ...]
    roles: tuple[str, ...]
    purposes: tuple[str, ...]
    justification: str
    authority: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The wish as plain JSON values."""
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name in self.__slots__
            for value in (getattr(self, name),)
        }

    @classmethod
    def of_json(cls, page: Mapping[str, Any]) -> Wish:
        """What ``as_json`` gave."""
        values: dict[str, Any] = {name: tuple(each) if isinstance(each, list) else each for name, each in page.items()}
        return cls(**values)


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what was done, by whom, when. ``data`` is what the step brings; ``record`` where it stands in the log."""

    request: str
    number: int
    at: datetime
    kind: str
    party: Party
    text: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    record: str = ""


@dataclass(frozen=True, slots=True)
class Signature:
    """A party's word, on record, to the text whose SHA-256 is ``digest``."""

    side: str
    party: Party
    at: datetime
    digest: str
    record: str = ""


@dataclass(frozen=True, slots=True)
class SharingRequest:
    """A request as its steps made it. ``draft`` is the agreement file as it stands, ``digest`` its SHA-256."""

    id: str
    wish: Wish
    opened_by: Party
    state: str
    steps: tuple[Step, ...]
    stance: str = ""
    draft: str = ""
    signatures: tuple[Signature, ...] = ()

    @property
    def digest(self) -> str:
        """The digest of the draft; "" without one."""
        return digest_of(self.draft) if self.draft else ""

    @property
    def opened_at(self) -> datetime:
        """When it was opened."""
        return self.steps[0].at

    @property
    def changed_at(self) -> datetime:
        """When the last step was taken."""
        return self.steps[-1].at

    def visible_to(self, party: Party) -> bool:
        """Whether it is the party's to see: an officer's where the agency is in it (the provider's once it was sent),
        anybody else's who opened it."""
        wish = self.wish
        if not party.officer:
            return (party.agency, party.user) == (self.opened_by.agency, self.opened_by.user)
        return party.agency == wish.recipient or (
            party.agency == wish.provider and self.state != "draft" and self._sent
        )

    @property
    def _sent(self) -> bool:
        return any(each.kind == "submit" for each in self.steps)


def digest_of(text: str) -> str:
    """``sha256:`` and the hex digest of a text: what a signature names."""
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class _Rule:
    """From which states, by whose officer (``provider``, ``recipient``, ``either``), and to which state ("" stays)."""

    states: tuple[str, ...]
    side: str
    to: str = ""


_TALKING: Final = ("discussion", "drafted", "signed-by-provider")
_RULES: Final[Mapping[str, _Rule]] = {
    "amend": _Rule(("draft", "discussion"), "recipient"),
    "submit": _Rule(("draft",), "recipient", "discussion"),
    "say": _Rule(_TALKING, "either"),
    "answer": _Rule(("discussion", "drafted"), "provider"),
    "draft": _Rule(_TALKING, "either", "drafted"),
    "sign": _Rule(("drafted", "signed-by-provider"), "", ""),
    "reject": _Rule(_TALKING, "provider", "rejected"),
    "withdraw": _Rule(("draft", *_TALKING), "recipient", "withdrawn"),
}
_NEXT_SIGNATURE: Final = {"drafted": ("provider", "signed-by-provider"), "signed-by-provider": ("recipient", "signed-by-recipient")}  # fmt: skip
_WITH_WORDS: Final = {"say": "what you have to say", "answer": "the answer", "reject": "why", "withdraw": "why"}


def may(request: SharingRequest, kind: str, party: Party) -> bool:
    """Whether ``party`` could take a step of ``kind`` now, as far as side and state say."""
    try:
        _guard(request, kind, party)
    except (AccessError, RequestError):
        return False
    return True


def opening(id: str, wish: Wish, party: Party, at: datetime) -> Step:
    """The first step of a request; raises ``RequestError`` ``SHARING_INCOMPLETE`` and ``AccessError``."""
    if party.agency != wish.recipient:
        raise _forbidden(f"A request for {wish.recipient} is opened by its own people.")
    _check(wish)
    return Step(id, 0, at, "open", party, data={"wish": wish.as_json()})


def taken(
    request: SharingRequest,
    kind: str,
    party: Party,
    at: datetime,
    text: str = "",
    data: Mapping[str, Any] | None = None,
) -> Step:
    """The next step of ``request``, where it may be taken.

    Raises ``AccessError`` ``SHARING_NOT_YOURS`` or ``SHARING_SAME_PERSON``, ``RequestError`` ``SHARING_STATE`` (409),
    ``SHARING_MOVED`` (409: what would be signed is not what was read) or ``SHARING_INCOMPLETE``.
    """
    _guard(request, kind, party)
    text, data = text.strip(), dict(data or {})
    if kind in _WITH_WORDS and not text:
        raise _incomplete(f"Say {_WITH_WORDS[kind]}.", "text")
    if len(text) > _LONGEST:
        raise _incomplete(f"At most {_LONGEST:,} characters.", "text")
    if kind == "answer" and data.get("stance") not in STANCES:
        raise _incomplete(f"An answer is one of {', '.join(STANCES)}.", "stance")
    if kind == "amend":
        wish = Wish.of_json(data["wish"])
        if (wish.provider, wish.recipient) != (request.wish.provider, request.wish.recipient):
            raise _incomplete("The two agencies of a request stay the same.", "provider", "Open another request.")
        _check(wish)
    if kind == "draft" and not 0 < len(str(data.get("toml", ""))) <= _LONGEST_DRAFT:
        raise _incomplete("A draft is an agreement file of at most 100,000 characters.", "toml")
    if kind == "sign":
        _check_signing(request, party, str(data.get("digest", "")))
        data["side"] = _NEXT_SIGNATURE[request.state][0]
    return Step(request.id, len(request.steps), at, kind, party, text, data)


def _guard(request: SharingRequest, kind: str, party: Party) -> None:
    rule = _RULES.get(kind)
    if rule is None:
        raise _incomplete(f"There is no step {kind!r}.", "step", f"Steps are {', '.join(_RULES)}.")
    own_draft = kind in ("withdraw", "amend") and request.state == "draft" and request.visible_to(party)
    if not (party.officer or own_draft) or not request.visible_to(party):
        raise _forbidden("Only the sharing officers of the two agencies take steps.")
    if request.state not in rule.states:
        raise RequestError(
            "SHARING_STATE", f"The request is {request.state}; a step {kind!r} is not taken from there.",
            status=409, where=request.id, hint=f"It is taken from {', '.join(rule.states)}.",
        )  # fmt: skip
    side = rule.side or _NEXT_SIGNATURE[request.state][0]
    if side != "either" and party.agency != getattr(request.wish, side):
        raise _forbidden(f"This step is the {side}'s to take: {getattr(request.wish, side)}.")


def _check_signing(request: SharingRequest, party: Party, digest: str) -> None:
    if not party.user:
        raise _forbidden("A signature needs a name, and your token has none.")
    if digest != request.digest:
        raise RequestError(
            "SHARING_MOVED", "The draft is not the one that you read.", status=409, where=request.id,
            hint="Read the draft as it stands, then sign.",
        )  # fmt: skip
    for each in request.signatures:
        if each.party.user == party.user or each.party.agency == party.agency:
            raise AccessError(
                "SHARING_SAME_PERSON", "Two people of two agencies sign, and you signed already.", where=request.id,
                hint="Let the other agency's sharing officer sign.",
            )  # fmt: skip


def _check(wish: Wish) -> None:
    for name, what in (("coordinates", "field"), ("roles", "role"), ("purposes", "purpose")):
        if not getattr(wish, name):
            raise _incomplete(f"Name at least one {what}.", name)
    if len(wish.coordinates) > _MOST_FIELDS:
        raise _incomplete(f"At most {_MOST_FIELDS} fields in one request.", "coordinates")
    if not 4 <= len(wish.title) <= 200:
        raise _incomplete("Give it a title of 4 to 200 characters.", "title")
    if not _SHORTEST <= len(wish.justification) <= _LONGEST:
        raise _incomplete(
            f"Say why the fields are needed, in {_SHORTEST} to {_LONGEST:,} characters.", "justification",
            "The owner decides on it: which task, which cases, what happens without.",
        )  # fmt: skip


def _incomplete(message: str, where: str, hint: str = "Fill it in and send it again.") -> RequestError:
    return RequestError("SHARING_INCOMPLETE", message, where=where, hint=hint)


def _forbidden(message: str) -> AccessError:
    return AccessError(
        "SHARING_NOT_YOURS", message, where="request", hint="Ask the sharing officer of the agency whose step it is."
    )


# -- from steps to the request ----


def request_of(steps: Sequence[Step]) -> SharingRequest:
    """The request that ``steps`` (all of one request, in order) make."""
    first = steps[0]
    found = SharingRequest(first.request, Wish.of_json(first.data["wish"]), first.party, "draft", (first,))
    for step in steps[1:]:
        found = replace(_after(found, step), steps=(*found.steps, step))
    return found


def _after(request: SharingRequest, step: Step) -> SharingRequest:
    match step.kind:
        case "amend":
            return replace(request, wish=Wish.of_json(step.data["wish"]))
        case "answer":
            return replace(request, stance=str(step.data["stance"]))
        case "draft":
            return replace(request, state="drafted", draft=str(step.data["toml"]), signatures=())
        case "sign":
            side, state = _NEXT_SIGNATURE[request.state]
            signed = Signature(side, step.party, step.at, str(step.data["digest"]), step.record)
            return replace(request, state=state, signatures=(*request.signatures, signed))
    return replace(request, state=_RULES[step.kind].to or request.state)
