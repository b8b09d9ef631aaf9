"""Schema coordinates as values: ``Type.field`` and ``Type.field(argument:)``, always on a concrete type."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

__all__ = ["Coordinate"]


@dataclass(frozen=True, slots=True, order=True)
class Coordinate:
    """A place in the schema: a field of an object type, or one argument of it.

    Notation: https://spec.graphql.org/draft/#sec-Schema-Coordinates
    """

    type: str
    field: str
    argument: str = ""

    @classmethod
    @lru_cache(maxsize=8192)
    def parse(cls, text: str) -> Coordinate:
        """The coordinate that ``text`` names; raises ``ValueError`` when it names none."""
        owner, dot, rest = text.partition(".")
        name, paren, argument = rest.partition("(")
        if not (dot and owner and name) or "." in name:
            raise ValueError(f"{text!r} is not a coordinate; write Type.field or Type.field(argument:)")
        if paren and not argument.endswith(":)"):
            raise ValueError(f"{text!r} is not a coordinate; write Type.field(argument:)")
        return cls(owner, name, argument[:-2] if paren else "")

    def __str__(self) -> str:
        return f"{self.type}.{self.field}({self.argument}:)" if self.argument else f"{self.type}.{self.field}"
