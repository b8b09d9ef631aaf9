"""``gateway new-subgraph``: a working subgraph in a folder of its own and one line of the registry."""

from __future__ import annotations

import json
import keyword
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer
from jinja2 import Environment, PackageLoader, StrictUndefined

from gateway.cli.compose import generate
from gateway.cli.generated import view_day
from gateway.config import read_registry
from gateway.errors import RequestError
from gateway.opening import read_text
from gateway.policy import Bundle, load_bundle
from gateway.policy.agreement import Agreement
from gateway.supergraph import Supergraph, load_supergraph

__all__ = ["Plan", "planned", "register", "written"]

_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*\Z")
_ENTITY = re.compile(r"[A-Z][A-Za-z0-9]*\Z")
_IMPORTS = re.compile(r"(?:^from subgraphs\..*\n)+", re.MULTILINE)
_WORDS = re.compile(r"[A-Z][a-z0-9]*")
_FOLLOWING = frozenset({"SYS", "LINK", "ACT"})
_NOQA = "  # noqa: N802"
_LINE = (
    '{name} = {{ agency = "{agency}", url = "http://127.0.0.1:{port}/graphql", package = "subgraphs.{name}", '
    'subjects = {{ {entity} = "traveler.id" }} }}\n'
)
_TABLE = """
# A line a subgraph, written by `gateway new-subgraph`; to take one away, delete its line and its folder.
[subgraphs]
"""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is going to be written: files by path below the root, and the registry's new text."""

    name: str
    agency: str
    entity: str
    files: Mapping[Path, str]
    registry: str
    recipient: str


def register(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("new-subgraph", epilog="Example: [bold]gateway new-subgraph boarding_notices --agency CBP[/bold]")(
        new_subgraph
    )


def new_subgraph(
    name: Annotated[str, typer.Argument(help="lower_case, in the plural: boarding_notices.")],
    agency: Annotated[str, typer.Option("--agency", help="Whose it is; an agency of schema/vocabulary.toml.")],
    entity: Annotated[str, typer.Option("--entity", help="What it holds; the name in the singular by default.")] = "",
    category: Annotated[
        str,
        typer.Option(
            "--category", help="How sensitive its fields are; one that the agency's roles may read by default."
        ),
    ] = "",
) -> None:
    """Make a subgraph that composes and runs at once: schema, tables, migration, loaders, seed, tests, a drafted agreement.

    Run it in the root of the repository. To undo it, delete the folder and the line of the registry, and `make schema`.
    """
    root = Path()
    plan = planned(root, name, agency, entity, category)
    for path in written(root, plan):
        typer.echo(f"wrote {path}")
    subprocess.run([sys.executable, "-m", "ruff", "format", "--quiet", f"subgraphs/{name}"], check=False)  # noqa: S603
    _run("subgraphs.kit.export", name)
    generate(root / "schema" / "registry.toml")
    typer.echo(f"""
{plan.entity} is in the graph, and only {agency}'s own roles may read it. Next:
  gateway check            the graph, the agreements, the flows
  pytest subgraphs/{name}
  make run                 seeds it, and serves it with all others
Others may read it under an agreement: subgraphs/{name}/agreement.toml is a draft of one, for {plan.recipient}.""")


def planned(root: Path, name: str, agency: str, entity: str = "", category: str = "") -> Plan:
    """What would be written below ``root`` for a new subgraph; nothing is written.

    Raises ``RequestError`` ``SUBGRAPH_REFUSED`` with what is wrong: a name that is taken or no name, an agency or a
    category that the vocabulary does not know.
    """
    schema = root / "schema"
    if not (root / "subgraphs" / "kit" / "schema.py").exists():
        raise _refused("There is no subgraphs/kit here.", "the current folder", "Run it in the root of the repository.")
    bundle = load_bundle(schema)
    registry = read_text(schema / "registry.toml", "REGISTRY_WRONG", "The registry", "Run it in the root.")
    supergraph = load_supergraph(
        read_text(schema / "supergraph.graphql", "SUPERGRAPH_MISSING", "The supergraph", "Run `make schema`.")
    )
    entity = entity or "".join(part.capitalize() for part in _singular(name).split("_"))
    fields = _fields(name, entity)
    _check_names(root, name, agency, bundle)
    _check_types(supergraph, entity, fields)
    category = category or _category_of(bundle, agency)
    if category not in bundle.vocabulary.categories or category in _FOLLOWING:
        known = ", ".join(sorted(bundle.vocabulary.categories.keys() - _FOLLOWING))
        raise _refused(f"{category!r} is no category of data.", "--category", f"Choose one of {known}.")
    taken = {urlsplit(each.url).port or 0 for each in read_registry(schema / "registry.toml").values()}
    line = _LINE.format(name=name, agency=agency, entity=entity, port=max(taken, default=4000) + 1)
    words: dict[str, Any] = {"name": name, "agency": agency, "entity": entity, "category": category, **fields}
    draft = _draft(bundle, words, view_day(schema))
    words |= draft
    return Plan(name, agency, entity, _files(words), _with_line(registry, line), draft["recipient"])


def written(root: Path, plan: Plan) -> list[Path]:
    """The paths of ``plan`` below ``root``, now written."""
    for path, text in plan.files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    registry = Path("schema", "registry.toml")
    (root / registry).write_text(plan.registry, encoding="utf-8")
    return [*plan.files, registry]


def _run(module: str, *arguments: str) -> None:
    """Run a program of the subgraphs, which the gateway knows by name only."""
    ran = subprocess.run([sys.executable, "-m", module, *arguments], capture_output=True, text=True, check=False)  # noqa: S603
    if ran.returncode:
        raise RequestError("SUBGRAPH_REFUSED", f"{module} failed: {ran.stderr.strip()}", where=" ".join(arguments))


def _refused(message: str, where: str, hint: str) -> RequestError:
    return RequestError("SUBGRAPH_REFUSED", message, where=where, hint=hint)


def _singular(name: str) -> str:
    if name.endswith("ies"):
        return name[:-3] + "y"
    return name[:-1] if name.endswith("s") and not name.endswith("ss") else name


def _fields(name: str, entity: str) -> dict[str, str]:
    """The names that the templates use, made of the subgraph's and the entity's."""
    parts = _WORDS.findall(entity) or [entity]
    head, *rest = name.split("_")
    listed = head + "".join(part.capitalize() for part in rest)
    root = entity[:1].lower() + entity[1:]
    words = " ".join(part.lower() for part in parts)
    return {
        "key": f"{root}Id",
        "key_column": "_".join(part.lower() for part in parts) + "_id",
        "list_field": listed if listed != root else f"{listed}s",
        "root_field": root,
        "entity_words": words,
        "article": "An" if words[:1] in "aeiou" else "A",
        "initials": "".join(part[0] for part in parts).ljust(2, "X")[:3],
        "system": f"{words.title().replace(' ', '')}s"[:40],
        "n802_list": _NOQA if rest else "",
        "n802_root": _NOQA if len(parts) > 1 else "",
    }


def _check_names(root: Path, name: str, agency: str, bundle: Bundle) -> None:
    if not _NAME.match(name) or keyword.iskeyword(name) or len(name) > 40:
        raise _refused(f"{name!r} is no name of a subgraph.", "NAME", "Write lower_case words, as in boarding_notices.")
    registered = read_registry(root / "schema" / "registry.toml")
    if name in registered or (root / "subgraphs" / name).exists():
        raise _refused(f"There is a subgraph {name} already.", "NAME", "Choose another name, or delete it first.")
    providers = {each.provider for each in bundle.agreements if each.kind == "internal"}
    if agency not in bundle.vocabulary.agencies or agency not in providers:
        hint = "Choose one of " + ", ".join(sorted(providers & bundle.vocabulary.agencies.keys())) + "."
        raise _refused(f"{agency!r} is no agency with roles of its own.", "--agency", hint)


def _check_types(supergraph: Supergraph, entity: str, fields: Mapping[str, str]) -> None:
    if not _ENTITY.match(entity) or len(entity) > 40:
        raise _refused(f"{entity!r} is no name of a type.", "--entity", "Write it as in BoardingNotice.")
    if entity in supergraph.types:
        raise _refused(f"The graph has a type {entity} already.", "--entity", "Choose another with --entity.")
    for parent, name in (("Traveler", fields["list_field"]), ("Query", fields["root_field"])):
        if supergraph.field(parent, name) is not None:
            raise _refused(f"The graph has a field {parent}.{name} already.", "NAME", "Choose another name.")


def _category_of(bundle: Bundle, agency: str) -> str:
    """The first category of data that some grant of the agency's role file gives to its own roles."""
    for agreement in bundle.agreements:
        if agreement.kind == "internal" and agreement.provider == agency:
            for grant in agreement.grants:
                for field in grant.fields:
                    if field.startswith("category:") and field.removeprefix("category:") not in _FOLLOWING:
                        return field.removeprefix("category:")
    raise _refused(
        f"The role file of {agency} gives its roles no category as a whole.",
        "--category",
        f"Name one, and add the new type to a grant of schema/agreements/{agency.lower()}-internal.toml.",
    )


def _draft(bundle: Bundle, words: Mapping[str, Any], day: date) -> dict[str, Any]:
    """What the drafted agreement says of parties and purposes: those of the agency's first agreement, where it has one."""
    agency = words["agency"]
    model = _model(bundle, agency)
    recipient = model.recipients[0]
    # a caller has one role and one purpose, and they have to fit each other
    role, purpose = next(
        (role, purpose)
        for role in sorted(model.roles)
        for purpose in sorted(model.purposes)
        if bundle.vocabulary.knows_caller(recipient, role, purpose)
    )
    return {
        "recipient": recipient,
        "provider_file": agency.lower(),
        "recipient_file": recipient.lower(),
        "draft_id": f"{agency}-{recipient}-{words['name']}".upper().replace("_", "-"),
        "title": f"{words['entity_words'].capitalize()}s",
        "effective": day,
        "review_by": day.replace(year=day.year + 3, day=min(day.day, 28)),
        "expires": day.replace(year=day.year + 5, day=min(day.day, 28)),
        "purposes": f'"{purpose}"',
        "roles": f'"{role}"',
        "example_role": role,
        "example_purpose": purpose,
    }


def _model(bundle: Bundle, agency: str) -> Agreement:
    def fits(each: Agreement) -> bool:
        knows = bundle.vocabulary.knows_caller
        pairs = ((role, purpose) for role in each.roles for purpose in each.purposes)
        return each.kind == "agreement" and any(knows(each.recipients[0], *pair) for pair in pairs)

    own = [each for each in bundle.agreements if each.provider == agency and fits(each)]
    found = own or [each for each in bundle.agreements if agency not in each.recipients and fits(each)]
    if not found:
        raise _refused("There is no agreement to draft another after.", "schema/agreements", "Write one by hand first.")
    return found[0]


def _files(words: Mapping[str, Any]) -> dict[Path, str]:
    pages = Environment(
        loader=PackageLoader("gateway.cli", "subgraph_template"),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - Python and TOML, of words that were checked
    )
    pages.filters["exported"] = lambda names: json.dumps(sorted(names, key=lambda each: (each[0].islower(), each)))
    folder = Path("subgraphs", words["name"])
    return {
        folder / page.removesuffix(".jinja").replace("NAME", words["name"]): _IMPORTS.sub(
            lambda found: "".join(sorted(found[0].splitlines(keepends=True))), pages.get_template(page).render(words)
        )
        for page in sorted(pages.list_templates(extensions=["jinja"]))
    }


def _with_line(registry: str, line: str) -> str:
    """The registry with ``line`` in its table of lines, which is made at the end where there is none."""
    text = registry.rstrip("\n") + "\n"
    return (text if "\n[subgraphs]\n" in text else text + _TABLE) + line
