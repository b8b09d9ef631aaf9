"""Tries the mutants of the rooms that decide and enforce: ``python -m tests.mutation.run [--sample N] [--room R] [FILE ...]``.

Nothing in the tree is touched. Each survivor is printed, with the reason where :data:`HARMLESS` has one; exit code 1 when one
has none, 2 when tests fail without any mutant.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.mutation.harmless import HARMLESS
from tests.mutation.mutants import Mutant, mutants_of
from tests.mutation.sweep import Sweep, Tried

__all__ = ["ROOMS", "Room", "main", "sample", "try_all"]

ROOT = Path(__file__).parents[2]


class Room:
    """Modules that decide or enforce, and the tests that have to notice when one of them is wrong."""

    def __init__(self, files: str, but: tuple[str, ...], tests: tuple[str, ...]) -> None:
        found = sorted(str(each.relative_to(ROOT)) for each in ROOT.glob(files))
        self.files = tuple(each for each in found if Path(each).stem not in ("__init__", *but))
        self.tests = tests


# what only tells people of a policy, or draws it, decides nothing
_TELLING = ("cedar", "diff", "diff_flows", "diff_words", "explain", "matrix")

ROOMS = {
    "policy": Room("gateway/policy/*.py", _TELLING, ("tests/policy",)),
    "enforcement": Room(
        "gateway/enforcement/*.py", (), ("tests/enforcement", "tests/adversarial", "tests/scenarios")
    ),
    "trust": Room(
        "subgraphs/kit/trust.py", (),
        ("tests/kit/test_trust_checks.py", "tests/kit/test_trust.py", "tests/kit/test_own_policy.py"),
    ),
}  # fmt: skip


def sample(files: tuple[str, ...], count: int, seed: int) -> list[tuple[str, Mutant]]:
    """``count`` mutants of ``files`` (all when 0), the same for the same seed."""
    every = [(file, mutant) for file in files for mutant in mutants_of((ROOT / file).read_text("utf-8"))]
    return random.Random(seed).sample(every, min(count, len(every))) if count else every


def try_all(mutants: list[tuple[str, Mutant]], tests: tuple[str, ...], jobs: int, limit: float) -> list[Tried]:
    """What became of each mutant; raises ``RuntimeError`` when a test fails without any."""
    found: list[Tried] = []

    def tell(tried: Tried) -> None:
        found.append(tried)
        if tried.fate not in ("killed", "stopped"):
            reason = HARMLESS.get(f"{tried.file} {tried.mutant}", "")
            print(f"{tried} {reason}".rstrip(), flush=True)

    sweep = Sweep(ROOT, mutants, tell, jobs, limit)
    with tempfile.TemporaryDirectory() as folder:
        words = ["-p", "no:cacheprovider", "-p", "no:xdist", "-qq", "--no-header", "--basetemp", folder + "/base"]
        words += ["-m", "not slow and not browser and not postgres"]
        code = pytest.main([*words, *tests], plugins=[sweep])
    if sweep.broken or len(found) != len(mutants):
        raise RuntimeError(f"The tests fail without any mutant (pytest: {code}): {', '.join(sweep.broken[:5])}")
    return found


def main(words: list[str]) -> int:
    """Try the mutants, print each survivor and the counts; the exit code."""
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("files", nargs="*", help="modules of the room; all when none is named")
    reader.add_argument("--room", choices=list(ROOMS), default="enforcement")
    reader.add_argument("--sample", type=int, default=0, help="how many mutants; all when 0")
    reader.add_argument("--seed", type=int, default=1)
    reader.add_argument("--jobs", type=int, default=2)
    reader.add_argument("--tests", default="", help="files of tests, with spaces between, instead of the room's own")
    reader.add_argument("--limit", type=float, default=60, help="seconds for the tests of one mutant")
    told = reader.parse_args(words)
    os.nice(10)
    os.chdir(ROOT)
    room, started = ROOMS[told.room], time.monotonic()
    chosen = sample(tuple(told.files) or room.files, told.sample, told.seed)
    try:
        found = try_all(chosen, tuple(told.tests.split()) or room.tests, told.jobs, told.limit)
    except RuntimeError as error:
        print(error)
        return 2
    fates = Counter(each.fate for each in found)
    left = [each for each in found if each.fate not in ("killed", "stopped")]
    unexplained = [each for each in left if f"{each.file} {each.mutant}" not in HARMLESS]
    print(
        f"{told.room}: {len(found)} mutants (seed {told.seed}) in {time.monotonic() - started:.0f} s: {fates['killed']} killed, "
        f"{fates['stopped']} stopped by the clock, {len(left)} left, {len(unexplained)} of them unexplained"
    )
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
