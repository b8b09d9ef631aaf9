"""The exchange visitor subgraph: sponsors, SEVIS records, and what sponsors, SEVP and ECA may do with them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from graphql import GraphQLObjectType
from sqlalchemy import event

from subgraphs.exchange_visitors import codes, laws
from subgraphs.exchange_visitors.enums import SanctionKind, SevisStatus, SponsorStatus, TwoYearBasis
from subgraphs.exchange_visitors.schema import schema
from subgraphs.exchange_visitors.tables import (
    DependentRow,
    ExchangeEventRow,
    ExchangeVisitorRow,
    SanctionRow,
    SponsorRow,
)
from subgraphs.kit.codes import LISTS
from subgraphs.kit.schema import core_schema, unclassified
from subgraphs.kit.testing import NOW, Asked
from subgraphs.kit.world.vocabulary import ENUMS
from tests.subgraphs import acting
from tests.subgraphs.acting import stored
from tests.subgraphs.conftest import SubgraphFactory

SEVIS: dict[str, Any] = {
    "agency": "ICE_SEVP",
    "system": "SEVIS",
    "record_version": "1",
    "as_of": NOW - timedelta(days=3),
    "received_at": NOW,
}
ECA: dict[str, Any] = {**SEVIS, "agency": "STATE_ECA", "system": "DS-3036", "as_of": NOW}
ANA, BEN = "TRV-01J9ZZZZZZZZZZZZZZZZZZZZZ1", "TRV-01J9ZZZZZZZZZZZZZZZZZZZZZ2"
AU_PAIR = "P-3-00017"


def sponsor(number: str = AU_PAIR, **changed: Any) -> SponsorRow:
    """An au pair sponsor in good standing."""
    columns: dict[str, Any] = {
        "name": "Utopia Au Pair Exchange",
        "kind": "AGENCY",
        "designated_on": date(2019, 1, 1),
        "expires_on": date(2027, 12, 31),
        "status": SponsorStatus.ACTIVE,
        "categories": ["13"],
        **ECA,
    }
    return SponsorRow(program_number=number, **(columns | changed))


def record(number: str = "N0000100001", **changed: Any) -> ExchangeVisitorRow:
    """An au pair whose program began ten days ago, not validated yet."""
    columns: dict[str, Any] = {
        "traveler_id": ANA,
        "program_number": AU_PAIR,
        "category": "13",
        "subject": "19.0709",
        "program_start": date(2026, 10, 22),
        "program_end": date(2027, 10, 21),
        "status": SevisStatus.INITIAL,
        "status_at": datetime(2026, 8, 1, tzinfo=UTC),
        **SEVIS,
    }
    return ExchangeVisitorRow(sevis_id=number, **(columns | changed))


async def act(app: Asked, name: str, given: dict[str, Any], select: str = "status") -> Any:
    return await acting.act(app, name, given, select)


# reading


async def test_a_record_with_everything_on_it(subgraph: SubgraphFactory) -> None:
    row = record(
        site_name="Host family",
        site_address="1 Example St",
        funding_sponsor_usd=1_200_000,
        funding_us_gov_usd=0,
        funding_home_gov_usd=0,
        funding_personal_usd=300_000,
        termination_code="FALINS",
        termination_at=NOW,
        two_year_subject=True,
        two_year_basis=TwoYearBasis.SKILLS_LIST,
        waiver_case_number="W-1",
        waiver_basis="NO_OBJECTION",
        waiver_recommendation="FAVORABLE",
        waiver_at=date(2026, 9, 1),
        ds2019_form_number="DS2019-1",
        ds2019_issued_at=date(2026, 7, 1),
        ds2019_signed_by="ARO Utopia",
    )
    app = await subgraph("exchange_visitors", [sponsor(), row, DependentRow(sevis_id="N0000100001", traveler_id=BEN)])
    answer = await app.ask(
        """query($id: String!) { exchangeVisitor(sevisId: $id) {
          sevisId traveler { id } programNumber sponsor { name status }
          category { list code label } subject { list code }
          programStart programEnd site { name address } funding { sponsorUsd usGovUsd homeGovUsd personalUsd }
          status statusAt termination { code at } dependents { id } twoYearRule { subject basis }
          waiver212e { caseNumber basis recommendation at } validatedAt ds2019 { formNumber issuedAt signedBy }
          provenance { agency system stale } } }""",
        {"id": "N0000100001"},
    )
    assert answer == {
        "data": {
            "exchangeVisitor": {
                "sevisId": "N0000100001",
                "traveler": {"id": ANA},
                "programNumber": AU_PAIR,
                "sponsor": {"name": "Utopia Au Pair Exchange", "status": "ACTIVE"},
                "category": {"list": "j-category", "code": "13", "label": "Au pair"},
                "subject": {"list": "cip", "code": "19.0709"},
                "programStart": "2026-10-22",
                "programEnd": "2027-10-21",
                "site": {"name": "Host family", "address": "1 Example St"},
                "funding": {"sponsorUsd": 1200000, "usGovUsd": 0, "homeGovUsd": 0, "personalUsd": 300000},
                "status": "INITIAL",
                "statusAt": "2026-08-01T00:00:00Z",
                "termination": {"code": "FALINS", "at": "2026-11-01T12:00:00Z"},
                "dependents": [{"id": BEN}],
                "twoYearRule": {"subject": True, "basis": "SKILLS_LIST"},
                "waiver212e": {
                    "caseNumber": "W-1",
                    "basis": "NO_OBJECTION",
                    "recommendation": "FAVORABLE",
                    "at": "2026-09-01",
                },
                "validatedAt": None,
                "ds2019": {"formNumber": "DS2019-1", "issuedAt": "2026-07-01", "signedBy": "ARO Utopia"},
                "provenance": {"agency": "ICE_SEVP", "system": "SEVIS", "stale": True},
            }
        }
    }


async def test_groups_that_were_never_filled_are_null(subgraph: SubgraphFactory) -> None:
    app = await subgraph("exchange_visitors", [record()])
    answer = await app.ask(
        """{ exchangeVisitor(sevisId: "N0000100001") { sponsor { name } site { name } funding { sponsorUsd }
             termination { code } twoYearRule { subject } waiver212e { basis } ds2019 { formNumber } } }"""
    )
    assert set(answer["data"]["exchangeVisitor"].values()) == {None}


async def test_a_sponsor_its_sanctions_and_who_is_not_validated(subgraph: SubgraphFactory) -> None:
    def sanction(at: date, kind: SanctionKind) -> SanctionRow:
        return SanctionRow(program_number=AU_PAIR, kind=kind, at=at, detail="late reports")

    app = await subgraph(
        "exchange_visitors",
        [
            sponsor(status=SponsorStatus.SANCTIONED),
            sanction(date(2026, 5, 1), SanctionKind.PROBATION),
            sanction(date(2025, 5, 1), SanctionKind.LETTER_OF_REPRIMAND),
            record("N0000100001"),
            record("N0000100002", status=SevisStatus.ACTIVE, validated_at=NOW),
            record("N0000100003", status=SevisStatus.ACTIVE, program_start=date(2026, 10, 1)),
            record("N0000100004", program_number="P-1-00101"),
        ],
    )
    query = """query($f: ParticipantFilter, $n: Int, $a: String) { sponsor(programNumber: "P-3-00017") {
      name kind designatedOn expiresOn status categories { code label } sanctions { kind at detail }
      provenance { agency } participants(filter: $f, first: $n, after: $a) {
        totalCount nodes { sevisId } pageInfo { hasNextPage endCursor } } } }"""

    async def page(**more: Any) -> Any:
        return (await app.ask(query, more))["data"]["sponsor"]

    got = await page()
    assert [item["kind"] for item in got["sanctions"]] == ["LETTER_OF_REPRIMAND", "PROBATION"]
    assert (got["categories"], got["provenance"]) == (
        [{"code": "13", "label": "Au pair"}],
        {"agency": "STATE_ECA"},
    )
    assert [node["sevisId"][-1] for node in got["participants"]["nodes"]] == ["1", "2", "3"]

    def last(got: Any) -> list[str]:
        return [node["sevisId"][-1] for node in got["participants"]["nodes"]]

    assert last(await page(f={"notValidated": True})) == ["1", "3"]
    assert last(await page(f={"notValidated": False})) == ["2"]
    assert last(await page(f={"status": "ACTIVE", "notValidated": True})) == ["3"]
    first = await page(n=2)
    assert (last(first), first["participants"]["totalCount"]) == (["1", "2"], 3)
    rest = await page(n=2, a=first["participants"]["pageInfo"]["endCursor"])
    assert (last(rest), rest["participants"]["pageInfo"]["hasNextPage"]) == (["3"], False)


async def test_the_list_of_records_is_filtered_by_program_status_and_category(subgraph: SubgraphFactory) -> None:
    app = await subgraph(
        "exchange_visitors",
        [
            record("N0000100001"),
            record("N0000100002", status=SevisStatus.ACTIVE),
            record("N0000100003", program_number="P-1-00101", category="8"),
        ],
    )
    query = "query($f: ExchangeVisitorFilter) { exchangeVisitors(filter: $f) { nodes { sevisId } totalCount } }"

    async def found(**filter: Any) -> list[str]:
        answer = await app.ask(query, {"f": filter or None})
        return [node["sevisId"][-1] for node in answer["data"]["exchangeVisitors"]["nodes"]]

    assert await found() == ["1", "2", "3"]
    assert await found(programNumber="P-1-00101") == ["3"]
    assert await found(status="ACTIVE") == ["2"]
    assert await found(category="13", status="INITIAL") == ["1"]


async def test_entities_are_batched_and_tolerant(subgraph: SubgraphFactory) -> None:
    numbers = [f"N{n:010}" for n in range(60)]
    app = await subgraph("exchange_visitors", [sponsor(), *(record(number) for number in numbers)])
    seen: list[str] = []
    engine = app.subgraph.database.engine.sync_engine
    event.listen(
        engine,
        "before_cursor_execute",
        lambda _connection, _cursor, text, *_rest: seen.append(text) if text.startswith("SELECT") else None,
    )
    asked: list[dict[str, Any]] = [{"__typename": "ExchangeVisitor", "sevisId": number} for number in numbers]
    asked += [{"__typename": "ExchangeVisitor", "sevisId": "N9999999999"}, {"__typename": "ExchangeVisitor"}]
    found = await app.entities(asked, "... on ExchangeVisitor { sevisId sponsor { name } dependents { id } }")
    assert [item and item["sevisId"] for item in found] == [*numbers, None, None]
    assert len(seen) == 3, "records, sponsors, dependents"


async def test_a_travelers_programs_and_events(subgraph: SubgraphFactory) -> None:
    happened = [
        ExchangeEventRow(
            id=f"EV-{n}", traveler_id=ANA, at=NOW - timedelta(n), kind="k", summary="x", sevis_id="N0000100001", **SEVIS
        )
        for n in (1, 2)
    ]
    older = record("N0000100002", program_start=date(2020, 1, 1))
    app = await subgraph("exchange_visitors", [older, record(), record("N0000100003", traveler_id=BEN), *happened])
    (found,) = await app.entities(
        [{"__typename": "Traveler", "id": ANA}],
        """... on Traveler { exchangePrograms { totalCount nodes { sevisId } }
             exchangeEvents { __typename id sevisId provenance { agency } } }""",
    )
    assert found["exchangePrograms"] == {
        "totalCount": 2,
        "nodes": [{"sevisId": "N0000100001"}, {"sevisId": "N0000100002"}],
    }
    assert [item["id"] for item in found["exchangeEvents"]] == ["EV-2", "EV-1"]


# acting


async def test_an_arrival_is_validated_once(subgraph: SubgraphFactory) -> None:
    app = await subgraph("exchange_visitors", [sponsor(), record()])
    given = {"sevisId": "n0000100001", "siteName": "Host family", "siteAddress": "1 Example St"}
    got = await act(app, "validateArrival", given, "status statusAt validatedAt site { name }")
    assert got == {
        "status": "ACTIVE",
        "statusAt": "2026-11-01T12:00:00Z",
        "validatedAt": "2026-11-01T12:00:00Z",
        "site": {"name": "Host family"},
    }
    assert await act(app, "validateArrival", given) == "ILLEGAL_TRANSITION"
    assert [event["kind"] for event in await app.events()] == ["arrivalValidated"]
    (told,) = await stored(app, ExchangeEventRow)
    assert (told.traveler_id, told.kind, told.sevis_id) == (ANA, "exchange.validated", "N0000100001")


@pytest.mark.parametrize(
    ("start", "late"),
    [(date(2026, 12, 1), False), (date(2026, 10, 2), False), (date(2026, 10, 1), True)],
)
async def test_validation_after_thirty_days_is_taken_and_told_to_be_late(
    subgraph: SubgraphFactory, start: date, late: bool
) -> None:
    app = await subgraph("exchange_visitors", [sponsor(), record(program_start=start)])
    assert await act(app, "validateArrival", {"sevisId": "N0000100001"}) == {"status": "ACTIVE"}
    assert [event["payload"]["late"] for event in await app.events()] == [late]
    assert [told.summary for told in await stored(app, ExchangeEventRow)] == [
        "Arrival validated, late" if late else "Arrival validated"
    ]


async def test_nobody_is_validated_more_than_thirty_days_ahead(subgraph: SubgraphFactory) -> None:
    app = await subgraph("exchange_visitors", [sponsor(), record(program_start=date(2026, 12, 2))])
    assert await act(app, "validateArrival", {"sevisId": "N0000100001"}) == "BAD_INPUT"


async def test_a_sponsor_without_designation_validates_nobody(subgraph: SubgraphFactory) -> None:
    app = await subgraph("exchange_visitors", [sponsor(status=SponsorStatus.TERMINATED), record()])
    assert await act(app, "validateArrival", {"sevisId": "N0000100001"}) == "ILLEGAL_TRANSITION"
    assert await app.events() == []


async def test_a_program_is_terminated_with_a_code_that_the_event_does_not_tell(subgraph: SubgraphFactory) -> None:
    app = await subgraph("exchange_visitors", [sponsor(), record(status=SevisStatus.ACTIVE)])
    assert await act(app, "terminateProgram", {"sevisId": "N0000100001", "code": "NOSUCH"}) == "BAD_INPUT"
    got = await act(
        app, "terminateProgram", {"sevisId": "N0000100001", "code": "CONVIC"}, "status termination { code at }"
    )
    assert got == {"status": "TERMINATED", "termination": {"code": "CONVIC", "at": "2026-11-01T12:00:00Z"}}
    (event,) = await app.events()
    (told,) = await stored(app, ExchangeEventRow)
    assert event["kind"] == "programTerminated"
    assert "CONVIC" not in repr(event) + told.summary + told.kind
    assert await act(app, "extendProgram", {"sevisId": "N0000100001", "programEnd": "2028-01-01"}) == (
        "ILLEGAL_TRANSITION"
    )


async def test_a_program_is_extended_within_its_category(subgraph: SubgraphFactory) -> None:
    active = record(status=SevisStatus.ACTIVE)
    app = await subgraph("exchange_visitors", [sponsor(), active])
    for end in ("2027-10-21", "2027-10-20", "2028-10-23"):
        assert await act(app, "extendProgram", {"sevisId": "N0000100001", "programEnd": end}) == "BAD_INPUT", end
    given = {"sevisId": "N0000100001", "programEnd": "2028-10-22"}
    assert await act(app, "extendProgram", given, "status programEnd") == {
        "status": "ACTIVE",
        "programEnd": "2028-10-22",
    }
    assert [event["kind"] for event in await app.events()] == ["programExtended"]


async def test_a_sanctioned_sponsor_extends_nobody_and_an_unvalidated_program_is_not_extended(
    subgraph: SubgraphFactory,
) -> None:
    app = await subgraph(
        "exchange_visitors",
        [sponsor(status=SponsorStatus.SANCTIONED), record(status=SevisStatus.ACTIVE), record("N0000100002")],
    )
    for number in ("N0000100001", "N0000100002"):
        given = {"sevisId": number, "programEnd": "2028-01-01"}
        assert await act(app, "extendProgram", given) == "ILLEGAL_TRANSITION"


async def test_sanctions_add_up_until_the_designation_ends(subgraph: SubgraphFactory) -> None:
    app = await subgraph("exchange_visitors", [sponsor()])
    given = {"programNumber": AU_PAIR, "kind": "PROBATION", "detail": "late reports"}
    got = await act(app, "sanctionSponsor", given, "status sanctions { kind at detail }")
    assert got == {
        "status": "SANCTIONED",
        "sanctions": [{"kind": "PROBATION", "at": "2026-11-01", "detail": "late reports"}],
    }
    assert await act(app, "sanctionSponsor", {**given, "kind": "TERMINATION"}) == {"status": "TERMINATED"}
    assert await act(app, "sanctionSponsor", given) == "ILLEGAL_TRANSITION"
    assert await act(app, "sanctionSponsor", {**given, "detail": " "}) == "BAD_INPUT"
    assert await act(app, "sanctionSponsor", {**given, "programNumber": "P-9-99999"}) == "NO_SUCH_RECORD"
    assert [event["payload"] for event in await app.events()] == [{"status": "SANCTIONED"}, {"status": "TERMINATED"}]
    assert len(await stored(app, SanctionRow)) == 2


# laws and SDL


def test_the_ends_of_a_record_and_of_a_designation_are_final() -> None:
    ends = {state for state in SevisStatus if not laws.RECORD.allowed(state)}
    assert ends == {state for state in SevisStatus if state.name in {
        "INACTIVE", "TERMINATED", "NO_SHOW", "CANCELED", "INVALID"}}  # fmt: skip
    assert {state for state in SponsorStatus if not laws.SPONSOR.allowed(state)} == {SponsorStatus.TERMINATED}


def test_every_category_has_a_longest_stay() -> None:
    assert set(codes.MOST_MONTHS) == set(LISTS["j-category"])


SDL = schema.as_str()


def test_the_sdl_prints_keys_origins_and_sharing_as_written() -> None:
    assert 'type Sponsor @key(fields: "programNumber") {' in SDL
    assert 'type ExchangeVisitor @key(fields: "sevisId") {' in SDL
    assert 'sevisId: String @classified(category: "IDN", origin: "ICE_SEVP")' in SDL
    # admissions provides the category, so its owner shares it
    assert 'category: CodedValue @classified(category: "EDU", origin: "ICE_SEVP") @shareable' in SDL
    assert 'basis: TwoYearBasis @classified(category: "EDU", origin: "STATE_ECA")' in SDL
    assert 'code: String @classified(category: "EDU", overlays: ["FERPA_1372"], origin: "ICE_SEVP")' in SDL


def test_every_data_field_of_a_sevis_record_names_its_origin() -> None:
    mine = core_schema(schema)
    for name in ("ExchangeVisitor", "Sponsor", "Termination", "Funding", "ActivitySite", "TwoYearRule", "Waiver212e"):
        type_ = mine.get_type(name)
        assert isinstance(type_, GraphQLObjectType)
        for field, made in type_.fields.items():
            assert not str(made.type).endswith("!"), f"{name}.{field}"
            (mark,) = [d for d in made.extensions["strawberry-definition"].directives if hasattr(d, "category")]
            assert mark.category in {"SYS", "LINK"} or mark.origin in {"ICE_SEVP", "STATE_ECA"}, f"{name}.{field}"
    assert unclassified(schema) == []


def test_the_enums_hold_every_word_of_the_shared_world() -> None:
    mine = core_schema(schema)
    for name in ("SevisStatus", "SponsorStatus", "TwoYearBasis"):
        assert set(ENUMS[name]) <= set(mine.get_type(name).values)  # type: ignore[union-attr]
