"""Mistakes of a made SDL are told with the Python that made it: class, field, and the frame that raised."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.cli.python_places import place_of, places_in, places_of, raised_in
from gateway.errors import Mistake

SCHEMA = """
@entity("visaId")
class Visa:
    visaId: str | None = classified("TDOC")

    @resolved("TDOC")
    async def days(self) -> int: ...


@value(name="Mark")
class MarkOfAVisa:
    note: str


class Entries(enum.Enum):
    ONE = "ONE"
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
    (tmp_path / "subgraphs" / "admissions").mkdir()
    (tmp_path / "subgraphs" / "admissions" / "schema.py").write_text("class Visa:\n    visaId: str\n", encoding="utf-8")
    (tmp_path / "subgraphs" / "kit").mkdir()
    (tmp_path / "subgraphs" / "kit" / "types.py").write_text("class CodedValue:\n    code: str\n", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("kind", "field", "line", "what"),
    [
        ("Visa", "", 2, "class Visa, decorator @entity"),
        ("Visa", "visaId", 4, "field visaId of class Visa, by classified(...)"),
        ("Visa", "days", 6, "method days of class Visa, decorator @resolved"),
        ("Mark", "note", 12, "field note of class MarkOfAVisa"),
        ("Mark", "", 10, "class MarkOfAVisa, decorator @value"),
        ("Entries", "ONE", 16, "member ONE of class Entries"),
        ("MarkOfAVisa", "", 0, ""),
        ("Visa", "no", 0, ""),
    ],
)
def test_a_type_and_its_fields_are_found(root: Path, kind: str, field: str, line: int, what: str) -> None:
    found = place_of(root / "subgraphs" / "visas", kind, field)

    place = f"{root.as_posix()}/subgraphs/visas/schema.py:{line}"
    assert (str(found) if found else "") == (f"{place} ({what})" if line else "")


def test_every_coordinate_of_a_message_that_is_declared_here_is_told_once(root: Path) -> None:
    told = places_in("Visa.days and Visa.days clash with Other.field [Mark.note]", root / "subgraphs")

    assert [each.rpartition("/")[2].partition(" ")[0] for each in told] == ["schema.py:6", "schema.py:12"]


@pytest.mark.parametrize(
    ("where", "subgraphs", "places"),
    [
        ("visas: Visa, line 435", ("visas",), ["visas/schema.py:2"]),
        ("visas: Visa.days, line 511", ("visas",), ["visas/schema.py:6"]),
        (
            "Visa.visaId (admissions: line 5; visas: line 20)",
            ("admissions", "visas"),
            ["admissions/schema.py:2", "visas/schema.py:4"],
        ),
        ("Visa.visaId (visas: line 20)", ("visas",), ["visas/schema.py:4"]),
        ("CodedValue.code (visas: line 147)", ("visas",), ["kit/types.py:2"]),
        ("Entries.ONE (visas: line 12)", ("visas",), ["visas/schema.py:16"]),
        ("luggage: Bag, line 2", ("luggage",), []),
    ],
)
def test_a_mistake_is_told_where_its_subgraphs_declare_what_it_names(
    root: Path, where: str, subgraphs: tuple[str, ...], places: list[str]
) -> None:
    """In the subgraphs that it names and no other; what agencies share is declared in the kit."""
    told = places_of(Mistake("A_B", "It is wrong.", where, subgraphs=subgraphs), root / "subgraphs")

    assert [each.partition("/subgraphs/")[2].partition(" ")[0] for each in told] == places


def test_the_frame_that_raised_is_the_agencys_not_the_kits(root: Path) -> None:
    assert raised_in(TRACE.format(root=root), root) == "subgraphs/visas/schema.py:4"
    assert raised_in("ValueError: nothing of ours", root) == ""
