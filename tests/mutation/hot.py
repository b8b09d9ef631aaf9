"""A mutant put into a module that is imported already: the functions it changes get its code, wherever they are held."""

from __future__ import annotations

import ast
import gc
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FunctionType

__all__ = ["put_in"]


def put_in(file: Path, source: str) -> int:
    """How many functions of the module in ``file`` have another code now: that of ``source``.

    0 when the two differ outside functions only, in what ran when the module was imported. A function that was imported
    by name, wrapped or put into a class is the same object everywhere, so its code is changed for all who hold it.
    """
    before = dict(_codes(compile(_same(file), str(file), "exec", dont_inherit=True)))
    after = dict(_codes(compile(source, str(file), "exec", dont_inherit=True)))
    changed = {name: code for name, code in after.items() if name in before and not _alike(before[name], code)}
    count = 0
    for each in gc.get_objects():
        if isinstance(each, FunctionType) and each.__code__.co_filename == str(file):
            code = changed.get(each.__code__.co_qualname)
            if code is not None and code.co_freevars == each.__code__.co_freevars:
                each.__code__ = code
                count += 1
    return count


def _same(file: Path) -> str:
    """The module as a mutant's source is written: parsed and unparsed, so that nothing but the mutation differs."""
    return ast.unparse(ast.parse(file.read_text("utf-8")))


def _codes(code: CodeType) -> Iterator[tuple[str, CodeType]]:
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield each.co_qualname, each
            yield from _codes(each)


def _alike(one: CodeType, other: CodeType) -> bool:
    """Whether two codes do the same, those of functions within them included; where they stand does not count."""
    if (one.co_code, one.co_names, one.co_varnames, one.co_freevars) != (
        other.co_code, other.co_names, other.co_varnames, other.co_freevars,
    ):  # fmt: skip
        return False
    if len(one.co_consts) != len(other.co_consts):
        return False
    return all(
        _alike(a, b) if isinstance(a, CodeType) and isinstance(b, CodeType) else (type(a), a) == (type(b), b)
        for a, b in zip(one.co_consts, other.co_consts, strict=True)
    )
