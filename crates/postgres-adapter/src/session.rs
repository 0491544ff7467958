use std::time::Duration;

use crate::config::{Pooler, PostgresConfig};

/// What holds for every statement that is sent over a connection.
///
/// Without a pooler a connection is told once, as it starts. With one, nothing
/// that one transaction says of the session is true in the next, and so each
/// says it again, in the same round trip as it begins.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    pub(crate) pooler: Pooler,
    settings: Vec<(&'static str, String)>,
}

impl Session {
    /// Under what name the service is listed in `pg_stat_activity`.
    pub(crate) const APPLICATION_NAME: &'static str = "benchmark-api";

    /// For how long a transaction may sit idle, in which case its process is
    /// frozen or gone, before the server ends it and what it holds is free.
    const IDLE_IN_TRANSACTION: Duration = Duration::from_secs(30);

    /// With statements that last so long at most, or as long as it takes if
    /// that is zero.
    pub(crate) fn of(config: &PostgresConfig, statement_timeout: Duration) -> Self {
        let mut settings = vec![
            ("statement_timeout", statement_timeout.as_millis().to_string()),
            (
                "idle_in_transaction_session_timeout",
                Self::IDLE_IN_TRANSACTION.as_millis().to_string(),
            ),
        ];
        if let Some(schema) = &config.schema {
            settings.push(("search_path", identifier(schema)));
        }
        Self { pooler: config.pooler, settings }
    }

    /// What a connection is told as it starts.
    pub(crate) fn startup_options(&self) -> Option<String> {
        let escape = |value: &str| {
            let escaped = value.chars().flat_map(|c| {
                let special = c == '\\' || c.is_whitespace();
                special.then_some('\\').into_iter().chain([c])
            });
            escaped.collect::<String>()
        };
        let option = |(name, value): &(&str, String)| format!("-c {name}={}", escape(value));
        let options: Vec<_> = self.settings.iter().map(option).collect();
        (self.pooler == Pooler::None).then(|| options.join(" "))
    }

    /// The statements that begin a transaction of a kind.
    pub(crate) fn begin(&self, kind: Kind) -> String {
        let mut begin = format!("BEGIN {}", kind.modes());
        if self.pooler == Pooler::Transaction {
            begin.push_str("; ");
            begin.push_str(&self.local_settings());
        }
        begin
    }

    /// The settings as statements of a transaction that has begun.
    pub(crate) fn local_settings(&self) -> String {
        let setting = |(name, value): &(&str, String)| match *name {
            "search_path" => format!("SET LOCAL search_path TO {value}"),
            _ => format!("SET LOCAL {name} TO '{value}'"),
        };
        let settings: Vec<_> = self.settings.iter().map(setting).collect();
        settings.join("; ")
    }
}

/// What a transaction is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// One statement that reads.
    Statement,
    /// Statements that read, all at one moment.
    Snapshot,
    /// Statements that write. Each sees what was committed before it began,
    /// whatever the database's default is.
    Write,
}

impl Kind {
    fn modes(self) -> &'static str {
        match self {
            Self::Statement => "READ ONLY",
            Self::Snapshot => "ISOLATION LEVEL REPEATABLE READ READ ONLY",
            Self::Write => "ISOLATION LEVEL READ COMMITTED READ WRITE",
        }
    }
}

/// A name as SQL writes it.
pub(crate) fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(url: &str) -> Session {
        Session::of(&PostgresConfig::from_url(url).unwrap(), Duration::from_secs(5))
    }

    #[test]
    fn a_connection_is_told_once() {
        let session = session("postgres://me@db/x?schema=my%20%22s%22");
        assert_eq!(
            session.startup_options().unwrap(),
            "-c statement_timeout=5000 -c idle_in_transaction_session_timeout=30000 \
             -c search_path=\"my\\ \"\"s\"\"\""
        );
        assert_eq!(session.begin(Kind::Write), "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE");
    }

    #[test]
    fn behind_a_pooler_each_transaction_is_told() {
        let session = session("postgres://me@db/x?schema=s&pooler=transaction");
        assert_eq!(session.startup_options(), None);
        assert_eq!(
            session.begin(Kind::Statement),
            "BEGIN READ ONLY; SET LOCAL statement_timeout TO '5000'; \
             SET LOCAL idle_in_transaction_session_timeout TO '30000'; \
             SET LOCAL search_path TO \"s\""
        );
    }
}
