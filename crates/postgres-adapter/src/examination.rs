//! What a schema is before it is migrated: empty, ours, or somebody else's.

use std::error::Error;

use diesel::migration::{Migration, MigrationSource};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Nullable, Text};
use diesel_async::AsyncPgConnection;
use diesel_async::async_connection_wrapper::AsyncConnectionWrapper;
use diesel_migrations::{EmbeddedMigrations, embed_migrations};

/// All migrations of this version.
pub(crate) const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations/postgres");

/// What the first migration marks a schema with.
const MARK: &str = "benchmark-api";

/// A connection as diesel's migrations know it: its calls block.
pub(crate) type Blocking = AsyncConnectionWrapper<AsyncPgConnection>;

/// Why a database is not upgraded.
pub(crate) enum Refusal {
    NoSchema,
    Foreign,
    Newer(String),
    Locked(Box<dyn Error + Send + Sync>),
    Driver(diesel::result::Error),
    Other(Box<dyn Error + Send + Sync>),
}

impl From<diesel::result::Error> for Refusal {
    fn from(error: diesel::result::Error) -> Self {
        Self::Driver(error)
    }
}

/// The versions of our migrations, the first one first.
pub(crate) fn ours() -> Result<Vec<String>, Refusal> {
    let ours: Vec<Box<dyn Migration<Pg>>> = MIGRATIONS.migrations().map_err(Refusal::Other)?;
    Ok(ours.iter().map(|ours| ours.name().version().to_string()).collect())
}

/// The versions of the migrations that were run on a schema, the first one
/// first. Refuses a schema that somebody else made, or that has migrations which
/// are not ours.
pub(crate) fn examine(connection: &mut Blocking) -> Result<Vec<String>, Refusal> {
    #[derive(QueryableByName)]
    struct Schema {
        #[diesel(sql_type = Nullable<Text>)]
        name: Option<String>,
        #[diesel(sql_type = Bool)]
        has_relations: bool,
        #[diesel(sql_type = Bool)]
        has_migrations: bool,
        #[diesel(sql_type = Nullable<Text>)]
        mark: Option<String>,
    }
    #[derive(QueryableByName)]
    struct Applied {
        #[diesel(sql_type = Text)]
        version: String,
    }
    // What an extension made is nobody's program.
    const SCHEMA: &str = "
        WITH relations AS (
            SELECT c.oid, c.relname FROM pg_class c
            JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = current_schema()
            WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND NOT EXISTS (
                SELECT FROM pg_depend d
                WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
            )
        ), migrations AS (
            SELECT oid FROM relations WHERE relname = '__diesel_schema_migrations'
        )
        SELECT current_schema()::text AS name,
            EXISTS (SELECT FROM relations) AS has_relations,
            EXISTS (SELECT FROM migrations) AS has_migrations,
            (SELECT obj_description(oid, 'pg_class') FROM migrations) AS mark";
    let Schema { name, has_relations, has_migrations, mark } =
        diesel::sql_query(SCHEMA).get_result(connection)?;
    if name.is_none() {
        return Err(Refusal::NoSchema);
    }
    if has_relations && mark.as_deref() != Some(MARK) {
        return Err(Refusal::Foreign);
    }
    if !has_migrations {
        return Ok(Vec::new());
    }
    const APPLIED: &str = "SELECT version FROM __diesel_schema_migrations ORDER BY version";
    let applied: Vec<Applied> = diesel::sql_query(APPLIED).load(connection)?;
    let applied: Vec<_> = applied.into_iter().map(|row| row.version).collect();
    let ours = ours()?;
    match applied.iter().find(|version| !ours.contains(version)) {
        Some(unknown) => Err(Refusal::Newer(unknown.clone())),
        None => Ok(applied),
    }
}
