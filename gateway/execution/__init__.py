"""Running a plan against the subgraphs, and shaping the answer from what came back."""

from __future__ import annotations

from gateway.execution.execute import Budget, execute, source_request
from gateway.execution.project import project
from gateway.execution.result import Answer, FetchFailure, Merged

__all__ = ["Answer", "Budget", "FetchFailure", "Merged", "execute", "project", "source_request"]
