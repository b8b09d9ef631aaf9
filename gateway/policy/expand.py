"""Field specs of agreements to coordinates: ``Type``, ``Type.field``, ``Type.field.sub``, ``category:CODE``.

``Type.field`` of a value type means the field's whole value: every field of that type and of the value types that are
part of it. SYS coordinates are never expanded (they follow the type they stand on); a LINK counts only where it is
named itself and leads to another record, or, for withholds and prohibitions, where its whole value is named.
"""

from __future__ import annotations

from gateway.coordinates import Coordinate
from gateway.policy.catalogue import Catalogue, Entry

__all__ = ["Expander"]


class Expander:
    """Expands specs over one catalogue."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def expand(self, spec: str, provider: str, *, containers: bool) -> tuple[Entry, ...] | None:
        """The entries ``spec`` means, whoever owns them; None when it names nothing.

        ``category:CODE`` gives only what ``provider`` owns. With ``containers`` the LINK of a value is among them.
        """
        if spec.startswith("category:"):
            return self._category(spec.removeprefix("category:"), provider)
        holder, _, path = spec.partition(".")
        if not path:
            return self._whole(holder)
        steps = self._catalogue.path(holder, path)
        if steps is None:
            return None
        return self._field(self._catalogue.entries[steps[-1]], containers=containers)

    def _category(self, code: str, provider: str) -> tuple[Entry, ...] | None:
        found = tuple(
            entry
            for entry in self._catalogue.entries.values()
            if entry.category == code
            and entry.governed
            and entry.owner == provider
            and entry.coordinate.type not in self._catalogue.virtual
        )
        return found or None

    def _whole(self, type: str) -> tuple[Entry, ...] | None:
        if type not in self._catalogue.by_type:
            return None
        return self._entries(self._catalogue.group(type)) or None

    def _field(self, entry: Entry, *, containers: bool) -> tuple[Entry, ...] | None:
        if entry.category == "SYS":
            return None
        if entry.category != "LINK":
            return (entry,)
        targets = self._catalogue.targets(entry)
        if not all(self._catalogue.is_value(target) for target in targets) or entry.target not in targets:
            return (entry,)
        inside = self._entries(self._catalogue.group(entry.target))
        return (entry, *inside) if containers else inside

    def _entries(self, coordinates: tuple[Coordinate, ...]) -> tuple[Entry, ...]:
        return tuple(self._catalogue.entries[coordinate] for coordinate in coordinates)
