"""Why each fetch of a plan is there: what it reads for whom, what it sends, what it waits for, what shares it.

All of it is read off the finished plan, the operation and the supergraph, never off the planner's own reasons: what
is printed is what the plan does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from graphql import parse
from graphql.language import FieldNode, InlineFragmentNode, OperationDefinitionNode, SelectionSetNode

from gateway.operation.model import Field, Operation, Selection
from gateway.planning.plan import (
    Conditional,
    EntityBatch,
    Fetch,
    InputField,
    InputSelection,
    Node,
    Path,
    Plan,
    Rename,
    Sequence,
    Subscribe,
)
from gateway.supergraph.fieldset import print_field_set
from gateway.supergraph.model import Supergraph
from gateway.supergraph.moves import Moves

__all__ = ["explain_plan"]


def explain_plan(plan: Plan, operation: Operation, supergraph: Supergraph, labels: Iterable[str] = ()) -> str:
    """One block for each fetch of ``plan``, in order, which planning made of ``operation`` under ``labels``."""
    if not plan.fetches:
        return "Nothing is fetched: the operation asks for nothing that lies in a subgraph.\n"
    explained = _Explained(plan, operation, supergraph, Moves(supergraph, labels))
    return "\n\n".join("\n".join(explained.lines(fetch)) for fetch in plan.fetches) + "\n"


class _Explained:
    def __init__(self, plan: Plan, operation: Operation, supergraph: Supergraph, moves: Moves) -> None:
        self.supergraph = supergraph
        self.moves = moves
        self.client: set[Path] = set()
        self.hidden: set[Path] = set()
        self._leaves(operation.selections, (), hidden=False)
        self.later = {
            fetch.id: {path for batch in fetch.batches for path in _inputs_read(batch)} for fetch in plan.fetches
        }
        self.plan = plan
        self.wave: dict[int, str] = {}
        parts = [
            ("", plan.node),
            *((f"deferred part {place}, ", part.node) for place, part in enumerate(plan.deferred)),
        ]
        for part, tree in parts:
            for number, node in enumerate(_waves(tree), start=1):
                self.wave.update(dict.fromkeys(_fetches(node), f"{part}wave {number}"))

    def _leaves(self, selections: tuple[Selection, ...], path: Path, *, hidden: bool) -> None:
        for each in selections:
            if not isinstance(each, Field):
                self._leaves(each.selections, path, hidden=hidden)
            elif each.selections:
                self._leaves(each.selections, (*path, each.key), hidden=hidden or each.hidden)
            else:
                (self.hidden if hidden or each.hidden else self.client).add((*path, each.key))

    def lines(self, fetch: Fetch) -> list[str]:
        """The block of one fetch."""
        source = "the source" if fetch is self.plan.source else self.wave[fetch.id]
        lines = [f"fetch {fetch.id} {fetch.subgraph}: {source}"]
        lines += self._reads(fetch)
        lines += self._sends(fetch)
        lines += self._directives(fetch)
        lines += [f"  waits for fetch {each}{self._what(fetch, each)}" for each in fetch.depends]
        if not fetch.depends:
            lines.append("  waits for nothing")
        return lines + self._merged(fetch)

    def _reads(self, fetch: Fetch) -> list[str]:
        """Each path the fetch reads, by what it is for."""
        found: dict[str, dict[str, None]] = {}
        for path in dict.fromkeys(_paths_read(fetch)):
            purposes = []
            if path in self.client:
                purposes.append("for the client")
            if path in self.hidden:
                purposes.append("for the gateway's own decision")
            purposes += [f"for fetch {number}" for number in self._users(fetch, path)]
            for purpose in purposes or ["to tell the type"]:
                found.setdefault(purpose, {})[".".join(path)] = None
        return [f"  reads {purpose}: {', '.join(paths)}" for purpose, paths in found.items()]

    def _users(self, fetch: Fetch, path: Path) -> list[int]:
        return [each.id for each in self.plan.fetches if fetch.id in each.depends and path in self.later[each.id]]

    @staticmethod
    def _sends(fetch: Fetch) -> list[str]:
        lines: dict[str, None] = {}
        for batch in fetch.batches:
            for shape in batch.inputs:
                whom = shape.typename if not shape.types else "|".join(shape.types)
                keys, needed = _names(shape.selections, key=True), _names(shape.selections, key=False)
                text = f"  sends {shape.typename} by key {{ {' '.join(keys)} }}"
                text += f" with @requires inputs {{ {' '.join(needed)} }}" if needed else ""
                lines[text + (f" for objects of {whom}" if whom != shape.typename else "")] = None
            for each in batch.contexts:
                lines[f"  sends ${each.variable} from context of {'|'.join(each.types)}"] = None
        return list(lines)

    def _directives(self, fetch: Fetch) -> list[str]:
        """What ``@requires`` and ``@provides`` have to do with the fields selected here."""
        graph = next(each.graph for each in self.supergraph.subgraphs if each.name == fetch.subgraph)
        lines = []
        for coordinate in fetch.coordinates:
            parent, _, name = coordinate.partition(".")
            owner = self.supergraph.types.get(parent)
            field = owner.fields.get(name) if owner else None
            if owner is None or field is None or field.join(graph) is None:
                continue
            join = self.moves.resolves(owner, field, graph)
            if join is None:
                lines.append(f"  may read {coordinate} here because a field above it @provides it")
            elif join.requires:
                lines.append(f"  {coordinate} @requires {{ {print_field_set(join.requires)} }}")
        return lines

    def _what(self, fetch: Fetch, before: int) -> str:
        """What ``fetch`` needs of the fetch ``before``, as words after its number."""
        taken = [path for path in dict.fromkeys(_paths_read(self.plan.fetches[before])) if path in self.later[fetch.id]]
        if taken:
            return f" because it sends {', '.join('.'.join(path) for path in taken)}"
        return " because that one must come first"

    @staticmethod
    def _merged(fetch: Fetch) -> list[str]:
        lines = []
        if len(fetch.batches) > 1:
            lines.append(f"  merged: {len(fetch.batches)} entity calls in one request")
        for batch in fetch.batches:
            places = dict.fromkeys(".".join(_plain(each)) for each in batch.targets)
            if len(places) > 1:
                lines.append(f"  merged: {', '.join(places)} share the call {batch.alias}")
            if len(batch.inputs) > 1:
                lines.append(f"  merged: {len(batch.inputs)} kinds of representation share the call {batch.alias}")
        return lines


def _waves(node: Node | None) -> tuple[Node, ...]:
    """The plan's waves in order; a subscription's source is the first."""
    if isinstance(node, Subscribe):
        return (node.source, *_waves(node.rest))
    if node is None:
        return ()
    return node.nodes if isinstance(node, Sequence) else (node,)


def _fetches(node: Node) -> Iterator[int]:
    """The ids of the fetches of one wave."""
    if isinstance(node, Fetch):
        yield node.id
    elif isinstance(node, Conditional):
        yield from _fetches(node.node)
    elif not isinstance(node, Subscribe):
        for each in node.nodes:
            yield from _fetches(each)


def _plain(path: Path) -> Path:
    return tuple(step for step in path if step != "@" and not step.startswith("|"))


def _inputs_read(batch: EntityBatch) -> Iterator[Path]:
    for target in batch.targets:
        for shape in batch.inputs:
            yield from _sources(shape.selections, _plain(target))
        for context in batch.contexts:
            yield from _sources(context.selections, _plain(target[: len(target) - context.up]))


def _sources(selections: tuple[InputSelection, ...], path: Path) -> Iterator[Path]:
    for each in selections:
        if not isinstance(each, InputField):
            yield from _sources(each.selections, path)
        elif each.selections:
            yield from _sources(each.selections, (*path, each.source))
        else:
            yield (*path, each.source)


def _names(selections: tuple[InputSelection, ...], *, key: bool) -> list[str]:
    found: dict[str, None] = {}
    for each in selections:
        if not isinstance(each, InputField):
            found.update(dict.fromkeys(_names(each.selections, key=key)))
        elif each.required is key:
            found[each.name] = None
    return list(found)


def _paths_read(fetch: Fetch) -> Iterator[Path]:
    """Every leaf the fetch reads, as its place in the merged tree, for each place its answer goes to."""
    definition = parse(fetch.text, no_location=True).definitions[0]
    if not isinstance(definition, OperationDefinitionNode):
        return
    if not fetch.batches:
        yield from _walk(definition.selection_set, (), _plain(fetch.path), _renamed(fetch.renames))
        return
    calls = {
        call.alias.value: call
        for call in definition.selection_set.selections
        if isinstance(call, FieldNode) and call.alias
    }
    for batch in fetch.batches:
        below = calls[batch.alias].selection_set
        for target in batch.targets:
            if below is not None:
                yield from _walk(below, (), _plain(target), _renamed(batch.renames))


def _renamed(renames: tuple[Rename, ...]) -> dict[tuple[Path, str], str]:
    return {(_plain(each.path), each.alias): each.key for each in renames}


def _walk(
    selections: SelectionSetNode, path: Path, around: Path, renamed: dict[tuple[Path, str], str]
) -> Iterator[Path]:
    for each in selections.selections:
        if isinstance(each, InlineFragmentNode):
            yield from _walk(each.selection_set, path, around, renamed)
        elif isinstance(each, FieldNode):
            alias = (each.alias or each.name).value
            here = (*path, renamed.get((path, alias), alias))
            if each.selection_set is None:
                yield (*around, *here)
            else:
                yield from _walk(each.selection_set, here, around, renamed)
