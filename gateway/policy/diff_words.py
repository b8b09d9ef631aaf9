"""What two bundles say differently about themselves: parties, dates, words, duties, flows and statutes, as sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar

from gateway.policy.agreement import Agreement
from gateway.policy.clauses import Compiled
from gateway.policy.lifecycle import IN_FORCE, state_of
from gateway.policy.prohibition import Exemption, Prohibition

__all__ = ["Said", "compare_words"]

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Said:
    """One sentence, its weight, and whether somebody may learn more by it."""

    weight: int
    kind: str
    sentence: str
    wider: bool = False


def compare_words(old: Compiled, new: Compiled, at: datetime) -> Iterator[Said]:
    """Every difference in what the files say; what follows for decisions is not told here."""
    before, after = {each.id: each for each in old.agreements}, {each.id: each for each in new.agreements}
    for _, deed in _only(after, before):
        parties = f"{deed.provider} gives to {', '.join(deed.recipients)}"
        yield Said(45, "agreement", f"{deed.name} is new: {parties}, {deed.title!r}; it is {state_of(deed, at)}.")
    for _, deed in _only(before, after):
        yield Said(45, "agreement", f"{deed.name} of {deed.provider} is gone.")
    for name in sorted(before.keys() & after.keys()):
        yield from _agreement(before[name], after[name], at)
    yield from _prohibitions(old, new)
    yield from _vocabulary(old, new)


def _only(these: Mapping[str, _T], those: Mapping[str, Any]) -> list[tuple[str, _T]]:
    return sorted((name, each) for name, each in these.items() if name not in those)


_DATES: Final = (("effective", "takes effect"), ("expires", "expires"), ("review_by", "is to be reviewed by"))
_SETS: Final = (("recipients", "recipient"), ("purposes", "purpose"), ("roles", "role"), ("excludes", "exclusion"))


def _agreement(old: Agreement, new: Agreement, at: datetime) -> Iterator[Said]:
    name = new.id
    was, now = state_of(old, at), state_of(new, at)
    if was != now:
        wider = now in IN_FORCE and was not in IN_FORCE
        yield Said(65, "lifecycle", f"{name} was {was} and is {now}.", wider)
    elif old.status != new.status:
        yield Said(40, "lifecycle", f"{name} was marked {old.status} and is marked {new.status}.")
    for key, verb in _DATES:
        first, second = getattr(old, key), getattr(new, key)
        if first != second:
            longer = second < first if key == "effective" else second > first
            yield Said(40, "dates", f"{name} {verb} {second} instead of {first}.", longer)
    for key, what in _SETS:
        first, second = set(getattr(old, key)), set(getattr(new, key))
        for word in sorted(second - first):
            yield Said(30, key, f"{name} adds the {what} {word}.", key != "excludes")
        for word in sorted(first - second):
            yield Said(30, key, f"{name} drops the {what} {word}.", key == "excludes")
    if old.provider != new.provider:
        yield Said(30, "provider", f"{name} is given by {new.provider} instead of {old.provider}.")
    if old.disclosure != new.disclosure:
        yield Said(20, "disclosure", f"{name} is {new.disclosure} about failing cases; it was {old.disclosure}.")
    yield from _duties(old, new)
    yield from _flow_clauses(old, new)
    yield from _articles(old, new)
    if old.version != new.version:
        yield Said(10, "version", f"{name} is version {new.version}; it was {old.version}.")


def _duties(old: Agreement, new: Agreement) -> Iterator[Said]:
    first, second = {each.text for each in old.obligations}, {each.text for each in new.obligations}
    for word in sorted(second - first):
        yield Said(20, "obligation", f"{new.id} adds the duty {word}.")
    for word in sorted(first - second):
        yield Said(25, "obligation", f"{new.id} drops the duty {word}.")


def _flow_clauses(old: Agreement, new: Agreement) -> Iterator[Said]:
    def clauses(agreement: Agreement) -> dict[tuple[str, str, str], str]:
        return {(field, each.to, each.use): each.article for each in agreement.flows for field in each.fields}

    first, second = clauses(old), clauses(new)
    for field, to, use in sorted(second.keys() - first.keys()):
        article = second[field, to, use]
        yield Said(70, "flow-clause", f"{new.id} {article} lets {field} be sent to {to} as {use}.", True)
    for field, to, use in sorted(first.keys() - second.keys()):
        yield Said(35, "flow-clause", f"{new.id} no longer lets {field} be sent to {to} as {use}.")


def _articles(old: Agreement, new: Agreement) -> Iterator[Said]:
    for kind, before, after in (("grant", old.grants, new.grants), ("withhold", old.withholds, new.withholds)):
        first, second = {each.article: each for each in before}, {each.article: each for each in after}
        for article in sorted(second.keys() - first.keys()):
            yield Said(15, kind, f"{new.id} adds the {kind} {article}.")
        for article in sorted(first.keys() - second.keys()):
            yield Said(15, kind, f"{new.id} drops the {kind} {article}.")
        for article in sorted(first.keys() & second.keys()):
            if str(first[article].when) != str(second[article].when):
                told = f"{new.id} {article} holds when {second[article].when}; before, when {first[article].when}."
                yield Said(15, kind, told)


# -- statutes and words ----


def _prohibitions(old: Compiled, new: Compiled) -> Iterator[Said]:
    before, after = {each.id: each for each in old.prohibitions}, {each.id: each for each in new.prohibitions}
    for name, law in _only(after, before):
        yield Said(68, "statute", f"The statute {name} ({law.title}) is new.")
    for name, law in _only(before, after):
        yield Said(99, "statute", f"The statute {name} ({law.title}) is gone.", True)
    for name in sorted(before.keys() & after.keys()):
        yield from _prohibition(before[name], after[name])


def _prohibition(old: Prohibition, new: Prohibition) -> Iterator[Said]:
    first, second = {_exempts(each) for each in old.exemptions}, {_exempts(each) for each in new.exemptions}
    for told in sorted(second - first):
        yield Said(98, "statute", f"{new.id} newly exempts {told}.", True)
    for told in sorted(first - second):
        yield Said(68, "statute", f"{new.id} no longer exempts {told}.")
    before, after = {each.article: each for each in old.rules}, {each.article: each for each in new.rules}
    for article in sorted(after.keys() - before.keys()):
        yield Said(68, "statute", f"{new.id} adds the rule {article}.")
    for article in sorted(before.keys() - after.keys()):
        yield Said(98, "statute", f"{new.id} drops the rule {article}.", True)
    for article in sorted(before.keys() & after.keys()):
        was, now = before[article], after[article]
        if (was.fields, was.categories, was.overlays) != (now.fields, now.categories, now.overlays):
            yield Said(68, "statute", f"{new.id} {article} guards other fields than before.", True)
        if str(was.when) != str(now.when):
            yield Said(68, "statute", f"{new.id} {article} holds when {now.when}; before, when {was.when}.", True)
        if was.effect != now.effect:
            yield Said(68, "statute", f"{new.id} {article} makes values {now.effect}; before, {was.effect}.")


def _exempts(each: Exemption) -> str:
    agencies, roles, purposes, articles = (
        ", ".join(sorted(words)) or "any" for words in (each.agencies, each.roles, each.purposes, each.articles)
    )
    training = f" with training {each.training}" if each.training else ""
    return f"agency {agencies}, role {roles}, purpose {purposes}{training}, from article {articles}"


def _vocabulary(old: Compiled, new: Compiled) -> Iterator[Said]:
    before, after = old.vocabulary, new.vocabulary
    for what in ("agencies", "purposes", "categories", "overlays", "masks", "obligations"):
        first, second = getattr(before, what), getattr(after, what)
        for word in sorted(second.keys() - first.keys()):
            yield Said(12, "vocabulary", f"The vocabulary adds {word} to its {what}.")
        for word in sorted(first.keys() - second.keys()):
            yield Said(12, "vocabulary", f"The vocabulary drops {word} from its {what}.")
    for word, role in _only(after.roles, before.roles):
        yield Said(32, "vocabulary", f"The role {word} is new, for {', '.join(sorted(role.agencies))}.", True)
    for word, _ in _only(before.roles, after.roles):
        yield Said(32, "vocabulary", f"The role {word} is gone.")
    for word in sorted(before.roles.keys() & after.roles.keys()):
        for key in ("agencies", "purposes"):
            first, second = getattr(before.roles[word], key), getattr(after.roles[word], key)
            for each in sorted(second - first):
                yield Said(32, "vocabulary", f"The role {word} may name {each} among its {key}.", True)
            for each in sorted(first - second):
                yield Said(32, "vocabulary", f"The role {word} may no longer name {each} among its {key}.")
    for word in sorted(before.masks.keys() & after.masks.keys()):
        if before.masks[word] != after.masks[word]:
            yield Said(66, "mask", f"The mask {word} shows something else than before.", True)
