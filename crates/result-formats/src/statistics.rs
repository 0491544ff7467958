use std::collections::BTreeMap;

use benchmark_domain::{Measurement, MetricName, Quantiles, ReportedSummary, metrics};
use serde::Deserialize;

use crate::number::{self, Number};
use crate::refusal::Problem;
use crate::unit::{Dimension, Unit};

/// What a tool tells of one quantity without its samples, under the names that
/// the tools have for it. Other percentiles than the domain's are skipped.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(expecting = "the statistics of a quantity")]
pub(crate) struct Statistics {
    #[serde(alias = "units")]
    pub(crate) unit: Option<Unit>,
    #[serde(alias = "avg")]
    pub(crate) mean: Option<Number>,
    #[serde(alias = "std", alias = "stddev", alias = "std_dev")]
    pub(crate) deviation: Option<Number>,
    pub(crate) min: Option<Number>,
    pub(crate) max: Option<Number>,
    #[serde(alias = "median")]
    pub(crate) p50: Option<Number>,
    pub(crate) p90: Option<Number>,
    pub(crate) p95: Option<Number>,
    pub(crate) p99: Option<Number>,
}

/// How a tool computes what it calls the standard deviation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deviation {
    /// Over n - 1, as pandas does.
    OfTheSample,
    /// Over n, as numpy does; the domain's is that of the sample.
    OfThePopulation,
}

/// What a format knows of its statistics before it reads them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reading {
    pub(crate) dimension: Dimension,
    /// The unit where the file does not declare it.
    pub(crate) unit: Option<Unit>,
    pub(crate) deviation: Deviation,
    /// Of how many values.
    pub(crate) count: Option<u64>,
}

impl Statistics {
    /// The measurement of a quantity that the file calls `field`; `None` where
    /// the tool tells no mean.
    pub(crate) fn measurement(
        &self,
        field: &str,
        of: Reading,
    ) -> Result<Option<Measurement>, Problem> {
        let Self { unit, mean, deviation, min, max, p50, p90, p95, p99 } = *self;
        let unit = unit.or(of.unit).ok_or_else(|| Problem::at(field, "its unit is missing"))?;
        if unit.dimension() != of.dimension {
            return Err(Problem::at(field, "its unit is none of such a quantity"));
        }
        let figure = |name: &str, figure: Option<Number>| match known(figure) {
            None => Ok(None),
            Some(Number(figure)) => {
                let converted = number::sample(name, Some(Number(figure / unit.per_one())));
                converted.map(Some).map_err(|problem| problem.within(field))
            }
        };
        let Some(mean) = figure("mean", mean)? else { return Ok(None) };
        let deviation = figure("standard deviation", deviation)?;
        let figures = ReportedSummary {
            mean,
            count: of.count,
            standard_deviation: deviation.and_then(|deviation| of.of_the_sample(deviation)),
            min: figure("min", min)?,
            max: figure("max", max)?,
            quantiles: Quantiles {
                p50: figure("p50", p50)?,
                p90: figure("p90", p90)?,
                p95: figure("p95", p95)?,
                p99: figure("p99", p99)?,
            },
        };
        let measurement = Measurement::reported(figures);
        measurement.map(Some).map_err(|invalid| Problem::at(field, invalid))
    }

    /// What was measured once, in this unit.
    pub(crate) fn once(Number(value): Number, unit: Unit) -> Self {
        Self { unit: Some(unit), mean: Some(Number(value)), ..Self::default() }
    }

    /// The mean as a whole number: what a workload asked for.
    pub(crate) fn whole(&self, field: &str) -> Result<Option<u32>, Problem> {
        number::rounded(field, known(self.mean))
    }
}

impl Reading {
    /// Times of so many requests, in this unit where the file declares none,
    /// by numpy.
    pub(crate) fn of_requests(count: u64, unit: Option<Unit>) -> Self {
        let deviation = Deviation::OfThePopulation;
        Self { dimension: Dimension::Time, unit, deviation, count: Some(count) }
    }

    /// What was measured once, in a unit that the file declares.
    pub(crate) fn of_rate(dimension: Dimension) -> Self {
        Self { dimension, ..Self::of_requests(1, None) }
    }

    fn of_the_sample(&self, deviation: f64) -> Option<f64> {
        match (self.deviation, self.count) {
            (Deviation::OfTheSample, _) => Some(deviation),
            (Deviation::OfThePopulation, Some(n)) if n > 1 => {
                Some(deviation * (n as f64 / (n - 1) as f64).sqrt())
            }
            (Deviation::OfThePopulation, _) => None,
        }
    }
}

/// The measurements of these quantities, by metric, field and statistics.
pub(crate) fn measurements(
    quantities: impl IntoIterator<Item = (MetricName, &'static str, Option<Statistics>)>,
    of: Reading,
) -> Result<BTreeMap<MetricName, Measurement>, Problem> {
    let mut measurements = BTreeMap::new();
    for (metric, field, statistics) in quantities {
        let Some(statistics) = statistics else { continue };
        let takes_time = [metrics::TTFT, metrics::E2E_LATENCY].contains(&metric);
        if takes_time && matches!(statistics.min, Some(Number(0.0))) {
            return Err(Problem::at(format_args!("{field}: min"), NO_LATENCY));
        }
        let measured = statistics.measurement(field, of)?;
        measurements.extend(measured.map(|measurement| (metric, measurement)));
    }
    Ok(measurements)
}

const NO_LATENCY: &str = "0 is no latency, so requests that brought nothing are counted as completed; import the file \
     of the single requests, which tells them apart";

/// The measurements of what is measured once in a run, by metric, field and
/// value.
pub(crate) fn once(
    quantities: impl IntoIterator<Item = (MetricName, &'static str, Option<Number>)>,
) -> Result<BTreeMap<MetricName, Measurement>, Problem> {
    let mut measurements = BTreeMap::new();
    for (metric, field, value) in quantities {
        let Some(value) = known(value) else { continue };
        let mean = number::sample(field, Some(value))?;
        let once = ReportedSummary { count: Some(1), ..ReportedSummary::of_mean(mean) };
        let measurement = Measurement::reported(once);
        let measurement = measurement.map_err(|invalid| Problem::at(field, invalid))?;
        measurements.insert(metric, measurement);
    }
    Ok(measurements)
}

/// A statistic, unless it is one of too few values, which Python has as NaN.
pub(crate) fn known(number: Option<Number>) -> Option<Number> {
    number.filter(|Number(value)| !value.is_nan())
}

#[cfg(test)]
mod tests {
    use super::*;

    const OF: Reading = Reading {
        dimension: Dimension::Time,
        unit: None,
        deviation: Deviation::OfThePopulation,
        count: Some(3),
    };

    fn ttft(json: &str) -> Result<Option<Measurement>, Problem> {
        let statistics = serde_json::from_str(json).unwrap();
        let measured = measurements([(metrics::TTFT, "ttft", Some(statistics))], OF)?;
        Ok(measured.into_values().next())
    }

    fn problem(json: &str) -> String {
        ttft(json).unwrap_err().into()
    }

    #[test]
    fn every_tools_names_are_read_and_units_are_converted() {
        let json = r#"{"unit": "ms", "avg": 270, "std": 53.541261, "median": 260, "p99": 338.4}"#;
        let Some(Measurement::Reported(ttft)) = ttft(json).unwrap() else {
            panic!("there are no samples");
        };
        assert_eq!((ttft.mean, ttft.quantiles.p50), (0.27, Some(0.26)));
        assert_eq!(ttft.quantiles.p99, Some(0.3384));
        // sqrt((60² + 10² + 70²) / 2) ms.
        assert!((ttft.standard_deviation.unwrap() - 0.065_574_385).abs() < 1e-9);
    }

    #[test]
    fn half_an_hour_in_nanoseconds_is_not_too_large() {
        let measured = ttft(r#"{"unit": "ns", "mean": 1672000000000}"#).unwrap().unwrap();
        assert_eq!(measured.mean(), 1672.0);
    }

    #[test]
    fn a_quantity_without_a_mean_is_not_measured() {
        for json in [r#"{"unit": "ms"}"#, r#"{"unit": "ms", "mean": "NaN"}"#] {
            assert_eq!(ttft(json).unwrap(), None);
        }
    }

    #[test]
    fn statistics_that_cannot_be_are_refused_by_their_field() {
        assert_eq!(problem(r#"{"mean": 1}"#), "ttft: its unit is missing");
        assert_eq!(
            problem(r#"{"unit": "tokens/sec", "mean": 1}"#),
            "ttft: its unit is none of such a quantity"
        );
        assert_eq!(problem(r#"{"unit": "s", "mean": -1}"#), "ttft: mean: -1 is negative");
        let zero = problem(r#"{"unit": "s", "mean": 1, "min": 0}"#);
        assert!(zero.starts_with("ttft: min: 0 is no latency"), "{zero}");
        assert!(problem(r#"{"unit": "s", "mean": 1, "min": 2, "max": 3}"#).contains("ascend"));
    }

    #[test]
    fn a_rate_is_measured_once() {
        let rates = once([
            (metrics::RPS, "rps", Some(Number(5.0))),
            (metrics::SYSTEM_TPS, "tps", Some(Number(f64::NAN))),
        ]);
        let rates = rates.unwrap();
        assert_eq!(rates.len(), 1);
        assert_eq!((rates[&metrics::RPS].mean(), rates[&metrics::RPS].count()), (5.0, Some(1)));
    }
}
