use std::io::Write;
use std::time::Duration;

use benchmark_postgres_adapter as postgres;
use benchmark_sqlite_adapter as sqlite;

use crate::config::{Config, StoreConfig};
use crate::waiting::{self, seconds};

/// What to do about migrations.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only tell which were run and which are due
    #[arg(long, conflicts_with = "revert")]
    status: bool,
    /// Undo the one that was run last; what it made is lost
    #[arg(long)]
    revert: bool,
    /// For how many seconds to wait for a database server that is not there yet
    #[arg(long, default_value = "0", value_parser = seconds)]
    wait: Duration,
}

/// Brings the schema up to date, or tells or undoes, and says what that took.
pub(crate) async fn run(args: Args, config: &Config) -> anyhow::Result<()> {
    let Args { status, revert, wait } = args;
    let mut stdout = std::io::stdout().lock();
    if status {
        let (applied, pending) = waiting::for_server(wait, || self::status(&config.store)).await?;
        for migration in applied {
            writeln!(stdout, "applied {migration}")?;
        }
        for migration in pending {
            writeln!(stdout, "pending {migration}")?;
        }
        return Ok(());
    }
    if revert {
        return match waiting::for_server(wait, || self::revert(&config.store)).await? {
            Some(migration) => Ok(writeln!(stdout, "reverted {migration}")?),
            None => Ok(writeln!(stdout, "there is no migration to revert")?),
        };
    }
    for migration in waiting::for_server(wait, || migrate(&config.store)).await? {
        writeln!(stdout, "ran {migration}")?;
    }
    Ok(writeln!(stdout, "{} is up to date", config.store)?)
}

async fn migrate(store: &StoreConfig) -> anyhow::Result<Vec<String>> {
    Ok(match store {
        StoreConfig::Sqlite(path) => sqlite::migrate(path).await?,
        StoreConfig::Postgres(config) => postgres::migrate(config).await?,
    })
}

/// What was run, and what is due.
async fn status(store: &StoreConfig) -> anyhow::Result<(Vec<String>, Vec<String>)> {
    Ok(match store {
        StoreConfig::Sqlite(path) => {
            let sqlite::MigrationStatus { applied, pending } = sqlite::status(path).await?;
            (applied, pending)
        }
        StoreConfig::Postgres(config) => {
            let postgres::MigrationStatus { applied, pending } = postgres::status(config).await?;
            (applied, pending)
        }
    })
}

async fn revert(store: &StoreConfig) -> anyhow::Result<Option<String>> {
    Ok(match store {
        StoreConfig::Sqlite(path) => sqlite::revert(path).await?,
        StoreConfig::Postgres(config) => postgres::revert(config).await?,
    })
}
