"""Cases in Markdown: subgraph SDLs, an operation, the printed plan.

``python -m tests.planning.harness`` writes every plan anew; read the difference before you keep it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from gateway.composition import SubgraphSDL, compose
from gateway.errors import PlanningError
from gateway.operation.model import Operation
from gateway.operation.read import read_operation
from gateway.planning import plan_operation, print_plan
from gateway.planning.prove import prove
from gateway.planning.prove_deferred import prove_deferred
from gateway.supergraph import Supergraph, load_supergraph

__all__ = ["CASES", "Case", "composed", "operation_of", "outcome", "read_cases"]

CASES = Path(__file__).parent / "cases"
_LINK = (
    'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@shareable", "@external", '
    '"@requires", "@provides", "@override", "@inaccessible", "@extends", "@interfaceObject"])\n'
)
_BLOCK = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Case:
    """One operation of a case file with the plan (or the error's code) that it must have."""

    file: Path
    title: str
    subgraphs: tuple[tuple[str, str], ...]
    query: str
    expected: str
    labels: tuple[str, ...] = field(default=())

    @property
    def id(self) -> str:
        """A name for the test report."""
        return f"{self.file.stem}: {self.title}"


@cache
def composed(subgraphs: tuple[tuple[str, str], ...]) -> Supergraph:
    """The supergraph of ``(name, sdl)`` pairs; federation 2 is linked unless the SDL says ``# federation 1``."""
    parts = [
        SubgraphSDL(name, f"http://{name}.test", sdl if "# federation 1" in sdl or "@link" in sdl else _LINK + sdl)
        for name, sdl in subgraphs
    ]
    return load_supergraph(compose(parts).supergraph_sdl)


def operation_of(supergraph: Supergraph, query: str) -> Operation:
    """The normalized operation of ``query``."""
    return read_operation(query, supergraph.api_schema, {}, deferring=True)


def read_cases(file: Path) -> list[Case]:
    """The cases of a file: a heading of level 2 starts a graph, each query block takes the plan block after it."""
    found: list[Case] = []
    for section in re.split(r"^## ", file.read_text(), flags=re.MULTILINE)[1:]:
        title = section.splitlines()[0].strip()
        subgraphs: list[tuple[str, str]] = []
        query, labels = "", ()
        for kind, rest, body in _BLOCK.findall(section):
            words = rest.split()
            if kind == "graphql" and words[:1] == ["subgraph"]:
                subgraphs.append((words[1], body))
            elif kind == "graphql":
                query, labels = body, tuple(word.removeprefix("label=") for word in words if "label=" in word)
            elif kind == "plan":
                number = sum(case.title.startswith(title) for case in found) + 1
                found.append(Case(file, f"{title} {number}", tuple(subgraphs), query, body, labels))
    return found


def outcome(case: Case) -> str:
    """The printed plan of a case, proven and the same twice; or the code and place of the error."""
    supergraph = composed(case.subgraphs)
    operation = operation_of(supergraph, case.query)
    try:
        plan = plan_operation(supergraph, operation, case.labels)
    except PlanningError as error:
        return f"{error.code} {error.where}\n"
    check = prove_deferred if plan.deferred else prove
    assert check(supergraph, operation, plan, case.labels) == []
    assert plan_operation(supergraph, operation, case.labels) == plan
    return print_plan(plan)


def write_cases() -> None:
    """Put the plan as it is now under every operation of every case file."""
    for file in sorted(CASES.glob("*.md")):
        text = file.read_text()
        for case in read_cases(file):
            before = f"{case.query}```\n\n```plan\n{case.expected}```"
            text = text.replace(before, f"{case.query}```\n\n```plan\n{outcome(case)}```", 1)
        file.write_text(text)


if __name__ == "__main__":
    write_cases()
