//! What `ApiKeyStore` promises.

#![expect(missing_docs, reason = "the name of a case says what it tests")]

use std::sync::Arc;

use benchmark_ports::{ApiKey, ApiKeyStore, Scope, Scopes};

use crate::fixtures::{a_key, at};

type Keys = Arc<dyn ApiKeyStore>;

pub async fn every_field_of_a_key_survives(keys: Keys) {
    let plain = a_key(1);
    let revoked = ApiKey { expires_at: None, revoked_at: Some(at(-5)), ..a_key(2) };
    let expired = ApiKey { expires_at: Some(at(-5)), scopes: Scopes::all(), ..a_key(3) };
    let powerless = ApiKey { scopes: Scopes::default(), owner: String::new(), ..a_key(4) };
    let admin = ApiKey { scopes: [Scope::Admin].into_iter().collect(), ..a_key(5) };
    for key in [plain, revoked, expired, powerless, admin] {
        keys.insert(&key).await.unwrap();
        assert_eq!(keys.find(&key.hash).await.unwrap(), Some(key));
    }
}

pub async fn an_unknown_key_is_none(keys: Keys) {
    keys.insert(&a_key(1)).await.unwrap();
    assert_eq!(keys.find(&a_key(2).hash).await.unwrap(), None);
}

pub async fn a_key_is_found_once_it_is_inserted(keys: Keys) {
    let key = a_key(1);
    assert_eq!(keys.find(&key.hash).await.unwrap(), None);
    keys.insert(&key).await.unwrap();
    assert_eq!(keys.find(&key.hash).await.unwrap(), Some(key));
}

pub async fn there_is_any_key_from_the_first_on(keys: Keys) {
    assert!(!keys.any().await.unwrap());
    keys.insert(&a_key(1)).await.unwrap();
    assert!(keys.any().await.unwrap());
}

pub async fn a_taken_hash_or_id_is_refused(keys: Keys) {
    let first = a_key(1);
    keys.insert(&first).await.unwrap();
    let same_hash = ApiKey { hash: first.hash, ..a_key(2) };
    let same_id = ApiKey { id: first.id, ..a_key(3) };
    for taken in [&first, &same_hash, &same_id] {
        keys.insert(taken).await.unwrap_err();
    }
    assert_eq!(keys.find(&same_id.hash).await.unwrap(), None);
    assert_eq!(keys.find(&first.hash).await.unwrap(), Some(first));
}
