"""``@link`` read and checked: which specifications a subgraph uses, and what their elements are called there."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from gateway.composition import specs
from gateway.composition.schema import Applied
from gateway.composition.specs import FEDERATION, LINK, Version
from gateway.errors import Mistake

__all__ = ["Import", "Link", "Links", "parse_url", "read_links"]

_VERSION = re.compile(r"v(\d+)\.(\d+)")
_NAME = re.compile(r"[_A-Za-z][_0-9A-Za-z]*")


@dataclass(frozen=True, slots=True)
class Import:
    """One imported element; directives keep their ``@``."""

    name: str
    local: str


@dataclass(frozen=True, slots=True)
class Link:
    """One linked specification."""

    identity: str
    version: Version
    url: str
    spec: str
    alias: str
    imports: tuple[Import, ...] = ()
    purpose: str = ""
    line: int = 0

    def local(self, name: str) -> str:
        """What the element (``@`` in front for a directive) is called in the schema, without ``@``."""
        for entry in self.imports:
            if entry.name == name:
                return entry.local.removeprefix("@")
        bare = name.removeprefix("@")
        return self.alias if name == f"@{self.spec}" else f"{self.alias}__{bare}"


@dataclass(slots=True)
class Links:
    """Every specification linked by one schema."""

    items: list[Link] = field(default_factory=list)
    link_name: str = "link"

    def by_identity(self, identity: str) -> Link | None:
        """The link to a specification, if there."""
        return next((link for link in self.items if link.identity == identity), None)

    def source_of(self, name: str) -> tuple[Link, str] | None:
        """Which linked element ``name`` is (``@`` in front for a directive): the link, and the element's own name."""
        bare = name.removeprefix("@")
        mark = "@" if name.startswith("@") else ""
        for link in self.items:
            for entry in link.imports:
                if entry.local == name:
                    return link, entry.name
        for link in self.items:
            if mark and bare == link.alias:
                return link, f"@{link.spec}"
            if bare.startswith(f"{link.alias}__"):
                return link, mark + bare[len(link.alias) + 2 :]
        return None


def parse_url(url: str) -> tuple[str, str, Version] | str:
    """The identity, name and version in a specification's URL, or what is wrong with it."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return f"'{url}' is not a URL"
    segments = [segment for segment in parts.path.split("/") if segment]
    if not parts.scheme or not parts.netloc:
        return f"'{url}' is not a URL of a specification"
    if not segments:
        return f"Missing path in feature url '{url}'"
    found = _VERSION.fullmatch(segments[-1])
    if found is None:
        return f"Expected a version string (of the form v1.2), got {segments[-1]}"
    if len(segments) < 2:
        return f"Missing feature name component in feature url '{url}'"
    identity = f"{parts.scheme}://{parts.netloc}/{'/'.join(segments[:-1])}"
    return identity, segments[-2], (int(found[1]), int(found[2]))


def read_links(applied: Sequence[Applied]) -> tuple[Links, list[Mistake]]:
    """Every link on ``schema``, and every mistake in them.

    ``@link`` may be renamed by linking itself under another name; the older ``@core(feature:)`` is read too.
    """
    links, mistakes = Links(), list[Mistake]()
    name, argument = _link_directive(applied)
    links.link_name = name
    for application in applied:
        if application.name != name:
            continue
        link = _read_link(application, argument, mistakes)
        if link is not None:
            links.items.append(link)
    for link in links.items:
        mistakes.extend(_unknown_imports(link, applied, self_linked=links.by_identity(LINK) is not None))
    mistakes.extend(_version_mistakes(links))
    if not mistakes:
        mistakes.extend(_clashes(links))
    return links, mistakes


def _link_directive(applied: Sequence[Applied]) -> tuple[str, str]:
    """The name ``@link`` has here and the argument that holds the URL."""
    for application in applied:
        for argument in ("url", "feature"):
            url = application.args.get(argument)
            parsed = parse_url(url) if isinstance(url, str) else ""
            wanted = LINK if argument == "url" else "https://specs.apollo.dev/core"
            if isinstance(parsed, str) or parsed[0] != wanted:
                continue
            if application.name == _own_name(application, parsed[1]):
                return application.name, argument
    return "link", "url"


def _own_name(application: Applied, spec: str) -> object:
    """What the link specification's directive is called by its own link: imported, aliased or as it is."""
    imports = application.args.get("import")
    for entry in imports if isinstance(imports, list) else ():
        if isinstance(entry, dict) and entry.get("name") == f"@{spec}" and isinstance(entry.get("as"), str):
            return entry["as"].removeprefix("@")
    return application.args.get("as") or spec


def _read_link(application: Applied, argument: str, mistakes: list[Mistake]) -> Link | None:
    url = application.args.get(argument)
    if not isinstance(url, str):
        mistakes.append(_usage("The url of a @link is missing or not a string", application, 'write @link(url: "...")'))
        return None
    parsed = parse_url(url)
    if isinstance(parsed, str):
        hint = 'write the URL as "https://host/name/v1.2": a path whose last part is the version'
        mistakes.append(Mistake("INVALID_LINK_IDENTIFIER", parsed, _where(application), hint))
        return None
    identity, spec, version = parsed
    alias = application.args.get("as")
    if alias is not None and not _good_alias(alias):
        hint = "an alias is a GraphQL name without __ that does not end in _"
        mistakes.append(_usage(f"Invalid alias {alias!r} for {url}", application, hint))
        return None
    imports = _read_imports(application, url, mistakes)
    purpose = application.args.get("for")
    return Link(
        identity,
        version,
        url,
        spec,
        alias or spec,
        tuple(imports),
        purpose if isinstance(purpose, str) else "",
        application.line,
    )


def _good_alias(alias: Any) -> bool:
    return isinstance(alias, str) and bool(_NAME.fullmatch(alias)) and "__" not in alias and not alias.endswith("_")


def _read_imports(application: Applied, url: str, mistakes: list[Mistake]) -> list[Import]:
    raw = application.args.get("import")
    found: list[Import] = []
    for entry in raw if isinstance(raw, list) else [] if raw is None else [raw]:
        problem = _import_problem(entry)
        if problem:
            hint = 'write "@name", or {name: "@name", as: "@other"}'
            mistakes.append(_usage(f"Invalid import {entry!r} from {url}: {problem}", application, hint))
            continue
        name = entry if isinstance(entry, str) else entry["name"]
        local = name if isinstance(entry, str) else entry.get("as") or name
        if Import(name, local) not in found:
            found.append(Import(name, local))
    return found


def _import_problem(entry: Any) -> str:
    if isinstance(entry, str):
        return "" if _NAME.fullmatch(entry.removeprefix("@")) else "not a GraphQL name"
    if not isinstance(entry, dict):
        return "neither a string nor an object"
    if set(entry) - {"name", "as"}:
        return f"unknown key {', '.join(sorted(set(entry) - {'name', 'as'}))}"
    name, local = entry.get("name"), entry.get("as")
    if not isinstance(name, str):
        return "no name"
    if local is not None and not isinstance(local, str):
        return "its alias is not a string"
    for text in (name, local or name):
        if not _NAME.fullmatch(text.removeprefix("@")):
            return f"{text!r} is not a GraphQL name"
    if local is not None and name.startswith("@") != local.startswith("@"):
        return "the name and its alias must both begin with @, or neither"
    return ""


def _unknown_imports(link: Link, applied: Sequence[Applied], *, self_linked: bool) -> list[Mistake]:
    """A mistake for each import the specification lacks.

    In a schema that links the link specification itself the reference sees no federation link then, and what it
    reports is the directive that stands on ``schema`` unknown.
    """
    if link.identity == FEDERATION and link.version in specs.FEDERATION_VERSIONS:
        known = {f"@{name}" for name in specs.federation_directives(link.version)}
        known |= set(specs.federation_types(link.version))
    elif link.identity == LINK and link.version == (1, 0):
        known = {"@link", "Purpose", "Import"}
    else:
        return []
    used = {f"@{application.name}" for application in applied}
    return [
        Mistake(
            "INVALID_GRAPHQL" if self_linked and entry.local in used else "INVALID_LINK_DIRECTIVE_USAGE",
            f'Cannot import unknown element "{entry.name}".',
            f"line {link.line}",
            f"{link.url} has no {entry.name}; link a version that has it, or leave it out",
        )
        for entry in link.imports
        if entry.name not in known
    ]


def _version_mistakes(links: Links) -> list[Mistake]:
    federation, link = links.by_identity(FEDERATION), links.by_identity(LINK)
    found: list[Mistake] = []
    if federation is not None and federation.version not in specs.FEDERATION_VERSIONS:
        message = f"Invalid version v{federation.version[0]}.{federation.version[1]} for the federation feature"
        hint = "link a federation version from v2.0 to v2.14"
        found.append(Mistake("UNKNOWN_FEDERATION_LINK_VERSION", message, f"line {federation.line}", hint))
    if link is not None and link.version != (1, 0):
        # Next to federation the reference reads the unknown version as a second, clashing @link.
        code = "UNKNOWN_LINK_VERSION" if federation is None else "INVALID_LINK_DIRECTIVE_USAGE"
        message = f"Schema uses unknown version v{link.version[0]}.{link.version[1]} of the link spec"
        found.append(Mistake(code, message, f"line {link.line}", f'link "{LINK}/v1.0"'))
    return found


def _clashes(links: Links) -> list[Mistake]:
    found: list[Mistake] = []
    for position, link in enumerate(links.items):
        for earlier in links.items[:position]:
            if earlier.identity == link.identity:
                message = f'Cannot link feature "{link.identity}" since it has already been linked in the schema.'
                found.append(_clash(message, link, "write one @link with every import"))
            elif earlier.alias == link.alias:
                message = f'"{earlier.identity}" and "{link.identity}" are both linked as "{link.alias}".'
                found.append(_clash(message, link, "give one of them another name with as:"))
        found.extend(_import_clashes(link, links))
    return found


def _import_clashes(link: Link, links: Links) -> list[Mistake]:
    found: list[Mistake] = []
    locals_by_name: dict[str, str] = {}
    for entry in link.imports:
        if locals_by_name.setdefault(entry.name, entry.local) != entry.local:
            found.append(_clash(f'"{entry.name}" is imported twice under different names.', link, "import it once"))
        bare = entry.local.removeprefix("@")
        for other in links.items:
            own_name = other is link and entry.name == f"@{link.spec}"
            if entry.local.startswith("@") and bare == other.alias and not own_name:
                message = f'Import "{entry.local}" of {link.url} is also the name that {other.url} is linked as.'
                found.append(_clash(message, link, "rename the import or the linked specification with as:"))
            if bare.startswith(f"{other.alias}__") and not (
                other is link and bare == f"{other.alias}__{entry.name[1:]}"
            ):
                message = f'Import "{entry.local}" of {link.url} begins like the elements of {other.url}.'
                found.append(_clash(message, link, "import it under a name without that prefix"))
            if other is link:
                continue
            if links.items.index(other) < links.items.index(link) and any(
                e.local == entry.local for e in other.imports
            ):
                message = f'"{entry.local}" is imported both from {other.url} and from {link.url}.'
                found.append(_clash(message, link, "rename one of the two imports with as:"))
    return found


def _clash(message: str, link: Link, hint: str) -> Mistake:
    return Mistake("INVALID_LINK_DIRECTIVE_USAGE", message, f"line {link.line}", hint)


def _usage(message: str, application: Applied, hint: str) -> Mistake:
    return Mistake("INVALID_LINK_DIRECTIVE_USAGE", message, _where(application), hint)


def _where(application: Applied) -> str:
    return f"line {application.line}"
