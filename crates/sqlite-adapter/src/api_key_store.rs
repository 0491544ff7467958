use async_trait::async_trait;
use benchmark_ports::{
    ApiKey, ApiKeyId, ApiKeyStore, KeyHash, PageLimit, Scope, Scopes, StoreError, Timestamp,
};
use diesel::dsl::exists;
use diesel::prelude::*;

use crate::SqliteStore;
use crate::columns::{timestamp, timestamp_text, uuid};
use crate::schema::api_keys;

#[async_trait]
impl ApiKeyStore for SqliteStore {
    async fn insert(&self, key: &ApiKey) -> Result<bool, StoreError> {
        let row = ApiKeyRow::from(key.clone());
        self.write(move |connection| {
            let stored = diesel::insert_into(api_keys::table)
                .values(row)
                .on_conflict_do_nothing()
                .execute(connection)?;
            Ok(stored == 1)
        })
        .await
    }

    async fn find(&self, hash: &KeyHash) -> Result<Option<ApiKey>, StoreError> {
        let KeyHash(hash) = *hash;
        self.read(move |connection| {
            let found = api_keys::table
                .filter(api_keys::hash.eq(hash.as_slice()))
                .select(ApiKeyRow::as_select())
                .first(connection)
                .optional()?;
            Ok(found.map(ApiKey::try_from).transpose()?)
        })
        .await
    }

    async fn any(&self) -> Result<bool, StoreError> {
        self.read(|connection| {
            let any = exists(api_keys::table.select(api_keys::id));
            Ok(diesel::select(any).get_result(connection)?)
        })
        .await
    }

    async fn list(
        &self,
        after: Option<ApiKeyId>,
        limit: PageLimit,
    ) -> Result<Option<Vec<ApiKey>>, StoreError> {
        self.read(move |connection| {
            let mut page = api_keys::table
                .order((api_keys::created_at.desc(), api_keys::id.desc()))
                .limit(limit.get() as i64)
                .select(ApiKeyRow::as_select())
                .into_boxed();
            if let Some(after) = after {
                let id = after.0.to_string();
                let created_at: Option<String> = api_keys::table
                    .find(&id)
                    .select(api_keys::created_at)
                    .first(connection)
                    .optional()?;
                let Some(created_at) = created_at else { return Ok(None) };
                let together = api_keys::created_at.eq(created_at.clone());
                let earlier = api_keys::created_at.lt(created_at);
                page = page.filter(earlier.or(together.and(api_keys::id.lt(id))));
            }
            let keys: Result<_, StoreError> =
                page.load(connection)?.into_iter().map(ApiKey::try_from).collect();
            Ok(Some(keys?))
        })
        .await
    }

    async fn revoke(&self, id: ApiKeyId, at: Timestamp) -> Result<Option<ApiKey>, StoreError> {
        let (id, at) = (id.0.to_string(), timestamp_text(at));
        self.write(move |connection| {
            let later = api_keys::revoked_at.is_null().or(api_keys::revoked_at.gt(&at).nullable());
            diesel::update(api_keys::table.find(&id).filter(later))
                .set(api_keys::revoked_at.eq(&at))
                .execute(connection)?;
            let found = api_keys::table
                .find(&id)
                .select(ApiKeyRow::as_select())
                .first(connection)
                .optional()?;
            Ok(found.map(ApiKey::try_from).transpose()?)
        })
        .await
    }

    async fn note_use(&self, id: ApiKeyId, at: Timestamp) -> Result<(), StoreError> {
        let (id, at) = (id.0.to_string(), timestamp_text(at));
        self.write(move |connection| {
            let earlier =
                api_keys::last_used_at.is_null().or(api_keys::last_used_at.lt(&at).nullable());
            diesel::update(api_keys::table.find(&id).filter(earlier))
                .set(api_keys::last_used_at.eq(&at))
                .execute(connection)?;
            Ok(())
        })
        .await
    }
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = api_keys, treat_none_as_default_value = false)]
struct ApiKeyRow {
    id: String,
    hash: Vec<u8>,
    scopes: String,
    owner: String,
    created_at: String,
    expires_at: Option<String>,
    revoked_at: Option<String>,
    last_used_at: Option<String>,
}

impl From<ApiKey> for ApiKeyRow {
    fn from(key: ApiKey) -> Self {
        let ApiKey { id, hash, scopes, owner, created_at, expires_at, revoked_at, last_used_at } =
            key;
        let scopes: Vec<_> = scopes.iter().map(Scope::as_str).collect();
        Self {
            id: id.0.to_string(),
            hash: hash.0.to_vec(),
            scopes: scopes.join(" "),
            owner,
            created_at: timestamp_text(created_at),
            expires_at: expires_at.map(timestamp_text),
            revoked_at: revoked_at.map(timestamp_text),
            last_used_at: last_used_at.map(timestamp_text),
        }
    }
}

impl TryFrom<ApiKeyRow> for ApiKey {
    type Error = StoreError;

    fn try_from(row: ApiKeyRow) -> Result<Self, StoreError> {
        let id = row.id.clone();
        read(row).ok_or_else(|| StoreError::corrupt(format!("API key {id}")))
    }
}

fn read(row: ApiKeyRow) -> Option<ApiKey> {
    let ApiKeyRow { id, hash, scopes, owner, created_at, expires_at, revoked_at, last_used_at } =
        row;
    let scope = |text| Scope::ALL.into_iter().find(|scope| scope.as_str() == text);
    let moment = |column: Option<String>| match column {
        Some(text) => timestamp(&text).map(Some),
        None => Some(None),
    };
    Some(ApiKey {
        id: ApiKeyId(uuid(&id)?),
        hash: KeyHash(hash.try_into().ok()?),
        scopes: scopes.split_whitespace().map(scope).collect::<Option<Scopes>>()?,
        owner,
        created_at: timestamp(&created_at)?,
        expires_at: moment(expires_at)?,
        revoked_at: moment(revoked_at)?,
        last_used_at: moment(last_used_at)?,
    })
}
