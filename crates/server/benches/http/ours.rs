use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::process::{Server, command, free_port};
use crate::{KEY, TTFT};

/// The service with simulated runs.
pub(crate) struct Ours {
    pub(crate) server: Server,
    pub(crate) idle_memory: u64,
}

impl Ours {
    /// Fills a database as `simulate` says and serves it; both are configured by
    /// `vars`. Its log goes to a file of that name.
    pub(crate) fn start(
        folder: &Path,
        name: &str,
        vars: &[(&str, &str)],
        simulate: &[&str],
    ) -> Self {
        let program = Path::new(env!("CARGO_BIN_EXE_benchmark-api"));
        let database = format!("sqlite://{}/{name}.db", folder.display());
        let configure = |command: &mut Command| {
            command.env("DATABASE_URL", &database).env("LOG_FORMAT", "json");
            command.envs(vars.iter().copied());
        };
        let mut filling = Command::new(program);
        configure(&mut filling);
        let filled = filling.env("LOG_LEVEL", "warn").arg("simulate").args(simulate).output();
        let filled = filled.expect("the program starts");
        assert!(filled.status.success(), "{}", String::from_utf8_lossy(&filled.stderr));

        let port = free_port();
        let log = std::fs::File::create(folder.join(format!("{name}.log"))).expect("a log file");
        let mut serving = command(program);
        configure(&mut serving);
        serving.env("API_KEY", KEY).env("PORT", port.to_string()).env("WORKERS", "1");
        let server = Server::spawn(serving.arg("serve").stderr(log), port);
        std::thread::sleep(Duration::from_millis(300));
        let idle_memory = server.resident_bytes();
        Self { server, idle_memory }
    }

    pub(crate) fn body(&self) -> String {
        self.server.get(TTFT, KEY).into_body().read_to_string().expect("a body")
    }
}
