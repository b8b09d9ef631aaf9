"""Code lists, each under its own name: ``LND`` is London among posts and Lander among ports.

Sources: the public I-94 record layout (ports), CEAC post codes, NIEM 6.0 (classes of admission, J categories and
terminations); see domain.md 1.5 and 1.6.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from subgraphs.kit.errors import Refusal
from subgraphs.kit.types import CodedValue
from subgraphs.kit.world.codes import LISTS as WORLD_LISTS

__all__ = ["LISTS", "coded", "label", "require_code"]

_MORE_CLASSES: Final[dict[str, str]] = {
    "1B1": "Specialty occupation",
    "1B2": "Specialty occupation, defense",
    "1B3": "Fashion model",
    "1B4": "Artist or entertainer, unique group",
    "1B5": "Athlete",
    "1BS": "Supporting staff",
    "H2R": "Returning nonagricultural worker",
    "H3A": "Trainee",
    "H3B": "Special education",
    "J1S": "Exchange student",
    "J2S": "Spouse or child of exchange student",
    "L1": "Intracompany transferee",
    "M2": "Spouse or child of M",
    "O1": "Extraordinary ability",
    "O3": "Spouse or child of O",
    "P1B": "Internationally recognized entertainment group",
    "P1S": "Support personnel of P-1",
    "P2": "Reciprocal exchange artist",
    "P2S": "Support personnel of P-2",
    "P3S": "Support personnel of P-3",
    "P4": "Spouse or child of P",
    "S3": "Specialty occupation, free trade agreement",
    "TD": "Spouse or child of TN",
    "T3": "Child of T-1",
    "T4": "Parent of T-1",
    "T5": "Sibling of T-1",
    "U3": "Child of U-1",
    "U4": "Parent of U-1",
    "U5": "Sibling of U-1",
    "ERF": "Expedited removal, credible fear referral",
    "ERP": "Expedited removal, pending",
    "ERR": "Expedited removal, removed",
    "DE": "Deferred inspection",
}

LISTS: Final[Mapping[str, Mapping[str, str]]] = {
    **WORLD_LISTS,
    "coa": {**_MORE_CLASSES, **WORLD_LISTS["coa"]},
    "mode": {"A": "Air", "S": "Sea", "L": "Land"},
    "schedule-d": {"4701": "John F. Kennedy International Airport", "2720": "Los Angeles International Airport"},
}
"""List name -> code -> label."""


def label(list_name: str, code: str) -> str | None:
    """The label of ``code`` in ``list_name``; ``None`` where the list does not have it."""
    return LISTS.get(list_name, {}).get(code)


def coded(list_name: str, code: str | None) -> CodedValue | None:
    """The coded value, labelled; ``None`` for ``None``. A code the list lacks stays, without a label."""
    return None if code is None else CodedValue(list=list_name, code=code, label=label(list_name, code))


def require_code(list_name: str, code: str) -> str:
    """``code`` in capitals, if ``list_name`` has it; raises ``Refusal`` BAD_INPUT otherwise."""
    canonical = code.strip().upper()
    if canonical not in LISTS[list_name]:
        raise Refusal("BAD_INPUT", f"The list {list_name} has no such code")
    return canonical
