use crate::Held;
use crate::psql::{DATABASE, query, url};

/// A schema of one test, which is dropped with everything in it.
#[derive(Debug)]
pub struct PostgresSchema {
    pub(crate) port: u16,
    pub(crate) name: String,
}

impl PostgresSchema {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A URL of the database that names the schema.
    pub fn url(&self) -> String {
        format!("{}?schema={}", url("127.0.0.1", self.port), self.name)
    }

    /// What `psql` prints for these statements, which are about this schema.
    ///
    /// # Panics
    /// If they fail.
    pub fn sql(&self, statements: &str) -> String {
        let statements = format!("SET search_path TO {};\n{statements}", self.name);
        query(self.port, DATABASE, &statements).unwrap_or_else(|words| panic!("{words}"))
    }

    /// A transaction that runs a statement and then goes on until it is dropped.
    pub fn hold(&self, statement: &str) -> Held {
        Held::begin(self.port, &self.name, statement)
    }
}

impl Drop for PostgresSchema {
    fn drop(&mut self) {
        _ = query(self.port, DATABASE, &format!("DROP SCHEMA {} CASCADE", self.name));
    }
}
