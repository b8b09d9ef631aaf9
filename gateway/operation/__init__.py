"""Reading what a client asks: limits, parsing, validation, variables, normalization. No IO, no clock."""

from __future__ import annotations

from gateway.operation.limits import Limits
from gateway.operation.model import Argument, Condition, Field, Fragment, Operation, Selection
from gateway.operation.read import Documents, read_operation
from gateway.operation.validate import unknown_field

__all__ = [
    "Argument",
    "Condition",
    "Documents",
    "Field",
    "Fragment",
    "Limits",
    "Operation",
    "Selection",
    "read_operation",
    "unknown_field",
]
