use crate::compose::open_store;
use crate::config::Config;

/// Brings the schema up to date: opening the store does.
pub(crate) async fn run(config: &Config) -> anyhow::Result<()> {
    open_store(config).await?;
    println!("{} is up to date", config.database.display());
    Ok(())
}
