//! What `ApiKeyStore` promises.

#![expect(missing_docs, reason = "the name of a case says what it tests")]

use std::sync::Arc;

use benchmark_domain::uuid::Uuid;
use benchmark_ports::{ApiKey, ApiKeyId, ApiKeyStore, Scope, Scopes};

use crate::fixtures::{a_key, at, page};

type Keys = Arc<dyn ApiKeyStore>;

pub async fn every_field_of_a_key_survives(keys: Keys) {
    let plain = a_key(1);
    let revoked = ApiKey { expires_at: None, revoked_at: Some(at(-5)), ..a_key(2) };
    let expired = ApiKey { expires_at: Some(at(-5)), scopes: Scopes::all(), ..a_key(3) };
    let powerless = ApiKey { scopes: Scopes::default(), owner: String::new(), ..a_key(4) };
    let used = ApiKey { last_used_at: Some(at(7)), ..a_key(6) };
    let admin = ApiKey { scopes: [Scope::Admin].into_iter().collect(), ..a_key(5) };
    for key in [plain, revoked, expired, powerless, used, admin] {
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

pub async fn a_taken_hash_or_id_stays_whose_it_is(keys: Keys) {
    let first = a_key(1);
    assert!(keys.insert(&first).await.unwrap());
    let same_hash = ApiKey { hash: first.hash, ..a_key(2) };
    let same_id = ApiKey { id: first.id, ..a_key(3) };
    for taken in [&first, &same_hash, &same_id] {
        assert!(!keys.insert(taken).await.unwrap());
    }
    assert_eq!(keys.find(&same_id.hash).await.unwrap(), None);
    assert_eq!(keys.find(&first.hash).await.unwrap(), Some(first));
}

pub async fn of_keys_with_one_id_at_once_one_is_stored(keys: Keys) {
    let same_id = |seed| ApiKey { id: a_key(0).id, ..a_key(seed) };
    let inserting = (1..=8).map(|seed| {
        let keys = Arc::clone(&keys);
        tokio::spawn(async move { keys.insert(&same_id(seed)).await.unwrap() })
    });
    let inserting: Vec<_> = inserting.collect();
    let mut stored = 0;
    for inserted in inserting {
        stored += usize::from(inserted.await.unwrap());
    }
    assert_eq!(stored, 1);
    assert_eq!(keys.list(None, page(9)).await.unwrap().unwrap().len(), 1);
}

pub async fn keys_are_listed_the_newest_first_in_pages(keys: Keys) {
    assert_eq!(keys.list(None, page(9)).await.unwrap(), Some(vec![]));
    let made = |seed, second| ApiKey { created_at: at(second), ..a_key(seed) };
    let in_order = [made(2, 9), made(4, 5), made(3, 5), made(1, 0)];
    for key in [3, 0, 2, 1].map(|index: usize| &in_order[index]) {
        keys.insert(key).await.unwrap();
    }
    assert_eq!(keys.list(None, page(9)).await.unwrap(), Some(in_order.to_vec()));
    let second = keys.list(Some(in_order[1].id), page(1)).await.unwrap();
    assert_eq!(second, Some(vec![in_order[2].clone()]));
    let last = keys.list(Some(in_order[2].id), page(9)).await.unwrap();
    assert_eq!(last, Some(vec![in_order[3].clone()]));
    assert_eq!(keys.list(Some(in_order[3].id), page(9)).await.unwrap(), Some(vec![]));
}

pub async fn a_page_behind_an_unknown_key_is_none(keys: Keys) {
    keys.insert(&a_key(1)).await.unwrap();
    assert_eq!(keys.list(Some(ApiKeyId(Uuid::nil())), page(9)).await.unwrap(), None);
}

pub async fn a_revoked_key_says_since_when(keys: Keys) {
    let key = a_key(1);
    keys.insert(&key).await.unwrap();
    keys.insert(&a_key(2)).await.unwrap();
    assert_eq!(keys.find(&key.hash).await.unwrap(), Some(key.clone()));
    let revoked = ApiKey { revoked_at: Some(at(5)), ..key };
    assert_eq!(keys.revoke(revoked.id, at(5)).await.unwrap(), Some(revoked.clone()));
    assert_eq!(keys.find(&revoked.hash).await.unwrap(), Some(revoked));
    assert_eq!(keys.find(&a_key(2).hash).await.unwrap(), Some(a_key(2)));
    assert_eq!(keys.revoke(ApiKeyId(Uuid::nil()), at(5)).await.unwrap(), None);
}

pub async fn a_key_is_revoked_once(keys: Keys) {
    let key = a_key(1);
    keys.insert(&key).await.unwrap();
    keys.revoke(key.id, at(5)).await.unwrap();
    let again = keys.revoke(key.id, at(9)).await.unwrap();
    assert_eq!(again, Some(ApiKey { revoked_at: Some(at(5)), ..key.clone() }));
    let earlier = keys.revoke(key.id, at(3)).await.unwrap();
    assert_eq!(earlier, Some(ApiKey { revoked_at: Some(at(3)), ..key }));
}

pub async fn the_latest_use_of_a_key_is_noted(keys: Keys) {
    let key = a_key(1);
    keys.insert(&key).await.unwrap();
    for (noted, latest) in [(5, 5), (9, 9), (7, 9)] {
        keys.note_use(key.id, at(noted)).await.unwrap();
        let listed = keys.list(None, page(9)).await.unwrap().unwrap();
        assert_eq!(listed, [ApiKey { last_used_at: Some(at(latest)), ..key.clone() }]);
    }
    keys.note_use(ApiKeyId(Uuid::nil()), at(9)).await.unwrap();
    assert_eq!(keys.list(None, page(9)).await.unwrap().unwrap().len(), 1);
}
