"""What a supergraph demands of callers by ``@authenticated``, ``@requiresScopes`` and ``@policy``, under whatever name.

They (https://specs.apollo.dev/authenticated/v0.1 and its siblings) are linked ``for: SECURITY``: who serves such a graph and
does not enforce them shows what its subgraphs took to be closed. ``gateway.enforcement.access`` enforces them on a graph
that governs nothing, for callers whose tokens can be read; where access follows from agreements, such a graph is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gateway.errors import Mistake
from gateway.supergraph.model import AppliedDirective, Supergraph, TypeDef

__all__ = ["Demand", "access_demands", "unenforced_directives"]

_ACCESS = ("authenticated", "requiresScopes", "policy")
_ARGUMENTS = {"requiresScopes": "scopes", "policy": "policies"}


@dataclass(frozen=True, slots=True)
class Demand:
    """One application of an access directive: all the scopes or policies of one of ``any_of``, and a known caller."""

    directive: str
    any_of: tuple[frozenset[str], ...] = ()

    def met(self, scopes: frozenset[str], policies: frozenset[str]) -> bool:
        """Whether a known caller with these scopes and policies meets it; where nothing is enough, nobody does."""
        if self.directive == "authenticated":
            return True
        held = scopes if self.directive == "requiresScopes" else policies
        return any(each <= held for each in self.any_of)


def access_demands(types: Mapping[str, TypeDef], links: Iterable[AppliedDirective]) -> Mapping[str, tuple[Demand, ...]]:
    """What each coordinate (``T`` or ``T.f``) demands of callers, sorted by coordinate; none that demands nothing.

    ``links`` are the applications of ``@link`` and ``@core``, which say under what names the directives go.
    """
    names = dict(_names(links))
    found: dict[str, tuple[Demand, ...]] = {}
    for kind in types.values():
        places = [(kind.name, kind.directives)]
        places += [(f"{kind.name}.{field.name}", field.directives) for field in kind.fields.values()]
        for where, directives in places:
            demands = tuple(_demand(each, names[each.name]) for each in directives if each.name in names)
            if demands:
                found[where] = demands
    return dict(sorted(found.items()))


def _demand(applied: AppliedDirective, access: str) -> Demand:
    """The demand of one application; a single value stands for a list of it, as in any GraphQL input."""
    given: Any = applied.get(_ARGUMENTS.get(access, ""), ())
    alternatives = given if isinstance(given, (list, tuple)) else (given,)
    return Demand(
        access,
        tuple(
            frozenset(map(str, each)) if isinstance(each, (list, tuple)) else frozenset({str(each)})
            for each in alternatives
        ),
    )


def _names(links: Iterable[AppliedDirective]) -> Iterator[tuple[str, str]]:
    for access in _ACCESS:
        yield access, access  # also where nothing is linked: a demand is not lost with a line at the top
    for link in links:
        parts = str(link.get("url") or link.get("feature") or "").rstrip("/").split("/")
        feature = parts[-2] if len(parts) > 1 and parts[-1].startswith("v") else parts[-1]
        prefix = link.get("as") or feature
        imported = [each for each in link.get("import") or () if isinstance(each, dict)]
        for access in _ACCESS:
            yield f"{prefix}__{access}", access
            if feature == access:
                yield prefix, access
            for each in imported:
                if each.get("name") == f"@{access}" and each.get("as"):
                    yield str(each["as"]).removeprefix("@"), access


def unenforced_directives(supergraph: Supergraph) -> tuple[Mistake, ...]:
    """One mistake, ``UNENFORCED_DIRECTIVE``, for each place where ``supergraph`` demands what nobody would check."""
    return tuple(
        Mistake(
            "UNENFORCED_DIRECTIVE",
            f"{where} demands @{demand.directive} of callers, which is not enforced here.",
            where,
            f"Take @{demand.directive} out of the subgraphs that have {where} and compose again; "
            "classify the field and say in an agreement who may read it. A graph that governs nothing is served with "
            "the directive where TWS_ISSUER and TWS_JWKS name whose tokens count.",
        )
        for where, demands in supergraph.access_demands.items()
        for demand in demands
    )
