#!/usr/bin/env python3
"""Writes what is made from something else in this folder:

- `files/` of the chart, from `prometheus/rules` and `grafana/dashboards`: a chart
  cannot reach beyond its own folder;
- the table in the chart's README, from its values and their comments;
- `k8s/`, from what the chart renders.

`just charts` runs it. The tests require that it would change nothing.
"""

import json
import shutil
from pathlib import Path

import helm_python
import yaml

DEPLOY = Path(__file__).resolve().parent
CHART = DEPLOY / "helm" / "benchmark-api"
# Nothing but generated files is in these.
FOLDERS = [CHART / "files", DEPLOY / "k8s"]
NOTICE = "# Made by `just charts`"


def generated():
    """The text of every generated file, by its path."""
    return chart_files() | readme() | manifests()


def chart_files():
    """The rules and the dashboards, as they are."""
    sources = [*DEPLOY.glob("prometheus/rules/*.yml"), *DEPLOY.glob("grafana/dashboards/*.json")]
    return {CHART / "files" / path.parent.name / path.name: path.read_text() for path in sources}


# Above this line, the README is written by people.
VALUES = "## Values\n"


def readme():
    """The chart's README, with a table of the values."""
    path = CHART / "README.md"
    written, _, _ = path.read_text().partition(VALUES)
    rows = [
        f"| `{name}` | {default} | {meaning} |"
        for name, default, meaning in described((CHART / "values.yaml").read_text())
    ]
    table = "\n".join(["| Value | Default | |", "|---|---|---|", *rows])
    return {path: f"{written}{VALUES}\n{table}\n"}


def described(text):
    """The path, the default and the comment of every value that has a comment. A
    value that has such values in it has no default of its own."""
    lines = text.splitlines()

    def comment(key):
        last = first = key.start_mark.line
        while first > 0 and lines[first - 1].lstrip().startswith("#"):
            first -= 1
        return " ".join(line.lstrip(" #") for line in lines[first:last]).replace("|", "\\|")

    def rows(parent, key, value):
        path, meaning = f"{parent}{key.value}", comment(key)
        children = value.value if isinstance(value, yaml.MappingNode) else []
        inner = [row for child in children for row in rows(f"{path}.", *child)]
        default = "" if inner else f"`{json.dumps(yaml.safe_load(yaml.serialize(value)))}`"
        return ([(path, default, meaning)] if meaning else []) + inner

    return [row for item in yaml.compose(text).value for row in rows("", *item)]


# The plain manifests: a folder for each of these values.
SHAPES = {
    "embedded": {},
    "postgres-redis": {
        "replicas": 2,
        "apiKey": {"existingSecret": {"name": "benchmark-api-key"}},
        "postgres": {"hosts": ["postgres"], "existingSecret": {"name": "benchmark-api-postgres"}},
        "redis": {"hosts": ["redis"], "existingSecret": {"name": "benchmark-api-redis"}},
    },
}

# What Helm alone does: run a test, and something before an upgrade.
HOOK = "helm.sh/hook"


def manifests():
    """Manifests for `kubectl apply -k`, a folder per shape. The first one is what
    `k8s` itself leads to."""
    folder = DEPLOY / "k8s"
    files = {folder / "kustomization.yaml": kustomization(resources=[next(iter(SHAPES))])}
    with helm_python.Chart.load(CHART) as chart:
        for shape, values in SHAPES.items():
            rendered = chart.render(values, name="benchmark-api").items()
            texts = [text for name, text in rendered if name.endswith(".yaml")]
            objects = [item for text in texts for item in yaml.safe_load_all(text) if item]
            files |= {folder / shape / name: text for name, text in plain(objects).items()}
    return files


def plain(objects):
    """The files of a folder, by their names: one per kind of object. The
    configuration is a file of variables. Kustomize makes a ConfigMap of it that has
    another name when it changes, so that pods are replaced."""
    kinds = {}
    for item in objects:
        if HOOK not in item["metadata"].get("annotations", {}):
            kinds.setdefault(item["kind"].lower(), []).append(without_helm(item))
    [config] = kinds.pop("configmap")
    [deployment] = kinds["deployment"]
    files = {
        f"{kind}.yaml": f"{NOTICE}.\n" + yaml.safe_dump_all(group, sort_keys=False)
        for kind, group in sorted(kinds.items())
    }
    variables = "".join(f"{key}={value}\n" for key, value in config["data"].items())
    files["config.env"] = f"{NOTICE}. `.env.sample` explains the keys.\n{variables}"
    files["kustomization.yaml"] = kustomization(
        secrets_of(deployment),
        resources=[name for name in files if name.endswith(".yaml")],
        configMapGenerator=[{"name": config["metadata"]["name"], "envs": ["config.env"]}],
    )
    return files


def without_helm(value):
    """An object without what only tells Helm something."""
    if isinstance(value, list):
        return [without_helm(item) for item in value]
    if not isinstance(value, dict):
        return value
    kept = {
        key: without_helm(item)
        for key, item in value.items()
        if not key.startswith(("helm.sh/", "checksum/")) and item != "Helm"
    }
    # Annotations of which nothing is left are none.
    return {key: item for key, item in kept.items() if item != {} or value[key] == {}}


def secrets_of(deployment):
    """What has to be there before, in words."""
    [container] = deployment["spec"]["template"]["spec"]["containers"]
    references = [variable["valueFrom"]["secretKeyRef"] for variable in container.get("env", [])]
    names = [f"{reference['name']} ({reference['key']})" for reference in references]
    return f"Takes the Secrets {', '.join(names)}." if names else ""


def kustomization(note="", **fields):
    head = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization"}
    comment = f"{NOTICE}.\n" + (f"# {note}\n" if note else "")
    return comment + yaml.safe_dump(head | fields, sort_keys=False)


if __name__ == "__main__":
    files = generated()
    for folder in FOLDERS:
        shutil.rmtree(folder, ignore_errors=True)
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
