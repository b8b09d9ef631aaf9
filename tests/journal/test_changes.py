"""What changed of the agreements: by an activation or by the calendar, numbered alike everywhere, and told to its parties."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from gateway.journal import Activation, Change, changes, next_boundary, place_of, shown_to
from gateway.policy.agreement import Agreement, Flow
from tests.journal.deeds import BEGIN, activation, deed, grant, on

FAR = on(1, 1, year=2100)


def journaled(*given: Activation) -> tuple[Activation, ...]:
    """The activations as a journal would hold them."""
    return tuple(replace(each, ordinal=place) for place, each in enumerate(given, start=1))


def changed(old: Agreement | None, new: Agreement | None, at: datetime = BEGIN + timedelta(days=1)) -> list[Change]:
    """What going from ``old`` to ``new`` changes, at that instant."""
    first = [each for each in (old, deed("ANOTHER")) if each]
    second = [each for each in (new, deed("ANOTHER")) if each]
    return list(changes(journaled(activation(BEGIN, *first), activation(at, *second)), at))


@pytest.mark.parametrize(
    ("new", "kinds", "articles", "flows", "state"),
    [
        ({"grants": (grant(), grant("III.2"))}, ("AMENDED",), ("III.2",), (), "active"),
        ({"grants": (grant("III.1", "Visa.foilNumber"),)}, ("AMENDED",), ("III.1",), (), "active"),
        ({"grants": ()}, ("AMENDED",), ("III.1",), (), "active"),
        ({"expires": date(2031, 1, 1)}, ("AMENDED",), (), (), "active"),
        ({"flows": ()}, ("AMENDED", "FLOWS_CHANGED"), (), ("V.1",), "active"),
        ({"flows": (Flow("V.1", "CBP", ("Visa.foilNumber",), "join"),)}, ("AMENDED", "FLOWS_CHANGED"), (), ("V.1",), "active"),
        ({"status": "suspended"}, ("SUSPENDED",), (), (), "suspended"),
        ({"status": "terminated"}, ("TERMINATED",), (), (), "terminated"),
        ({"expires": date(2026, 11, 2)}, ("EXPIRED", "AMENDED"), (), (), "expired"),
        ({"review_by": date(2026, 10, 1)}, ("REVIEW_OVERDUE", "AMENDED"), (), (), "review-overdue"),
        ({"review_by": date(2026, 1, 1)}, ("SUSPENDED", "AMENDED"), (), (), "suspended"),
    ],
)  # fmt: skip
def test_an_activation_tells_what_became_of_each_agreement(
    new: dict[str, Any], kinds: tuple[str, ...], articles: tuple[str, ...], flows: tuple[str, ...], state: str
) -> None:
    """Amended in these articles, other flows, another state: one change an agreement, and none of those left alone."""
    (found,) = changed(deed(), deed(**new))
    assert (found.agreement.id, found.kinds, found.articles, found.flows) == ("CA-CBP", kinds, articles, flows)
    assert found.state == state


@pytest.mark.parametrize(
    ("old", "new", "kinds"),
    [
        (None, deed(), ("ACTIVATED",)),
        (None, deed(status="signed"), ("ANNOUNCED",)),
        (None, deed(effective=date(2027, 1, 1)), ("ANNOUNCED",)),
        (deed(), None, ("TERMINATED",)),
        (deed(status="suspended"), deed(), ("ACTIVATED",)),
    ],
)
def test_agreements_come_and_go(old: Agreement | None, new: Agreement | None, kinds: tuple[str, ...]) -> None:
    """New in force, new for later, gone, and back again."""
    (found,) = changed(old, new)
    assert found.kinds == kinds


def test_what_means_the_same_is_no_change() -> None:
    """Another file, other examples: whoever is told of that is told nothing."""
    assert changed(deed(), replace(deed(), file="elsewhere.toml")) == []


def test_dates_are_told_at_their_instant_and_without_an_activation() -> None:
    """It takes effect, its review is overdue, that suspends it, it expires: each at midnight, none a moment before."""
    (entry,) = journaled(
        activation(
            BEGIN,
            deed(effective=date(2027, 1, 1), review_by=date(2027, 3, 1), expires=date(2027, 7, 1)),
        )
    )
    instants = [on(1, 1), on(3, 1), on(3, 1) + timedelta(days=90), on(7, 1)]
    assert [(each.at, each.kinds) for each in changes((entry,), FAR)] == list(
        zip(instants, [("ACTIVATED",), ("REVIEW_OVERDUE",), ("SUSPENDED",), ("EXPIRED",)], strict=True)
    )
    for many, instant in enumerate(instants):
        assert len(changes((entry,), instant - timedelta(microseconds=1))) == many
        assert len(changes((entry,), instant)) == many + 1
        before = instants[many - 1] if many else BEGIN
        assert next_boundary(entry, before) == instant
    assert next_boundary(entry, instants[-1]) is None


def test_a_date_counts_once_though_an_activation_falls_on_it() -> None:
    """Expired at midnight, and at that midnight another policy: once, by the activation. Later dates follow the new text."""
    ending = deed(expires=date(2027, 7, 1))
    at = on(7, 1)
    first, second = journaled(activation(BEGIN, ending), activation(at, ending, deed("X", expires=date(2027, 8, 1))))
    found = changes((first, second), FAR)
    assert [(each.agreement.id, each.kinds, each.at) for each in found if each.at < on(9, 1)] == [
        ("CA-CBP", ("EXPIRED",), at),
        ("X", ("ACTIVATED",), at),
        ("X", ("EXPIRED",), on(8, 1)),
    ]


def test_numbers_grow_and_are_the_same_for_who_knows_less_of_the_past() -> None:
    """A replica that has only the last bundle numbers what its dates bring as one that has them all."""
    ending = deed(expires=date(2027, 7, 1))
    all_of_it = journaled(
        activation(BEGIN, deed()), activation(on(1, 5), ending), activation(on(1, 6), ending, deed("X"))
    )
    found = changes(all_of_it, FAR)
    numbers = [each.number for each in found]
    assert numbers == sorted(set(numbers))
    alone = changes(all_of_it[2:], FAR)
    assert alone
    assert [each.number for each in alone] == numbers[-len(alone) :]
    assert all(each.number > place_of(all_of_it[2]) for each in alone)


def test_parties_are_told_and_nobody_else() -> None:
    """Provider and recipients hear the whole of it, others nothing; oversight hears everything."""
    (found,) = changed(deed(), deed(status="suspended"))
    for agency in ("STATE_CA", "CBP"):
        shown = shown_to(found, agency)
        assert shown is not None
        assert (shown.kinds, shown.agreement) == (("SUSPENDED",), found.now)
    assert shown_to(found, "USCIS") is None
    overseer = shown_to(found, "OVERSIGHT", everything=True)
    assert overseer is not None
    assert overseer.agreement == found.now


def test_who_left_is_told_that_and_not_the_new_text() -> None:
    """CBP is out and USCIS is in, in one amendment: each hears its side, State all of it."""
    (found,) = changed(deed(), deed(recipients=("USCIS",), grants=(grant(), grant("IX.9"))))
    left, joined, stayed = (shown_to(found, each) for each in ("CBP", "USCIS", "STATE_CA"))
    assert left is not None
    assert (left.kinds, left.agreement, left.articles, left.flows) == (("LEFT",), None, (), ())
    assert joined is not None
    assert (joined.kinds, joined.agreement) == (("JOINED",), found.now)
    assert stayed is not None
    assert (stayed.kinds, stayed.articles) == (("AMENDED",), ("IX.9",))


def test_of_an_agreement_that_is_gone_all_its_parties_hear() -> None:
    """There is no new text to keep from anybody."""
    (found,) = changed(deed(), None)
    for agency in ("STATE_CA", "CBP"):
        shown = shown_to(found, agency)
        assert shown is not None
        assert shown.kinds == ("TERMINATED",)
