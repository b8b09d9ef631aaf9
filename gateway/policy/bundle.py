"""The policy as written: vocabulary, agreements and prohibitions, read from files and not yet held against a graph."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from gateway.errors import Mistake, PolicyError
from gateway.policy.agreement import Agreement, read_agreement
from gateway.policy.prohibition import Prohibition, read_prohibition
from gateway.policy.toml_page import Page
from gateway.policy.toml_page import Path as Place
from gateway.policy.vocabulary import Vocabulary, read_vocabulary

__all__ = ["Bundle", "load_bundle", "read_bundle"]


@dataclass(frozen=True, slots=True)
class Bundle:
    """Everything the signatories wrote. ``pages`` maps file names to their text, for the epoch and for screens."""

    vocabulary: Vocabulary = field(default_factory=Vocabulary)
    agreements: tuple[Agreement, ...] = ()
    prohibitions: tuple[Prohibition, ...] = ()
    pages: Mapping[str, str] = field(default_factory=dict)


def load_bundle(folder: str | Path) -> Bundle:
    """The bundle in ``folder`` (``vocabulary.toml``, ``agreements/*.toml``, ``prohibitions/*.toml``, ``registry.toml``).

    The registry, where there is one, says whose each subgraph is that the vocabulary leaves to it.

    Raises ``PolicyError`` with every mistake, each with file and line. A folder that is not there is a mistake too:
    no gateway starts on a policy that could not be read.
    """
    root = Path(folder)
    paths = [
        root / "vocabulary.toml",
        *sorted(root.glob("agreements/*.toml")),
        *sorted(root.glob("prohibitions/*.toml")),
    ]
    if (root / "registry.toml").exists():
        paths.append(root / "registry.toml")
    pages: dict[str, str] = {}
    mistakes: list[Mistake] = []
    for path in paths:
        try:
            pages[path.relative_to(root).as_posix()] = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            mistakes.append(
                Mistake(
                    "POLICY_UNREADABLE", f"cannot be read: {reason}", str(path), "check the path and the permissions"
                )
            )
    if mistakes:
        raise _failed(mistakes)
    return read_bundle(pages)


def read_bundle(pages: Mapping[str, str]) -> Bundle:
    """The bundle that ``pages`` (file name to text) hold; raises ``PolicyError`` with every mistake."""
    mistakes: list[Mistake] = []
    vocabulary = Vocabulary()
    registry: Page | None = None
    agreements: list[Agreement] = []
    prohibitions: list[Prohibition] = []
    for name in sorted(pages):
        page = Page.read(name, pages[name], mistakes)
        if page is None:
            continue
        if name == "vocabulary.toml":
            vocabulary = read_vocabulary(page)
        elif name == "registry.toml":
            registry = page
        elif name.startswith("agreements/"):
            agreements.append(read_agreement(page))
        elif name.startswith("prohibitions/"):
            prohibitions.append(read_prohibition(page))
    if registry is not None:
        vocabulary = _registered(vocabulary, registry)
    mistakes.extend(
        _doubles([(each.id, each.file) for each in agreements] + [(each.id, each.file) for each in prohibitions])
    )
    if mistakes:
        raise _failed(mistakes)
    return Bundle(vocabulary, tuple(agreements), tuple(prohibitions), dict(pages))


def _registered(vocabulary: Vocabulary, page: Page) -> Vocabulary:
    """``vocabulary`` with what only the registry says: whose a subgraph is, and whose record a row of its types.

    What the two say otherwise is a mistake, noted on the page.
    """
    agencies, subjects = dict(vocabulary.agencies), dict(vocabulary.subjects)
    for name, entry in page.table(page.data, (), "subgraphs").items():
        path = ("subgraphs", name)
        code = entry.get("agency") if isinstance(entry, dict) else None
        if not isinstance(code, str):  # whoever opens the registry says what is wrong with it
            continue
        known = vocabulary.agency_of(name)
        if code not in agencies:
            hint = "add it to vocabulary.toml, or correct the registry"
            page.mistake("POLICY_UNKNOWN_AGENCY", f"'{code}' is no agency", path, hint, code)
        elif known and known != code:
            _disputed(page, path, f"subgraph '{name}' is {code}'s", known)
        elif not known:
            agencies[code] = replace(agencies[code], subgraphs=(*agencies[code].subgraphs, name.lower()))
        for kind, subject in page.table(entry, path, "subjects").items():
            if not isinstance(subject, str) or subjects.setdefault(kind, subject) != subject:
                _disputed(page, path, f"a {kind} is the record of {subject!r}", subjects.get(kind, "another"))
    return replace(vocabulary, agencies=agencies, subjects=subjects)


def _disputed(page: Page, path: Place, said: str, known: str) -> None:
    message = f"the registry says that {said}, and {known} is what was said before"
    page.mistake("POLICY_REGISTRY_DISPUTED", message, path, "let vocabulary.toml and registry.toml say the same")


def _doubles(ids: Iterable[tuple[str, str]]) -> Iterable[Mistake]:
    seen: dict[str, str] = {}
    for name, file in ids:
        if name in seen:
            yield Mistake(
                "POLICY_DUPLICATE_ID",
                f"'{name}' is already the id of {seen[name]}",
                f"{file}:1",
                "give every file an id of its own",
            )
        seen.setdefault(name, file)


def _failed(mistakes: list[Mistake]) -> PolicyError:
    return PolicyError("POLICY_INVALID", f"The policy cannot be read: {len(mistakes)} mistake(s).", tuple(mistakes))
