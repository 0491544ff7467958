use std::fmt::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use tempfile::TempDir;

use crate::server_user::ServerUser;
use crate::{Certificate, Process, free_port};

/// A PostgreSQL server with one database. It ends with the process that started
/// it, also where that is killed or keeps it in a `static`.
#[derive(Debug)]
pub struct PostgresServer {
    process: Process,
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

/// As whom everything is done. The password is one that a URL has to escape.
const USER: &str = "benchmark";
const PASSWORD: &str = "p@ss/w?rd";
const DATABASE: &str = "benchmark";

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
        static SHARED: LazyLock<PostgresServer> = LazyLock::new(PostgresServer::start);
        &SHARED
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
        let mut server = Self { process, port, settings, certificate, folder };
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

    /// A URL of its database.
    pub fn url(&self) -> String {
        url("127.0.0.1", self.port)
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

    /// Ends it as a crash would.
    pub fn kill(&mut self) {
        self.process.kill();
        // What it started notices by itself.
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
        self.process = spawn(&self.folder, self.port, &self.settings);
        self.wait_until_ready();
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
        // It then ends what it started, and leaves nothing behind in memory.
        self.process.signal("QUIT");
        let begun = Instant::now();
        let running = data(&self.folder).join("postmaster.pid");
        while running.exists() && begun.elapsed() < Duration::from_secs(5) {
            thread::sleep(Duration::from_millis(5));
        }
    }
}

/// A schema of one test, which is dropped with everything in it.
#[derive(Debug)]
pub struct PostgresSchema {
    port: u16,
    name: String,
}

impl PostgresSchema {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A URL of the database that names the schema.
    pub fn url(&self) -> String {
        format!("{}?schema={}", url("127.0.0.1", self.port), self.name)
    }

    /// What `psql` prints for these statements, which are about this schema.
    ///
    /// # Panics
    /// If they fail.
    pub fn sql(&self, statements: &str) -> String {
        let statements = format!("SET search_path TO {};\n{statements}", self.name);
        query(self.port, DATABASE, &statements).unwrap_or_else(|words| panic!("{words}"))
    }
}

impl Drop for PostgresSchema {
    fn drop(&mut self) {
        _ = query(self.port, DATABASE, &format!("DROP SCHEMA {} CASCADE", self.name));
    }
}

/// The URL of a server, or of what stands before it.
pub(crate) fn url(host: &str, port: u16) -> String {
    let mut escaped = String::new();
    for byte in PASSWORD.bytes() {
        _ = write!(escaped, "%{byte:02X}");
    }
    format!("postgres://{USER}:{escaped}@{host}:{port}/{DATABASE}")
}

/// User and password, as a pooler wants to know them.
pub(crate) fn credentials() -> (&'static str, &'static str) {
    (USER, PASSWORD)
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

/// A program that comes with the server, to be run as its user.
fn program(name: &str) -> Command {
    ServerUser::find().command(&binary(name))
}

/// Where a program of the newest version is: Debian keeps those of a server out
/// of the way.
fn binary(name: &str) -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<_> = versions
        .map(|version| version.path().join("bin").join(name))
        .filter(|path| path.is_file())
        .collect();
    found.sort();
    let on_path = || {
        let folders = env::var_os("PATH").unwrap_or_default();
        env::split_paths(&folders).map(|folder| folder.join(name)).find(|path| path.is_file())
    };
    found.pop().or_else(on_path).unwrap_or_else(|| {
        panic!("{name} of PostgreSQL is not installed; tests/install installs it")
    })
}

fn run(command: &mut Command) {
    let output = command.output().expect("setpriv is installed");
    assert!(output.status.success(), "{command:?}: {output:?}");
}

/// What `psql` prints, or what it complains about.
fn query(port: u16, database: &str, statements: &str) -> Result<String, String> {
    // It waits for ever where a server stands still.
    let output = Command::new("timeout")
        .args(["20", text(&binary("psql")), "--no-psqlrc", "--quiet", "--tuples-only"])
        .args(["--no-align", "--set=ON_ERROR_STOP=1", "--host=127.0.0.1"])
        .args(["--port", &port.to_string(), "--username", USER, "--dbname", database])
        .args(["--command", statements])
        .env("PGPASSWORD", PASSWORD)
        .output()
        .expect("timeout is installed");
    let words = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
    if output.status.success() { Ok(words(&output.stdout)) } else { Err(words(&output.stderr)) }
}

fn data(folder: &TempDir) -> PathBuf {
    folder.path().join("data")
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a temporary folder with a name in UTF-8")
}
