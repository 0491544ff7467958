use serde_json::Value;

use crate::deployed::deployed;

/// The panels of the dashboard, without the rows that they stand in.
pub(crate) fn panels() -> Vec<Value> {
    let text = std::fs::read_to_string(deployed("grafana/dashboards/benchmark-api.json")).unwrap();
    let dashboard: Value = serde_json::from_str(&text).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    panels.iter().filter(|panel| panel["type"] != "row").cloned().collect()
}

/// The expressions of a panel, as written.
pub(crate) fn expressions(panel: &Value) -> Vec<&str> {
    let targets = panel["targets"].as_array().unwrap();
    targets.iter().map(|target| target["expr"].as_str().unwrap()).collect()
}
