"""``gateway check --subgraph URL``: a running subgraph, whoever made it and in whatever language, held to what the graph needs.

It is asked as the gateway asks it, over the same transport: its SDL, keys that nobody has, and what it must refuse. Nothing
that it holds is read, unless representations of real entities are given.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from graphql import GraphQLEnumType

from gateway.caller import Caller
from gateway.cli.checking import policy_steps
from gateway.cli.steps import Checked, Step, mistakes_of
from gateway.composition import SubgraphSDL, compose
from gateway.config import read_registry
from gateway.errors import FetchError, GatewayError, Mistake, RequestError
from gateway.execution.http import HttpTransport
from gateway.execution.transport import SubgraphRequest, SubgraphResponse
from gateway.identity import SigningKey, load_signing_key, sign_assertion
from gateway.identity.assertions import HEADER
from gateway.opening import read_text
from gateway.policy import load_bundle, read_bundle
from gateway.supergraph import Supergraph, load_supergraph
from gateway.supergraph.fieldset import FieldSet, FieldSetField
from gateway.supergraph.model import named_type

__all__ = ["Foreign", "check_foreign"]

_SERVICE = "{ _service { sdl } }"
_HOW = "Verify the header Gateway-Assertion before anything else; docs/agency-guide.md says how, docs/clients/assertion.mjs does it."


@dataclass(frozen=True, slots=True)
class Foreign:
    """The subgraph that is checked: its name and agency in the graph, where it answers, whose record its rows are."""

    url: str
    name: str
    agency: str
    subjects: Mapping[str, str]
    registered: bool

    @classmethod
    def at(cls, url: str, schema: Path, name: str, agency: str, subjects: Iterable[str]) -> Foreign:
        """The registered subgraph at ``url``, or one that is not registered yet; raises ``RequestError`` ``SUBGRAPH_UNNAMED``."""
        for entry in read_registry(schema / "registry.toml").values():
            if url == entry.url or name == entry.name:
                return cls(url, entry.name, entry.agency, {}, True)
        if not name or not agency:
            raise RequestError(
                "SUBGRAPH_UNNAMED",
                f"No subgraph is registered at {url}.",
                where="--subgraph",
                hint="Say what it is going to be called and whose it is, with --name and --agency.",
            )
        pairs = (each.partition("=") for each in subjects)
        return cls(url, name, agency, {kind: path for kind, _, path in pairs}, False)

    @property
    def line(self) -> str:
        """The line by which the registry would name it."""
        subjects = ", ".join(f"{kind} = {json.dumps(path)}" for kind, path in self.subjects.items())
        more = f", subjects = {{ {subjects} }}" if subjects else ""
        sdl = f"schema/subgraphs/{self.name}.graphql"
        return f'{self.name} = {{ agency = "{self.agency}", url = "{self.url}", sdl = "{sdl}"{more} }}'


@dataclass(slots=True)
class _Knocks:
    """Requests to one subgraph, each with an assertion of the gateway's own key, or with a flaw on purpose."""

    foreign: Foreign
    key: SigningKey
    transport: HttpTransport

    async def ask(
        self,
        query: str,
        variables: Mapping[str, Any] | None = None,
        *,
        grants: Mapping[str, str] | None = None,
        audience: str = "",
        signed: bytes | None = None,
        age: timedelta = timedelta(),
        stranger: bool = False,
    ) -> SubgraphResponse:
        body = msgspec.json.encode({"query": query, "variables": dict(variables or {})})
        now = datetime.now(UTC) - age
        token = sign_assertion(
            self.key,
            audience=audience or self.foreign.name,
            caller=Caller(self.foreign.agency, "compatibility", "compatibility"),
            epoch="",
            grants=grants or {},
            body=body if signed is None else signed,
            at=now,
        )
        headers = {} if stranger else {HEADER: token}
        return await self.transport.send(SubgraphRequest(self.foreign.name, body, headers=headers))


def check_foreign(
    foreign: Foreign, schema: Path, keys: Path, representations: Sequence[str] = (), *, save: bool = False
) -> Checked:
    """Every step that could be taken against the running subgraph, those of ``gateway check`` among them.

    ``keys`` holds the gateway's signing key; ``representations`` are real entities as JSON, for the round trip. With
    ``save`` its SDL is written to ``schema/subgraphs`` when nothing is wrong. Raises ``GatewayError`` where the files beside
    it, or the key, cannot be read.
    """
    key, real = load_signing_key(keys, "gateway"), _read(representations)
    checked, sdl = asyncio.run(_check(foreign, schema, key, real))
    if save and checked.ok:
        (schema / "subgraphs" / f"{foreign.name}.graphql").write_text(sdl.rstrip("\n") + "\n", encoding="utf-8")
    return checked


async def _check(foreign: Foreign, schema: Path, key: SigningKey, real: list[dict[str, Any]]) -> tuple[Checked, str]:
    async with HttpTransport({foreign.name: foreign.url}) as transport:
        knocks = _Knocks(foreign, key, transport)
        sdl, first = await _described(knocks)
        steps = [first]
        if not sdl:
            return Checked(tuple(steps)), ""
        steps.append(await _refuses(knocks))
        supergraph, composed = _composed(foreign, schema, sdl)
        steps.append(composed)
        if supergraph is not None:
            steps.append(await _entities(knocks, supergraph, real))
            steps += _agreed(foreign, schema, supergraph)
    return Checked(tuple(steps)), sdl


async def _described(knocks: _Knocks) -> tuple[str, Step]:
    try:
        answer = await knocks.ask(_SERVICE, grants={"_service": "allow"})
        sdl = msgspec.json.decode(answer.body)["data"]["_service"]["sdl"]
        if isinstance(sdl, str):
            told = f"{knocks.foreign.url} describes itself in {len(sdl.splitlines())} lines"
            line = () if knocks.foreign.registered else (f"its line of the registry: {knocks.foreign.line}",)
            return sdl, Step("sdl", told, notes=line)
        why = "it is not text"
    except FetchError as error:
        why = error.message
    except (msgspec.DecodeError, KeyError, TypeError):
        why = f"HTTP {answer.status}: {answer.body[:200].decode(errors='replace')}"
    hint = "It has to answer { _service { sdl } } by POST with JSON, to a request that bears the gateway's assertion."
    mistake = Mistake("SUBGRAPH_WITHOUT_SDL", f"The SDL could not be had: {why}", knocks.foreign.url, hint)
    return "", Step("sdl", "the subgraph does not describe itself", (mistake,))


async def _refuses(knocks: _Knocks) -> Step:
    """What every subgraph must refuse: whoever reaches it would else have all that it holds."""
    other = b'{"query": "{ __typename }"}'
    wrong: dict[str, dict[str, Any]] = {
        "without an assertion": {"stranger": True},
        "with an assertion for another body": {"signed": other},
        "with an assertion for another subgraph": {"audience": "another"},
        "with an assertion of yesterday": {"age": timedelta(days=1)},
        "for what the assertion does not grant": {"grants": {}},
    }
    mistakes = []
    for how, flaw in wrong.items():
        answer = await knocks.ask(_SERVICE, **{"grants": {"_service": "allow"}, **flaw})
        if _gave(answer):
            message = f"It answered a request {how}."
            mistakes.append(Mistake("SUBGRAPH_TRUSTS_TOO_MUCH", message, knocks.foreign.url, _HOW))
    told = f"{len(wrong) - len(mistakes)} of {len(wrong)} requests that it must refuse are refused"
    return Step("trust", told, tuple(mistakes))


def _gave(answer: SubgraphResponse) -> bool:
    """Whether there is anything in ``data``."""
    try:
        data = msgspec.json.decode(answer.body).get("data")
    except (msgspec.DecodeError, AttributeError):
        return False
    return isinstance(data, dict) and any(value is not None for value in data.values())


def _composed(foreign: Foreign, schema: Path, sdl: str) -> tuple[Supergraph | None, Step]:
    others = [
        SubgraphSDL(
            name,
            entry.url,
            read_text(entry.sdl, "SDL_MISSING", f"The SDL of {name}", "Run `make schema`."),
            entry.dialect,
        )
        for name, entry in read_registry(schema / "registry.toml").items()
        if name != foreign.name
    ]
    try:
        text = compose([*others, SubgraphSDL(foreign.name, foreign.url, sdl)]).supergraph_sdl
        return load_supergraph(text), Step("composition", f"it makes one graph with the {len(others)} others")
    except GatewayError as error:
        return None, Step("composition", "it makes no graph with the others", mistakes_of(error))


def _agreed(foreign: Foreign, schema: Path, supergraph: Supergraph) -> Iterator[Step]:
    pages = dict(load_bundle(schema).pages)
    if not foreign.registered:
        pages["registry.toml"] = pages.get("registry.toml", "").rstrip("\n") + f"\n[subgraphs]\n{foreign.line}\n"
        if "\n[subgraphs]\n" in load_bundle(schema).pages.get("registry.toml", ""):
            pages["registry.toml"] = load_bundle(schema).pages["registry.toml"].rstrip("\n") + f"\n{foreign.line}\n"
    yield from policy_steps(supergraph, lambda: read_bundle(pages), schema)


async def _entities(knocks: _Knocks, supergraph: Supergraph, real: list[dict[str, Any]]) -> Step:
    """Keys that nobody has are null or a bare entity, in a list as long as what was asked; real ones come back in order."""
    mistakes: list[Mistake] = []
    tried = 0
    for kind in supergraph.types.values():
        for key in kind.keys:
            if key.resolvable and supergraph.by_graph[key.graph].name == knocks.foreign.name:
                tried += 1
                unknown = {"__typename": kind.name, **_values(supergraph, kind.name, key.fields)}
                mistakes += await _round(knocks, supergraph, kind.name, key.fields, [unknown, unknown], same=False)
                mine = [each for each in real if each.get("__typename") == kind.name and _covers(each, key.fields)]
                if mine:
                    asked = [*mine, *mine[::-1], mine[0]]  # in no order that is the same from behind
                    mistakes += await _round(knocks, supergraph, kind.name, key.fields, asked, same=True)
    told = (
        f"{tried} keys lead to entities, or to null" if not mistakes else "not every key leads to an entity or to null"
    )
    return Step("entities", told, tuple(mistakes))


async def _round(
    knocks: _Knocks, supergraph: Supergraph, kind: str, fields: FieldSet, asked: list[dict[str, Any]], *, same: bool
) -> list[Mistake]:
    selection = _selection(fields)
    query = f"query ($r: [_Any!]!) {{ _entities(representations: $r) {{ ... on {kind} {{ {selection} }} }} }}"
    grants = dict.fromkeys(_coordinates(supergraph, kind, fields), "key")
    try:
        answer = await knocks.ask(query, {"r": asked}, grants=grants)
        page = msgspec.json.decode(answer.body)
    except (FetchError, msgspec.DecodeError) as problem:
        return [_entity_mistake(kind, selection, f"no answer that can be read: {problem}", knocks)]
    if page.get("errors"):
        told = "; ".join(str(each.get("message")) for each in page["errors"])
        return [_entity_mistake(kind, selection, f"errors instead of null: {told}", knocks)]
    found = (page.get("data") or {}).get("_entities")
    if not isinstance(found, list) or len(found) != len(asked):
        return [_entity_mistake(kind, selection, f"{len(asked)} were asked for, and the list is {found!r}", knocks)]
    if same and any(_plain(one) != _plain(each) for one, each in zip(found, asked, strict=True)):
        return [
            _entity_mistake(kind, selection, "the entities are others than were asked for, or in another order", knocks)
        ]
    return []


def _entity_mistake(kind: str, selection: str, what: str, knocks: _Knocks) -> Mistake:
    hint = "_entities answers as many as it was asked for, in that order, with null for what it does not know."
    return Mistake("SUBGRAPH_ENTITIES_WRONG", f"{kind} by {{ {selection} }}: {what}", knocks.foreign.url, hint)


def _plain(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {name: _plain(each) for name, each in sorted(value.items()) if name != "__typename"}


def _covers(value: Mapping[str, Any], fields: FieldSet) -> bool:
    return {part.name for part in fields if isinstance(part, FieldSetField)} == set(value) - {"__typename"}


def _selection(fields: FieldSet) -> str:
    parts = (part for part in fields if isinstance(part, FieldSetField))
    return " ".join(part.name + (f" {{ {_selection(part.selections)} }}" if part.selections else "") for part in parts)


def _coordinates(supergraph: Supergraph, kind: str, fields: FieldSet) -> Iterator[str]:
    for part in fields:
        if isinstance(part, FieldSetField):
            yield f"{kind}.{part.name}"
            if part.selections:
                yield from _coordinates(supergraph, _type(supergraph, kind, part.name), part.selections)


def _type(supergraph: Supergraph, kind: str, field: str) -> str:
    found = supergraph.field(kind, field)
    return named_type(found.type) if found is not None else ""


def _values(supergraph: Supergraph, kind: str, fields: FieldSet) -> dict[str, Any]:
    """Values for a key that nobody has, each of its field's type."""
    made: dict[str, Any] = {}
    for part in fields:
        if isinstance(part, FieldSetField):
            inner = _type(supergraph, kind, part.name)
            declared = supergraph.api_schema.get_type(inner)
            if part.selections:
                made[part.name] = _values(supergraph, inner, part.selections)
            elif isinstance(declared, GraphQLEnumType):
                made[part.name] = next(iter(declared.values))
            else:
                made[part.name] = {"Int": 0, "Float": 0.0, "Boolean": False}.get(inner, "nobody-has-this")
    return made


def _read(representations: Sequence[str]) -> list[dict[str, Any]]:
    found = []
    for text in representations:
        try:
            value = json.loads(text)
        except json.JSONDecodeError:
            value = None
        if not isinstance(value, dict) or "__typename" not in value:
            raise RequestError(
                "REPRESENTATION_MALFORMED",
                f"{text!r} is no representation.",
                where="--representation",
                hint='Write {"__typename": "Visa", "foilNumber": "S2900002"}.',
            )
        found.append(value)
    return found
