"""What comes with access: the obligations of agreements, break-glass grants, and the files of what is still owed."""

from dataclasses import dataclass
from pathlib import Path

from gateway.duties.glass import Glass, Notice, approve, ask_for, may_approve, review, usable
from gateway.duties.glasses import GlassFile
from gateway.duties.obligations import Means, Task, asked, owed, told, unmet
from gateway.duties.tasks import TaskFile

__all__ = [
    "Duties",
    "Glass",
    "GlassFile",
    "Means",
    "Notice",
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
    """The two files, open: tasks of obligations, and break-glass grants with their notices."""

    tasks: TaskFile
    glass: GlassFile

    def close(self) -> None:
        """Close both; closing twice is fine."""
        self.tasks.close()
        self.glass.close()


def open_duties(folder: Path) -> Duties:
    """The files in ``folder`` (made where missing); raises ``RecordUnavailable`` ``DUTIES_UNAVAILABLE``."""
    tasks = TaskFile(folder / "obligations.sqlite3")
    try:
        return Duties(tasks, GlassFile(folder / "break-glass.sqlite3"))
    except BaseException:
        tasks.close()
        raise
