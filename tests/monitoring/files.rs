//! The files by themselves: whether their tools understand them, and whether
//! nothing is missing.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use crate::dashboard::panels;
use crate::deployed::deployed;
use crate::prometheus::Prometheus;

fn promtool(args: &[&str]) -> String {
    let mut promtool = Command::new("promtool");
    let output = promtool.current_dir(deployed("prometheus")).args(args).output();
    let output = output.expect("promtool is installed; tests/install installs it");
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8(said).unwrap();
    assert!(output.status.success(), "promtool {args:?}: {said}");
    said
}

/// The files of a folder, relative to that of Prometheus.
fn files(folder: &str) -> Vec<String> {
    let entries = fs::read_dir(deployed("prometheus").join(folder)).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.map(|name| format!("{folder}/{name}")).collect()
}

#[test]
fn promtool_accepts_the_configuration_and_the_rules() {
    promtool(&["check", "config", "prometheus.yml"]);
}

#[test]
fn the_rules_pass_their_tests() {
    let tests = files("tests");
    let args: Vec<_> =
        ["test", "rules"].into_iter().chain(tests.iter().map(String::as_str)).collect();
    assert_eq!(promtool(&args).matches("SUCCESS").count(), tests.len());
}

#[test]
fn every_alert_says_what_to_do_and_has_a_case_in_which_it_fires_and_one_in_which_not() {
    let prometheus = Prometheus::watching("127.0.0.1:1");
    let cases: String = files("tests")
        .iter()
        .map(|name| fs::read_to_string(deployed("prometheus").join(name)).unwrap())
        .collect();
    let cases: Vec<_> = cases.split("- eval_time:").collect();
    let rules = prometheus.rules();
    let alerts: Vec<_> = rules.iter().filter(|rule| rule["type"] == "alerting").collect();
    assert!(alerts.len() > 10);
    for alert in alerts {
        let name = alert["name"].as_str().unwrap();
        assert!(alert["duration"].as_f64().unwrap() > 0.0, "{name}");
        let severity = alert["labels"]["severity"].as_str().unwrap();
        assert!(matches!(severity, "critical" | "warning"), "{name}");
        for annotation in ["summary", "description"] {
            assert!(alert["annotations"][annotation].is_string(), "{name}");
        }
        let runbook = format!("deploy/README.md#{}", name.to_lowercase());
        assert_eq!(alert["annotations"]["runbook"], runbook);
        let cases = cases.iter().filter(|case| case.contains(&format!("alertname: {name}\n")));
        let fires: BTreeSet<_> = cases.map(|case| !case.contains("exp_alerts: []")).collect();
        assert_eq!(fires, BTreeSet::from([false, true]), "{name}");
    }
}

#[test]
fn no_panel_hides_another_and_each_asks_the_chosen_source() {
    let (mut ids, mut taken) = (BTreeSet::new(), BTreeSet::new());
    for panel in panels() {
        let title = panel["title"].as_str().unwrap();
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "{title}");
        let place = |side: &str| panel["gridPos"][side].as_u64().unwrap();
        for x in place("x")..place("x") + place("w") {
            for y in place("y")..place("y") + place("h") {
                assert!(x < 24 && taken.insert((x, y)), "{title}");
            }
        }
        for target in panel["targets"].as_array().unwrap() {
            assert_eq!(target["datasource"]["uid"], "${datasource}", "{title}");
        }
    }
}
