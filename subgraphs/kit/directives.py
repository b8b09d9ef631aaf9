"""Declaring the graph: fields with their classification, entities, arguments that read a field.

Every field of every object type carries ``@classified``; :func:`subgraphs.kit.schema.make_schema` refuses a schema
with one that does not. The directives are composed into the supergraph (``@composeDirective``) from one ``@link``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar, dataclass_transform

import strawberry
from strawberry import UNSET
from strawberry.federation.schema_directive import schema_directive
from strawberry.federation.schema_directives import Key as KeyDirective
from strawberry.federation.schema_directives import ListSize
from strawberry.federation.types import FieldSet
from strawberry.schema_directive import Location
from strawberry.types.arguments import StrawberryArgumentAnnotation
from strawberry.types.field import StrawberryField

__all__ = [
    "CATEGORIES",
    "DEFAULT_PAGE",
    "KINDS",
    "SPEC",
    "Classified",
    "Gather",
    "Journal",
    "Reads",
    "act",
    "classified",
    "entity",
    "event",
    "journal",
    "link",
    "reads",
    "reads_field",
    "resolved",
    "sys",
    "value",
    "watch",
]

DEFAULT_PAGE = 20  # rows of a page of which nobody says how long it is
SPEC = "https://two-way-street.example/classified/v1.0"
KINDS = "event-kinds"
"""Under this name a field of the subscription root carries the kinds of events it tells of."""
CATEGORIES = frozenset(
    [
        "BIO",
        "IDN",
        "TDOC",
        "BMR",
        "CON",
        "ADJ",
        "DELIB",
        "BUS",
        "XING",
        "APIS",
        "INSP",
        "SEC",
        "DLE",
        "WL",
        "ENF",
        "DET",
        "EDU",
        "MED",
        "SYS",
        "LINK",
        "ACT",
    ]
)
T = TypeVar("T")


@schema_directive(
    locations=[Location.FIELD_DEFINITION], name="classified", repeatable=False, compose=True, import_url=SPEC
)
class Classified:
    """The sensitivity of a field: base category, statutory overlays, and the agency whose law follows the value."""

    category: str
    overlays: list[str] | None = UNSET
    origin: str | None = UNSET


@schema_directive(
    locations=[Location.ARGUMENT_DEFINITION, Location.INPUT_FIELD_DEFINITION, Location.FIELD_DEFINITION],
    name="reads",
    compose=True,
    import_url=SPEC,
)
class Reads:
    """The coordinates whose values an argument or input field tests, so that a filter cannot read what is denied.

    On a field of the subscription root: what is learned from hearing of the event at all.
    """

    fields: list[str]


@schema_directive(locations=[Location.FIELD_DEFINITION], name="gather", compose=True, import_url=SPEC)
class Gather:
    """The gateway answers this list with the named lists of the same object, merged by ``order``.

    On a field of the subscription root: it tells what the named ones tell, each in its own order; ``order`` is "".
    """

    fields: list[str]
    order: str


@schema_directive(locations=[Location.FIELD_DEFINITION], name="journal", compose=True, import_url=SPEC)
class Journal:
    """On a field of the subscription root: the gateway tells it from its own journal of activations."""


def _directives(category: str, overlays: Sequence[str], origin: str | None, gather: Gather | None) -> list[object]:
    if category not in CATEGORIES:
        raise ValueError(f"{category!r} is no category; the categories are {', '.join(sorted(CATEGORIES))}")
    mark = Classified(category=category, overlays=list(overlays) or UNSET, origin=origin or UNSET)
    return [mark] if gather is None else [mark, gather]


def classified(
    category: str,
    *,
    overlays: Sequence[str] = (),
    origin: str | None = None,
    name: str | None = None,
    description: str | None = None,
    default: Any = None,
    required: bool = False,
    **federation: Any,
) -> Any:
    """A plain field of an object type, ``name: T | None = classified("ADJ")``; it defaults to ``None``.

    ``required=True`` takes the default away (for ``!`` fields). ``federation`` passes Strawberry's own arguments on:
    ``external``, ``shareable``, ``requires=[...]``, ``provides=[...]``, ``override="petitions"``, ``tags``.
    """
    if not required:
        federation["default"] = default
    return strawberry.federation.field(
        name=name, description=description, directives=_directives(category, overlays, origin, None), **federation
    )


def resolved(
    category: str,
    *,
    overlays: Sequence[str] = (),
    origin: str | None = None,
    name: str | None = None,
    description: str | None = None,
    gather: Gather | None = None,
    **federation: Any,
) -> Callable[[Callable[..., Any]], StrawberryField]:
    """A decorator: the method below it resolves a classified field. One that gives pages says how long they may be."""
    marks = _directives(category, overlays, origin, gather)

    def decorate(resolver: Callable[..., Any]) -> StrawberryField:
        made = strawberry.federation.field(
            resolver=resolver, name=name, description=description, directives=[*marks, *_sized(resolver)], **federation
        )
        assert isinstance(made, StrawberryField)  # noqa: S101 - strawberry declares the return type as the value's
        return made

    return decorate


def _sized(resolver: Callable[..., Any]) -> list[object]:
    """The ``@listSize`` of a resolver that returns a connection: as many as the client asks for, else a default page."""
    if not str(resolver.__annotations__.get("return", "")).startswith("Connection["):
        return []
    slices: list[str] = [name for name in ("first", "last") if name in resolver.__annotations__]
    return [
        ListSize(
            assumed_size=DEFAULT_PAGE,
            slicing_arguments=slices,
            sized_fields=["edges", "nodes"],
            require_one_slicing_argument=False,
        )
    ]


def link(**more: Any) -> Callable[[Callable[..., Any]], StrawberryField]:
    """A decorator for a field that leads to another object and has no data of its own (category ``LINK``)."""
    return resolved("LINK", **more)


def act(**more: Any) -> Callable[[Callable[..., Any]], StrawberryField]:
    """A decorator for a mutation (category ``ACT``)."""
    return resolved("ACT", **more)


def event(*kinds: str, tells: Sequence[str], description: str) -> Callable[[Callable[..., Any]], StrawberryField]:
    """A decorator for a field of the subscription root, answered once for each event of one of ``kinds``.

    ``info.context.event`` is the event's row of the outbox; the method returns the record it is about. ``tells`` are
    the coordinates whose values a caller learns by hearing of the event: who may not read them does not hear of it.
    """
    marks = [*_directives("LINK", (), None, None), Reads(fields=list(tells))]

    def decorate(resolver: Callable[..., Any]) -> StrawberryField:
        made = strawberry.federation.field(
            resolver=resolver, description=description, directives=marks, metadata={KINDS: kinds}
        )
        assert isinstance(made, StrawberryField)  # noqa: S101 - strawberry declares the return type as the value's
        return made

    return decorate


def watch(*events: str, description: str) -> Callable[[Callable[..., Any]], StrawberryField]:
    """A decorator for a field of the subscription root that tells what the fields ``events`` of any subgraph tell.

    The gateway listens to those, so the method below it is never called.
    """
    return resolved("LINK", gather=Gather(fields=list(events), order=""), description=description)


def journal(*, description: str) -> Callable[[Callable[..., Any]], StrawberryField]:
    """A decorator for a field of the subscription root that tells what changed of the agreements.

    No subgraph knows of that: the gateway answers from its journal, and the method below it is never called.
    """

    def decorate(resolver: Callable[..., Any]) -> StrawberryField:
        marks = [*_directives("LINK", (), None, None), Journal()]
        made = strawberry.federation.field(resolver=resolver, description=description, directives=marks)
        assert isinstance(made, StrawberryField)  # noqa: S101 - strawberry declares the return type as the value's
        return made

    return decorate


def sys(**more: Any) -> Any:
    """A plain field that follows its parent (category ``SYS``)."""
    return classified("SYS", **more)


def reads(*fields: str, name: str | None = None) -> StrawberryArgumentAnnotation:
    """For ``Annotated[str, reads("Identifier.value")]``: the argument tests these coordinates' values."""
    return strawberry.argument(name=name, directives=[Reads(fields=list(fields))])


def reads_field(*fields: str, name: str | None = None, default: Any = None) -> Any:
    """A field of an input type that tests these coordinates' values; optional, ``None`` when not given."""
    return strawberry.field(name=name, default=default, directives=[Reads(fields=list(fields))])


@dataclass_transform(kw_only_default=True)  # every field declared by a call has a default
def entity(
    *keys: str, resolvable: bool = True, name: str | None = None, description: str | None = None
) -> Callable[[type[T]], type[T]]:
    """A class decorator for an entity: one ``@key`` per argument; ``resolvable=False`` makes a stub of it.

    Name key fields in Python exactly as in GraphQL (``receiptNumber``, not ``receipt_number``).
    """
    marks = [KeyDirective(fields=FieldSet(key), resolvable=UNSET if resolvable else False) for key in keys]
    return strawberry.federation.type(keys=marks, name=name, description=description)


@dataclass_transform(kw_only_default=True)  # every field declared by a call has a default
def value(
    *, shareable: bool = False, name: str | None = None, description: str | None = None
) -> Callable[[type[T]], type[T]]:
    """A class decorator for a value type (no key). ``shareable`` where several subgraphs declare the same type."""
    return strawberry.federation.type(shareable=shareable, name=name, description=description)
