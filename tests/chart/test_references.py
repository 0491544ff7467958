"""Whatever a manifest names is there."""

import re

import kubernetes_validate
import pytest
import yaml
from rendering import (
    KUBERNETES,
    RELEASE,
    ROOT,
    SHAPES,
    chart,
    containers,
    deployment,
    every_shape,
    found,
    hooks,
    manifests,
    manifests_of,
    of_kind,
    pods,
)


@every_shape
def test_secrets_and_config_maps(shape):
    rendered, given = manifests(SHAPES[shape]), str(SHAPES[shape])
    for name, pod in pods(rendered):
        for kind, keys in {
            "Secret": ["secretKeyRef", "secret"],
            "ConfigMap": ["configMapRef", "configMap"],
        }.items():
            own = {manifest["metadata"]["name"]: manifest for manifest in of_kind(kind, rendered)}
            for reference in [reference for key in keys for reference in found(key, pod)]:
                target = reference["name"]
                assert target in own or f"'{target}'" in given, (name, target)
                if target in own and "key" in reference:
                    assert reference["key"] in own[target]["stringData"], (name, reference)


@every_shape
def test_volumes(shape):
    rendered = manifests(SHAPES[shape])
    claims = {
        claim["metadata"]["name"]
        for templates in found("volumeClaimTemplates", rendered)
        for claim in templates
    } | {claim["metadata"]["name"] for claim in of_kind("PersistentVolumeClaim", rendered)}
    for name, pod in pods(rendered):
        volumes = {volume["name"] for volume in pod["spec"].get("volumes", [])}
        for container in containers(pod):
            mounts = {mount["name"] for mount in container.get("volumeMounts", [])}
            assert mounts <= volumes | claims, name
        for claim in found("claimName", pod):
            assert claim in claims or claim == SHAPES[shape]["persistence"]["existingClaim"], name


def test_the_guide_backs_up_what_the_chart_makes():
    guide = (ROOT / "deploy" / "README.md").read_text()
    [text] = re.findall(r"^```yaml\n(# backup.yaml\n.*?)^```", guide, re.DOTALL | re.MULTILINE)
    pod = yaml.safe_load(text)
    kubernetes_validate.validate(pod, KUBERNETES[-1], strict=True)

    rendered = manifests({})
    service = deployment(rendered)
    [claim] = of_kind("PersistentVolumeClaim", rendered)
    assert list(found("claimName", pod)) == [claim["metadata"]["name"]]
    template = service["spec"]["template"]
    user = template["spec"]["securityContext"]
    assert pod["spec"]["securityContext"].items() <= user.items()

    commands = re.findall(r"^kubectl scale .*? deployment/(\S+)$", guide, re.MULTILINE)
    assert set(commands) == {service["metadata"]["name"]}
    [selector] = re.findall(r"^ +--selector (\S+)$", guide, re.MULTILINE)
    labels = dict(label.split("=") for label in selector.split(","))
    assert matches({"matchLabels": labels}, template)


@every_shape
def test_ports_of_probes(shape):
    for name, pod in pods(manifests(SHAPES[shape])):
        for container in containers(pod):
            ports = {port["name"] for port in container.get("ports", [])}
            for probe in ["startupProbe", "readinessProbe", "livenessProbe"]:
                assert set(found("port", container.get(probe, {}))) <= ports, name


def matches(selector, manifest):
    """Whether something is selected, by its labels."""
    return selector["matchLabels"].items() <= manifest["metadata"]["labels"].items()


def selector_of(manifest):
    spec = manifest.get("spec", {})
    if manifest["kind"] == "Service":
        return {"matchLabels": spec["selector"]}
    return spec.get("podSelector") or spec.get("selector")


@every_shape
def test_selectors(shape):
    rendered = manifests(SHAPES[shape])
    templates = [pod for _, pod in pods(rendered)] + of_kind("Service", rendered)
    for manifest in rendered:
        if selector := selector_of(manifest):
            selected = [template for template in templates if matches(selector, template)]
            assert selected, (manifest["kind"], manifest["metadata"]["name"])


@every_shape
def test_ports_of_services(shape):
    rendered = manifests(SHAPES[shape])
    for service in of_kind("Service", rendered):
        [selected] = [pod for _, pod in pods(rendered) if matches(selector_of(service), pod)]
        ports = {port["name"] for ports in found("ports", selected) for port in ports}
        assert {port.get("targetPort", port["name"]) for port in service["spec"]["ports"]} <= ports


@pytest.mark.parametrize("shape", ["everything", "pod-monitor"])
def test_ports_of_monitors(shape):
    rendered = manifests(SHAPES[shape])
    [monitor] = [manifest for manifest in rendered if manifest["kind"].endswith("Monitor")]
    spec = monitor["spec"]
    watched = (
        of_kind("Service", rendered) if "endpoints" in spec else [p for _, p in pods(rendered)]
    )
    [selected] = [candidate for candidate in watched if matches(spec["selector"], candidate)]
    [endpoint] = spec.get("endpoints", []) + spec.get("podMetricsEndpoints", [])
    assert endpoint["port"] in {p["name"] for ports in found("ports", selected) for p in ports}


def test_backends_of_routes():
    rendered = manifests(SHAPES["everything"])
    services = {m["metadata"]["name"]: m["spec"]["ports"] for m in of_kind("Service", rendered)}
    [route] = of_kind("HTTPRoute", rendered)
    for backend in [backend for refs in found("backendRefs", route) for backend in refs]:
        assert backend["port"] in [port["port"] for port in services[backend["name"]]]
    [ingress] = of_kind("Ingress", rendered)
    for backend in found("service", ingress):
        assert backend["port"]["name"] in [port["name"] for port in services[backend["name"]]]


def test_the_service_that_is_tested():
    rendered = manifests({})
    [pod] = hooks(rendered, "test")
    [container] = containers(pod)
    assert container["args"] == ["healthcheck"]
    asked = {variable["name"]: variable["value"] for variable in container["env"]}
    [service] = [s for s in of_kind("Service", rendered) if s["metadata"]["name"] == asked["HOST"]]
    assert service["spec"]["ports"][0]["port"] == int(asked["PORT"])


@every_shape
def test_names_begin_with_that_of_the_release(shape):
    name = SHAPES[shape].get("fullnameOverride", RELEASE)
    for manifest in manifests(SHAPES[shape]):
        assert manifest["metadata"]["name"].startswith(name)


def test_names_fit_however_long_that_of_the_release_is():
    texts = chart().render(SHAPES["evaluation"], name=53 * "x")
    for name, text in texts.items():
        if name.endswith(".yaml"):
            for manifest in manifests_of(text):
                assert len(manifest["metadata"]["name"]) <= 63
