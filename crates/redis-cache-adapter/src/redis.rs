use std::collections::BTreeSet;
use std::io;
use std::mem;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, Weak};
use std::time::{Duration, Instant};

use ::redis::aio::PubSub;
use ::redis::{Cmd, FromRedisValue, RedisError, cmd};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

use crate::breaker::Breaker;
use crate::connection::{Connection, Failure};
use crate::connections::Connections;
use crate::connector::Connector;
use crate::deadline::within;
use crate::{InvalidRedisConfig, RedisConfig};

/// Redis, as everything in this crate reaches it: over connections that many
/// share while it answers, and with a refusal at once while it does not.
///
/// A task of its own connects, and connects again after Redis was given up;
/// requests never wait for that. Clones are the same Redis.
#[derive(Clone)]
pub struct Redis(Arc<Inner>);

/// How Redis is, for telemetry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RedisStatus {
    /// Whether commands are sent; if not, they are refused at once.
    pub answers: bool,
    /// How often it was given up since the start.
    pub outages: u64,
}

struct Inner {
    name: String,
    prefix: String,
    response_timeout: Duration,
    connector: Connector,
    /// Where the connection that all share is opened and driven: each worker of
    /// the web server has a runtime of its own, and it would die with it.
    runtime: Handle,
    state: RwLock<State>,
    outages: AtomicU64,
    /// Keys that should have been deleted and were not. Nothing is read before
    /// they are.
    owed: Mutex<BTreeSet<String>>,
    gave_up: mpsc::Sender<()>,
}

#[derive(Clone)]
enum State {
    Starting,
    Answers(Arc<Live>),
    Away(RedisError),
}

struct Live {
    connections: Connections,
    breaker: Breaker,
    refused: AtomicBool,
}

impl Redis {
    /// How long nothing is tried after it failed.
    const PAUSE: Duration = Duration::from_millis(500);

    /// A connection that was given up sooner than this after it was opened is
    /// not opened again at once.
    const STABLE: Duration = Duration::from_secs(5);

    /// How long what has to happen before a connection is used may take; no
    /// request waits for it.
    const SETTLE_TIMEOUT: Duration = Duration::from_secs(2);

    /// How many places of the keyspace a probe looks at: in a Cluster, places
    /// of every master.
    const PROBES: usize = 64;

    /// Opens a connection on the runtime of the caller, which has to outlive
    /// it. That Redis cannot be reached is no failure: it is tried again in the
    /// background, and until then everything goes on without it.
    ///
    /// # Errors
    /// [`InvalidRedisConfig`], where trying again would not help.
    pub async fn connect(config: &RedisConfig) -> Result<Self, InvalidRedisConfig> {
        let (gave_up, given_up) = mpsc::channel(1);
        let inner = Arc::new(Inner {
            name: config.mode.to_string(),
            prefix: config.prefix.clone(),
            response_timeout: config.response_timeout,
            connector: Connector::new(config)?,
            runtime: Handle::current(),
            state: RwLock::new(State::Starting),
            outages: AtomicU64::new(0),
            owed: Mutex::default(),
            gave_up,
        });
        let (tried, first_try) = oneshot::channel();
        inner.runtime.spawn(keep_connected(Arc::downgrade(&inner), given_up, tried));
        _ = first_try.await;
        Ok(Self(inner))
    }

    /// How it is.
    pub fn status(&self) -> RedisStatus {
        RedisStatus {
            answers: matches!(self.0.state(), State::Answers(_)),
            outages: self.0.outages.load(Ordering::Relaxed),
        }
    }

    /// A name of a key or a channel.
    pub(crate) fn named(&self, name: &str) -> String {
        [&*self.0.prefix, name].concat()
    }

    /// Sends a command and waits for the answer, for as long as is configured.
    pub(crate) async fn run<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, RedisError> {
        self.0.run(&self.0.live()?, command, self.0.response_timeout).await
    }

    /// The same for a command that changes nothing, over the connection of the
    /// worker that asks where it has one.
    ///
    /// A worker that is busy reads an answer late, which says nothing about
    /// Redis. After half the time, or where that connection fails, it asks again
    /// over the one that all share, which no worker holds up; and only what
    /// becomes of that counts.
    pub(crate) async fn read<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, RedisError> {
        let (live, deadline) = (self.0.live()?, self.0.response_timeout);
        let Some(mut own) = live.connections.own() else {
            return self.0.run(&live, command, deadline).await;
        };
        if let Ok(answer) = within(deadline / 2, own.run(command)).await {
            return Ok(answer);
        }
        live.connections.give_up_own();
        self.0.run(&live, command, deadline / 2).await
    }

    /// Deletes keys: now, or if that fails before anything else is asked. It is
    /// a task of its own, which goes on where the caller goes away midway.
    pub(crate) async fn delete(&self, keys: Vec<String>) {
        let redis = self.clone();
        let deleting = self.0.runtime.spawn(async move {
            let Err(cause) = redis.run::<()>(cmd("UNLINK").arg(&keys)).await else { return };
            let mut owed = redis.0.owed();
            owed.extend(keys);
            // Under the lock: a connection is only used while nothing is owed.
            if let State::Answers(live) = redis.0.state() {
                redis.0.give_up(&live, &cause);
            }
        });
        // It fails if the runtime ends, and then so does everything here.
        _ = deleting.await;
    }

    /// Asks at every master whether it answers.
    pub(crate) async fn probe(&self) -> Result<(), RedisError> {
        self.run(&self.0.probe()).await
    }

    /// Opens a connection that listens to a channel.
    pub(crate) async fn subscribe(&self, channel: String) -> Result<PubSub, RedisError> {
        let inner = self.0.clone();
        let opening = async move { inner.connector.subscribe(&channel).await };
        self.0.runtime.spawn(opening).await.map_err(io::Error::other)?
    }
}

impl Inner {
    fn state(&self) -> State {
        self.state.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Redis, while it answers.
    fn live(&self) -> Result<Arc<Live>, RedisError> {
        match self.state() {
            State::Answers(live) => Ok(live),
            State::Away(cause) => Err(cause),
            State::Starting => Err(io::Error::from(io::ErrorKind::NotConnected).into()),
        }
    }

    /// Sends a command over the connection that all share, and takes note of
    /// what becomes of it.
    async fn run<T: FromRedisValue>(
        &self,
        live: &Arc<Live>,
        command: &Cmd,
        deadline: Duration,
    ) -> Result<T, RedisError> {
        let mut connection = live.connections.shared();
        let answer = within(deadline, connection.run(command)).await;
        match &answer {
            Ok(_) => live.breaker.succeeded(),
            Err(error) => self.take_note(live, &connection, error),
        }
        answer
    }

    fn owed(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.owed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn probe(&self) -> Cmd {
        let keys = (0..Redis::PROBES).map(|n| format!("{}probe:{n}", self.prefix));
        let mut command = cmd("EXISTS");
        command.arg(keys.collect::<Vec<_>>());
        command
    }

    fn take_note(&self, live: &Arc<Live>, connection: &Connection, error: &RedisError) {
        match connection.diagnose(error) {
            Failure::Expected => {}
            Failure::Refusal => {
                if !live.refused.swap(true, Ordering::Relaxed) {
                    let error = error as &dyn std::error::Error;
                    tracing::warn!(error, server = self.name, "Redis refuses a command");
                }
            }
            Failure::Doubt => {
                if live.breaker.failed() {
                    self.give_up(live, error);
                }
            }
            Failure::Loss => self.give_up(live, error),
        }
    }

    /// Gives a connection up, unless that has happened.
    fn give_up(&self, live: &Arc<Live>, cause: &RedisError) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        if !matches!(&*state, State::Answers(current) if Arc::ptr_eq(current, live)) {
            return;
        }
        *state = State::Away(cause.clone());
        drop(state);
        self.outages.fetch_add(1, Ordering::Relaxed);
        self.say_away(cause);
        _ = self.gave_up.try_send(());
    }

    /// Could not connect.
    fn stay_away(&self, cause: &RedisError) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let is_news = matches!(&*state, State::Starting);
        *state = State::Away(cause.clone());
        drop(state);
        if is_news {
            self.outages.fetch_add(1, Ordering::Relaxed);
            self.say_away(cause);
        }
    }

    fn say_away(&self, cause: &RedisError) {
        let error = cause as &dyn std::error::Error;
        tracing::warn!(error, server = self.name, "Redis is given up, going on without it");
    }

    /// Opens a connection and deletes what is owed, then has it used.
    async fn reconnect(&self) -> Result<(), RedisError> {
        let connections = self.connector.connect().await?;
        let mut connection = connections.shared();
        within(self.response_timeout, connection.run::<()>(&self.probe())).await?;
        loop {
            let keys = {
                let mut owed = self.owed();
                if owed.is_empty() {
                    let live = Live {
                        connections,
                        breaker: Breaker::default(),
                        refused: AtomicBool::new(false),
                    };
                    let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
                    *state = State::Answers(Arc::new(live));
                    break;
                }
                // Taken out: what is owed from now on is another deletion.
                mem::take(&mut *owed)
            };
            let mut deletion = cmd("UNLINK");
            deletion.arg(&keys);
            let deleting = within(Redis::SETTLE_TIMEOUT, connection.run::<()>(&deletion));
            if let Err(error) = deleting.await {
                self.owed().extend(keys);
                return Err(error);
            }
        }
        tracing::info!(server = self.name, "Redis answers");
        Ok(())
    }
}

/// Connects whenever there is no connection, until nobody uses Redis any more.
async fn keep_connected(
    redis: Weak<Inner>,
    mut given_up: mpsc::Receiver<()>,
    tried: oneshot::Sender<()>,
) {
    let mut tried = Some(tried);
    loop {
        let Some(inner) = redis.upgrade() else { return };
        let connected = inner.reconnect().await.map_err(|cause| inner.stay_away(&cause)).is_ok();
        drop(inner);
        if let Some(tried) = tried.take() {
            _ = tried.send(());
        }
        let opened = Instant::now();
        if connected && given_up.recv().await.is_none() {
            return;
        }
        if !connected || opened.elapsed() < Redis::STABLE {
            tokio::time::sleep(Redis::PAUSE).await;
        }
    }
}
