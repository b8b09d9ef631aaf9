"""Who asks what: the 32 questions of domain.md section 4, each with a persona, a case and the story to ask about.

A case reference is the identifier of the business record itself: an application ID, an inspection ID, a receipt, a
review ID, a removal case ID, a SEVIS ID or a program number. Everything is fixed, so tests may quote it.
"""

from dataclasses import dataclass

__all__ = ["PERSONAS", "QUESTIONS", "Persona", "Question", "question"]


@dataclass(frozen=True, slots=True)
class Persona:
    """A test user: who, in which role, for which purpose, from where, with what assigned and what training."""

    agency: str
    role: str
    purpose: str
    user: str
    location: str = ""
    portfolio: tuple[str, ...] = ()
    training: tuple[str, ...] = ()


PERSONAS: dict[str, Persona] = {
    "officer-nwd": Persona("STATE_CA", "consular-officer", "visa-adjudication", "co-nwd-1", "NWD"),
    "officer-cro": Persona("STATE_CA", "consular-officer", "visa-adjudication", "co-cro-1", "CRO"),
    "adjudicator": Persona("USCIS", "uscis-adjudicator", "petition-adjudication", "iso-csc-1", "CSC"),
    "primary-atl": Persona("CBP", "cbp-primary", "border-inspection-primary", "cbp-atl-1", "ATL"),
    "primary-nyc": Persona("CBP", "cbp-primary", "border-inspection-primary", "cbp-nyc-1", "NYC"),
    "secondary-atl": Persona("CBP", "cbp-secondary", "border-inspection-secondary", "cbp-atl-2", "ATL"),
    "agent-cro": Persona("ICE_VSP", "vsp-agent", "visa-security-review", "vsp-cro-1", "CRO"),
    "analyst": Persona("ICE_VSP", "vsp-analyst", "visa-security-review", "vsp-hq-1", "HQ"),
    "ero-officer": Persona("ICE_ERO", "ero-officer", "enforcement-case", "ero-atl-1", "ATL"),
    "ero-leads": Persona("ICE_ERO", "ero-officer", "enforcement-lead", "ero-atl-1", "ATL"),
    "ero-supervisor": Persona("ICE_ERO", "ero-supervisor", "enforcement-case", "ero-atl-9", "ATL", training=("1367",)),
    "program-officer": Persona(
        "STATE_ECA", "eca-program-officer", "exchange-program-oversight", "eca-1", "ECA", portfolio=("P-3-00017",)
    ),
    "compliance": Persona(
        "STATE_ECA", "eca-compliance", "exchange-program-oversight", "eca-9", "ECA", portfolio=("P-4-00044",)
    ),
    "privacy": Persona("OVERSIGHT", "privacy-officer", "privacy-incident", "priv-1"),
    "auditor": Persona("OVERSIGHT", "auditor", "oversight-audit", "audit-1"),
    "redress": Persona("OVERSIGHT", "privacy-officer", "redress", "priv-2"),
    "developer": Persona("STATE_CA", "agency-developer", "system-test", "dev-1"),
    "port-supervisor": Persona("CBP", "cbp-supervisor", "safety-of-life", "cbp-atl-9", "ATL"),
}
"""The test users by a short name."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question: persona, the case it is asked under (None: none needed), the story, the identifiers to ask with."""

    number: int
    text: str
    persona: str
    case: str | None
    story: str | None
    identifiers: tuple[tuple[str, str], ...] = ()


def _ask(number: int, text: str, persona: str, case: str | None, story: str | None, **identifiers: str) -> Question:
    return Question(number, text, persona, case, story, tuple(identifiers.items()))


_WINDOW = "AA00S01002"
_CAIRO = "AA00S03001"

QUESTIONS: tuple[Question, ...] = (
    _ask(1, "Is the petition approved and still valid, same employer and job?", "officer-nwd", _WINDOW, "h1b-window",
         receipt_number="IOE0926001001", application_id=_WINDOW),
    _ask(2, "PIMS has nothing: did USCIS approve after all, when?", "officer-nwd", "AA00S02001", "pims-lag",
         receipt_number="IOE0926002001"),
    _ask(3, "Has she been here before, did she leave on time?", "officer-nwd", _WINDOW, "h1b-window",
         i94_number="010000001A1"),
    _ask(4, "Prior D/S student: any overstay?", "officer-nwd", "AA00S08002", "duration-of-status",
         i94_number="080000001A8"),
    _ask(5, "Ever removed?", "officer-nwd", "AA00S15001", "removed-applicant", case_id="ERC-00150001"),
    _ask(6, "Has VSP anything before I print?", "officer-cro", _CAIRO, "approved-not-issued", application_id=_CAIRO,
         review_id="VSR-2026-0003001"),
    _ask(7, "The same from another post", "officer-cro", _WINDOW, "h1b-window", application_id=_WINDOW),
    _ask(8, "Any USCIS filings of the applicant?", "officer-nwd", "AA00S11001", "spouse-of-protected",
         visible_receipt="IOE0924011001", protected_receipt="IOE0925011002"),
    _ask(9, "Prior history?", "officer-cro", "AA00S13002", "asylum-then-applicant", i94_number="130000001A3",
         inspection_id="INS-ATL-00130002"),
    _ask(10, "Was a visa issued on the first petition? Refused?", "adjudicator", "IOE0926009002", "extension-in-time",
         foil_number="S0900001"),
    _ask(11, "Why does State think it is not approvable?", "adjudicator", "IOE0924017001", "petition-returned",
         application_id="HCM2026017001"),
    _ask(12, "Is this visa genuine, valid, unrevoked right now?", "primary-atl", "INS-ATL-00330001",
         "revoked-at-primary", foil_number="S3300001"),
    _ask(13, "Is the petition still valid?", "primary-atl", "INS-ATL-00240001", "h1b-at-primary",
         receipt_number="IOE0926024001", foil_number="S2400001"),
    _ask(14, "SEVIS active or initial?", "primary-nyc", "INS-NYC-00060002", "j1-two-year-rule",
         sevis_id="N0000600001"),
    _ask(15, "Why was the visa revoked; earlier refusals?", "secondary-atl", "INS-ATL-00050002", "revoked-in-the-air",
         foil_number="S0500001"),
    _ask(16, "Is a final order outstanding?", "secondary-atl", "INS-ATL-00160002", "removed-and-back",
         case_id="ERC-00160002"),
    _ask(17, "The same as 12 while State is down", "primary-atl", "INS-ATL-00240001", "h1b-at-primary",
         foil_number="S2400001"),
    _ask(18, "New application with petition, refusals, crossings", "agent-cro", "VSR-2026-0003001",
         "approved-not-issued", application_id=_CAIRO),
    _ask(19, "Look again at an application issued 60 days ago", "agent-cro", "VSR-2026-0004001", "issued-in-spite",
         application_id="AA00S04001"),
    _ask(20, "Events: approved but not issued at Cairo", "analyst", "VSR-2026-0003001", "approved-not-issued",
         application_id=_CAIRO),
    _ask(21, "Status, pending benefit, last entry?", "ero-officer", "ERC-00250001", "at-large-with-benefit",
         receipt_number="IOE0926025002"),
    _ask(22, "Really still here?", "ero-leads", "ERC-00070001", "overstay-by-date", i94_number="070000001A7"),
    _ask(23, "Subject excluded: what do I do?", "ero-supervisor", "ERC-00100001", "protected-u"),
    _ask(24, "Did the 40 au pairs of P-3-00017 arrive, who has not validated?", "program-officer", "P-3-00017", None,
         program_number="P-3-00017"),
    _ask(25, "Why was this participant terminated?", "compliance", "N0002300001", "terminated-participant",
         sevis_id="N0002300001"),
    _ask(26, "Who saw this person in the last 90 days?", "privacy", "INC-2026-000014", "resident"),
    _ask(27, "All reads outside window or purpose", "auditor", None, None),
    _ask(28, "Which wrong overstay was shared, with whom?", "redress", "RED-2026-000018", "late-match", i94_number="180000001A8"),
    _ask(29, "One screen: identity, status, timeline, alerts", "officer-nwd", "AA00S29003", "all-chapters"),
    _ask(30, "Can I add Visa.annotation to my client?", "developer", None, "h1b-window", foil_number="S0100001"),
    _ask(31, "Missing child: identity, last crossing", "port-supervisor", "INS-ATL-00260001", "missing-child"),
    _ask(32, "A protected receipt, asked every way", "ero-officer", "ERC-00120001", "protected-t",
         receipt_number="IOE0925012001"),
)  # fmt: skip


def question(number: int) -> Question:
    """Question `number` (1-32). Raises KeyError for any other number."""
    for item in QUESTIONS:
        if item.number == number:
            return item
    raise KeyError(number)
