"""A random graph, split at random over two to six subgraphs, with federation's directives wherever they are allowed."""

from __future__ import annotations

from tests.differential.blueprint import Blueprint, FieldPlan, TypePlan
from tests.differential.choices import Choices

__all__ = ["draw_graph"]

_LEAVES = ("String", "Int", "Boolean", "Float", "Color", "ID", "String!", "[Int]", "[Int!]", "[[String!]]", "[Color!]!")
_WRAPS = ("{}", "{}!", "[{}]", "[{}!]!", "[[{}]]", "[{}!]", "[[{}!]!]")


def draw_graph(choices: Choices) -> Blueprint:
    """A blueprint that composes."""
    return _Maker(choices).make()


class _Maker:
    def __init__(self, choices: Choices) -> None:
        self.choose = choices
        self.graphs = tuple("abcdef"[: choices.number(2, 6)])
        self.plan = Blueprint(self.graphs)

    def make(self) -> Blueprint:
        plan, choose = self.plan, self.choose
        for number in range(choose.number(1, 3)):
            plan.types[f"T{number}"] = TypePlan(f"T{number}")
        for each in plan.types.values():
            self._keys(each)
        plan.members = tuple(choose.some(sorted(plan.types), 1, 2))
        for each in plan.types.values():
            self._leaves(each)
        for number in range(choose.number(0, 2)):
            self._value(f"V{number}")
        self._items()
        for each in plan.types.values():
            self._links(each)
        self._roots()
        for each in plan.types.values():
            self._requires(each)
        return plan

    def _keys(self, each: TypePlan) -> None:
        """Where the type lives and by which keys one gets in; ``id`` can be read wherever it lives."""
        choose = self.choose
        homes = choose.some(self.graphs, 1 if choose.chance(10) else 2, 4)
        scheme = choose.pick(("id", "id", "bridge", "id code", "own"))
        each.homes = tuple(homes)
        if scheme == "bridge":
            bridge = choose.pick(homes)
            for graph in homes:
                code = graph != bridge and choose.chance(50)
                each.keys[graph] = (
                    [("id", True), ("code", True)] if graph == bridge else [("code" if code else "id", True)]
                )
        else:
            for graph in homes:
                each.keys[graph] = [("own { tag }" if scheme == "own" else scheme, True)]
        for graph in self.graphs:
            if graph not in homes and choose.chance(15):
                each.keys[graph] = [(each.keys[homes[0]][0][0], False)]  # can be told of, not be asked about
        everywhere = tuple(each.keys)
        each.fields["id"] = FieldPlan("id", "ID!", everywhere)
        if scheme in ("bridge", "id code"):
            each.fields["code"] = FieldPlan("code", "ID!", tuple(g for g in everywhere if "code" in each.key_fields(g)))
        if scheme == "own":
            each.fields["own"] = FieldPlan("own", "Own!", everywhere)
            own = self.plan.values.setdefault("Own", TypePlan("Own"))
            own.homes = tuple(g for g in self.graphs if g in (*own.homes, *everywhere))
            own.fields["tag"] = FieldPlan("tag", "ID!", own.homes)

    def _leaves(self, each: TypePlan) -> None:
        choose = self.choose
        homes = [graph for graph in each.homes for _ in range(choose.number(0, 2))] or list(each.homes)
        for number, graph in enumerate(homes):
            name = f"f{number}"
            owners = tuple(choose.some(each.homes, 2, 3)) if choose.chance(15) else (graph,)
            leaf = FieldPlan(name, choose.pick(_LEAVES), owners)
            each.fields[name] = leaf
            if choose.chance(20):
                leaf.argument, leaf.type = choose.pick(("n", "w", "must")), "String"
            special = choose.number(0, 9)
            others = [graph for graph in each.homes if graph not in owners]
            if special == 9 and len(owners) == 1 and others:
                leaf.stale = choose.pick(others)
            elif special == 8:
                leaf.inaccessible = True
            elif special == 7 and len(owners) > 1 and not leaf.type.endswith("!"):
                leaf.strict = owners[0]
        if choose.chance(60):
            each.fields["name"] = FieldPlan("name", "String", tuple(choose.some(each.homes, 1, 2)))

    def _value(self, name: str) -> None:
        choose = self.choose
        homes = tuple(choose.some(self.graphs, 1, 3))
        value = self.plan.values[name] = TypePlan(name, homes=homes)
        for field in ("p", "q")[: choose.number(1, 2)]:
            value.fields[field] = FieldPlan(field, choose.pick(_LEAVES), homes)
        inside = [each for each in self.plan.types.values() if all(graph in each.keys for graph in homes)]
        if inside and choose.chance(40):
            target = choose.pick(inside)
            value.fields["t"] = FieldPlan("t", choose.pick(_WRAPS[:4]).format(target.name), homes)

    def _target(self, owners: tuple[str, ...]) -> str:
        """A composite type that every one of ``owners`` has; a scalar where there is none."""
        plan = self.plan
        found = [each.name for each in plan.types.values() if all(graph in each.keys for graph in owners)]
        if found:
            named = any(all(plan.types[name].named_in(graph) for graph in owners) for name in found)
            found = [*found, *found, "Node", *(["Named"] if named else [])]
        if all(plan.has_union(graph) for graph in owners):
            found.append("Thing")
        if owners == (plan.item_home,):
            found.append("Item")
        found += [v.name for v in plan.values.values() if v.name != "Own" and all(g in v.homes for g in owners)]
        return self.choose.pick(found or ["String"])

    def _composite(self, name: str, owners: tuple[str, ...]) -> FieldPlan:
        target = self._target(owners)
        link = FieldPlan(name, self.choose.pick(_WRAPS).format(target), owners)
        if self.choose.chance(30):
            self._provide(link, target)
        return link

    def _links(self, each: TypePlan) -> None:
        for number in range(self.choose.number(0, 4)):
            shared = self.choose.chance(15)
            owners = tuple(self.choose.some(each.homes, 2, 2) if shared else [self.choose.pick(each.homes)])
            link = self._composite(f"l{number}", owners)
            each.fields[link.name] = link
            if self.choose.chance(10) and len(owners) == 1:
                link.argument = "n"

    def _provide(self, link: FieldPlan, target: str) -> None:
        """Let the link bring a leaf along that its subgraph does not answer otherwise."""
        if len(link.owners) > 1:
            return
        graph = link.owners[0]
        wanted = self.plan.members[0] if target == "Thing" else target
        type_ = self.plan.types.get(wanted)
        for leaf in type_.fields.values() if type_ else ():
            there = graph in leaf.owners or leaf.stale
            if leaf.name.startswith("f") and not there and not leaf.argument and not leaf.strict:
                leaf.external.add(graph)
                leaf.brought = True
                link.provides[graph] = leaf.name if wanted == target else f"... on {wanted} {{ {leaf.name} }}"
                return

    def _items(self) -> None:
        """Let the union's members implement Item, which one more subgraph has as an object."""
        plan, choose = self.plan, self.choose
        members = [plan.types[name] for name in plan.members]
        homes = [g for g in self.graphs if all(("id", True) in each.keys.get(g, ()) for each in members)]
        if not homes or not choose.chance(40):
            return
        plan.item_home = choose.pick(homes)
        for each in members:
            each.fields["label"] = FieldPlan("label", "String", (plan.item_home,))
        for number in range(choose.number(1, 2)):
            plan.item[f"o{number}"] = FieldPlan(f"o{number}", choose.pick(_LEAVES), ("o",))
        if choose.chance(40):
            plan.item["label"] = FieldPlan("label", "String", (), external={"o"})
            plan.item["ro"] = FieldPlan("ro", "String", ("o",), requires="label")

    def _roots(self) -> None:
        plan, choose = self.plan, self.choose
        for number, graph in enumerate(self.graphs):
            # one root must be there, and whatever the others have is reached through it or through theirs
            for _ in range(choose.number(1 if graph == self.graphs[0] else 0, 2)):
                root = self._composite(f"q{len(plan.query)}", (graph,))
                plan.query[root.name] = root
                if choose.chance(15):
                    root.argument = choose.pick(("n", "w"))
            if choose.chance(15):
                act = self._composite(f"m{number}", (graph,))
                act.type, act.argument = act.type.removesuffix("!"), "n"
                plan.mutation[act.name] = act
        if choose.chance(30):
            shared = self._composite("shared", tuple(choose.some(self.graphs, 2, 3)))
            plan.query[shared.name] = shared
        if plan.item_home:
            for name, owners in (("items", (plan.item_home,)), ("others", ("o",))):
                if choose.chance(70):
                    plan.query[name] = FieldPlan(name, choose.pick(_WRAPS).format("Item"), owners)

    def _requires(self, each: TypePlan) -> None:
        """Fields computed from fields of other subgraphs, over several subgraphs in a chain now and then."""
        choose = self.choose
        for number, graph in enumerate(each.homes):
            others = [f for f in each.fields.values() if self._requirable(each, f, graph)]
            if not others or not choose.chance(60):
                continue
            wanted = [(f, text) for f in choose.some(others, 1, 2) if (text := self._selection(f, graph))]
            if not wanted:
                continue
            for needed, _ in wanted:
                needed.external.add(graph)
            text = " ".join(text for _, text in wanted)
            each.fields[f"r{number}"] = FieldPlan(f"r{number}", "String", (graph,), requires=text)

    def _requirable(self, each: TypePlan, needed: FieldPlan, graph: str) -> bool:
        there = graph in (*needed.owners, needed.stale)
        return not there and needed.name not in ("id", "code", "own", "name", "label") and not needed.strict

    def _selection(self, needed: FieldPlan, graph: str) -> str:
        """What ``graph`` may require of a field that it does not answer; "" for nothing."""
        plan = self.plan
        if needed.named in ("Node", "Named", "Item"):
            return ""
        if needed.named == "Thing":
            member = plan.members[0]
            return f"{needed.name} {{ ... on {member} {{ id }} }}" if plan.has_union(graph) else ""
        if needed.named in plan.values:
            return f"{needed.name} {{ p }}" if graph in plan.values[needed.named].homes else ""
        if needed.named in plan.types:
            target = plan.types[needed.named]
            if graph not in target.keys or needed.argument:
                return ""
            deeper = [
                f
                for f in target.fields.values()
                if f.name.startswith("f") and not f.argument and not f.strict and graph != f.stale
            ]
            if deeper and self.choose.chance(50):
                leaf = self.choose.pick(deeper)
                if graph not in leaf.owners:
                    leaf.external.add(graph)
                return f"{needed.name} {{ {leaf.name} }}"
            return f"{needed.name} {{ id }}"
        arguments = {"": "", "n": "(n: 3)", "must": "(n: 2)", "w": "(w: {a: 1, b: [2]})"}
        return f"{needed.name}{arguments[needed.argument]}"
