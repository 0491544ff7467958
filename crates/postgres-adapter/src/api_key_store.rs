use async_trait::async_trait;
use benchmark_domain::uuid::Uuid;
use benchmark_ports::{
    ApiKey, ApiKeyId, ApiKeyStore, KeyHash, PageLimit, Scope, Scopes, StoreError, Timestamp,
};
use diesel::data_types::PgTimestamp;
use diesel::dsl::exists;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use futures_util::FutureExt;

use crate::PostgresStore;
use crate::columns::{moment, timestamp, timestamp_if_any};
use crate::schema::api_keys;

/// Every key is read from the primary: one that was revoked is so at once,
/// however far the replicas lag.
#[async_trait]
impl ApiKeyStore for PostgresStore {
    async fn insert(&self, key: &ApiKey) -> Result<bool, StoreError> {
        let row = ApiKeyRow::from(key.clone());
        self.write(move |connection| {
            let insertion = diesel::insert_into(api_keys::table).values(row.clone());
            async move {
                let stored = insertion.on_conflict_do_nothing().execute(connection).await?;
                Ok(stored == 1)
            }
            .boxed()
        })
        .await
    }

    async fn find(&self, hash: &KeyHash) -> Result<Option<ApiKey>, StoreError> {
        let KeyHash(hash) = *hash;
        self.read_primary(move |connection| {
            async move {
                let found = api_keys::table
                    .filter(api_keys::hash.eq(hash.to_vec()))
                    .select(ApiKeyRow::as_select())
                    .first(connection)
                    .await
                    .optional()?;
                Ok(found.map(ApiKey::try_from).transpose()?)
            }
            .boxed()
        })
        .await
    }

    async fn any(&self) -> Result<bool, StoreError> {
        self.read_primary(|connection| {
            async move {
                let any = exists(api_keys::table.select(api_keys::id));
                Ok(diesel::select(any).get_result(connection).await?)
            }
            .boxed()
        })
        .await
    }

    async fn list(
        &self,
        after: Option<ApiKeyId>,
        limit: PageLimit,
    ) -> Result<Option<Vec<ApiKey>>, StoreError> {
        self.snapshot_primary(move |connection| {
            async move {
                let mut page = api_keys::table
                    .order((api_keys::created_at.desc(), api_keys::id.desc()))
                    .limit(limit.get() as i64)
                    .select(ApiKeyRow::as_select())
                    .into_boxed();
                if let Some(ApiKeyId(after)) = after {
                    let created_at: Option<PgTimestamp> = api_keys::table
                        .find(after)
                        .select(api_keys::created_at)
                        .first(connection)
                        .await
                        .optional()?;
                    let Some(created_at) = created_at else { return Ok(None) };
                    let together = api_keys::created_at.eq(created_at);
                    let earlier = api_keys::created_at.lt(created_at);
                    page = page.filter(earlier.or(together.and(api_keys::id.lt(after))));
                }
                let rows = page.load(connection).await?;
                let keys: Result<_, StoreError> = rows.into_iter().map(ApiKey::try_from).collect();
                Ok(Some(keys?))
            }
            .boxed()
        })
        .await
    }

    async fn revoke(&self, id: ApiKeyId, at: Timestamp) -> Result<Option<ApiKey>, StoreError> {
        let (ApiKeyId(id), at) = (id, moment(at));
        self.write(move |connection| {
            async move {
                let later =
                    api_keys::revoked_at.is_null().or(api_keys::revoked_at.gt(at).nullable());
                diesel::update(api_keys::table.find(id).filter(later))
                    .set(api_keys::revoked_at.eq(at))
                    .execute(connection)
                    .await?;
                let found = api_keys::table
                    .find(id)
                    .select(ApiKeyRow::as_select())
                    .first(connection)
                    .await
                    .optional()?;
                Ok(found.map(ApiKey::try_from).transpose()?)
            }
            .boxed()
        })
        .await
    }

    async fn note_use(&self, id: ApiKeyId, at: Timestamp) -> Result<(), StoreError> {
        let (ApiKeyId(id), at) = (id, moment(at));
        self.write(move |connection| {
            async move {
                let earlier =
                    api_keys::last_used_at.is_null().or(api_keys::last_used_at.lt(at).nullable());
                diesel::update(api_keys::table.find(id).filter(earlier))
                    .set(api_keys::last_used_at.eq(at))
                    .execute(connection)
                    .await?;
                Ok(())
            }
            .boxed()
        })
        .await
    }
}

#[derive(Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = api_keys, treat_none_as_default_value = false)]
struct ApiKeyRow {
    id: Uuid,
    hash: Vec<u8>,
    scopes: String,
    owner: String,
    created_at: PgTimestamp,
    expires_at: Option<PgTimestamp>,
    revoked_at: Option<PgTimestamp>,
    last_used_at: Option<PgTimestamp>,
}

impl From<ApiKey> for ApiKeyRow {
    fn from(key: ApiKey) -> Self {
        let ApiKey { id, hash, scopes, owner, created_at, expires_at, revoked_at, last_used_at } =
            key;
        let scopes: Vec<_> = scopes.iter().map(Scope::as_str).collect();
        Self {
            id: id.0,
            hash: hash.0.to_vec(),
            scopes: scopes.join(" "),
            owner,
            created_at: moment(created_at),
            expires_at: expires_at.map(moment),
            revoked_at: revoked_at.map(moment),
            last_used_at: last_used_at.map(moment),
        }
    }
}

impl TryFrom<ApiKeyRow> for ApiKey {
    type Error = StoreError;

    fn try_from(row: ApiKeyRow) -> Result<Self, StoreError> {
        let id = row.id;
        read(row).ok_or_else(|| StoreError::corrupt(format!("API key {id}")))
    }
}

fn read(row: ApiKeyRow) -> Option<ApiKey> {
    let ApiKeyRow { id, hash, scopes, owner, created_at, expires_at, revoked_at, last_used_at } =
        row;
    let scope = |text| Scope::ALL.into_iter().find(|scope| scope.as_str() == text);
    Some(ApiKey {
        id: ApiKeyId(id),
        hash: KeyHash(hash.try_into().ok()?),
        scopes: scopes.split_whitespace().map(scope).collect::<Option<Scopes>>()?,
        owner,
        created_at: timestamp(created_at)?,
        expires_at: timestamp_if_any(expires_at)?,
        revoked_at: timestamp_if_any(revoked_at)?,
        last_used_at: timestamp_if_any(last_used_at)?,
    })
}
