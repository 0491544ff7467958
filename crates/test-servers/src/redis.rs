use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::lasting::on_a_lasting_thread;
use crate::{Certificate, Process, free_port};

/// A Redis that keeps nothing on disk. It ends with the process that started
/// it, also where that is killed or keeps it in a `static`.
#[derive(Debug)]
pub struct RedisServer {
    process: Process,
    arguments: Vec<String>,
    cli: Cli,
    certificate: Option<Certificate>,
    /// Removed when dropped.
    _folder: TempDir,
}

/// What is special about a Redis.
#[derive(Debug, Clone, Default)]
pub struct RedisOptions {
    /// What clients have to sign in with.
    pub password: Option<String>,
    /// Where it speaks TLS, and nothing else: whom it claims to be.
    pub certificate: Option<Certificate>,
    /// Further arguments of `redis-server`.
    pub arguments: Vec<String>,
    /// Where it is a sentinel: its configuration.
    pub sentinel: Option<String>,
}

impl RedisServer {
    /// Starts one that everybody may use.
    ///
    /// # Panics
    /// If it is not installed or does not start.
    pub fn start() -> Self {
        Self::start_with(RedisOptions::default())
    }

    /// Starts a special one.
    ///
    /// # Panics
    /// If it is not installed or does not start.
    pub fn start_with(options: RedisOptions) -> Self {
        let version = Command::new("redis-server").arg("--version").output();
        assert!(version.is_ok(), "redis-server is not installed; tests/install installs it");
        let RedisOptions { password, certificate, arguments: special, sentinel } = options;
        let (folder, port) = (TempDir::new().expect("a temporary folder"), free_port());

        let mut arguments = Arguments::default();
        if let Some(configuration) = sentinel {
            let file = folder.path().join("sentinel.conf");
            fs::write(&file, configuration).expect("a file in it");
            arguments.add(text(&file), &["--sentinel"]);
        } else {
            arguments.add("--save", &[""]);
            arguments.add("--appendonly", &["no"]);
        }
        if let Some(Certificate { root, server, key, .. }) = &certificate {
            arguments.add("--port", &["0"]);
            arguments.add("--tls-port", &[&port.to_string()]);
            arguments.add("--tls-ca-cert-file", &[text(root)]);
            arguments.add("--tls-cert-file", &[text(server)]);
            arguments.add("--tls-key-file", &[text(key)]);
            arguments.add("--tls-auth-clients", &["no"]);
            arguments.add("--tls-replication", &["yes"]);
        } else {
            arguments.add("--port", &[&port.to_string()]);
        }
        arguments.add("--bind", &["127.0.0.1"]);
        arguments.add("--dir", &[text(folder.path())]);
        if let Some(password) = &password {
            arguments.add("--requirepass", &[password]);
            arguments.add("--masterauth", &[password]);
        }
        arguments.0.extend(special);

        let root = certificate.as_ref().map(|certificate| text(&certificate.root).to_owned());
        let cli = Cli { port, password, root };
        let mut process = spawn(arguments.0.clone());
        process.wait_until(|| cli.answers());
        Self { process, arguments: arguments.0, cli, certificate, _folder: folder }
    }

    /// Where it listens on the loopback address.
    pub fn port(&self) -> u16 {
        self.cli.port
    }

    /// Its certificate, if it speaks TLS.
    pub fn certificate(&self) -> Option<&Certificate> {
        self.certificate.as_ref()
    }

    /// Ends it as a crash would; what it kept is gone.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Starts it again after [`kill`](Self::kill), on the same port.
    ///
    /// # Panics
    /// If it does not start.
    pub fn restart(&mut self) {
        self.process = spawn(self.arguments.clone());
        self.process.wait_until(|| self.cli.answers());
    }

    /// Has it stand still: it takes connections and answers nothing.
    pub fn freeze(&self) {
        self.process.signal("STOP");
    }

    /// Has it go on after [`freeze`](Self::freeze).
    pub fn thaw(&self) {
        self.process.signal("CONT");
    }

    /// Whether it answers at present.
    pub fn answers(&self) -> bool {
        self.cli.answers()
    }

    /// What `redis-cli` prints for this command.
    ///
    /// # Panics
    /// If it fails.
    pub fn cli(&self, command: &[&str]) -> String {
        let output = self.cli.run(command);
        assert!(output.status.success(), "redis-cli {command:?}: {output:?}");
        String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
    }

    /// Has `redis-cli` make a Cluster of this node and others.
    ///
    /// # Panics
    /// If it fails.
    pub(crate) fn create_cluster(&self, nodes: &[u16]) {
        let nodes: Vec<_> = nodes.iter().map(|port| format!("127.0.0.1:{port}")).collect();
        let mut command = vec!["--cluster", "create"];
        command.extend(nodes.iter().map(String::as_str));
        command.extend(["--cluster-replicas", "1", "--cluster-yes"]);
        let output = self.cli.run_within("60", &command);
        assert!(output.status.success(), "a Cluster is not created: {output:?}");
    }

    /// Waits until what `redis-cli` prints for this command is as wanted.
    ///
    /// # Panics
    /// If it is not after half a minute.
    pub(crate) fn wait_until(&mut self, command: &[&str], is_wanted: impl Fn(&str) -> bool) {
        let cli = &self.cli;
        self.process.wait_until(|| is_wanted(&String::from_utf8_lossy(&cli.run(command).stdout)));
    }
}

/// Starts a server that the kernel ends together with this process.
fn spawn(arguments: Vec<String>) -> Process {
    on_a_lasting_thread(move || {
        let mut command = Command::new("setpriv");
        Process::spawn(command.args(["--pdeathsig", "KILL", "redis-server"]).args(arguments))
    })
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a temporary folder with a name in UTF-8")
}

#[derive(Default)]
struct Arguments(Vec<String>);

impl Arguments {
    fn add(&mut self, name: &str, values: &[&str]) {
        self.0.push(name.to_owned());
        self.0.extend(values.iter().map(|&value| value.to_owned()));
    }
}

/// Talks to a server through `redis-cli`.
#[derive(Debug)]
struct Cli {
    port: u16,
    password: Option<String>,
    root: Option<String>,
}

impl Cli {
    fn run(&self, command: &[&str]) -> Output {
        self.run_within("5", command)
    }

    fn run_within(&self, seconds: &str, command: &[&str]) -> Output {
        // It waits for ever where a server stands still.
        let mut cli = Command::new("timeout");
        cli.args([seconds, "redis-cli", "-h", "127.0.0.1", "-p", &self.port.to_string()]);
        if let Some(password) = &self.password {
            cli.args(["--no-auth-warning", "-a", password]);
        }
        if let Some(root) = &self.root {
            cli.args(["--tls", "--cacert", root]);
        }
        cli.args(command).output().expect("timeout is installed, and redis-cli beside redis-server")
    }

    fn answers(&self) -> bool {
        self.run(&["PING"]).stdout.starts_with(b"PONG")
    }
}
