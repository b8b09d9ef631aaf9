"""Results that are kept by what they weigh: a text may have one character or a hundred thousand."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Concatenate, Final, ParamSpec, TypeVar

__all__ = ["by_size"]

P = ParamSpec("P")
T = TypeVar("T")
_MOST: Final = 1_000_000


def by_size(
    most: int = _MOST,
) -> Callable[[Callable[Concatenate[str, P], T]], Callable[Concatenate[str, P], T]]:
    """A decorator for a function of a text: results are kept, of the texts asked for last, ``most`` characters together.

    Further arguments have to be hashable. Several threads may call.
    """

    def kept(work: Callable[Concatenate[str, P], T]) -> Callable[Concatenate[str, P], T]:
        known: OrderedDict[tuple[object, ...], T] = OrderedDict()
        held, lock = 0, Lock()

        def called(text: str, /, *more: P.args, **named: P.kwargs) -> T:
            nonlocal held
            key = (text, more, *named.items())
            with lock:
                if key in known:
                    known.move_to_end(key)
                    return known[key]
            made = work(text, *more, **named)
            with lock:
                if key not in known:
                    known[key] = made
                    held += len(text)
                while held > most:
                    (old, *_), _ = known.popitem(last=False)
                    held -= len(str(old))
            return made

        return called

    return kept
