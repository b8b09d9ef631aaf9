"""A7, A8, A25: what is denied is never sent, what is missing denies everything, what is not on record does not leave."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.config import Settings
from gateway.coordinates import Coordinate
from gateway.errors import IdentityError, PolicyError, RecordUnavailable
from gateway.house import Question
from gateway.opening import open_graph, open_house, open_unrestricted
from gateway.pipeline import answer
from gateway.policy import Outcome
from tests.policy.kit import decide, policy
from tests.scenarios.asking import ROOT, TODAY, Asker, World

STORY = "TRV-01KST0RY0000000000000000"

# ---- A7 -------------------------------------------------------------------------------------------------------------------

DENIED = {
    "cbp-primary-nyc": ("petitions { nodes { status wageAnnualUsd } }", ("wageAnnualUsd", "petitions {")),
    "ero-officer": (
        "visaApplications { nodes { status } } visas { nodes { foilNumber } }",
        ("foilNumber", "visaApplications"),
    ),
    "vsp-agent-cairo": (
        "removalCases { nodes { charges } } detentions: enforcementEncounters { nodes { kind } }",
        ("charges",),
    ),
}


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("who", DENIED)
async def test_a07_a_statically_denied_field_is_in_no_request(ask: Asker, world: World, who: str) -> None:
    """Recorded traffic: the word is in no body that any subgraph was sent."""
    fields, words = DENIED[who]
    found = await ask(
        who,
        f"query($t: ID!) {{ traveler(id: $t) {{ id {fields} }} }}",
        t=STORY + {"cbp-primary-nyc": "06", "ero-officer": "25", "vsp-agent-cairo": "03"}[who],
    )
    assert any(entry["outcome"] == "DENY" for entry in found.page["extensions"]["sharing"])
    for word in words:
        assert word not in world.traffic.bodies()


@pytest.mark.asyncio(loop_scope="session")
async def test_a07_a_denied_mutation_is_never_sent(ask: Asker, world: World) -> None:
    """Somebody else's change, aliased and beside a query field: null with the reason, and no subgraph hears of it."""
    found = await ask(
        "cbp-primary-nyc",
        """mutation { a: revokeVisa(input: {foilNumber: "S2900002", kind: PRUDENTIAL, ground: "x"}) { foilNumber }
        b: revokeVisa(input: {foilNumber: "S2900001", kind: PRUDENTIAL, ground: "x"}) { status } }""",
    )
    assert found.data == {"a": None, "b": None}
    assert {entry["outcome"] for entry in found.page["extensions"]["sharing"]} == {"DENY"}
    assert "revokeVisa" not in world.traffic.bodies()


# ---- A8 -------------------------------------------------------------------------------------------------------------------


def copied(tmp_path: Path) -> Path:
    """A copy of the schema folder, to break."""
    target = tmp_path / "schema"
    shutil.copytree(ROOT / "schema", target)
    return target


def test_a08_without_agreements_everything_is_denied() -> None:
    """An empty bundle: not one coordinate that holds data is given to anybody."""
    made = policy()
    for coordinate, entry in made.catalogue.entries.items():
        if entry.governed:
            assert decide(made, str(coordinate)).outcome is not Outcome.ALLOW


@pytest.mark.parametrize("broken", ["vocabulary", "one agreement", "a prohibition", "supergraph", "everything"])
def test_a08_a_policy_that_cannot_be_read_does_not_start(tmp_path: Path, broken: str) -> None:
    """Missing, empty, malformed: no graph is opened, and the error names the file."""
    schema = copied(tmp_path)
    if broken == "vocabulary":
        (schema / "vocabulary.toml").unlink()
    elif broken == "one agreement":
        (schema / "agreements" / "state_ca-cbp-visa.toml").write_text("id = [", encoding="utf-8")
    elif broken == "a prohibition":
        (schema / "prohibitions" / "usc-1367.toml").write_text('effect = "allow"', encoding="utf-8")
    elif broken == "supergraph":
        (schema / "supergraph.graphql").unlink()
    else:
        shutil.rmtree(schema)
    with pytest.raises(PolicyError) as refused:
        open_graph(schema, at=TODAY)
    assert refused.value.mistakes


def test_a08_without_its_laws_the_bundle_is_still_closed(tmp_path: Path) -> None:
    """With every agreement gone the graph refuses to open (its joins are uncovered); nothing falls open."""
    schema = copied(tmp_path)
    for path in (schema / "agreements").iterdir():
        path.unlink()
    with pytest.raises(PolicyError) as refused:
        open_graph(schema, at=TODAY)
    assert refused.value.code in ("FLOW_MISSING", "POLICY_INVALID")


def test_a08_without_an_issuer_nobody_is_answered(tmp_path: Path) -> None:
    """In production a house whose tokens nobody vouches for does not open."""
    with pytest.raises(IdentityError) as refused:
        open_house(Settings(mode="production", schema=ROOT / "schema", var=tmp_path, today=None))
    assert refused.value.code == "ISSUER_UNSET"


def test_a08_the_governed_graph_is_never_served_unrestricted(tmp_path: Path) -> None:
    """There is no off switch: the explicit policy for open graphs refuses one classified field."""
    text = (ROOT / "schema" / "supergraph.graphql").read_text(encoding="utf-8")
    with pytest.raises(PolicyError, match="governed"):
        open_unrestricted(text, Settings(var=tmp_path))


def test_a08_an_error_inside_a_decision_is_a_denial(house: World) -> None:
    """Facts that cannot be compared, callers that cannot be: never an exception, never ALLOW."""
    made = house.opened.graph.policy
    asker = Asker(house).caller("cbp-primary-nyc")
    odd: Any = object()
    strange: tuple[dict[str, Any], ...] = ({"record.status": odd}, {"case.state": [[]]}, {"subject.id": {"a": 1}})
    for facts in strange:
        decision = made.decide(asker, Coordinate("Visa", "status"), facts, TODAY)
        assert decision.outcome is not Outcome.ALLOW
    assert made.decide(odd, Coordinate("Visa", "status"), {}, TODAY).outcome is Outcome.DENY


# ---- A25 ------------------------------------------------------------------------------------------------------------------


class Full:
    """A record on a disk without room."""

    def __init__(self) -> None:
        self.tried = 0

    async def append(self, record: Any) -> Any:
        """Always refuses."""
        self.tried += 1
        raise RecordUnavailable("RECORD_UNAVAILABLE", "The record cannot be written.")


@pytest.mark.asyncio(loop_scope="session")
async def test_a25_what_is_not_on_record_does_not_leave(ask: Asker, world: World) -> None:
    """A full disk: 503 and not a byte of data, for queries, introspection and denials alike."""
    full = Full()
    house = replace(world.opened.house, record=full)
    queries = (
        "{ __typename }",
        "{ __schema { queryType { name } } }",
        f'{{ traveler(id: "{STORY}06") {{ id petitions {{ totalCount }} }} }}',
    )
    for query in queries:
        with pytest.raises(RecordUnavailable) as refused:
            await answer(Question(query), ask.caller("cbp-primary-nyc"), world.opened.graph, house)
        assert refused.value.status == 503
    assert full.tried == len(queries)


@pytest.mark.asyncio(loop_scope="session")
async def test_a25_every_answer_is_on_record_before_it_leaves(ask: Asker, world: World) -> None:
    """Fifty at once: each answered number is in the record, with the hash of exactly the bytes that left.

    Kill -9 in a loop, edits, drops, reorderings, truncation and forks: tests/audit.
    """
    query = f'{{ traveler(id: "{STORY}06") {{ id names {{ family }} }} }}'
    answers = await asyncio.gather(*(ask("cbp-primary-nyc", query) for _ in range(50)))
    assert len({each.request_id for each in answers}) == 50
    for each in answers:
        assert world.record(each)["answer"]["bytes"] == len(each.body)
