"""The chart, and what both generations of Helm make of it."""

import json
import subprocess
from functools import cache
from pathlib import Path

import helm_python
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "deploy" / "helm" / "benchmark-api"
NODE_MODULES = Path(__file__).parent / "node_modules"

# The oldest Kubernetes that the chart admits, and the newest there is.
KUBERNETES = ["1.29", "1.37"]

# The values that the chart itself gives as examples, and none.
SHAPES = {"default": {}} | {
    path.name.removesuffix("-values.yaml"): yaml.safe_load(path.read_text())
    for path in sorted(CHART.glob("ci/*-values.yaml"))
}

SCHEMA = json.loads((CHART / "values.schema.json").read_text())
RELEASE = "benchmark"

every_shape = pytest.mark.parametrize("shape", SHAPES)
every_kubernetes = pytest.mark.parametrize("kubernetes", KUBERNETES)


@cache
def chart():
    return helm_python.Chart.load(CHART)


def helm4(values, kubernetes=KUBERNETES[-1]):
    """What Helm 4 renders: the text of every template, by its name."""
    options = {"name": RELEASE, "kube_version": f"v{kubernetes}.0"}
    return json.loads(render(json.dumps(values), json.dumps(options)))


@cache
def render(values, options):
    # The SDK's library takes the version of Kubernetes, its Python front does not.
    return helm_python._native.call_string("helm_render", chart()._raw(), values, options)


def helm3(*arguments):
    """Runs Helm 3 on the chart: (COMMAND, OPTION...)."""
    command, *options = arguments
    name = [RELEASE] if command == "template" else []
    helm = NODE_MODULES / ".bin" / "helm"
    return subprocess.run(
        [helm, command, *name, CHART, *options], capture_output=True, text=True, check=False
    )


def manifests_of(text):
    return [manifest for manifest in yaml.load_all(text, yaml.CSafeLoader) if manifest]


def manifests(values, kubernetes=KUBERNETES[-1]):
    """The manifests that Helm 4 renders."""
    texts = helm4(values, kubernetes).items()
    return [
        manifest
        for name, text in texts
        if name.endswith(".yaml")
        for manifest in manifests_of(text)
    ]


def of_kind(kind, manifests):
    return [manifest for manifest in manifests if manifest["kind"] == kind]


def pods(manifests):
    """The name and the template of everything that makes pods."""
    for manifest in manifests:
        name = f"{manifest['kind']}/{manifest['metadata']['name']}"
        if manifest["kind"] == "Pod":
            yield name, manifest
        elif "template" in manifest.get("spec", {}):
            yield name, manifest["spec"]["template"]


def containers(pod):
    return pod["spec"].get("initContainers", []) + pod["spec"]["containers"]


def deployment(manifests):
    """The service's own."""
    [own] = [
        manifest
        for manifest in of_kind("Deployment", manifests)
        if component(manifest["spec"]["template"]) == "api"
    ]
    return own


def component(manifest):
    return manifest["metadata"]["labels"].get("app.kubernetes.io/component")


def service_container(manifests):
    [own] = [
        container
        for container in containers(deployment(manifests)["spec"]["template"])
        if container["name"] == "benchmark-api"
    ]
    return own


def configuration(manifests):
    """What the service's ConfigMap says."""
    name = service_container(manifests)["envFrom"][0]["configMapRef"]["name"]
    [own] = [m for m in of_kind("ConfigMap", manifests) if m["metadata"]["name"] == name]
    return own["data"]


def hooks(manifests, event):
    """What Helm makes at an event instead of with the release."""
    return [
        manifest
        for manifest in manifests
        if event in manifest["metadata"].get("annotations", {}).get("helm.sh/hook", "").split(",")
    ]


def found(key, value):
    """All that stands under a key, wherever in a manifest."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from [inner] if name == key else found(key, inner)
    elif isinstance(value, list):
        for inner in value:
            yield from found(key, inner)
