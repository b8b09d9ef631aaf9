"""Draw docs/line.svg from the code: the stages of ``gateway/pipeline.py``, where each lives, and the registered subgraphs.

``python docs/picture.py`` writes it; ``tests/deploy/test_site.py`` fails when it is not what the code says.
"""

from __future__ import annotations

import ast
import tomllib
from html import escape
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SAYS = {
    "read": ("operation", "what is asked, valid on what the caller may name", "gateway/operation"),
    "facts": ("facts", "the caller's case, read from its owner", "gateway/casework.py"),
    "authorize": ("permitted", "what the agreements leave of it", "gateway/enforcement/authorize.py"),
    "plan": ("plan", "whom to ask, in the fewest waves", "gateway/planning"),
    "fetch": ("merged", "what the agencies answered", "gateway/execution"),
    "enforce": ("applied", "rows and values withheld, masks laid", "gateway/enforcement/apply.py"),
    "answer": ("answer", "the client's shape, and a ledger of what is not in it", "gateway/execution/project.py"),
    "record": ("record", "durable before a byte leaves", "gateway/recording.py"),
}
"""Each stage's result, what to say of it, and where it lives; a stage that is not here is one that nobody explained."""
WIDE, HIGH, GAP, LEFT, TOP = 224, 92, 18, 20, 64


def stages() -> list[str]:
    """The stages that ``answer`` notes, in order."""
    tree = ast.parse((ROOT / "gateway" / "pipeline.py").read_text(encoding="utf-8"))
    line = next(node for node in tree.body if isinstance(node, ast.AsyncFunctionDef) and node.name == "answer")
    laps = [
        (each.lineno, str(each.args[0].value))
        for each in ast.walk(line)
        if isinstance(each, ast.Call)
        and isinstance(each.func, ast.Attribute)
        and each.func.attr == "lap"
        and isinstance(each.args[0], ast.Constant)
    ]
    return [name for _, name in sorted(laps)]


def picture() -> str:
    """The picture as SVG: light or dark as its reader's screen is, readable without colour."""
    subgraphs = tomllib.loads((ROOT / "schema" / "registry.toml").read_text(encoding="utf-8"))["subgraphs"]
    boxes = [_box(number, name) for number, name in enumerate(stages())]
    agencies = [f"{name} ({entry['agency']})" for name, entry in subgraphs.items()]
    below = TOP + 2 * (HIGH + 44)
    half = (len(agencies) + 1) // 2
    lines = [" · ".join(agencies[:half]), " · ".join(agencies[half:])]
    width, height = LEFT * 2 + 4 * WIDE + 3 * GAP, below + 64
    told = "The line of a request: " + ", ".join(stages())
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" aria-label="{told}">',
        "<style>text{font-family:system-ui,sans-serif;fill:#1d2430}.box{fill:#fff;stroke:#1f4e8c;stroke-width:1.5}.small{font-size:12.5px}"
        ".name{font-size:16px;font-weight:600}.room{font-size:11px;fill:#5d6675}.arrow{stroke:#1f4e8c;stroke-width:1.5;fill:none}.back{fill:#f7f6f2}"
        "@media(prefers-color-scheme:dark){text{fill:#e4e8ef}.box{fill:#1b212b;stroke:#8fb8f0}.room{fill:#98a2b3}.arrow{stroke:#8fb8f0}.back{fill:#14181f}}</style>",
        f'<rect class="back" width="{width}" height="{height}" rx="10"/>',
        f'<text x="{LEFT}" y="28" class="name">A caller asks: agency, role, purpose, case</text>',
        f'<text x="{LEFT}" y="47" class="small">from a signed token; nothing else says who asks</text>',
        *boxes,
        f'<text x="{LEFT}" y="{below + 8}" class="small">Asked by “fetch”, each with a signed word of what was granted; each holds its own copy of the agreements:</text>',
        *(f'<text x="{LEFT}" y="{below + 28 + 19 * n}" class="small">{escape(line)}</text>' for n, line in enumerate(lines)),
        "</svg>",
    ]) + "\n"  # fmt: skip


def _box(number: int, name: str) -> str:
    row, column = divmod(number, 4)
    x, y = LEFT + column * (WIDE + GAP), TOP + row * (HIGH + 44)
    result, says, room = SAYS[name]
    first, second = _halves(says)
    if column < 3:
        arrow = f'<path class="arrow" d="M{x + WIDE} {y + HIGH // 2}h{GAP}"/>'
    else:
        middle = y + HIGH + 22
        arrow = (
            f'<path class="arrow" d="M{x + WIDE // 2} {y + HIGH}V{middle}H{LEFT + WIDE // 2}V{y + HIGH + 44}"/>'
            if row == 0
            else ""
        )
    return (
        f'<g><rect class="box" x="{x}" y="{y}" width="{WIDE}" height="{HIGH}" rx="8"/>'
        f'<text class="name" x="{x + 12}" y="{y + 24}">{number + 1}. {result}</text>'
        f'<text class="small" x="{x + 12}" y="{y + 44}">{escape(first)}</text><text class="small" x="{x + 12}" y="{y + 60}">{escape(second)}</text>'
        f'<text class="room" x="{x + 12}" y="{y + 80}">{escape(room)}</text>{arrow}</g>'
    )


def _halves(text: str) -> tuple[str, str]:
    words, first = text.split(), ""
    while words and len(first) + len(words[0]) < 30:
        first = f"{first} {words.pop(0)}".strip()
    return first, " ".join(words)


if __name__ == "__main__":
    (ROOT / "docs" / "line.svg").write_text(picture(), encoding="utf-8")
