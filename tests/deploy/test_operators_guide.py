"""deploy/README.md: what points into it, and where it points."""

import re
from pathlib import Path

import yaml

DEPLOY = Path(__file__).parents[2] / "deploy"
GUIDE = DEPLOY / "README.md"


def anchor(heading: str) -> str:
    """What a heading is linked by."""
    return re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-")


ANCHORS = {anchor(heading) for heading in re.findall(r"^#+ (.*)$", GUIDE.read_text(), re.MULTILINE)}


def test_every_alert_is_explained_under_its_name():
    groups = yaml.safe_load((DEPLOY / "prometheus" / "rules" / "alerts.yml").read_text())["groups"]
    alerts = [rule for group in groups for rule in group["rules"]]
    assert alerts
    for alert in alerts:
        assert alert["annotations"]["runbook"] == f"deploy/README.md#{alert['alert'].lower()}"
        assert alert["alert"].lower() in ANCHORS, alert["alert"]


def test_every_link_leads_somewhere():
    for target in re.findall(r"\]\(([^)]+)\)", GUIDE.read_text()):
        path, _, place = target.partition("#")
        if path:
            assert (DEPLOY / path).exists(), target
        else:
            assert place in ANCHORS, target
