/// The selectors of an expression: names of metrics and the labels that are asked
/// of them, without ranges.
pub(crate) fn selectors(expression: &str) -> Vec<String> {
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | ':');
    let mut selectors = Vec::new();
    let mut rest = expression;
    while let Some(start) = rest.find(is_of_name) {
        rest = &rest[start..];
        let end = rest.find(|c| !is_of_name(c)).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        let labels = match after.strip_prefix('{').and_then(|labels| labels.find('}')) {
            Some(end) => &after[..end + 2],
            None => "",
        };
        if name.starts_with("benchmark_") || name.contains(':') || !labels.is_empty() {
            selectors.push(format!("{name}{labels}"));
        }
        rest = &after[labels.len()..];
    }
    selectors
}

#[test]
fn selectors_are_found_with_their_labels() {
    let expression = "a:b:rate5m > 14.4 * 0.001 and sum by (job) \
                      (increase(benchmark_x_total{route=~\"/api/.*\",status=~\"5..\"}[1h])) >= 10 \
                      or time() - max(benchmark_y) + absent(up{job=\"z\"})";
    let expected = [
        "a:b:rate5m",
        "benchmark_x_total{route=~\"/api/.*\",status=~\"5..\"}",
        "benchmark_y",
        "up{job=\"z\"}",
    ];
    assert_eq!(selectors(expression), expected);
}
