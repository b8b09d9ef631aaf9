"""Each check of a subgraph's trust by itself: keys read anew, what a grant covers, what counts once (from the mutation sweep)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from graphql import parse

from gateway.coordinates import Coordinate
from gateway.errors import IdentityError
from gateway.identity import Assertion, SigningKey, sign_assertion
from subgraphs.kit import trust as rooms
from subgraphs.kit.errors import Refusal
from subgraphs.kit.operations import Prepared
from subgraphs.kit.settings import Settings
from subgraphs.kit.testing import NOW, OFFICER
from subgraphs.kit.trust import KEYS_FOR, PolicyCopy, Trust, own_policy, stamp_of
from subgraphs.kit.trust_testing import Denies, Verdict

BODY = b'{"query": "{ a }"}'
SECOND = timedelta(seconds=1)


@dataclass
class Disk:
    """The key set on disk, counted as it is read, and a clock."""

    key: SigningKey
    monkeypatch: pytest.MonkeyPatch
    now: datetime = NOW
    reads: int = 0

    def __post_init__(self) -> None:
        self.monkeypatch.setattr(rooms, "load_public_keys", self._load)

    def _load(self, folder: Path, name: str) -> Any:
        self.reads += 1
        return self.key.public()

    def trust(self) -> Trust:
        """A trust that reads its keys here."""
        return Trust("visas", Settings(), clock=lambda: self.now, policy=Denies())

    def read(self, trust: Trust, key: SigningKey | None = None, **changes: Any) -> str:
        """ "" where the assertion holds, else the code of what is wrong with it."""
        about: dict[str, Any] = {"audience": "visas", "caller": OFFICER, "epoch": "e", "grants": {}, "body": BODY}
        token = sign_assertion(key or self.key, **(about | {"at": self.now} | changes))
        try:
            trust.assertion(token, BODY)
        except IdentityError as error:
            return error.code
        return ""


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(SigningKey.generate(), monkeypatch)


def test_keys_from_disk_are_read_again_after_a_minute_and_not_before(disk: Disk) -> None:
    trust = disk.trust()
    for wait, reads in ((timedelta(), 1), (KEYS_FOR - SECOND, 1), (SECOND, 2), (KEYS_FOR - SECOND, 2), (SECOND, 3)):
        disk.now += wait
        assert disk.read(trust) == ""
        assert disk.reads == reads


def test_a_key_that_was_taken_back_counts_no_more_after_a_minute(disk: Disk) -> None:
    trust, old = disk.trust(), disk.key
    assert disk.read(trust) == ""
    disk.key = SigningKey.generate()
    disk.now += KEYS_FOR
    assert disk.read(trust, old) == "ASSERTION_UNKNOWN_KEY"


def test_a_new_key_is_looked_for_at_once_but_not_more_than_once_a_second(disk: Disk) -> None:
    trust = disk.trust()
    assert disk.read(trust) == ""
    disk.key = SigningKey.generate()
    assert disk.read(trust) == ""
    assert disk.reads == 2
    stranger = SigningKey.generate()
    for wait, reads in ((timedelta(), 2), (SECOND / 2, 2), (SECOND / 2, 3), (SECOND / 2, 3), (SECOND / 2, 4)):
        disk.now += wait
        assert disk.read(trust, stranger) == "ASSERTION_UNKNOWN_KEY"
        assert disk.reads == reads


def test_what_is_wrong_otherwise_is_no_reason_to_look_for_keys(disk: Disk) -> None:
    trust = disk.trust()
    assert disk.read(trust, audience="petitions") == "ASSERTION_WRONG_AUDIENCE"
    assert disk.reads == 1


def test_keys_that_were_given_stay(disk: Disk) -> None:
    trust = disk.trust()
    trust.keys = disk.key.public()
    disk.now += KEYS_FOR
    assert disk.read(trust, SigningKey.generate()) == "ASSERTION_UNKNOWN_KEY"
    assert disk.reads == 0


def assertion(name: str = "a1", **grants: str) -> Assertion:
    return Assertion(
        "visas", OFFICER, "sha256:test", {each.replace("_", "."): grant for each, grant in grants.items()}, NOW, name,
        NOW + timedelta(minutes=1),
    )  # fmt: skip


def operation(*coordinates: str, kind: str = "query") -> Prepared:
    return Prepared(parse("{ a }"), None, kind, frozenset(coordinates), (), service=False, introspection=False)


def admits(trust: Trust, given: Assertion, asked: Prepared) -> bool:
    try:
        trust.admit(given, asked, {})
    except Refusal:
        return False
    return True


def trusting(policy: PolicyCopy | None, **changes: Any) -> Trust:
    return Trust(
        "visas", Settings(policy=Path("/nowhere")), frozenset({"Visa.id"}), lambda: NOW, policy=policy, **changes
    )


def test_a_key_field_is_free_as_a_key_only() -> None:
    trust = trusting(Denies(denied=frozenset({"Visa.id", "Visa.foil"})))
    assert admits(trust, assertion(Visa_id="key"), operation("Visa.id"))
    assert not admits(trust, assertion(Visa_id="allow"), operation("Visa.id"))
    assert not admits(trust, assertion(Visa_id="fact"), operation("Visa.id"))
    assert not admits(trust, assertion(Visa_foil="key"), operation("Visa.foil"))


@pytest.mark.parametrize("grant", ["allow", "fact", "key", "conditional", "mask:LAST4"])
def test_without_a_policy_nothing_is_given(grant: str) -> None:
    assert not admits(trusting(None), assertion(Visa_foil=grant), operation("Visa.foil"))


def test_what_may_be_read_as_a_fact_follows_the_policy_in_force() -> None:
    denied = frozenset({"Visa.foil"})
    trust = trusting(Denies(denied=denied, facts=denied))
    asked, given = operation("Visa.foil"), assertion(Visa_foil="fact")
    assert admits(trust, given, asked)
    trust.policy = Denies(denied=denied)
    assert not admits(trust, given, asked)


def test_one_assertion_changes_something_once_until_it_expires() -> None:
    trust, change = trusting(Denies()), operation("Mutation.revoke", kind="mutation")
    now = NOW
    trust.clock = lambda: now
    assert admits(trust, assertion(Mutation_revoke="allow"), change)
    assert not admits(trust, assertion(Mutation_revoke="allow"), change)
    assert admits(trust, assertion("a2", Mutation_revoke="allow"), change)
    assert trust._spent.keys() == {"a1", "a2"}
    now = NOW + timedelta(minutes=1)  # both have expired: no request could use them
    assert admits(trust, assertion("a3", Mutation_revoke="allow"), change)
    assert trust._spent.keys() == {"a3"}


@dataclass
class Decides(Denies):
    """A policy that says the same of every coordinate, and keeps the facts it was given."""

    verdict: Verdict = field(default_factory=lambda: Verdict("ALLOW"))
    seen: list[Mapping[str, Any]] = field(default_factory=list)

    def decide(self, caller: Any, coordinate: Coordinate, facts: Mapping[str, Any], at: datetime) -> Verdict:
        """The verdict, whatever is asked."""
        self.seen.append(facts)
        return self.verdict


@pytest.mark.parametrize(
    ("outcome", "settled", "clear"),
    [
        ("ALLOW", True, True),
        ("MASK", True, False),
        ("DENY", True, False),
        ("DENY", False, True),
        ("ABSENT", False, True),
    ],
)
def test_a_search_goes_by_what_a_caller_can_read_in_clear(outcome: str, settled: bool, clear: bool) -> None:
    policy = Decides(verdict=Verdict(outcome, settled))
    assert trusting(policy).clear(assertion(), "Visa.foil", {"record.a": 1}) is clear
    assert policy.seen == [{"record.a": 1}]


def test_without_a_policy_a_search_finds_nothing() -> None:
    assert trusting(None).clear(assertion(), "Visa.foil", {}) is False


def test_the_copy_is_read_before_the_first_request_and_only_where_there_is_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read: list[Settings] = []

    def reading(settings: Settings, files: Any) -> Denies:
        read.append(settings)
        return Denies()

    monkeypatch.setattr(rooms, "own_policy", reading)
    given = trusting(Denies())
    given.prepare()
    assert read == []
    trust = Trust("visas", Settings())
    trust.prepare()
    assert trust.policy is not None
    assert len(read) == 1
    trust.prepare()
    assert len(read) == 1


def test_a_copy_that_cannot_be_read_is_told_to_the_operators(tmp_path: Path) -> None:
    settings = Settings(policy=tmp_path, supergraph=tmp_path / "none.graphql")
    with structlog.testing.capture_logs() as logs:
        assert own_policy(settings, stamp_of(settings)) is None
    assert [each["log_level"] for each in logs] == ["error"]
    assert logs[0]["folder"] == str(tmp_path)


def test_the_agencys_copy_is_looked_at_again_for_another_epoch_and_for_no_other_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An assertion under the epoch of the copy asks no disk; one under another has the files looked at, each time."""
    looked: list[str] = []
    files = iter(f"state {number}" for number in range(9))

    def stamp(_settings: Settings) -> Any:
        looked.append(next(files))
        return looked[-1]

    monkeypatch.setattr(rooms, "stamp_of", stamp)
    monkeypatch.setattr(rooms, "own_policy", lambda _settings, _files: None)
    held = Denies()
    trust = Trust("visas", Settings(), policy=held)

    assert trust._policy(held.epoch) is held
    assert looked == []
    assert trust._policy("another") is held  # what it has stays where nothing better can be read
    assert trust._policy("another") is held
    assert looked == ["state 0", "state 1"]
