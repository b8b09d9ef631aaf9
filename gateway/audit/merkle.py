"""The Merkle tree of RFC 9162 section 2.1: hashing, roots, and proofs that are made from and checked against them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

__all__ = [
    "EMPTY",
    "TILE",
    "Frontier",
    "Node",
    "Tree",
    "consistency_proof",
    "fold",
    "inclusion_proof",
    "leaf_hash",
    "node_hash",
    "span_hash",
    "verify_consistency",
    "verify_inclusion",
]

EMPTY = hashlib.sha256(b"").digest()
"""The root of a tree without leaves."""

TILE = 8
"""Every how many levels a log keeps the hashes of whole subtrees, so that no proof reads more than 256 a level."""

Node: TypeAlias = Callable[[int, int], bytes]
"""``node(level, index)``: the hash of the whole subtree over leaves ``[index << level, (index + 1) << level)``."""


def leaf_hash(entry: bytes) -> bytes:
    """The hash of a leaf: SHA-256 over a zero byte and the entry."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node: SHA-256 over a one byte and both children."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def fold(hashes: Sequence[bytes]) -> bytes:
    """The hash over the hashes of neighbouring whole subtrees of one size; their number is a power of two."""
    while len(hashes) > 1:
        hashes = [node_hash(hashes[at], hashes[at + 1]) for at in range(0, len(hashes), 2)]
    return hashes[0]


class Frontier:
    """The right edge of a growing tree: enough to append leaves and to tell the root, in logarithmic space."""

    __slots__ = ("_peaks", "size")

    def __init__(self, size: int = 0, peaks: Iterable[bytes] = ()) -> None:
        """The edge of a tree of ``size`` leaves, whose whole subtrees from left to right have the hashes ``peaks``."""
        self.size = size
        self._peaks = list(peaks)

    @classmethod
    def of(cls, size: int, node: Node) -> Frontier:
        """The edge of the tree of ``size`` leaves whose nodes ``node`` tells."""
        peaks, start = [], 0
        for level in reversed(range(size.bit_length())):
            if size >> level & 1:
                peaks.append(node(level, start >> level))
                start += 1 << level
        return cls(size, peaks)

    def copy(self) -> Frontier:
        """The same edge, to append to without changing this one."""
        return Frontier(self.size, self._peaks)

    def add(self, leaf: bytes) -> list[tuple[int, int, bytes]]:
        """Append a leaf's hash; the (level, index, hash) of every subtree that is now whole and on a tile's level."""
        tiles, level = [], 0
        while self.size >> level & 1:
            leaf = node_hash(self._peaks.pop(), leaf)
            level += 1
            if level % TILE == 0:
                tiles.append((level, self.size >> level, leaf))
        self._peaks.append(leaf)
        self.size += 1
        return tiles

    def root(self) -> bytes:
        """The root over all leaves appended."""
        if not self._peaks:
            return EMPTY
        root = self._peaks[-1]
        for peak in reversed(self._peaks[:-1]):
            root = node_hash(peak, root)
        return root


class Tree:
    """A whole tree in memory, for making many proofs; 64 bytes of hashes a leaf."""

    __slots__ = ("_levels",)

    def __init__(self, leaves: Iterable[bytes] = ()) -> None:
        """The tree over the leaf hashes ``leaves``."""
        self._levels: list[list[bytes]] = [list(leaves)]
        while len(below := self._levels[-1]) > 1:
            self._levels.append([node_hash(below[at], below[at + 1]) for at in range(0, len(below) - 1, 2)])

    def __len__(self) -> int:
        """How many leaves there are."""
        return len(self._levels[0])

    def node(self, level: int, index: int) -> bytes:
        """The hash of a whole subtree; raises ``IndexError`` where there is none."""
        return self._levels[level][index]


def span_hash(node: Node, start: int, end: int) -> bytes:
    """The root over the leaves ``[start, end)``, a span as the tree's halving makes them."""
    size = end - start
    if size == 0:
        return EMPTY
    if size & (size - 1) == 0:
        level = size.bit_length() - 1
        return node(level, start >> level)
    half = 1 << (size - 1).bit_length() - 1
    return node_hash(span_hash(node, start, start + half), span_hash(node, start + half, end))


def inclusion_proof(node: Node, index: int, size: int) -> list[bytes]:
    """What takes leaf ``index`` to the root of the tree of ``size`` leaves, from the leaf upwards (section 2.1.3.1)."""
    if not 0 <= index < size:
        raise ValueError(f"leaf {index} is not in a tree of {size} leaves")
    proof, start, end = [], 0, size
    while end - start > 1:
        half = 1 << (end - start - 1).bit_length() - 1
        if index < start + half:
            proof.append(span_hash(node, start + half, end))
            end = start + half
        else:
            proof.append(span_hash(node, start, start + half))
            start += half
    return proof[::-1]


def consistency_proof(node: Node, old: int, size: int) -> list[bytes]:
    """What shows that the tree of ``size`` leaves begins with the tree of ``old`` leaves (section 2.1.4.1)."""
    if not 0 <= old <= size:
        raise ValueError(f"a tree of {old} leaves is not the beginning of one of {size}")
    if old in (0, size):
        return []
    proof, start, end, whole = [], 0, size, True
    while old != end:
        half = 1 << (end - start - 1).bit_length() - 1
        if old <= start + half:
            proof.append(span_hash(node, start + half, end))
            end = start + half
        else:
            proof.append(span_hash(node, start, start + half))
            start += half
            whole = False
    if not whole:
        proof.append(span_hash(node, start, end))
    return proof[::-1]


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether ``proof`` takes the leaf hash at ``index`` to ``root`` (section 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    first, last, found = index, size - 1, leaf
    for step in proof:
        if last == 0:
            return False
        if first & 1 or first == last:
            found = node_hash(step, found)
            while not first & 1 and first:
                first, last = first >> 1, last >> 1
        else:
            found = node_hash(found, step)
        first, last = first >> 1, last >> 1
    return last == 0 and found == root


def verify_consistency(old: int, old_root: bytes, size: int, root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether ``proof`` shows that the tree of ``size`` leaves begins with that of ``old`` leaves (section 2.1.4.2)."""
    if old > size or old < 0:
        return False
    if old in (0, size):
        return not proof and (old_root == root if old == size else old_root == EMPTY)
    path = list(proof) if old & (old - 1) else [old_root, *proof]
    if not path:
        return False
    first, last = old - 1, size - 1
    while first & 1:
        first, last = first >> 1, last >> 1
    older = newer = path[0]
    for step in path[1:]:
        if last == 0:
            return False
        if first & 1 or first == last:
            older, newer = node_hash(step, older), node_hash(step, newer)
            while not first & 1 and first:
                first, last = first >> 1, last >> 1
        else:
            newer = node_hash(newer, step)
        first, last = first >> 1, last >> 1
    return last == 0 and older == old_root and newer == root
