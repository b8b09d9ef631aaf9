"""A statutory prohibition as a value, read from one file of ``schema/prohibitions``. It beats every agreement.

A rule guards fields, categories or overlays, always or under a condition (a subject's flag, or a value that discloses
by itself). ``exempt`` names whom the law lets read; ``notice`` names who is told that something is kept from them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from gateway.caller import Caller
from gateway.policy.agreement import Example, read_condition, read_examples
from gateway.policy.conditions import Condition
from gateway.policy.toml_page import Page, Path

__all__ = ["Exemption", "Notice", "Prohibition", "Rule", "read_prohibition"]

EFFECTS: Final = ("deny", "absent")


@dataclass(frozen=True, slots=True)
class Exemption:
    """Callers whom the law exempts from some articles (all, when none is named). An empty set excludes nobody."""

    articles: frozenset[str]
    agencies: frozenset[str]
    roles: frozenset[str]
    purposes: frozenset[str]
    training: str
    because: str

    def covers(self, caller: Caller, article: str) -> bool:
        """Whether ``caller`` is exempt from ``article``."""
        return (
            (not self.articles or article in self.articles)
            and (not self.agencies or caller.agency in self.agencies)
            and (not self.roles or caller.role in self.roles)
            and (not self.purposes or caller.purpose in self.purposes)
            and (not self.training or self.training in caller.training)
        )


@dataclass(frozen=True, slots=True)
class Notice:
    """Who is told, and by which code, that a prohibition keeps something from them; nobody else ever is."""

    reason: str
    agencies: frozenset[str]
    roles: frozenset[str]
    purposes: frozenset[str]
    training: str

    def covers(self, caller: Caller) -> bool:
        """Whether ``caller`` gets the notice."""
        return (
            caller.agency in self.agencies
            and caller.role in self.roles
            and caller.purpose in self.purposes
            and (not self.training or self.training in caller.training)
        )


@dataclass(frozen=True, slots=True)
class Rule:
    """One article of a prohibition: what it guards and when."""

    article: str
    fields: tuple[str, ...]
    categories: tuple[str, ...]
    overlays: tuple[str, ...]
    when: Condition
    effect: str
    where: str


@dataclass(frozen=True, slots=True)
class Prohibition:
    """A prohibition, whole."""

    id: str
    title: str
    authority: tuple[str, ...]
    file: str
    rules: tuple[Rule, ...]
    exemptions: tuple[Exemption, ...]
    notices: tuple[Notice, ...]
    examples: tuple[Example, ...]


_KEYS: Final = frozenset(["id", "title", "authority", "effect", "overridable", "rule", "exempt", "notice", "example"])


def read_prohibition(page: Page) -> Prohibition:
    """The prohibition on the page; its mistakes are noted on the page."""
    data = page.data
    page.keys(data, (), _KEYS, "a prohibition")
    if data.get("overridable") is not False:
        hint = "write overridable = false; a rule that can be overridden belongs into an agreement"
        page.mistake("POLICY_OVERRIDABLE", "a prohibition must say that nothing overrides it", ("overridable",), hint)
    effect = page.text(data, (), "effect")
    _check_effect(page, effect, ("effect",))
    return Prohibition(
        id=page.text(data, (), "id"),
        title=page.text(data, (), "title"),
        authority=page.texts(data, (), "authority"),
        file=page.name,
        rules=tuple(_rule(page, table, ("rule", n), effect) for n, table in enumerate(page.tables(data, (), "rule"))),
        exemptions=tuple(
            _exempt(page, table, ("exempt", n)) for n, table in enumerate(page.tables(data, (), "exempt"))
        ),
        notices=tuple(_notice(page, table, ("notice", n)) for n, table in enumerate(page.tables(data, (), "notice"))),
        examples=read_examples(page),
    )


def _rule(page: Page, table: dict[str, Any], path: Path, effect: str) -> Rule:
    page.keys(table, path, frozenset({"article", "fields", "categories", "overlays", "when", "effect"}), "a rule")
    own = page.text(table, path, "effect", effect)
    _check_effect(page, own, (*path, "effect"))
    rule = Rule(
        page.text(table, path, "article"),
        page.texts(table, path, "fields", ()),
        page.texts(table, path, "categories", ()),
        page.texts(table, path, "overlays", ()),
        read_condition(page, table, path, "when"),
        own,
        page.where(path),
    )
    if not (rule.fields or rule.categories or rule.overlays):
        page.mistake("POLICY_MISSING_KEY", "a rule guards nothing", path, "add fields, categories or overlays")
    return rule


def _exempt(page: Page, table: dict[str, Any], path: Path) -> Exemption:
    known = frozenset({"articles", "agencies", "roles", "purposes", "training", "because"})
    page.keys(table, path, known, "an exemption")
    articles, agencies, roles, purposes = (
        frozenset(page.texts(table, path, key, ())) for key in ("articles", "agencies", "roles", "purposes")
    )
    if not (agencies or roles or purposes):
        page.mistake("POLICY_MISSING_KEY", "an exemption exempts everybody", path, "name agencies, roles or purposes")
    training, because = page.text(table, path, "training", ""), page.text(table, path, "because")
    return Exemption(articles, agencies, roles, purposes, training, because)


def _notice(page: Page, table: dict[str, Any], path: Path) -> Notice:
    page.keys(table, path, frozenset({"reason", "agencies", "roles", "purposes", "training"}), "a notice")
    agencies, roles, purposes = (frozenset(page.texts(table, path, key)) for key in ("agencies", "roles", "purposes"))
    return Notice(page.text(table, path, "reason"), agencies, roles, purposes, page.text(table, path, "training", ""))


def _check_effect(page: Page, effect: str, path: Path) -> None:
    if effect not in EFFECTS:
        page.mistake("POLICY_UNKNOWN_WORD", f"'{effect}' is no effect", path, f"write one of {', '.join(EFFECTS)}")
