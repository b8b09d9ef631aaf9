"""The supergraph: frozen types read from join-spec SDL, the schemas derived from it, and the graph of moves."""

from gateway.supergraph.access import unenforced_directives
from gateway.supergraph.api import print_api
from gateway.supergraph.fieldset import parse_field_set, print_field_set
from gateway.supergraph.lookups import Lookup, Requirement
from gateway.supergraph.model import Supergraph
from gateway.supergraph.sdl import load_supergraph
from gateway.supergraph.selectionmap import value_of

__all__ = [
    "Lookup",
    "Requirement",
    "Supergraph",
    "load_supergraph",
    "parse_field_set",
    "print_api",
    "print_field_set",
    "unenforced_directives",
    "value_of",
]
