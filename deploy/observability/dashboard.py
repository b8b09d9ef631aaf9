"""The dashboard that Grafana shows: ``python deploy/observability/dashboard.py`` writes ``grafana/gateway.json`` beside it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FILE = Path(__file__).parent / "grafana" / "gateway.json"
SOURCE = {"type": "prometheus", "uid": "prometheus"}


@dataclass(frozen=True)
class Panel:
    """One picture: what it shows, in which of Grafana's units, by which queries (query to legend)."""

    title: str
    unit: str
    queries: dict[str, str]
    kind: str = "timeseries"
    told: str = ""


def _quantile(share: float, metric: str, by: str) -> str:
    return f"histogram_quantile({share}, sum by (le, {by}) (rate({metric}_bucket[$__rate_interval])))"


ROWS: dict[str, list[Panel]] = {
    "Is it well?": [
        Panel("Gateways that answer", "none", {'sum(up{job="gateway"})': "up"}, "stat"),
        Panel(
            "Share of answers that failed",
            "percentunit",
            {
                'sum(rate(gateway_requests_total{status=~"5.."}[$__rate_interval])) '
                "/ sum(rate(gateway_requests_total[$__rate_interval]))": "5xx"
            },
            "stat",
        ),
        Panel("Notices overdue", "none", {'max(gateway_event_notices{state="overdue"})': "overdue"}, "stat"),
        Panel(
            "Days until the certificate ends",
            "none",
            {"(min(gateway_certificate_ends_timestamp_seconds) - time()) / 86400": "days"},
            "stat",
        ),
    ],
    "Requests": [
        Panel("Answers a second", "reqps", {"sum by (status) (rate(gateway_requests_total[$__rate_interval]))": "{{status}}"}),
        Panel("Refusals and errors by code", "reqps", {'sum by (code) (rate(gateway_requests_total{code!=""}[$__rate_interval]))': "{{code}}"}),
        Panel("p99 by operation", "s", {f"topk(10, {_quantile(0.99, 'gateway_request_seconds', 'operation')})": "{{operation}}"}),
        Panel("Busy with, by stage", "s", {"sum by (stage) (rate(gateway_stage_seconds_total[$__rate_interval]))": "{{stage}}"}, told="Seconds of work a second."),
    ],
    "Agencies": [
        Panel("Requests to subgraphs a second", "reqps", {"sum by (subgraph) (rate(gateway_fetches_total[$__rate_interval]))": "{{subgraph}}"}),
        Panel("Failed requests to subgraphs", "reqps", {'sum by (subgraph, code) (rate(gateway_fetches_total{code!=""}[$__rate_interval]))': "{{subgraph}} {{code}}"}),
        Panel("p99 of a request to a subgraph", "s", {_quantile(0.99, "gateway_fetch_seconds", "subgraph"): "{{subgraph}}"}),
        Panel("Breakers", "none", {"max by (subgraph) (gateway_breaker)": "{{subgraph}}"}, told="0 closed, 1 half open, 2 open."),
    ],
    "Sharing": [
        Panel("Values decided on a second, by outcome", "cps", {"sum by (outcome) (rate(gateway_policy_outcomes_total[$__rate_interval]))": "{{outcome}}"}),
        Panel("Values shared a second, by agreement", "cps", {'topk(10, sum by (agreement) (rate(gateway_policy_outcomes_total{outcome=~"ALLOW|MASK"}[$__rate_interval])))': "{{agreement}}"}),
        Panel("Records made durable a second", "cps", {"sum by (instance) (rate(gateway_record_appends_total[$__rate_interval]))": "{{instance}}"}),
        Panel(
            "Waiting for the record",
            "s",
            {
                "sum(rate(gateway_record_append_seconds_total[$__rate_interval])) "
                "/ sum(rate(gateway_record_appends_total[$__rate_interval]))": "each"
            },
        ),
    ],
    "Limits and streams": [
        Panel("What limits and resilience did", "cps", {"sum by (event) (rate(gateway_events_total[$__rate_interval]))": "{{event}}"}),
        Panel("Requests inside and waiting", "none", {"sum by (where) (gateway_crowd)": "{{where}}"}),
        Panel("Open streams", "none", {"sum by (instance) (gateway_streams)": "{{instance}}"}),
        Panel("Notices that nobody has acknowledged", "none", {"max by (state) (gateway_event_notices)": "{{state}}"}),
    ],
}  # fmt: skip


def dashboard() -> dict[str, Any]:
    """The dashboard as Grafana reads it: four pictures in each row."""
    panels: list[dict[str, Any]] = []
    for number, (title, row) in enumerate(ROWS.items()):
        y = number * 9
        panels.append({"id": len(panels) + 1, "type": "row", "title": title, "collapsed": False, "panels": [], "gridPos": {"h": 1, "w": 24, "x": 0, "y": y}})  # fmt: skip
        for at, panel in enumerate(row):
            place = {"h": 8, "w": 6, "x": 6 * at, "y": y + 1}
            panels.append(_panel(len(panels) + 1, panel, place))
    return {
        "uid": "two-way-street",
        "title": "Two-Way Street",
        "tags": ["two-way-street"],
        "schemaVersion": 39,
        "editable": False,
        "refresh": "30s",
        "time": {"from": "now-1h", "to": "now"},
        "timezone": "utc",
        "templating": {"list": []},
        "annotations": {"list": []},
        "panels": panels,
    }


def _panel(number: int, panel: Panel, place: dict[str, int]) -> dict[str, Any]:
    targets = [
        {"refId": chr(ord("A") + at), "datasource": SOURCE, "expr": query, "legendFormat": legend}
        for at, (query, legend) in enumerate(panel.queries.items())
    ]
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.told,
        "datasource": SOURCE,
        "gridPos": place,
        "fieldConfig": {"defaults": {"unit": panel.unit}, "overrides": []},
        "targets": targets,
    }


if __name__ == "__main__":
    FILE.write_text(json.dumps(dashboard(), indent=1) + "\n", encoding="utf-8")
