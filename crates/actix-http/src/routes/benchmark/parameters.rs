use benchmark_domain::{Provider, Statistic, Window, WorkloadSlug};
use benchmark_ports::{RankingQuery, Subject};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::error::ApiError;
use crate::page::parse_limit;
use crate::query::{parse, parse_whole_number};
use crate::tabular::{Format, Preferred};
use crate::wire::{SLUG, StatisticName, VISIBLE, WINDOW};

/// Which ranking is asked for.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RankingParameters {
    /// The conditions that were measured under; the service's default workload
    /// where it is left out.
    #[schemars(regex = "SLUG")]
    workload: Option<String>,
    /// Which runs count: each LLM's `latest`, those of the last hours (`24h`)
    /// or days (`7d`), up to ten years, or `all`. `latest` where it is left
    /// out.
    #[schemars(regex = "WINDOW")]
    window: Option<String>,
    /// What the ranking is by; the mean where it is left out.
    #[schemars(with = "StatisticName")]
    statistic: Option<String>,
    /// Only LLMs that this one serves are shown; ranks stay those among all.
    #[schemars(length(min = 1, max = 100), regex = "VISIBLE")]
    provider: Option<String>,
    /// How many entries are shown at most, of each metric; 100 where it is left
    /// out.
    #[schemars(with = "u16", range(min = 1, max = 1000))]
    limit: Option<String>,
    /// How many entries are passed over first; none where it is left out.
    #[schemars(with = "u32", range(max = 4_294_967_295_u32))]
    offset: Option<String>,
    /// `json` or `csv`, one row per entry; what `Accept` prefers where it is
    /// left out.
    #[schemars(with = "Format")]
    format: Option<String>,
}

impl RankingParameters {
    /// The question about `subject`, and in which form its answer is wanted.
    ///
    /// # Errors
    /// 422 with the first parameter that is not acceptable, and why.
    pub(crate) fn asked(
        self,
        subject: Subject,
        preferred: Preferred,
        default_workload: &WorkloadSlug,
    ) -> Result<(RankingQuery, Format), ApiError> {
        let Self { workload, window, statistic, provider, limit, offset, format } = self;
        let workload = parse("workload", workload.as_deref(), WorkloadSlug::parse)?;
        let offset = parse_whole_number("offset", offset.as_deref(), 0, u32::MAX as usize)?;
        let question = RankingQuery {
            subject,
            workload: workload.unwrap_or_else(|| default_workload.clone()),
            window: parse("window", window.as_deref(), Window::parse)?.unwrap_or_default(),
            statistic: parse("statistic", statistic.as_deref(), Statistic::parse)?
                .unwrap_or_default(),
            provider: parse("provider", provider.as_deref(), Provider::parse)?,
            limit: parse_limit(limit.as_deref())?,
            offset: offset.unwrap_or(0) as u32,
        };
        Ok((question, Format::asked(format.as_deref(), preferred)?))
    }
}
