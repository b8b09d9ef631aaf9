"""What an agency needs to publish its subgraph: the graph's vocabulary, rows, connections, writes, and the app."""

from subgraphs.kit.connections import Connection, Direction, Edge, OrderBy, Page, connect, connect_rows
from subgraphs.kit.context import Context, Info, Write
from subgraphs.kit.directives import (
    Gather,
    act,
    classified,
    entity,
    event,
    journal,
    link,
    reads,
    reads_field,
    resolved,
    sys,
    value,
    watch,
)
from subgraphs.kit.errors import Refusal
from subgraphs.kit.schema import Key, make_schema
from subgraphs.kit.shared import shared
from subgraphs.kit.states import StateMachine, Transition
from subgraphs.kit.types import Agency, CodedValue, PageInfo, Provenance, TimelineEvent

__all__ = [
    "Agency",
    "CodedValue",
    "Connection",
    "Context",
    "Direction",
    "Edge",
    "Gather",
    "Info",
    "Key",
    "OrderBy",
    "Page",
    "PageInfo",
    "Provenance",
    "Refusal",
    "StateMachine",
    "TimelineEvent",
    "Transition",
    "Write",
    "act",
    "classified",
    "connect",
    "connect_rows",
    "entity",
    "event",
    "journal",
    "link",
    "make_schema",
    "reads",
    "reads_field",
    "resolved",
    "shared",
    "sys",
    "value",
    "watch",
]
