"""What a record tells of the conditions of a clause: true, false, or anything, as bits, over all it could have been."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from gateway.policy.conditions import Atom, Condition
from gateway.policy.facts import Truth

__all__ = ["ANY", "BITS", "FALSE", "NOTHING", "SAID", "TRUE", "Pool", "Shared", "among"]

TRUE, FALSE, UNKNOWN = 1, 2, 4
ANY: Final = TRUE | FALSE | UNKNOWN
BITS: Final = {Truth.TRUE: TRUE, Truth.FALSE: FALSE, Truth.UNKNOWN: UNKNOWN}
SAID: Final = {"true": TRUE, "false": FALSE}
"""What a record says for sure; what was unknown then may be asked for under another policy."""

_MOST: Final = 10_000


@dataclass(frozen=True, slots=True)
class Shared:
    """The conditions that hold for a whole record, by their words; ``key`` is the same as one value."""

    truth: Mapping[str, int]
    key: tuple[Any, ...]


NOTHING: Final = Shared({}, ())


class Pool:
    """Pools the conditions of records; what it made of one set of vectors is kept, since most records are alike."""

    def __init__(self) -> None:
        self._made: dict[tuple[Any, ...], Shared] = {}

    def of(self, record: Mapping[str, Any]) -> Shared:
        """How the conditions on caller and case came out; those on the person as well, where the record is of one."""
        vectors: dict[tuple[Any, ...], Mapping[str, str]] = {}
        for item in record["disclosed"]:
            for each in item.get("truths") or ():
                atoms = each["atoms"]
                vectors[tuple(atoms), tuple(atoms.values())] = atoms
        alone = len(record["subjects"]) == 1
        key = (alone, *vectors)
        found = self._made.get(key)
        if found is None:
            if len(self._made) > _MOST:
                self._made.clear()
            found = self._made[key] = _pooled(vectors.values(), alone)
        return found


def _pooled(vectors: Iterable[Mapping[str, str]], alone: bool) -> Shared:
    found: dict[str, int] = {}
    for atoms in vectors:
        for name, said in atoms.items():
            if said in SAID and _whole(name, alone):
                found[name] = found.get(name, 0) | SAID[said]
    sure = {name: bits for name, bits in sorted(found.items()) if bits in (TRUE, FALSE)}
    return Shared(sure, tuple(sure.items()))


def _whole(name: str, alone: bool) -> bool:
    """Whether a condition, by its words, comes out alike for everything in a record."""
    facts = [word.partition(".")[0] for word in name.split() if "." in word]
    return "record" not in facts and name.partition(" ")[0] != "value" and (alone or "subject" not in facts)


def among(when: Condition, truth: Mapping[str, int], *, best: bool = False) -> int:
    """The truths that ``when`` can come out as, as bits; with ``best`` every condition on a record counts as true."""
    if isinstance(when, Atom):
        return TRUE if best and when.record_bound else truth.get(str(when), ANY)
    parts = [among(each, truth, best=best) for each in when.parts]
    if not when.every:
        parts = [_flipped(each) for each in parts]
    found = FALSE if any(each & FALSE for each in parts) else 0
    found |= TRUE if all(each & TRUE for each in parts) else 0
    if any(each & UNKNOWN for each in parts) and all(each & (TRUE | UNKNOWN) for each in parts):
        found |= UNKNOWN
    return found if when.every else _flipped(found)


def _flipped(bits: int) -> int:
    """True for false and false for true: what turns ``any`` into ``all``."""
    return (bits & UNKNOWN) | (FALSE if bits & TRUE else 0) | (TRUE if bits & FALSE else 0)
