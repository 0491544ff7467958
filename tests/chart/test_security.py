"""Pods may do no more than they must, and secrets are where they belong."""

import pytest
from rendering import (
    SHAPES,
    component,
    containers,
    deployment,
    every_shape,
    found,
    manifests,
    of_kind,
    pods,
    service_container,
)
from test_references import matches, selector_of


@every_shape
def test_every_pod_fulfils_the_restricted_standard(shape):
    for name, pod in pods(manifests(SHAPES[shape])):
        spec, context = pod["spec"], pod["spec"]["securityContext"]
        assert context["runAsNonRoot"] is True and context["runAsUser"] > 0, name
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert not {"hostNetwork", "hostPID", "hostIPC"} & spec.keys(), name
        kinds = {kind for volume in spec.get("volumes", []) for kind in volume if kind != "name"}
        assert kinds <= {"configMap", "emptyDir", "persistentVolumeClaim", "projected", "secret"}
        for container in containers(pod):
            context = container["securityContext"]
            assert context["allowPrivilegeEscalation"] is False, name
            assert context["capabilities"] == {"drop": ["ALL"]}, name
            # More than the standard asks for.
            assert context["readOnlyRootFilesystem"] is True, name


@every_shape
def test_no_pod_gets_a_token_or_variables_of_other_services(shape):
    for name, pod in pods(manifests(SHAPES[shape])):
        assert pod["spec"]["automountServiceAccountToken"] is False, name
        assert pod["spec"]["enableServiceLinks"] is False, name


def test_secrets_stand_in_secrets_alone():
    secrets = ["an-api-key-of-the-tests", "a-postgres-password", "a-redis-password"]
    rendered = manifests(SHAPES["cluster"])
    assert all(secret in str(of_kind("Secret", rendered)) for secret in secrets)
    for manifest in rendered:
        if manifest["kind"] != "Secret":
            assert not [secret for secret in secrets if secret in str(manifest)], manifest["kind"]


def test_the_service_does_not_see_the_secret_of_who_may_change_tables():
    rendered = manifests(SHAPES["postgres-redis"])
    assert "benchmark-migrations" not in str(service_container(rendered))
    spec = deployment(rendered)["spec"]["template"]["spec"]
    assert "benchmark-migrations" in str(spec["initContainers"])


def policies(values):
    """Who may reach whom, by the end of the policy's name."""
    rendered = of_kind("NetworkPolicy", manifests(values))
    return {policy["metadata"]["name"].split("-")[-1]: policy["spec"] for policy in rendered}


def namespaces(rule):
    return sorted(set(found("kubernetes.io/metadata.name", rule)))


def egress(values, policy="api"):
    """The ports that may be reached, and the namespaces that they are in."""
    return {
        port["port"]: namespaces(rule)
        for rule in policies(values)[policy]["egress"]
        for port in rule["ports"]
    }


@every_shape
def test_every_pod_but_that_of_a_test_is_under_a_policy(shape):
    rendered = manifests(SHAPES[shape])
    policies = of_kind("NetworkPolicy", rendered)
    for name, pod in pods(rendered):
        ruled = any(matches(selector_of(policy), pod) for policy in policies)
        assert ruled or component(pod) == "test", name


def test_the_service_reaches_what_it_needs_and_no_more():
    assert egress(SHAPES["everything"]) == {
        53: ["kube-system"],
        5432: ["databases"],
        6380: ["caches"],
        4318: ["tracing"],
        443: [],
    }
    assert set(egress(SHAPES["default"])) == {53}
    assert set(egress(SHAPES["postgres-redis"])) == {53, 5432, 5433, 6379}
    # The primary that the sentinels name is at Redis's own port.
    assert set(egress(SHAPES["sentinel"])) == {53, 5432, 5433, 26379, 26380, 6379}
    assert set(egress(SHAPES["cluster"])) == {53, 5432, 7000}
    assert set(egress(SHAPES["operators"])) == {53, 6432, 6379}


def test_a_migration_reaches_the_database_and_no_more():
    assert egress(SHAPES["everything"], "migrate") == {
        53: ["kube-system"],
        5432: ["databases"],
        443: [],
    }
    assert set(egress(SHAPES["sentinel"], "migrate")) == {53, 5432, 5433}
    spec = policies(SHAPES["sentinel"])["migrate"]
    assert "Ingress" in spec["policyTypes"] and "ingress" not in spec


SECRET_URL = {"existingSecret": {"name": "s", "urlKey": "url"}}
PAST_A_POOLER = {
    "postgres": {"hosts": ["pooler:6432"], "port": 5433},
    "migrations": {"existingSecret": {"name": "s"}},
}


@pytest.mark.parametrize("policy", ["api", "migrate"])
@pytest.mark.parametrize(
    ("values", "ports"),
    [
        ({"postgres": SECRET_URL | {"replicaHosts": ["replica:5433"]}}, {5432, 5433}),
        (PAST_A_POOLER, {5433, 6432}),
    ],
    ids=["beside replicas", "past a pooler"],
)
def test_a_server_that_a_secret_names_is_at_the_port_of_postgres(policy, values, ports):
    assert set(egress(values, policy)) == {53} | ports


def test_the_service_is_reached_by_those_who_may():
    api, metrics = policies(SHAPES["everything"])["api"]["ingress"]
    assert (api["ports"], namespaces(api)) == ([{"port": "http"}], ["gateways"])
    assert list(found("app.kubernetes.io/component", api)) == ["test"]
    assert (metrics["ports"], namespaces(metrics)) == ([{"port": "metrics"}], ["monitoring"])


@every_shape
def test_the_metrics_are_not_where_the_api_is(shape):
    for service in of_kind("Service", manifests(SHAPES[shape])):
        assert len(service["spec"]["ports"]) == 1
