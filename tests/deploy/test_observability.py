"""What watches the gateways: every metric, label and code that a rule or the dashboard names is one that a gateway has."""

from __future__ import annotations

import json
import re
import runpy
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # its stubs are a package of their own
from prometheus_client.parser import text_string_to_metric_families

from gateway.identity import issue_certificates
from tests.scenarios.asking import ROOT
from tests.web.server import serving

FOLDER = ROOT / "deploy" / "observability"
METRIC = re.compile(r"\bgateway_\w+")
SELECTOR = re.compile(r"\b(gateway_\w+)\{([^}]*)\}")
LABEL = re.compile(r'(\w+)\s*(=~|!=|!~|=)\s*"([^"]*)"')
BY = re.compile(r"\bby \(([^)]*)\)")
ADDED = {"instance", "job", "le"}
"""Labels that Prometheus adds, or that a histogram's buckets have."""


def queries() -> Iterator[tuple[str, str]]:
    """Every query with where it stands."""
    for group in yaml.safe_load((FOLDER / "rules.yml").read_text())["groups"]:
        for rule in group["rules"]:
            yield rule["alert"], rule["expr"]
    for panel in json.loads((FOLDER / "grafana" / "gateway.json").read_text())["panels"]:
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"]


@pytest.fixture(scope="module")
def metrics(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """Every metric of a gateway that has been asked something, by name; and the labels of those that counted something."""
    folder = tmp_path_factory.mktemp("watched")
    issue_certificates(folder / "tls", {}, ["gateway"], now=datetime.now(UTC))
    environment = {
        "TWS_MODE": "development",
        "TWS_DATA": str(folder / "data"),
        "TWS_KEYS": str(folder / "keys"),
        "TWS_SUBGRAPH_CERTIFICATE": str(folder / "tls" / "gateway" / "certificate.pem"),
        "TWS_SUBGRAPH_KEY": str(folder / "tls" / "gateway" / "key.pem"),
    }
    with serving("--subgraphs", "asgi", "--var", folder, **environment) as gateway:
        token = gateway.token("cbp-primary-atl")
        asked = {"query": 'query Foil { visa(foilNumber: "S2400001") { status } }'}
        assert gateway.fetch("/graphql", asked, authorization=f"Bearer {token}")[0] == 200
        text = gateway.text("/metrics")
    found: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(text):
        endings = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count")}.get(family.type, ("",))
        for ending in endings:
            found[family.name + ending] = set()
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


def test_every_metric_that_is_named_is_there(metrics: dict[str, set[str]]) -> None:
    named = {(where, name) for where, query in queries() for name in METRIC.findall(query)}
    assert len(named) > 25
    assert sorted((where, name) for where, name in named if name not in metrics) == []


def test_every_label_that_is_named_is_one_of_its_metric(metrics: dict[str, set[str]]) -> None:
    for where, query in queries():
        names = set(METRIC.findall(query))
        labels = {label.strip() for group in BY.findall(query) for label in group.split(",")}
        asked = [(name, labels) for name in names] + [
            (name, {label for label, _, _ in LABEL.findall(inside)}) for name, inside in SELECTOR.findall(query)
        ]
        for name, wanted in asked:
            known = metrics[name]
            assert not known or wanted - ADDED <= known, (where, name, wanted)
    assert sum(bool(labels) for labels in metrics.values()) > 10


def test_every_code_and_event_that_is_named_is_one_of_the_gateway() -> None:
    errors = (ROOT / "docs" / "errors.md").read_text()
    code = "\n".join(path.read_text() for path in (ROOT / "gateway").rglob("*.py"))
    known = {"code": lambda value: f"`{value}`" in errors, "event": lambda value: f'"{value}"' in code}
    for where, query in queries():
        for label, _, values in LABEL.findall(query):
            for value in filter(None, values.split("|")):
                assert label not in known or known[label](value), (where, label, value)


def test_the_dashboard_is_what_its_file_makes() -> None:
    made = runpy.run_path(str(FOLDER / "dashboard.py"))["dashboard"]()
    assert json.loads((FOLDER / "grafana" / "gateway.json").read_text()) == made
    places = [tuple(panel["gridPos"].values()) for panel in made["panels"]]
    assert len({panel["id"] for panel in made["panels"]}) == len(set(places)) == len(places)


def test_every_alert_says_what_is_wrong_and_how_soon_it_matters() -> None:
    rules = [rule for group in yaml.safe_load((FOLDER / "rules.yml").read_text())["groups"] for rule in group["rules"]]
    page = (ROOT / "docs" / "operations.md").read_text()
    assert len({rule["alert"] for rule in rules}) == len(rules)
    for rule in rules:
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert rule["annotations"]["summary"].endswith((".", "`."))
        assert f"`{rule['alert']}`" in page, rule["alert"]


def test_the_profile_is_wired_to_itself(compose: dict[str, Any]) -> None:
    """Addresses in one file are names and ports in another."""
    services = compose["services"]
    watching = {name for name, service in services.items() if service.get("profiles") == ["observability"]}
    assert watching == {"collector", "prometheus", "grafana"}
    assert all("watch" in services[name]["networks"] for name in (*watching, "gateway"))
    assert all("watch" not in service.get("networks", ()) for name, service in services.items() if name not in {*watching, "gateway"})  # fmt: skip
    assert re.fullmatch(r"127\.0\.0\.1:\$\{TWS_GRAFANA_PORT:-3000\}:3000", services["grafana"]["ports"][0])
    told = dict(line.split("=") for line in (FOLDER / "on.env").read_text().splitlines() if not line.startswith("#"))
    collector = yaml.safe_load((FOLDER / "collector.yml").read_text())
    port = collector["receivers"]["otlp"]["protocols"]["http"]["endpoint"].rpartition(":")[2]
    assert told == {
        "COMPOSE_PROFILES": "observability",
        "TWS_METRICS": "open",
        "TWS_OTLP_ENDPOINT": f"http://collector:{port}",
    }
    shown = collector["exporters"]["prometheus"]["endpoint"].rpartition(":")[2]
    jobs = {job["job_name"]: job for job in yaml.safe_load((FOLDER / "prometheus.yml").read_text())["scrape_configs"]}
    assert jobs["collector"]["static_configs"] == [{"targets": [f"collector:{shown}"]}]
    found = jobs["gateway"]["dns_sd_configs"][0]
    assert (found["names"], str(found["port"])) == (["gateway"], services["gateway"]["environment"]["TWS_PORT"])
    for pipeline in collector["service"]["pipelines"].values():
        for kind, names in pipeline.items():
            assert all(name in {**collector[kind], **collector["connectors"]} for name in names)
    source = yaml.safe_load((FOLDER / "grafana" / "datasource.yml").read_text())["datasources"][0]
    assert (source["url"], source["uid"]) == ("http://prometheus:9090", "prometheus")
    for name in watching:
        for volume in services[name]["volumes"]:
            if volume.startswith("./"):
                assert (ROOT / volume.split(":")[0]).is_file()


@pytest.fixture(scope="module")
def compose() -> Any:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())


def test_prometheus_takes_its_files_and_the_alerts_fire(tmp_path: Path) -> None:
    """By Prometheus's own tool: the configuration, and series that make each alert of the page fire or not."""
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("no promtool on the path (Debian has it in the package prometheus)")
    shutil.copytree(FOLDER, tmp_path / "o")
    config = (tmp_path / "o" / "prometheus.yml").read_text().replace("/etc/prometheus/rules.yml", "rules.yml")
    (tmp_path / "o" / "prometheus.yml").write_text(config)
    for arguments in (("check", "config", "prometheus.yml"), ("test", "rules", "rules_test.yml")):
        done = subprocess.run([program, *arguments], cwd=tmp_path / "o", check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
