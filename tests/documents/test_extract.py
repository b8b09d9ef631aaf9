"""A client's operations are found where they stand, put together with their fragments, and named when they are wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.documents import read_manifest
from gateway.documents.extract import extract, manifest

BOX = """
import { gql } from "@apollo/client";
const PERSON = gql`
  fragment Person on Traveler { names { family } }
`;
export const ONE = gql`
  ${PERSON}
  query One($id: ID!) { traveler(id: $id) { ...Person } }
`;
"""


def written(root: Path, **files: str) -> Path:
    for name, text in files.items():
        path = root / name.replace("__", "/").replace("_DOT_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def test_files_and_tags_are_read_and_fragments_are_found_by_name(tmp_path: Path) -> None:
    root = written(
        tmp_path / "src", box_DOT_tsx=BOX, two_DOT_graphql="query Two { traveler(id: 1) { ...Person ...Born } }",
        parts__born_DOT_gql="fragment Born on Traveler { birth { country } }",
        node_modules__x_DOT_graphql="query Stranger { nothing }",
    )  # fmt: skip
    found = extract([root])

    assert found.mistakes == ()
    assert [(each.name, each.where) for each in found.documents] == [
        ("One", "src/box.tsx:8"),
        ("Two", "src/two.graphql:1"),
    ]
    one, two = found.documents
    assert "fragment Person" in one.text
    assert "Born" not in one.text
    assert "fragment Born" in two.text
    assert "$" not in one.text.replace("$id", "")


def test_the_manifest_is_the_gateways(tmp_path: Path) -> None:
    import json

    found = extract([written(tmp_path / "src", a_DOT_graphql="query A { a }")])
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps(manifest("desk", found.documents)))

    (document,) = found.documents
    assert read_manifest(path) == {document.digest: document.text}


@pytest.mark.parametrize(
    ("files", "code", "where"),
    [
        ({"a_DOT_graphql": "query A {\n  a(\n}"}, "DOCUMENT_SYNTAX", "src/a.graphql:3"),
        ({"a_DOT_ts": "\n\nconst A = gql`\nquery A { a( }`"}, "DOCUMENT_SYNTAX", "src/a.ts:4"),
        ({"a_DOT_graphql": "{ a }"}, "DOCUMENT_UNNAMED", "src/a.graphql:1"),
        ({"a_DOT_graphql": "query A { a }", "b_DOT_graphql": "query A { b }"}, "DOCUMENT_TWICE", "src/b.graphql:1"),
        ({"a_DOT_graphql": "query A { ...F }"}, "DOCUMENT_FRAGMENT_MISSING", "src/a.graphql:1"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(files: dict[str, str], code: str, where: str, tmp_path: Path) -> None:
    (mistake,) = extract([written(tmp_path / "src", **files)]).mistakes

    assert (mistake.code, mistake.where) == (code, where)
    assert mistake.hint


def test_the_same_operation_twice_is_one(tmp_path: Path) -> None:
    found = extract([written(tmp_path / "src", a_DOT_graphql="query A { a }", b_DOT_graphql="query A  {\n a }")])

    assert [each.name for each in found.documents] == ["A"]
    assert found.mistakes == ()


def test_fragments_in_a_circle_end(tmp_path: Path) -> None:
    text = "query A { ...F } fragment F on T { ...G } fragment G on T { ...F }"
    (document,) = extract([written(tmp_path / "src", a_DOT_graphql=text)]).documents

    assert document.text.count("fragment ") == 2
