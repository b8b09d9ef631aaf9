"""What if: the same questions asked under the other policy in earnest, and what the replay of the record said of them."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.audit import Search, search
from gateway.coordinates import Coordinate
from gateway.policy import Policy, compile_policy, load_bundle, read_bundle
from gateway.sharing import Replay
from gateway.web.explorer import ready_queries
from tests.scenarios.asking import ROOT, TODAY, open_world, seed_world
from tests.sharing.test_drafting import BUNDLE, GRAPH, drafted
from tests.web.client import Face

GIVEN = ("ALLOW", "MASK")


def policy_with(pages: dict[str, str]) -> Policy:
    return compile_policy(read_bundle({**BUNDLE.pages, **pages}), GRAPH.supergraph)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("replay")
    seed_world(folder)
    return folder


async def asked(folder: Path, schema: Path) -> dict[tuple[str, str], dict[str, Counter[str]]]:
    """What the ready queries were given and refused, by (operation, agency): coordinate to a count of outcomes."""
    found: dict[tuple[str, str], dict[str, Counter[str]]] = {}
    async with open_world(folder, schema) as opened:
        face = Face(opened.opened)
        for each in ready_queries():
            answered = await face.ask(each["query"], each["persona"], variables=each["variables"])
            assert answered.status == 200, answered.page
        for record in opened.kept.records.values():
            page = record.as_json()
            outcomes = found.setdefault((page["operation"]["name"], page["caller"]["agency"]), {})
            for item in page["disclosed"]:
                outcomes.setdefault(item["coordinate"], Counter())[item["outcome"]] += item["count"] or 1
    return found


def changed(old: str, new: str) -> Callable[[str], str]:
    def apply(text: str) -> str:
        assert old in text
        return text.replace(old, new)

    return apply


PROPOSALS: dict[str, Callable[[str], str]] = {
    "state_ca-cbp-visa.toml": changed('{ attr = "case.kind", is = "inspection" }', '{ attr = "case.kind", is = "arrival" }'),
    "state_eca-cbp-sponsor.toml": changed('roles = ["cbp-secondary"', 'roles = ["cbp-primary", "cbp-secondary"'),
    "uscis-state_ca-petition.toml": changed('"Petition.status", ', ""),
}  # fmt: skip
"""A condition that nobody meets any more, which closes a link as well; a role more; a field less."""


@pytest.mark.slow
async def test_what_the_replay_is_sure_of_is_what_happens_in_earnest(world: Path, tmp_path: Path) -> None:
    """The oracle: a second house under the proposals answers the same questions over the same data."""
    schema = tmp_path / "schema"
    shutil.copytree(ROOT / "schema", schema)
    for file, change in PROPOSALS.items():
        page = schema / "agreements" / file
        page.write_text(change(page.read_text()))
    before = await asked(world, ROOT / "schema")
    log = world / "record" / "record.sqlite3"
    after = compile_policy(load_bundle(schema), GRAPH.supergraph)
    shutil.copytree(world / "data", tmp_path / "data")
    shutil.copytree(world / "keys", tmp_path / "keys")
    now = await asked(tmp_path, schema)

    def given(found: dict[str, Counter[str]], coordinate: str) -> int:
        return sum(found.get(coordinate, Counter())[word] for word in GIVEN)

    sure: Counter[str] = Counter()
    for found in search(log, Search(kind="release"), limit=100)[0]:
        one = Replay(GRAPH.policy.compiled, after.compiled, TODAY, GRAPH.supergraph.api_schema)
        one.take(found.record)
        key = (found.record["operation"]["name"], found.record["caller"]["agency"])
        verdicts = {verdict: tally.fields for (_, verdict), tally in one.tallies.items()}
        unsure = verdicts.get("cannot-tell", {})
        for verdict, fields in verdicts.items():
            for coordinate in fields.keys() - unsure.keys():
                was, will = given(before[key], coordinate), given(now[key], coordinate)
                sure[verdict] += 1
                assert verdict == ("withheld" if was > will else "released" if was < will else "same"), (
                    key,
                    coordinate,
                )
        for coordinate in before[key].keys() - set().union(*verdicts.values()):
            if GRAPH.policy.governed(Coordinate.parse(coordinate)):
                assert given(before[key], coordinate) == given(now[key], coordinate), (key, coordinate)
    assert sure["withheld"] > 10
    print("sure of", dict(sure))


# -- by hand ----

ATOMS = {"case.state is open": "true", "subject.id same as case.subject": "true", "subject.p1367 is true": "false",
         "subject.p1367 is false": "true", "subject.sealed is true": "false",
         "record.formType in [I914, I918]": "false", "record.formType is I589": "false",
         "record.classification.code in [T1, T2, T3, T4, T5, U1, U2, U3, U4, U5, 204B21, B21, B22, B23]": "false"}  # fmt: skip
CALLER = {"agency": "CBP", "role": "cbp-primary", "purpose": "border-inspection-primary", "case": "INS-1",
          "user": "u", "location": "NYC", "token_id": ""}  # fmt: skip


def record(*items: dict[str, Any], subjects: tuple[str, ...] = ("2026-11.a",), text: str = "") -> dict[str, Any]:
    return {"kind": "release", "caller": CALLER, "disclosed": list(items), "subjects": list(subjects),
            "operation": {"text": text}}  # fmt: skip


def item(coordinate: str, outcome: str = "DENY", count: int = 0, atoms: dict[str, str] | None = None) -> dict[str, Any]:
    truths = [{"count": count, "atoms": atoms}] if atoms is not None else []
    return {"coordinate": coordinate, "outcome": outcome, "owner": "USCIS", "count": count, "mask": "", "reason": "",
            "agreement": "", "version": 0, "article": "", "truths": truths}  # fmt: skip


def verdicts(page: dict[str, Any], text: str = "", **more: Any) -> dict[str, dict[str, int]]:
    after = policy_with({"agreements/proposed.toml": text or drafted()})
    replay = Replay(GRAPH.policy.compiled, after.compiled, TODAY + timedelta(hours=1), GRAPH.supergraph.api_schema)
    replay.take(page, "a1/0", **more)
    return {verdict: tally.fields for (_, verdict), tally in replay.tallies.items()}


def test_a_refusal_whose_conditions_are_all_known_is_released() -> None:
    assert verdicts(record(item("Petition.status", "DENY", 2, ATOMS))) == {"released": {"Petition.status": 1}}


@pytest.mark.parametrize("name", ["case.state is open", "subject.id same as case.subject"])
def test_a_condition_that_was_not_met_keeps_it_withheld(name: str) -> None:
    assert verdicts(record(item("Petition.status", "DENY", 2, {**ATOMS, name: "false"}))) == {}


@pytest.mark.parametrize("name", sorted({*ATOMS} - {"subject.p1367 is false"}))
def test_a_condition_that_nobody_weighed_leaves_it_open(name: str) -> None:
    without = {each: said for each, said in ATOMS.items() if each != name}
    assert verdicts(record(item("Petition.status", "DENY", 2, without))) == {"cannot-tell": {"Petition.status": 1}}
    unknown = {**ATOMS, name: "unknown"}
    assert verdicts(record(item("Petition.status", "DENY", 2, unknown))) == {"cannot-tell": {"Petition.status": 1}}


def test_a_statute_that_held_is_never_replayed_away() -> None:
    protected = {**ATOMS, "subject.p1367 is true": "true", "subject.p1367 is false": "false"}
    assert verdicts(record(item("Petition.status", "ABSENT", 2, protected))) == {}


def test_conditions_of_the_whole_request_are_taken_from_any_coordinate_and_those_of_a_person_where_it_is_one() -> None:
    free = {"case.state is open": "false"}
    other = item("Visa.status", "ALLOW", 1, free)
    assert verdicts(record(item("Petition.status"), other)) == {}
    assert verdicts(record(item("Petition.status"), other), pooled=False) == {"cannot-tell": {"Petition.status": 1}}
    person = item("Visa.status", "ALLOW", 1, {"subject.id same as case.subject": "false"})
    assert verdicts(record(item("Petition.status"), person)) == {}
    two = record(item("Petition.status"), person, subjects=("2026-11.a", "2026-11.b"))
    assert verdicts(two) == {"cannot-tell": {"Petition.status": 1}}
    of_record = item("BenefitRequest.status", "ALLOW", 1, {"record.formType is I589": "true"})
    assert verdicts(record(item("Petition.status"), of_record)) == {"cannot-tell": {"Petition.status": 1}}


def test_what_was_asked_for_behind_a_closed_link_is_counted_and_how_much_there_is_nobody_knows() -> None:
    text = """query Q($r: ID!) { petition(receiptNumber: $r) { ...P petitioner { name } } }
        fragment P on Petition { status formType }"""
    free = item("Visa.status", "ALLOW", 1, ATOMS)
    closed = item("Query.petition")
    assert verdicts(record(closed, free, text=text)) == {"cannot-tell": {"Petition.status": 1}}
    shut = item("Visa.status", "ALLOW", 1, {**ATOMS, "case.state is open": "false"})
    assert verdicts(record(closed, shut, text=text)) == {}
    assert verdicts(record(closed, free, text="{")) == {}


def test_a_mask_that_changes_is_neither_released_nor_withheld() -> None:
    page = BUNDLE.pages["agreements/uscis-state_ca-petition.toml"]
    assert "LAST4" in page.upper()
    after = policy_with({"agreements/uscis-state_ca-petition.toml": page.replace("last4", "hashed-ref").replace("LAST4", "HASHED_REF").replace("last-4", "hashed-ref")})  # fmt: skip
    replay = Replay(GRAPH.policy.compiled, after.compiled, TODAY)
    atoms = {
        "case.kind is visa-application": "true", "case.location same as caller.location": "true",
        "case.state is open": "true", "caller.location is KCC": "false", "case.status is ISSUED": "false",
        "record.formType in [I129, I129S, I130, I140, I360, I526E]": "true", "record.receivedOn within P10Y": "true",
        **ATOMS,
    }  # fmt: skip
    officer = {**CALLER, "agency": "STATE_CA", "role": "consular-officer", "purpose": "visa-adjudication"}
    masked = {**item("Petitioner.ein", "MASK", 1, atoms), "mask": "LAST4"}
    replay.take({**record(masked), "caller": officer})
    assert {verdict: tally.fields for (_, verdict), tally in replay.tallies.items()} == {
        "remasked": {"Petitioner.ein": 1}
    }


def test_the_same_policy_changes_nothing_and_every_decision_is_counted() -> None:
    replay = Replay(GRAPH.policy.compiled, policy_with({}).compiled, TODAY)
    replay.take(
        record(item("Petition.status", "DENY", 2, ATOMS), item("Visa.status", "ALLOW", 1, ATOMS), item("Query.visa"))
    )
    assert (replay.tallies, replay.records, replay.decisions) == ({}, 1, 3)
