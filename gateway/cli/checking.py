"""What ``gateway check`` does, step by step; each step goes on as far as the one before it came."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path

from gateway.cli.breaking import breaking_step
from gateway.cli.diff import version_of
from gateway.cli.drafting import drafts, uncovered, waiting, write
from gateway.cli.generated import generated_files, generated_views, stale_files, view_day
from gateway.cli.overrides import overridden
from gateway.cli.recorded import read_recorded
from gateway.cli.steps import Checked, Step, mistakes_of
from gateway.config import read_registry
from gateway.enforcement.arguments import silent_arguments
from gateway.enforcement.flows import edges_of, missing_flows
from gateway.enforcement.nullability import never_null
from gateway.enforcement.shapes import shapes_of
from gateway.errors import GatewayError, Mistake, PolicyError
from gateway.opening import read_text
from gateway.policy import Bundle, Policy, compile_policy, load_bundle
from gateway.policy.diff_flows import flow_changes
from gateway.policy.examples import run_examples
from gateway.supergraph import Supergraph, load_supergraph, unenforced_directives

__all__ = ["check_all", "policy_steps"]


def check_all(
    schema: Path,
    against: Path | None = None,
    *,
    operations: Path | None = None,
    draft: bool = False,
    today: date | None = None,
) -> Checked:
    """The registry's subgraphs composed, the policy compiled on the result, its examples run, its flows, arguments and files checked.

    Flows are those of the day that the views on disk name, so that the same files always check the same. ``against`` is
    the schema folder of an earlier version: what moves newly from agency to agency is told as notes, and what breaks its API
    schema is a mistake. ``operations`` are recorded ones (``gateway audit operations``): then only what breaks some of them
    is. With ``draft``, a draft
    of each agreement that a flow lacks is written to ``agreements`` in ``schema``; it is in force when it is signed. Where composition fails, the agreements are still held against the supergraph as it is on disk.
    What ``overrides.toml`` lets pass on the day ``today`` (the present one, UTC, when not given) is told and no mistake.
    """
    steps: list[Step] = []
    pages = _compose(schema, steps)
    supergraph = _load(schema, pages, steps)
    if supergraph is not None:
        if unenforced := unenforced_directives(supergraph):
            steps.append(Step("access", "the graph demands what this gateway does not enforce", unenforced))
        policy = _compile(lambda: load_bundle(schema), supergraph, steps)
        if policy is not None:
            at = _governed(schema, supergraph, policy, steps, draft=draft)
            if against is not None:
                steps.append(_against(against, supergraph, policy, at))
            if pages:
                pages = {**pages, **generated_views(schema, supergraph, policy)}
        if against is not None or operations is not None:
            steps.append(_breaking(supergraph, against, operations))
    if pages:
        steps.append(_stale(pages))
    return Checked(overridden(steps, schema, today or datetime.now(UTC).date()))


def policy_steps(supergraph: Supergraph, bundle: Callable[[], Bundle], schema: Path) -> tuple[Step, ...]:
    """The steps that hold a graph which is not on disk against what ``bundle`` reads: policy, examples, flows, arguments."""
    steps: list[Step] = []
    policy = _compile(bundle, supergraph, steps)
    if policy is not None:
        _governed(schema, supergraph, policy, steps, draft=False)
    return tuple(steps)


def _governed(schema: Path, supergraph: Supergraph, policy: Policy, steps: list[Step], *, draft: bool) -> datetime:
    """Take the steps that need both graph and policy; the day on which they hold."""
    at = datetime.combine(view_day(schema), datetime.min.time(), UTC)
    steps.append(_examples(policy))
    steps.append(_flows(supergraph, policy, at, schema / "agreements" if draft else None))
    steps.append(_arguments(supergraph, policy))
    if lasting := never_null(supergraph, policy):
        steps.append(Step("nullability", "some fields could not be withheld alone", lasting))
    return at


def _compose(schema: Path, steps: list[Step]) -> Mapping[Path, str]:
    registry = schema / "registry.toml"
    try:
        pages = generated_files(registry)
    except GatewayError as error:
        steps.append(Step("composition", "the subgraphs do not make one graph", mistakes_of(error)))
        return {}
    steps.append(Step("composition", f"{len(read_registry(registry))} subgraphs make one graph"))
    return pages


def _load(schema: Path, pages: Mapping[Path, str], steps: list[Step]) -> Supergraph | None:
    path = schema / "supergraph.graphql"
    text = pages.get(path) or (path.read_text(encoding="utf-8") if path.exists() else "")
    if not text:
        return None
    try:
        return load_supergraph(text)
    except GatewayError as error:
        steps.append(Step("supergraph", f"{path} cannot be read", mistakes_of(error)))
        return None


def _compile(bundle: Callable[[], Bundle], supergraph: Supergraph, steps: list[Step]) -> Policy | None:
    try:
        policy = compile_policy(bundle(), supergraph)
    except PolicyError as error:
        steps.append(Step("policy", "the policy does not compile", mistakes_of(error)))
        return None
    steps.append(Step("policy", f"{len(policy.agreements)} agreements, epoch {policy.epoch}"))
    return policy


def _examples(policy: Policy) -> Step:
    ran = list(run_examples(policy))
    hint = "Correct the clause or the example; `gateway explain` shows every candidate."
    wrong = tuple(
        Mistake(
            "POLICY_EXAMPLE_FAILS",
            f"example {each.example.title or each.example.field!r}: {each.wrong}",
            each.example.where,
            hint,
        )
        for each in ran
        if each.wrong
    )
    return Step("examples", f"{len(ran) - len(wrong)} of {len(ran)} come out as written", wrong)


def _flows(supergraph: Supergraph, policy: Policy, at: datetime, drafted: Path | None) -> Step:
    missing, crossing = missing_flows(supergraph, policy, at), len(edges_of(supergraph, policy))
    told = f"{crossing} values cross from one agency to another, "
    if not missing:
        return Step("flows", f"{told}each let by an agreement in force on {at:%Y-%m-%d}")
    edges = uncovered(supergraph, policy, at)
    pending = list(waiting(edges, policy.agreements))
    notes = {f"{agreement.file} would let it once it is active; it is {agreement.status}" for _, agreement in pending}
    if drafted is not None:
        covered = {edge for edge, _ in pending}
        written = write(drafted, drafts((edge for edge in edges if edge not in covered), policy, at.date()))
        notes |= {f"drafted {path.as_posix()}, for both sides to sign" for path in written}
    told += f"and agreements in force on {at:%Y-%m-%d} do not let all of them"
    return Step("flows", told, missing, tuple(sorted(notes)))


def _arguments(supergraph: Supergraph, policy: Policy) -> Step:
    silent = silent_arguments(supergraph, policy, shapes_of(supergraph, policy))
    told = (
        "not every argument of a query says what it reads" if silent else "every argument of a query says what it reads"
    )
    return Step("arguments", told, silent)


def _against(before: Path, supergraph: Supergraph, policy: Policy, at: datetime) -> Step:
    """What moves otherwise than under ``before``. A flow without consent is a mistake already, and only told here."""
    try:
        old = version_of(before, before / "supergraph.graphql")
    except GatewayError as error:
        return Step("against", f"{before} is no schema folder to compare with", mistakes_of(error))
    changes = flow_changes(old.policy, edges_of(old.supergraph, old.policy), policy, edges_of(supergraph, policy), at)
    notes = tuple(each.sentence for each in changes)
    told = (
        f"{len(notes)} flows to look at, compared with {before}"
        if notes
        else f"no value moves otherwise than in {before}"
    )
    return Step("against", told, notes=notes)


def _breaking(supergraph: Supergraph, before: Path | None, operations: Path | None) -> Step:
    """Whom the graph breaks, by the API schema before and by what is on record of what was asked."""
    try:
        recorded = read_recorded(operations) if operations is not None else None
        old = None if before is None else load_supergraph(_text_of(before / "supergraph.graphql")).api_schema
    except GatewayError as error:
        return Step("operations", "it cannot be said whom the graph breaks", mistakes_of(error))
    return breaking_step(supergraph.api_schema, old, recorded)


def _text_of(path: Path) -> str:
    return read_text(path, "SUPERGRAPH_MISSING", "The supergraph", "Run `gateway compose` to write it.")


def _stale(pages: Mapping[Path, str]) -> Step:
    stale = stale_files(pages)
    mistakes = tuple(
        Mistake("GENERATED_FILE_STALE", "The file is not what its sources make.", str(path), "Run `make schema`.")
        for path in stale
    )
    return Step("generated", f"{len(pages.keys() - set(stale))} of {len(pages)} files are up to date", mistakes)
