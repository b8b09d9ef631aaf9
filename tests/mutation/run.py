"""Runs the tests against mutants and prints those that survive: ``python -m tests.mutation.run [--sample N] [FILE ...]``.

Nothing in the tree is touched: each run imports one module from a temporary file. Exit code 1 when a mutant survives
that :data:`HARMLESS` does not explain.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.mutation.mutants import Mutant, mutants_of

__all__ = ["HARMLESS", "TARGETS", "Tried", "main", "sample", "try_mutant"]

ROOT = Path(__file__).parents[2]
_POLICY = (
    "tests/policy/test_conditions.py",
    "tests/policy/test_decide.py",
    "tests/policy/test_survivors.py",
    "tests/policy/test_masks.py",
    "tests/policy/test_mistakes.py",
    "tests/policy/test_showing.py",
    "tests/policy/test_diff.py",
    "tests/policy/test_could_give.py",
    "tests/policy/test_agreements.py",
    "tests/policy/test_questions.py",
    "tests/policy/test_oracle.py",
    "tests/policy/referees",
)
_ENFORCEMENT = ("tests/enforcement", "tests/scenarios")
_KIT = ("tests/kit/test_trust.py", "tests/kit/test_own_policy.py", "tests/kit/test_house_rules.py")

TARGETS: dict[str, tuple[str, ...]] = {
    **{
        f"gateway/policy/{name}.py": _POLICY
        for name in (
            "decide",
            "decisions",
            "column",
            "following",
            "conditions",
            "policy",
            "compile",
            "lifecycle",
            "masks",
            "cells",
            "prohibition",
        )
    },
    **{
        f"gateway/enforcement/{path.name}": _ENFORCEMENT
        for path in sorted((ROOT / "gateway/enforcement").glob("*.py"))
        if path.name != "__init__.py"
    },
    "subgraphs/kit/trust.py": _KIT,
}
"""The modules that decide and enforce, with the tests that have to notice, the quickest first."""

HARMLESS: dict[str, str] = {
    "gateway/policy/conditions.py: turned: sign > 0": "a sign is -1 or 1 and never 0",
    "gateway/policy/decide.py: never: if when == ALWAYS:": "ALWAYS has no atoms, so nothing is told either way",
    "subgraphs/kit/trust.py: never: if self.policy is None:": "only reads the copy later, at the first request",
    "subgraphs/kit/trust.py: never: if policy is None:": "without a copy it then fails instead of answering no: closed",
}
"""Survivors that mean the same or only say less: ``file: what`` to the reason."""


@dataclass(frozen=True)
class Tried:
    """A mutant and what became of it: ``killed``, ``survived`` or ``slow`` (killed by the clock)."""

    file: str
    mutant: Mutant
    fate: str
    seconds: float

    def __str__(self) -> str:
        return f"{self.fate:8} {self.file}:{self.mutant.line}  {self.mutant.what}  ({self.seconds:.0f} s)"


def try_mutant(file: str, mutant: Mutant, limit: float = 240) -> Tried:
    """Run the file's tests against one mutant of it."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "mutant.py"
        source.write_text(mutant.source, encoding="utf-8")
        module = file.removesuffix(".py").replace("/", ".")
        place = {**os.environ, "MUTANT_MODULE": module, "MUTANT_SOURCE": str(source), "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, "-m", "pytest", "-p", "tests.mutation.plugin", "-p", "no:cacheprovider", "-x", "-q"]
        command += ["-m", "not slow and not browser and not postgres", *TARGETS[file]]
        started = time.monotonic()
        try:
            code = subprocess.run(
                command, cwd=ROOT, env=place, capture_output=True, timeout=limit, check=False
            ).returncode
        except subprocess.TimeoutExpired:
            return Tried(file, mutant, "slow", limit)
        return Tried(file, mutant, "survived" if code == 0 else "killed", time.monotonic() - started)


_PASSES: dict[tuple[str, ...], bool] = {}


def _passes(file: str) -> bool:
    """Whether the file's tests pass on the module as it is; files with the same tests are asked once."""
    if TARGETS[file] not in _PASSES:
        same = Mutant(0, "nothing", (ROOT / file).read_text("utf-8"))
        _PASSES[TARGETS[file]] = try_mutant(file, same).fate == "survived"
    return _PASSES[TARGETS[file]]


def sample(files: list[str], count: int, seed: int) -> list[tuple[str, Mutant]]:
    """``count`` mutants of ``files`` (all when 0), the same for the same seed."""
    every = [(file, mutant) for file in files for mutant in mutants_of((ROOT / file).read_text("utf-8"))]
    return random.Random(seed).sample(every, min(count, len(every))) if count else every


def main(words: list[str]) -> int:
    """Try the mutants and print each survivor; the exit code."""
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("files", nargs="*", default=list(TARGETS))
    reader.add_argument("--sample", type=int, default=0, help="how many mutants; all when 0")
    reader.add_argument("--seed", type=int, default=1)
    reader.add_argument("--jobs", type=int, default=2)
    told = reader.parse_args(words)
    chosen = sample(told.files, told.sample, told.seed)
    broken = sorted({file for file, _ in chosen if not _passes(file)})
    if broken:  # a test that fails anyway would seem to kill every mutant
        print(f"The tests fail without any mutant: {', '.join(broken)}")
        return 2
    survivors = []
    with ThreadPoolExecutor(told.jobs) as pool:
        for tried in pool.map(lambda each: try_mutant(*each), chosen):
            if tried.fate == "survived":
                reason = HARMLESS.get(f"{tried.file}: {tried.mutant.what}", "")
                survivors.append(reason)
                print(tried, reason, flush=True)
    unexplained = sum(not reason for reason in survivors)
    print(f"{len(chosen)} mutants, {len(survivors)} survive, {unexplained} of them unexplained")
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
