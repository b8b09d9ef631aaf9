"""Mutants that mean the same as the module or only say less, with the reason: ``file function: what``."""

from __future__ import annotations

from typing import Final

__all__ = ["HARMLESS"]

_TRUST: Final = {
    "Trust.admit: operand 2 dropped: grant.removeprefix('mask:') in SOURCE_MASKS and name in operation.coordinates": (
        "masks of coordinates that the operation does not select are laid on nothing"
    ),
    "Trust._declared_facts: filter dropped: for case in policy.cases.values() if case.root": (
        "adds the name `Query.`, which no operation can select"
    ),
}
_GATE: Final = {
    "Gate._subject: never: if not path:": "an empty path finds nothing either way",
    "Gate._subject: operand 2 dropped: value is None and '.' not in path": "no key of an object has a dot in it",
    "Gate._could_show: operand 1 dropped: not target or self.shapes.leaves_subject(name, target)": (
        "a leaf has no type below it, so nothing is told by one and the answer is the same"
    ),
}

HARMLESS: Final[dict[str, str]] = {
    f"{file} {name}": reason
    for file, reasons in (("subgraphs/kit/trust.py", _TRUST), ("gateway/enforcement/gate.py", _GATE))
    for name, reason in reasons.items()
}
