"""Type references as the text GraphQL prints for them (``[Int!]!``): hashable, comparable, ready to print."""

from __future__ import annotations

from graphql.language import ListTypeNode, NamedTypeNode, NonNullTypeNode, TypeNode

__all__ = ["BUILT_IN_SCALARS", "base", "is_list", "item", "non_null", "nullable", "of_node", "rename"]

BUILT_IN_SCALARS = frozenset({"Int", "Float", "String", "Boolean", "ID"})


def base(ref: str) -> str:
    """The named type under every list and non-null wrapper."""
    return ref.strip("[]!")


def non_null(ref: str) -> bool:
    """Whether the outermost wrapper is ``!``."""
    return ref.endswith("!")


def nullable(ref: str) -> str:
    """The reference without its outermost ``!``."""
    return ref.removesuffix("!")


def is_list(ref: str) -> bool:
    """Whether the reference is a list, non-null or not."""
    return ref.startswith("[")


def item(ref: str) -> str:
    """The item type of a list reference."""
    return nullable(ref)[1:-1]


def rename(ref: str, names: dict[str, str]) -> str:
    """The reference with its named type replaced where ``names`` says so."""
    name = base(ref)
    return ref.replace(name, names[name]) if name in names else ref


def of_node(node: TypeNode) -> str:
    """The reference that a parsed type stands for."""
    if isinstance(node, NonNullTypeNode):
        return of_node(node.type) + "!"
    if isinstance(node, ListTypeNode):
        return f"[{of_node(node.type)}]"
    assert isinstance(node, NamedTypeNode)  # noqa: S101  the three kinds there are
    return node.name.value
