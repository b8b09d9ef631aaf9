"""The merged schema judged as a whole, in three stages: federation's rules, GraphQL's, and what is inaccessible."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.composition.merging.access import missing_requirements
from gateway.composition.merging.context import Merge
from gateway.composition.rules.composed import misplaced_composed
from gateway.composition.rules.implementations import wrong_implementations
from gateway.composition.rules.inaccessible import wrongly_inaccessible
from gateway.composition.rules.merged_fields import misfit_requires, missing_implementations
from gateway.composition.rules.types import wrong_types
from gateway.errors import Mistake

__all__ = ["merged_mistakes"]


def merged_mistakes(merge: Merge) -> Iterator[list[Mistake]]:
    """The mistakes of each stage, to be stopped at by the caller: a later stage presumes a clean earlier one."""
    yield [*missing_implementations(merge), *misfit_requires(merge), *missing_requirements(merge)]
    yield [*wrong_implementations(merge.schema), *wrong_types(merge.schema), *misplaced_composed(merge)]
    yield list(wrongly_inaccessible(merge.schema))
