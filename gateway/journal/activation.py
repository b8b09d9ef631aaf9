"""One activation: from which instant on which policy and graph answered, and how every agreement stood in it.

Of an agreement a line holds its parties, its life, and digests of the whole, of each article and of each flow: enough to
say what an activation changed, and nothing of what an agreement says.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime
from typing import Any

import orjson

from gateway.policy.agreement import Agreement, Flow, Grant, Withhold
from gateway.policy.epoch import digest_of

__all__ = ["Activation", "Published", "Stood", "stood"]


@dataclass(frozen=True, slots=True)
class Stood:
    """An agreement as it stood in one policy.

    ``digest`` is of its whole meaning, ``text`` of all but its status; ``articles`` and ``flows`` map an article to the digest
    of its clauses.
    """

    id: str
    version: int
    digest: str
    text: str
    title: str
    kind: str
    provider: str
    recipients: tuple[str, ...]
    status: str
    effective: date
    review_by: date
    expires: date
    articles: Mapping[str, str] = field(default_factory=dict)
    flows: Mapping[str, str] = field(default_factory=dict)

    @property
    def parties(self) -> frozenset[str]:
        """The agencies whose agreement it is."""
        return frozenset((self.provider, *self.recipients))


@dataclass(frozen=True, slots=True)
class Published:
    """Which bundle it was, where one was published: its version, who signed and who wrote it, why, and what it repeats."""

    version: int
    publisher: str
    author: str
    reason: str
    republishes: int | None = None


@dataclass(frozen=True, slots=True)
class Activation:
    """A policy and a graph in force from ``at`` on, by the clock of decisions.

    ``ordinal`` orders activations and only grows (see ``Journal``); 0 where it is not in the journal yet.
    """

    at: datetime
    epoch: str
    supergraph: str
    agreements: Mapping[str, Stood]
    published: Published | None = None
    ordinal: int = 0

    def line(self) -> bytes:
        """The activation as one line of JSON, without its end."""
        page = {
            "ordinal": self.ordinal,
            "at": self.at.isoformat(),
            "epoch": self.epoch,
            "supergraph": self.supergraph,
            "bundle": asdict(self.published) if self.published else None,
            "agreements": [asdict(each) for _, each in sorted(self.agreements.items())],
        }
        return orjson.dumps(page)

    @classmethod
    def parse(cls, line: bytes) -> Activation:
        """The activation that ``line`` says. Raises ``ValueError``, ``KeyError`` or ``TypeError`` where it says none."""
        page = orjson.loads(line)
        bundle = page["bundle"]
        return cls(
            datetime.fromisoformat(page["at"]),
            page["epoch"],
            page["supergraph"],
            {each["id"]: _stood(each) for each in page["agreements"]},
            Published(**bundle) if bundle else None,
            page["ordinal"],
        )


def stood(agreements: Iterable[Agreement]) -> dict[str, Stood]:
    """How each of ``agreements`` stands, by id."""
    return {each.id: _as_it_stands(each) for each in agreements}


def _as_it_stands(deed: Agreement) -> Stood:
    clauses: dict[str, list[Grant | Withhold]] = {}
    given: tuple[Grant | Withhold, ...] = (*deed.grants, *deed.withholds)
    for each in given:
        clauses.setdefault(each.article, []).append(each)
    flows: dict[str, list[Flow]] = {}
    for flow in deed.flows:
        flows.setdefault(flow.article, []).append(flow)
    return Stood(
        deed.id,
        deed.version,
        digest_of(deed),
        digest_of(replace(deed, status="")),
        deed.title,
        deed.kind,
        deed.provider,
        deed.recipients,
        deed.status,
        deed.effective,
        deed.review_by,
        deed.expires,
        {article: digest_of(*said) for article, said in sorted(clauses.items())},
        {article: digest_of(*said) for article, said in sorted(flows.items())},
    )


def _stood(page: dict[str, Any]) -> Stood:
    dates = {name: date.fromisoformat(page[name]) for name in ("effective", "review_by", "expires")}
    return Stood(**{**page, **dates, "recipients": tuple(page["recipients"])})
