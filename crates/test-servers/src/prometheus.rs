use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;

use tempfile::TempDir;

use crate::lasting::on_a_lasting_thread;
use crate::{Process, free_port};

/// A Prometheus. It ends with the process that started it.
#[derive(Debug)]
pub struct PrometheusServer {
    /// Ended when dropped.
    _process: Process,
    port: u16,
    /// Removed when dropped.
    _folder: TempDir,
}

impl PrometheusServer {
    /// Starts one with this configuration, in which relative paths do not work.
    ///
    /// # Panics
    /// If it is not installed or does not start.
    pub fn start(configuration: &str) -> Self {
        let (folder, port) = (TempDir::new().expect("a temporary folder"), free_port());
        let file = folder.path().join("prometheus.yml");
        fs::write(&file, configuration).expect("a file in it");
        let arguments = [
            format!("--config.file={}", file.display()),
            format!("--storage.tsdb.path={}", folder.path().join("data").display()),
            format!("--web.listen-address=127.0.0.1:{port}"),
        ];
        let mut process = on_a_lasting_thread(move || {
            let mut command = Command::new("setpriv");
            Process::spawn(command.args(["--pdeathsig", "KILL", "prometheus"]).args(arguments))
        });
        process.wait_until(|| is_ready(port).unwrap_or(false));
        Self { _process: process, port, _folder: folder }
    }

    /// Where its API is.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

fn is_ready(port: u16) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.write_all(b"GET /-/ready HTTP/1.0\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer.starts_with("HTTP/1.0 200"))
}
