"""The documents of a client's source tree: ``.graphql`` files, and ``gql`` tags in its code.

An operation is taken with the fragments that it uses, from wherever in the tree they are: fragments are found by name, as
clients' own tools do. An interpolation in a tag (``${FRAGMENT}``) names a fragment that is elsewhere and is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

from graphql import GraphQLError
from graphql.language import (
    DocumentNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    Node,
    OperationDefinitionNode,
    Visitor,
    parse,
    print_ast,
    visit,
)

from gateway.documents.trusted import digest_of
from gateway.errors import Mistake

__all__ = ["Extracted", "Found", "extract", "manifest"]

_FILES: Final = frozenset({".graphql", ".gql"})
_CODE: Final = frozenset({".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx", ".mts", ".cts", ".vue", ".svelte"})
_Named = TypeVar("_Named", OperationDefinitionNode, FragmentDefinitionNode)
_PASSED: Final = frozenset({"node_modules", "dist", "build", "__generated__"})
_TAG: Final = re.compile(r"\b(?:gql|graphql)\s*(?:\(\s*(?:/\*[^*]*\*/\s*)?)?`((?:\\.|[^`\\])*)`", re.DOTALL)
_HOLE: Final = re.compile(r"\$\{[^}]*\}")
_ESCAPED: Final = re.compile(r"\\([`$\\])")


@dataclass(frozen=True, slots=True)
class Found:
    """One operation with its fragments: the text to be trusted, its hash (hex), and where it stands."""

    name: str
    text: str
    where: str

    @property
    def digest(self) -> str:
        """The SHA-256 of the text, in hex."""
        return digest_of(self.text)


@dataclass(frozen=True, slots=True)
class Extracted:
    """Every operation of a tree by name, sorted, and what is wrong: what cannot be parsed, named or put together."""

    documents: tuple[Found, ...]
    mistakes: tuple[Mistake, ...]


@dataclass(slots=True)
class _Tree:
    operations: dict[str, tuple[OperationDefinitionNode, str]] = field(default_factory=dict)
    fragments: dict[str, tuple[FragmentDefinitionNode, str]] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)

    def read(self, text: str, path: str, line: int) -> None:
        """Take what ``text`` defines, which begins on ``line`` of the file."""
        try:
            document = parse(text)
        except GraphQLError as error:
            place = error.locations[0].line if error.locations else 1
            self._wrong("DOCUMENT_SYNTAX", f"{error.message}.", f"{path}:{line + place - 1}", "Correct the operation.")
            return
        for node in document.definitions:
            where = f"{path}:{line + (node.loc.start_token.line if node.loc else 1) - 1}"
            if isinstance(node, FragmentDefinitionNode):
                self._take(self.fragments, node.name.value, node, where, "fragment")
            elif isinstance(node, OperationDefinitionNode) and node.name:
                self._take(self.operations, node.name.value, node, where, "operation")
            elif isinstance(node, OperationDefinitionNode):
                hint = "Give it a name: records and metrics tell it by that."
                self._wrong("DOCUMENT_UNNAMED", "An operation has no name.", where, hint)

    def _take(self, into: dict[str, tuple[_Named, str]], name: str, node: _Named, where: str, what: str) -> None:
        known = into.get(name)
        if known is None:
            into[name] = (node, where)
        elif print_ast(known[0]) != print_ast(node):
            message = f"There is another {what} {name} at {known[1]}."
            self._wrong("DOCUMENT_TWICE", message, where, "Give one of them another name.")

    def _wrong(self, code: str, message: str, where: str, hint: str) -> None:
        self.mistakes.append(Mistake(code, message, where, hint))

    def found(self) -> Iterator[Found]:
        """Each operation with the fragments it uses, those in the order of their names."""
        for name, (node, where) in sorted(self.operations.items()):
            used: dict[str, FragmentDefinitionNode] = {}
            missing = self._collect(node, used)
            for each in sorted(missing):
                message = f"{name} uses the fragment {each}, which is nowhere in the tree."
                self._wrong("DOCUMENT_FRAGMENT_MISSING", message, where, "Name the folder that holds it as well.")
            if not missing:
                definitions = (node, *(used[each] for each in sorted(used)))
                yield Found(name, print_ast(DocumentNode(definitions=definitions)) + "\n", where)

    def _collect(self, node: Node, used: dict[str, FragmentDefinitionNode]) -> set[str]:
        missing: set[str] = set()
        for name in _spreads(node):
            if name not in self.fragments:
                missing.add(name)
            elif name not in used:
                used[name] = self.fragments[name][0]
                missing |= self._collect(used[name], used)
        return missing


def extract(roots: Iterable[Path]) -> Extracted:
    """The operations below ``roots`` (files or folders); ``where`` of each is relative to its root's parent."""
    tree = _Tree()
    for root in roots:
        for path in _files(root):
            shown = path.relative_to(root.parent).as_posix()
            for text, line in _texts(path):
                tree.read(text, shown, line)
    documents = tuple(tree.found())
    return Extracted(documents, tuple(sorted(tree.mistakes, key=lambda each: (each.where, each.code))))


def manifest(client: str, documents: Iterable[Found]) -> Mapping[str, Mapping[str, str]]:
    """The manifest of trusted documents that ``gateway.documents.read_manifest`` reads."""
    return {client: {f"sha256:{each.digest}": each.text for each in documents}}


def _files(root: Path) -> Iterator[Path]:
    if root.is_file():
        yield root
        return
    for path in sorted(root.rglob("*")):
        inside = path.relative_to(root).parts
        if path.is_file() and path.suffix in _FILES | _CODE and not _PASSED & set(inside):
            yield path


def _texts(path: Path) -> Iterator[tuple[str, int]]:
    """Each text of GraphQL in a file, and the line on which it begins."""
    text = path.read_text(encoding="utf-8-sig", errors="replace")
    if path.suffix in _FILES:
        yield text, 1
        return
    for found in _TAG.finditer(text):
        inner = _ESCAPED.sub(r"\1", _HOLE.sub("", found[1]))
        if inner.strip():
            yield inner, text.count("\n", 0, found.start(1)) + 1


def _spreads(node: Node) -> list[str]:
    names: list[str] = []

    class Spreads(Visitor):
        def enter_fragment_spread(self, spread: FragmentSpreadNode, *_: object) -> None:
            names.append(spread.name.value)

    visit(node, Spreads())
    return names
