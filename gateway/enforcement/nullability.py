"""Fields that could not be withheld without taking the whole record with them."""

from __future__ import annotations

from gateway.coordinates import Coordinate
from gateway.errors import Mistake
from gateway.policy import Policy
from gateway.supergraph import Supergraph
from gateway.supergraph.fieldset import FieldSet, FieldSetField
from gateway.supergraph.model import TypeDef

__all__ = ["never_null"]


def never_null(supergraph: Supergraph, policy: Policy) -> tuple[Mistake, ...]:
    """One mistake, ``FIELD_NEVER_NULL``, for each governed field of an entity that is never null, its keys left out.

    What an agreement withholds is null; where null may not stand, GraphQL puts it in place of the object around it
    (specification, section 6.4.4), and what the caller may have of the record is gone too.
    """
    return tuple(
        Mistake(
            "FIELD_NEVER_NULL",
            f"{name}.{field.name} is never null, so whoever is not given it is given nothing of the {name}.",
            where=f"{name}.{field.name}",
            hint=f"Make it nullable ({field.type.rstrip('!')}), in Python `| None`: any agreement may withhold it.",
        )
        for name, kind in sorted(supergraph.types.items())
        if kind.kind == "object" and kind.keys
        for field in kind.fields.values()
        if field.type.endswith("!")
        and field.name not in _keys_of(kind)
        and Coordinate(name, field.name) in policy.catalogue.entries
    )


def _keys_of(kind: TypeDef) -> set[str]:
    return {name for key in kind.keys for name in _names(key.fields)}


def _names(fields: FieldSet) -> list[str]:
    return [each.name for each in fields if isinstance(each, FieldSetField)]
