"""Every mistake in a file is found in one go, with code, file and line, and what to do."""

from __future__ import annotations

import pytest

from gateway.errors import Mistake, PolicyError
from gateway.policy import compile_policy, load_bundle, read_bundle, unrestricted
from gateway.policy.vocabulary import Vocabulary
from tests.policy.kit import SDL, VOCABULARY, agreement, bundle, policy, small_graph

GRANT = '[[grant]]\narticle = "III.1"\nfields = ["Visa.status"]\n'


def mistakes(*agreements: str, prohibitions: tuple[str, ...] = (), sdl: str = SDL) -> tuple[Mistake, ...]:
    """The mistakes of a bundle that does not compile."""
    with pytest.raises(PolicyError) as caught:
        policy(*agreements, prohibitions=prohibitions, sdl=sdl)
    return caught.value.mistakes


def only(*agreements: str, prohibitions: tuple[str, ...] = (), sdl: str = SDL) -> str:
    """The one mistake, as it is printed."""
    (mistake,) = mistakes(*agreements, prohibitions=prohibitions, sdl=sdl)
    return str(mistake)


def test_a_syntax_error_names_its_line() -> None:
    assert only("id = \n") == (
        "POLICY_TOML [agreements/0.toml:1]: not TOML: Invalid value\n    correct the syntax; https://toml.io shows it"
    )


def test_an_unknown_key_names_what_is_known() -> None:
    assert only(agreement(more='[[grant]]\narticle = "I"\nfields = ["Visa.status"]\nrole = ["primary"]\n')) == (
        "POLICY_UNKNOWN_KEY [agreements/0.toml:16]: a grant has no 'role'\n"
        "    a grant knows article, fields, mask, purposes, recipients, roles, when"
    )


def test_a_missing_key_says_what_to_add() -> None:
    text = agreement(more=GRANT).replace("expires = 2028-10-01\n", "")
    assert str(mistakes(text)[0]) == (
        "POLICY_MISSING_KEY [agreements/0.toml:1]: 'expires' is missing\n"
        "    add expires = ... (a date, as in 2026-10-01)"
    )


def test_dates_are_dates() -> None:
    found = mistakes(agreement(expires='"2028-10-01"', more=GRANT))
    assert str(found[0]) == (
        "POLICY_WRONG_TYPE [agreements/0.toml:10]: 'expires' is not a date, as in 2026-10-01\n"
        "    'expires' must be a date, as in 2026-10-01"
    )


def test_an_agreement_that_ends_before_it_begins() -> None:
    assert only(agreement(expires="2023-10-01", more=GRANT)).startswith(
        "POLICY_BAD_DATES [agreements/0.toml:10]: it expires on 2023-10-01, not after it takes effect on 2023-10-01"
    )


def test_a_bad_condition_names_its_line() -> None:
    text = agreement(more=GRANT + 'when = { attr = "case.state", equals = "open" }\n')
    assert only(text) == (
        "POLICY_BAD_CONDITION [agreements/0.toml:16]: one operator is needed for case.state, found: equals\n"
        "    the operators are is, is_not, in, not_in, same_as, before, after, within, at_least, at_most, present"
    )


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ('["Visa.colour"]', "POLICY_UNKNOWN_COORDINATE [agreements/0.toml:13]: 'Visa.colour' is in no subgraph"),
        ('["Passport"]', "POLICY_UNKNOWN_COORDINATE [agreements/0.toml:13]: 'Passport' is in no subgraph"),
        ('["category:MED"]', "POLICY_UNKNOWN_COORDINATE [agreements/0.toml:13]: 'category:MED' is in no subgraph"),
        ('["Visa.source"]', "POLICY_UNKNOWN_COORDINATE [agreements/0.toml:13]: 'Visa.source' is in no subgraph"),
        ('["Person.name"]', "POLICY_PROVIDER_NOT_OWNER [agreements/0.toml:13]: STATE_CA cannot share 'Person.name': it is OBIM's"),
        ('["Visa.filedOn"]', "POLICY_PROVIDER_NOT_OWNER [agreements/0.toml:13]: STATE_CA cannot share 'Visa.filedOn': it is USCIS's"),
        ('["Visa.notes"]', "POLICY_OWNER_ONLY [agreements/0.toml:13]: Visa.notes is DELIB, which no agreement may share"),
    ],
)  # fmt: skip
def test_a_field_that_cannot_be_granted(fields: str, text: str) -> None:
    assert only(agreement(more=f'[[grant]]\narticle = "I"\nfields = {fields}\n')).splitlines()[0] == text


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"recipients": '["NASA"]'}, "POLICY_UNKNOWN_AGENCY [agreements/0.toml:1]: there is no agency 'NASA'"),
        ({"purposes": '["curiosity"]'}, "POLICY_UNKNOWN_PURPOSE [agreements/0.toml:1]: there is no purpose 'curiosity'"),
        ({"roles": '["captain"]'}, "POLICY_UNKNOWN_ROLE [agreements/0.toml:1]: there is no role 'captain'"),
        ({"roles": '["consul"]', "purposes": '["adjudication"]'}, "POLICY_ROLE_OF_OTHER_AGENCY [agreements/0.toml:1]: no recipient has the role 'consul'"),
        ({"purposes": '["adjudication"]', "roles": '["primary"]'}, "POLICY_ROLE_WITHOUT_PURPOSE [agreements/0.toml:1]: 'primary' may name none of the agreement's purposes"),
        ({"status": '"running"'}, "POLICY_UNKNOWN_WORD [agreements/0.toml:7]: 'running' is no status"),
        ({"recipients": '["STATE_CA", "CBP"]'}, "POLICY_NOT_INTERNAL [agreements/0.toml:5]: STATE_CA cannot agree with itself"),
        ({"kind": '"internal"'}, "POLICY_NOT_INTERNAL [agreements/0.toml:5]: an internal file names one agency as provider and only recipient"),
        ({"excludes": '["GDPR"]'}, "POLICY_UNKNOWN_OVERLAY [agreements/0.toml:1]: there is no overlay 'GDPR'"),
    ],
)  # fmt: skip
def test_a_word_that_does_not_fit(changes: dict[str, str], text: str) -> None:
    assert str(mistakes(agreement(**changes, more=GRANT))[0]).splitlines()[0] == text


@pytest.mark.parametrize(
    ("when", "text"),
    [
        ('{ attr = "caller.shoe", is = "x" }', "POLICY_UNKNOWN_FACT [agreements/0.toml:13]: there is no fact 'caller.shoe'"),
        ('{ attr = "case.colour", is = "x" }', "POLICY_UNKNOWN_FACT [agreements/0.toml:13]: there is no fact 'case.colour'"),
        ('{ attr = "subject.mood", is = "x" }', "POLICY_UNKNOWN_FACT [agreements/0.toml:13]: there is no fact 'subject.mood'"),
        ('{ attr = "record.colour", is = "x" }', "POLICY_UNKNOWN_FACT [agreements/0.toml:13]: there is no fact 'record.colour'"),
    ],
)  # fmt: skip
def test_a_fact_that_nobody_has(when: str, text: str) -> None:
    assert only(agreement(more=f"{GRANT}when = {when}\n")).splitlines()[0] == text


def test_a_recipient_does_not_answer_for_its_own_conditions() -> None:
    text = agreement(
        recipients='["USCIS"]', roles="[]", more=GRANT + 'when = { attr = "record.filedOn", present = true }\n'
    )
    assert only(text).splitlines()[0] == (
        "POLICY_FACT_OF_RECIPIENT [agreements/0.toml:13]: record.filedOn of Visa.status is answered by USCIS, the recipient itself"
    )


def test_a_clause_only_narrows() -> None:
    text = agreement(roles='["primary"]', more=GRANT + 'roles = ["secondary"]\n')
    assert only(text) == (
        "POLICY_WIDENS_AGREEMENT [agreements/0.toml:16]: 'secondary' is not among the agreement's roles\n"
        "    a clause may only narrow the agreement's roles: primary"
    )


@pytest.mark.parametrize(
    ("mask", "text"),
    [
        ('{ "Visa.status" = "blur" }', "POLICY_UNKNOWN_MASK [agreements/0.toml:13]: there is no mask 'blur'"),
        ('{ "Visa.status" = "bucket" }', "POLICY_MASK_TYPE [agreements/0.toml:13]: BUCKET cannot mask Visa.status, a Status"),
        ('{ "Visa.fee" = "bucket" }', "POLICY_MASK_WITHOUT_FIELD [agreements/0.toml:13]: Visa.fee is masked but not granted"),
    ],
)  # fmt: skip
def test_a_mask_that_does_not_fit(mask: str, text: str) -> None:
    assert only(agreement(more=f"{GRANT}mask = {mask}\n")).splitlines()[0] == text


def test_an_excluded_field_is_not_granted() -> None:
    text = agreement(
        provider='"USCIS"', excludes='["P1367"]', more='[[grant]]\narticle = "I"\nfields = ["Flags.p1367"]\n'
    )
    assert only(text).splitlines()[0] == (
        "POLICY_EXCLUDED_FIELD [agreements/0.toml:14]: Flags.p1367 is granted but carries the excluded overlay P1367"
    )


def test_an_unknown_obligation() -> None:
    assert only(agreement(more='[[obligation]]\nkind = "sing"\n')).splitlines()[0] == (
        "POLICY_UNKNOWN_OBLIGATION [agreements/0.toml:1]: there is no obligation 'sing'"
    )


def test_a_flow_names_fields_of_its_provider() -> None:
    text = agreement(more='[[flow]]\narticle = "V"\nto = "CBP"\nfields = ["Person.id", "Visa.none"]\nuse = "join"\n')
    assert [each.code for each in mistakes(text)] == ["POLICY_PROVIDER_NOT_OWNER", "POLICY_UNKNOWN_COORDINATE"]


def test_two_files_cannot_have_one_id() -> None:
    assert only(agreement(more=GRANT), agreement(more=GRANT)).splitlines()[0] == (
        "POLICY_DUPLICATE_ID [agreements/1.toml:1]: 'CA-CBP-VISA' is already the id of agreements/0.toml"
    )


def test_a_prohibition_that_could_be_overridden() -> None:
    text = 'id = "L"\ntitle = "t"\nauthority = []\neffect = "hide"\noverridable = true\n[[rule]]\narticle = "1"\n'
    found = [(each.code, each.where) for each in mistakes(prohibitions=(text,))]
    assert found == [
        ("POLICY_OVERRIDABLE", "prohibitions/0.toml:5"),
        ("POLICY_UNKNOWN_WORD", "prohibitions/0.toml:4"),
        ("POLICY_UNKNOWN_WORD", "prohibitions/0.toml:6"),
        ("POLICY_MISSING_KEY", "prohibitions/0.toml:6"),
    ]


def test_an_exemption_exempts_somebody() -> None:
    text = (
        'id = "L"\ntitle = "t"\nauthority = []\neffect = "deny"\noverridable = false\n'
        '[[rule]]\narticle = "1"\nfields = ["Visa"]\n[[exempt]]\nbecause = "b"\n'
    )
    assert only(prohibitions=(text,)).splitlines()[0] == (
        "POLICY_MISSING_KEY [prohibitions/0.toml:9]: an exemption exempts everybody"
    )


def test_a_field_without_a_class() -> None:
    sdl = SDL.replace('  fee: Int @classified(category: "ADJ")', "  fee: Int")
    assert only(sdl=sdl) == (
        "POLICY_UNCLASSIFIED [Visa.fee]: Visa.fee carries no @classified\n"
        '    classify it in its subgraph, as in @classified(category: "ADJ")'
    )


def test_a_field_that_two_agencies_answer() -> None:
    sdl = SDL.replace(
        'fee: Int @classified(category: "ADJ")', 'fee: Int @classified(category: "ADJ") @at(graph: "visas+petitions")'
    )
    assert only(sdl=sdl).splitlines()[0] == (
        "POLICY_OWNER_UNCLEAR [Visa.fee]: Visa.fee is answered by STATE_CA, USCIS; whose value is it?"
    )


def test_a_subgraph_that_no_agency_runs() -> None:
    sdl = SDL.replace(
        'fee: Int @classified(category: "ADJ")', 'fee: Int @classified(category: "ADJ") @at(graph: "weather")'
    )
    assert only(sdl=sdl).splitlines()[0] == (
        "POLICY_UNKNOWN_SUBGRAPH [Visa.fee]: Visa.fee is answered by subgraph 'weather', which no agency runs"
    )


def test_all_mistakes_come_at_once() -> None:
    text = agreement(more='[[grant]]\narticle = "I"\nfields = ["Visa.a", "Visa.b", "Person.name"]\n')
    assert [each.code for each in mistakes(text)] == [
        "POLICY_UNKNOWN_COORDINATE", "POLICY_UNKNOWN_COORDINATE", "POLICY_PROVIDER_NOT_OWNER",
    ]  # fmt: skip


def test_a_folder_that_is_not_there_is_a_mistake(tmp_path: object) -> None:
    with pytest.raises(PolicyError) as caught:
        load_bundle(f"{tmp_path}/nowhere")
    (mistake,) = caught.value.mistakes
    assert (mistake.code, mistake.message) == ("POLICY_UNREADABLE", "cannot be read: No such file or directory")


def test_the_vocabulary_checks_itself() -> None:
    text = VOCABULARY + '[roles.ghost]\ntitle = "g"\nagencies = ["NASA"]\npurposes = ["haunting"]\n'
    with pytest.raises(PolicyError) as caught:
        read_bundle({"vocabulary.toml": text})
    assert [each.code for each in caught.value.mistakes] == ["POLICY_UNKNOWN_AGENCY", "POLICY_UNKNOWN_PURPOSE"]


def test_a_graph_with_governed_data_is_not_served_unrestricted() -> None:
    with pytest.raises(PolicyError) as caught:
        unrestricted(bundle(), small_graph())
    assert {each.code for each in caught.value.mistakes} == {"POLICY_GOVERNED_DATA"}


def test_the_epoch_is_the_meaning_and_not_the_text() -> None:
    def epoch(text: str) -> str:
        return compile_policy(bundle(text), small_graph()).epoch

    plain = agreement(more=GRANT)
    example = '[[example]]\ncaller = {}\nfield = "Visa.status"\nexpect = "deny"\n'
    assert epoch(plain) == epoch("# a comment\n" + plain + example)
    assert epoch(plain) != epoch(plain.replace("version = 3", "version = 4"))
    assert epoch(plain) != epoch(plain.replace("Visa.status", "Visa.issuedOn"))
    assert epoch(plain).startswith("sha256:")


def with_registry(line: str) -> tuple[Mistake, ...] | Vocabulary:
    """The vocabulary that a registry with ``line`` makes of the tests' own, or its mistakes."""
    try:
        return read_bundle({"vocabulary.toml": VOCABULARY, "registry.toml": f"[subgraphs]\n{line}\n"}).vocabulary
    except PolicyError as error:
        return error.mistakes


def test_the_registry_says_whose_a_subgraph_is_that_the_vocabulary_leaves_to_it() -> None:
    read = with_registry('notices = { agency = "CBP", url = "http://n", subjects = { Notice = "traveler.id" } }')

    assert isinstance(read, Vocabulary)
    assert read.agency_of("notices") == "CBP"
    assert read.subjects["Notice"] == "traveler.id"


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ('visas = { agency = "CBP", url = "http://v" }', "POLICY_REGISTRY_DISPUTED"),
        (
            'notices = { agency = "CBP", url = "http://n", subjects = { Visa = "thief.id" } }',
            "POLICY_REGISTRY_DISPUTED",
        ),
        ('notices = { agency = "ATLANTIS", url = "http://n" }', "POLICY_UNKNOWN_AGENCY"),
    ],
)
def test_a_registry_that_disputes_the_vocabulary_is_a_mistake(line: str, code: str) -> None:
    """Neither wins in silence: who owns a subgraph decides whose values it answers with."""
    found = with_registry(line)

    assert not isinstance(found, Vocabulary)
    assert [each.code for each in found] == [code]
    assert found[0].where == "registry.toml:2"
