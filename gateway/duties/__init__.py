"""What comes with access: the obligations of agreements, break-glass grants, and the files of what is still owed."""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from gateway.duties.event_notices import EventNotice, EventNoticeFile, NoticeState
from gateway.duties.glass import Glass, Notice, approve, ask_for, may_approve, review, usable
from gateway.duties.glasses import GlassFile
from gateway.duties.obligations import Means, Task, asked, owed, told, unmet
from gateway.duties.tasks import TaskFile

__all__ = [
    "Duties",
    "EventNotice",
    "EventNoticeFile",
    "Glass",
    "GlassFile",
    "Means",
    "Notice",
    "NoticeState",
    "Task",
    "TaskFile",
    "approve",
    "ask_for",
    "asked",
    "may_approve",
    "open_duties",
    "owed",
    "review",
    "told",
    "unmet",
    "usable",
]


@dataclass(frozen=True, slots=True)
class Duties:
    """The files, open: tasks of obligations, break-glass grants with their notices, and notices of events to be pushed."""

    tasks: TaskFile
    glass: GlassFile
    events: EventNoticeFile

    def close(self) -> None:
        """Close them; closing twice is fine."""
        self.tasks.close()
        self.glass.close()
        self.events.close()


def open_duties(folder: Path) -> Duties:
    """The files in ``folder`` (made where missing); raises ``RecordUnavailable`` ``DUTIES_UNAVAILABLE``."""
    with ExitStack() as opened:
        tasks = TaskFile(folder / "obligations.sqlite3")
        opened.callback(tasks.close)
        glass = GlassFile(folder / "break-glass.sqlite3")
        opened.callback(glass.close)
        duties = Duties(tasks, glass, EventNoticeFile(folder / "event-notices.sqlite3"))
        opened.pop_all()
    return duties
