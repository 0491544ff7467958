"""Every value means something, and what means nothing is refused by its name."""

import copy

import helm_python
import jsonschema
import pytest
import yaml
from rendering import CHART, SCHEMA, SHAPES, helm3, helm4

VALUES = yaml.safe_load((CHART / "values.yaml").read_text())


def resolved(schema):
    """The schema that a reference stands for."""
    name = schema.get("$ref", "").removeprefix("#/definitions/")
    return SCHEMA["definitions"][name] if name else schema


def sections(schema=SCHEMA, path=()):
    """The path and the schema of all that may have no other members than it names."""
    schema = resolved(schema)
    if schema.get("additionalProperties") is False and "properties" in schema:
        yield path, schema
        for name, inner in schema["properties"].items():
            yield from sections(inner, (*path, name))


SECTIONS = dict(sections())
# All values, down to where Kubernetes says what may stand there.
LEAVES = {
    (*path, name): inner
    for path, schema in SECTIONS.items()
    for name, inner in schema["properties"].items()
    if (*path, name) not in SECTIONS and (*path, name) != ("global",)
}
# What stands in `values.yaml` neither with a default nor as a comment: the keys of
# the service that the chart only hands on, and settings of probes.
OPTIONAL = {"config", "startupProbe", "readinessProbe", "livenessProbe"}

every_leaf = pytest.mark.parametrize("path", LEAVES, ids=".".join)
every_section = pytest.mark.parametrize("path", SECTIONS, ids=lambda path: ".".join(path) or "top")


def get(values, path):
    for name in path:
        values = values.get(name) if isinstance(values, dict) else None
    return values


def with_value(values, path, value):
    """The values, with one of them set."""
    values = copy.deepcopy(values)
    inner = values
    for name in path[:-1]:
        inner = inner.setdefault(name, {})
    inner[path[-1]] = value
    return values


def members(values, path=()):
    """The paths of the values in `values.yaml`, down to where the schema says no
    more."""
    for name, value in values.items():
        inner = (*path, name)
        yield from members(value, inner) if inner in SECTIONS else [inner]


def test_the_values_and_the_schema_have_the_same_members():
    in_values = set(members(VALUES))
    assert in_values <= set(LEAVES)
    missing = {path for path in LEAVES if path not in in_values and path[0] not in OPTIONAL}
    assert missing == set()


CANDIDATES = [
    *[False, True, 7, 8, None],
    *["another", "7", "7s", "7Gi", "/another", "another-api-key-of-the-tests"],
    *["http://another", "10.0.0.7", "debug"],
    "sha256:" + 64 * "7",
    *[["another"], ["ReadWriteMany"], [{"name": "another"}], {"another": "another"}],
    [{"topologyKey": "another", "maxSkew": 1, "whenUnsatisfiable": "DoNotSchedule"}],
]


def admitted(schema, value):
    validator = jsonschema.Draft7Validator({**schema, "definitions": SCHEMA["definitions"]})
    return validator.is_valid(value)


def rendered(values):
    """What is rendered, or why it is not."""
    try:
        return helm4(values)
    except helm_python.HelmRenderError as error:
        return str(error)


@every_leaf
def test_every_value_makes_a_difference(path):
    schema = LEAVES[path]
    candidates = resolved(schema).get("enum", []) + CANDIDATES
    others = [value for value in candidates if admitted(schema, value)]
    assert others
    for values in SHAPES.values():
        before = rendered(values)
        is_now = get(values, path)
        is_now = get(VALUES, path) if is_now is None else is_now
        for other in others:
            if other != is_now and rendered(with_value(values, path, other)) != before:
                return
    pytest.fail("no shape of the chart changes with it")


@every_section
def test_a_typo_is_refused_by_its_name(path):
    with pytest.raises(helm_python.HelmValuesError, match="'tyop' not allowed"):
        helm4(with_value({}, (*path, "tyop"), "x"))


@every_leaf
def test_a_wrong_value_is_refused_by_its_name(path):
    wrong = next(
        value for value in [{"wrong": []}, ["wrong", 1], "!"] if not admitted(LEAVES[path], value)
    )
    with pytest.raises(helm_python.HelmValuesError, match="at '/" + "/".join(path)):
        helm4(with_value({}, path, wrong))


def test_helm_3_refuses_what_helm_4_refuses():
    for setting in ["tyop=1", "image.tyop=1", "image.pullPolicy=tyop", "replicas=tyop"]:
        refused = helm3("template", "--set", setting)
        assert refused.returncode != 0
        named = setting.split("=")[0] if setting.endswith("=tyop") else "tyop"
        assert named in refused.stderr


SECRET_URL = {"existingSecret": {"name": "s", "urlKey": "url"}}

CONTRADICTIONS = {
    "two pods on one SQLite file": ({"replicas": 2}, "replicas"),
    "many pods on one SQLite file": ({"autoscaling": {"enabled": True}}, "autoscaling.enabled"),
    "fewer pods than the fewest": (
        {"postgres": {"hosts": ["db"]}, "autoscaling": {"minReplicas": 9}},
        "autoscaling.minReplicas",
    ),
    "pods for next to no load": (
        {"postgres": {"hosts": ["db"]}, "autoscaling": {"enabled": True}},
        "resources.requests.cpu",
    ),
    "two places of PostgreSQL": (
        {
            "postgres": {"hosts": ["db"], "password": "p"},
            "evaluation": {"postgres": {"enabled": True}},
        },
        "postgres.hosts",
    ),
    "a password for no PostgreSQL": ({"postgres": {"password": "p"}}, "postgres.hosts"),
    "replicas of nothing": ({"postgres": {"replicaHosts": ["db-2"]}}, "postgres.hosts"),
    "migrations of nothing": (
        {"migrations": {"existingSecret": {"name": "s"}}},
        "postgres.hosts",
    ),
    "PostgreSQL of the release without a password": (
        {"evaluation": {"postgres": {"enabled": True}}},
        "postgres.password",
    ),
    "TLS to PostgreSQL of the release": (
        {
            "postgres": {"password": "p", "sslMode": "verify-full"},
            "evaluation": {"postgres": {"enabled": True}},
        },
        "postgres.sslMode",
    ),
    "replicas of PostgreSQL of the release": (
        {
            "postgres": {"password": "p", "replicaHosts": ["db-2"]},
            "evaluation": {"postgres": {"enabled": True}},
        },
        "postgres.replicaHosts",
    ),
    "TLS to Redis of the release": (
        {"redis": {"tls": {"enabled": True}}, "evaluation": {"redis": {"enabled": True}}},
        "redis.tls.enabled",
    ),
    "a user of Redis of the release": (
        {"redis": {"user": "u"}, "evaluation": {"redis": {"enabled": True}}},
        "redis.user",
    ),
    "a user's name out of a Secret for Redis of the release": (
        {
            "redis": {"existingSecret": {"name": "s", "userKey": "user"}},
            "evaluation": {"redis": {"enabled": True}},
        },
        "redis.existingSecret.userKey",
    ),
    "a database of Redis of the release that is not there": (
        {"redis": {"database": 16}, "evaluation": {"redis": {"enabled": True}}},
        "redis.database",
    ),
    "two passwords of PostgreSQL": (
        {"postgres": {"hosts": ["db"], "password": "p", "existingSecret": {"name": "s"}}},
        "postgres.password",
    ),
    "an entry of no Secret": (
        {"postgres": {"existingSecret": {"urlKey": "uri"}}},
        "postgres.existingSecret.name",
    ),
    "two authorities of Redis": (
        {"redis": {"hosts": ["r"], "tls": {"ca": {"configMap": "a", "secret": "b"}}}},
        "redis.tls.ca",
    ),
    "two authorities of PostgreSQL": (
        {"postgres": {"hosts": ["db"], "ca": {"configMap": "a", "secret": "b"}}},
        "postgres.ca",
    ),
    "two places of Redis": (
        {"redis": {"hosts": ["r"], "existingSecret": {"name": "s", "urlKey": "url"}}},
        "redis.hosts",
    ),
    "a password for no Redis": ({"redis": {"password": "p"}}, "redis.hosts"),
    "a mode of no Redis": ({"redis": {"mode": "cluster"}}, "redis.mode"),
    "several standalone servers": ({"redis": {"hosts": ["a", "b"]}}, "redis.mode"),
    "a cluster behind a URL": (
        {"redis": {"mode": "cluster", "existingSecret": {"name": "s", "urlKey": "url"}}},
        "redis.mode",
    ),
    "a database that a cluster does not have": (
        {"redis": {"mode": "cluster", "hosts": ["r"], "database": 1}},
        "redis.database",
    ),
    "a database beside a URL of PostgreSQL": (
        {"postgres": {**SECRET_URL, "database": "another"}},
        "postgres.database",
    ),
    "a user beside a URL of PostgreSQL": (
        {"postgres": {**SECRET_URL, "user": "another"}},
        "postgres.user",
    ),
    "TLS beside a URL of PostgreSQL": (
        {"postgres": {**SECRET_URL, "sslMode": "verify-full"}},
        "postgres.sslMode",
    ),
    "a user's name beside a URL of PostgreSQL": (
        {"postgres": {"existingSecret": {"name": "s", "urlKey": "url", "userKey": "user"}}},
        "postgres.existingSecret.userKey",
    ),
    "a password beside a URL of PostgreSQL": (
        {"postgres": {"existingSecret": {"name": "s", "urlKey": "url", "passwordKey": "p"}}},
        "postgres.existingSecret.passwordKey",
    ),
    "a database beside a URL of Redis": (
        {"redis": {**SECRET_URL, "database": 2}},
        "redis.database",
    ),
    "a user beside a URL of Redis": ({"redis": {**SECRET_URL, "user": "u"}}, "redis.user"),
    "TLS beside a URL of Redis": (
        {"redis": {**SECRET_URL, "tls": {"enabled": True}}},
        "redis.tls.enabled",
    ),
    "a user's name beside a URL of Redis": (
        {"redis": {"existingSecret": {"name": "s", "urlKey": "url", "userKey": "user"}}},
        "redis.existingSecret.userKey",
    ),
    "a password beside a URL of Redis": (
        {"redis": {"existingSecret": {"name": "s", "urlKey": "url", "passwordKey": "p"}}},
        "redis.existingSecret.passwordKey",
    ),
    "a port of no PostgreSQL": ({"postgres": {"port": 6432}}, "postgres.port"),
    "TLS to no PostgreSQL": ({"postgres": {"sslMode": "verify-full"}}, "postgres.sslMode"),
    "authorities of no PostgreSQL": (
        {"postgres": {"ca": {"secret": "s"}}},
        "postgres.ca.secret",
    ),
    "a port of no Redis": ({"redis": {"port": 6380}}, "redis.port"),
    "TLS to no Redis": ({"redis": {"tls": {"enabled": True}}}, "redis.tls.enabled"),
    "authorities of no Redis": (
        {"redis": {"tls": {"ca": {"configMap": "c"}}}},
        "redis.tls.ca.configMap",
    ),
    "authorities of PostgreSQL that verify nothing": (
        {"postgres": {"hosts": ["db"], "sslMode": "require", "ca": {"configMap": "c"}}},
        "postgres.ca",
    ),
    "authorities of PostgreSQL of the release": (
        {
            "postgres": {"password": "p", "ca": {"secret": "s"}},
            "evaluation": {"postgres": {"enabled": True}},
        },
        "postgres.ca",
    ),
    "authorities of Redis without TLS": (
        {"redis": {"hosts": ["r"], "tls": {"ca": {"secret": "s"}}}},
        "redis.tls.ca",
    ),
    "an entry of no authorities of PostgreSQL": (
        {"postgres": {"hosts": ["db"], "sslMode": "verify-ca", "ca": {"key": "ca.pem"}}},
        "postgres.ca.key",
    ),
    "an entry of no authorities of Redis": (
        {"redis": {"hosts": ["r"], "tls": {"enabled": True, "ca": {"key": "ca.pem"}}}},
        "redis.tls.ca.key",
    ),
    "the password of no Secret": (
        {"redis": {"hosts": ["r"], "existingSecret": {"passwordKey": "p"}}},
        "redis.existingSecret.name",
    ),
    "the password of sentinels of no Secret": (
        {
            "redis": {
                "mode": "sentinel",
                "hosts": ["s"],
                "existingSecret": {"sentinelPasswordKey": "p"},
            }
        },
        "redis.existingSecret.name",
    ),
    "the API key of no Secret": (
        {"apiKey": {"existingSecret": {"key": "another"}}},
        "apiKey.existingSecret.name",
    ),
    "the URL to migrate of no Secret": (
        {"postgres": {"hosts": ["db"]}, "migrations": {"existingSecret": {"urlKey": "uri"}}},
        "migrations.existingSecret.name",
    ),
    "a user of Redis without a password": (
        {"redis": {"hosts": ["r"], "user": "u"}},
        "redis.password",
    ),
    "a user of Redis without an entry of a password": (
        {
            "redis": {
                "hosts": ["r"],
                "user": "u",
                "existingSecret": {"name": "s", "passwordKey": ""},
            }
        },
        "redis.password",
    ),
    "a user of sentinels without a password": (
        {
            "redis": {
                "mode": "sentinel",
                "hosts": ["s"],
                "existingSecret": {"name": "s", "sentinelUserKey": "user"},
            }
        },
        "redis.existingSecret.sentinelPasswordKey",
    ),
    "an account of sentinels that is not used": (
        {
            "redis": {
                "mode": "sentinel",
                "sentinelAuth": False,
                "hosts": ["s"],
                "existingSecret": {"name": "s", "sentinelPasswordKey": "p"},
            }
        },
        "redis.sentinelAuth",
    ),
    "the primary of no sentinels": (
        {"redis": {"hosts": ["r"], "sentinelMaster": "another"}},
        "redis.sentinelMaster",
    ),
    "an account of no sentinels": (
        {"redis": {"hosts": ["r"], "existingSecret": {"name": "s", "sentinelPasswordKey": "p"}}},
        "redis.existingSecret.sentinelPasswordKey",
    ),
    "a schema of no PostgreSQL": (
        {"config": {"POSTGRES_SCHEMA": "another"}},
        "config.POSTGRES_SCHEMA",
    ),
    "a migration of no PostgreSQL": (
        {"config": {"MIGRATION_LOCK": "none"}},
        "config.MIGRATION_LOCK",
    ),
    "a prefix of no Redis": ({"config": {"REDIS_PREFIX": "another"}}, "config.REDIS_PREFIX"),
    "files of no log": ({"config": {"LOG_FILE_DAILY": False}}, "config.LOG_FILE_DAILY"),
    "a log where nothing can be written": (
        {"config": {"LOG_FILE": "/logs/log"}, "extraVolumeMounts": [{"mountPath": "/log"}]},
        "config.LOG_FILE",
    ),
    "a log on a volume that is not there": (
        {"postgres": {"hosts": ["db"]}, "config": {"LOG_FILE": "/data/log"}},
        "config.LOG_FILE",
    ),
    "pods of which none may be replaced": (
        {
            "postgres": {"hosts": ["db"]},
            "rollingUpdate": {"maxSurge": "0%", "maxUnavailable": 0},
        },
        "rollingUpdate",
    ),
    "two API keys": (
        {"apiKey": {"value": "sixteen-or-more-characters", "existingSecret": {"name": "s"}}},
        "apiKey.value",
    ),
    "a start that is given up": ({"databaseWaitSeconds": 300}, "databaseWaitSeconds"),
    "two ports that are one": ({"metrics": {"port": 8000}}, "metrics.port"),
    "a route without a gateway": ({"httpRoute": {"enabled": True}}, "httpRoute.parentRefs"),
}


@pytest.mark.parametrize("case", CONTRADICTIONS)
def test_a_contradiction_is_refused_by_its_name(case):
    values, name = CONTRADICTIONS[case]
    with pytest.raises(helm_python.HelmRenderError) as refusal:
        helm4(values)
    told = str(refusal.value).splitlines()[1:]
    assert [line for line in told if name in line.split(":")[0]], told


@pytest.mark.parametrize(
    "values",
    [
        {"postgres": {**SECRET_URL, "port": 6432, "ca": {"secret": "s"}}},
        {"redis": {**SECRET_URL, "port": 6380, "tls": {"ca": {"secret": "s"}}}},
        {"redis": {"mode": "sentinel", "hosts": ["s"], "sentinelAuth": False}},
        {"config": {"LOG_FILE": "/data/log", "LOG_FILE_KEEP": 0}},
        {"config": {"LOG_FILE": "log"}, "securityContext": {"readOnlyRootFilesystem": False}},
        {"config": {"POSTGRES_POOL_SIZE": "", "REDIS_PREFIX": ""}},
        {"postgres": {"hosts": ["db"]}, "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}},
        {"rollingUpdate": {"maxSurge": 0}},
    ],
)
def test_what_contradicts_nothing_is_taken(values):
    assert helm4(values)


@pytest.mark.parametrize("section", ["postgres", "redis"])
@pytest.mark.parametrize("host", ["db", "db:65535", "10.0.0.1:1", "::1", "[::1]", "[::1]:6379"])
def test_a_host_is_taken_with_and_without_a_port(section, host):
    assert helm4({section: {"hosts": [host]}})


@pytest.mark.parametrize("section", ["postgres", "redis"])
@pytest.mark.parametrize(
    "host", ["", "a b", "a,b", "db:", ":1", "db:65536", "db:port", "[::1", "u@db", "redis://db"]
)
def test_what_is_no_host_is_refused(section, host):
    with pytest.raises(helm_python.HelmValuesError, match=f"at '/{section}/hosts/0"):
        helm4({section: {"hosts": [host]}})


def test_the_folder_of_a_socket_is_a_host_of_postgresql_alone():
    assert helm4({"postgres": {"hosts": ["/sockets/project:region:db"]}})
    with pytest.raises(helm_python.HelmValuesError, match="at '/redis/hosts/0"):
        helm4({"redis": {"hosts": ["/sockets/redis"]}})


def test_all_contradictions_are_told_at_once():
    with pytest.raises(helm_python.HelmRenderError) as refusal:
        helm4({"replicas": 2, "redis": {"hosts": ["a", "b"]}})
    assert len(str(refusal.value).strip().splitlines()) == 3
