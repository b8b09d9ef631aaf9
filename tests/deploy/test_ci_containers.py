"""``.ci/containers``: what lacks on a machine is said and skips the compose file's tests; what is the product's fails."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.scenarios.asking import ROOT

PODMAN = """case "$1 $2" in {broken}) echo "no leave for that" >&2; exit 125;; esac
exit 0"""
PYTHON = """[ "$2" = venv ] || exit 0
mkdir -p "$3/bin"
printf '#!/bin/sh\\nexit {installs}\\n' >"$3/bin/python"
printf '#!/bin/sh\\necho building; exit {builds}\\n' >"$3/bin/podman-compose"
chmod +x "$3/bin/python" "$3/bin/podman-compose\""""


def ended(
    folder: Path, *, broken: str = "none", installs: int = 0, builds: int = 0, tests: int = 0, root: bool = True
) -> tuple[int, str]:
    """Exit code and words of the script in a tree of its own, over programs that do as they are told.

    ``broken`` is what podman refuses, as a pattern of its first two arguments; the numbers are exit codes.
    """
    programs, tree = folder / "bin", folder / "tree"
    programs.mkdir()
    for path, text in {
        programs / "podman": PODMAN.format(broken=f'"{broken}"' if broken != "*" else "*"),
        programs / "python3": PYTHON.format(installs=installs, builds=builds),
        programs / "id": f"echo {0 if root else 1000}",
        tree / ".venv" / "bin" / "pytest": f"echo tested; exit {tests}",
    }.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
    (tree / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "containers", tree / ".ci")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TWS_")}
    environment["PATH"] = f"{programs}:{environment['PATH']}"
    done = subprocess.run(
        [tree / ".ci" / "containers"], check=False, capture_output=True, text=True, env=environment, timeout=60
    )
    return done.returncode, done.stdout + done.stderr


def test_where_everything_is_there_the_tests_run(tmp_path: Path) -> None:
    code, said = ended(tmp_path)
    assert (code, "tested" in said, "skipped" in said) == (0, True, False), said


@pytest.mark.parametrize(
    ("lacks", "reason"),
    [
        ({"root": False}, "it takes root"),
        ({"broken": "*"}, "there is neither podman with the images"),
        ({"broken": "network create"}, "a network of containers did not work here"),
        ({"broken": "run --rm"}, "running a container did not work here"),
        ({"broken": "pod create"}, "a pod, which podman-compose makes did not work here"),
        ({"installs": 1}, "installing podman-compose did not work here"),
    ],
    ids=["root", "podman", "networks", "namespaces", "pods", "index"],
)
def test_what_lacks_is_said_and_skips(tmp_path: Path, lacks: dict[str, object], reason: str) -> None:
    code, said = ended(tmp_path, **lacks)  # type: ignore[arg-type]
    assert (code, "tested" in said) == (0, False), said
    assert f"skipped tests/compose: {reason}" in said
    assert "no leave for that" in said or "podman with" in said or "broken" not in lacks


@pytest.mark.parametrize("fails", ["builds", "tests"])
def test_what_is_the_products_fails(tmp_path: Path, fails: str) -> None:
    code, said = ended(tmp_path, **{fails: 1})  # type: ignore[arg-type]
    assert code != 0, said
    assert "skipped" not in said
