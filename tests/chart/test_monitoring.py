"""Prometheus and Grafana get what was written for them."""

import json
import re

import pytest
import yaml
from rendering import ROOT, SHAPES, component, every_shape, manifests, of_kind


def rules():
    [manifest] = of_kind("PrometheusRule", manifests(SHAPES["everything"]))
    return manifest["spec"]["groups"]


def test_the_rules_are_as_they_were_written():
    files = sorted((ROOT / "deploy" / "prometheus" / "rules").glob("*.yml"))
    assert rules() == [
        group for file in files for group in yaml.safe_load(file.read_text())["groups"]
    ]
    # What Prometheus evaluates, and Helm must not.
    assert "{{ $labels." in str(rules())


def test_the_dashboards_are_as_they_were_drawn():
    rendered = of_kind("ConfigMap", manifests(SHAPES["everything"]))
    [own] = [m for m in rendered if m["metadata"].get("labels", {}).get("grafana_dashboard") == "1"]
    files = (ROOT / "deploy" / "grafana" / "dashboards").glob("*.json")
    told = {name: json.loads(text) for name, text in own["data"].items()}
    assert told == {file.name: json.loads(file.read_text()) for file in files}


@every_shape
def test_a_pod_that_is_not_ready_is_found_for_its_metrics_and_for_nothing_else(shape):
    services = of_kind("Service", manifests(SHAPES[shape]))
    unready = [s for s in services if s["spec"].get("publishNotReadyAddresses")]
    assert [component(service) for service in unready] == ["metrics"]


@pytest.mark.parametrize("shape", ["everything", "pod-monitor"])
def test_the_rules_ask_for_the_job_that_the_monitor_makes(shape):
    [monitor] = [m for m in manifests(SHAPES[shape]) if m["kind"].endswith("Monitor")]
    spec = monitor["spec"]
    [endpoint] = spec.get("endpoints", []) + spec.get("podMetricsEndpoints", [])
    jobs = {r["replacement"] for r in endpoint["relabelings"] if r["targetLabel"] == "job"}
    assert set(re.findall(r'job="([^"]*)"', str(rules()))) == jobs
