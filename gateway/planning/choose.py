"""Which of the rival paths to take: the combination with the fewest waves, then the fewest requests."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.planning.paths import Cell, Choice

__all__ = ["combinations", "waves_of"]

_TRIES = 10_000


@dataclass(slots=True)
class _Group:
    """Choices whose rivals cost the same requests; they are settled together. ``picks`` are the rivals' places."""

    picks: tuple[int, ...]
    masks: tuple[int, ...]
    choices: list[Choice]


def combinations(choices: list[Choice], width: int, keep: int) -> list[list[Cell]]:
    """Up to ``keep`` combinations of one cell for each choice, best first by (waves, requests, order of rivals).

    The leaf that needs most waves sets how many there are: rivals that need more are left out, and of what remains
    the fewest requests win. Waves come first because whoever asked waits for each of them, while the requests of one
    wave run side by side (decision 70). Exact up to ten thousand partial combinations, then the best found so far.
    """
    waves = max(min(waves_of(rival.mask, width) for rival in choice.rivals) for choice in choices)
    groups = _groups(choices, width, waves)
    base = 0
    for group in groups:
        if len(group.masks) == 1:
            base |= group.masks[0]
    open_groups = sorted((group for group in groups if len(group.masks) > 1), key=lambda each: len(each.masks))
    search = _Search(open_groups, keep)
    search.descend(0, base, 0, ())
    found = []
    for _, picks in search.best:
        chosen = {id(group): pick for group, pick in zip(open_groups, picks, strict=True)}
        cells: dict[int, Cell] = {}
        for group in groups:
            for choice in group.choices:
                cells[id(choice)] = choice.rivals[group.picks[chosen.get(id(group), 0)]]
        found.append([cells[id(choice)] for choice in choices])
    return found


def waves_of(mask: int, width: int) -> int:
    """How many waves the requests of ``mask`` take, where each level has ``width`` bits."""
    return -(-mask.bit_length() // width)


def _groups(choices: list[Choice], width: int, waves: int) -> list[_Group]:
    found: dict[tuple[int, ...], _Group] = {}
    for choice in choices:
        masks = tuple(rival.mask for rival in choice.rivals)
        if masks not in found:
            picks = tuple(place for place, mask in enumerate(masks) if waves_of(mask, width) <= waves)
            found[masks] = _Group(picks, tuple(masks[place] for place in picks), [])
        found[masks].choices.append(choice)
    return list(found.values())


class _Search:
    """Depth-first branch and bound over the groups with more than one rival."""

    def __init__(self, groups: list[_Group], keep: int) -> None:
        self.groups = groups
        self.keep = keep
        self.tries = 0
        self.best: list[tuple[tuple[int, int], tuple[int, ...]]] = []
        self.certain = _certain(groups)

    def descend(self, place: int, mask: int, rank: int, picks: tuple[int, ...]) -> None:
        self.tries += 1
        if self.best and self.tries > _TRIES:
            return
        mask |= self.certain[place]
        if len(self.best) >= self.keep and mask.bit_count() > self.best[-1][0][0]:
            return
        if place == len(self.groups):
            self.best.append(((mask.bit_count(), rank), picks))
            self.best.sort(key=lambda each: each[0])
            del self.best[self.keep :]
            return
        group = self.groups[place]
        order = sorted(range(len(group.masks)), key=lambda each: ((mask | group.masks[each]).bit_count(), each))
        for pick in order:
            self.descend(place + 1, mask | group.masks[pick], rank + pick, (*picks, pick))


def _certain(groups: list[_Group]) -> list[int]:
    """For each place, the requests that every combination of the groups from there on takes."""
    found = [0]
    for group in reversed(groups):
        shared = group.masks[0]
        for mask in group.masks[1:]:
            shared &= mask
        found.append(found[-1] | shared)
    return found[::-1]
