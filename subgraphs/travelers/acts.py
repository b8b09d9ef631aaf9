"""Changing the cross-reference: an identifier is linked to a traveler, with its reason and who vouches for it."""

from __future__ import annotations

from sqlalchemy import select

from subgraphs.kit import Agency, Info, Refusal, Write
from subgraphs.kit.identifiers import check
from subgraphs.travelers.enums import IdentifierKind, LinkKind
from subgraphs.travelers.tables import DiscrepancyRow, IdentifierRow, LinkEvidenceRow, TravelerRow

__all__ = ["link_identifier"]

LONGEST_REASON = 60


async def link_identifier(
    info: Info, traveler_id: str, kind: IdentifierKind, value: str, issuer: Agency, reason: str
) -> TravelerRow:
    """The traveler's row after the link; linking what is linked already changes nothing.

    An identifier that another traveler has too is linked all the same, and opens a discrepancy on both: refusing would
    tell the caller that someone else has it. Raises ``Refusal`` NO_SUCH_RECORD, BAD_IDENTIFIER, BAD_INPUT.
    """
    canonical = check(kind.name, value)
    reason = " ".join(reason.split())
    if not 0 < len(reason) <= LONGEST_REASON:
        raise Refusal("BAD_INPUT", f"Give a reason of at most {LONGEST_REASON} characters")
    async with info.context.writing() as write:
        row = await write.get(TravelerRow, traveler_id, name="traveler")
        same = select(IdentifierRow).where(IdentifierRow.kind == kind, IdentifierRow.value == canonical)
        holders = {found.traveler_id for found in await write.session.scalars(same)}
        if row.id in holders:
            return row
        now = info.context.now
        origin = {"agency": issuer.name, "system": "XREF", "record_version": "1", "as_of": now, "received_at": now}
        write.add(
            IdentifierRow(
                traveler_id=row.id, kind=kind, value=canonical, issuer=issuer.name, country="", confidence=1.0, **origin
            )
        )
        reviewer = f"{info.context.caller.agency}/{info.context.caller.user}"[:80]
        rule = f"officer: {reason}"
        write.add(
            LinkEvidenceRow(traveler_id=row.id, rule=rule, score=1.0, kind=LinkKind.BIOGRAPHIC, reviewer=reviewer)
        )
        _open_discrepancies(write, {row.id, *holders} if holders else set(), kind, issuer)
        row.touch(now)
        write.emit("identifierLinked", "Traveler", row.id, {"kind": kind.name, "issuer": issuer.name})
        return row


def _open_discrepancies(write: Write, travelers: set[str], kind: IdentifierKind, issuer: Agency) -> None:
    for traveler_id in sorted(travelers):
        write.add(
            DiscrepancyRow(
                traveler_id=traveler_id,
                field=f"identifiers.{kind.name}",
                values=["linked to more than one traveler"],
                sources=[issuer.name],
                opened_at=write.context.now,
            )
        )
