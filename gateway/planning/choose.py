"""Which of the rival paths to take: the combination with the fewest requests, then the fewest waves."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.planning.paths import Cell, Choice

__all__ = ["combinations"]

_TRIES = 10_000


@dataclass(slots=True)
class _Group:
    """Choices whose rivals cost the same requests; they are settled together."""

    masks: tuple[int, ...]
    levels: tuple[int, ...]
    choices: list[Choice]


def combinations(choices: list[Choice], width: int, keep: int) -> list[list[Cell]]:
    """Up to ``keep`` combinations of one cell for each choice, best first by (requests, waves, order of rivals).

    Exact up to ten thousand partial combinations, then the best found so far.
    """
    groups = _groups(choices)
    base = 0
    for group in groups:
        if len(group.masks) == 1:
            base |= group.masks[0]
    open_groups = sorted((group for group in groups if len(group.masks) > 1), key=lambda each: len(each.masks))
    search = _Search(open_groups, width, keep)
    search.descend(0, base, 0, ())
    found = []
    for _, picks in search.best:
        chosen = {id(group): pick for group, pick in zip(open_groups, picks, strict=True)}
        cells: dict[int, Cell] = {}
        for group in groups:
            for choice in group.choices:
                cells[id(choice)] = choice.rivals[chosen.get(id(group), 0)]
        found.append([cells[id(choice)] for choice in choices])
    return found


def _groups(choices: list[Choice]) -> list[_Group]:
    found: dict[tuple[int, ...], _Group] = {}
    for choice in choices:
        masks = tuple(rival.mask for rival in choice.rivals)
        if masks not in found:
            found[masks] = _Group(masks, tuple(rival.level for rival in choice.rivals), [])
        found[masks].choices.append(choice)
    return list(found.values())


class _Search:
    """Depth-first branch and bound over the groups with more than one rival."""

    def __init__(self, groups: list[_Group], width: int, keep: int) -> None:
        self.groups = groups
        self.width = width
        self.keep = keep
        self.tries = 0
        self.best: list[tuple[tuple[int, int, int], tuple[int, ...]]] = []

    def descend(self, place: int, mask: int, rank: int, picks: tuple[int, ...]) -> None:
        self.tries += 1
        if self.best and self.tries > _TRIES:
            return
        if len(self.best) >= self.keep and mask.bit_count() > self.best[-1][0][0]:
            return
        if place == len(self.groups):
            depth = (mask.bit_length() - 1) // self.width if mask else 0
            self.best.append(((mask.bit_count(), depth, rank), picks))
            self.best.sort(key=lambda each: each[0])
            del self.best[self.keep :]
            return
        group = self.groups[place]
        order = sorted(range(len(group.masks)), key=lambda each: ((mask | group.masks[each]).bit_count(), each))
        for pick in order:
            self.descend(place + 1, mask | group.masks[pick], rank + pick, (*picks, pick))
