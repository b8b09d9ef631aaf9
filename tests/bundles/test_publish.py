"""``gateway publish`` as somebody types it, and a gateway that starts from what it made."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.activation import settle
from gateway.bundles import BundleFolder, read_keys, remembered
from gateway.config import Settings, read_settings
from gateway.errors import PolicyError
from tests.bundles.publishing import NOON, VISA, Publisher, signer
from tests.cli.conftest import Gateway, composed, gateway, schema, told

__all__ = ["composed", "gateway", "schema"]


@pytest.fixture
def to(gateway: Gateway, tmp_path: Path) -> list[str]:
    """Where to publish, with which key, by whom and why."""
    made = gateway("publish", "--keygen", "state.example/publisher", "--key", tmp_path / "publisher.key")
    assert made.exit_code == 0, made.output
    assert made.output.endswith((tmp_path / "publisher.key.pub").read_text())
    return ["--bundles", str(tmp_path / "bundles"), "--key", str(tmp_path / "publisher.key"),
            "--author", "ruth.okafor", "--reason", "a test"]  # fmt: skip


@pytest.mark.slow
def test_publish_list_and_roll_back(gateway: Gateway, schema: Path, to: list[str], tmp_path: Path) -> None:
    first = gateway("publish", *to, "--schema", schema, "--in", "0")
    assert first.exit_code == 0, first.output
    assert "published version 1" in first.output
    text = (schema / VISA).read_text(encoding="utf-8")
    (schema / VISA).write_text(text.replace("version = 3", "version = 4", 1), encoding="utf-8")
    second = gateway("publish", *to, "--schema", schema, "--in", "7200")
    assert second.exit_code == 0, second.output
    assert f"  ~ {VISA}" in second.output.splitlines()
    late = gateway("publish", *to, "--rollback", "1", "--at", "2099-01-01T00:00Z")
    assert late.stderr.startswith("FLOW_MISSING"), "the agreements have ended by then"
    tried = gateway("publish", *to, "--rollback", "1", "--dry-run")
    assert "would publish version 3" in tried.output
    unknown = gateway("publish", *to, "--rollback", "1", "--label", "no-such=5")
    assert unknown.stderr.startswith("LABELS_WRONG"), unknown.output
    third = json.loads(gateway("publish", *to, "--rollback", "1", "--in", "3600", "--json").stdout)
    assert (third["version"], third["republishes"], third["changes"]) == (3, 1, [f"~ {VISA}"])
    keys = tmp_path / "publisher.key.pub"
    listed = gateway(
        "publish", "--list", "--bundles", tmp_path / "bundles", "--publisher-key", keys
    ).output.splitlines()
    assert [line.split()[:2] for line in listed] == [["1", "in"], ["2", "coming"], ["3", "coming"]]
    assert listed[2].endswith("ruth.okafor: a test (version 1 again)")
    folder = BundleFolder(tmp_path / "bundles", read_keys(keys))
    one, two, three = (folder.read(version) for version in (1, 2, 3))
    assert dict(one.pages) == dict(three.pages) != dict(two.pages)
    assert (two.manifest.previous, three.manifest.previous) == (one.digest, two.digest)
    assert one.manifest.epoch == three.manifest.epoch != two.manifest.epoch
    (tmp_path / "bundles" / "00000002.bundle").write_bytes(b"")
    listed = gateway(
        "publish", "--list", "--bundles", tmp_path / "bundles", "--publisher-key", keys
    ).output.splitlines()
    assert listed[1].split() == ["2", "refused", "BUNDLE_MALFORMED"]


@pytest.mark.slow
def test_what_check_refuses_is_not_published(gateway: Gateway, schema: Path, to: list[str], tmp_path: Path) -> None:
    text = (schema / VISA).read_text(encoding="utf-8")
    (schema / VISA).write_text(text.replace('status = "active"', 'status = "suspended"', 1), encoding="utf-8")
    done = gateway("publish", *to, "--schema", schema)
    assert done.exit_code == 1
    assert done.stderr.startswith("CHECK_FAILED")
    assert "POLICY_EXAMPLE_FAILS" in done.stderr
    assert "GENERATED_FILE_STALE" in done.stderr
    assert not (tmp_path / "bundles").exists()


@pytest.mark.parametrize(
    ("left_out", "code"),
    [("--bundles", "PUBLISH_INCOMPLETE"), ("--key", "PUBLISH_INCOMPLETE"), ("--author", "PUBLISH_INCOMPLETE"),
     ("--reason", "PUBLISH_INCOMPLETE")],
)  # fmt: skip
def test_who_where_and_why_have_to_be_said(gateway: Gateway, to: list[str], left_out: str, code: str) -> None:
    place = to.index(left_out)
    said = told(gateway("publish", *to[:place], *to[place + 2 :], TWS_BUNDLES=""), code)
    assert left_out in said


# -- a gateway's start


def settings(publisher: Publisher, tmp_path: Path) -> Settings:
    return Settings(var=tmp_path / "var", bundles=publisher.path, publisher_key=publisher.public, today=NOON)


@pytest.fixture
def publisher(tmp_path: Path) -> Publisher:
    """Somebody who publishes to a folder of this test."""
    return Publisher(tmp_path / "bundles", tmp_path / "schema")


def test_a_start_takes_what_is_in_force(publisher: Publisher, tmp_path: Path) -> None:
    first = publisher.publish(NOON)
    publisher.suspend()
    publisher.publish(NOON + timedelta(hours=1))
    found, standing = settle(settings(publisher, tmp_path), NOON)
    assert standing is not None
    assert (standing.version, standing.digest, standing.refused) == (1, first.digest, ())
    assert (found.schema / VISA).read_text() == first.pages[VISA]
    assert remembered(tmp_path / "var").version == 1
    found, standing = settle(settings(publisher, tmp_path), NOON + timedelta(hours=2))
    assert standing is not None
    assert standing.version == 2
    # taken back out of the folder: the older one does not hold again
    publisher.folder.file(2).unlink()
    with pytest.raises(PolicyError) as caught:
        settle(settings(publisher, tmp_path), NOON + timedelta(hours=2))
    assert caught.value.code == "BUNDLE_OLDER"


def test_a_start_falls_back_to_what_compiles_and_says_so(publisher: Publisher, tmp_path: Path) -> None:
    publisher.publish(NOON - timedelta(hours=1))
    publisher.folder.file(2).write_bytes(b"")
    _, standing = settle(settings(publisher, tmp_path), NOON)
    assert standing is not None
    assert (standing.version, [each.code for each in standing.refused]) == (1, ["BUNDLE_MALFORMED"])


def test_nothing_to_serve_is_told(publisher: Publisher, tmp_path: Path) -> None:
    with pytest.raises(PolicyError) as caught:
        settle(settings(publisher, tmp_path), NOON)
    assert caught.value.code == "BUNDLES_EMPTY"
    publisher.publish(NOON + timedelta(hours=1))
    with pytest.raises(PolicyError) as caught:
        settle(settings(publisher, tmp_path), NOON)
    assert caught.value.code == "BUNDLES_EMPTY"
    publisher.public.write_text(f"{signer(5).public}\n")
    with pytest.raises(PolicyError) as caught:
        settle(settings(publisher, tmp_path), NOON + timedelta(hours=2))
    assert caught.value.code == "BUNDLE_UNSIGNED"


def test_bundles_need_a_publishers_key() -> None:
    with pytest.raises(PolicyError) as caught:
        read_settings({"TWS_BUNDLES": "bundles"})
    assert caught.value.code == "SETTING_WRONG"
    without = replace(Settings(), bundles=None)
    assert settle(without, datetime.now(UTC)) == (without, None)
