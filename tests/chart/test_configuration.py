"""The chart and the service speak of the same configuration."""

import os
import subprocess
import tomllib

import helm_python
import pytest
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
    helm4,
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
    assert READ in told_by_service(configuration(rendered) | secrets, tmp_path)


READ = "http://127.0.0.1:1/health/ready does not answer"


def told_by_service(variables, folder):
    """What the service says of an environment: `READ` where it takes it."""
    # Nothing listens there: the service reads all, and then fails to reach itself.
    nowhere = {"HOST": "127.0.0.1", "PORT": "1"}
    outcome = subprocess.run(
        [BINARY, "healthcheck"],
        env=variables | nowhere,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return outcome.stderr


# What makes every key one of something.
OF_ALL = {"postgres": {"hosts": ["db"]}, "redis": {"hosts": ["r"]}}
KEYS = SCHEMA["properties"]["config"]["properties"]
COUNTS = {
    key: (schema["minimum"], schema["maximum"])
    for key, schema in KEYS.items()
    if "minimum" in schema
}
SECONDS = [key for key, schema in KEYS.items() if schema.get("$ref") == "#/definitions/seconds"]
LIMITS = COUNTS | dict.fromkeys(SECONDS, (0, 86400))


def with_config(key, value):
    # The rules of a file hold where there is one.
    return {**OF_ALL, "config": {"LOG_FILE": "/dev/null", key: value}}


def test_every_number_of_the_service_has_limits():
    numbers = {key for key, schema in KEYS.items() if "definitions" in str(schema)}
    flags = {key for key, schema in KEYS.items() if schema.get("$ref") == "#/definitions/flag"}
    assert numbers - flags == set(LIMITS)


@pytest.mark.parametrize("key", LIMITS)
def test_the_limits_of_a_number_are_those_of_the_service(key, tmp_path):
    for limit, beyond in zip(LIMITS[key], (-1, 1), strict=True):
        for value in (limit, str(limit)):
            told = configuration(manifests(with_config(key, value)))
            assert told[key] == str(limit)
            assert READ in told_by_service(told, tmp_path)
        for value in (limit + beyond, str(limit + beyond)):
            assert READ not in told_by_service({key: str(value)}, tmp_path)
            with pytest.raises(helm_python.HelmError, match=f"config[./]{key}"):
                helm4(with_config(key, value))


def test_the_largest_database_of_redis_is_that_of_the_service(tmp_path):
    told = configuration(manifests({"redis": {"hosts": ["r"], "database": 1000000}}))
    assert READ in told_by_service(told, tmp_path)
    assert READ not in told_by_service({**told, "REDIS_DB": "1000001"}, tmp_path)
    with pytest.raises(helm_python.HelmValuesError, match="at '/redis/database'"):
        helm4({"redis": {"hosts": ["r"], "database": 1000001}})


TEXTS = {
    "LOG_LEVEL": (
        ["", "info", "WARN", "off", "5", "info,access=off", "info, debug", "a::b=TRACE,warn"]
        + ["access=", "a[span]=info", "info,a[span{x=1}]=debug", "[span{x=1}]"],
        ["inof", "6", "info,acces", "access=of", "info, access=off, x"],
    ),
    "DEFAULT_WORKLOAD": (["", "chat", "4k-1k_v1.0", 100 * "a"], ["a b", "-a", 101 * "a", "ä"]),
    "TRUSTED_PROXIES": (
        ["", "10.0.0.1", "10.0.0.0/8, ::1,", "2001:db8::/32", "::ffff:10.0.0.1"],
        ["10.0.0.1, proxy.example", "10.0.0.0/33", "face"],
    ),
    "OTEL_EXPORTER_OTLP_ENDPOINT": (
        ["", "http://localhost:4318", "HTTP://u:p@[::1]/v1?a=b"],
        ["https://localhost:4318", "localhost:4318", "http://", "http:///v1", "http://a b"],
    ),
}


@pytest.mark.parametrize("key", TEXTS)
def test_a_text_is_taken_where_the_service_takes_it(key, tmp_path):
    taken, refused = TEXTS[key]
    for text in taken:
        told = configuration(manifests(with_config(key, text)))
        assert READ in told_by_service(told, tmp_path), text
    for text in refused:
        assert READ not in told_by_service({key: text}, tmp_path), text
        with pytest.raises(helm_python.HelmValuesError, match=f"at '/config/{key}'"):
            helm4(with_config(key, text))


def test_an_origin_is_taken_as_browsers_write_it():
    key = "CORS_ALLOWED_ORIGINS"
    for text in ["", "*", "https://a.example, http://localhost:3000,", "http://[::1]:8080"]:
        assert helm4(with_config(key, text))
    for text in ["a.example", "https://a.example/", "https://*.example", "https://A.example"]:
        with pytest.raises(helm_python.HelmValuesError, match=f"at '/config/{key}'"):
            helm4(with_config(key, text))


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
