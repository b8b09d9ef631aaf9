"""Mistakes of a made SDL are told with the Python that made it: class, field, and the frame that raised."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.cli.python_places import place_of, places_in, raised_in

SCHEMA = """
@entity("visaId")
class Visa:
    visaId: str | None = classified("TDOC")

    @resolved("TDOC")
    async def days(self) -> int: ...


@value(name="Mark")
class MarkOfAVisa:
    note: str
"""
TRACE = """Traceback (most recent call last):
  File "{root}/subgraphs/visas/schema.py", line 4, in Visa
    visaId: str | None = classified("NEWS")
  File "{root}/subgraphs/kit/directives.py", line 99, in _directives
    raise ValueError("no category")
ValueError: no category
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "subgraphs" / "visas").mkdir(parents=True)
    (tmp_path / "subgraphs" / "visas" / "schema.py").write_text(SCHEMA, encoding="utf-8")
    (tmp_path / "subgraphs" / "visas" / "broken.py").write_text("class Visa(:", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("kind", "field", "line"),
    [
        ("Visa", "", 3),
        ("Visa", "visaId", 4),
        ("Visa", "days", 7),
        ("Mark", "note", 12),
        ("MarkOfAVisa", "", 0),
        ("Visa", "no", 0),
    ],
)
def test_a_type_and_its_fields_are_found(root: Path, kind: str, field: str, line: int) -> None:
    found = place_of(root / "subgraphs", kind, field)

    assert found == (f"{root.as_posix()}/subgraphs/visas/schema.py:{line}" if line else "")


def test_every_coordinate_of_a_message_that_is_declared_here_is_told_once(root: Path) -> None:
    told = places_in("Visa.days and Visa.days clash with Other.field [Mark.note]", root / "subgraphs")

    assert [each.rpartition("/")[2] for each in told] == ["schema.py:7", "schema.py:12"]


def test_the_frame_that_raised_is_the_agencys_not_the_kits(root: Path) -> None:
    assert raised_in(TRACE.format(root=root), root) == "subgraphs/visas/schema.py:4"
    assert raised_in("ValueError: nothing of ours", root) == ""
