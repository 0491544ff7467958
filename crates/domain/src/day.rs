use std::collections::BTreeMap;
use std::ops::Range;

use chrono::{DateTime, SubsecRound, TimeDelta, Timelike, Utc};

use crate::llm::LlmId;
use crate::metric::MetricName;
use crate::pooled_runs::{PooledRuns, RunMeasurement};
use crate::run::Run;
use crate::workload::WorkloadSlug;

/// A day in UTC: by days, stores keep runs pooled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(DateTime<Utc>);

impl Day {
    /// The day that a moment lies in.
    pub fn of(moment: DateTime<Utc>) -> Self {
        let seconds = i64::from(moment.num_seconds_from_midnight());
        Self(moment.trunc_subsecs(0) - TimeDelta::seconds(seconds))
    }

    /// The first day that begins at a moment or later: with it begin the days of
    /// which a window that begins then contains all.
    pub fn first_from(moment: DateTime<Utc>) -> Self {
        let Self(begun) = Self::of(moment);
        Self(if begun < moment { begun + TimeDelta::days(1) } else { begun })
    }

    /// Its first moment.
    pub fn starts_at(self) -> DateTime<Utc> {
        self.0
    }
}

/// The time from a moment on, if not all of it, as stores look at it that keep runs
/// pooled by days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpanInDays {
    /// What comes before its first whole day: runs of then are read one by one.
    pub before: Option<Range<DateTime<Utc>>>,
    /// Its first whole day, from which on pools say everything; `None` if every
    /// day is in it.
    pub first_day: Option<Day>,
}

impl SpanInDays {
    /// The time from a moment on; all of it without one.
    pub fn from(start: Option<DateTime<Utc>>) -> Self {
        let Some(start) = start else { return Self { before: None, first_day: None } };
        let first = Day::first_from(start);
        let before = (start < first.starts_at()).then(|| start..first.starts_at());
        Self { before, first_day: Some(first) }
    }
}

/// What a pool of runs in a store is of. Keys are in the order in which stores
/// look through pools: one LLM's days after another's.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PoolKey {
    /// What they measured.
    pub metric: MetricName,
    /// Under which conditions.
    pub workload: WorkloadSlug,
    /// Whose they are.
    pub llm: LlmId,
    /// When they started.
    pub day: Day,
}

impl PooledRuns {
    /// Runs as stores keep them pooled, by metric, workload, LLM and day.
    pub fn by_day<'a>(runs: impl IntoIterator<Item = &'a Run>) -> BTreeMap<PoolKey, Self> {
        let mut pools: BTreeMap<_, Self> = BTreeMap::new();
        for run in runs {
            for metric in run.measurements().keys() {
                let key = PoolKey {
                    metric: metric.clone(),
                    workload: run.workload.slug.clone(),
                    llm: run.llm.id(),
                    day: Day::of(run.started_at),
                };
                pools.entry(key).or_default().extend(RunMeasurement::of(run, metric));
            }
        }
        pools
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_day_begins_at_midnight() {
        let day = at("2026-01-31T00:00:00Z");
        for moment in ["2026-01-31T00:00:00Z", "2026-01-31T23:59:59.999999Z"] {
            assert_eq!(Day::of(at(moment)).starts_at(), day, "{moment}");
        }
        let last = Day::of(at("9999-12-31T23:59:59.999999Z"));
        assert_eq!(last.starts_at(), at("9999-12-31T00:00:00Z"));
        assert_eq!(Day::of(at("0000-01-01T00:00:01Z")).starts_at(), at("0000-01-01T00:00:00Z"));
    }

    #[test]
    fn a_window_contains_all_of_the_days_that_begin_in_it() {
        for (start, first) in [
            ("2026-01-31T00:00:00Z", "2026-01-31T00:00:00Z"),
            ("2026-01-31T00:00:00.000001Z", "2026-02-01T00:00:00Z"),
            ("1969-12-31T12:00:00Z", "1970-01-01T00:00:00Z"),
        ] {
            assert_eq!(Day::first_from(at(start)).starts_at(), at(first), "{start}");
        }
    }

    #[test]
    fn a_span_is_whole_days_and_what_comes_before_them() {
        let all = SpanInDays { before: None, first_day: None };
        assert_eq!(SpanInDays::from(None), all);
        let midnight = at("2026-02-01T00:00:00Z");
        let noon = at("2026-01-31T12:00:00Z");
        for (start, before) in [(midnight, None), (noon, Some(noon..midnight))] {
            let span = SpanInDays { before, first_day: Some(Day::of(midnight)) };
            assert_eq!(SpanInDays::from(Some(start)), span, "{start}");
        }
    }
}
