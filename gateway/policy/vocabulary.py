"""The words agreements may use: agencies, roles, purposes, categories, overlays, masks, and where facts are found.

One file, ``schema/vocabulary.toml``, read once. The gateway's other rooms read the places of facts from here too:
``cases`` (which record a case reference means), ``subjects`` (whose record a row is), ``authorities`` (who answers for
``subject.p1367``), ``subject_arguments`` (which argument is a traveler's id).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from gateway.coordinates import Coordinate
from gateway.policy.conditions import is_duration
from gateway.policy.toml_page import Page

__all__ = [
    "Agency",
    "CaseKind",
    "Category",
    "MaskSpec",
    "ObligationKind",
    "Overlay",
    "Role",
    "Vocabulary",
    "read_vocabulary",
]

FOLLOWING: Final = ("SYS", "LINK")
"""The two categories that hold no data of their own: SYS follows the type it stands on, LINK the type it leads to."""

STAGES: Final = ("pre", "with", "post")
"""When an obligation is met: before anything is fetched, with the answer, or after it."""


@dataclass(frozen=True, slots=True)
class Agency:
    """A party: its code, its name, the subgraphs it runs, and whom to ask for access."""

    code: str
    name: str
    subgraphs: tuple[str, ...] = ()
    contact: str = ""


@dataclass(frozen=True, slots=True)
class Role:
    """A role: the agencies that may give it and the purposes it may name.

    ``approves`` are the break-glass purposes for which it may open the glass to a colleague.
    """

    name: str
    title: str
    agencies: frozenset[str]
    purposes: frozenset[str]
    approves: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Category:
    """A sensitivity category. ``owner_only``: no agreement may share it."""

    code: str
    title: str
    owner_only: bool = False


@dataclass(frozen=True, slots=True)
class Overlay:
    """A statutory overlay; ``flag`` names the subject's fact that switches it on (``subject.p1367``), if one does."""

    code: str
    title: str
    flag: str = ""


@dataclass(frozen=True, slots=True)
class MaskSpec:
    """A mask: the GraphQL types it can be laid on, how much it hides (higher hides more), and its tables."""

    name: str
    title: str
    types: frozenset[str]
    strength: int
    tables: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class ObligationKind:
    """A kind of obligation. ``stage``: it is met before anything is fetched (``pre``), travels with the answer
    (``with``) or is a task that comes of it (``post``), due ``within`` where the agreement says nothing else."""

    name: str
    title: str
    stage: str
    within: str = ""


@dataclass(frozen=True, slots=True)
class CaseKind:
    """A kind of case: how its reference looks, which record it means and where that record's facts are.

    ``pattern`` is anchored; a group named ``id`` gives the argument's value when it is not the whole reference.
    ``root`` and ``argument`` are ``visaApplication`` and ``applicationId`` of the query that reads the record, ""
    for cases kept outside the graph; ``type`` is the record's type.
    ``facts`` maps ``post`` (read as ``case.post``) to a dotted path. ``state`` is the path that ``open`` lists.
    """

    name: str
    pattern: re.Pattern[str]
    agencies: frozenset[str]
    root: str = ""
    argument: str = ""
    type: str = ""
    subject: str = ""
    state: str = ""
    open: frozenset[str] = frozenset()
    facts: Mapping[str, str] = field(default_factory=dict)

    def identifier(self, reference: str) -> str:
        """The argument's value for a case reference of this kind."""
        found = self.pattern.match(reference)
        return (found.groupdict().get("id") or reference) if found else reference


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Every word of ``schema/vocabulary.toml``, by kind."""

    agencies: Mapping[str, Agency] = field(default_factory=dict)
    purposes: Mapping[str, str] = field(default_factory=dict)
    break_glass: frozenset[str] = frozenset()
    roles: Mapping[str, Role] = field(default_factory=dict)
    categories: Mapping[str, Category] = field(default_factory=dict)
    overlays: Mapping[str, Overlay] = field(default_factory=dict)
    masks: Mapping[str, MaskSpec] = field(default_factory=dict)
    obligations: Mapping[str, ObligationKind] = field(default_factory=dict)
    subjects: Mapping[str, str] = field(default_factory=dict)
    cases: Mapping[str, CaseKind] = field(default_factory=dict)
    authorities: Mapping[str, str] = field(default_factory=dict)
    subject_arguments: tuple[str, ...] = ()
    origins: Mapping[str, str] = field(default_factory=dict)
    shared_types: frozenset[str] = frozenset()
    hubs: frozenset[str] = frozenset()
    outside: Mapping[Coordinate, str] = field(default_factory=dict)

    def agency_of(self, subgraph: str) -> str:
        """The code of the agency that runs ``subgraph`` (any letter case), "" when none does."""
        wanted = subgraph.lower()
        return next((agency.code for agency in self.agencies.values() if wanted in agency.subgraphs), "")

    def case_kind(self, reference: str, agency: str) -> CaseKind | None:
        """The kind of case a reference means in the mouth of ``agency``; None when it fits no kind."""
        for kind in self.cases.values():
            if agency in kind.agencies and kind.pattern.match(reference):
                return kind
        return None

    def knows_caller(self, agency: str, role: str, purpose: str) -> bool:
        """Whether the role exists, belongs to the agency and may name the purpose."""
        found = self.roles.get(role)
        return found is not None and agency in found.agencies and purpose in found.purposes


_SECTIONS: Final = frozenset(
    {
        "agencies",
        "purposes",
        "roles",
        "categories",
        "overlays",
        "masks",
        "obligations",
        "subjects",
        "cases",
        "authorities",
        "subject_arguments",
        "origins",
        "shared_types",
        "hubs",
        "outside",
    }
)


def read_vocabulary(page: Page) -> Vocabulary:
    """The vocabulary on the page; its mistakes are noted on the page."""
    data = page.data
    page.keys(data, (), _SECTIONS, "the vocabulary")
    vocabulary = Vocabulary(
        agencies={code: _agency(page, code, table) for code, table in _named(page, "agencies")},
        purposes={name: page.text(table, ("purposes", name), "title") for name, table in _named(page, "purposes")},
        break_glass=frozenset(
            name for name, table in _named(page, "purposes") if table.get("break_glass", False) is True
        ),
        roles={name: _role(page, name, table) for name, table in _named(page, "roles")},
        categories={code: _category(page, code, table) for code, table in _named(page, "categories")},
        overlays={code: _overlay(page, code, table) for code, table in _named(page, "overlays")},
        masks={name: _mask(page, name, table) for name, table in _named(page, "masks")},
        obligations={name: _obligation(page, name, table) for name, table in _named(page, "obligations")},
        subjects=_texts(page, "subjects"),
        cases={name: _case(page, name, table) for name, table in _named(page, "cases")},
        authorities=_texts(page, "authorities"),
        subject_arguments=page.texts(data, (), "subject_arguments", ()),
        origins=_texts(page, "origins"),
        shared_types=frozenset(page.texts(data, (), "shared_types", ())),
        hubs=frozenset(page.texts(data, (), "hubs", ())),
        outside=_outside(page),
    )
    _check(page, vocabulary)
    return vocabulary


def _named(page: Page, section: str) -> list[tuple[str, dict[str, Any]]]:
    tables = page.table(page.data, (), section)
    wrong = [name for name, table in tables.items() if not isinstance(table, dict)]
    for name in wrong:
        page.mistake(
            "POLICY_WRONG_TYPE", f"'{section}.{name}' is not a table", (section, name), f"write [{section}.{name}]"
        )
    return [(name, table) for name, table in tables.items() if name not in wrong]


def _texts(page: Page, section: str) -> dict[str, str]:
    table = page.table(page.data, (), section)
    return {key: page.text(table, (section,), key) for key in table}


def _agency(page: Page, code: str, table: dict[str, Any]) -> Agency:
    path = ("agencies", code)
    page.keys(table, path, frozenset({"name", "subgraphs", "contact"}), "an agency")
    return Agency(
        code,
        page.text(table, path, "name"),
        page.texts(table, path, "subgraphs", ()),
        page.text(table, path, "contact", ""),
    )


def _role(page: Page, name: str, table: dict[str, Any]) -> Role:
    path = ("roles", name)
    page.keys(table, path, frozenset({"title", "agencies", "purposes", "approves"}), "a role")
    agencies, purposes = page.texts(table, path, "agencies"), page.texts(table, path, "purposes")
    approves = page.texts(table, path, "approves", ())
    return Role(name, page.text(table, path, "title"), frozenset(agencies), frozenset(purposes), frozenset(approves))


def _obligation(page: Page, name: str, table: dict[str, Any]) -> ObligationKind:
    path = ("obligations", name)
    page.keys(table, path, frozenset({"title", "stage", "within"}), "a kind of obligation")
    stage, within = page.text(table, path, "stage"), page.text(table, path, "within", "")
    if stage and stage not in STAGES:
        page.mistake(
            "POLICY_UNKNOWN_WORD", f"'{stage}' is no stage", (*path, "stage"), "write pre, with or post", stage
        )
    if within and not is_duration(within):
        page.mistake(
            "POLICY_WRONG_TYPE", f"'{within}' is no duration", (*path, "within"), "write it as in PT24H", within
        )
    return ObligationKind(name, page.text(table, path, "title"), stage, within)


def _category(page: Page, code: str, table: dict[str, Any]) -> Category:
    path = ("categories", code)
    page.keys(table, path, frozenset({"title", "owner_only"}), "a category")
    return Category(code, page.text(table, path, "title"), table.get("owner_only", False) is True)


def _overlay(page: Page, code: str, table: dict[str, Any]) -> Overlay:
    path = ("overlays", code)
    page.keys(table, path, frozenset({"title", "flag"}), "an overlay")
    return Overlay(code, page.text(table, path, "title"), page.text(table, path, "flag", ""))


def _mask(page: Page, name: str, table: dict[str, Any]) -> MaskSpec:
    path = ("masks", name)
    page.keys(table, path, frozenset({"title", "types", "strength", "table"}), "a mask")
    tables = tuple(page.tables(table, path, "table"))
    types = frozenset(page.texts(table, path, "types"))
    return MaskSpec(name, page.text(table, path, "title"), types, page.whole(table, path, "strength"), tables)


def _case(page: Page, name: str, table: dict[str, Any]) -> CaseKind:
    path = ("cases", name)
    known = frozenset({"pattern", "agencies", "root", "argument", "type", "subject", "state", "open", "facts"})
    page.keys(table, path, known, "a kind of case")
    written = page.text(table, path, "pattern")
    try:
        pattern = re.compile(written)
    except re.error as error:
        page.mistake(
            "POLICY_WRONG_TYPE",
            f"the pattern of case '{name}' does not compile: {error}",
            (*path, "pattern"),
            "write an anchored regular expression",
        )
        pattern = re.compile(r"(?!)")
    facts = page.table(table, path, "facts")
    return CaseKind(
        name,
        pattern,
        frozenset(page.texts(table, path, "agencies")),
        page.text(table, path, "root", ""),
        page.text(table, path, "argument", ""),
        page.text(table, path, "type", ""),
        page.text(table, path, "subject", ""),
        page.text(table, path, "state", ""),
        frozenset(page.texts(table, path, "open", ())),
        {key: page.text(facts, (*path, "facts"), key) for key in facts},
    )


def _outside(page: Page) -> dict[Coordinate, str]:
    found: dict[Coordinate, str] = {}
    for name, table in _named(page, "outside"):
        for field_name in table:
            found[Coordinate(name, field_name)] = page.text(table, ("outside", name), field_name)
    return found


def _check(page: Page, vocabulary: Vocabulary) -> None:
    for role in vocabulary.roles.values():
        path = ("roles", role.name)
        for agency in sorted(role.agencies - vocabulary.agencies.keys()):
            page.mistake(
                "POLICY_UNKNOWN_AGENCY",
                f"there is no agency '{agency}'",
                (*path, "agencies"),
                _known(vocabulary.agencies),
                agency,
            )
        for purpose in sorted(role.purposes - vocabulary.purposes.keys()):
            page.mistake(
                "POLICY_UNKNOWN_PURPOSE",
                f"there is no purpose '{purpose}'",
                (*path, "purposes"),
                _known(vocabulary.purposes),
                purpose,
            )
        for purpose in sorted(role.approves - vocabulary.break_glass):
            page.mistake(
                "POLICY_UNKNOWN_PURPOSE",
                f"'{purpose}' is no purpose that breaks the glass, so nobody approves it",
                (*path, "approves"),
                "write break_glass = true at the purpose, or take it out",
                purpose,
            )
    for kind in vocabulary.cases.values():
        for agency in sorted(kind.agencies - vocabulary.agencies.keys()):
            page.mistake(
                "POLICY_UNKNOWN_AGENCY",
                f"there is no agency '{agency}'",
                ("cases", kind.name, "agencies"),
                _known(vocabulary.agencies),
                agency,
            )
    for place, agency in vocabulary.origins.items():
        if agency not in vocabulary.agencies:
            page.mistake(
                "POLICY_UNKNOWN_AGENCY",
                f"there is no agency '{agency}'",
                ("origins", place),
                _known(vocabulary.agencies),
            )
    for category in sorted({code for code in vocabulary.outside.values() if code not in vocabulary.categories}):
        page.mistake(
            "POLICY_UNKNOWN_CATEGORY",
            f"there is no category '{category}'",
            ("outside",),
            _known(vocabulary.categories),
            category,
        )


def _known(words: Mapping[str, object]) -> str:
    return "the vocabulary knows " + ", ".join(sorted(words))
