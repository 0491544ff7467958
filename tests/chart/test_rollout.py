"""Pods are started, replaced and stopped so that no request fails."""

import json
import re
import subprocess

import helm_python
import kubernetes_validate
import pytest
from rendering import (
    KUBERNETES,
    NODE_MODULES,
    ROOT,
    SHAPES,
    configuration,
    containers,
    deployment,
    every_shape,
    found,
    helm3,
    hooks,
    manifests,
    manifests_of,
    of_kind,
    pods,
    service_container,
)
from test_references import matches, selector_of
from test_values import with_value

ON_SQLITE = ["default", "embedded", "pod-monitor"]
ON_POSTGRES = [shape for shape in SHAPES if shape not in ON_SQLITE]
MIGRATED_BY_A_JOB = ["postgres-redis", "sentinel", "cluster", "everything"]


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


@every_shape
def test_nothing_runs_before_an_installation(shape):
    assert hooks(manifests(SHAPES[shape]), "pre-install") == []


def test_an_upgrade_migrates_first_with_what_it_brings_itself():
    before = hooks(manifests(SHAPES["cluster"]), "pre-upgrade")
    [secret], [job] = of_kind("Secret", before), of_kind("Job", before)
    pod = job["spec"]["template"]
    assert containers(pod)[0]["args"][0] == "migrate"
    # The release's own objects are still those of the version before, or missing.
    assert {r["name"] for r in found("secretKeyRef", pod)} == {secret["metadata"]["name"]}
    assert list(found("configMapRef", pod)) == []
    assert "serviceAccountName" not in pod["spec"]


@pytest.mark.parametrize("shape", MIGRATED_BY_A_JOB)
@pytest.mark.parametrize("shape_before", SHAPES)
def test_nothing_of_the_version_before_rules_a_migration(shape, shape_before):
    [job] = of_kind("Job", hooks(manifests(SHAPES[shape]), "pre-upgrade"))
    for manifest in manifests(SHAPES[shape_before]):
        if "helm.sh/hook" not in manifest["metadata"].get("annotations", {}):
            selector = selector_of(manifest)
            assert not (selector and matches(selector, job["spec"]["template"]))


@pytest.mark.parametrize("shape", MIGRATED_BY_A_JOB)
def test_a_migration_is_ruled_by_what_comes_with_it(shape):
    before = hooks(manifests(SHAPES[shape]), "pre-upgrade")
    [job], [policy] = of_kind("Job", before), of_kind("NetworkPolicy", before)
    assert matches(selector_of(policy), job["spec"]["template"])
    weight = "helm.sh/hook-weight"
    first, then = [int(m["metadata"]["annotations"].get(weight, 0)) for m in (policy, job)]
    assert first < then


def test_a_migration_is_under_no_policy_where_there_is_none():
    values = with_value(SHAPES["sentinel"], ("networkPolicy", "enabled"), False)
    assert of_kind("NetworkPolicy", manifests(values)) == []


def test_an_upgrade_waits_for_no_database_that_comes_with_it():
    assert hooks(manifests(SHAPES["evaluation"]), "pre-upgrade") == []


@pytest.mark.parametrize("shape", MIGRATED_BY_A_JOB)
def test_a_migration_connects_like_the_service(shape):
    rendered = manifests(SHAPES[shape])
    [job] = of_kind("Job", hooks(rendered, "pre-upgrade"))
    variables = {v["name"]: v.get("value") for v in containers(job["spec"]["template"])[0]["env"]}
    told = configuration(rendered)
    of_postgres = {key: value for key, value in told.items() if key.startswith("POSTGRES_")}
    assert of_postgres.items() <= variables.items()
    assert "POSTGRES_PASSWORD" in variables


@pytest.mark.parametrize("shape", ON_POSTGRES)
def test_the_guide_undoes_a_migration_by_a_job_like_the_one_that_migrates(shape):
    values = with_value(SHAPES[shape], ("migrations", "existingSecret", "name"), "migrations")
    undoing = as_the_guide_says(values)
    [job], [policy] = of_kind("Job", undoing), of_kind("NetworkPolicy", undoing)
    assert matches(selector_of(policy), job["spec"]["template"])
    [container] = containers(job["spec"]["template"])
    assert container["args"] == ["migrate", "--revert", "--wait", "60"]
    assert "MIGRATION_DATABASE_URL" in {variable["name"] for variable in container["env"]}
    # Another try would undo the migration before.
    assert job["spec"]["backoffLimit"] == 0
    kubernetes_validate.validate(job, KUBERNETES[-1], strict=True)

    starting = deployment(manifests(values))["spec"]["template"]["spec"]["initContainers"][-1]
    assert starting["args"] == ["migrate", "--wait", "60"]
    assert of_postgres(starting) == of_postgres(container)


def as_the_guide_says(values):
    """What the guide has Helm make of a release's values to undo a migration."""
    guide = (ROOT / "deploy" / "README.md").read_text()
    [command] = re.findall(r"^ *(helm template .*?) \|$", guide, re.DOTALL | re.MULTILINE)
    rendered = subprocess.run(
        # Helm 3.6 alone takes clusters to be older than the chart admits.
        f"{NODE_MODULES}/.bin/{command} --kube-version {KUBERNETES[-1]}.0",
        shell=True,
        cwd=ROOT,
        input=json.dumps(values),
        capture_output=True,
        text=True,
        check=False,
    )
    assert rendered.returncode == 0, rendered.stderr
    return manifests_of(rendered.stdout)


def of_postgres(container):
    """The variables that say how to connect; `None` for what a Secret says."""
    return {
        variable["name"]: variable.get("value")
        for variable in container["env"]
        if variable["name"].startswith(("POSTGRES_", "DATABASE_", "MIGRATION_"))
    }


def test_no_upgrade_undoes_a_migration():
    options = ["--is-upgrade", "--set", "postgres.hosts={db},migrations.revert=true"]
    refused = helm3("template", "--kube-version", f"{KUBERNETES[-1]}.0", *options)
    assert refused.returncode != 0
    assert "migrations.revert: " in refused.stderr
