use std::time::Duration;

use ::redis::aio::PubSub;
use ::redis::{RedisError, Value, cmd};
use async_trait::async_trait;
use benchmark_domain::WorkloadSlug;
use benchmark_ports::{ForgetRankings, InvalidationBus, StoreError};
use futures_util::StreamExt;
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::deadline::within;
use crate::redis::Redis;

/// Announces by publishing on a channel of Redis, and listens to it on a
/// connection of its own.
///
/// In a Cluster the nodes pass on among themselves what is published. A node
/// that is cut off from the others and not from its listeners is not noticed;
/// what they miss expires by itself.
pub struct RedisInvalidationBus {
    redis: Redis,
    channel: String,
}

impl RedisInvalidationBus {
    /// How often the connection is asked whether it is still there, and how long
    /// the answer may take: a connection can die without a word.
    const PING_EVERY: Duration = Duration::from_millis(500);

    /// How long is waited at first before listening again; twice as long each
    /// time that fails.
    const FIRST_PAUSE: Duration = Duration::from_millis(50);

    /// And at most.
    const LONGEST_PAUSE: Duration = Duration::from_secs(1);

    /// A bus that everybody is on who uses the same Redis with the same prefix.
    pub fn new(redis: Redis) -> Self {
        let channel = redis.named("invalidations");
        Self { redis, channel }
    }

    /// Passes on what is announced, until the connection fails.
    async fn follow(&self, connection: PubSub, listener: &dyn ForgetRankings) -> RedisError {
        let (mut commands, mut announcements) = connection.split();
        let mut pings = interval(Self::PING_EVERY);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                announcement = announcements.next() => match announcement {
                    Some(announcement) => pass_on(announcement.get_payload_bytes(), listener).await,
                    None => return std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into(),
                },
                _ = pings.tick() => {
                    let pong = within(Self::PING_EVERY, commands.ping::<Value>()).await;
                    if let Err(error) = pong {
                        return error;
                    }
                }
            }
        }
    }
}

/// An announcement is the workload's slug. What cannot be understood may mean
/// anything.
async fn pass_on(announcement: &[u8], listener: &dyn ForgetRankings) {
    let slug = str::from_utf8(announcement).ok().and_then(|text| WorkloadSlug::parse(text).ok());
    match slug {
        Some(workload) => listener.forget(&workload).await,
        None => listener.forget_everything().await,
    }
}

#[async_trait]
impl InvalidationBus for RedisInvalidationBus {
    async fn announce(&self, workload: &WorkloadSlug) -> Result<(), StoreError> {
        let mut publish = cmd("PUBLISH");
        publish.arg(&self.channel).arg(workload.as_str());
        self.redis.run::<()>(&publish).await.map_err(StoreError::unavailable)
    }

    async fn listen(&self, listener: &dyn ForgetRankings) {
        let mut is_interrupted = false;
        let mut pause = Self::FIRST_PAUSE;
        loop {
            let cause = match self.redis.subscribe(self.channel.clone()).await {
                Ok(connection) => {
                    if is_interrupted {
                        tracing::info!(channel = self.channel, "listening for announcements again");
                    }
                    (is_interrupted, pause) = (false, Self::FIRST_PAUSE);
                    // Subscribed first: what is announced meanwhile is kept.
                    listener.forget_everything().await;
                    self.follow(connection, listener).await
                }
                Err(cause) => cause,
            };
            if !is_interrupted {
                is_interrupted = true;
                let error = &cause as &dyn std::error::Error;
                tracing::warn!(error, channel = self.channel, "not listening for announcements");
            }
            sleep(pause).await;
            pause = (2 * pause).min(Self::LONGEST_PAUSE);
        }
    }
}
