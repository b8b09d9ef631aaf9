"""The composer judged by recorded verdicts: ``python -m tests.conformance.score [--probes] [--show ID] [--list]``.

Three counts: verdict (composes or not), codes (the same set), supergraph (equal up to order).
"""

from __future__ import annotations

import argparse
import gzip
import json
import multiprocessing
import os
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.composition.jsonl import compose_record
from tests.conformance.canonical import canonical, difference

__all__ = ["CASES", "PROBES", "Outcome", "judge", "load", "main", "run"]

_FOLDER = Path(__file__).resolve().parents[2].parent / "shared" / "conformance"
CASES = _FOLDER / "composition.jsonl.gz"
PROBES = _FOLDER / "composition-probes.jsonl"
_UNSCORED = frozenset({"THROWN"})


@dataclass(frozen=True)
class Outcome:
    """How one case came out; ``detail`` says what differs."""

    id: str
    verdict: bool
    codes: bool
    supergraph: bool
    expected: tuple[str, ...] = ()
    found: tuple[str, ...] = ()
    detail: str = ""


def load(path: Path) -> list[dict[str, Any]]:
    """The cases of a file, one JSON object a line."""
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def expected_codes(case: dict[str, Any]) -> set[str]:
    """The codes a case must fail with."""
    return set(case["codes"]) if "codes" in case else {str(error.get("code")) for error in case.get("errors", ())}


def judge(case: dict[str, Any]) -> Outcome:
    """Compose one case and compare."""
    try:
        result = compose_record(case)
    except Exception as error:  # a crash is an outcome to report, not an end of the run
        result = {"ok": False, "errors": [{"code": f"CRASH {type(error).__name__}", "message": str(error)}]}
    wanted = expected_codes(case)
    found = {error["code"] for error in result.get("errors", ())}
    verdict = bool(case["ok"]) == bool(result["ok"])
    unscored = bool(wanted & _UNSCORED)
    detail = "\n".join(f"{error['code']}: {error['message']}" for error in result.get("errors", ()))
    equal = True
    if case["ok"] and result["ok"] and case.get("supergraphSdl"):
        equal = canonical(case["supergraphSdl"]) == canonical(result["supergraphSdl"])
        if not equal:
            detail = difference(case["supergraphSdl"], result["supergraphSdl"])
    return Outcome(
        str(case["id"]), verdict, verdict and (unscored or found == wanted), verdict and equal,
        tuple(sorted(wanted)), tuple(sorted(found)), detail,
    )  # fmt: skip


def run(cases: Sequence[dict[str, Any]], processes: int | None = None) -> list[Outcome]:
    """Judge every case, over several processes."""
    workers = processes or os.cpu_count() or 1
    if workers == 1:
        return [judge(case) for case in cases]
    with multiprocessing.get_context("fork").Pool(workers) as pool:
        return pool.map(judge, cases, chunksize=16)


def summary(name: str, cases: Sequence[dict[str, Any]], outcomes: Sequence[Outcome]) -> str:
    """Three counts on one line."""
    failing = [o for case, o in zip(cases, outcomes, strict=True) if not case["ok"]]
    composing = [o for case, o in zip(cases, outcomes, strict=True) if case["ok"]]
    return (
        f"{name}: verdict {sum(o.verdict for o in outcomes)}/{len(outcomes)}, "
        f"codes {sum(o.codes for o in failing)}/{len(failing)}, "
        f"supergraphs {sum(o.supergraph for o in composing)}/{len(composing)}"
    )


def failures(outcomes: Iterable[Outcome]) -> list[Outcome]:
    """The outcomes that are not wholly right."""
    return [o for o in outcomes if not (o.verdict and o.codes and o.supergraph)]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the scores and the failing cases by expected codes; 0 when nothing failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--probes", action="store_true", help="only the probes")
    parser.add_argument("--show", help="print one case: its subgraphs, what was expected and what came out")
    parser.add_argument(
        "--details", type=int, default=0, help="print what differs for this many failing cases of each kind"
    )
    options = parser.parse_args(arguments)
    files = [PROBES] if options.probes else [PROBES, CASES]
    wrong = 0
    for path in files:
        cases = load(path)
        if options.show:
            for case in cases:
                if case["id"].endswith(options.show):
                    _show(case)
            continue
        outcomes = run(cases)
        print(summary(path.name, cases, outcomes))
        wrong += _report(failures(outcomes), options.details)
    return 1 if wrong else 0


def _report(failed: list[Outcome], details: int) -> int:
    kinds: dict[str, list[Outcome]] = {}
    for outcome in failed:
        kinds.setdefault(f"expected {list(outcome.expected)}, found {list(outcome.found)}", []).append(outcome)
    for kind, group in sorted(kinds.items(), key=lambda entry: -len(entry[1])):
        ids = Counter(outcome.id for outcome in group)
        print(f"  {len(group)} {kind}: {', '.join(list(ids)[:8])}")
        for outcome in group[:details]:
            print("      " + outcome.id + "\n      " + outcome.detail[:1500].replace("\n", "\n      "))
    return len(failed)


def _show(case: dict[str, Any]) -> None:
    for subgraph in case["subgraphs"]:
        print(f"--- {subgraph['name']}\n{subgraph['sdl']}")
    print("--- expected", case["ok"], sorted(expected_codes(case)), [e["message"] for e in case.get("errors", ())])
    print(case.get("supergraphSdl", ""))
    result = compose_record(case)
    print("--- found", result["ok"], json.dumps(result.get("errors"), indent=1))
    print(result.get("supergraphSdl", ""))
    print(judge(case).detail)


if __name__ == "__main__":
    sys.exit(main())
