"""An agreement as a value, read from one TOML file: who gives what to whom, for what, between which dates.

The same format serves an agency's own role file (``kind = "internal"``: provider and recipient are one agency).
Fields are still text here (``Visa.status``, ``VisaApplication.passport``, ``category:TDOC``); ``compile`` turns them
into coordinates, because only the supergraph knows which exist. Format: docs/agreements.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as made
from datetime import date
from typing import Any, Final

from gateway.policy.conditions import ALWAYS, Condition, ConditionError, Group, is_duration, parse_condition
from gateway.policy.facts import Value
from gateway.policy.toml_page import Page, Path

__all__ = [
    "Agreement",
    "Example",
    "Flow",
    "Grant",
    "Obligation",
    "Withhold",
    "read_agreement",
    "read_condition",
    "read_examples",
]

STATUSES: Final = ("draft", "signed", "active", "suspended", "terminated")
KINDS: Final = ("agreement", "internal")
DISCLOSURES: Final = ("marked", "silent")
USES: Final = ("join", "input")
EXPECTATIONS: Final = ("allow", "mask", "deny", "absent", "unavailable")


@dataclass(frozen=True, slots=True)
class Grant:
    """Fields that a recipient may read. ``purposes`` and ``roles`` are the agreement's unless the grant narrows them."""

    article: str
    fields: tuple[str, ...]
    recipients: frozenset[str]
    purposes: frozenset[str]
    roles: frozenset[str]
    when: Condition = ALWAYS
    masks: Mapping[str, str] = made(default_factory=dict)
    where: str = ""


@dataclass(frozen=True, slots=True)
class Withhold:
    """Fields the provider keeps from these recipients for these purposes, whatever else it grants them."""

    article: str
    fields: tuple[str, ...]
    recipients: frozenset[str]
    purposes: frozenset[str]
    roles: frozenset[str] = frozenset()
    when: Condition = ALWAYS
    where: str = ""


@dataclass(frozen=True, slots=True)
class Flow:
    """Fields that another agency's subgraph may be sent: to ``join`` (a key) or as ``input`` (a requirement).

    ``derives`` names the fields the recipient computes from an input and may release under its own agreements.
    """

    article: str
    to: str
    fields: tuple[str, ...]
    use: str
    derives: tuple[str, ...] = ()
    where: str = ""


@dataclass(frozen=True, slots=True)
class Obligation:
    """A duty that comes with every value given; ``text`` is what records and screens show.

    ``acknowledge``: the caller has to say before anything is fetched that it knows of it.
    """

    kind: str
    within: str = ""
    note: str = ""
    acknowledge: bool = False

    @property
    def text(self) -> str:
        return f"{self.kind} within {self.within}" if self.within else self.kind


@dataclass(frozen=True, slots=True)
class Example:
    """One caller, one field, some facts and what must come out: a test that lives with the agreement."""

    caller: Mapping[str, Any]
    field: str
    expect: str
    because: str = ""
    reason: str = ""
    mask: str = ""
    facts: Mapping[str, Value] = made(default_factory=dict)
    at: date | None = None
    title: str = ""
    where: str = ""


@dataclass(frozen=True, slots=True)
class Agreement:
    """One agreement, whole. Dates are half-open: in force from ``effective`` on and no longer on ``expires``."""

    id: str
    version: int
    title: str
    provider: str
    recipients: tuple[str, ...]
    status: str
    effective: date
    expires: date
    review_by: date
    file: str
    kind: str = "agreement"
    reference: str = ""
    authority: tuple[str, ...] = ()
    disclosure: str = "silent"
    contact: str = ""
    excludes: tuple[str, ...] = ()
    purposes: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    grants: tuple[Grant, ...] = ()
    withholds: tuple[Withhold, ...] = ()
    flows: tuple[Flow, ...] = ()
    obligations: tuple[Obligation, ...] = ()
    examples: tuple[Example, ...] = ()

    @property
    def name(self) -> str:
        """Id and version, as records cite it: ``CA-CBP-VISA@3``."""
        return f"{self.id}@{self.version}"


_KEYS: Final = frozenset(
    [
        "id",
        "version",
        "title",
        "kind",
        "reference",
        "provider",
        "recipients",
        "authority",
        "status",
        "disclosure",
        "contact",
        "effective",
        "review_by",
        "expires",
        "purposes",
        "roles",
        "excludes",
        "when",
        "grant",
        "withhold",
        "flow",
        "obligation",
        "example",
    ]
)


def read_agreement(page: Page) -> Agreement:
    """The agreement on the page; its mistakes are noted on the page, and what could not be read stays empty."""
    data = page.data
    page.keys(data, (), _KEYS, "an agreement")
    always = read_condition(page, data, (), "when")
    recipients = page.texts(data, (), "recipients")
    purposes = frozenset(page.texts(data, (), "purposes"))
    roles = frozenset(page.texts(data, (), "roles"))
    base = _Base(page, frozenset(recipients), purposes, roles, always)
    agreement = Agreement(
        id=page.text(data, (), "id"),
        version=page.whole(data, (), "version"),
        title=page.text(data, (), "title"),
        provider=page.text(data, (), "provider"),
        recipients=recipients,
        status=_one_of(page, data, (), "status", STATUSES),
        effective=page.day(data, (), "effective"),
        expires=page.day(data, (), "expires"),
        review_by=page.day(data, (), "review_by"),
        file=page.name,
        kind=_one_of(page, data, (), "kind", KINDS, "agreement"),
        reference=page.text(data, (), "reference", ""),
        authority=page.texts(data, (), "authority"),
        disclosure=_one_of(page, data, (), "disclosure", DISCLOSURES, "silent"),
        contact=page.text(data, (), "contact", ""),
        excludes=page.texts(data, (), "excludes", ()),
        purposes=purposes,
        roles=roles,
        grants=tuple(base.grant(table, ("grant", n)) for n, table in enumerate(page.tables(data, (), "grant"))),
        withholds=tuple(
            base.withhold(table, ("withhold", n)) for n, table in enumerate(page.tables(data, (), "withhold"))
        ),
        flows=tuple(_flow(page, table, ("flow", n)) for n, table in enumerate(page.tables(data, (), "flow"))),
        obligations=tuple(
            _obligation(page, table, ("obligation", n)) for n, table in enumerate(page.tables(data, (), "obligation"))
        ),
        examples=read_examples(page),
    )
    _check_shape(page, agreement)
    return agreement


@dataclass(frozen=True, slots=True)
class _Base:
    """What every clause of one agreement starts from, and may only narrow."""

    page: Page
    recipients: frozenset[str]
    purposes: frozenset[str]
    roles: frozenset[str]
    always: Condition

    def grant(self, table: dict[str, Any], path: Path) -> Grant:
        page = self.page
        page.keys(
            table, path, frozenset({"article", "fields", "recipients", "purposes", "roles", "when", "mask"}), "a grant"
        )
        masks = page.table(table, path, "mask")
        return Grant(
            article=page.text(table, path, "article"),
            fields=page.texts(table, path, "fields"),
            recipients=self.narrowed(table, path, "recipients", self.recipients),
            purposes=self.narrowed(table, path, "purposes", self.purposes),
            roles=self.narrowed(table, path, "roles", self.roles),
            when=_both(self.always, read_condition(page, table, path, "when")),
            masks={name: page.text(masks, (*path, "mask"), name) for name in masks},
            where=page.where(path),
        )

    def withhold(self, table: dict[str, Any], path: Path) -> Withhold:
        page = self.page
        page.keys(
            table, path, frozenset({"article", "fields", "recipients", "purposes", "roles", "when"}), "a withhold"
        )
        return Withhold(
            article=page.text(table, path, "article"),
            fields=page.texts(table, path, "fields"),
            recipients=self.narrowed(table, path, "recipients", self.recipients),
            purposes=self.narrowed(table, path, "purposes", self.purposes),
            roles=self.narrowed(table, path, "roles", self.roles) if "roles" in table else frozenset(),
            when=read_condition(page, table, path, "when"),
            where=page.where(path),
        )

    def narrowed(self, table: dict[str, Any], path: Path, key: str, whole: frozenset[str]) -> frozenset[str]:
        if key not in table:
            return whole
        chosen = frozenset(self.page.texts(table, path, key))
        for word in sorted(chosen - whole):
            hint = f"a clause may only narrow the agreement's {key}: {', '.join(sorted(whole))}"
            self.page.mistake(
                "POLICY_WIDENS_AGREEMENT", f"'{word}' is not among the agreement's {key}", (*path, key), hint, word
            )
        return chosen & whole


def read_condition(page: Page, table: Mapping[str, Any], path: Path, key: str) -> Condition:
    """The condition under ``key``, ALWAYS when there is none; a mistake in it is noted and nothing passes it."""
    if key not in table:
        return ALWAYS
    try:
        return parse_condition(table[key])
    except ConditionError as error:
        page.mistake("POLICY_BAD_CONDITION", error.what, (*path, key), error.hint)
        return ALWAYS


def _both(first: Condition, second: Condition) -> Condition:
    parts = tuple(one for one in (first, second) if one != ALWAYS)
    if len(parts) == 2:
        return Group(True, parts)
    return parts[0] if parts else ALWAYS


def _flow(page: Page, table: dict[str, Any], path: Path) -> Flow:
    page.keys(table, path, frozenset({"article", "to", "fields", "use", "derives"}), "a flow")
    return Flow(
        page.text(table, path, "article"),
        page.text(table, path, "to"),
        page.texts(table, path, "fields"),
        _one_of(page, table, path, "use", USES),
        page.texts(table, path, "derives", ()),
        page.where(path),
    )


def _obligation(page: Page, table: dict[str, Any], path: Path) -> Obligation:
    page.keys(table, path, frozenset({"kind", "within", "note", "acknowledge"}), "an obligation")
    within, acknowledge = page.text(table, path, "within", ""), table.get("acknowledge", False)
    if within and not is_duration(within):
        page.mistake(
            "POLICY_WRONG_TYPE", f"'{within}' is no duration", (*path, "within"), "write it as in PT24H", within
        )
    if not isinstance(acknowledge, bool):
        page.mistake("POLICY_WRONG_TYPE", "'acknowledge' is not true or false", (*path, "acknowledge"), "write true")
    return Obligation(page.text(table, path, "kind"), within, page.text(table, path, "note", ""), acknowledge is True)


def read_examples(page: Page) -> tuple[Example, ...]:
    """Every ``[[example]]`` on the page."""
    known = frozenset({"title", "caller", "field", "facts", "expect", "because", "reason", "mask", "at"})
    found: list[Example] = []
    for number, table in enumerate(page.tables(page.data, (), "example")):
        path: Path = ("example", number)
        page.keys(table, path, known, "an example")
        at = table.get("at")
        found.append(
            Example(
                caller=page.table(table, path, "caller"),
                field=page.text(table, path, "field"),
                expect=_one_of(page, table, path, "expect", EXPECTATIONS),
                because=page.text(table, path, "because", ""),
                reason=page.text(table, path, "reason", ""),
                mask=page.text(table, path, "mask", ""),
                facts=page.table(table, path, "facts"),
                at=at if isinstance(at, date) else None,
                title=page.text(table, path, "title", ""),
                where=page.where(path),
            )
        )
    return tuple(found)


def _one_of(
    page: Page, table: Mapping[str, Any], path: Path, key: str, words: tuple[str, ...], default: str | None = None
) -> str:
    value = page.text(table, path, key, default)
    if value and value not in words:
        page.mistake("POLICY_UNKNOWN_WORD", f"'{value}' is no {key}", (*path, key), f"write one of {', '.join(words)}")
        return words[0]
    return value


def _check_shape(page: Page, agreement: Agreement) -> None:
    if not agreement.effective < agreement.expires:
        page.mistake(
            "POLICY_BAD_DATES",
            f"it expires on {agreement.expires}, not after it takes effect on {agreement.effective}",
            ("expires",),
            "dates are half-open: [effective, expires)",
        )
    if agreement.review_by < agreement.effective:
        page.mistake(
            "POLICY_BAD_DATES",
            f"it is to be reviewed by {agreement.review_by}, before it takes effect",
            ("review_by",),
            "write the date by which the next review is due",
        )
    inside = agreement.recipients == (agreement.provider,)
    if agreement.kind == "internal" and not inside:
        page.mistake(
            "POLICY_NOT_INTERNAL",
            "an internal file names one agency as provider and only recipient",
            ("recipients",),
            f'write recipients = ["{agreement.provider}"] or kind = "agreement"',
        )
    if agreement.kind == "agreement" and agreement.provider in agreement.recipients:
        page.mistake(
            "POLICY_NOT_INTERNAL",
            f"{agreement.provider} cannot agree with itself",
            ("recipients",),
            'write kind = "internal" for an agency\'s own roles',
        )
