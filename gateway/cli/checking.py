"""What ``gateway check`` does, step by step; each step goes on as far as the one before it came."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.cli.generated import generated_files, generated_views, stale_files
from gateway.config import read_registry
from gateway.errors import CompositionFailed, GatewayError, Mistake, PolicyError
from gateway.policy import Policy, compile_policy, load_bundle
from gateway.policy.examples import run_examples
from gateway.supergraph import Supergraph, load_supergraph, unenforced_directives

__all__ = ["Checked", "Step", "check_all"]


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was checked: what was found in words, and every mistake."""

    name: str
    told: str
    mistakes: tuple[Mistake, ...] = ()


@dataclass(frozen=True, slots=True)
class Checked:
    """Every step that could be taken."""

    steps: tuple[Step, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not any(step.mistakes for step in self.steps)

    def as_json(self) -> dict[str, Any]:
        """The result as data."""
        return {
            "ok": self.ok,
            "steps": [
                {"name": step.name, "told": step.told, "mistakes": [_mistake(each) for each in step.mistakes]}
                for step in self.steps
            ],
        }


def _mistake(mistake: Mistake) -> dict[str, Any]:
    return {"code": mistake.code, "message": mistake.message, "where": mistake.where, "hint": mistake.hint}


def check_all(schema: Path) -> Checked:
    """The registry's subgraphs composed, the policy compiled on the result, its examples run, files compared.

    Where composition fails, the agreements are still held against the supergraph as it is on disk.
    """
    steps: list[Step] = []
    pages = _compose(schema, steps)
    supergraph = _load(schema, pages, steps)
    if supergraph is not None:
        if unenforced := unenforced_directives(supergraph):
            steps.append(Step("access", "the graph demands what this gateway does not enforce", unenforced))
        policy = _compile(schema, supergraph, steps)
        if policy is not None:
            steps.append(_examples(policy))
            if pages:
                pages = {**pages, **generated_views(schema, supergraph, policy)}
    if pages:
        steps.append(_stale(pages))
    return Checked(tuple(steps))


def _compose(schema: Path, steps: list[Step]) -> Mapping[Path, str]:
    registry = schema / "registry.toml"
    try:
        pages = generated_files(registry)
    except GatewayError as error:
        steps.append(Step("composition", "the subgraphs do not make one graph", _mistakes(error)))
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
        steps.append(Step("supergraph", f"{path} cannot be read", _mistakes(error)))
        return None


def _compile(schema: Path, supergraph: Supergraph, steps: list[Step]) -> Policy | None:
    try:
        policy = compile_policy(load_bundle(schema), supergraph)
    except PolicyError as error:
        steps.append(Step("policy", "the policy does not compile", _mistakes(error)))
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


def _stale(pages: Mapping[Path, str]) -> Step:
    stale = stale_files(pages)
    mistakes = tuple(
        Mistake("GENERATED_FILE_STALE", "The file is not what its sources make.", str(path), "Run `make schema`.")
        for path in stale
    )
    return Step("generated", f"{len(pages.keys() - set(stale))} of {len(pages)} files are up to date", mistakes)


def _mistakes(error: GatewayError) -> tuple[Mistake, ...]:
    if isinstance(error, CompositionFailed | PolicyError) and error.mistakes:
        return error.mistakes
    return (Mistake(error.code, error.message, error.where, error.hint),)
