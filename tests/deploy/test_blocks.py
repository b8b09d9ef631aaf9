"""Every block of code in the documentation is one that works: commands are the gateway's, data can be read, programs run."""

from __future__ import annotations

import ast
import asyncio
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import textwrap
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import typer.main
from graphql import OperationDefinitionNode, build_schema, parse, validate

from gateway.cli.main import app
from tests.web.conftest import seeded
from tests.web.server import serving

__all__ = ["seeded"]

ROOT = Path(__file__).resolve().parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
FENCED = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INDENTED = re.compile(r"(?:^|\n\n)((?:    [^\n]+\n(?:\n(?=    ))?)+)")
COMMAND = re.compile(r"(?:^|[$|;&(] *|\s)(?:\.venv/bin/)?(?:gateway )?(gateway [a-z][^|;&>]*)")
INLINE = re.compile(r"`(?:\.venv/bin/)?(gateway [a-z][^`|;&>]*)`")
TARGET = re.compile(r"^\s*(?:\$ )?make ([a-z][\w-]*)", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A block of code: its page, its language ("" where it says none), its text."""

    page: str
    language: str
    text: str


def blocks() -> Iterator[Block]:
    for page in PAGES:
        if page.name == "CHANGELOG.md":
            continue
        text = page.read_text(encoding="utf-8")
        for language, body in FENCED.findall(text):
            yield Block(page.name, language, body)
        for body in INDENTED.findall(FENCED.sub("", text)):
            if not body.lstrip().startswith(("* ", "- ", "| ")):
                yield Block(page.name, "", textwrap.dedent(body))


BLOCKS = list(blocks())


def commands() -> list[tuple[str, str]]:
    """Page and text of each call of the gateway, in a block or in the midst of a sentence."""
    found: list[tuple[str, str]] = []
    for block in BLOCKS:
        if block.language in ("python", "js", "json", "toml", "graphql", "diff"):
            continue
        lines = re.sub(r"\s#\s.*", "", block.text.replace("\\\n", " "), flags=re.MULTILINE).splitlines()
        if block.language == "console":
            lines = [line for line in lines if line.startswith("$ ")]
        found += [(block.page, each) for line in lines for each in COMMAND.findall(line)]
    for page in PAGES:
        if page.name != "CHANGELOG.md":
            found += [(page.name, each) for each in INLINE.findall(FENCED.sub("", page.read_text(encoding="utf-8")))]
    return [(page, text.removeprefix("gateway ").strip(" )")) for page, text in dict.fromkeys(found)]


def problem_of(text: str) -> str:
    """Why the gateway would not take the command; "" where it would."""
    words = shlex.split(text.replace("<", "X"))
    if words and words[-1].startswith("--"):
        words.append("X")  # a sentence names an option without its value
    command: Any = typer.main.get_command(app)
    context = command.context_class(command)
    while hasattr(command, "get_command") and words:
        inner = command.get_command(context, words[0])
        if inner is None:
            return f"there is no command {words[0]!r}"
        command, words = inner, words[1:]
        context = command.context_class(command, parent=context)
    try:
        command.make_parser(context).parse_args(list(words))
    except Exception as wrong:
        if not hasattr(wrong, "format_message"):
            raise
        return str(wrong.format_message())
    return ""


def test_there_are_commands_to_look_at() -> None:
    pages = {page for page, _ in commands()}
    assert {"README.md", "agency-guide.md", "auditor-guide.md", "frontend-guide.md"} <= pages
    assert problem_of("audit verify --backwards") == "No such option: --backwards"
    assert problem_of("prophesy") == "there is no command 'prophesy'"


@pytest.mark.parametrize(("page", "text"), commands(), ids=lambda each: str(each)[:60])
def test_the_gateway_has_the_command_and_its_options(page: str, text: str) -> None:
    assert problem_of(text) == ""


def test_make_has_every_target_that_a_page_names() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    known = set(re.findall(r"^([a-z][\w-]*):", makefile, re.MULTILINE))
    named = {target for block in BLOCKS for target in TARGET.findall(block.text)}
    assert {"run", "test"} <= named
    assert sorted(named - known) == []


@pytest.mark.parametrize(
    "block",
    [each for each in BLOCKS if each.language in ("json", "toml", "graphql", "python")],
    ids=lambda each: each.page,
)
def test_what_has_a_language_is_of_it(block: Block) -> None:
    match block.language:
        case "json":
            json.loads(block.text)
        case "toml":
            tomllib.loads(block.text)
        case "python":
            compile(block.text, block.page, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        case "graphql":
            document = parse(block.text)
            schema = build_schema((ROOT / "schema" / "api.graphql").read_text(encoding="utf-8"))
            if isinstance(document.definitions[0], OperationDefinitionNode):
                assert validate(schema, document) == []


def of(page: str, language: str) -> str:
    (found,) = [each.text for each in BLOCKS if each.page == page and each.language == language]
    return found


@pytest.mark.slow
async def test_the_client_of_the_guide_says_why(seeded: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The guide's Python, as it stands there, on a real gateway and as an inspector who may not see petitions."""
    with serving(
        "--subgraphs", "asgi", "--var", seeded,
        TWS_MODE="development", TWS_TODAY="2026-11-01T12:00:00+00:00",
        TWS_DATA=str(seeded / "data"), TWS_KEYS=str(seeded / "keys"),
    ) as running:  # fmt: skip
        text = of("frontend-guide.md", "python").replace("http://127.0.0.1:4000", running.address)
        known: dict[str, Any] = {
            "token": running.token("cbp-secondary-nyc"), "number": "TRV-01KST0RY000000000000000029",
        }  # fmt: skip
        code = compile(text, "frontend-guide.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        made = eval(code, known)
        with pytest.raises(LookupError) as not_given:
            await asyncio.wait_for(made, 60)

    assert type(not_given.value) is known["NotGiven"]
    assert capsys.readouterr().out.startswith("traveler.petitions: withheld by USCIS: NO_AGREEMENT. Ask USCIS's ")


@pytest.mark.skipif(
    shutil.which("node") is None, reason="no Node here; the guide's JavaScript is run where there is one"
)
def test_the_module_of_the_guide_says_why(tmp_path: Path) -> None:
    shutil.copy(ROOT / "docs" / "clients" / "sharing.mjs", tmp_path)
    entry = {"outcome": "DENY", "coordinate": "Visa.foilNumber", "path": ["traveler", "visas", "nodes", "[]", "foilNumber"],
             "owner": "STATE_CA", "reason": "NO_AGREEMENT"}  # fmt: skip
    answer = {"data": {"traveler": {"visas": {"nodes": [{"foilNumber": None}]}}}, "extensions": {"sharing": [entry]}}
    text = f"const answer = {json.dumps(answer)};\n{of('frontend-guide.md', 'js')}\nconsole.log(JSON.stringify([outcome, value, entry]));\n"
    imported, rest = text.split("\n", 2)[1], text
    script = tmp_path / "guide.mjs"
    script.write_text(imported + "\n" + rest.replace(imported, "", 1), encoding="utf-8")

    ran = subprocess.run(["node", str(script)], capture_output=True, text=True, timeout=60, check=False)

    assert (ran.returncode, ran.stderr) == (0, "")
    assert json.loads(ran.stdout) == ["DENY", None, entry]


@pytest.mark.slow
def test_the_auditors_commands_run(seeded: Path, tmp_path: Path) -> None:
    """Every command of the auditor's guide, in its order, on the record of a gateway that was asked; only sharing requests, of
    which there are none here, are left out (``tests/web/console/test_browser.py`` takes one through its steps)."""
    traveler = "TRV-01KST0RY000000000000000029"
    environment = {
        "TWS_MODE": "development", "TWS_TODAY": "2026-11-01T12:00:00+00:00",
        "TWS_DATA": str(seeded / "data"), "TWS_KEYS": str(seeded / "keys"),
    }  # fmt: skip
    with serving("--subgraphs", "asgi", "--var", seeded, **environment) as running:
        query = (
            f'{{ traveler(id: "{traveler}") {{ visas {{ nodes {{ status }} }} petitions {{ nodes {{ status }} }} }} }}'
        )
        token = running.token("cbp-secondary-nyc")
        _, page = running.fetch("/graphql", {"query": query}, authorization=f"Bearer {token}")
    shutil.copy(next((ROOT / "schema" / "agreements").glob("*.toml")), tmp_path / "proposed.toml")
    known = {
        "TRV-...": traveler, "<the record number of an answer>": page["extensions"]["record"],
        "audit-head.pub": str(next((seeded / "keys").glob("*.pub"))),
    }  # fmt: skip

    for text in _auditors():
        for placeholder, value in known.items():
            text = text.replace(placeholder, value)
        ran = subprocess.run(
            [sys.executable, "-m", "gateway", *shlex.split(text)],
            cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False,
            env={**os.environ, **environment, "PYTHONPATH": str(ROOT), "TWS_VAR": str(seeded), "TWS_SCHEMA": str(ROOT / "schema")},
        )  # fmt: skip
        assert ran.returncode == 0, f"gateway {text}\n{ran.stdout}{ran.stderr}"
        if text.startswith("audit keygen"):
            known["state.example/witness+..."] = ran.stdout.split()[-1]
        if found := re.search(r"shard (\w+): (\d+) records", ran.stdout):
            known["1f3a9c02 7"] = f"{found[1]} {int(found[2]) - 1}"


def _auditors() -> list[str]:
    page = (ROOT / "docs" / "auditor-guide.md").read_text(encoding="utf-8")
    lines = [re.sub(r"\s#\s.*", "", line).strip() for line in page.splitlines() if line.startswith("    gateway ")]
    found = [line.removeprefix("gateway ") for line in lines if "audit requests" not in line]
    assert len(found) > 14
    return found
