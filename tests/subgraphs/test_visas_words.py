"""Consular Affairs: what the SDL of the visa record says, and its words."""

from __future__ import annotations

from graphql import GraphQLObjectType

from subgraphs.kit.schema import core_schema, unclassified
from subgraphs.kit.world.vocabulary import ENUMS
from subgraphs.visas.schema import schema

SDL = schema.as_str()


def test_the_sdl_prints_keys_and_federation_as_written() -> None:
    assert 'type VisaApplication @key(fields: "applicationId") {' in SDL
    assert 'type Visa @key(fields: "foilNumber") @key(fields: "controlNumber") {' in SDL
    assert 'type Petition @key(fields: "receiptNumber") {' in SDL
    assert 'pims: PimsRecord @classified(category: "LINK", origin: "STATE_CA") @override(from: "petitions")' in SDL
    assert "type PimsRecord @shareable {" in SDL
    # security_reviews provides it, so its owner shares it
    submitted = 'submittedAt: DateTime @classified(category: "ADJ", overlays: ["VISA_222F"], origin: "STATE_CA")'
    assert f"{submitted} @shareable" in SDL


def test_every_data_field_of_the_visa_record_is_under_222f() -> None:
    mine = core_schema(schema)
    free = {"SYS", "LINK", "ACT"}
    for name in (
        "VisaApplication",
        "Visa",
        "Refusal",
        "SeriousRefusal",
        "MedicalRefusal",
        "VisaRevocation",
        "DsAnswers",
    ):
        type_ = mine.get_type(name)
        assert isinstance(type_, GraphQLObjectType)
        for field in type_.fields.values():
            (mark,) = [d for d in field.extensions["strawberry-definition"].directives if hasattr(d, "category")]
            assert mark.category in free or mark.overlays == ["VISA_222F"], f"{name}.{field}"


def test_governed_fields_are_nullable_so_that_one_withheld_field_takes_no_parent_along() -> None:
    assert unclassified(schema) == []
    mine = core_schema(schema)
    for name in ("VisaApplication", "Visa", "VisaEvent", "Petition"):
        type_ = mine.get_type(name)
        assert isinstance(type_, GraphQLObjectType)
        strict = {field for field, made in type_.fields.items() if str(made.type).endswith("!")}
        assert strict <= {"id"}


def test_the_enums_hold_every_word_of_the_shared_world() -> None:
    mine = core_schema(schema)
    for name in ("VisaApplicationStatus", "PublicVisaStatus", "VisaStatus", "RevocationKind", "VisaEntries",
                 "BiometricResult", "ConsularDisposition", "ApplicationKind"):  # fmt: skip
        assert set(ENUMS[name]) <= set(mine.get_type(name).values), name  # type: ignore[union-attr]
