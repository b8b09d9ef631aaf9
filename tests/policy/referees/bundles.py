"""Random bundles on the small graph: agreements, withholds, masks, dates and laws over every atom there is."""

from __future__ import annotations

import random
from collections.abc import Callable

from gateway.policy import Policy, compile_policy, read_bundle
from gateway.supergraph import Supergraph
from tests.policy.kit import VOCABULARY, small_graph

__all__ = ["random_policy"]

_WORDS = VOCABULARY.replace('purposes = ["inspection"]', 'purposes = ["inspection", "adjudication"]')
_FIELDS = ["Visa.issuedOn", "Visa.status", "Visa.fee", "Visa.revocation", "Visa.number"]
_MASKS = {"Visa.issuedOn": "YEAR_ONLY", "Visa.status": "CATEGORY_ONLY", "Visa.fee": "BUCKET"}
_GRAPH = small_graph()

_ATOMS: list[Callable[[random.Random], str]] = [
    lambda r: f'attr = "case.state", is = "{r.choice(["open", "closed"])}"',
    lambda r: f'attr = "case.port", in = {r.choice([["NYC"], ["NYC", "ATL"]])}',
    lambda r: f'attr = "case.port", {r.choice(["same_as", "same_as"])} = "caller.location"',
    lambda r: f'attr = "caller.location", {r.choice(["is", "is_not"])} = "NYC"',
    lambda r: f'attr = "caller.portfolio", in = {r.choice([["P1"], ["P1", "P2"]])}',
    lambda r: f'attr = "caller.role", is = "{r.choice(["primary", "secondary"])}"',
    lambda r: f'attr = "caller.synthetic", is = {r.choice(["true", "false"])}',
    lambda r: f'attr = "caller.breakGlass", is = {r.choice(["true", "false"])}',
    lambda r: f'attr = "record.status", {r.choice(["in", "not_in"])} = ["ISSUED"]',
    lambda r: f'attr = "record.fee", {r.choice(["at_least", "at_most"])} = {r.choice([100, 200])}',
    lambda r: f'attr = "record.issuedOn", within = "{r.choice(["P1Y", "P30D", "PT72H"])}"',
    lambda r: f'attr = "record.issuedOn", {r.choice(["before", "after"])} = {r.choice(["2025-06-01", "2026-11-01"])}',
    lambda r: f'attr = "record.issuedOn", {r.choice(["before", "after"])} = "now"',
    lambda r: f'attr = "record.issuedOn", {r.choice(["before", "after"])} = "record.filedOn"',
    lambda r: f'attr = "record.kind", present = {r.choice(["true", "false"])}',
    lambda r: f'attr = "record.number", is_not = "{r.choice(["V1", "V2"])}"',
    lambda r: 'attr = "subject.id", same_as = "case.subject"',
    lambda r: f'attr = "subject.p1367", is = {r.choice(["true", "false"])}',
]


def random_policy(seed: int, graph: Supergraph = _GRAPH, more: tuple[str, ...] = ()) -> Policy:
    """The policy of a random bundle on ``graph``, with ``more`` agreements in it; the same seed gives the same one."""
    rng = random.Random(seed)
    pages = {"vocabulary.toml": _WORDS}
    for number in range(rng.randint(1, 4)):
        pages[f"agreements/{number}.toml"] = _agreement(rng, number)
    for number in range(rng.randint(0, 2)):
        pages[f"prohibitions/{number}.toml"] = _law(rng, number)
    pages |= {f"agreements/more-{number}.toml": text for number, text in enumerate(more)}
    return compile_policy(read_bundle(pages), graph)


def _agreement(rng: random.Random, number: int) -> str:
    status = rng.choice(["active", "active", "active", "active", "draft", "suspended"])
    expires = rng.choice(["2026-11-01", "2029-01-01"])
    review = rng.choice(["2026-08-03", "2026-08-04", "2028-01-01"])
    lines = [
        f'id = "DEED-{number}"', "version = 1", 'title = "t"', 'provider = "STATE_CA"', 'recipients = ["CBP"]',
        'authority = ["law"]', f'status = "{status}"', "effective = 2024-01-01", f"expires = {expires}",
        f"review_by = {review}", f"purposes = {rng.choice([['inspection'], ['inspection', 'adjudication']])}",
        'roles = ["primary", "secondary"]',
    ]  # fmt: skip
    lines += _when(rng, 0.3)
    for article in range(rng.randint(1, 3)):
        fields = rng.sample(_FIELDS, rng.randint(1, 3))
        lines += ["[[grant]]", f'article = "G{article}"', f"fields = {fields}"]
        masks = {field: _MASKS[field] for field in fields if field in _MASKS and rng.random() < 0.3}
        if masks:
            lines.append("mask = { " + ", ".join(f'"{field}" = "{mask}"' for field, mask in masks.items()) + " }")
        lines += _when(rng, 0.8)
    if rng.random() < 0.4:
        lines += ["[[withhold]]", 'article = "W"', f"fields = {rng.sample(_FIELDS, 2)}", *_when(rng, 0.8)]
    return "\n".join(lines)


def _law(rng: random.Random, number: int) -> str:
    lines = [f'id = "LAW-{number}"', 'title = "t"', 'authority = ["law"]', 'effect = "absent"', "overridable = false"]
    lines += ["[[rule]]", 'article = "1"', f"fields = {rng.sample(_FIELDS, 2)}", *_when(rng, 0.95)]
    if rng.random() < 0.5:
        training = rng.choice(['training = "1367"', ""])
        lines += ["[[exempt]]", f"roles = {rng.choice([['primary'], ['secondary']])}", training, 'because = "b"']
    return "\n".join(lines)


def _when(rng: random.Random, chance: float) -> list[str]:
    if rng.random() > chance:
        return []
    atoms = [f"{{ {rng.choice(_ATOMS)(rng)} }}" for _ in range(rng.randint(1, 3))]
    if len(atoms) == 3:
        atoms = [atoms[0], f"{{ any = [ {atoms[1]}, {atoms[2]} ] }}"]
    return [f"when = {{ {rng.choice(['all', 'any'])} = [ {', '.join(atoms)} ] }}"]
