"""The mutants are wrong in one place each, and a seeded sample of them is caught."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from tests.mutation.harmless import HARMLESS
from tests.mutation.hot import put_in
from tests.mutation.mutants import mutants_of
from tests.mutation.run import ROOMS, ROOT

SOURCE = """
def allowed(a, b):
    if a == 1 and not b:
        return True
    check(a)
    return [each for each in b if each]

class Gate:
    def admit(self, a):
        def inner(b):
            return a > b
        return inner
"""


def test_each_kind_of_mutant_is_made_and_differs_from_the_module() -> None:
    found = list(mutants_of(SOURCE))
    assert {each.what.partition(":")[0] for each in found} >= {
        "never",
        "turned",
        "and/or",
        "operand 1 dropped",
        "operand 2 dropped",
        "not dropped",
        "returns False",
        "filter dropped",
        "call dropped",
    }
    assert len({each.source for each in found}) == len(found)


def test_a_mutant_knows_its_function_and_line() -> None:
    assert {(each.function, each.line) for each in mutants_of(SOURCE)} == {
        ("allowed", 3),
        ("allowed", 4),
        ("allowed", 5),
        ("allowed", 6),
        ("Gate.admit.<locals>.inner", 11),
    }


def test_a_mutant_is_put_into_functions_wherever_they_are_held(tmp_path: Path) -> None:
    """Imported by name, as a method, as what another function returns."""
    file = tmp_path / "module.py"
    file.write_text(SOURCE.replace("check(a)", "len(b)"), encoding="utf-8")
    module = ModuleType("module")
    exec(compile(file.read_text("utf-8"), str(file), "exec"), module.__dict__)
    held: Callable[..., object] = module.allowed
    admit: Callable[..., Callable[[int], bool]] = module.Gate().admit
    assert (held(1, []), admit(2)(1), admit(1)(1)) == (True, True, False)
    for what, changed in (("turned: a == 1", 1), ("turned: a > b", 1), ("nothing", 0)):
        source = next((each.source for each in mutants_of(file.read_text("utf-8")) if each.what == what), None)
        assert bool(put_in(file, source or file.read_text("utf-8"))) is bool(changed)
        if what == "turned: a == 1":
            assert (held(1, []), held(2, [])) == ([], True)
        elif what == "turned: a > b":
            assert (admit(1)(1), held(1, [])) == (True, [])


def test_harmless_mutants_are_mutants_of_rooms_that_are_tried() -> None:
    """A reason that fits no mutant any more has to go with the code that it was about."""
    named = {name.partition(" ")[0] for name in HARMLESS}
    assert named <= {file for room in ROOMS.values() for file in room.files}
    made = {f"{file} {mutant}" for file in named for mutant in mutants_of((ROOT / file).read_text("utf-8"))}
    assert sorted(HARMLESS.keys() - made) == []


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("room", "seed", "tests"),
    [
        ("trust", 3, "tests/kit/test_trust_checks.py tests/kit/test_trust.py tests/kit/test_own_policy.py"),
        ("enforcement", 5, "tests/enforcement/test_gate.py"),
        ("policy", 7, "tests/policy/test_decide.py tests/policy/test_conditions.py tests/policy/test_survivors.py"),
    ],
)
def test_a_sample_of_mutants_is_caught(room: str, seed: int, tests: str) -> None:
    files = {"enforcement": ["gateway/enforcement/gate.py"], "policy": ["gateway/policy/decide.py"]}.get(room, [])
    words = ["--room", room, "--seed", str(seed), "--sample", "8", "--tests", tests, *files]
    done = subprocess.run(
        [sys.executable, "-m", "tests.mutation.run", *words], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
