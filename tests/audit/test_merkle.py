"""The tree: the vectors of Certificate Transparency's test suite, and proofs of every size, right and wrong."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.audit.merkle import (
    EMPTY,
    Frontier,
    Tree,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    span_hash,
    verify_consistency,
    verify_inclusion,
)

INPUTS = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
LEAVES = [leaf_hash(bytes([number % 256, number // 256])) for number in range(600)]


def recursive_root(leaves: list[bytes]) -> bytes:
    """The definition of RFC 9162 section 2.1.1, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return node_hash(recursive_root(leaves[:half]), recursive_root(leaves[half:]))


@pytest.mark.parametrize("size", range(1, 9))
def test_the_roots_are_those_of_certificate_transparency(size: int) -> None:
    frontier = Frontier()
    for text in INPUTS[:size]:
        frontier.add(leaf_hash(bytes.fromhex(text)))
    assert frontier.root().hex() == ROOTS[size - 1]


@given(st.integers(0, 600))
def test_every_way_to_a_root_tells_the_same(size: int) -> None:
    tree, frontier = Tree(LEAVES[:size]), Frontier()
    tiles = [tile for leaf in LEAVES[:size] for tile in frontier.add(leaf)]
    expected = recursive_root(LEAVES[:size])
    assert frontier.root() == span_hash(tree.node, 0, size) == Frontier.of(size, tree.node).root() == expected
    assert tiles == [(8, index, tree.node(8, index)) for index in range(size // 256)]
    assert (size > 0) or expected == EMPTY


@given(st.integers(1, 600).flatmap(lambda size: st.tuples(st.just(size), st.integers(0, size - 1))), st.data())
def test_an_inclusion_proof_proves_its_leaf_and_no_other(case: tuple[int, int], data: st.DataObject) -> None:
    size, index = case
    tree = Tree(LEAVES[:size])
    root, proof = span_hash(tree.node, 0, size), inclusion_proof(tree.node, index, size)
    assert verify_inclusion(LEAVES[index], index, size, proof, root)
    assert not verify_inclusion(leaf_hash(b"other"), index, size, proof, root)
    assert not verify_inclusion(LEAVES[index], index, size, [*proof, root], root)
    wrong = data.draw(st.integers(0, size + 1).filter(lambda other: other != index))
    assert not verify_inclusion(LEAVES[index], wrong, size, proof, root)
    if proof:
        bent = data.draw(st.integers(0, len(proof) - 1))
        spoilt = [*proof[:bent], bytes(32), *proof[bent + 1 :]]
        assert not verify_inclusion(LEAVES[index], index, size, spoilt, root)
        assert not verify_inclusion(LEAVES[index], index, size, proof[:-1], root)


@given(st.integers(0, 600).flatmap(lambda size: st.tuples(st.just(size), st.integers(0, size))), st.data())
def test_a_consistency_proof_proves_growth_and_nothing_else(case: tuple[int, int], data: st.DataObject) -> None:
    size, old = case
    tree = Tree(LEAVES[:size])
    root, before = span_hash(tree.node, 0, size), span_hash(tree.node, 0, old)
    proof = consistency_proof(tree.node, old, size)
    assert verify_consistency(old, before, size, root, proof)
    assert not verify_consistency(old, bytes(32), size, root, proof)
    assert not verify_consistency(old, before, size, root, [*proof, root])
    if old:
        assert not verify_consistency(old, before, size, bytes(32), proof)
    if proof:
        bent = data.draw(st.integers(0, len(proof) - 1))
        assert not verify_consistency(old, before, size, root, [*proof[:bent], bytes(32), *proof[bent + 1 :]])
        assert not verify_consistency(old, before, size, root, proof[:-1])


def test_what_no_tree_has_is_refused() -> None:
    tree = Tree(LEAVES[:3])
    with pytest.raises(ValueError, match="leaf 3"):
        inclusion_proof(tree.node, 3, 3)
    with pytest.raises(ValueError, match="beginning"):
        consistency_proof(tree.node, 4, 3)
    assert not verify_inclusion(LEAVES[0], 3, 3, [], bytes(32))
    assert not verify_consistency(4, bytes(32), 3, bytes(32), [])
