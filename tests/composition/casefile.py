"""Composition cases in Markdown: a heading, the subgraphs' SDLs, and what must come out, to the letter.

    ## What the case shows

    ```graphql a
    type Query { a: Int }
    ```

    ```text
    CODE at where
      message
      -> what to do
    ```

A subgraph block is named after its subgraph. Unless it says ``fed1`` or ``composite`` or holds ``@link`` itself,
federation v2.9 is linked for it on a line after its last. A ``supergraph`` block holds the outcome of a case that composes, machinery
left out; a ``hints`` block its hints. ``python -m tests.composition.casefile`` writes what comes out into the files,
for a person to read before it is committed.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from gateway.composition import SubgraphSDL, compose
from gateway.errors import CompositionFailed

__all__ = ["CASES", "Case", "outcome", "read_cases"]

CASES = Path(__file__).parent / "cases"
_BLOCK = re.compile(r"```(\w+)([^\n]*)\n(.*?)```\n?", re.DOTALL)
_LINK = (
    'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@requires", "@provides", '
    '"@external", "@shareable", "@override", "@tag", "@inaccessible", "@extends", "@interfaceObject", '
    '"@composeDirective", "@authenticated", "@requiresScopes", "@policy", "@cost", "@listSize", "@context", '
    '"@fromContext"])'
)


@dataclass
class Case:
    """One case: its heading, its subgraphs, and the expected text of each kind of block."""

    file: str
    title: str
    subgraphs: list[SubgraphSDL] = field(default_factory=list)
    expected: dict[str, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """File and heading, as pytest shows it."""
        return f"{self.file}: {self.title}"


def read_cases(path: Path) -> Iterator[Case]:
    """Every case of a file."""
    for section in path.read_text(encoding="utf-8").split("\n## ")[1:]:
        title, _, body = section.partition("\n")
        case = Case(path.stem, title.strip())
        for language, info, content in _BLOCK.findall(body):
            words = info.split()
            if language == "graphql" and words[0] != "supergraph":
                linked = {"fed1", "composite"} & set(words) or "@link" in content or "@core" in content
                sdl = content if linked else content + _LINK
                dialect = "composite" if "composite" in words else ""
                case.subgraphs.append(SubgraphSDL(words[0], f"http://{words[0]}", sdl, dialect))
            else:
                case.expected[words[0] if words else "mistakes"] = content
        yield case


def outcome(case: Case) -> dict[str, str]:
    """What comes out, in the blocks a case file has for it."""
    try:
        composed = compose(case.subgraphs)
    except CompositionFailed as failure:
        lines = []
        for mistake in failure.mistakes:
            message = mistake.message.replace("\n", "\n  ")
            lines.append(f"{mistake.code} at {mistake.where}\n  {message}\n  -> {mistake.hint}\n")
        return {"mistakes": "".join(lines)}
    found = {"supergraph": _without_machinery(composed.supergraph_sdl)}
    if composed.hints:
        found["hints"] = "".join(f"{hint.code} at {hint.where}\n  {hint.message}\n" for hint in composed.hints)
    return found


def _without_machinery(sdl: str) -> str:
    parts = re.split(r"\n\n(?=\S)", sdl.strip())
    kept = [part for part in parts if not re.match(r"(directive|scalar|enum|input) @?(join__|link|\w+__)", part)]
    head = kept[0].replace('  @link(url: "https://specs.apollo.dev/link/v1.0")\n', "")
    head = re.sub(r'  @link\(url: "https://specs.apollo.dev/join/v0.\d", for: EXECUTION\)\n', "", head)
    return "\n\n".join([head, *kept[1:]] if "@" in head else kept[1:]) + "\n"


def _rewrite(path: Path) -> None:
    """Write what comes out into a case file, in place of what is there."""
    text = path.read_text(encoding="utf-8")
    head, *sections = text.split("\n## ")
    written = [head.rstrip("\n")]
    for section, case in zip(sections, read_cases(path), strict=True):
        kept = re.split(r"```(?:text|graphql supergraph)", section)[0].rstrip("\n")
        blocks = [
            f"```{'graphql supergraph' if name == 'supergraph' else f'text {name}'.replace(' mistakes', '')}\n{content}```"
            for name, content in outcome(case).items()
        ]
        written.append("\n## " + kept + "\n\n" + "\n\n".join(blocks))
    path.write_text("\n".join(written) + "\n", encoding="utf-8")


if __name__ == "__main__":
    for name in sys.argv[1:] or sorted(str(path) for path in CASES.glob("*.md")):
        _rewrite(Path(name))
