"""The plan for people and for tools: an indented text, and plain JSON values."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, Final

from graphql import parse, print_ast

from gateway.operation.model import Condition
from gateway.planning.plan import (
    Conditional,
    ContextInput,
    Deferred,
    EntityBatch,
    Fetch,
    Input,
    InputField,
    InputSelection,
    Node,
    Parallel,
    Path,
    Plan,
    Rename,
    Sequence,
    Subscribe,
)

__all__ = ["plan_json", "print_plan"]


_MOST: Final = 1000
_printed: OrderedDict[int, tuple[Plan, str]] = OrderedDict()  # by identity: an entry holds its plan


def print_plan(plan: Plan) -> str:
    """The plan as text: one block for each fetch, waves in order, what is sent and where the answer goes.

    A plan is made once and goes into the record of each of its answers, so its text is kept.
    """
    found = _printed.get(id(plan))
    if found is None:
        found = _printed[id(plan)] = (plan, _print_whole(plan))
        if len(_printed) > _MOST:
            _printed.popitem(last=False)
    return found[1]


def _print_whole(plan: Plan) -> str:
    fetches, waves = len(plan.fetches) - sum(_fetches(part.node) for part in plan.deferred), plan.depth
    if plan.source is None:
        lines = [f"{_count(fetches, 'fetch', 'es')} in {_count(waves, 'wave', 's')}"]
    else:
        rest = f"{_count(fetches - 1, 'fetch', 'es')} in {_count(waves - 1, 'wave', 's')}"
        lines = [f"1 source, and {rest} for each event"]
    if plan.node is not None:
        _print(plan.node, 0, lines)
    for number, part in enumerate(plan.deferred):
        _print_deferred(number, part, lines)
    return "\n".join(lines) + "\n"


def _print_deferred(number: int, part: Deferred, lines: list[str]) -> None:
    name = f" {part.label!r}" if part.label else ""
    within = f" within {part.parent}" if part.parent is not None else ""
    after = f" after {', '.join(map(str, part.depends))}" if part.depends else ""
    cost = f"{_count(_fetches(part.node), 'fetch', 'es')} in {_count(part.depth, 'wave', 's')}"
    lines.append(f"deferred {number}{name} at {path_text(part.path) or 'the root'}{within}{after}: {cost}")
    if part.node is not None:
        _print(part.node, 1, lines)


def _fetches(node: Node | None) -> int:
    """How many fetches a tree has."""
    if node is None:
        return 0
    if isinstance(node, Sequence | Parallel):
        return sum(_fetches(each) for each in node.nodes)
    if isinstance(node, Conditional):
        return _fetches(node.node)
    return 1 if isinstance(node, Fetch) else 1 + _fetches(node.rest)


def _count(number: int, word: str, plural: str) -> str:
    return f"{number} {word}{'' if number == 1 else plural}"


def _print(node: Node, depth: int, lines: list[str]) -> None:
    pad = "  " * depth
    if isinstance(node, Fetch):
        _print_fetch(node, pad, lines)
    elif isinstance(node, Conditional):
        lines.append(f"{pad}when {_conditions(node.conditions)}")
        _print(node.node, depth + 1, lines)
    elif isinstance(node, Subscribe):
        _print_fetch(node.source, pad, lines, "source")
        if node.rest is not None:
            lines.append(f"{pad}for each event")
            _print(node.rest, depth + 1, lines)
    else:
        lines.append(pad + ("sequence" if isinstance(node, Sequence) else "parallel"))
        for each in node.nodes:
            _print(each, depth + 1, lines)


def _print_fetch(fetch: Fetch, pad: str, lines: list[str], word: str = "fetch") -> None:
    after = f" after {', '.join(map(str, fetch.depends))}" if fetch.depends else ""
    where = f" at {path_text(fetch.path)}" if fetch.path else ""
    lines.append(f"{pad}{word} {fetch.id} {fetch.subgraph}{where}{after}")
    for batch in fetch.batches:
        lines.append(f"{pad}  ${batch.variable} from {', '.join(path_text(each) for each in batch.targets)}")
        lines += [f"{pad}    {_input(each)}" for each in batch.inputs]
        lines += [f"{pad}    {_context(each, batch.targets)}" for each in batch.contexts]
        if batch.conditions and batch.conditions != fetch.conditions:
            lines.append(f"{pad}    when {_conditions(batch.conditions)}")
        lines += [f"{pad}    {_rename(each)}" for each in batch.renames]
    lines += [f"{pad}  {_rename(each)}" for each in fetch.renames]
    lines += [f"{pad}  {line}" for line in print_ast(parse(fetch.text, no_location=True)).splitlines()]


def path_text(path: Path) -> str:
    """A path as text, ``.`` between steps."""
    return ".".join(path)


def _conditions(conditions: tuple[Condition, ...]) -> str:
    return " and ".join(f"{'not ' if each.negated else ''}${each.variable}" for each in conditions)


def _rename(rename: Rename) -> str:
    return f"rename {path_text((*rename.path, rename.alias))} to {rename.key}"


def _input(shape: Input) -> str:
    whom = "|".join(shape.types)
    return f"{whom + ' as ' if whom else ''}{shape.typename} {{ {_inputs(shape.selections)} }}"


def _context(context: ContextInput, targets: tuple[Path, ...]) -> str:
    """``$context0: String from user of User { currency }``: the value's variable, and the object it is read of."""
    places = dict.fromkeys(path_text(path[: len(path) - context.up]) or "the root" for path in targets)
    owners = "|".join(context.types)
    inner = _inputs(context.selections)
    return f"${context.variable}: {context.type} from {', '.join(places)} of {owners} {{ {inner} }}"


def _inputs(selections: tuple[InputSelection, ...]) -> str:
    parts = []
    for part in selections:
        if isinstance(part, InputField):
            text = part.name if part.name == part.source else f"{part.name}: {part.source}"
            text += f" when {_conditions(part.conditions)}" if part.conditions else ""
        else:
            text = f"... on {'|'.join(part.types)}"
        parts.append(text + (f" {{ {_inputs(part.selections)} }}" if part.selections else ""))
    return " ".join(parts)


def plan_json(plan: Plan) -> dict[str, Any]:
    """The plan as JSON values: ``fetches`` (their number), ``depth`` (waves) and ``node`` (the tree, or None).

    The tree has ``Sequence`` and ``Parallel`` (``nodes``), ``Condition`` (``if``, ``node``), ``Flatten`` (``paths``,
    ``node``: an entity fetch and where its objects stand) and ``Fetch``; that of a subscription is ``Subscription``
    (``primary``: the fetch whose events it answers, ``rest``: what completes each of them, or None). Where something is
    deferred, the tree is a ``Defer``: ``primary`` (``node``, ``depth``) and ``deferred``, a list of parts, each with its
    ``label``, ``path``, ``parent`` (the place in that list, or None), ``depends`` (fetches it waits for), ``depth`` and ``node``.
    """
    node = None if plan.node is None else _node_json(plan.node)
    if plan.deferred:
        primary = {"node": node, "depth": plan.depth}
        node = {"kind": "Defer", "primary": primary, "deferred": [_deferred_json(part) for part in plan.deferred]}
    return {"fetches": len(plan.fetches), "depth": plan.depth, "node": node}


def _deferred_json(part: Deferred) -> dict[str, Any]:
    return {
        "label": part.label,
        "path": list(part.path),
        "parent": part.parent,
        "depends": list(part.depends),
        "depth": part.depth,
        "node": None if part.node is None else _node_json(part.node),
    }


def _node_json(node: Node) -> dict[str, Any]:
    if isinstance(node, Fetch):
        targets = [list(path) for batch in node.batches for path in batch.targets] or (
            [list(node.path)] * bool(node.path)
        )
        return {"kind": "Flatten", "paths": targets, "node": _fetch_json(node)} if targets else _fetch_json(node)
    if isinstance(node, Subscribe):
        rest = None if node.rest is None else _node_json(node.rest)
        return {"kind": "Subscription", "primary": _fetch_json(node.source), "rest": rest}
    if isinstance(node, Conditional):
        return {"kind": "Condition", "if": _conditions(node.conditions), "node": _node_json(node.node)}
    kind = "Parallel" if isinstance(node, Parallel) else "Sequence"
    return {"kind": kind, "nodes": [_node_json(each) for each in node.nodes]}


def _fetch_json(fetch: Fetch) -> dict[str, Any]:
    found: dict[str, Any] = {
        "kind": "Fetch",
        "id": fetch.id,
        "subgraph": fetch.subgraph,
        "operation": fetch.kind,
        "text": fetch.text,
        "variables": list(fetch.variables),
        "depends": list(fetch.depends),
        "coordinates": list(fetch.coordinates),
    }
    if fetch.renames:
        found["renames"] = [_rename(each) for each in fetch.renames]
    if fetch.batches:
        found["entities"] = [_batch_json(batch) for batch in fetch.batches]
    return found


def _batch_json(batch: EntityBatch) -> dict[str, Any]:
    """An entity call: where its objects stand, the shape sent, the answer's alias."""
    return {
        "alias": batch.alias,
        "variable": batch.variable,
        "paths": [list(path) for path in batch.targets],
        "inputs": [_input(each) for each in batch.inputs],
        "renames": [_rename(each) for each in batch.renames],
        "contexts": [_context(each, batch.targets) for each in batch.contexts],
        "if": _conditions(batch.conditions),
    }
