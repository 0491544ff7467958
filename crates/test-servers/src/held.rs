use std::process;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, JoinHandle};

use crate::psql::{DATABASE, query};

/// A transaction that has run a statement and goes on, with all the locks that it
/// took, until this is dropped, for 19 seconds at most.
pub struct Held {
    port: u16,
    /// What its statements begin with, and no others do.
    mark: String,
    session: Option<JoinHandle<()>>,
}

impl Held {
    pub(crate) fn begin(port: u16, schema: &str, statement: &str) -> Self {
        static BEGUN: AtomicU64 = AtomicU64::new(0);
        let number = BEGUN.fetch_add(1, Ordering::Relaxed);
        let mark = format!("/* held {}.{number} */", process::id());
        let statements = format!(
            "{mark} SET search_path TO {schema}; BEGIN; {statement}; SELECT pg_sleep(19); COMMIT"
        );
        // It is ended before it is done.
        let session = thread::spawn(move || _ = query(port, DATABASE, &statements));
        let held = Self { port, mark, session: Some(session) };
        while held.of_it("SELECT count(*) FROM") == "0" {
            thread::yield_now();
        }
        held
    }

    /// What a query says of the session's line in `pg_stat_activity`.
    fn of_it(&self, sql: &str) -> String {
        let sql = format!(
            "{sql} pg_stat_activity WHERE wait_event = 'PgSleep' AND query LIKE '{}%'",
            self.mark
        );
        query(self.port, DATABASE, &sql).unwrap_or_else(|words| panic!("{words}"))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.of_it("SELECT pg_terminate_backend(pid, 10000) FROM");
        _ = self.session.take().map(JoinHandle::join);
    }
}
