"""Every shape of the chart is what Kubernetes takes, whichever Helm renders it."""

import json
import re
import subprocess

import helm_python
import kubernetes_validate
import yaml
from rendering import (
    CHART,
    KUBERNETES,
    NODE_MODULES,
    SHAPES,
    every_kubernetes,
    every_shape,
    helm3,
    helm4,
    manifests,
    manifests_of,
    of_kind,
)
from yamllint import linter
from yamllint.config import YamlLintConfig


def values_file(shape, folder):
    path = folder / "values.json"
    path.write_text(json.dumps(SHAPES[shape]))
    return path


@every_shape
@every_kubernetes
def test_helm_3_and_helm_4_render_the_same(shape, kubernetes, tmp_path):
    file = values_file(shape, tmp_path)
    rendered = helm3("template", "--values", file, "--kube-version", f"{kubernetes}.0")
    assert rendered.returncode == 0, rendered.stderr

    def sorted_by_name(manifests):
        return sorted(
            manifests, key=lambda manifest: (manifest["kind"], manifest["metadata"]["name"])
        )

    of_helm_4 = manifests(SHAPES[shape], kubernetes)
    assert sorted_by_name(manifests_of(rendered.stdout)) == sorted_by_name(of_helm_4)


@every_shape
@every_kubernetes
def test_every_object_is_one_of_its_kind(shape, kubernetes):
    for manifest in manifests(SHAPES[shape], kubernetes):
        if manifest["apiVersion"] not in CUSTOM:
            kubernetes_validate.validate(manifest, kubernetes, strict=True)


# Where the types of what is not part of Kubernetes itself are.
CUSTOM = {
    "gateway.networking.k8s.io/v1": "@kubernetes-models/gateway-api",
    "monitoring.coreos.com/v1": "@kubernetes-models/prometheus-operator",
}


def check_types(manifests, folder):
    """Lets TypeScript hold manifests against the types of their projects: neither a
    field that does not exist nor a value of another kind passes."""
    lines = []
    for number, manifest in enumerate(manifests):
        version, kind = manifest["apiVersion"], manifest["kind"]
        module = f"{CUSTOM[version]}/{version}/{kind}"
        lines.append(f'import type {{ I{kind} as T{number} }} from "{module}";')
        lines.append(f"export const _{number}: T{number} = {json.dumps(manifest)};")
    (folder / "objects.ts").write_text("\n".join(lines))
    (folder / "node_modules").symlink_to(NODE_MODULES)
    compiler = [NODE_MODULES / ".bin" / "tsc", "--noEmit", "--strict", "--skipLibCheck"]
    modules = ["--module", "nodenext", "--moduleResolution", "nodenext"]
    command = [*compiler, *modules, "objects.ts"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_every_custom_object_is_one_of_its_kind(tmp_path):
    found = [
        manifest
        for values in SHAPES.values()
        for manifest in manifests(values)
        if manifest["apiVersion"] in CUSTOM
    ]
    kinds = {manifest["kind"] for manifest in found}
    assert kinds == {"HTTPRoute", "ServiceMonitor", "PodMonitor", "PrometheusRule"}
    checked = check_types(found, tmp_path)
    assert checked.returncode == 0, checked.stdout


def test_a_custom_object_with_a_typo_is_not(tmp_path):
    monitor = next(o for o in manifests(SHAPES["everything"]) if o["kind"] == "ServiceMonitor")
    monitor["spec"]["endpoints"][0]["intervall"] = "15s"
    assert '"intervall"' in check_types([monitor], tmp_path).stdout


@every_shape
def test_the_text_has_no_key_twice(shape):
    rules = YamlLintConfig("rules: {key-duplicates: enable, trailing-spaces: enable}")
    for name, text in helm4(SHAPES[shape]).items():
        if name.endswith(".yaml"):
            assert list(linter.run(text, rules)) == [], name


@every_shape
def test_lint_finds_nothing(shape, tmp_path):
    of_helm_3 = helm3("lint", "--strict", "--values", values_file(shape, tmp_path))
    assert of_helm_3.returncode == 0, of_helm_3.stdout
    assert "[" not in of_helm_3.stdout
    for kubernetes in KUBERNETES:
        report = helm_python.lint(
            CHART, SHAPES[shape], strict=True, kube_version=f"v{kubernetes}.0"
        )
        assert report["messages"] == [] and report["errors"] == []


def test_an_older_kubernetes_is_refused():
    rendered = helm3("template", "--kube-version", "1.28.9")
    assert rendered.returncode != 0
    assert "incompatible with Kubernetes" in rendered.stderr


def test_the_values_of_the_readme_are_some():
    [text] = re.findall("```yaml\n(.*?)```", (CHART / "README.md").read_text(), re.DOTALL)
    assert of_kind("PodDisruptionBudget", manifests(yaml.safe_load(text)))


@every_shape
def test_the_notes_say_how_to_ask(shape):
    notes = helm4(SHAPES[shape])["benchmark-api/templates/NOTES.txt"]
    assert "helm test benchmark" in notes and "<no value>" not in notes
