"""The image's entry script without what it needs: a code, a place and a remedy, and never a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.scenarios.asking import ROOT


def _run(*arguments: str, **environment: str) -> tuple[int, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TWS_")}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env={**clean, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    return done.returncode, done.stderr


def test_the_image_alone_names_the_key_that_is_not_there(tmp_path: Path) -> None:
    status, said = _run("deploy/entry.py", "gateway", TWS_VAR=str(tmp_path), TWS_PUBLIC=str(tmp_path))

    assert status == 1
    assert said.startswith("KEYS_MISSING ")
    assert f"where: {tmp_path}/keys/gateway.key.json" in said
    assert "hint: " in said
    assert "Traceback" not in said


@pytest.mark.parametrize("command", [("deploy/entry.py", "gateway"), ("-m", "gateway", "serve")])
def test_a_folder_that_cannot_be_had_is_named(tmp_path: Path, command: tuple[str, ...]) -> None:
    (tmp_path / "file").write_text("no folder")
    at = tmp_path / "file" / "var"

    status, said = _run(*command, TWS_MODE="development", TWS_VAR=str(at), TWS_PUBLIC=str(tmp_path))

    assert status == 1
    assert said.startswith("FOLDER_UNUSABLE ")
    assert str(tmp_path / "file") in said
    assert "Traceback" not in said


def test_a_public_folder_that_is_not_mounted_is_named(tmp_path: Path) -> None:
    status, said = _run(
        "deploy/entry.py", "gateway", TWS_MODE="development", TWS_VAR=str(tmp_path), TWS_PUBLIC=str(tmp_path / "none")
    )

    assert (status, said.split(" ")[0]) == (1, "FOLDER_UNUSABLE")
    assert str(tmp_path / "none") in said


def test_a_schema_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    status, said = _run(
        "-m", "gateway", "serve", TWS_MODE="development", TWS_VAR=str(tmp_path), TWS_SCHEMA=str(tmp_path / "none"),
        TWS_SUBGRAPH_TRANSPORT="http",
    )  # fmt: skip

    assert (status, said.split(" ")[0]) == (1, "SUPERGRAPH_MISSING")


def test_certificates_ask_for_their_folder() -> None:
    status, said = _run("deploy/entry.py", "certificates")

    assert (status, said.split(" ")[0]) == (1, "SETTING_WRONG")
