"""Proofs about a policy: properties (``schema/properties.toml``) proven or refuted with z3 over a finite abstraction.

Needs the test extra (``z3-solver``); nothing that serves requests imports this package.
"""

from gateway.policy.proof.domains import Domains, FactShapes, domains_of, realise
from gateway.policy.proof.properties import KINDS, Property, read_properties
from gateway.policy.proof.prover import Counterexample, Crossing, Proof, Prover
from gateway.policy.proof.solver import World, load_z3

__all__ = [
    "KINDS",
    "Counterexample",
    "Crossing",
    "Domains",
    "FactShapes",
    "Proof",
    "Property",
    "Prover",
    "World",
    "domains_of",
    "load_z3",
    "read_properties",
    "realise",
]
