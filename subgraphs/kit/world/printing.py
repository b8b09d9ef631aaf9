"""docs/stories.md as text: one paragraph a story with its identifiers, then the questions."""

from datetime import datetime

from subgraphs.kit.world.model import Journey
from subgraphs.kit.world.questions import PERSONAS, QUESTIONS
from subgraphs.kit.world.stories import STORIES, stories

__all__ = ["stories_page"]

_HEAD = """# Stories

The hand-written travelers of the synthetic world, at every scale and seed. All identifiers are invented and fixed;
dates count back from the world's day ({day}). Printed from `subgraphs/kit/world/stories.py` by
`python -m subgraphs.kit.world.printing > docs/stories.md`; a test fails when this page is stale.
"""


def _identifiers(journey: Journey) -> list[tuple[str, list[str]]]:
    """What the story can be asked with, by kind."""
    return [
        ("traveler", [journey.traveler_id]),
        ("petitions", [item.receipt_number for item in journey.petitions]),
        ("benefit requests", [item.receipt_number for item in journey.benefit_requests]),
        ("asylum cases", [item.case_number for item in journey.asylum_cases]),
        ("applications", [f"{item.application_id} ({item.post}, {item.status})" for item in journey.visa_applications]),
        ("visas", [f"{item.foil_number} ({item.status})" for item in journey.visas]),
        ("SEVIS", [item.sevis_id for item in journey.exchange_visitors]),
        ("reviews", [item.review_id for item in journey.security_reviews]),
        ("inspections", [f"{item.inspection_id} ({item.state})" for item in journey.inspections]),
        ("I-94", [item.i94_number for item in journey.admissions]),
        ("encounters", [item.event_number for item in journey.encounters]),
        ("removal cases", [f"{item.case_id} ({item.state})" for item in journey.removal_cases]),
        ("passports", [item.number for item in journey.passports]),
        ("A-number", [item.value for item in journey.identifiers if item.kind == "A_NUMBER"]),
    ]


def stories_page(today: datetime) -> str:
    """The whole page for the world's day, ending in a newline."""
    lines = [_HEAD.format(day=today.date().isoformat())]
    for item, journey in zip(STORIES, stories(today), strict=True):
        primary = next(name for name in journey.names if name.kind == "PRIMARY")
        lines.append(f"## {item.number}. {item.slug}\n")
        lines.append(f"{primary.given} {primary.family}. {item.text}\n")
        known = [
            f"{kind} {', '.join(f'`{value}`' for value in values)}" for kind, values in _identifiers(journey) if values
        ]
        lines.append("; ".join(known) + ".\n")
    lines.append("## The questions of domain.md section 4\n")
    lines.append("| # | question | asked by | case | story | with |\n| --- | --- | --- | --- | --- | --- |")
    for asked in QUESTIONS:
        who = PERSONAS[asked.persona]
        persona = f"{asked.persona}: {who.agency} {who.role}, {who.purpose}" + (
            f", {who.location}" if who.location else ""
        )
        told = ", ".join(f"{name} `{value}`" for name, value in asked.identifiers)
        case = f"`{asked.case}`" if asked.case else "none"
        lines.append(f"| {asked.number} | {asked.text} | {persona} | {case} | {asked.story or 'generated'} | {told} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    import sys

    from subgraphs.kit.world.generator import TODAY

    sys.stdout.write(stories_page(TODAY))
