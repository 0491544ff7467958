use async_trait::async_trait;
use benchmark_domain::chrono::TimeDelta;
use benchmark_domain::{
    Grade, LlmId, RankingScope, Run, RunId, Source, Timestamp, Verdict, WorkloadSlug,
};

use crate::{OtherLabels, PageLimit, StoreError, Submission};

/// What became of one run that was to be recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordOutcome {
    /// It is stored now.
    New,
    /// It was stored before; nothing changed.
    Known,
}

impl RecordOutcome {
    /// The letter that stands for it where a store remembers submissions: `n` or `k`.
    pub fn letter(self) -> char {
        match self {
            Self::New => 'n',
            Self::Known => 'k',
        }
    }

    /// The outcome that a [`letter`](Self::letter) stands for.
    pub fn of_letter(letter: char) -> Option<Self> {
        [Self::New, Self::Known].into_iter().find(|outcome| outcome.letter() == letter)
    }
}

/// What became of all runs that were to be recorded together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedRuns {
    /// One outcome per run, in the order in which they were given.
    pub outcomes: Vec<RecordOutcome>,
    /// The scopes whose rankings new runs may change, each once: those that
    /// they say something about, and those on their workload in which their LLM
    /// already stands. An unrankable run changes none.
    pub affected: Vec<RankingScope>,
}

/// What became of a call to record runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recording {
    /// The runs are stored.
    Recorded(RecordedRuns),
    /// The same submission was recorded before, with these outcomes; nothing
    /// changed.
    Replayed(Vec<RecordOutcome>),
    /// The submission's key stands for another submission; nothing changed.
    KeyTaken,
    /// Some of the runs are under labels that their workloads have not; nothing
    /// changed.
    OtherLabels(OtherLabels),
}

impl Recording {
    /// What was recorded, if anything was.
    pub fn recorded(self) -> Option<RecordedRuns> {
        match self {
            Self::Recorded(recorded) => Some(recorded),
            Self::Replayed(_) | Self::KeyTaken | Self::OtherLabels(_) => None,
        }
    }
}

/// A run as it was recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordedRun {
    /// The run.
    pub run: Run,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// As it was judged then.
    pub verdict: Verdict,
}

/// Which runs a listing shows; what is `None` does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunFilter {
    /// Runs on this workload.
    pub workload: Option<WorkloadSlug>,
    /// Runs of this LLM.
    pub llm: Option<LlmId>,
    /// Runs from this source.
    pub source: Option<Source>,
    /// Runs with this verdict.
    pub verdict: Option<Grade>,
}

/// For how long a submission is remembered by its idempotency key at least.
pub const SUBMISSIONS_KEPT: TimeDelta = TimeDelta::days(1);

/// Keeps runs: each once, forever.
#[async_trait]
pub trait RunStore: Send + Sync {
    /// Records runs, all of them or none; durably once it returns. A run that
    /// is known already, or given twice, is recorded once.
    ///
    /// A new run is judged, by [`Verdict::of`], and its verdict is kept. One that
    /// is not [rankable](Verdict::is_rankable) is kept and listed, and that is
    /// all: no ranking knows of it, and none counts its requests.
    ///
    /// Recording a new run also records its LLM and its workload, unless they
    /// are known (a known workload keeps the conditions it has). Runs under
    /// [other labels](OtherLabels::among) than those of their workloads are
    /// [refused](Recording::OtherLabels), all together, however many arrive at
    /// once. It moves the
    /// [`Revision`](crate::Revision) of every scope it says something about,
    /// and of every scope on its workload that an earlier run of its LLM
    /// measured: its requests count there too. All metrics of the runs must be
    /// in the [`Catalogue`](crate::Catalogue).
    ///
    /// A `submission` is recorded once: sent again within
    /// [a day](SUBMISSIONS_KEPT) it is [replayed](Recording::Replayed),
    /// and another one under its key is [refused](Recording::KeyTaken), however
    /// many arrive at once. It is remembered in the same stroke as its runs.
    ///
    /// # Errors
    /// [`StoreError`]; nothing is recorded then.
    async fn record(
        &self,
        runs: &[Run],
        recorded_at: Timestamp,
        submission: Option<&Submission>,
    ) -> Result<Recording, StoreError>;

    /// The run of this id; `None` if there is none.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn run(&self, id: RunId) -> Result<Option<RecordedRun>, StoreError>;

    /// Runs, the one that started last first, beginning behind the run `after`.
    /// Runs recorded meanwhile neither repeat nor hide others. `None` if
    /// `after` names no run.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn runs(
        &self,
        filter: &RunFilter,
        after: Option<RunId>,
        limit: PageLimit,
    ) -> Result<Option<Vec<RecordedRun>>, StoreError>;
}
