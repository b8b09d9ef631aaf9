"""ICE VSP: it advises and never touches a status, and what its SDL says."""

from __future__ import annotations

import inspect

from graphql import GraphQLInputObjectType, GraphQLObjectType

from subgraphs.kit.schema import core_schema, unclassified
from subgraphs.kit.world.vocabulary import ENUMS
from subgraphs.security_reviews.enums import VisaApplicationStatus as A
from subgraphs.security_reviews.schema import schema
from subgraphs.security_reviews.tables import Base
from subgraphs.visas.enums import VisaApplicationStatus as StatesOwn
from tests.subgraphs.conftest import SubgraphFactory
from tests.subgraphs.test_security_reviews import FIRST, act, review

SDL = schema.as_str()


def test_the_words_of_a_visa_status_are_states_word_for_word() -> None:
    assert [(item.name, item.value) for item in A] == [(item.name, item.value) for item in StatesOwn]
    assert set(ENUMS["VisaApplicationStatus"]) == set(A.__members__)


def test_no_input_of_any_mutation_takes_a_visa_status() -> None:
    mine = core_schema(schema)
    for type_ in mine.type_map.values():
        if isinstance(type_, GraphQLInputObjectType):
            assert not [name for name, field in type_.fields.items() if "VisaApplicationStatus" in str(field.type)]


def test_the_only_field_of_that_type_is_external_and_cannot_be_answered_here() -> None:
    mine = core_schema(schema)
    holders = [
        f"{type_.name}.{name}"
        for type_ in mine.type_map.values()
        if isinstance(type_, GraphQLObjectType)
        for name, field in type_.fields.items()
        if "VisaApplicationStatus" in str(field.type)
    ]
    assert holders == ["VisaApplication.status"]
    assert 'overlays: ["VISA_222F"], origin: "STATE_CA") @external' in SDL


def test_no_table_has_a_column_for_a_visa_status() -> None:
    for table in Base.metadata.tables.values():
        assert not [column.name for column in table.columns if getattr(column.type, "enum_class", None) is A], (
            table.name
        )
        assert "application_status" not in table.columns


async def test_a_recommendation_touches_nothing_but_the_review(subgraph: SubgraphFactory) -> None:
    app = await subgraph("security_reviews", [review()])
    await act(app, "sendRecommendation", {"reviewId": FIRST, "value": "RECOMMEND_SAO", "ground": "212(a)(3)(B)"})
    (event,) = await app.events()
    assert (event["kind"], event["entity"]) == ("recommendationSent", "SecurityReview")
    assert not set(A.__members__) & {str(value) for value in event["payload"].values()}
    # State's status, asked for on the entity it belongs to, is not answered here even right after the advice
    (found,) = await app.entities(
        [{"__typename": "VisaApplication", "applicationId": "AA00000001"}], "... on VisaApplication { status }"
    )
    assert found == {"status": None}


def test_the_acts_know_no_visa_status() -> None:
    from subgraphs.security_reviews import acts

    assert "VisaApplicationStatus" not in inspect.getsource(acts)


def test_the_sdl_prints_keys_and_federation_as_written() -> None:
    assert 'type SecurityReview @key(fields: "reviewId") @key(fields: "application { applicationId }") {' in SDL
    assert 'application: VisaApplication @classified(category: "LINK") @provides(fields: "submittedAt")' in SDL
    assert 'windowState: WindowState @classified(category: "SEC") @requires(fields: "application { status }")' in SDL
    assert 'type VisaApplication @key(fields: "applicationId") {' in SDL
    assert unclassified(schema) == []


def test_governed_fields_are_nullable_and_the_enums_are_the_worlds() -> None:
    mine = core_schema(schema)
    for name in ("SecurityReview", "VspRecommendation", "DerogatoryItem", "CoordinationEntry", "VisaApplication"):
        type_ = mine.get_type(name)
        assert isinstance(type_, GraphQLObjectType)
        assert not [field for field, made in type_.fields.items() if str(made.type).endswith("!")]
    for name in ("ScreeningResult", "ReviewStatus", "RecommendationValue", "WindowState"):
        assert set(ENUMS[name]) <= set(mine.get_type(name).values)  # type: ignore[union-attr]
