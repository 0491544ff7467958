"""The schema is brought up to date before the service that needs it, and back."""

import json
import re
import subprocess

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
)
from test_references import matches, selector_of
from test_rollout import ON_POSTGRES
from test_values import with_value

MIGRATED_BY_A_JOB = ["postgres-redis", "sentinel", "cluster", "everything"]


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
    connection = {key: value for key, value in told.items() if key.startswith("POSTGRES_")}
    assert connection.items() <= variables.items()
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
        f"{NODE_MODULES}/.bin/{command}",
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
