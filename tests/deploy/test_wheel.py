"""What is built to be installed: every page and query is in it, its metadata is whole, its commands run and complete."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

SHELLS = {"bash": "COMPREPLY", "zsh": "#compdef gateway", "fish": "complete --command gateway"}


def run(*command: str, folder: Path, **variables: str) -> str:
    """What a command prints, run in ``folder``; the test fails where it does."""
    environment = {**os.environ, **variables}
    ran = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=100, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the tree into a folder outside it."""
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder), folder=ROOT)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what installing the wheel puts there, its script in ``bin``; what it depends on is not in it."""
    folder = tmp_path_factory.mktemp("installed")
    quiet = ("--quiet", "--disable-pip-version-check", "--no-deps", "--no-index")
    run(sys.executable, "-m", "pip", "install", *quiet, "--target", str(folder), str(wheel), folder=folder)
    return folder


def metadata(wheel: Path) -> Message:
    """What the wheel says of itself."""
    with zipfile.ZipFile(wheel) as opened:
        (name,) = (each for each in opened.namelist() if each.endswith(".dist-info/METADATA"))
        return Parser().parsestr(opened.read(name).decode())


def test_every_file_of_the_packages_is_in_the_wheel(wheel: Path) -> None:
    """Pages, queries, templates and the mark that the types are to be used."""
    written = {
        str(path.relative_to(ROOT))
        for package in ("gateway", "subgraphs")
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    with zipfile.ZipFile(wheel) as opened:
        packed = set(opened.namelist())
    assert written - packed == set()
    assert {"gateway/web/explorer/index.html", "gateway/py.typed", "subgraphs/py.typed"} <= packed


def test_the_wheel_says_what_it_is(wheel: Path) -> None:
    said = metadata(wheel)
    assert (said["Name"], said["License-Expression"], said["License-File"]) == (
        "two-way-street",
        "Apache-2.0",
        "LICENSE",
    )
    assert "Typing :: Typed" in said.get_all("Classifier", [])
    assert said["Requires-Python"] == ">=3.11"
    assert said["Description-Content-Type"] == "text/markdown"


def test_the_installed_command_runs_away_from_the_tree(installed: Path, tmp_path: Path) -> None:
    """The script that installing makes, in an empty folder, on the code that was installed."""
    script = str(installed / "bin" / "gateway")
    shown = run(sys.executable, script, "--help", folder=tmp_path, PYTHONPATH=str(installed))
    assert "serve" in shown
    assert "compose" in shown
    place = run(
        sys.executable, "-c", "import gateway; print(gateway.__file__)", folder=tmp_path, PYTHONPATH=str(installed)
    )
    assert Path(place.strip()).is_relative_to(installed)


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_gets_its_completion(shell: str, installed: Path, tmp_path: Path) -> None:
    script = str(installed / "bin" / "gateway")
    asked = {"_GATEWAY_COMPLETE": f"source_{shell}", "PYTHONPATH": str(installed)}
    assert SHELLS[shell] in run(sys.executable, script, folder=tmp_path, **asked)


def test_a_begun_command_is_completed(installed: Path, tmp_path: Path) -> None:
    script = str(installed / "bin" / "gateway")
    asked = {"_GATEWAY_COMPLETE": "complete_bash", "COMP_WORDS": "gateway comp", "COMP_CWORD": "1"}
    shown = run(sys.executable, script, folder=tmp_path, PYTHONPATH=str(installed), **asked)
    assert shown.split() == ["compose"]
