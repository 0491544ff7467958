use std::io::Write;

use benchmark_sqlite_adapter::migrate;

use crate::config::Config;

/// Brings the schema up to date, and says what that took.
pub(crate) async fn run(config: &Config) -> anyhow::Result<()> {
    let migrations = migrate(&config.database).await?;
    let mut stdout = std::io::stdout().lock();
    for migration in migrations {
        writeln!(stdout, "ran {migration}")?;
    }
    Ok(writeln!(stdout, "{} is up to date", config.database.display())?)
}
