use diesel::dsl::sql;
use diesel::sql_types::{BigInt, Bool, Nullable};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::FutureExt;

use crate::failure::Failure;
use crate::fence::Position;
use crate::session::{Kind, Session};
use crate::transaction::perform;

/// What a server says of its write-ahead log.
pub(crate) struct Log {
    /// How far it was written, or on a replica replayed.
    pub(crate) position: Position,
    /// Whether a replica has replayed all that it received.
    pub(crate) is_drained: bool,
}

impl Log {
    /// Asks a server.
    pub(crate) async fn of(
        connection: &mut AsyncPgConnection,
        session: &Session,
    ) -> Result<Option<Self>, Failure> {
        let (position, is_drained) =
            perform(connection, session, Kind::Statement, &|connection: &mut AsyncPgConnection| {
                async move {
                    let position = sql::<Nullable<BigInt>>(
                        "(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() \
                     ELSE pg_current_wal_lsn() END - '0/0')::bigint",
                    );
                    let is_drained = sql::<Bool>(
                        "coalesce(pg_last_wal_receive_lsn() <= pg_last_wal_replay_lsn(), true)",
                    );
                    Ok(diesel::select((position, is_drained)).get_result(connection).await?)
                }
                .boxed()
            })
            .await?;
        let log = |position| Self { position, is_drained };
        Ok(Option::<Position>::map(position, log))
    }
}
