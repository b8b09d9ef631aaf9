"""A3, A4, A5, A20, A21: what composition must not lose, and what it must not let move."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from gateway.composition import SubgraphSDL, compose
from gateway.config import read_registry
from gateway.coordinates import Coordinate
from gateway.enforcement.flows import check_plan, edges_of, missing_flows
from gateway.errors import AccessError, CompositionFailed, PolicyError
from gateway.operation import read_operation
from gateway.planning import plan_operation
from gateway.policy import Policy, compile_policy, load_bundle, read_bundle
from gateway.supergraph import Supergraph, load_supergraph
from tests.policy.kit import SDL, VOCABULARY, agreement, bundle, small_graph
from tests.scenarios.asking import ROOT, TODAY, Asker, World

REGISTRY = {
    name: entry.sdl.read_text(encoding="utf-8") for name, entry in read_registry(ROOT / "schema/registry.toml").items()
}
IMPORT = 'import: ["@classified", "@reads"]'


def composed(**changed: str) -> Supergraph:
    """The supergraph of the registry with the SDL of some subgraphs changed."""
    texts = {**REGISTRY, **changed}
    return load_supergraph(
        compose([SubgraphSDL(name, "http://x", text) for name, text in texts.items()]).supergraph_sdl
    )


# ---- A3 -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("subgraphs", [("visas",), ("visas", "admissions", "petitions")])
def test_a03_a_classification_under_another_name_is_never_lost(subgraphs: tuple[str, ...]) -> None:
    """Imported as something else, in one subgraph or in several: the graph is refused, or it is governed the same."""
    changed = {
        name: REGISTRY[name]
        .replace(IMPORT, 'import: [{name: "@classified", as: "@klass"}, "@reads"]')
        .replace('@composeDirective(name: "@classified")', '@composeDirective(name: "@klass")')
        .replace("@classified(", "@klass(")
        for name in subgraphs
    }
    assert all("@klass(" in text and "@classified(" not in text for text in changed.values())
    try:
        policy = compile_policy(load_bundle(ROOT / "schema"), composed(**changed))
    except (CompositionFailed, PolicyError):
        return  # refused: nothing is served under it
    assert _classes(policy) == _classes(compile_policy(load_bundle(ROOT / "schema"), composed()))


def _classes(policy: Policy) -> dict[str, tuple[str, str]]:
    return {str(name): (entry.category, entry.owner) for name, entry in policy.catalogue.entries.items()}


def test_a03_a_field_without_a_classification_does_not_compile() -> None:
    """A new field that nobody classed is not open: the policy refuses the graph."""
    text = REGISTRY["visas"].replace("type Visa ", "type Visa ", 1)
    start = text.index("\ntype Visa ")
    brace = text.index("{", text.index("@key", start)) if "@key" in text[start : start + 80] else text.index("{", start)
    changed = f"{text[: brace + 1]}\n  secretNote: String{text[brace + 1 :]}"
    with pytest.raises(PolicyError) as refused:
        compile_policy(load_bundle(ROOT / "schema"), composed(visas=changed))
    assert {mistake.code for mistake in refused.value.mistakes} == {"POLICY_UNCLASSIFIED"}
    assert any("Visa.secretNote" in mistake.message for mistake in refused.value.mistakes)


# ---- A5 -------------------------------------------------------------------------------------------------------------------


def test_a05_another_subgraph_cannot_soften_a_classification() -> None:
    """Two classes for one field are a mistake; SYS or LINK beside a governed class is the governed class."""
    for softer, code in (("BIO", "POLICY_CATEGORY_CONFLICT"), ("SYS", "")):
        text = SDL.replace(
            'status: Status @classified(category: "ADJ")',
            f'status: Status @classified(category: "ADJ") @classified(category: "{softer}")',
        )
        graph = _repeatable(text)
        if code:
            with pytest.raises(PolicyError) as refused:
                compile_policy(bundle(agreement()), graph)
            assert code in {mistake.code for mistake in refused.value.mistakes}
        else:
            made = compile_policy(bundle(agreement()), graph)
            assert made.catalogue.entries[Coordinate("Visa", "status")].category == "ADJ"


def _repeatable(text: str) -> Supergraph:
    graph = small_graph(text)
    assert len([mark for mark in graph.types["Visa"].fields["status"].directives if mark.name == "classified"]) == 2
    return graph


def test_a05_a_recipient_cannot_grant_itself_anothers_field() -> None:
    """An agreement whose provider does not own the value gives nothing: it does not compile."""
    with pytest.raises(PolicyError) as refused:
        compile_policy(
            bundle(
                agreement(
                    provider='"CBP"',
                    recipients='["STATE_CA"]',
                    purposes='["adjudication"]',
                    roles='["consul"]',
                    more="""
                    [[grant]]
                    article = "I"
                    fields = ["Visa.filedOn"]
                    """,
                )
            ),
            small_graph(),
        )
    assert any("Visa.filedOn" in mistake.message for mistake in refused.value.mistakes)


# ---- A4, A21 --------------------------------------------------------------------------------------------------------------


def without_flows() -> Policy:
    """The real policy with every [[flow]] taken out of the agreements."""
    pages = {}
    for path in (ROOT / "schema").rglob("*.toml"):
        name = str(path.relative_to(ROOT / "schema"))
        if name.startswith(("agreements/", "prohibitions/")) or name == "vocabulary.toml":
            text = path.read_text(encoding="utf-8")
            parts = text.split("\n[[")
            kept = [part for part in parts if not part.startswith("flow]]")]
            pages[name] = "\n[[".join(kept)
    return compile_policy(read_bundle(pages), composed())


def test_a04_every_value_that_keys_and_requirements_move_needs_a_clause() -> None:
    """Without the flow clauses the graph is refused, edge by edge; with them none is missing."""
    graph = composed()
    policy = compile_policy(load_bundle(ROOT / "schema"), graph)
    assert missing_flows(graph, policy, TODAY) == ()
    bare = without_flows()
    missing = {mistake.where for mistake in missing_flows(graph, bare, TODAY)}
    assert missing == {str(edge.coordinate) for edge in edges_of(graph, bare)} != set()


def test_a04_a_requirement_that_reaches_through_another_object_is_an_edge() -> None:
    """`windowState` requires `application { status }`: what moves is the application's status, as an input."""
    graph = composed()
    edges = edges_of(graph, compile_policy(load_bundle(ROOT / "schema"), graph))
    inputs = {(str(edge.coordinate), edge.to) for edge in edges if edge.use == "input"}
    assert ("VisaApplication.status", "ICE_VSP") in inputs
    assert ("Traveler.pendingExtensionFiledOn", "CBP") in inputs


def test_a21_a_plan_that_would_send_a_value_uncovered_is_not_run() -> None:
    """The second lock: the final plan is checked edge by edge against the flows, whatever composition said."""
    graph = composed()
    bare = without_flows()
    text = '{ traveler(id: "x") { visaApplications { nodes { securityReview { windowState } } } } }'
    plan = plan_operation(graph, read_operation(text, graph.api_schema))
    with pytest.raises(AccessError) as refused:
        check_plan(plan, graph, bare, TODAY)
    assert refused.value.code == "FLOW_FORBIDDEN"
    check_plan(plan, graph, compile_policy(load_bundle(ROOT / "schema"), graph), TODAY)


def test_a21_a_flow_ends_with_its_agreement() -> None:
    """What may be sent today is not sent after the agreement is over."""
    graph = composed()
    policy = compile_policy(load_bundle(ROOT / "schema"), graph)
    assert missing_flows(graph, policy, datetime(2100, 1, 1, tzinfo=UTC))


@pytest.mark.asyncio(loop_scope="session")
async def test_a21_a_withheld_key_is_no_input_to_another_agency(ask: Asker, world: World) -> None:
    """The records of somebody protected do not become representations: no agency is asked about them by their keys."""
    query = "query($t: ID!) { traveler(id: $t) { petitions { nodes { receiptNumber pims { present } } } } }"
    who = ask.caller(21)
    await ask(who, query, case="ERC-00100001", t="TRV-01KST0RY000000000000000010")
    assert all(
        b"IOE0925010001" not in each.body and b"IOE0925010002" not in each.body for each in world.traffic.requests
    )


# ---- A20 ------------------------------------------------------------------------------------------------------------------


def test_a20_a_recipient_does_not_answer_for_its_own_condition() -> None:
    """A grant to USCIS under a fact that USCIS itself serves does not compile."""
    with pytest.raises(PolicyError) as refused:
        compile_policy(
            bundle(
                agreement(
                    recipients='["USCIS"]',
                    roles='["adjudicator"]',
                    purposes='["adjudication"]',
                    more="""
                    [[grant]]
                    article = "I"
                    fields = ["Visa.number"]
                    when = { attr = "record.filedOn", after = 2020-01-01 }
                    """,
                ),
                vocabulary=_with_an_adjudicator(),
            ),
            small_graph(),
        )
    assert "POLICY_FACT_OF_RECIPIENT" in {mistake.code for mistake in refused.value.mistakes}


def _with_an_adjudicator() -> str:
    role = '[roles.adjudicator]\ntitle = "x"\nagencies = ["USCIS"]\npurposes = ["adjudication"]\n\n[categories]'
    return VOCABULARY.replace("[categories]", role, 1)
