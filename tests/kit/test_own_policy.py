"""The agency's own copy of the agreements, as it is on disk, decides behind the gateway's back."""

from __future__ import annotations

import asyncio
import shutil
import threading
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from gateway.caller import Caller
from gateway.identity import Known, load_personas
from gateway.policy import compile_policy, load_bundle
from gateway.policy.vocabulary import Vocabulary
from gateway.supergraph import load_supergraph
from subgraphs.kit.settings import ROOT, Settings
from subgraphs.kit.testing import Asked
from subgraphs.kit.trust import own_policy
from subgraphs.kit.trust_testing import Denies
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


# ---- a new copy is made ready beside ------------------------------------------------------------------------------------

SEARCH = '{ search(text: "x") { __typename } }'
DENIED = Denies(frozenset({"Query.search"}), epoch="sha256:newer")


@dataclass
class Compiling:
    """Compiles slowly: only once it is let go, and on which thread; what comes out denies the search."""

    app: Asked
    page: Path
    monkeypatch: pytest.MonkeyPatch
    go: threading.Event = field(default_factory=threading.Event)
    begun: threading.Event = field(default_factory=threading.Event)
    threads: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.monkeypatch.setattr("subgraphs.kit.trust.own_policy", self._compile)
        self.app.subgraph.trust.settings = replace(self.app.subgraph.settings, policy=self.page.parent)
        self.page.write_text("new")

    def _compile(self, _settings: Settings, _files: object) -> Denies:
        self.threads.append(threading.get_ident())
        self.begun.set()
        assert self.go.wait(30)
        return DENIED

    async def under(self, epoch: str) -> tuple[int, str]:
        """Status and code of the search under ``epoch``."""
        self.app.policy.epoch = epoch
        answer = await self.app.send(SEARCH)
        return answer.status, "" if answer.status == 200 else answer.code


@pytest_asyncio.fixture
async def compiling(subgraph: SubgraphFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Compiling:
    app = await subgraph("travelers")
    app.subgraph.trust.policy = replace(app.policy, epoch="sha256:older")
    return Compiling(app, tmp_path / "vocabulary.toml", monkeypatch)


async def test_new_files_are_compiled_before_anybody_asks_and_hold_from_the_first_who_does(
    compiling: Compiling,
) -> None:
    compiling.go.set()
    trust = compiling.app.subgraph.trust
    await trust.look()
    assert compiling.threads == [], "somebody may still be writing them"
    await trust.look()
    await trust.look()
    assert len(compiling.threads) == 1
    assert compiling.threads[0] != threading.get_ident()
    assert await compiling.under("sha256:older") == (200, "")  # nobody has asked under the new one yet
    assert await compiling.under("sha256:newer") == (403, "NOT_PERMITTED")
    assert await compiling.under("sha256:older") == (403, "NOT_PERMITTED")  # never more than the newest gives
    assert await compiling.under("sha256:newest") == (403, "NOT_PERMITTED")
    await trust.look()
    await trust.look()
    assert len(compiling.threads) == 1, "somebody's request compiled it again"


async def test_who_asks_under_what_is_not_compiled_waits_and_nobody_else_does(compiling: Compiling) -> None:
    compiling.app.policy.epoch = "sha256:newer"
    waiting = asyncio.create_task(compiling.app.send(SEARCH))
    await asyncio.to_thread(compiling.begun.wait, 30)
    assert await compiling.under("sha256:older") == (200, "")
    assert not waiting.done()
    compiling.go.set()
    answer = await waiting
    assert (answer.status, answer.code) == (403, "NOT_PERMITTED")


async def test_the_old_copy_does_not_answer_in_the_place_of_one_that_takes_too_long(
    compiling: Compiling, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("subgraphs.kit.trust.LATE", 0.01)
    try:
        assert await compiling.under("sha256:newer") == (503, "POLICY_LATE")
        assert await compiling.under("sha256:older") == (200, "")
    finally:
        compiling.go.set()


async def test_what_was_made_ready_for_other_files_is_not_gone_by(compiling: Compiling) -> None:
    """Files that changed again since are compiled again: beside for who asks, and at the latest before they are gone by."""
    compiling.go.set()
    trust = compiling.app.subgraph.trust
    await trust.look()
    await trust.look()
    compiling.page.write_text("newer still")
    assert await compiling.under("sha256:newest") == (403, "NOT_PERMITTED")
    assert len(compiling.threads) == 2
    assert threading.get_ident() not in compiling.threads, "a request compiled them"
    compiling.page.write_text("newer than the newest")
    await trust.look()
    await trust.look()
    compiling.page.write_text("and changed between this look and the request")
    assert trust._policy("sha256:last") is DENIED
    assert len(compiling.threads) == 4


async def test_a_look_that_fails_is_told_and_not_the_last(
    subgraph: SubgraphFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    trust, looks = (await with_own_policy(subgraph, "travelers")).subgraph.trust, [0]
    trust.prepare()

    async def look() -> None:
        looks[0] += 1
        raise asyncio.CancelledError if looks[0] == 3 else OSError("a disk that is away")

    async def pause(_seconds: float) -> None: ...

    monkeypatch.setattr(type(trust), "look", lambda _trust: look())
    with capture_logs() as told, pytest.raises(asyncio.CancelledError):
        await trust.watching(pause)
    assert [(each["log_level"], each["error"]) for each in told] == [("error", "OSError")] * 2


async def test_a_subgraph_that_runs_watches_its_files(subgraph: SubgraphFactory, tmp_path: Path) -> None:
    app = await subgraph("travelers")
    trust, looks = app.subgraph.trust, 0
    shutil.copytree(ROOT / "schema", tmp_path / "schema")
    trust.settings = replace(app.subgraph.settings, policy=tmp_path / "schema", supergraph=SUPERGRAPH)

    async def pause(_seconds: float) -> None:
        nonlocal looks
        looks += 1
        if looks > 4:
            raise asyncio.CancelledError
        if looks == 2:
            (tmp_path / "schema" / "agreements" / "zz-broken.toml").write_text("id = ")

    await trust.watching(pause)
    assert looks == 0, "its policy was given, there is nothing to watch"
    trust.policy = None
    trust.prepare()
    own = trust.policy
    with pytest.raises(asyncio.CancelledError):
        await trust.watching(pause)
    assert trust._coming is not None, "nobody looked"
    await trust.ready("another")
    assert trust._policy("another") is own, "a broken page changes nothing"
