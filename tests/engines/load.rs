use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::service::{KEY, agent};

/// Clients that ask for rankings, one question after the other, each over its own
/// kept connections.
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    clients: Vec<JoinHandle<Told>>,
}

/// What the clients were told.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// How many answers of each status; 0 for no answer at all.
    pub(crate) statuses: BTreeMap<u16, usize>,
    /// How many answers were marked stale.
    pub(crate) stale: usize,
    /// How long each answer took.
    pub(crate) took: Vec<Duration>,
}

impl Told {
    pub(crate) fn answers(&self) -> usize {
        self.statuses.values().sum()
    }

    /// How many answers were not 200.
    pub(crate) fn failures(&self) -> usize {
        self.answers() - self.statuses.get(&200).copied().unwrap_or(0)
    }

    /// How long all but a hundredth of the answers took at most.
    pub(crate) fn p99(&mut self) -> Duration {
        self.took.sort_unstable();
        self.took[self.took.len() * 99 / 100]
    }

    fn add(&mut self, other: Self) {
        for (status, count) in other.statuses {
            *self.statuses.entry(status).or_default() += count;
        }
        self.stale += other.stale;
        self.took.extend(other.took);
    }
}

impl Load {
    /// So many clients; `url` gives where the next question goes.
    pub(crate) fn of(
        clients: usize,
        url: impl Fn(usize) -> String + Send + Sync + 'static,
    ) -> Self {
        let (stop, url) = (Arc::new(AtomicBool::new(false)), Arc::new(url));
        let asked = Arc::new(AtomicUsize::new(0));
        let clients = (0..clients).map(|_| {
            let (stop, url, asked) = (stop.clone(), url.clone(), asked.clone());
            std::thread::spawn(move || {
                ask_until(&stop, || url(asked.fetch_add(1, Ordering::Relaxed)))
            })
        });
        Self { clients: clients.collect(), stop }
    }

    /// Questions for one service, of so many different ones in turn.
    pub(crate) fn on(service: &str, clients: usize, questions: usize) -> Self {
        let service = service.to_owned();
        Self::of(clients, move |number| {
            format!("{service}/api/v1/benchmark/TTFT?limit={}", 1 + number % questions)
        })
    }

    /// Ends it, and tells how it went.
    pub(crate) fn end(self) -> Told {
        self.stop.store(true, Ordering::Relaxed);
        let mut told = Told::default();
        self.clients.into_iter().for_each(|client| told.add(client.join().unwrap()));
        told
    }

    /// Lets it go on for so long, and ends it.
    pub(crate) fn for_seconds(self, seconds: f64) -> Told {
        std::thread::sleep(Duration::from_secs_f64(seconds));
        self.end()
    }
}

fn ask_until(stop: &AtomicBool, url: impl Fn() -> String) -> Told {
    let (agent, mut told) = (agent(), Told::default());
    while !stop.load(Ordering::Relaxed) {
        let begun = Instant::now();
        let answer = agent.get(url()).header("X-API-Key", KEY).call();
        let status = answer.as_ref().map_or(0, |answer| answer.status().as_u16());
        if let Ok(answer) = answer {
            told.stale += usize::from(answer.headers().contains_key("age"));
            // Read to its end, the connection can be used again.
            _ = answer.into_body().read_to_vec();
        }
        told.took.push(begun.elapsed());
        *told.statuses.entry(status).or_default() += 1;
        // A client that is not a flood: the servers need the cores too.
        std::thread::sleep(Duration::from_millis(1));
    }
    told
}
