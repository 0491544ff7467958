"""Tools of the trade manifest to nothing."""

import subprocess
import sys
from pathlib import Path

import yaml
from rendering import ROOT, SHAPES, manifests

HERE = Path(__file__).parent


def finds_nothing(*command):
    checked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def installed(tool):
    return Path(sys.executable).with_name(tool)


def test_checkov_finds_nothing_but_what_is_listed(tmp_path):
    for shape, values in SHAPES.items():
        (tmp_path / f"{shape}.yaml").write_text(yaml.safe_dump_all(manifests(values)))
    config = HERE / "checkov.yml"
    finds_nothing(installed("checkov"), "--config-file", config, "--directory", tmp_path)


def test_yamllint_finds_nothing():
    files = [
        path
        for folder in ["deploy", "tests/chart"]
        for path in (ROOT / folder).rglob("*.y*ml")
        if "templates" not in path.parts and "node_modules" not in path.parts
    ]
    finds_nothing(installed("yamllint"), "--strict", "--config-file", HERE / "yamllint.yml", *files)
