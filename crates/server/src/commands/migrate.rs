use benchmark_sqlite_adapter::migrate;

use crate::config::Config;

/// Brings the schema up to date, and says what that took.
pub(crate) async fn run(config: &Config) -> anyhow::Result<()> {
    for migration in migrate(&config.database).await? {
        println!("ran {migration}");
    }
    println!("{} is up to date", config.database.display());
    Ok(())
}
