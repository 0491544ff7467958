use std::sync::atomic::{AtomicUsize, Ordering};

use crate::access::Host;
use crate::connect_error::ConnectError;
use crate::connection::{Connection, Connector, Wanted};

/// The hosts of which one accepts writes, and which it was last.
pub(crate) struct Primary {
    hosts: Vec<Host>,
    believed: AtomicUsize,
}

impl Primary {
    /// The first of these hosts, as far as is known, or one of the others.
    pub(crate) fn among(first: Host, others: Vec<Host>) -> Self {
        let hosts = [vec![first], others].concat();
        Self { hosts, believed: AtomicUsize::new(0) }
    }

    /// Connects to the host that accepts writes. Where there is one host, it is
    /// not asked whether it does.
    pub(crate) async fn connect(&self, connector: &Connector) -> Result<Connection, ConnectError> {
        let first = self.believed.load(Ordering::Relaxed);
        let mut failure = match self.attempt(first, connector).await {
            Ok(connection) => return Ok(connection),
            Err(error) => error,
        };
        for step in 1..self.hosts.len() {
            match self.attempt(first + step, connector).await {
                Ok(connection) => return Ok(connection),
                // That a standby accepts no writes says least.
                Err(error) if matches!(failure, ConnectError::NotWritable { .. }) => {
                    failure = error;
                }
                Err(_) => {}
            }
        }
        Err(failure)
    }

    async fn attempt(&self, at: usize, connector: &Connector) -> Result<Connection, ConnectError> {
        let wanted = if self.hosts.len() == 1 { Wanted::Any } else { Wanted::Writable };
        let attempt = connector.connect(&self.hosts[at % self.hosts.len()], wanted).await;
        if attempt.is_err() {
            // Also for the next call, in case this one is given up: it shall not
            // wait for the same host again.
            self.believed.store((at + 1) % self.hosts.len(), Ordering::Relaxed);
        }
        attempt
    }
}
