use std::io::{Write, stdout};

use benchmark_actix_http::wire;
use benchmark_application::CreateKeyError;
use benchmark_domain::Timestamp;
use benchmark_domain::chrono::TimeDelta;
use benchmark_domain::uuid::Uuid;
use benchmark_ports::{ApiKey, ApiKeyId, PageLimit, Scope};
use comfy_table::Table;

use crate::commands::rank::page_limit;
use crate::compose::UseCases;
use crate::config::Config;
use crate::json;
use crate::outcome::Refused;
use crate::table::table;

/// What to do with keys.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Make a key, and print it this once.
    Create(CreateArgs),
    /// Print the keys, the one made last first; never the keys themselves.
    List(ListArgs),
    /// Revoke a key for good; a running service refuses it within 5 seconds.
    Revoke(RevokeArgs),
}

/// Which key to make.
#[derive(Debug, clap::Args)]
pub(crate) struct CreateArgs {
    /// Whose key it is to be
    #[arg(long)]
    owner: String,
    /// What it is to allow: read, write or admin; may be given more than once
    #[arg(long = "scope", required = true, value_parser = scope)]
    scopes: Vec<Scope>,
    /// How long it is valid, such as 90d or 12h [default: for good]
    #[arg(long, value_parser = duration, conflicts_with = "expires_at")]
    expires_in: Option<TimeDelta>,
    /// From when on it is not valid any more, such as 2026-01-31T12:00:00Z
    #[arg(long, value_parser = wire::moment)]
    expires_at: Option<Timestamp>,
    /// Print the API's JSON instead of a table
    #[arg(long)]
    json: bool,
}

/// Which keys to print.
#[derive(Debug, clap::Args)]
pub(crate) struct ListArgs {
    /// How many keys to print at most (1 to 1000)
    #[arg(long, default_value = "100", value_parser = page_limit)]
    limit: PageLimit,
    /// The id of the last key of the page before
    #[arg(long)]
    after: Option<Uuid>,
    /// Print the API's JSON instead of a table
    #[arg(long)]
    json: bool,
}

/// Which key to revoke.
#[derive(Debug, clap::Args)]
pub(crate) struct RevokeArgs {
    /// The key's id, as the list shows it
    id: Uuid,
    /// Print the API's JSON instead of a table
    #[arg(long)]
    json: bool,
}

fn scope(text: &str) -> Result<Scope, String> {
    let scope = Scope::ALL.into_iter().find(|scope| scope.as_str() == text);
    scope.ok_or_else(|| "a scope is read, write or admin".to_owned())
}

fn duration(text: &str) -> Result<TimeDelta, String> {
    let duration = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    TimeDelta::from_std(duration).map_err(|error| error.to_string())
}

/// Makes, prints or revokes keys.
pub(crate) async fn run(command: Command, config: &Config) -> anyhow::Result<()> {
    let use_cases = UseCases::open(config).await?;
    match command {
        Command::Create(args) => create(args, &use_cases).await,
        Command::List(args) => list(args, &use_cases).await,
        Command::Revoke(args) => revoke(args, &use_cases).await,
    }
}

async fn create(args: CreateArgs, use_cases: &UseCases) -> anyhow::Result<()> {
    let CreateArgs { owner, scopes, expires_in, expires_at, json } = args;
    let expires_at = match expires_in {
        None => expires_at,
        Some(duration) => {
            let expiry = use_cases.clock.now().checked_add_signed(duration);
            Some(expiry.ok_or_else(|| Refused("--expires-in: is too long".to_owned()))?)
        }
    };
    let created = use_cases.create_key.run(&owner, scopes.into_iter().collect(), expires_at).await;
    let (stored, plain) = created.map_err(|error| match error {
        CreateKeyError::Owner => refused("--owner", &error),
        CreateKeyError::NoScope => refused("--scope", &error),
        CreateKeyError::Expired if expires_in.is_some() => refused("--expires-in", &error),
        CreateKeyError::Expired => refused("--expires-at", &error),
        CreateKeyError::Store(error) => error.into(),
    })?;
    let mut stdout = stdout().lock();
    if json {
        return json::print(&wire::CreatedKey::new(&stored, &plain), &mut stdout);
    }
    writeln!(stdout, "{}", as_table(&[stored]))?;
    Ok(writeln!(stdout, "API key, shown this once, only its hash is stored: {}", plain.expose())?)
}

async fn list(args: ListArgs, use_cases: &UseCases) -> anyhow::Result<()> {
    let ListArgs { limit, after, json } = args;
    let keys = use_cases.list_keys.run(after.map(ApiKeyId), limit).await?;
    let keys = keys.ok_or_else(|| Refused("--after: there is no key with this id".to_owned()))?;
    if let Some(last) = keys.last()
        && keys.len() == limit.get()
    {
        eprintln!("There may be more: --after {}", last.id.0);
    }
    let mut stdout = stdout().lock();
    if json {
        let keys: Vec<_> = keys.iter().map(wire::ApiKey::from).collect();
        return json::print(&keys, &mut stdout);
    }
    Ok(writeln!(stdout, "{}", as_table(&keys))?)
}

async fn revoke(args: RevokeArgs, use_cases: &UseCases) -> anyhow::Result<()> {
    let RevokeArgs { id, json } = args;
    let revoked = use_cases.revoke_key.run(ApiKeyId(id)).await?;
    let key = revoked.ok_or_else(|| Refused(format!("there is no API key with the id {id}")))?;
    let mut stdout = stdout().lock();
    if json {
        return json::print(&wire::ApiKey::from(&key), &mut stdout);
    }
    Ok(writeln!(stdout, "{}", as_table(&[key]))?)
}

fn refused(argument: &str, error: &CreateKeyError) -> anyhow::Error {
    Refused(format!("{argument}: {error}")).into()
}

fn as_table(keys: &[ApiKey]) -> Table {
    let rows = keys.iter().map(|key| {
        let scopes: Vec<_> = key.scopes.iter().map(Scope::as_str).collect();
        let moment = |moment: Option<Timestamp>| moment.map(wire::timestamp).unwrap_or_default();
        [
            key.id.0.to_string(),
            key.owner.clone(),
            scopes.join(", "),
            wire::timestamp(key.created_at),
            moment(key.expires_at),
            moment(key.revoked_at),
            moment(key.last_used_at),
        ]
    });
    table(["id", "owner", "scopes", "created", "expires", "revoked", "last used"], rows)
}
