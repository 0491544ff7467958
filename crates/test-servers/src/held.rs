use std::thread::{self, JoinHandle};

use crate::PostgresSchema;
use crate::psql::{DATABASE, query};

/// A transaction that has run a statement and goes on, with all the locks that it
/// took, until this is dropped, for 19 seconds at most.
pub struct Held<'a> {
    schema: &'a PostgresSchema,
    session: Option<JoinHandle<()>>,
}

impl<'a> Held<'a> {
    pub(crate) fn begin(schema: &'a PostgresSchema, statement: &str) -> Self {
        let (port, name) = (schema.port, &schema.name);
        let statements =
            format!("SET search_path TO {name}; BEGIN; {statement}; SELECT pg_sleep(19); COMMIT");
        // It is ended before it is done.
        let session = thread::spawn(move || _ = query(port, DATABASE, &statements));
        let held = Self { schema, session: Some(session) };
        while held.of_it("SELECT count(*) FROM") == "0" {
            thread::yield_now();
        }
        held
    }

    /// What a query says of the session's line in `pg_stat_activity`.
    fn of_it(&self, query: &str) -> String {
        self.schema.sql(&format!(
            "{query} pg_stat_activity WHERE wait_event = 'PgSleep' AND query LIKE '%pg_sleep%' \
             AND query LIKE 'SET search_path TO {};%'",
            self.schema.name
        ))
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.of_it("SELECT pg_terminate_backend(pid, 10000) FROM");
        _ = self.session.take().map(JoinHandle::join);
    }
}
