"""USCIS: the words of its schema, and how the seed tells the shared world in them."""

from __future__ import annotations

from subgraphs.kit.schema import core_schema
from subgraphs.kit.world.claims import ACTIONS
from subgraphs.kit.world.generator import TODAY, journeys
from subgraphs.kit.world.stories import story
from subgraphs.kit.world.vocabulary import ENUMS
from subgraphs.petitions import enums
from subgraphs.petitions.enums import (
    PetitionStatus,
)
from subgraphs.petitions.schema import schema
from subgraphs.petitions.seed import rows
from subgraphs.petitions.tables import (
    AsylumCaseRow,
    Base,
    PetitionRow,
    SubjectRow,
)
from tests.subgraphs.conftest import SubgraphFactory
from tests.subgraphs.uscis import told


def test_the_enums_are_the_worlds() -> None:
    names = ("FormType", "Supplement", "RequestedAction", "PetitionStatus", "RevokedBy", "BenefitStatus")
    for name in (*names, "AsylumKind", "ProtectedKind"):
        assert {item.name for item in getattr(enums, name)} == set(ENUMS[name]), name
    assert {item.status for item in ACTIONS.values()} - {None} <= {item.name for item in PetitionStatus}


def test_every_governed_field_is_nullable() -> None:
    core = core_schema(schema)
    for name in ("Petition", "BenefitRequest", "AsylumCase", "ProtectedFlag", "StatutoryProtections", "Petitioner"):
        strict = [field for field, made in core.type_map[name].fields.items() if str(made.type).endswith("!")]  # type: ignore[attr-defined]
        assert strict == [], name


def test_the_sdl_of_the_most_guarded_types() -> None:
    assert block("type StatutoryProtections") == (
        "type StatutoryProtections {\n"
        '  p1367: Boolean @classified(category: "ADJ", overlays: ["P1367"])\n'
        '  asylum2086: Boolean @classified(category: "ADJ", overlays: ["P1367"])\n'
        '  sealed: Boolean @classified(category: "ADJ", overlays: ["P1367"])\n'
        '  minor: Boolean @classified(category: "ADJ", overlays: ["P1367"])\n'
        "}"
    )
    assert block("type ReturnMemo") == (
        "type ReturnMemo {\n"
        '  summary: String @classified(category: "ADJ", overlays: ["VISA_222F"], origin: "STATE_CA")\n'
        '  refusalCategory: String @classified(category: "ADJ", overlays: ["VISA_222F"], origin: "STATE_CA")\n'
        '  at: Date @classified(category: "ADJ", overlays: ["VISA_222F"], origin: "STATE_CA")\n'
        "}"
    )
    assert block("input PetitionFilter") == (
        "input PetitionFilter {\n"
        '  status: PetitionStatus = null @reads(fields: ["Petition.status"])\n'
        '  formType: FormType = null @reads(fields: ["Petition.formType"])\n'
        '  receivedOnOrAfter: Date = null @reads(fields: ["Petition.receivedOn"])\n'
        "}"
    )
    assert block("type PetitionEvent implements TimelineEvent") == (
        "type PetitionEvent implements TimelineEvent {\n"
        '  id: ID! @classified(category: "SYS")\n'
        '  at: DateTime @classified(category: "SYS")\n'
        '  kind: String @classified(category: "SYS")\n'
        '  summary: String @classified(category: "ADJ")\n'
        '  provenance: Provenance @classified(category: "SYS")\n'
        '  receiptNumber: String @classified(category: "IDN")\n'
        "}"
    )


def test_the_seed_maps_every_fact_of_the_small_world() -> None:
    made: dict[str, int] = {}
    for journey in journeys():
        for row in rows(journey):
            made[row.__tablename__] = made.get(row.__tablename__, 0) + 1
    people = list(journeys())
    assert made["petitions"] == sum(len(item.petitions) for item in people)
    assert made["petition_actions"] == sum(len(fact.history) for item in people for fact in item.petitions)
    assert made["benefit_requests"] == sum(len(item.benefit_requests) for item in people)
    assert made["asylum_cases"] == sum(len(item.asylum_cases) for item in people)
    assert made["protected_flags"] == sum(len(item.protected_flags) for item in people)
    assert made["petition_events"] == sum(len(item.events_of("USCIS")) for item in people)


async def test_the_world_fits_the_tables(subgraph: SubgraphFactory) -> None:
    everything: list[Base] = [row for journey in journeys() for row in rows(journey)]
    app = await subgraph("petitions", everything)
    answer = await app.ask("{ petitions(first: 1) { totalCount } }")
    assert answer["data"]["petitions"]["totalCount"] == sum(isinstance(row, PetitionRow) for row in everything)
    assert any(isinstance(row, AsylumCaseRow) for row in everything)
    born = max(item.value for item in story("missing-child", TODAY).birth)
    (subject,) = (row for row in told("missing-child") if isinstance(row, SubjectRow))
    assert subject.adult_on is not None
    assert subject.adult_on.year == int(born[:4]) + 18


def block(start: str) -> str:
    """The definition in the SDL that begins with ``start``, without its descriptions."""
    text = schema.as_str()
    begin = text.index(start + " {")
    lines = text[begin : text.index("\n}", begin) + 2].split("\n")
    return "\n".join(line for line in lines if line and not line.lstrip().startswith('"'))
