"""The file of grants and notices: durable, one approval, one notice an agency, and unavailable where it cannot be."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.duties import Glass, GlassFile
from gateway.errors import RecordUnavailable, RequestError

AT = datetime(2026, 11, 1, 12, tzinfo=UTC)
ASKED = Glass("BG-1", "CBP", "cbp-supervisor", "u1", "safety-of-life", "INS-1", "A child is missing", 60, AT)
OPEN = Glass(
    "BG-1", "CBP", "cbp-supervisor", "u1", "safety-of-life", "INS-1", "A child is missing", 60, AT,
    "u2", AT + timedelta(minutes=1), AT + timedelta(minutes=61),
)  # fmt: skip


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "record" / "break-glass.sqlite3"


def test_what_was_kept_is_there_after_opening_anew(path: Path) -> None:
    first = GlassFile(path)
    first.add(ASKED)
    first.approve(OPEN)
    first.notify(OPEN, ("CBP", "OBIM"), "r1", AT)
    first.close()
    second = GlassFile(path)
    assert second.find("BG-1") == OPEN
    assert second.all() == [OPEN]
    assert [(each.agency, each.request, each.due) for each in second.notices()] == [
        ("CBP", "r1", AT + timedelta(minutes=5)),
        ("OBIM", "r1", AT + timedelta(minutes=5)),
    ]
    second.close()


def test_of_two_approvals_the_second_is_told(path: Path) -> None:
    file = GlassFile(path)
    file.add(ASKED)
    file.approve(OPEN)
    with pytest.raises(RequestError, match="faster"):
        file.approve(OPEN)
    file.close()


def test_an_agency_has_one_notice_of_a_grant_and_takes_note_once(path: Path) -> None:
    file = GlassFile(path)
    file.add(OPEN)
    file.notify(OPEN, ("CBP",), "r1", AT)
    file.notify(OPEN, ("CBP", "OBIM"), "r2", AT)
    found = file.notices()
    assert [(each.agency, each.request) for each in found] == [("CBP", "r1"), ("OBIM", "r2")]
    assert found[0].overdue(AT + timedelta(minutes=6))
    assert not found[0].overdue(AT + timedelta(minutes=5))
    file.acknowledge(found[0].number, "cbp-privacy-1", AT)
    assert [each.agency for each in file.notices()] == ["OBIM"]
    assert [each.seen_by for each in file.notices(seen=True, agency="CBP")] == ["cbp-privacy-1"]
    with pytest.raises(RequestError, match="waits"):
        file.acknowledge(found[0].number, "cbp-privacy-1", AT)
    file.close()


def test_a_file_that_cannot_be_opened_or_was_closed_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(RecordUnavailable) as found:
        GlassFile(tmp_path / "file" / "x.sqlite3")
    assert found.value.code == "DUTIES_UNAVAILABLE"
    file = GlassFile(tmp_path / "ok.sqlite3")
    file.close()
    file.close()
    with pytest.raises(RecordUnavailable):
        file.all()
    with pytest.raises(RecordUnavailable):
        file.add(ASKED)
