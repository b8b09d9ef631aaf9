"""Machine-readable lines of passports (TD3) and visas (MRV-A) after ICAO Doc 9303, always issued by UTO.

UTO is ICAO's specimen state: no synthetic document can be taken for a real one.
"""

from datetime import date

from subgraphs.kit.identifiers import check_digit

__all__ = ["ISSUER", "mrv_a", "td3"]

ISSUER = "UTO"


def _letters(name: str) -> str:
    kept = (character if character.isascii() and character.isalpha() else "<" for character in name.upper())
    return "".join(kept)


def _names(family: str, given: str, width: int) -> str:
    return f"{_letters(family)}<<{_letters(given)}"[:width].ljust(width, "<")


def _shared(number: str, born: date, sex: str, expires: date) -> str:
    """The first 28 characters both second lines share: number, nationality, birth, sex, expiry with check digits."""
    padded = number[:9].ljust(9, "<")
    birth = f"{born:%y%m%d}"
    expiry = f"{expires:%y%m%d}"
    letter = sex if sex in ("F", "M") else "<"
    return f"{padded}{check_digit(padded)}{ISSUER}{birth}{check_digit(birth)}{letter}{expiry}{check_digit(expiry)}"


def td3(*, number: str, family: str, given: str, born: date, sex: str, expires: date) -> str:
    """A passport's two 44-character lines joined by a newline, with the composite check digit."""
    first = f"P<{ISSUER}" + _names(family, given, 39)
    start = _shared(number, born, sex, expires)
    optional = "<" * 14
    optional_check = str(check_digit(optional))
    composite = check_digit(start[0:10] + start[13:20] + start[21:28] + optional + optional_check)
    return f"{first}\n{start}{optional}{optional_check}{composite}"


def mrv_a(*, number: str, family: str, given: str, born: date, sex: str, expires: date, optional: str = "") -> str:
    """A visa's two 44-character lines joined by a newline; MRV-A has no composite check digit."""
    first = f"VN{ISSUER}" + _names(family, given, 39)
    return f"{first}\n{_shared(number, born, sex, expires)}{optional[:16].ljust(16, '<')}"
