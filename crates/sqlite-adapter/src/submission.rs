//! Submissions under idempotency keys, of which `run_store.rs` remembers each in
//! the transaction that records its runs.

use benchmark_ports::{
    RecordOutcome, Recording, SUBMISSIONS_KEPT, StoreError, Submission, Timestamp,
};
use diesel::prelude::*;

use crate::columns::timestamp_text;
use crate::failure::Failure;
use crate::schema::submissions;

/// What becomes of a submission whose key is known; `None` if it is not. Those
/// that are too old are forgotten first.
pub(crate) fn known(
    connection: &mut SqliteConnection,
    submission: &Submission,
    now: Timestamp,
) -> Result<Option<Recording>, Failure> {
    let too_old = submissions::recorded_at.lt(timestamp_text(now - SUBMISSIONS_KEPT));
    diesel::delete(submissions::table.filter(too_old)).execute(connection)?;
    let Submission { sender, key, digest } = submission;
    let found: Option<(Vec<u8>, String)> = submissions::table
        .find((sender, key.as_str()))
        .select((submissions::digest, submissions::outcomes))
        .first(connection)
        .optional()?;
    let Some((known, letters)) = found else { return Ok(None) };
    if known != digest {
        return Ok(Some(Recording::KeyTaken));
    }
    let outcomes: Option<_> = letters.chars().map(RecordOutcome::of_letter).collect();
    let unreadable = || StoreError::corrupt(format!("submission {} of {sender}", key.as_str()));
    Ok(Some(Recording::Replayed(outcomes.ok_or_else(unreadable)?)))
}

/// Remembers what became of a submission.
pub(crate) fn remember(
    connection: &mut SqliteConnection,
    submission: &Submission,
    outcomes: &[RecordOutcome],
    now: Timestamp,
) -> Result<(), Failure> {
    let Submission { sender, key, digest } = submission;
    let letters: String = outcomes.iter().copied().map(RecordOutcome::letter).collect();
    diesel::insert_into(submissions::table)
        .values((
            submissions::sender.eq(sender),
            submissions::key.eq(key.as_str()),
            submissions::digest.eq(digest.as_slice()),
            submissions::outcomes.eq(letters),
            submissions::recorded_at.eq(timestamp_text(now)),
        ))
        .execute(connection)?;
    Ok(())
}
