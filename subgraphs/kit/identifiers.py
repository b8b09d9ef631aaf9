"""Identifiers: their forms, one spelling for each, and the check digits of travel documents (ICAO Doc 9303).

The form never tells the kind: a USCIS receipt, a card number and an NVC case number look alike. So every check names
the kind, and nothing is decoded from a receipt number (its "workday" is no date).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from subgraphs.kit.errors import Refusal

__all__ = ["FORMS", "Form", "check", "check_digit", "mrv_errors", "td3_errors"]


def _plain(text: str) -> str:
    return re.sub(r"[\s-]", "", text).upper()


def _upper(text: str) -> str:
    return text.strip().upper()


def _a_number(text: str) -> str:
    digits = _plain(text).removeprefix("A")
    return f"A{digits:0>9}" if 7 <= len(digits) <= 9 else digits


@dataclass(frozen=True, slots=True)
class Form:
    """The canonical form of a kind of identifier, and how to bring accepted spellings to it."""

    pattern: re.Pattern[str]
    canonical: Callable[[str], str] = _upper
    example: str = ""


def _form(pattern: str, canonical: Callable[[str], str] = _upper, example: str = "") -> Form:
    return Form(re.compile(pattern, re.ASCII), canonical, example)


FORMS: Final[dict[str, Form]] = {
    "A_NUMBER": _form(r"A\d{9}", _a_number, "A299000101"),
    "FIN": _form(r"\d{10}", _plain, "7700100001"),
    "PASSPORT": _form(r"[A-Z0-9]{1,15}", _plain, "ST0010001"),
    "RECEIPT": _form(r"[A-Z]{3}\d{10}", _plain, "IOE0926001001"),
    "SEVIS_ID": _form(r"N\d{10}", _plain, "N0000100001"),
    "APPLICATION_ID": _form(r"AA[0-9A-Z]{8}|[A-Z]{3}\d{10}", _plain, "AA00S01001"),
    "FOIL_NUMBER": _form(r"[A-Z0-9]\d{7}", _plain, "S0100001"),
    "CONTROL_NUMBER": _form(r"\d{14}", _plain, "20260010000001"),
    "I94_NUMBER": _form(r"\d{11}|\d{9}[A-Z]\d", _plain, "010000001A1"),
    "EID_SUBJECT": _form(r"[A-Z0-9-]{4,20}", _upper, "SUB00010001"),
    "EVENT_NUMBER": _form(r"[A-Z]{3}\d{10}", _plain, "ATL2600100001"),
    "PROGRAM_NUMBER": _form(r"[PG]-\d-\d{5}", _upper, "P-1-01234"),
    "DV_CASE": _form(r"\d{4}(?:AF|AS|EU|NA|OC|SA)\d{5,8}", _plain, "2026EU00012345"),
    "NVC_CASE": _form(r"[A-Z]{3}\d{10}", _plain, "MNL2026745012"),
    "EIN": _form(r"\d{2}-\d{7}", _upper, "00-1234567"),
    "REVIEW_ID": _form(r"VSR-\d{4}-\d{7}", _upper, "VSR-2026-0001001"),
    "TRAVELER_ID": _form(r"TRV-[0-9A-HJKMNP-TV-Z]{26}", _upper, "TRV-01J9ZZZZZZZZZZZZZZZZZZZZZ1"),
    "COUNTRY": _form(r"[A-Z]{1,3}", _upper, "UTO"),
}
"""Kind -> form; the kinds of ``IdentifierKind`` and those that stand in one agency only. Source: domain.md 1.4."""


def check(kind: str, text: str) -> str:
    """``text`` in the canonical form of ``kind``; raises ``Refusal`` BAD_IDENTIFIER, ``KeyError`` for no such kind."""
    form = FORMS[kind]
    canonical = form.canonical(text)
    if form.pattern.fullmatch(canonical) is None:
        raise Refusal("BAD_IDENTIFIER", f"That is not the form of {kind}; for example {form.example}")
    return canonical


_WEIGHTS = (7, 3, 1)


def check_digit(text: str) -> int:
    """The ICAO 9303 check digit of ``text`` (``0-9A-Z<``); raises ``ValueError`` for any other character."""
    total = 0
    for position, letter in enumerate(text):
        if letter == "<":
            value = 0
        elif letter.isascii() and (letter.isdigit() or letter.isupper()):
            value = int(letter, 36)
        else:
            raise ValueError("a machine-readable zone holds digits, capital letters and < only")
        total += value * _WEIGHTS[position % 3]
    return total % 10


def td3_errors(line: str) -> list[str]:
    """What is wrong with line 2 of a passport (TD3, 44 characters): names of fields whose check digit fails."""
    if len(line) != 44:
        return ["length"]
    wrong = _common_errors(line)
    optional, given = line[28:42], line[42]
    # an empty optional field may leave its check digit out (9303-4, 4.2.2.2)
    if not (given == "<" and not optional.strip("<")) and given != str(check_digit(optional)):
        wrong.append("optional")
    if line[43] != str(check_digit(line[0:10] + line[13:20] + line[21:43])):
        wrong.append("composite")
    return wrong


def mrv_errors(line: str) -> list[str]:
    """What is wrong with line 2 of a visa (MRV-A of 44 or MRV-B of 36 characters); visas have no composite digit."""
    return _common_errors(line) if len(line) in (36, 44) else ["length"]


def _common_errors(line: str) -> list[str]:
    fields = {"number": (line[0:9], line[9]), "birth": (line[13:19], line[19]), "expiry": (line[21:27], line[27])}
    return [name for name, (text, given) in fields.items() if given != str(check_digit(text))]
