"""Finding a person or a record from what an officer has in hand: a number, or the beginning of a family name."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

import strawberry
from sqlalchemy import Select, select, union

from subgraphs.kit import Info, Refusal
from subgraphs.kit.identifiers import check
from subgraphs.travelers.enums import IdentifierKind
from subgraphs.travelers.stubs import Admission, ExchangeVisitor, Petition, RemovalCase, Visa, VisaApplication
from subgraphs.travelers.tables import IdentifierRow, NameRow, RecordRow, TravelerRow
from subgraphs.travelers.traveler import Traveler

__all__ = ["SearchResult", "find_traveler", "search"]

SearchResult: TypeAlias = Annotated[
    Traveler | Petition | VisaApplication | Visa | Admission | ExchangeVisitor | RemovalCase,
    strawberry.union("SearchResult", description="A person, or a record about one."),
]
DEFAULT, MOST = 20, 100
SHORTEST_NAME = 2
_LAST = "\U0010ffff"  # nothing comes after it
_KEYS = {
    "Petition": "receiptNumber",
    "VisaApplication": "applicationId",
    "Visa": "foilNumber",
    "Admission": "i94Number",
    "ExchangeVisitor": "sevisId",
    "RemovalCase": "caseId",
}
_STUBS: dict[str, Any] = {
    "Petition": lambda key: Petition(receiptNumber=key),
    "VisaApplication": lambda key: VisaApplication(applicationId=key),
    "Visa": lambda key: Visa(foilNumber=key),
    "Admission": lambda key: Admission(i94Number=key),
    "ExchangeVisitor": lambda key: ExchangeVisitor(sevisId=key),
    "RemovalCase": lambda key: RemovalCase(caseId=key),
}


_SOMEBODY = "the traveler of the case"


def _readable(info: Info, kind: IdentifierKind) -> bool:
    """Whether the caller reads numbers of this kind in clear, of the person of its case, where no statute forbids it."""
    facts: dict[str, Any] = {"record.kind": kind.name, "subject.id": _SOMEBODY, "case.subject": _SOMEBODY}
    facts |= dict.fromkeys(("subject.p1367", "subject.asylum2086", "subject.sealed", "subject.minor"), False)
    return info.context.clear("Identifier.value", facts)


async def find_traveler(info: Info, kind: IdentifierKind, value: str) -> Traveler | None:
    """The one traveler who has the identifier; ``None`` where nobody has it, or more than one person does.

    A kind of number that the caller never reads in clear finds nobody: that it leads to a person would tell that it
    is somebody's.

    A number two people share names neither of them (a passport number without its state, for instance): better no
    answer than the wrong person's. A value of the wrong form is nobody's.
    """
    if not _readable(info, kind):
        return None
    try:
        canonical = check(kind.name, value)
    except Refusal:
        return None
    found = select(IdentifierRow.traveler_id).where(IdentifierRow.kind == kind, IdentifierRow.value == canonical)
    rows = await info.context.rows(select(TravelerRow).where(TravelerRow.id.in_(found)).limit(2))
    return Traveler.of(rows[0]) if len(rows) == 1 else None


async def search(info: Info, text: str, first: int | None) -> list[Any]:
    """Records with the number ``text`` (by type and key), then travelers with that number or a family name so begun.

    Only by what the caller reads in clear: a receipt finds nothing for those who are not given receipts.
    """
    limit = DEFAULT if first is None else first
    if not 0 <= limit <= MOST:
        raise Refusal("BAD_PAGE", f"first goes from 0 to {MOST}")
    wanted = text.strip().upper()
    number = wanted.replace("-", "").replace(" ", "")
    if not number:
        return []
    numbers = {wanted, number}
    types = [name for name, field in _KEYS.items() if info.context.clear(f"{name}.{field}", {})]
    records = await info.context.rows(
        select(RecordRow)
        .where(RecordRow.key.in_(numbers), RecordRow.type.in_(types))
        .order_by(RecordRow.type, RecordRow.key)
        .limit(limit)
    )
    kinds = [kind for kind in IdentifierKind if _readable(info, kind)]
    ids = list(await info.context.rows(_travelers(wanted, numbers, kinds).limit(limit)))
    travelers = await info.context.rows(select(TravelerRow).where(TravelerRow.id.in_(ids)).order_by(TravelerRow.id))
    found = [_STUBS[record.type](record.key) for record in records]
    return [*found, *(Traveler.of(row) for row in travelers)][:limit]


def _travelers(wanted: str, numbers: set[str], kinds: list[IdentifierKind]) -> Select[str]:
    """The ids of those with one of ``numbers``, or with a family name that begins with ``wanted``, in order."""
    found: list[Any] = [
        select(TravelerRow.id).where(TravelerRow.id.in_(numbers)),
        select(IdentifierRow.traveler_id).where(IdentifierRow.value.in_(numbers), IdentifierRow.kind.in_(kinds)),
    ]
    if len(wanted) >= SHORTEST_NAME:
        key = NameRow.family_key  # as a range, which an index gives; a pattern it gives on some databases only
        found.append(select(NameRow.traveler_id).where(key >= wanted, key < wanted + _LAST))
    ids = union(*found).subquery()
    return select(ids.c.id).order_by(ids.c.id)
