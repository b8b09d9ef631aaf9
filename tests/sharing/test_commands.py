"""``gateway audit requests`` and ``what-if`` from a shell."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from gateway.audit import AuditLog, AuditRecord, Disclosed, Search, Truths, load_signing_key, search
from gateway.caller import Caller
from gateway.sharing import SharingRequest, request_of, taken
from tests.audit.conftest import Place
from tests.cli.conftest import Gateway, gateway
from tests.scenarios.asking import ROOT
from tests.sharing.test_book import enter, found
from tests.sharing.test_drafting import drafted
from tests.sharing.test_rules import CBP, NOW, USCIS, opened

__all__ = ["gateway"]  # the fixture

SCHEMA = ROOT / "schema"


@pytest.fixture
def signed(tmp_path: Path) -> tuple[Path, SharingRequest]:
    """A var folder with a request that both have signed."""
    var = tmp_path / "var"
    place = Place(var / "record" / "record.sqlite3", var / "keys")
    with closing(AuditLog(place.log, load_signing_key(place.keys))) as log:
        enter(place, log, opened().steps[0])
        for kind, party, data in (
            ("submit", CBP, {}), ("draft", USCIS, {"toml": drafted()}), ("sign", USCIS, None), ("sign", CBP, None),
        ):  # fmt: skip
            request = found(place)
            given = {"digest": request.digest} if data is None else data
            enter(place, log, taken(request, kind, party, NOW, "", given))
    return var, found(place)


def test_requests_are_listed_shown_and_exported(
    gateway: Gateway, signed: tuple[Path, SharingRequest], tmp_path: Path
) -> None:
    var, request = signed
    listed = gateway("audit", "requests", "list", "--json", "--var", var)
    assert [json.loads(line)["state"] for line in listed.stdout.splitlines()] == ["signed-by-recipient"]
    assert gateway("audit", "requests", "list", "--state", "draft", "--json", "--var", var).stdout == ""
    shown = gateway("audit", "requests", "show", request.id, "--var", var)
    assert shown.exit_code == 0, shown.output
    assert shown.stdout.count("as written") == 5
    out = tmp_path / "signed.toml"
    assert gateway("audit", "requests", "export", request.id, "--out", out, "--var", var).exit_code == 0
    assert out.read_text().endswith(drafted())
    looks = search(var / "record" / "record.sqlite3", Search(kind="look"))[0]
    assert {each.record["note"]["command"] for each in looks} == {
        "requests list", f"requests show {request.id}", f"requests export {request.id}",
    }  # fmt: skip


def test_a_step_that_was_changed_is_shown_and_fails_the_command(
    gateway: Gateway, signed: tuple[Path, SharingRequest]
) -> None:
    var, request = signed
    with closing(sqlite3.connect(var / "record" / "sharing.sqlite3")) as database:
        database.execute(
            "update sharing_step set data = replace(data, 'Petition.status', 'Petition.formType') where number = 2"
        )
        database.commit()
    shown = gateway("audit", "requests", "show", request.id, "--json", "--var", var)
    assert shown.exit_code == 1
    assert [each["standing"] for each in json.loads(shown.stdout)["steps"]].count("changed") == 1


def test_nothing_that_is_not_signed_by_both_is_exported_by_itself(gateway: Gateway, tmp_path: Path) -> None:
    var = tmp_path / "var"
    place = Place(var / "record" / "record.sqlite3", var / "keys")
    with closing(AuditLog(place.log, load_signing_key(place.keys))) as log:
        enter(place, log, opened().steps[0])
        enter(place, log, taken(found(place), "submit", CBP, NOW))
        enter(place, log, taken(found(place), "draft", USCIS, NOW, "", {"toml": drafted()}))
    refused = gateway("audit", "requests", "export", "SR-1", "--var", var)
    assert (refused.exit_code, "SHARING_STATE" in refused.stderr) == (1, True)
    draft = gateway("audit", "requests", "export", "SR-1", "--unsigned", "--var", var)
    assert draft.stdout.startswith("# NOT SIGNED BY BOTH")
    unknown = gateway("audit", "requests", "show", "SR-2", "--var", var)
    assert (unknown.exit_code, "SHARING_UNKNOWN" in unknown.stderr) == (1, True)


def test_what_if_replays_the_record_under_a_file(gateway: Gateway, tmp_path: Path) -> None:
    var, file = tmp_path / "var", tmp_path / "proposed.toml"
    caller = Caller("CBP", "cbp-primary", "border-inspection-primary", "INS-ATL-00240001", "u", "ATL")
    weighed = (Truths(2, (("case.state is open", "true"), ("subject.id same as case.subject", "true"))),)
    status = Disclosed("Visa.status", "ALLOW", "STATE_CA", 2, agreement="CA-CBP-VISA", version=3, truths=weighed)

    async def fill() -> None:
        with closing(AuditLog(var / "record" / "record.sqlite3", load_signing_key(var / "keys"))) as log:
            await log.append(
                AuditRecord("r1", NOW, caller, "sha256:e", "sha256:g", disclosed=(status,), subjects=("2026-11.a",))
            )

    asyncio.run(fill())
    page = (SCHEMA / "agreements" / "state_ca-cbp-visa.toml").read_text()
    file.write_text(page.replace('"Visa.status", ', ""))
    common = ("--schema", SCHEMA, "--var", var, "--at", "2026-11-01")
    ran = gateway("audit", "what-if", file, "--json", *common)
    assert ran.exit_code == 0, ran.output
    told = json.loads(ran.stdout)
    assert told["complete"]
    [row] = told["changes"]
    assert (row["agency"], row["verdict"], row["values"], row["people"]) == ("CBP", "withheld", 2, 1)
    later = gateway("audit", "what-if", file, "--since", "2026-11-02", "--json", *common)
    assert json.loads(later.stdout)["changes"] == []
    assert "Visa.status 1" in gateway("audit", "what-if", file, *common).stdout
    file.write_text("id = ")
    wrong = gateway("audit", "what-if", file, *common)
    assert (wrong.exit_code, "POLICY_TOML" in wrong.stderr) == (1, True)
    missing = gateway("audit", "what-if", tmp_path / "nothing.toml", *common)
    assert (missing.exit_code, "FILE_MISSING" in missing.stderr) == (1, True)


def test_the_request_in_the_book_is_the_one_that_was_made(signed: tuple[Path, SharingRequest]) -> None:
    _, request = signed
    assert request_of(request.steps) == request
    assert request.draft == drafted()
