"""One schema as plain values, each element knowing its line and the block (definition or extension) it came from.

The same types hold the merged schema; there ``joins`` are the printed ``@join__`` directives of an element.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from graphql.language import ValueNode

from gateway.composition import values

__all__ = [
    "Applied",
    "Argument",
    "Block",
    "DirectiveDef",
    "EnumValue",
    "FieldDef",
    "Kind",
    "Schema",
    "TypeDef",
]


class Kind(StrEnum):
    """The six kinds of named type."""

    SCALAR = "Scalar"
    OBJECT = "Object"
    INTERFACE = "Interface"
    UNION = "Union"
    ENUM = "Enum"
    INPUT = "InputObject"


@dataclass
class Applied:
    """A directive written on an element.

    ``args`` are the arguments' values and ``nodes`` the same as syntax (empty on merged elements).
    ``element`` is what it is an application of, whatever its name here: ``"federation:key"`` for an element of a
    known specification (``"key"`` for federation's), ``""`` for a directive of the schema's own.
    """

    name: str
    args: dict[str, Any] = field(default_factory=dict)
    nodes: dict[str, ValueNode] = field(default_factory=dict)
    block: int = 0
    line: int = 0
    element: str = ""


@dataclass
class Argument:
    """An argument of a field or directive, or a field of an input object."""

    name: str
    type: str
    default: ValueNode | None = None
    description: str | None = None
    directives: list[Applied] = field(default_factory=list)
    block: int = 0
    line: int = 0
    joins: list[str] = field(default_factory=list)

    @property
    def default_value(self) -> Any:
        """The default's value, or ``values.ABSENT``."""
        return values.ABSENT if self.default is None else values.of_node(self.default)

    @property
    def required(self) -> bool:
        """Whether a value must be given: non-null without default."""
        return self.type.endswith("!") and self.default is None


@dataclass
class FieldDef:
    """A field of an object or interface type."""

    owner: str
    name: str
    type: str
    args: dict[str, Argument] = field(default_factory=dict)
    description: str | None = None
    directives: list[Applied] = field(default_factory=list)
    block: int = 0
    line: int = 0
    joins: list[str] = field(default_factory=list)

    @property
    def coordinate(self) -> str:
        """``Type.field``."""
        return f"{self.owner}.{self.name}"


@dataclass
class EnumValue:
    """A value of an enum type."""

    name: str
    description: str | None = None
    directives: list[Applied] = field(default_factory=list)
    block: int = 0
    line: int = 0
    joins: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Block:
    """One definition or extension of a type."""

    extension: bool
    line: int


@dataclass
class TypeDef:
    """A named type with what every block of it holds; only the members of its kind are filled."""

    name: str
    kind: Kind
    description: str | None = None
    directives: list[Applied] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    interfaces: dict[str, int] = field(default_factory=dict)
    fields: dict[str, FieldDef] = field(default_factory=dict)
    inputs: dict[str, Argument] = field(default_factory=dict)
    values: dict[str, EnumValue] = field(default_factory=dict)
    members: dict[str, int] = field(default_factory=dict)
    joins: list[str] = field(default_factory=list)

    @property
    def line(self) -> int:
        """The line of the first block."""
        return self.blocks[0].line if self.blocks else 0

    @property
    def composite(self) -> bool:
        """Whether fields can be selected on it."""
        return self.kind in (Kind.OBJECT, Kind.INTERFACE, Kind.UNION)

    @property
    def has_definition(self) -> bool:
        """Whether a block is a definition and not an extension."""
        return any(not block.extension for block in self.blocks)

    @property
    def has_extension(self) -> bool:
        """Whether a block is an extension."""
        return any(block.extension for block in self.blocks)


@dataclass
class DirectiveDef:
    """The definition of a directive."""

    name: str
    args: dict[str, Argument] = field(default_factory=dict)
    locations: tuple[str, ...] = ()
    repeatable: bool = False
    description: str | None = None
    line: int = 0


@dataclass
class Schema:
    """Types and directives by name, the root types by operation, and what stands on ``schema`` itself."""

    types: dict[str, TypeDef] = field(default_factory=dict)
    directives: dict[str, DirectiveDef] = field(default_factory=dict)
    roots: dict[str, str] = field(default_factory=dict)
    applied: list[Applied] = field(default_factory=list)
    description: str | None = None

    def possible_types(self, name: str) -> list[str]:
        """The object types a value of the named composite type can have, in order of definition."""
        definition = self.types.get(name)
        if definition is None:
            return []
        if definition.kind is Kind.UNION:
            return list(definition.members)
        if definition.kind is Kind.INTERFACE:
            return [t.name for t in self.types.values() if t.kind is Kind.OBJECT and name in t.interfaces]
        return [name]

    def is_subtype(self, sub: str, sup: str) -> bool:
        """Whether named type ``sub`` is ``sup``, implements it or is a member of it."""
        if sub == sup:
            return True
        lower, upper = self.types.get(sub), self.types.get(sup)
        if lower is None or upper is None:
            return False
        return sup in lower.interfaces or (upper.kind is Kind.UNION and sub in upper.members)
