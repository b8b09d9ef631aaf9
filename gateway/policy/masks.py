"""Masks: pure functions from a value to less of it, always valid for the field's own GraphQL type.

A mask lies on leaves (scalars, enums, and lists of them), never on an object. Where no value of the field's type tells
the masked truth (the category of an enum value, whether an enum holds anything), the value shown is null and the truth
stands in ``Masked.detail`` for the ledger. A mask that cannot be laid gives null: never the value itself. Every mask is
idempotent, since a value is masked at its source and again at the gateway.

=================  ============================  ==============================================================
mask               lies on                       shows
=================  ============================  ==============================================================
LAST4              String, ID                    ``*****6789``; fewer than 8 characters show none
YEAR_ONLY          Date, DateTime, String        1 January of the year (a Date), ``1990`` (a String)
DATE_ONLY          DateTime, String              the day at midnight UTC (a DateTime), ``2026-05-01`` (a String)
COUNTRY_ONLY       String                        the last part of an address, after the last comma
BOOLEAN_PRESENCE   enum, String, Boolean         one of the two words the vocabulary's table gives the field, else null
                                                 and detail PRESENT or NONE; true or false for a Boolean
BUCKET             Int, Float                    the lower bound of the step the number lies in
CATEGORY_ONLY      String, enum                  the category by the vocabulary's table; for an enum null and detail,
                                                 unless the category is itself a value of the enum
HASHED_REF         String, ID                    ``ref:`` and 16 hex digits, keyed by the gateway
=================  ============================  ==============================================================
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

from graphql import GraphQLEnumType, GraphQLOutputType, get_named_type

from gateway.policy.vocabulary import MaskSpec

_YEAR: Final = re.compile(r"^[0-9]{4}$")
_HASHED: Final = re.compile(r"^ref:[0-9a-f]{16}$")

__all__ = ["MASKS", "Masked", "apply_mask", "mask_value"]


@dataclass(frozen=True, slots=True)
class Masked:
    """The value to show, valid for the field's type, and what it cannot say: "" or one word for the ledger."""

    value: Any
    detail: str = ""


@dataclass(frozen=True, slots=True)
class _Laying:
    """What a mask may look at besides the value: the type's name, an enum's values, its tables, the gateway's key."""

    type_name: str
    enum: frozenset[str]
    tables: Sequence[Mapping[str, Any]]
    coordinate: str
    key: bytes


def apply_mask(
    mask: str,
    value: Any,
    type: GraphQLOutputType | None,
    spec: MaskSpec | None = None,
    *,
    coordinate: str = "",
    key: bytes = b"",
) -> Any:
    """``value`` masked, for a field of GraphQL type ``type``; see :func:`mask_value` for the ledger's detail."""
    return mask_value(mask, value, type, spec, coordinate=coordinate, key=key).value


def mask_value(
    mask: str,
    value: Any,
    type: GraphQLOutputType | None,
    spec: MaskSpec | None = None,
    *,
    coordinate: str = "",
    key: bytes = b"",
) -> Masked:
    """``value`` masked, with what its type cannot say. Null stays null; a list is masked item by item, doubles once.

    ``spec`` brings the vocabulary's tables (CATEGORY_ONLY, BUCKET), ``key`` the gateway's secret (HASHED_REF). Never
    raises: an unknown mask, an object or a value of another shape than the mask expects is shown as null.
    """
    named = get_named_type(type) if type is not None else None
    enum = frozenset(named.values) if isinstance(named, GraphQLEnumType) else frozenset()
    laying = _Laying(named.name if named else "String", enum, spec.tables if spec else (), coordinate, key)
    if isinstance(value, list | tuple):
        masked = [_one(mask, item, laying) for item in value]
        shown = list(dict.fromkeys(each.value for each in masked if each.value is not None))
        details = list(dict.fromkeys(each.detail for each in masked if each.detail))
        return Masked(shown or None, ",".join(details)) if value else Masked([])
    return _one(mask, value, laying)


def _one(mask: str, value: Any, laying: _Laying) -> Masked:
    method = MASKS.get(mask)
    if method is None or isinstance(value, dict | list | tuple):
        return Masked(None)
    if value is None and mask != "BOOLEAN_PRESENCE":
        return Masked(None)
    return method(value, laying)


def _last4(value: Any, laying: _Laying) -> Masked:
    text = str(value)
    shown = text[-4:] if len(text) >= 8 else ""
    return Masked("*" * (len(text) - len(shown)) + shown)


def _year_only(value: Any, laying: _Laying) -> Masked:
    if isinstance(value, str) and _YEAR.match(value):
        value = f"{value}-01-01"
    day = _day(value)
    if day is None:
        return Masked(None)
    first = {"Date": f"{day.year:04d}-01-01", "DateTime": f"{day.year:04d}-01-01T00:00:00Z"}
    return Masked(first.get(laying.type_name, f"{day.year:04d}"))


def _date_only(value: Any, laying: _Laying) -> Masked:
    day = _day(value)
    if day is None:
        return Masked(None)
    return Masked(f"{day.isoformat()}T00:00:00Z" if laying.type_name == "DateTime" else day.isoformat())


def _country_only(value: Any, laying: _Laying) -> Masked:
    _, comma, last = str(value).rpartition(",")
    return Masked(last.strip() or None) if comma else Masked(None)


def _boolean_presence(value: Any, laying: _Laying) -> Masked:
    """Whether there is something to know. The table's ``nothing`` lists the values that mean there is not."""
    table = _table(laying)
    present = value is not None and value != "" and value not in table.get("nothing", ())
    if laying.type_name == "Boolean":
        return Masked(value if isinstance(value, bool) else present)
    word = table.get("present") if present else value and next(iter(table.get("nothing", ())), None)
    shown = word if word and (not laying.enum or word in laying.enum) else None
    return Masked(shown, "PRESENT" if present else "NONE" if value is not None else "")


def _bucket(value: Any, laying: _Laying) -> Masked:
    step = _table(laying).get("step", 0)
    if isinstance(value, bool) or not isinstance(value, int | float) or not step:
        return Masked(None)
    lower = value // step * step
    return Masked(int(lower) if laying.type_name == "Int" else lower, f"{int(lower)}..{int(lower + step - 1)}")


def _category_only(value: Any, laying: _Laying) -> Masked:
    category = _category(str(value), _table(laying))
    if not category:
        return Masked(None)
    if laying.enum and category not in laying.enum:
        return Masked(None, category)
    return Masked(category)


def _category(text: str, table: Mapping[str, Any]) -> str:
    values: Mapping[str, str] = table.get("values", {})
    prefixes: Mapping[str, str] = table.get("prefixes", {})
    if text in values:
        return values[text]
    if text in {*values.values(), *prefixes.values()}:
        return text
    fitting = [prefix for prefix in prefixes if text.startswith(prefix)]
    return prefixes[max(fitting, key=len)] if fitting else str(table.get("default", ""))


def _hashed_ref(value: Any, laying: _Laying) -> Masked:
    if _HASHED.match(str(value)):
        return Masked(str(value))
    if not laying.key:
        return Masked(None)
    return Masked("ref:" + hmac.new(laying.key, str(value).encode(), hashlib.sha256).hexdigest()[:16])


def _table(laying: _Laying) -> Mapping[str, Any]:
    """The mask's table for the coordinate, else the one for every coordinate, else nothing."""
    for table in laying.tables:
        if laying.coordinate in table.get("fields", ()):
            return table
    return next((table for table in laying.tables if not table.get("fields")), {})


def _day(value: Any) -> date | None:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if isinstance(value, datetime):
        return (value.astimezone(UTC) if value.tzinfo else value).date()
    return value if isinstance(value, date) else None


MASKS: Final[Mapping[str, Callable[[Any, _Laying], Masked]]] = {
    "LAST4": _last4,
    "YEAR_ONLY": _year_only,
    "DATE_ONLY": _date_only,
    "COUNTRY_ONLY": _country_only,
    "BOOLEAN_PRESENCE": _boolean_presence,
    "BUCKET": _bucket,
    "CATEGORY_ONLY": _category_only,
    "HASHED_REF": _hashed_ref,
}
