"""The chart and the service speak of the same configuration."""

import os
import subprocess
import tomllib

import yaml
from rendering import (
    CHART,
    ROOT,
    SCHEMA,
    SHAPES,
    configuration,
    containers,
    deployment,
    every_shape,
    found,
    manifests,
    of_kind,
    pods,
    service_container,
)

SAMPLE = {
    line.split("=")[0]
    for line in (ROOT / ".env.sample").read_text().splitlines()
    if "=" in line and not line.startswith("#")
}
BINARY = os.environ.get("BENCHMARK_API", ROOT / "target" / "debug" / "benchmark-api")


def variables(values):
    """The keys that the chart itself sets, wherever."""
    rendered = manifests(values)
    given = {variable["name"] for variable in values.get("extraEnv", [])}
    ours = ["benchmark-api", "migrate", "healthcheck"]
    of_containers = {
        variable["name"]
        for _, pod in pods(rendered)
        for container in containers(pod)
        if container["name"] in ours
        for variable in container.get("env", [])
    }
    return set(configuration(rendered)) | of_containers - given


def test_the_service_knows_every_key_of_the_chart():
    assert set(SCHEMA["properties"]["config"]["properties"]) <= SAMPLE
    for values in SHAPES.values():
        assert variables(values) <= SAMPLE


def test_the_chart_knows_every_key_of_the_service():
    handed_on = set(SCHEMA["properties"]["config"]["properties"])
    set_by_itself = set().union(*(variables(values) for values in SHAPES.values()))
    assert SAMPLE - handed_on - set_by_itself == set()


def test_a_key_is_set_in_one_way():
    handed_on = set(SCHEMA["properties"]["config"]["properties"])
    set_by_itself = set().union(
        *(variables({**values, "config": {}}) for values in SHAPES.values())
    )
    defaults = set(yaml.safe_load((CHART / "values.yaml").read_text())["config"])
    assert handed_on & set_by_itself <= defaults


@every_shape
def test_the_service_takes_the_configuration(shape, tmp_path):
    rendered = manifests(SHAPES[shape])
    urls = {
        "DATABASE_URL": "postgres://benchmark:p@db.example.org/benchmark",
        "REDIS_URL": "redis://:p@redis.example.org",
    }
    secrets = {
        variable["name"]: urls.get(variable["name"], "a-secret-of-the-tests")
        for variable in service_container(rendered).get("env", [])
        if "secretKeyRef" in variable.get("valueFrom", {})
    }
    # Nothing listens there: the service reads all, and then fails to reach itself.
    nowhere = {"HOST": "127.0.0.1", "PORT": "1"}
    outcome = subprocess.run(
        [BINARY, "healthcheck"],
        env=configuration(rendered) | secrets | nowhere,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "http://127.0.0.1:1/health/ready does not answer" in outcome.stderr


@every_shape
def test_the_ports_are_those_that_the_service_is_told(shape):
    rendered = manifests(SHAPES[shape])
    told = configuration(rendered)
    ports = {port["name"]: port["containerPort"] for port in service_container(rendered)["ports"]}
    assert ports == {"http": int(told["PORT"]), "metrics": int(told["METRICS_PORT"])}
    services = of_kind("Service", rendered)
    for suffix, port in {"-api": "http", "leaderboard": "http", "-metrics": "metrics"}.items():
        for service in services:
            if service["metadata"]["name"].endswith(suffix):
                assert service["spec"]["ports"][0]["targetPort"] == port


@every_shape
def test_certificates_are_where_the_service_is_told(shape):
    rendered = manifests(SHAPES[shape])
    told = configuration(rendered)
    mounts = service_container(rendered).get("volumeMounts", [])
    folder = [mount["mountPath"] for mount in mounts if mount["name"] == "certificates"]
    volumes = deployment(rendered)["spec"]["template"]["spec"].get("volumes", [])
    files = [f"{folder[0]}/{item['path']}" for items in found("items", volumes) for item in items]
    assert sorted(files) == sorted(told[key] for key in told if key.endswith("ROOTCERT"))


def test_large_numbers_are_written_in_digits():
    values = {"config": {"CACHE_MAX_BYTES": 1073741824, "CACHE_EXPIRATION": 0.25}}
    told = configuration(manifests(values))
    assert (told["CACHE_MAX_BYTES"], told["CACHE_EXPIRATION"]) == ("1073741824", "0.25")


def test_the_chart_is_of_the_version_of_the_service():
    cargo = tomllib.loads((ROOT / "Cargo.toml").read_text())
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert chart["appVersion"] == cargo["workspace"]["package"]["version"]
