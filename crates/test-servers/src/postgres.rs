use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use std::{fs, thread};

use tempfile::TempDir;

use crate::psql::{DATABASE, PASSWORD, USER, binary, query, text, url};
use crate::server_user::ServerUser;
use crate::{Certificate, Held, PostgresSchema, Process, free_port};

/// A PostgreSQL server with one database. It ends with the process that started
/// it, also where that is killed or keeps it in a `static`.
#[derive(Debug)]
pub struct PostgresServer {
    process: Process,
    is_running: bool,
    port: u16,
    settings: Vec<(String, String)>,
    certificate: Option<Certificate>,
    folder: TempDir,
}

/// What is special about a PostgreSQL.
#[derive(Debug, Clone, Default)]
pub struct PostgresOptions {
    /// Whether what is committed is on disk, which takes longer.
    pub durable: bool,
    /// Whether it speaks TLS, and with clients from afar nothing else.
    pub tls: bool,
    /// Further settings.
    pub settings: Vec<(String, String)>,
}

impl PostgresServer {
    /// Starts one that is fast, and may lose what it has if the machine stops.
    ///
    /// # Panics
    /// If it is not installed or does not start.
    pub fn start() -> Self {
        Self::start_with(PostgresOptions::default())
    }

    /// The one that the tests of a process share, each in a
    /// [schema](Self::schema) of its own.
    ///
    /// # Panics
    /// If it is not installed or does not start.
    pub fn shared() -> &'static Self {
        static SHARED: LazyLock<(PostgresServer, Child)> = LazyLock::new(|| {
            let server = PostgresServer::start();
            let cleaner = remove_after_us(server.folder.path());
            (server, cleaner)
        });
        &SHARED.0
    }

    /// Starts a special one.
    ///
    /// # Panics
    /// If it is not installed or does not start.
    pub fn start_with(options: PostgresOptions) -> Self {
        let PostgresOptions { durable, tls, settings: special } = options;
        let folder = TempDir::new().expect("a temporary folder");
        let password = folder.path().join("password");
        fs::write(&password, PASSWORD).expect("a file in it");
        let certificate = tls.then(|| Certificate::write(folder.path()));
        if let Some(Certificate { key, .. }) = &certificate {
            fs::set_permissions(key, fs::Permissions::from_mode(0o600)).expect("a file of ours");
        }
        ServerUser::find().give(folder.path());
        run(program("initdb")
            .args(["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"])
            .args(["--username", USER, "--pwfile", text(&password), text(&data(&folder))]));

        let mut settings = vec![];
        let mut set = |name: &str, value: &str| settings.push((name.to_owned(), value.to_owned()));
        set("fsync", if durable { "on" } else { "off" });
        if let Some(Certificate { server, key, .. }) = &certificate {
            set("ssl", "on");
            set("ssl_cert_file", text(server));
            set("ssl_key_file", text(key));
        }
        settings.extend(special);
        let server = Self::launch(folder, settings, certificate);
        server.sql_in("postgres", &format!("CREATE DATABASE {DATABASE}"));
        server
    }

    /// Starts a streaming standby of this server, which is asynchronous.
    ///
    /// # Panics
    /// If it does not start.
    pub fn standby(&self) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        ServerUser::find().give(folder.path());
        run(program("pg_basebackup")
            .env("PGPASSWORD", PASSWORD)
            .args(["--host=127.0.0.1", "--username", USER, "--port", &self.port.to_string()])
            .args(["--write-recovery-conf", "--checkpoint=fast", "--no-sync"])
            .args(["--pgdata", text(&data(&folder))]));
        Self::launch(folder, self.settings.clone(), None)
    }

    fn launch(
        folder: TempDir,
        settings: Vec<(String, String)>,
        certificate: Option<Certificate>,
    ) -> Self {
        let port = free_port();
        let process = spawn(&folder, port, &settings);
        let mut server = Self { process, is_running: true, port, settings, certificate, folder };
        server.wait_until_ready();
        server
    }

    fn wait_until_ready(&mut self) {
        let port = self.port;
        self.process.wait_until(|| query(port, "postgres", "SELECT 1").is_ok());
    }

    /// Where it listens, on `127.0.0.1` and `127.0.0.2`.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its certificate, if it speaks TLS.
    pub fn certificate(&self) -> Option<&Certificate> {
        self.certificate.as_ref()
    }

    /// The folder with everything of it.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A URL of its database.
    pub fn url(&self) -> String {
        url("127.0.0.1", self.port)
    }

    /// Tells a program of PostgreSQL where it is, and the password.
    pub fn tell(&self, program: &mut Command) {
        program
            .env("PGHOST", "127.0.0.1")
            .env("PGPORT", self.port.to_string())
            .env("PGPASSWORD", PASSWORD);
    }

    /// An empty schema in its database, of which nobody else knows.
    ///
    /// # Panics
    /// If it cannot be made.
    pub fn schema(&self) -> PostgresSchema {
        static NEXT: AtomicUsize = AtomicUsize::new(1);
        let name = format!("schema_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        self.sql(&format!("CREATE SCHEMA {name}"));
        PostgresSchema { port: self.port, name }
    }

    /// What `psql` prints for these statements, one row a line, columns between
    /// bars.
    ///
    /// # Panics
    /// If they fail.
    pub fn sql(&self, statements: &str) -> String {
        self.sql_in(DATABASE, statements)
    }

    /// A transaction that runs a statement and then goes on until it is dropped.
    pub fn hold(&self, statement: &str) -> Held {
        Held::begin(self.port, "public", statement)
    }

    fn sql_in(&self, database: &str, statements: &str) -> String {
        query(self.port, database, statements).unwrap_or_else(|words| panic!("{words}"))
    }

    /// Waits until a statement prints what is wanted.
    ///
    /// # Panics
    /// If it does not within half a minute.
    pub fn wait_for(&mut self, statement: &str, wanted: &str) {
        let port = self.port;
        let prints = || query(port, DATABASE, statement);
        self.process.wait_until(|| prints().is_ok_and(|printed| printed == wanted));
    }

    /// Ends it as a crash would, with all it started: what serves a connection would
    /// notice by itself, and might answer once more before.
    ///
    /// # Panics
    /// If it cannot be signalled.
    pub fn kill(&mut self) {
        // It first, so that it starts nothing more.
        self.process.signal("STOP");
        self.signal_children("KILL");
        self.process.kill();
        self.is_running = false;
        let begun = Instant::now();
        while query(self.port, "postgres", "SELECT 1").is_ok() {
            assert!(begun.elapsed() < Duration::from_secs(10), "it outlives its death");
        }
    }

    /// Starts it again after [`kill`](Self::kill), on the same port.
    ///
    /// # Panics
    /// If it does not start.
    pub fn restart(&mut self) {
        let begun = Instant::now();
        self.process = spawn(&self.folder, self.port, &self.settings);
        self.is_running = true;
        while query(self.port, "postgres", "SELECT 1").is_err() {
            assert!(begun.elapsed() < Duration::from_secs(30), "it does not start again");
            // What the killed one had started holds on to its memory until it
            // notices, and the next one does not start as long as it does.
            if self.process.has_ended() {
                self.process = spawn(&self.folder, self.port, &self.settings);
            }
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Has it stand still with all it started: it takes connections and answers
    /// nothing.
    ///
    /// # Panics
    /// If it cannot be signalled.
    pub fn freeze(&self) {
        // It first, so that it starts nothing more.
        self.process.signal("STOP");
        self.signal_children("STOP");
    }

    /// Has it go on after [`freeze`](Self::freeze).
    ///
    /// # Panics
    /// If it cannot be signalled.
    pub fn thaw(&self) {
        self.signal_children("CONT");
        self.process.signal("CONT");
    }

    fn signal_children(&self, signal: &str) {
        let id = self.process.id();
        let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children"));
        let children = children.expect("a kernel that tells the children of a process");
        // One that has ended meanwhile needs no signal.
        let mut kill = Command::new("kill");
        _ = kill.arg(format!("-{signal}")).args(children.split_whitespace()).status();
    }

    /// Makes a standby the primary.
    ///
    /// # Panics
    /// If it does not become it.
    pub fn promote(&self) {
        assert_eq!(self.sql("SELECT pg_promote()"), "t");
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        if !self.is_running || self.process.has_ended() {
            return;
        }
        // It then ends what it started, and leaves nothing behind in memory.
        self.process.signal("QUIT");
        let begun = Instant::now();
        let running = data(&self.folder).join("postmaster.pid");
        while running.exists() && begun.elapsed() < Duration::from_secs(5) {
            thread::sleep(Duration::from_millis(5));
        }
    }
}

/// Starts a server that the kernel ends together with this process.
fn spawn(folder: &TempDir, port: u16, settings: &[(String, String)]) -> Process {
    let mut arguments = vec!["-D".to_owned(), text(&data(folder)).to_owned()];
    let ours = [
        ("port", port.to_string().as_str()),
        ("listen_addresses", "127.0.0.1,127.0.0.2"),
        ("unix_socket_directories", ""),
        // So that one that was killed leaves nothing behind in memory.
        ("dynamic_shared_memory_type", "mmap"),
        ("max_connections", "200"),
        ("log_destination", "stderr"),
    ]
    .map(|(name, value)| format!("{name}={value}"));
    let settings = settings.iter().map(|(name, value)| format!("{name}={value}"));
    for setting in ours.into_iter().chain(settings) {
        arguments.extend(["-c".to_owned(), setting]);
    }
    ServerUser::find().spawn(binary("postgres"), arguments)
}

/// Removes a folder once this process has ended, however it did: nobody drops a
/// `static`. The pipe to the child closes then.
fn remove_after_us(folder: &Path) -> Child {
    const SCRIPT: &str = r#"
        cat >/dev/null
        for _ in $(seq 100); do [ -e "$0/data/postmaster.pid" ] || break; sleep 0.1; done
        rm -rf "$0"
    "#;
    let mut cleaner = Command::new("sh");
    // An interrupted terminal is to end us, not the one that comes after us.
    cleaner.args(["-c", SCRIPT, text(folder)]).stdin(Stdio::piped()).process_group(0);
    cleaner.spawn().expect("a shell")
}

/// A program that comes with the server, to be run as its user.
fn program(name: &str) -> Command {
    ServerUser::find().command(&binary(name))
}

fn run(command: &mut Command) {
    let output = command.output().expect("setpriv is installed");
    assert!(output.status.success(), "{command:?}: {output:?}");
}

fn data(folder: &TempDir) -> PathBuf {
    folder.path().join("data")
}
