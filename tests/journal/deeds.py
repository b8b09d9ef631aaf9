"""Agreements in tests: a few lines each, and the activations that put them in force."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from gateway.journal import Activation, Published, Stood, stood
from gateway.policy.agreement import Agreement, Flow, Grant

__all__ = ["BEGIN", "activation", "deed", "on"]

BEGIN = datetime(2026, 11, 1, 12, tzinfo=UTC)


def on(month: int, day: int, year: int = 2027, hour: int = 0) -> datetime:
    """An instant of 2027."""
    return datetime(year, month, day, hour, tzinfo=UTC)


def deed(
    name: str = "CA-CBP", provider: str = "STATE_CA", recipients: tuple[str, ...] = ("CBP",), **more: Any
) -> Agreement:
    """An agreement with one grant (III.1) and one flow (V.1), in force from 2024 up to and without 2030."""
    given: dict[str, Any] = {
        "status": "active",
        "effective": date(2024, 1, 1),
        "review_by": date(2029, 1, 1),
        "expires": date(2030, 1, 1),
        "grants": (grant(),),
        "flows": (Flow("V.1", "CBP", ("Traveler.id",), "join"),),
        **more,
    }
    return Agreement(name, 1, f"About {name}", provider, recipients, file=f"{name}.toml", **given)


def grant(article: str = "III.1", *fields: str) -> Grant:
    """A grant of ``fields`` under ``article``."""
    return Grant(article, fields or ("Visa.status",), frozenset(("CBP",)), frozenset(("p",)), frozenset(("r",)))


def activation(at: datetime, *deeds: Agreement, epoch: str = "", version: int = 0) -> Activation:
    """An activation of ``deeds`` at ``at``, not in any journal; ``version`` where a bundle was published."""
    standing: dict[str, Stood] = stood(deeds)
    name = epoch or "sha256:" + "-".join(sorted(each.digest[7:11] for each in standing.values()))
    told = Published(version, "state.example/publisher", "ruth.okafor", "a test") if version else None
    return Activation(at, name, "sha256:graph", standing, told)
