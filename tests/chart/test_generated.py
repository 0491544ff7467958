"""What is made from something else is what would be made from it now."""

import os
import re
import runpy
import subprocess

import kubernetes_validate
import pytest
from rendering import KUBERNETES, NODE_MODULES, ROOT, manifests_of

GENERATOR = runpy.run_path(str(ROOT / "deploy" / "generate.py"))
SHAPES = list(GENERATOR["SHAPES"])


def test_it_is_what_would_be_made_now():
    files = GENERATOR["generated"]()
    stale = [path for path, text in files.items() if not path.is_file() or path.read_text() != text]
    assert stale == [], "run `just charts`"
    folders = GENERATOR["FOLDERS"]
    there = {path for folder in folders for path in folder.rglob("*") if path.is_file()}
    assert there <= files.keys(), "run `just charts`"


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kubernetes", KUBERNETES)
def test_the_plain_manifests_are_what_kubernetes_takes(shape, kubernetes):
    built = manifests_of(kustomize(f"deploy/k8s/{shape}"))
    assert {"ConfigMap", "Deployment", "Service"} <= {manifest["kind"] for manifest in built}
    for manifest in built:
        kubernetes_validate.validate(manifest, kubernetes, strict=True)
    assert "helm" not in str(built).lower()


def test_the_plain_manifests_lead_to_the_embedded_shape():
    assert kustomize("deploy/k8s") == kustomize("deploy/k8s/embedded")


@pytest.mark.parametrize("shape", SHAPES)
def test_another_configuration_is_another_config_map(shape):
    built = manifests_of(kustomize(f"deploy/k8s/{shape}"))
    [name] = [manifest["metadata"]["name"] for manifest in built if manifest["kind"] == "ConfigMap"]
    assert name.startswith("benchmark-api-")
    assert str(built).count(f"'{name}'") == 2


def test_the_kustomization_of_the_guide_says_where_everything_is(tmp_path):
    guide = (ROOT / "deploy" / "README.md").read_text()
    [text] = re.findall("```yaml\n(resources:.*?)```", guide, re.DOTALL)
    base = os.path.relpath(ROOT / "deploy", tmp_path)
    (tmp_path / "kustomization.yaml").write_text(text.replace("[deploy", f"[{base}"))
    built = {manifest["kind"]: manifest for manifest in manifests_of(kustomize(tmp_path))}
    told = built["ConfigMap"]["data"]
    assert (told["POSTGRES_HOST"], told["REDIS_HOST"]) == ("db.example.org", "redis.example.org")
    assert told["LOG_FORMAT"] == "json"
    [container] = built["Deployment"]["spec"]["template"]["spec"]["containers"]
    assert container["image"].startswith("registry.example.org/benchmark-api:")
    assert container["envFrom"] == [
        {"configMapRef": {"name": built["ConfigMap"]["metadata"]["name"]}}
    ]


def kustomize(folder):
    command = [NODE_MODULES / "kubectl" / "kubectl", "kustomize", ROOT / folder]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    return built.stdout
