use ::redis::{Cmd, ErrorKind, FromRedisValue, RedisError, ServerErrorKind, cmd};

use crate::redis::Redis;

/// A script that Redis runs as one step.
pub(crate) struct Script {
    source: &'static str,
    by_hash: ::redis::Script,
}

impl Script {
    pub(crate) fn new(source: &'static str) -> Self {
        Self { source, by_hash: ::redis::Script::new(source) }
    }

    /// Runs it with what `arguments` adds: the number of keys, the keys, the
    /// rest.
    pub(crate) async fn run<T: FromRedisValue>(
        &self,
        redis: &Redis,
        arguments: impl Fn(&mut Cmd),
    ) -> Result<T, RedisError> {
        let mut command = cmd("EVALSHA");
        arguments(command.arg(self.by_hash.get_hash()));
        match redis.run(&command).await {
            // A server that has just started, or is new in a Cluster.
            Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                let mut command = cmd("EVAL");
                arguments(command.arg(self.source));
                redis.run(&command).await
            }
            answer => answer,
        }
    }
}
