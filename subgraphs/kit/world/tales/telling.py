"""How a story begins: a Draft with fixed, readable identifiers."""

from datetime import date

from subgraphs.kit.world.build.draft import Draft, Today
from subgraphs.kit.world.model import PetitionerFact
from subgraphs.kit.world.numbers import StoryNumbers

__all__ = ["NORTHGATE", "RELATIVE", "SELF", "begin", "story_id"]

NORTHGATE = PetitionerFact("Northgate Analytics", "12-3456789", "541511", "1 Example Plaza, Springfield", 41)
RELATIVE = PetitionerFact("Relative of the beneficiary", None, None, "2 Example Street, Springfield", 0)
SELF = PetitionerFact("Self", None, None, "Withheld", 0)


def story_id(number: int) -> str:
    """The traveler number of story `number`: readable, for no identifier can be derived from it either."""
    return f"TRV-01KST0RY{number:018d}"


def begin(
    today: Today,
    number: int,
    slug: str,
    name: tuple[str, str],
    sex: str,
    born: date,
    place: tuple[str, str],
    passport: int = 900,
) -> Draft:
    """The draft of story `number`: name (family, given), place (country, town), a passport `passport` days old."""
    draft = Draft(
        traveler_id=story_id(number),
        numbers=StoryNumbers(number),
        today=today,
        family=name[0],
        given=name[1],
        sex=sex,
        born=born,
        birth_country=place[0],
        birth_place=place[1],
        story=slug,
    )
    draft.passport(today.day(passport))
    return draft
