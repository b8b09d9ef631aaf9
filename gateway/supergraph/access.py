"""What a supergraph demands of callers by directives that nothing in this gateway enforces, under whatever name.

``@authenticated``, ``@requiresScopes`` and ``@policy`` (https://specs.apollo.dev/authenticated/v0.1 and its siblings) are
linked ``for: SECURITY``: who serves such a graph and does not enforce them shows what its subgraphs took to be closed.
Here access follows from agreements, so such a graph is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from gateway.errors import Mistake
from gateway.supergraph.model import AppliedDirective, Supergraph, TypeDef

__all__ = ["access_demands", "unenforced_directives"]

_ACCESS = ("authenticated", "requiresScopes", "policy")


def access_demands(types: Mapping[str, TypeDef], links: Iterable[AppliedDirective]) -> tuple[tuple[str, str], ...]:
    """Each coordinate (``T`` or ``T.f``) with the directive by which it demands something of callers, sorted.

    ``links`` are the applications of ``@link`` and ``@core``, which say under what names the directives go.
    """
    names = dict(_names(links))
    found: set[tuple[str, str]] = set()
    for kind in types.values():
        found.update((kind.name, names[each.name]) for each in kind.directives if each.name in names)
        for field in kind.fields.values():
            where = f"{kind.name}.{field.name}"
            found.update((where, names[each.name]) for each in field.directives if each.name in names)
    return tuple(sorted(found))


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
            f"{where} demands @{directive} of callers, which this gateway does not enforce.",
            where,
            f"Take @{directive} out of the subgraphs that have {where} and compose again; "
            "classify the field and say in an agreement who may read it.",
        )
        for where, directive in supergraph.access_demands
    )
