"""Every small wrong version of a module: a check deleted, a comparison turned, an outcome swapped."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Mutant", "mutants_of"]

_SWAPPED = {
    "ABSENT": "DENY",
    "DENY": "ABSENT",
    "ALLOW": "MASK",
    "UNAVAILABLE": "ABSENT",
    "TRUE": "UNKNOWN",
    "FALSE": "TRUE",
    "UNKNOWN": "FALSE",
    "MISSING": "UNREACHABLE",
}
_TURNED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}


_CANDIDATES = (
    ast.If,
    ast.Compare,
    ast.BoolOp,
    ast.UnaryOp,
    ast.Attribute,
    ast.Return,
    ast.comprehension,
    ast.Expr,
)


@dataclass(frozen=True)
class Mutant:
    """A module with one thing wrong: in which function ("" for the module itself), on which line, what, and its source."""

    function: str
    line: int
    what: str
    source: str

    def __str__(self) -> str:
        return f"{self.function or 'module'}: {self.what}"


def mutants_of(source: str) -> Iterator[Mutant]:
    """The mutants of a module, in the order of its syntax tree."""
    tree = ast.parse(source)
    places = _places(tree)
    for number, seen in enumerate(ast.walk(tree)):
        if not isinstance(seen, _CANDIDATES):
            continue
        for variant in range(3):
            if not _mutate(copy.deepcopy(seen), variant):
                continue
            changed = ast.parse(source)
            node = next(each for place, each in enumerate(ast.walk(changed)) if place == number)
            what = _mutate(node, variant)
            function, line = places[seen]
            yield Mutant(function, line, what, ast.unparse(ast.fix_missing_locations(changed)))


def _places(tree: ast.Module) -> dict[ast.AST, tuple[str, int]]:
    """For each node the qualified name of the function around it, as Python writes it, and its line."""
    found: dict[ast.AST, tuple[str, int]] = {}

    def visit(node: ast.AST, names: tuple[str, ...], inside: str, line: int) -> None:
        line = getattr(node, "lineno", line)
        found[node] = (inside, line)
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                inside = ".".join((*names, node.name))
                names = (*names, node.name, "<locals>")
                outside = [*node.decorator_list, node.args, *([node.returns] if node.returns else [])]
                for each in outside:
                    visit(each, names[:-2], found[node][0], line)
                for each in node.body:
                    visit(each, names, inside, line)
                return
            case ast.ClassDef():
                names = (*names, node.name)
        for each in ast.iter_child_nodes(node):
            visit(each, names, inside, line)

    visit(tree, (), "", 0)
    return found


def _mutate(node: ast.AST, variant: int) -> str:
    """Change ``node`` in place in its ``variant``-th way; what was done, "" when there is no such way."""
    shown = ast.unparse(node).splitlines()[0] if isinstance(node, ast.expr | ast.stmt | ast.comprehension) else ""
    match node:
        case ast.If() if variant == 0:
            node.test = ast.Constant(False)
            return f"never: {shown}"
        case ast.Compare() if variant == 0 and type(node.ops[0]) in _TURNED:
            node.ops[0] = _TURNED[type(node.ops[0])]()
            return f"turned: {shown}"
        case ast.BoolOp() if variant == 0:
            node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
            return f"and/or: {shown}"
        case ast.BoolOp() if variant <= len(node.values):
            del node.values[variant - 1]
            if len(node.values) == 1:
                node.values.append(node.values[0])
            return f"operand {variant} dropped: {shown}"
        case ast.UnaryOp(op=ast.Not()) if variant == 0:
            node.op, node.operand = ast.Not(), ast.UnaryOp(ast.Not(), node.operand)
            return f"not dropped: {shown}"
        case ast.Attribute() if variant == 0 and node.attr in _SWAPPED:
            node.attr = _SWAPPED[node.attr]
            return f"swapped: {shown}"
        case ast.Return(value=ast.Constant(value=bool(value))) if variant == 0:
            node.value = ast.Constant(not value)
            return f"returns {not value}"
        case ast.comprehension() if variant == 0 and node.ifs:
            node.ifs.pop()
            return f"filter dropped:{shown}"
        case ast.Expr(value=ast.Call() | ast.Await()) if variant == 0:
            node.value = ast.Constant(None)
            return f"call dropped: {shown}"
    return ""
