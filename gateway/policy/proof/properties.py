"""What must hold of the agreements together, as values: ``schema/properties.toml``, read and checked.

=============  =================================================================================================
kind           what it claims, for the callers and fields in its scope, while ``given`` and ``while`` hold
=============  =================================================================================================
never          nothing is given, clear or masked (``except_agreements`` aside)
masked         nothing is given in clear; under ``mask`` when one is named
requires       what is given is given only while the condition ``needs`` is known to be true
can            something is given: a property that nothing meets is no protection, and this is its counterpart
statutes       no prohibition that binds the caller, or may bind it, leaves anything given
withholds      no withhold that reaches the caller, or may reach it, leaves anything given
bounded        what is given rests on an agreement whose recipients, purposes, roles and dates it is inside of
in-force       what is given rests on an agreement that is active and neither expired nor too long unreviewed
unknown        what is given while some fact is unknown is given whatever that fact turns out to be
order          the best grant is the same in whatever order the clauses are read
links          a link is open only to who could be given something of what it leads to
flows          every key and requirement that crosses agencies has a flow clause in force
=============  =================================================================================================
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as made
from typing import Any, Final

from gateway.errors import Mistake, PolicyError
from gateway.policy.agreement import read_condition
from gateway.policy.conditions import ALWAYS, Condition
from gateway.policy.facts import Value
from gateway.policy.toml_page import Page, Path

__all__ = ["KINDS", "Property", "read_properties"]

KINDS: Final = (
    "never",
    "masked",
    "requires",
    "can",
    "statutes",
    "withholds",
    "bounded",
    "in-force",
    "unknown",
    "order",
    "links",
    "flows",
)
_OF_FIELDS: Final = ("never", "masked", "requires", "can")
"""The kinds that speak of chosen fields; the others speak of all."""


@dataclass(frozen=True, slots=True)
class Property:
    """One property. An empty list of agencies, roles, purposes or owners means all; ``foreign``: not the owner's own.

    ``unless_exempt`` names a prohibition: callers whom it exempts are out of scope. ``today``: only the instant asked
    about, else every instant.
    """

    id: str
    says: str
    where: str
    kind: str = "never"
    agencies: tuple[str, ...] = ()
    except_agencies: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    except_roles: tuple[str, ...] = ()
    purposes: tuple[str, ...] = ()
    except_purposes: tuple[str, ...] = ()
    except_agreements: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    except_fields: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    overlays: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    given: Mapping[str, Value] = made(default_factory=dict)
    condition: Condition = ALWAYS
    needs: Condition = ALWAYS
    mask: str = ""
    unless_exempt: str = ""
    foreign: bool = False
    owner_only: bool = False
    today: bool = False


_LISTS: Final = (
    "agencies",
    "except_agencies",
    "roles",
    "except_roles",
    "purposes",
    "except_purposes",
    "except_agreements",
    "fields",
    "except_fields",
    "categories",
    "overlays",
    "owners",
)
_FLAGS: Final = ("foreign", "owner_only", "today")
_KEYS: Final = frozenset({"id", "says", "kind", "given", "while", "needs", "mask", "unless_exempt", *_LISTS, *_FLAGS})


def read_properties(text: str, name: str = "properties.toml") -> tuple[Property, ...]:
    """The properties in ``text``; raises ``PolicyError`` with every mistake, each with its line."""
    mistakes: list[Mistake] = []
    page = Page.read(name, text, mistakes)
    found: list[Property] = []
    if page is not None:
        page.keys(page.data, (), frozenset({"property"}), "a file of properties")
        for number, table in enumerate(page.tables(page.data, (), "property")):
            found.append(_property(page, table, ("property", number)))
            if any(each.id == found[-1].id for each in found[:-1]):
                page.mistake(
                    "POLICY_DUPLICATE_ID",
                    f"'{found[-1].id}' is already the id of a property",
                    ("property", number, "id"),
                    "give every property an id of its own",
                )
    if mistakes:
        raise PolicyError(
            "POLICY_INVALID", f"The properties cannot be read: {len(mistakes)} mistake(s).", tuple(mistakes)
        )
    return tuple(found)


def _property(page: Page, table: dict[str, Any], path: Path) -> Property:
    page.keys(table, path, _KEYS, "a property")
    lists: dict[str, Any] = {key: page.texts(table, path, key, ()) for key in _LISTS}
    flags: dict[str, Any] = {key: _flag(page, table, path, key) for key in _FLAGS}
    wanted = Property(
        id=page.text(table, path, "id"),
        says=page.text(table, path, "says"),
        where=page.where(path),
        kind=page.text(table, path, "kind", "never"),
        given={key: tuple(each) if isinstance(each, list) else each for key, each in _given(page, table, path)},
        condition=read_condition(page, table, path, "while"),
        needs=read_condition(page, table, path, "needs"),
        mask=page.text(table, path, "mask", ""),
        unless_exempt=page.text(table, path, "unless_exempt", ""),
        **lists,
        **flags,
    )
    _check(page, wanted, path)
    return wanted


def _given(page: Page, table: dict[str, Any], path: Path) -> list[tuple[str, Any]]:
    return list(page.table(table, path, "given").items())


def _flag(page: Page, table: dict[str, Any], path: Path, key: str) -> bool:
    value = table.get(key, False)
    if not isinstance(value, bool):
        page.mistake("POLICY_WRONG_TYPE", f"'{key}' is neither true nor false", (*path, key), f"write {key} = true")
    return value is True


def _check(page: Page, wanted: Property, path: Path) -> None:
    if wanted.kind not in KINDS:
        page.mistake(
            "POLICY_UNKNOWN_WORD",
            f"'{wanted.kind}' is no kind of property",
            (*path, "kind"),
            f"write one of {', '.join(KINDS)}",
        )
    speaks = wanted.fields or wanted.categories or wanted.overlays or wanted.owners or wanted.owner_only
    if wanted.kind in _OF_FIELDS and not speaks:
        page.mistake(
            "POLICY_MISSING_KEY",
            "a property speaks of nothing",
            path,
            "add fields, categories, overlays, owners or owner_only",
        )
    if (wanted.kind == "requires") != (wanted.needs != ALWAYS):
        page.mistake(
            "POLICY_MISSING_KEY", "'needs' and the kind 'requires' go together", path, "write both, or neither"
        )
