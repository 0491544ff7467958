//! Submissions under idempotency keys, of which `run_store.rs` remembers each in
//! the transaction that records its runs.

use benchmark_ports::{
    RecordOutcome, Recording, SUBMISSIONS_KEPT, StoreError, Submission, Timestamp,
};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::columns::moment;
use crate::failure::Failure;
use crate::schema::submissions;

/// How many submissions that are too old are forgotten for each new one.
const FORGOTTEN: i64 = 100;

/// Takes the key of a submission for this transaction: whoever sends the same
/// one at once waits for its end. Gives what becomes of it if the key is known.
pub(crate) async fn begin(
    connection: &mut AsyncPgConnection,
    submission: &Submission,
    now: Timestamp,
) -> Result<Option<Recording>, Failure> {
    forget_old(connection, now).await?;
    let Submission { sender, key, digest } = submission;
    let new = diesel::insert_into(submissions::table)
        .values((
            submissions::sender.eq(sender),
            submissions::key.eq(key.as_str()),
            submissions::digest.eq(digest.as_slice()),
            submissions::outcomes.eq(""),
            submissions::recorded_at.eq(moment(now)),
        ))
        .on_conflict_do_nothing()
        .execute(connection)
        .await?;
    if new == 1 {
        return Ok(None);
    }
    let (known, letters): (Vec<u8>, String) = submissions::table
        .find((sender, key.as_str()))
        .select((submissions::digest, submissions::outcomes))
        .first(connection)
        .await?;
    if known != digest {
        return Ok(Some(Recording::KeyTaken));
    }
    let outcomes: Option<_> = letters.chars().map(RecordOutcome::of_letter).collect();
    let unreadable = || StoreError::corrupt(format!("submission {} of {sender}", key.as_str()));
    Ok(Some(Recording::Replayed(outcomes.ok_or_else(unreadable)?)))
}

/// Remembers what became of a submission that was [begun](begin).
pub(crate) async fn end(
    connection: &mut AsyncPgConnection,
    submission: &Submission,
    outcomes: &[RecordOutcome],
) -> Result<(), Failure> {
    let Submission { sender, key, digest: _ } = submission;
    let letters: String = outcomes.iter().copied().map(RecordOutcome::letter).collect();
    diesel::update(submissions::table.find((sender, key.as_str())))
        .set(submissions::outcomes.eq(letters))
        .execute(connection)
        .await?;
    Ok(())
}

/// Forgets some of those that are too old, passing over what others forget or
/// look at.
async fn forget_old(connection: &mut AsyncPgConnection, now: Timestamp) -> Result<(), Failure> {
    const FORGET: &str = "WITH old AS (
             SELECT sender, key FROM submissions WHERE recorded_at < $1 LIMIT $2
             FOR UPDATE SKIP LOCKED
         )
         DELETE FROM submissions USING old
         WHERE submissions.sender = old.sender AND submissions.key = old.key";
    diesel::sql_query(FORGET)
        .bind::<Timestamptz, _>(moment(now - SUBMISSIONS_KEPT))
        .bind::<BigInt, _>(FORGOTTEN)
        .execute(connection)
        .await?;
    Ok(())
}
