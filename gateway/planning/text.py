"""Steps as GraphQL text: legal in the subgraph they go to, the same bytes for the same steps."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from gateway.operation.model import Condition
from gateway.planning.plan import Path, Rename
from gateway.planning.steps import Item, Out
from gateway.supergraph.model import Supergraph, list_depth, named_type
from gateway.supergraph.views import SubgraphView

__all__ = ["Writer", "condition_text"]


def condition_text(conditions: Iterable[Condition]) -> str:
    """The directives for ``conditions``, each with a leading blank."""
    return "".join(f" @{'skip' if each.negated else 'include'}(if: ${each.variable})" for each in conditions)


@dataclass(slots=True)
class Writer:
    """Writes the selection sets of one request and notes what they read.

    After writing, ``variables`` are the client variables used and ``coordinates`` the concrete fields selected.
    """

    supergraph: Supergraph
    view: SubgraphView
    variables: set[str] = field(default_factory=set)
    coordinates: set[str] = field(default_factory=set)

    def write(self, outs: list[Out], hoisted: tuple[Condition, ...] = ()) -> tuple[list[str], list[Rename]]:
        """The text of each selection set (without braces), and the renames that undo its aliases.

        The selection sets stand side by side in fragments on different types of one object. ``hoisted`` conditions
        are left out of the top level, since the whole is sent only where they hold.
        """
        renames: list[Rename] = []
        self._settle(outs, (), renames, [0])
        return [self._selections(out, hoisted) for out in outs], renames

    # -- response-shape conflicts ------------------------------------------------------------------------------------

    def _settle(self, outs: list[Out], path: Path, renames: list[Rename], count: list[int]) -> None:
        """Give fields that share a key but not a shape in this subgraph an alias each.

        https://spec.graphql.org/draft/#SameResponseShape()
        """
        by_key: dict[str, list[tuple[Out, Item]]] = {}
        for out in outs:
            self._split(out)
            for item in out.items.values():
                by_key.setdefault(item.key, []).append((out, item))
        for key, entries in by_key.items():
            shapes: dict[str, list[tuple[Out, Item]]] = {}
            for out, item in entries:
                shapes.setdefault(self._shape(out, item), []).append((out, item))
            for place, (shape, alike) in enumerate(shapes.items()):
                alias = key
                if place:
                    alias = self._fresh(by_key, count)
                    renames.append(Rename(path, alias, key))
                for _, item in alike:
                    item.alias = alias
                below = [item.out for _, item in alike if item.out is not None]
                if any(out.items for out in below):
                    self._settle(below, (*path, key, *("@",) * list_depth(shape)), renames, count)

    @staticmethod
    def _fresh(taken: Iterable[str], count: list[int]) -> str:
        while True:
            alias = f"_c{count[0]}"
            count[0] += 1
            if alias not in taken:
                return alias

    def _split(self, out: Out) -> None:
        """Make items for several types, which must be written type by type, one for each shape."""
        if not out.node.abstract:
            return
        for identity, item in list(out.items.items()):
            types = item.types or self._runtime(out)
            if len(types) < 2 or (not item.types and self._on_base(out, item)):
                continue
            shapes: dict[str, list[str]] = {}
            for each in types:
                shapes.setdefault(self._type_text(each, item.name), []).append(each)
            if len(shapes) < 2:
                continue
            del out.items[identity]
            for alike in shapes.values():
                below = item.out.copy() if item.out else None
                part = Item(item.key, item.name, item.arguments, item.variables, tuple(alike), item.conditions, below)
                out.items[(item.key, item.name, item.arguments, part.types, item.conditions)] = part

    def _shape(self, out: Out, item: Item) -> str:
        owner = out.node.type if self._on_base(out, item) else (item.types or self._runtime(out) or ("",))[0]
        text = self._type_text(owner, item.name)
        name = named_type(text)
        composite = name in self.supergraph.types and self.supergraph.types[name].composite
        return text.replace(name, "*") if composite else text

    def _type_text(self, owner: str, name: str) -> str:
        if name == "__typename":
            return "String!"
        join = self.view.join(owner, name)
        if join is not None:
            return join.type
        found = self.supergraph.field(owner, name)
        return found.type if found else ""

    # -- writing -----------------------------------------------------------------------------------------------------

    def _runtime(self, out: Out) -> tuple[str, ...]:
        return self.view.possible.get(out.node.type, ())

    def _on_base(self, out: Out, item: Item) -> bool:
        """Whether the item can be selected on the place's own type."""
        if item.types:
            return False
        return not out.node.abstract or self._declares(out, item)

    def _declares(self, out: Out, item: Item) -> bool:
        """Whether the place's own type has the field in this subgraph, leading to the type the item goes on with."""
        if item.name == "__typename":
            return True
        join = self.view.join(out.node.type, item.name)
        if self.view.kinds.get(out.node.type) != "interface" or join is None or join.external:
            return False
        return item.out is None or item.out.node.type == named_type(join.type)

    def _selections(self, out: Out, hoisted: tuple[Condition, ...] = ()) -> str:
        runtime = self._runtime(out)
        base: list[str] = []
        typed: dict[str, list[str]] = {}
        if out.named and not any(self._plain_name(item) for item in out.items.values()):
            base.append("__typename")
        spread: dict[str, tuple[Item, dict[str, None]]] = {}
        for item in self._kept(out):
            text = self._item(item, hoisted)
            if self._on_base(out, item):
                self._note(runtime, item.name)
                base.append(text)
                continue
            types = [each for each in item.types or runtime if each in runtime]
            self._note(types, item.name)
            spread.setdefault(text, (item, {}))[1].update(dict.fromkeys(types))
        for text, (item, narrowed) in spread.items():
            if len(narrowed) == len(runtime) and self._declares(out, item):
                base.append(text)  # every type wants it alike: ask the interface
                continue
            for each in narrowed:
                typed.setdefault(each, []).append(text)
        parts = list(dict.fromkeys(base))
        parts += [f"... on {each} {{ {' '.join(texts)} }}" for each, texts in typed.items()]
        return " ".join(parts) or "__typename"

    @staticmethod
    def _plain_name(item: Item) -> bool:
        return item.name == "__typename" and item.key == "__typename" and not item.types and not item.conditions

    @staticmethod
    def _kept(out: Out) -> list[Item]:
        """The items without leaves that another selects unconditionally anyway."""
        free = {(item.key, item.types) for item in out.items.values() if not item.conditions}
        return [
            item
            for item in out.items.values()
            if not item.conditions or (item.out is not None and item.out.items) or (item.key, item.types) not in free
        ]

    def _note(self, types: Iterable[str], name: str) -> None:
        if name != "__typename":
            self.coordinates.update(f"{each}.{name}" for each in types)

    def _item(self, item: Item, hoisted: tuple[Condition, ...]) -> str:
        self.variables |= item.variables
        text = item.name if item.alias == item.name else f"{item.alias}: {item.name}"
        if item.arguments:
            text += "(" + ", ".join(f"{name}: {value}" for name, value in item.arguments) + ")"
        conditions = [each for each in item.conditions if each not in hoisted]
        self.variables.update(each.variable for each in conditions)
        around = _repeated(conditions)
        text += condition_text(each for each in conditions if each not in around)
        if item.out is not None:
            text += f" {{ {self._selections(item.out)} }}"
        for each in around:
            text = f"...{condition_text((each,))} {{ {text} }}"
        return text


def _repeated(conditions: list[Condition]) -> list[Condition]:
    """Conditions beyond the first @include and the first @skip: a directive may stand only once at one place."""
    seen: set[bool] = set()
    found: list[Condition] = []
    for each in conditions:
        if each.negated in seen:
            found.append(each)
        seen.add(each.negated)
    return found
