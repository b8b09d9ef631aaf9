"""Code lists with labels: ports, posts, classes of admission, petition classes, exchange categories and so on.

A code alone means nothing: `LND` is London among posts and Lander among ports, so every lookup names its list.
Source: domain.md section 1.5 (public lists); courts and CIP are a short synthetic selection.
"""

__all__ = ["LISTS", "PROTECTED_1367_CLASSES", "PROTECTED_ASYLUM_CLASSES", "VSP_POSTS", "label"]

_POE = """NYC New York, NY|NEW Newark/Teterboro, NJ|BOS Boston, MA|PHI Philadelphia, PA|WAS Washington, DC
CLT Charlotte, NC
ATL Atlanta, GA|MIA Miami, FL|FTL Fort Lauderdale, FL|ORL Orlando, FL|TAM Tampa, FL|SAJ San Juan, PR|HOU Houston, TX
DAL Dallas, TX|SNA San Antonio, TX|CHI Chicago, IL|DET Detroit, MI|MSP Minneapolis/St Paul, MN|DEN Denver, CO
LVG Las Vegas, NV|LOS Los Angeles, CA|SFR San Francisco, CA|SEA Seattle, WA|HHW Honolulu, HI|SYS San Ysidro, CA
OTM Otay Mesa, CA|CAL Calexico, CA|ELP El Paso, TX|LAR Laredo, TX|HID Hidalgo, TX|EGP Eagle Pass, TX|BLA Blaine, WA
BUF Buffalo, NY|CHM Champlain, NY|HIG Highgate Springs, VT|TOR Toronto|MON Montreal|VCV Vancouver|CLG Calgary|DUB Dublin
SHA Shannon|NAS Nassau|HAM Hamilton|ARB Aruba|UNK Unknown"""

_POST = """ABD Abu Dhabi|ACC Accra|ADD Addis Ababa|AMM Amman|ANK Ankara|BGT Bogotá|BMB Mumbai|BNS Buenos Aires
CDJ Ciudad Juárez|CRO Cairo|FRN Frankfurt|GTM Guatemala City|GUZ Guangzhou|HCM Ho Chi Minh City|ISL Islamabad
JHN Johannesburg|KDU Kathmandu|LGS Lagos|LND London|MNL Manila|MTL Montreal|MOS Moscow|NRB Nairobi|NWD New Delhi
PRS Paris|RDJ Rio de Janeiro|RID Riyadh|SDO Santo Domingo|SEO Seoul|SGP Singapore|SYD Sydney|TKY Tokyo|WRW Warsaw"""

_COA = """B1 Temporary visitor for business|B2 Temporary visitor for pleasure|H1B Specialty occupation
H2A Agricultural worker|H2B Nonagricultural worker|H3 Trainee|H4 Spouse or child of H|L1A Intracompany manager
L1B Intracompany, specialized knowledge|L2 Spouse or child of L|O1A Extraordinary ability|O1B Extraordinary, arts
O2 Accompanying O-1|P1A Athlete|P3 Culturally unique artist|Q1 Cultural exchange|R1 Religious worker
R2 Spouse or child of R
J1 Exchange visitor, duration of status|J2 Spouse or child of J|F1 Student, duration of status|F2 Spouse or child of F
M1 Vocational student|E1 Treaty trader|E2 Treaty investor|E3 Specialty occupation, Australia
TN1 NAFTA professional, Canada
TN2 NAFTA professional, Mexico|WB Visa waiver, business|WT Visa waiver, pleasure|DT Paroled at port of entry
DA Advance parole
CH Humanitarian parole|IR1 Spouse of U.S. citizen|CR1 Conditional spouse of U.S. citizen|F21 Spouse of resident
E21 Advanced degree professional|E31 Skilled worker|DV1 Diversity immigrant|T1 Victim of trafficking|T2 Spouse of T-1
U1 Victim of criminal activity|U2 Spouse of U-1|384 Confidentiality provisions apply
B21 Self-petitioning spouse of resident
AS1 Asylee|ASD Asylum applicant, departed|EF Expedited removal, credible fear pending|WD Withdrew application"""

_PETITION_CLASS = """H1B1 Specialty occupation|H2A Agricultural worker|H2B Nonagricultural worker|H3 Trainee|L1A Manager
L1B Specialized knowledge|O1 Extraordinary ability|P1 Athlete or entertainer|P3 Culturally unique|Q1 Cultural exchange
R1 Religious worker|E2 Treaty investor|201B Spouse of U.S. citizen|203A2A Spouse of resident|203B2 Advanced degree
203B3 Skilled worker|T1 Victim of trafficking|U1 Victim of criminal activity|204B21 VAWA self-petitioner"""

_J_CATEGORY = """1F Student, non-degree|1D Student, doctorate|2A Trainee|3 Teacher|4 Professor|5 International visitor
6 Alien physician|7 Government visitor|8 Research scholar|9 Short-term scholar|10 Specialist|11 Camp counselor
12 Summer work/travel|13 Au pair|15 Intern"""

_J_TERMINATION = """CONVIC Conviction of a crime|DISCIP Disciplinary action|ENGEMP Unauthorized employment
FALACT Failure to pursue program activities|FALADD Failure to report address|FALINS Failure to keep insurance
FALSTD Failure to keep full course|INVSUS Involuntary suspension|OTHER Other|VIOEXV Violation of program rules
VIOSPN Violation of sponsor rules"""

_CIP = """19.0709 Child care provider|26.0102 Biomedical sciences|14.0901 Computer engineering|13.1206 Teacher education
51.1201 Medicine|45.1001 Political science|52.0201 Business administration|40.0801 Physics|24.0101 Liberal arts"""

_COURT = """ATD Atlanta immigration court|NYV New York, Varick Street|LOS Los Angeles immigration court
MIA Miami immigration court|SNA San Antonio immigration court|CHI Chicago immigration court"""

_PAROLE = "DT Parole at port of entry|DA Advance parole|CH Humanitarian parole|PAR Parole"


def _read(text: str) -> dict[str, str]:
    entries = text.replace("\n", "|").split("|")
    return {code: name for code, _, name in (entry.partition(" ") for entry in entries)}


LISTS: dict[str, dict[str, str]] = {
    "poe": _read(_POE),
    "post": _read(_POST),
    "coa": _read(_COA),
    "petition-class": _read(_PETITION_CLASS),
    "j-category": _read(_J_CATEGORY),
    "j-termination": _read(_J_TERMINATION),
    "cip": _read(_CIP),
    "court": _read(_COURT),
    "parole": _read(_PAROLE),
}

PROTECTED_1367_CLASSES = frozenset({"T1", "T2", "U1", "U2", "384", "B21", "204B21"})
"""Class codes that disclose a T, U or VAWA case by themselves (8 USC 1367)."""

PROTECTED_ASYLUM_CLASSES = frozenset({"AS1", "ASD", "EF"})
"""Class codes that disclose an asylum or credible-fear matter by themselves (8 CFR 208.6)."""

VSP_POSTS = ("CRO", "NWD", "ABD", "AMM", "ISL", "LGS", "MNL", "NRB", "RID", "LND", "ANK", "KDU")
"""Posts with a Visa Security Unit in this world."""


def label(list_name: str, code: str) -> str | None:
    """The label of `code` in the list called `list_name`, or None when either is unknown."""
    return LISTS.get(list_name, {}).get(code)
