"""The journal of activations: which policy and graph were put in force when, and what that changed of the agreements.

``activation`` is one line of it, ``file`` the file that only grows, ``changes`` what follows from two lines and the calendar.
"""

from gateway.journal.activation import Activation, Published, Stood, stood
from gateway.journal.changes import Change, Shown, changes, next_boundary, place_of, shown_to
from gateway.journal.file import Journal, journal_of

__all__ = [
    "Activation",
    "Change",
    "Journal",
    "Published",
    "Shown",
    "Stood",
    "changes",
    "journal_of",
    "next_boundary",
    "place_of",
    "shown_to",
    "stood",
]
