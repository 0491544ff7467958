//! A verdict in its columns, of which the findings are a JSON array.

use benchmark_domain::{Finding, FindingCode, Grade, Severity, Verdict};
use serde_json::{Value, json};

/// Findings as the column holds them.
pub(crate) fn findings_column(findings: &[Finding]) -> String {
    let column = findings.iter().map(|Finding { code, severity, message }| {
        json!({ "code": code.as_str(), "severity": severity.as_str(), "message": message })
    });
    column.collect::<Value>().to_string()
}

/// The verdict of two columns; `None` if they do not make one.
pub(crate) fn verdict(grade: Option<&str>, findings: Option<&str>) -> Option<Verdict> {
    let Some(grade) = grade else { return Some(Verdict::unjudged()) };
    let findings: Vec<Value> = match findings {
        Some(findings) => serde_json::from_str(findings).ok()?,
        None => Vec::new(),
    };
    // What only a later version can find is not told by this one.
    Some(Verdict {
        grade: Grade::parse(grade)?,
        findings: findings.iter().filter_map(finding).collect(),
    })
}

fn finding(column: &Value) -> Option<Finding> {
    Some(Finding {
        code: FindingCode::parse(column["code"].as_str()?)?,
        severity: Severity::parse(column["severity"].as_str()?)?,
        message: column["message"].as_str()?.to_owned(),
    })
}
