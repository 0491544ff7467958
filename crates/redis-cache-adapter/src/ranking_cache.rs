use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use ::redis::{Cmd, RedisError, cmd};
use async_trait::async_trait;
use benchmark_domain::WorkloadSlug;
use benchmark_domain::chrono::TimeDelta;
use benchmark_ports::{
    Clock, Document, ForgetRankings, LoadError, LoadRanking, Loaded, Randomness, RankingCache,
    RankingQuery, Served, Timestamp,
};

use crate::encoding::{Entry, Generation};
use crate::flights::Flights;
use crate::question::{Part, Question};
use crate::redis::Redis;
use crate::script::Script;

/// Keeps encoded rankings in Redis, where every process finds them.
///
/// Each part of the keyspace has a *generation*, a random token. An answer
/// names the one that was present before it was loaded, and holds only while
/// that one still is. To forget is to delete the generation: whoever asks next
/// makes another, and what a load still under way stores nobody accepts.
/// Tokens never come again, so that neither does an answer when Redis evicts or
/// expires a generation.
///
/// What could not be forgotten because Redis was away is forgotten before this
/// process asks Redis anything again. In two cases an answer may outlive a
/// forgetting, and then by no more than the time to live: in other processes,
/// where this one cannot reach Redis and they can, or dies before it can again;
/// and where a fail-over loses the deletion, since Redis replicates later than
/// it acknowledges.
pub struct RedisRankingCache {
    redis: Redis,
    ttl: Duration,
    largest: usize,
    clock: Arc<dyn Clock>,
    randomness: Arc<dyn Randomness>,
    loads: Flights<Load, Arc<Document>>,
    parts: Box<[KeptPart]>,
    store: Script,
}

/// What is known of a part of the keyspace. Its names are asked for with every
/// question, and made once.
struct KeptPart {
    generation_key: String,
    /// What the keys of its answers begin with.
    answers: String,
    /// How often this process has forgotten it.
    forgettings: AtomicU64,
}

/// What one load is for. Whoever asks after a forgetting, this process' or
/// another's, does not share a load from before.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Load {
    question: Vec<u8>,
    generation: Option<Generation>,
    forgettings: u64,
}

enum Found {
    Answer(Document),
    Nothing(Generation),
}

impl RedisRankingCache {
    /// How long a generation is kept: longer than answers, and not for ever, so
    /// that a service that is gone leaves nothing behind.
    const GENERATION_TTL: Duration = Duration::from_secs(24 * 3600);

    /// A cache that keeps an answer for `ttl` if its JSON has at most `largest`
    /// bytes. How much is kept in all is Redis' own setting (`maxmemory`, with
    /// any policy of eviction).
    pub fn new(
        redis: Redis,
        ttl: Duration,
        largest: usize,
        clock: Arc<dyn Clock>,
        randomness: Arc<dyn Randomness>,
    ) -> Self {
        let kept = |part: Part| KeptPart {
            generation_key: redis.named(&part.generation_key()),
            answers: redis.named(&part.answers()),
            forgettings: AtomicU64::new(0),
        };
        let parts = Part::all().map(kept).collect();
        let store = Script::new(include_str!("store_answer.lua"));
        let loads = Flights::new();
        Self { redis, ttl, largest, clock, randomness, loads, parts, store }
    }

    fn part(&self, part: Part) -> &KeptPart {
        &self.parts[usize::from(part.0)]
    }

    /// The answer, if there is one that holds; else the generation that one
    /// would have to be of.
    async fn look_up(&self, question: &Question) -> Result<Found, RedisError> {
        let KeptPart { generation_key, answers, .. } = self.part(question.part);
        let mut look_up = cmd("MGET");
        look_up.arg(generation_key).arg(question.answer_key(answers));
        let (generation, answer): (Option<Vec<u8>>, Option<Vec<u8>>) =
            self.redis.read(&look_up).await?;
        let Some(generation) = generation.and_then(|bytes| bytes.try_into().ok()) else {
            return self.begin_generation(generation_key).await.map(Found::Nothing);
        };
        let now = self.clock.now();
        let holds = |entry: &Entry<'_>| {
            entry.generation == generation
                && entry.question == question.text
                && now < entry.expires_at
        };
        let entry = answer.as_deref().and_then(Entry::decode).filter(holds);
        Ok(entry.map_or(Found::Nothing(generation), |entry| Found::Answer(entry.document())))
    }

    /// A new generation, or the one that somebody else began at the same time.
    async fn begin_generation(&self, key: &str) -> Result<Generation, RedisError> {
        let mut generation = Generation::default();
        self.randomness.fill(&mut generation);
        let ttl = self.ttl.max(Self::GENERATION_TTL);
        let mut begin = cmd("SET");
        begin.arg(key).arg(&generation).arg("NX").arg("PX").arg(millis(ttl));
        if self.redis.run(&begin).await? {
            return Ok(generation);
        }
        let bytes: Vec<u8> = self.redis.run(cmd("GET").arg(key)).await?;
        bytes.try_into().map_err(|_| (::redis::ErrorKind::Parse, "not a generation").into())
    }

    async fn store(
        &self,
        question: &Question,
        generation: Generation,
        document: &Document,
        asked_at: Timestamp,
    ) {
        let ttl = TimeDelta::from_std(self.ttl).unwrap_or(TimeDelta::MAX);
        let Some(expires_at) = asked_at.checked_add_signed(ttl) else { return };
        let entry = Entry {
            generation,
            expires_at,
            question: &question.text,
            made_at: document.made_at(),
            etag: document.etag(),
            json: document.json(),
        };
        let entry = entry.encode();
        let KeptPart { generation_key, answers, .. } = self.part(question.part);
        let answer_key = question.answer_key(answers);
        let keep_for = millis(self.jittered_ttl());
        let arguments = |command: &mut Cmd| {
            command.arg(2).arg(generation_key).arg(&answer_key);
            command.arg(&generation).arg(&entry).arg(keep_for);
        };
        // Not stored is not lost: the next one loads again.
        _ = self.store.run::<()>(&self.redis, arguments).await;
    }

    /// Up to a tenth less than the time to live, so that what was stored
    /// together does not expire together.
    fn jittered_ttl(&self) -> Duration {
        let mut random = [0; 4];
        self.randomness.fill(&mut random);
        let part = f64::from(u32::from_le_bytes(random)) / f64::from(u32::MAX);
        self.ttl.mul_f64(1.0 - part / 10.0)
    }
}

/// At least one, since Redis takes no less.
fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX).clamp(1, i64::MAX as u64 / 2)
}

#[async_trait]
impl RankingCache for RedisRankingCache {
    /// `None`: what is kept is in another process.
    fn peek(&self, _: &RankingQuery) -> Option<Served> {
        None
    }

    async fn get_or_load(
        &self,
        query: &RankingQuery,
        loader: &dyn LoadRanking,
    ) -> Result<Served, LoadError> {
        let question = Question::new(query);
        let landed = self.loads.landed();
        let forgettings = self.part(question.part).forgettings.load(Ordering::Acquire);
        let generation = match self.look_up(&question).await {
            Ok(Found::Answer(document)) => return Ok(Served::fresh(Arc::new(document))),
            Ok(Found::Nothing(generation)) => Some(generation),
            Err(_) => None,
        };
        let load = async {
            // Somebody else may have stored it between the look-up and now.
            if generation.is_some()
                && self.loads.landed() != landed
                && let Ok(Found::Answer(document)) = self.look_up(&question).await
            {
                return Ok(Arc::new(document));
            }
            let asked_at = self.clock.now();
            let Loaded { document, keep } = loader.load(query).await?;
            if let Some(generation) = generation
                && keep
                && document.json().len() <= self.largest
            {
                self.store(&question, generation, &document, asked_at).await;
            }
            Ok(document)
        };
        let key = Load { question: question.text.clone(), generation, forgettings };
        self.loads.join(key, load).await.map(Served::fresh)
    }
}

#[async_trait]
impl ForgetRankings for RedisRankingCache {
    async fn forget(&self, workload: &WorkloadSlug) {
        let KeptPart { generation_key, forgettings, .. } = self.part(Part::of(workload));
        self.redis.delete(vec![generation_key.clone()]).await;
        forgettings.fetch_add(1, Ordering::AcqRel);
    }

    async fn forget_everything(&self) {
        let keys = self.parts.iter().map(|part| part.generation_key.clone());
        self.redis.delete(keys.collect()).await;
        for part in &self.parts {
            part.forgettings.fetch_add(1, Ordering::AcqRel);
        }
    }
}
