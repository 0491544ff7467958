use std::collections::BTreeSet;
use std::slice;
use std::sync::Arc;

use async_trait::async_trait;
use benchmark_domain::{
    Contender, Direction, EntryId, Metric, MetricName, Provider, RankingEntry, RankingScope,
    Statistic, Window, WorkloadSlug, rank,
};
use benchmark_ports::{
    Catalogue, Clock, LoadError, LoadRanking, Loaded, PageLimit, RankingCache, RankingEncoder,
    RankingQuery, RankingReader, RankingView, Served, StoreError, Subject,
};

use crate::coalescing::Coalescing;

/// How many of anything a message names.
const NAMED: usize = 20;

/// Answers questions for rankings, from the cache where it can.
pub struct ReadRanking {
    cache: Arc<dyn RankingCache>,
    compute: ComputeRanking,
}

impl ReadRanking {
    /// Reads through `cache` what `compute` makes.
    pub fn new(cache: Arc<dyn RankingCache>, compute: ComputeRanking) -> Self {
        Self { cache, compute }
    }

    /// The answer as its readers get it.
    ///
    /// # Errors
    /// [`LoadError`].
    pub async fn run(&self, query: &RankingQuery) -> Result<Served, LoadError> {
        match self.cache.peek(query) {
            Some(served) => Ok(served),
            None => self.cache.get_or_load(query, &self.compute).await,
        }
    }

    /// The rankings themselves, computed now.
    ///
    /// # Errors
    /// [`LoadError`].
    pub async fn views(&self, query: &RankingQuery) -> Result<Vec<RankingView>, LoadError> {
        Ok(self.compute.answer(query).await?.rankings)
    }
}

/// Makes rankings of what the store holds.
pub struct ComputeRanking {
    reader: Arc<dyn RankingReader>,
    catalogue: Arc<dyn Catalogue>,
    encoder: Arc<dyn RankingEncoder>,
    clock: Arc<dyn Clock>,
    rankings: Coalescing<Whole, Ranked, StoreError>,
}

/// What a whole ranking is of.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Whole {
    scope: RankingScope,
    direction: Direction,
    window: Window,
    statistic: Statistic,
}

/// A whole ranking.
#[derive(Clone)]
struct Ranked {
    entries: Arc<[RankingEntry]>,
    /// Who has runs and no value to be ranked by, and why.
    left_out: Option<String>,
}

struct Answer {
    rankings: Vec<RankingView>,
    message: Option<String>,
    is_empty: bool,
}

impl ComputeRanking {
    /// Makes them of what `reader` reads, as `encoder` writes them.
    pub fn new(
        reader: Arc<dyn RankingReader>,
        catalogue: Arc<dyn Catalogue>,
        encoder: Arc<dyn RankingEncoder>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { reader, catalogue, encoder, clock, rankings: Coalescing::default() }
    }

    async fn answer(&self, query: &RankingQuery) -> Result<Answer, LoadError> {
        let metrics = self.catalogue.metrics().await?;
        let asked = match &query.subject {
            Subject::AllMetrics => &*metrics,
            Subject::Metric(name) => of_metric(&metrics, Some(name))?,
        };
        let mut rankings = Vec::with_capacity(asked.len());
        let mut is_empty = true;
        for metric in asked {
            // The whole one, whichever part of it is asked for.
            let whole = Whole {
                scope: RankingScope {
                    metric: metric.name.clone(),
                    workload: query.workload.clone(),
                },
                direction: metric.direction,
                window: query.window,
                statistic: query.statistic,
            };
            let ranked = self.rankings.read(&whole, self.ranked(&whole)).await?;
            is_empty &= ranked.entries.is_empty() && ranked.left_out.is_none();
            rankings.push(view(metric.clone(), ranked, query));
        }
        let mut message = None;
        if is_empty {
            message = Some(self.why_empty(&rankings, query).await?);
            rankings.iter_mut().for_each(|ranking| ranking.message.clone_from(&message));
        }
        Ok(Answer { rankings, message, is_empty })
    }

    /// The whole ranking of a metric: the published one where that is what was
    /// asked for and it holds, else computed.
    async fn ranked(&self, whole: &Whole) -> Result<Ranked, StoreError> {
        let &Whole { ref scope, direction, window, statistic } = whole;
        if (window, statistic) == (Window::Latest, Statistic::Mean)
            && let Some(current) = self.reader.current(scope).await?
            && current.up_to_date
        {
            return Ok(Ranked { entries: current.entries.into(), left_out: None });
        }
        let read = self.reader.contenders(scope, window, self.clock.now()).await?;
        let left_out = left_out(&read.contenders, statistic);
        let entries = rank(direction, statistic, read.contenders)
            .into_iter()
            .map(|ranked| RankingEntry {
                id: EntryId::derived(scope, window, statistic, &ranked),
                ranked,
            })
            .collect();
        Ok(Ranked { entries, left_out })
    }

    /// Says where there are runs to rank, since here are none.
    async fn why_empty(
        &self,
        rankings: &[RankingView],
        query: &RankingQuery,
    ) -> Result<String, StoreError> {
        let RankingQuery { workload, window, .. } = query;
        // One more, which may be the workload itself.
        let limit = PageLimit::new(NAMED as u64 + 1).unwrap_or_default();
        let (mut others, mut has_older) = (BTreeSet::new(), false);
        for ranking in rankings {
            let metric = &ranking.metric.name;
            others.extend(self.catalogue.workloads_with(metric, limit).await?);
            if matches!(window, Window::Hours(_)) {
                let scope = RankingScope { metric: metric.clone(), workload: workload.clone() };
                has_older |= self.reader.current(&scope).await?.is_some();
            }
        }
        others.remove(workload);
        let others = named(others.iter().map(WorkloadSlug::as_str));
        let hint = match (has_older, others) {
            (true, None) => "a longer window has some".to_owned(),
            (true, Some(others)) => {
                format!("a longer window has some, and so do the workloads {others}")
            }
            (false, None) => "no other workload has any".to_owned(),
            (false, Some(others)) => format!("these workloads have: {others}"),
        };
        Ok(format!("no runs to rank on workload {workload} in window {window}; {hint}"))
    }
}

#[async_trait]
impl LoadRanking for ComputeRanking {
    async fn load(&self, query: &RankingQuery) -> Result<Loaded, LoadError> {
        let made_at = self.clock.now();
        let Answer { rankings, message, is_empty } = self.answer(query).await?;
        let document = match (&query.subject, rankings.as_slice()) {
            (Subject::Metric(_), [ranking]) => self.encoder.one(ranking, made_at),
            (_, rankings) => self.encoder.all(rankings, message.as_deref(), made_at),
        };
        Ok(Loaded { document: Arc::new(document), keep: !is_empty })
    }
}

/// The metric of this name alone, or every one where none is named.
pub(crate) fn of_metric<'a>(
    metrics: &'a [Metric],
    name: Option<&MetricName>,
) -> Result<&'a [Metric], LoadError> {
    let Some(name) = name else { return Ok(metrics) };
    match metrics.iter().find(|metric| metric.name == *name) {
        Some(metric) => Ok(slice::from_ref(metric)),
        None => {
            let known = metrics.iter().map(|metric| metric.name.clone()).collect();
            Err(LoadError::UnknownMetric { name: name.clone(), known })
        }
    }
}

/// What was asked for of a whole ranking.
fn view(metric: Metric, ranked: Ranked, query: &RankingQuery) -> RankingView {
    let Ranked { entries, left_out } = ranked;
    let mut remarks: Vec<_> = left_out.into_iter().collect();
    if let Some(provider) = &query.provider {
        remarks.extend(without_any_of(provider, &entries));
    }
    let mut view = RankingView { metric, query: query.clone(), ranking: entries, message: None };
    remarks.extend(that_it_is_a_part(&view));
    view.message = (!remarks.is_empty()).then(|| remarks.join("; "));
    view
}

/// Says how many entries there are, where more follow or all were skipped.
fn that_it_is_a_part(view: &RankingView) -> Option<String> {
    let offset = view.query.offset;
    match (view.entries().count(), view.all_pages().count()) {
        (_, 0) => None,
        (0, all) => Some(format!("there are {all}, and offset={offset} skips them all")),
        (shown, all) => {
            let reached = usize::try_from(offset).map_or(all, |offset| offset + shown);
            let next = format!("{shown} of {all} are shown; offset={reached} gives the next");
            (reached < all).then_some(next)
        }
    }
}

/// Names the providers of the LLMs that are ranked, where this one is not among
/// them.
fn without_any_of(provider: &Provider, entries: &[RankingEntry]) -> Option<String> {
    let ranked: BTreeSet<_> =
        entries.iter().filter_map(|entry| entry.ranked.llm.provider.as_ref()).collect();
    if entries.is_empty() || ranked.contains(provider) {
        return None;
    }
    let others = match named(ranked.into_iter().map(Provider::as_str)) {
        None => "no ranked LLM has a provider".to_owned(),
        Some(ranked) => format!("those that are ranked are of {ranked}"),
    };
    Some(format!("no LLM of {provider} is ranked; {others}"))
}

/// As many of these as a message names, and whether there are more.
fn named<'a>(mut all: impl Iterator<Item = &'a str>) -> Option<String> {
    let named = all.by_ref().take(NAMED).collect::<Vec<_>>().join(", ");
    let more = if all.next().is_some() { ", and more" } else { "" };
    (!named.is_empty()).then(|| format!("{named}{more}"))
}

/// Names the LLMs whose runs do not tell a statistic, and says why.
pub(crate) fn left_out(contenders: &[Contender], statistic: Statistic) -> Option<String> {
    let reason =
        |contender: &Contender| Some((contender.llm.clone(), contender.missing(statistic)?));
    let mut missing: Vec<_> = contenders.iter().filter_map(reason).collect();
    missing.sort_by(|(a, _), (b, _)| a.cmp(b));
    let more = missing.len().saturating_sub(NAMED);
    let named = missing.iter().take(NAMED).map(|(llm, reason)| format!("{llm} {reason}"));
    let named = named.collect::<Vec<_>>().join("; ");
    let more = if more > 0 { format!("; and {more} more") } else { String::new() };
    (!missing.is_empty()).then(|| format!("not ranked by {statistic}: {named}{more}"))
}
