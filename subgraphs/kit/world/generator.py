"""The stream of journeys: the stories first, then the au pairs of P-3-00017, then generated travelers.

Each generated traveler depends on (seed, index) alone, so a world of a million streams in bounded memory and any
traveler can be made again without the others.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from subgraphs.kit.world.build.draft import Draft, Today
from subgraphs.kit.world.chance import Chance
from subgraphs.kit.world.courses import Life
from subgraphs.kit.world.lives import LIVES, au_pair
from subgraphs.kit.world.model import Journey, SponsorFact
from subgraphs.kit.world.numbers import GeneratedNumbers, traveler_id
from subgraphs.kit.world.people import COUNTRIES, FAMILY, GIVEN_F, GIVEN_M
from subgraphs.kit.world.shadows import cast
from subgraphs.kit.world.sponsors import COUNTS, make_sponsors
from subgraphs.kit.world.stories import stories

__all__ = ["AU_PAIRS", "DEFAULT_SEED", "SCALES", "TODAY", "generated", "journeys", "sponsors"]

TODAY = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
DEFAULT_SEED = 20261101
SCALES = {"small": 150, "demo": 2_000, "load": 1_000_000}
AU_PAIRS = 40
_OLDEST = date(1945, 1, 1)


def sponsors(seed: int = DEFAULT_SEED, scale: str = "small", today: datetime = TODAY) -> tuple[SponsorFact, ...]:
    """The exchange sponsors of the world; the first is P-3-00017. Raises KeyError for an unknown scale."""
    return make_sponsors(seed, COUNTS[scale], Today(today))


def _draft(seed: int, index: int, today: Today, chance: Chance) -> Draft:
    """A traveler with a name, a birth and a passport, nothing else yet."""
    sex = chance.of(("F", "M"))
    age_days = chance.number(19 * 365, 70 * 365) if not chance.share(0.03) else chance.number(2 * 365, 17 * 365)
    country, place = chance.of(COUNTRIES)
    draft = Draft(
        traveler_id=traveler_id(seed, index),
        numbers=GeneratedNumbers(seed, index),
        today=today,
        family=chance.of(FAMILY),
        given=chance.of(GIVEN_F if sex == "F" else GIVEN_M),
        sex=sex,
        born=max(_OLDEST, today.now.date() - timedelta(days=age_days)),
        birth_country=country,
        birth_place=place,
    )
    draft.passport(today.day(chance.number(2500, 3000)))
    return draft


def generated(seed: int, index: int, today: datetime, world_sponsors: tuple[SponsorFact, ...]) -> Journey:
    """Generated traveler number `index`; the first forty are the au pairs of P-3-00017."""
    chance = Chance(seed, index)
    draft = _draft(seed, index, Today(today), chance)
    life = Life(draft, chance, world_sponsors)
    if index < AU_PAIRS:
        au_pair(life, index)
        return draft.done()
    chance.weighted(LIVES)(life)
    cast(life)
    return draft.done()


def journeys(seed: int = DEFAULT_SEED, scale: str = "small", today: datetime = TODAY) -> Iterator[Journey]:
    """Every traveler of the world, stories first; `small`, `demo` and `load` give 150, 2,000 and 1,000,000.

    Raises KeyError for an unknown scale. Holds one traveler in memory at a time.
    """
    told = stories(today)
    yield from told
    known = sponsors(seed, scale, today)
    for index in range(SCALES[scale] - len(told)):
        yield generated(seed, index, today, known)
