"""Pods are started, replaced and stopped so that no request fails."""

import helm_python
import pytest
from rendering import (
    SHAPES,
    configuration,
    containers,
    deployment,
    every_shape,
    manifests,
    of_kind,
    pods,
    service_container,
)
from test_values import with_value

ON_SQLITE = ["default", "embedded", "pod-monitor"]
ON_POSTGRES = [shape for shape in SHAPES if shape not in ON_SQLITE]


@every_shape
def test_every_container_says_what_it_needs(shape):
    for name, pod in pods(manifests(SHAPES[shape])):
        for container in containers(pod):
            assert container["resources"]["requests"].keys() == {"cpu", "memory"}, name
            assert container["resources"]["limits"]["memory"], name


@every_shape
def test_every_container_that_stays_is_watched(shape):
    rendered = manifests(SHAPES[shape])
    # Whoever adds a container watches it.
    added = SHAPES[shape].get("extraContainers", [])
    for name, pod in pods(of_kind("Deployment", rendered) + of_kind("StatefulSet", rendered)):
        for container in pod["spec"]["containers"]:
            assert container in added or {"readinessProbe", "livenessProbe"} <= container.keys(), (
                name
            )
    paths = {
        "startupProbe": "/health/live",
        "readinessProbe": "/health/ready",
        "livenessProbe": "/health/live",
    }
    for probe, path in paths.items():
        asked = {"path": path, "port": "http"}
        assert service_container(rendered)[probe]["httpGet"] == asked


@every_shape
def test_a_start_may_take_longer_than_it_waits_for_the_database(shape):
    container = service_container(manifests(SHAPES[shape]))
    probe, arguments = container["startupProbe"], container["args"]
    waits = int(arguments[arguments.index("--wait") + 1])
    assert probe["periodSeconds"] * probe["failureThreshold"] > 2 * waits


@every_shape
def test_a_pod_may_take_longer_to_end_than_the_service(shape):
    rendered = manifests(SHAPES[shape])
    told = configuration(rendered)
    needed = float(told["SHUTDOWN_DRAIN"]) + float(told["SHUTDOWN_TIMEOUT"])
    spec = deployment(rendered)["spec"]["template"]["spec"]
    assert spec["terminationGracePeriodSeconds"] > needed


def test_a_pod_that_sleeps_before_it_ends_may_take_that_much_longer():
    plain = SHAPES["default"]
    asleep = manifests(with_value(plain, ("shutdown", "preStopSeconds"), 7))
    assert service_container(asleep)["lifecycle"] == {"preStop": {"sleep": {"seconds": 7}}}
    assert "lifecycle" not in service_container(manifests(plain))
    grace = [
        deployment(rendered)["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
        for rendered in (manifests(plain), asleep)
    ]
    assert grace[1] == grace[0] + 7


@pytest.mark.parametrize("shape", ON_POSTGRES)
def test_a_pod_is_replaced_only_by_one_that_is_ready(shape):
    rendered = manifests(SHAPES[shape])
    strategy = deployment(rendered)["spec"]["strategy"]
    assert strategy == {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0},
    }
    [budget] = of_kind("PodDisruptionBudget", rendered)
    # What does not work anyway may always go.
    assert budget["spec"]["unhealthyPodEvictionPolicy"] == "AlwaysAllow"


@pytest.mark.parametrize("shape", ON_SQLITE)
def test_a_pod_with_a_file_is_stopped_before_it_is_replaced(shape):
    spec = deployment(manifests(SHAPES[shape]))["spec"]
    assert (spec["strategy"], spec["replicas"]) == ({"type": "Recreate"}, 1)


def test_the_file_outlives_the_release():
    [claim] = of_kind("PersistentVolumeClaim", manifests(SHAPES["embedded"]))
    assert claim["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("config", "LOG_LEVEL"), "debug"),
        (("postgres", "password"), "another"),
        (("image", "tag"), "2.0.0"),
    ],
)
def test_another_configuration_is_another_pod(path, value):
    before = SHAPES["cluster"]
    after = with_value(before, path, value)
    templates = [deployment(manifests(values))["spec"]["template"] for values in [before, after]]
    assert templates[0] != templates[1]


def test_the_load_sets_the_number_of_pods_where_it_is_told_to():
    rendered = manifests(SHAPES["everything"])
    assert "replicas" not in deployment(rendered)["spec"]
    [scaler] = of_kind("HorizontalPodAutoscaler", rendered)
    assert scaler["spec"]["scaleTargetRef"]["name"] == deployment(rendered)["metadata"]["name"]


@pytest.mark.parametrize("cpu", ["500m", "0.5", 0.5, 1, "2"])
def test_the_load_may_set_the_number_of_pods_that_request_enough(cpu):
    values = with_value(SHAPES["everything"], ("resources", "requests", "cpu"), cpu)
    assert of_kind("HorizontalPodAutoscaler", manifests(values))


@pytest.mark.parametrize("cpu", ["499m", "0.1", 0.1, None])
def test_pods_that_request_less_do_not_scale(cpu):
    values = with_value(SHAPES["everything"], ("resources", "requests", "cpu"), cpu)
    with pytest.raises(helm_python.HelmRenderError, match="resources.requests.cpu: "):
        manifests(values)


def test_the_pods_of_a_version_are_spread():
    spec = deployment(manifests(SHAPES["postgres-redis"]))["spec"]
    constraints = spec["template"]["spec"]["topologySpreadConstraints"]
    assert len(constraints) == 2
    for constraint in constraints:
        assert constraint["labelSelector"] == spec["selector"]
        assert constraint["matchLabelKeys"] == ["pod-template-hash"]


def test_a_digest_wins_over_a_tag():
    image = {"repository": "example.org/api", "tag": "1.2.3"}
    digest = "sha256:" + 64 * "a"
    by_tag, by_digest = [
        service_container(manifests({"image": image}))["image"]
        for image in [image, image | {"digest": digest}]
    ]
    assert by_tag == "example.org/api:1.2.3"
    assert by_digest == f"example.org/api@{digest}"
