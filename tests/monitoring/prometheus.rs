use std::fs;

use benchmark_test_servers::PrometheusServer;
use serde_json::Value;

use crate::deployed::deployed;
use crate::service::agent;

/// A Prometheus with the rules as they are deployed, which reads one service every
/// second.
pub(crate) struct Prometheus(PrometheusServer);

impl Prometheus {
    pub(crate) fn watching(address: &str) -> Self {
        let mut configuration = fs::read_to_string(deployed("prometheus/prometheus.yml")).unwrap();
        let rules = format!("- {}", deployed("prometheus/rules/*.yml").display());
        for (deployed, here) in [
            ("scrape_interval: 15s", "scrape_interval: 1s"),
            ("scrape_timeout: 5s", "scrape_timeout: 1s"),
            ("evaluation_interval: 15s", "evaluation_interval: 1s"),
            ("- rules/*.yml", rules.as_str()),
        ] {
            assert!(configuration.contains(deployed), "{deployed}");
            configuration = configuration.replacen(deployed, here, 1);
        }
        // Whom it reads comes last.
        let (job, _) = configuration.split_once("    dns_sd_configs:").unwrap();
        let target = format!("    static_configs:\n      - targets: ['{address}']\n");
        Self(PrometheusServer::start(&format!("{job}{target}")))
    }

    /// The values that an expression has at present.
    pub(crate) fn values(&self, expression: &str) -> Vec<f64> {
        let url = format!("{}/api/v1/query", self.0.url());
        let mut answer = agent().get(url).query("query", expression).call().unwrap();
        let answer: Value = answer.body_mut().read_json().unwrap();
        assert_eq!(answer["status"], "success", "{expression}: {answer}");
        let series = answer["data"]["result"].as_array().unwrap();
        series.iter().map(|one| one["value"][1].as_str().unwrap().parse().unwrap()).collect()
    }

    /// The rules, recording and alerting, as it understood them.
    pub(crate) fn rules(&self) -> Vec<Value> {
        let url = format!("{}/api/v1/rules", self.0.url());
        let answer: Value = agent().get(url).call().unwrap().body_mut().read_json().unwrap();
        let groups = answer["data"]["groups"].as_array().unwrap();
        groups.iter().flat_map(|group| group["rules"].as_array().unwrap().clone()).collect()
    }
}
