"""The semantic diff: every difference is told with a witness that both policies confirm, and nothing else is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

import pytest

from gateway.coordinates import Coordinate
from gateway.policy import Outcome, Policy
from gateway.policy.diff import Change, Version, diff_versions
from gateway.policy.proof.domains import realise
from gateway.supergraph import load_supergraph
from tests.policy.conftest import SCHEMA
from tests.policy.kit import AT, agreement, policy, small_graph

GRANT = '[[grant]]\narticle = "I"\nfields = ["Visa.status"]\n'
LAW = """
id = "L"
title = "t"
authority = []
effect = "absent"
overridable = false
[[rule]]
article = "1"
fields = ["Visa"]
when = { attr = "subject.p1367", is = true }
"""
GRAPH = small_graph()


def version(*laws: str, sent: tuple[_Sent, ...] = (), **changes: str) -> Version:
    """A small house under one agreement."""
    changes.setdefault("more", GRANT)
    return Version(policy(agreement(**changes), prohibitions=laws), GRAPH, sent)


@dataclass(frozen=True)
class _Sent:
    coordinate: Coordinate
    owner: str = "STATE_CA"
    to: str = "CBP"
    use: str = "input"
    because: str = "reviews: @requires of Review.window"
    computes: tuple[Coordinate, ...] = ()


def changes(old: Version, new: Version, at: datetime = AT) -> list[Change]:
    """The changes, each witness asked again of both policies."""
    found = list(diff_versions(old, new, at))
    for each in found:
        if each.witness is not None:
            seen = each.witness
            caller, facts = realise(seen.kind, seen.facts, seen.at)
            place = Coordinate.parse(seen.coordinate)
            assert old.policy.decide(caller, place, facts, seen.at) == seen.before
            assert new.policy.decide(caller, place, facts, seen.at) == seen.after
            assert (seen.before.outcome, seen.before.mask) != (seen.after.outcome, seen.after.mask)
    return found


def kinds(old: Version, new: Version) -> list[str]:
    """The kinds of the changes that decide differently."""
    return [each.kind for each in changes(old, new) if each.witness is not None]


def test_nothing_changes_nothing() -> None:
    assert changes(version(), version()) == []


def test_the_real_agreements_do_not_differ_from_themselves(real: Policy) -> None:
    graph = load_supergraph((SCHEMA / "supergraph.graphql").read_text("utf-8"))
    same = Version(real, graph)
    assert changes(same, same) == []


def test_a_new_field_is_newly_read_and_the_sentence_says_by_whom() -> None:
    (first, *rest) = changes(version(), version(more=GRANT.replace('"Visa.status"', '"Visa.status", "Visa.fee"')))
    assert first.kind == "released"
    assert first.wider
    assert first.sentence == (
        "CBP newly reads Visa.fee of STATE_CA, under CA-CBP-VISA@3 I (as primary, secondary; for inspection)."
    )
    assert [each.kind for each in rest] == []
    assert first.witness is not None
    assert (first.witness.before.reason, first.witness.after.outcome) == ("NO_AGREEMENT", Outcome.ALLOW)


def test_the_other_way_round_it_is_withheld() -> None:
    (first, *_) = changes(version(more=GRANT.replace('"Visa.status"', '"Visa.status", "Visa.fee"')), version())
    assert (first.kind, first.wider, first.coordinates) == ("withheld", False, ("Visa.fee",))


def test_conditions_widen_and_narrow() -> None:
    ten = GRANT + 'when = { attr = "record.issuedOn", within = "P10Y" }\n'
    fifteen = ten.replace("P10Y", "P15Y")
    assert kinds(version(more=ten), version(more=fifteen)) == ["wider"]
    assert kinds(version(more=fifteen), version(more=ten)) == ["narrower"]
    (first, *_) = changes(version(more=ten), version(more=fifteen))
    assert first.witness is not None
    issued = first.witness.facts["record.issuedOn"]
    assert isinstance(issued, datetime)
    assert 10 * 365 < abs((AT - issued).days) < 15 * 366


def test_a_condition_written_another_way_is_no_change_of_decisions() -> None:
    one = GRANT + 'when = { attr = "record.status", in = ["ISSUED", "REVOKED"] }\n'
    two = (
        GRANT
        + 'when = { any = [ { attr = "record.status", is = "REVOKED" }, { attr = "record.status", is = "ISSUED" } ] }\n'
    )
    assert kinds(version(more=one), version(more=two)) == []
    assert [each.kind for each in changes(version(more=one), version(more=two))] == ["grant"]


def test_masks_that_show_more_or_less() -> None:
    masked = GRANT + 'mask = { "Visa.status" = "category-only" }\n'
    assert kinds(version(more=masked), version()) == ["mask-weaker"]
    assert kinds(version(), version(more=masked)) == ["mask-stronger"]
    (first, *_) = changes(version(more=masked), version())
    assert "in clear instead of masked by CATEGORY_ONLY" in first.sentence


def test_a_statute_that_comes_withholds_and_one_that_goes_releases() -> None:
    coming, going = changes(version(), version(LAW)), changes(version(LAW), version())
    assert [(each.kind, each.wider) for each in coming] == [("statute", False), ("narrower", False)]
    assert [(each.kind, each.wider) for each in going] == [("statute", True), ("wider", True)]
    assert going[1].witness is not None
    assert going[1].witness.facts["subject.p1367"] is True


def test_an_exemption_widens_by_certificate() -> None:
    exempt = '[[exempt]]\nroles = ["secondary"]\ntraining = "1367"\nbecause = "b"\n'
    found = [each for each in changes(version(LAW), version(LAW + exempt)) if each.witness]
    assert [each.kind for each in found] == ["wider"]
    assert found[0].witness is not None
    assert (found[0].witness.kind[1], found[0].witness.facts["caller.training"]) == ("secondary", ("1367",))


def test_a_withhold_closes() -> None:
    kept = GRANT + '[[withhold]]\narticle = "II"\nfields = ["Visa.status"]\n'
    assert kinds(version(), version(more=kept)) == ["narrower"] or kinds(version(), version(more=kept)) == ["withheld"]
    assert kinds(version(more=kept), version()) == ["released"]


@pytest.mark.parametrize(
    ("change", "sentence", "wider"),
    [
        ({"status": '"suspended"'}, "CA-CBP-VISA was active and is suspended.", False),
        ({"expires": "2030-01-01"}, "CA-CBP-VISA expires 2030-01-01 instead of 2028-10-01.", True),
        ({"effective": "2024-01-01"}, "CA-CBP-VISA takes effect 2024-01-01 instead of 2023-10-01.", False),
        ({"review_by": "2028-01-01"}, "CA-CBP-VISA is to be reviewed by 2028-01-01 instead of 2027-10-01.", True),
        ({"roles": '["primary"]'}, "CA-CBP-VISA drops the role secondary.", False),
        ({"purposes": '["inspection", "adjudication"]'}, "CA-CBP-VISA adds the purpose adjudication.", True),
        ({"disclosure": '"marked"'}, "CA-CBP-VISA is marked about failing cases; it was silent.", False),
        ({"version": "4"}, "CA-CBP-VISA is version 4; it was 3.", False),
        ({"more": GRANT + "[[obligation]]\nkind = 'audit'\n"}, "CA-CBP-VISA adds the duty audit.", False),
        (
            {"more": GRANT + '[[flow]]\narticle = "V"\nto = "CBP"\nfields = ["Visa.number"]\nuse = "join"\n'},
            "CA-CBP-VISA V lets Visa.number be sent to CBP as join.",
            True,
        ),
        ({"id": '"CA-CBP-NEW"'}, "CA-CBP-VISA@3 of STATE_CA is gone.", False),
        (
            {"id": '"CA-CBP-NEW"'},
            "CA-CBP-NEW@3 is new: STATE_CA gives to CBP, 'Visas to ports of entry'; it is active.",
            False,
        ),
    ],
)
def test_what_the_files_say_is_told(change: dict[str, str], sentence: str, wider: bool) -> None:
    new = Version(policy(agreement(**({"more": GRANT} | change))), GRAPH)
    found = {each.sentence: each.wider for each in changes(version(), new)}
    assert found[sentence] is wider


def test_suspending_takes_away_what_the_agreement_gave() -> None:
    assert kinds(version(), version(status='"suspended"')) == ["withheld"]


def test_the_heaviest_change_comes_first() -> None:
    new = version(more=GRANT.replace('"Visa.status"', '"Visa.status", "Visa.fee"'), version="4")
    weights = [each.weight for each in changes(version(), new)]
    assert weights == sorted(weights, reverse=True)
    assert weights[0] == 100


def test_a_flow_without_consent_names_the_agreement_it_is_missing_from() -> None:
    sent = _Sent(Coordinate("Visa", "status"))
    flow = '[[flow]]\narticle = "V.1"\nto = "CBP"\nfields = ["Visa.status"]\nuse = "input"\n'
    bare = changes(version(), version(sent=(sent,)))
    assert [(each.kind, each.sentence) for each in bare] == [
        (
            "flow-uncovered",
            "reviews: @requires of Review.window now sends Visa.status to CBP; needs STATE_CA's consent; "
            "agreement CA-CBP-VISA lacks it.",
        )
    ]
    agreed = changes(version(more=GRANT + flow), version(more=GRANT + flow, sent=(sent,)))
    assert [each.sentence for each in agreed] == [
        "reviews: @requires of Review.window now sends Visa.status to CBP, as CA-CBP-VISA V.1 lets it."
    ]
    other = changes(version(more=GRANT + flow), version(more=GRANT + flow, sent=(_Sent(sent.coordinate, use="join"),)))
    assert "agreement CA-CBP-VISA article V lacks it" in other[0].sentence
    gone = changes(version(sent=(sent,)), version())
    assert [each.kind for each in gone] == ["flow-gone"]
    unsaid = replace(sent, computes=(Coordinate("Visa", "fee"),))
    assert changes(version(more=GRANT + flow), version(more=GRANT + flow, sent=(unsaid,)))[0].sentence == (
        "reviews: @requires of Review.window now sends Visa.status to CBP; needs STATE_CA's consent to what is computed "
        "from it; agreement CA-CBP-VISA article V.1 does not name Visa.fee in derives."
    )
    stranger = changes(version(), version(sent=(_Sent(sent.coordinate, to="USCIS"),)))
    assert "STATE_CA has no agreement with USCIS" in stranger[0].sentence
