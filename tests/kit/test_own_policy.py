"""The agency's own copy of the agreements, as it is on disk, decides behind the gateway's back."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.caller import Caller
from gateway.identity import Known, load_personas
from gateway.policy import compile_policy, load_bundle
from gateway.policy.vocabulary import Vocabulary
from gateway.supergraph import load_supergraph
from subgraphs.kit.settings import ROOT, Settings
from subgraphs.kit.testing import Asked
from subgraphs.kit.trust import own_policy
from tests.subgraphs.conftest import SubgraphFactory

PERSONAS = load_personas(ROOT / "schema" / "personas.toml")
SUPERGRAPH = ROOT / "schema" / "supergraph.graphql"
READ = 'query { _entities(representations: [{__typename: "Traveler", id: "x"}]) { ... on Traveler { %s } } }'


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return load_bundle(ROOT / "schema").vocabulary


async def with_own_policy(subgraph: SubgraphFactory, name: str) -> Asked:
    app = await subgraph(name)
    app.subgraph.settings = replace(app.subgraph.settings, policy=ROOT / "schema", supergraph=SUPERGRAPH)
    app.subgraph.trust.settings = app.subgraph.settings
    app.subgraph.trust.policy = None
    return app


@pytest.mark.parametrize("name", PERSONAS)
def test_every_persona_speaks_the_vocabulary(name: str, vocabulary: Vocabulary) -> None:
    caller = PERSONAS[name].caller
    known = Known.of(vocabulary)
    assert caller.agency in known.roles[caller.role]
    assert known.pairs is not None
    assert (caller.role, caller.purpose) in known.pairs
    assert not caller.case or vocabulary.case_kind(caller.case, caller.agency) is not None


def test_it_is_the_same_policy_as_the_gateway_s() -> None:
    own = own_policy(Settings(), ())
    bundle, graph = load_bundle(ROOT / "schema"), load_supergraph(SUPERGRAPH.read_text(encoding="utf-8"))
    assert own is not None
    assert own.epoch == compile_policy(bundle, graph).epoch


ASKED = (
    ("admissions", "cbp-secondary-atl", "lookouts { instruction }", 200),
    ("admissions", "consular-officer-nwd", "lookouts { instruction }", 403),
    ("visas", "consular-officer-nwd", "visaApplications { nodes { status consularNotes { text } } }", 200),
    ("visas", "cbp-primary-atl", "visaApplications { nodes { consularNotes { text } } }", 403),
    ("petitions", "ero-officer", "asylumCases { stage }", 403),
    ("petitions", "consular-officer-nwd", "petitions { nodes { rfeReasons } }", 403),
    ("enforcement", "consular-officer-nwd", "criminalHistory { conviction }", 403),
)


@pytest.mark.parametrize(("name", "persona", "selection", "status"), ASKED)
async def test_what_no_agreement_gives_is_refused_at_the_source(
    subgraph: SubgraphFactory, name: str, persona: str, selection: str, status: int
) -> None:
    app = await with_own_policy(subgraph, name)
    answer = await app.send(READ % selection, caller=PERSONAS[persona].caller)
    assert answer.status == status, answer.json()


async def test_a_stranger_s_agency_gets_nothing(subgraph: SubgraphFactory) -> None:
    app = await with_own_policy(subgraph, "visas")
    stranger = Caller("FBI", "consular-officer", "visa-adjudication")
    assert (await app.send(READ % "visas { nodes { visaClass { code } } }", caller=stranger)).status == 403


@pytest.mark.parametrize("damage", ["empty", "missing", "broken"])
async def test_without_a_readable_policy_everything_is_refused(
    subgraph: SubgraphFactory, tmp_path: Path, damage: str
) -> None:
    app = await with_own_policy(subgraph, "admissions")
    folder = tmp_path / damage
    if damage != "missing":
        folder.mkdir()
    if damage == "broken":
        shutil.copytree(ROOT / "schema", folder, dirs_exist_ok=True)
        (folder / "agreements" / "zz-broken.toml").write_text("id = ")
    app.subgraph.trust.settings = replace(app.subgraph.settings, policy=folder)
    answer = await app.send(READ % "lookouts { instruction }", caller=PERSONAS["cbp-secondary-atl"].caller)
    assert (answer.status, answer.code) == (403, "NOT_PERMITTED")


async def test_another_epoch_is_looked_for_as_often_as_the_files_change(
    subgraph: SubgraphFactory, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """From A to B and back, or a gateway ahead of the agency's copy: no subgraph stays behind until a restart."""
    app = await subgraph("travelers")
    page = tmp_path / "vocabulary.toml"
    looked: list[str] = []

    def look(_settings: Settings, _files: object) -> None:
        looked.append(page.read_text())

    monkeypatch.setattr("subgraphs.kit.trust.own_policy", look)
    app.subgraph.trust.settings = replace(app.subgraph.settings, policy=tmp_path)
    app.policy.epoch = "sha256:newer"
    app.subgraph.trust.policy = replace(app.policy, epoch="sha256:older")
    for written in ("a", "bb", "a"):
        page.write_text(written)
        for _ in range(3):
            assert (await app.send('{ search(text: "x") { __typename } }')).status == 200
    assert looked == ["a", "bb", "a"]
