"""Exchange sponsors: five with fixed numbers that stories and cases name, the rest generated."""

import random

from subgraphs.kit.world.build.draft import Today, source
from subgraphs.kit.world.model import SanctionFact, SponsorFact

__all__ = ["AU_PAIR", "COUNTS", "SANCTIONED", "TERMINATED", "UNIVERSITY", "make_sponsors"]

AU_PAIR = "P-3-00017"
UNIVERSITY = "P-1-00101"
SANCTIONED = "P-4-00044"
TERMINATED = "P-1-00999"
_GOVERNMENT = "G-5-00001"
COUNTS = {"small": 8, "demo": 60, "load": 1500}
_CATEGORIES = ("1D", "1F", "2A", "3", "4", "6", "8", "9", "10", "11", "12", "13", "15")
_KINDS = ("UNIVERSITY", "AGENCY", "HOSPITAL", "CAMP", "COMPANY")


def _sponsor(
    today: Today, number: str, name: str, kind: str, categories: tuple[str, ...], status: str = "ACTIVE"
) -> SponsorFact:
    sanctions: tuple[SanctionFact, ...] = ()
    if status != "ACTIVE":
        detail = "Participants were placed at sites that had not been vetted."
        kind_of_sanction = "TERMINATION" if status == "TERMINATED" else "LETTER_OF_REPRIMAND"
        sanctions = (SanctionFact(kind_of_sanction, today.day(120), detail),)
    return SponsorFact(
        program_number=number,
        name=name,
        kind=kind,
        designated_on=today.day(2900),
        expires_on=today.day(-400),
        status=status,
        categories=categories,
        sanctions=sanctions,
        provenance=source("STATE_ECA", "DS-3036", today.ago(120 if sanctions else 700), 1 + len(sanctions)),
    )


def make_sponsors(seed: int, count: int, today: Today) -> tuple[SponsorFact, ...]:
    """`count` sponsors (at least the five fixed ones), the same for the same seed."""
    fixed = (
        _sponsor(today, AU_PAIR, "Utopia Au Pair Exchange", "AGENCY", ("13",)),
        _sponsor(today, UNIVERSITY, "Example State University", "UNIVERSITY", ("1D", "1F", "4", "8", "9")),
        _sponsor(today, SANCTIONED, "Harbor Work and Travel", "AGENCY", ("12", "11"), "SANCTIONED"),
        _sponsor(today, TERMINATED, "Closed Gate Institute", "COMPANY", ("2A", "15"), "TERMINATED"),
        _sponsor(today, _GOVERNMENT, "Government Visitors Office", "GOVERNMENT", ("7", "5")),
    )
    rng = random.Random(f"sponsors/{seed}")
    rest = []
    for place in range(max(0, count - len(fixed))):
        number = f"P-{1 + place % 4}-{1100 + place:05d}"
        kind = rng.choice(_KINDS)
        categories = tuple(sorted(rng.sample(_CATEGORIES, 3)))
        sponsor = _sponsor(today, number, f"Synthetic Exchange {place + 1}", kind, categories)
        rest.append(sponsor)
    return fixed + tuple(rest)
