"""docs/agency-guide.md, "Add a subgraph": every command of the walk run as written, every answer as printed there."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.request import urlopen

import pytest

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```(console|diff)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ELSEWHERE = "# in another terminal"
CACHES = shutil.ignore_patterns("__pycache__", ".*_cache")
PARTS = (
    "gateway",
    "subgraphs",
    "schema",
    "docs",
    "Makefile",
    "pyproject.toml",
    "requirements.txt",
    "requirements-dev.txt",
)


@dataclass
class Step:
    """A command and the lines it is to print, or a patch to apply."""

    command: str
    answer: list[str] = field(default_factory=list)
    patch: str = ""


def steps() -> Iterator[Step]:
    """The steps of the walk, in the order of the page."""
    page = (ROOT / "docs" / "agency-guide.md").read_text(encoding="utf-8")
    part = page.partition("\n## Add a subgraph\n")[2].partition("\n## ")[0]
    for kind, text in BLOCK.findall(part):
        if kind == "diff":
            yield Step("patch -p1 --no-backup-if-mismatch --fuzz=0", patch=text)
            continue
        step: Step | None = None
        for line in text.splitlines():
            if line.startswith("$ "):
                if step is not None:
                    yield step
                step = Step(line.removeprefix("$ "))
            else:
                assert step is not None, f"an answer before any command: {line}"
                step.answer.append(line)
        if step is not None:
            yield step


def fits(answer: list[str], shown: list[str]) -> bool:
    """Whether ``shown`` is ``answer``; a line ``...`` stands for any lines, ``...`` within one for any text."""
    lines = (
        r"(?:.*\n)*?" if line == "..." else ".*".join(map(re.escape, line.split("..."))) + r"[ ]*\n" for line in answer
    )
    return re.fullmatch("".join(lines), "".join(f"{line}\n" for line in shown)) is not None


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tree as a clone has it, with an environment that runs this interpreter on it."""
    root = tmp_path_factory.mktemp("walk") / "two-way-street"
    for part in PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, root / part, ignore=CACHES)
        else:
            shutil.copy2(ROOT / part, root / part)
    scripts = root / ".venv" / "bin"
    scripts.mkdir(parents=True)
    for name, begins in {"python": "", "gateway": "-m gateway"}.items():
        (scripts / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {begins} "$@"\n', encoding="utf-8")
        (scripts / name).chmod(0o755)
    for stamp in ("run.stamp", "dev.stamp"):
        (root / ".venv" / stamp).touch()
    return root


@dataclass
class Walk:
    """One shell in the clone."""

    root: Path
    functions: str = ""
    others: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        paths = os.pathsep.join((str(self.root / ".venv" / "bin"), os.environ["PATH"]))
        # a person's terminal: a machine of CI says so in variables that change what tools print
        kept = {name: os.environ[name] for name in ("HOME", "LANG", "LC_ALL", "TMPDIR", "USER") if name in os.environ}
        return {**kept, "PATH": paths, "PYTHONPATH": str(self.root), "PYTHONUNBUFFERED": "1", "COLUMNS": "80"}

    def take(self, step: Step) -> list[str]:
        """The lines that the step prints."""
        if step.command.endswith("; }"):  # a function of the shell, for the commands that come after
            self.functions += step.command + "\n"
            return []
        ran = subprocess.run(
            ["bash", "-c", f"exec 2>&1; {self.functions}{step.command}"],
            cwd=self.root,
            env=self.environment,
            input=step.patch,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        return ran.stdout.splitlines()

    def start(self, command: str) -> None:
        """Run a server beside, until the walk ends; returns when it is ready."""
        other = subprocess.Popen(
            ["bash", "-c", command], cwd=self.root, env=self.environment, start_new_session=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self.others.append(other)
        port = re.search(r"PORT=(\d+)", command)
        assert port is not None
        until = time.monotonic() + 300
        while other.poll() is None and time.monotonic() < until:
            try:
                with urlopen(f"http://127.0.0.1:{port[1]}/health/ready", timeout=5) as answer:
                    if answer.status == 200:
                        return
            except OSError:
                time.sleep(0.2)  # a server of another process has no other way to say that it is up
        raise AssertionError(f"{command} did not answer")


@contextmanager
def walking(root: Path) -> Iterator[Walk]:
    walk = Walk(root)
    try:
        yield walk
    finally:
        for other in walk.others:
            os.killpg(other.pid, signal.SIGTERM)
            other.wait(20)


def files(root: Path) -> dict[str, str]:
    """Every file of the tree by name, with its text; the registry without the table that holds one-line entries."""
    found = {
        str(path.relative_to(root)): path.read_text(encoding="utf-8")
        for part in ("gateway", "subgraphs", "schema")
        for path in (root / part).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    registry = found["schema/registry.toml"]
    return {**found, "schema/registry.toml": registry.partition("\n# A line a subgraph")[0].rstrip() + "\n"}


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_walk_goes_as_the_guide_says(clone: Path) -> None:
    before, began = files(clone), time.monotonic()
    with walking(clone) as walk:
        for step in steps():
            if ELSEWHERE in step.command:
                walk.start(step.command.partition("#")[0])
                continue
            shown = walk.take(step)
            if step.patch:
                assert shown == ["patching file subgraphs/boarding_notices/schema.py"]
                continue
            assert fits(step.answer, shown), f"$ {step.command}\n" + "\n".join(shown)
            print(f"{time.monotonic() - began:5.1f} s  $ {step.command[:100]}")
    assert files(clone) == before


def test_an_answer_that_differs_does_not_fit() -> None:
    """What the walk is held to: whole lines, in order, nothing left over."""
    assert fits(["a ... c", "...", "z"], ["a b c", "x", "y", "z"])
    assert fits(["a", "..."], ["a"])
    assert not fits(["a"], ["a", "b"])
    assert not fits(["a", "b"], ["b", "a"])
    assert not fits(["a ... c"], ["a b"])
