use std::fs;
use std::net::TcpStream;
use std::path::PathBuf;

use crate::psql::{PASSWORD, USER, url};
use crate::server_user::ServerUser;
use crate::{PostgresServer, Process, free_port};

/// A PgBouncer in transaction mode before a server, configured with nothing that
/// makes things easier. It ends with the process that started it.
#[derive(Debug)]
pub struct PgBouncer {
    /// Ended when dropped.
    _process: Process,
    port: u16,
}

impl PgBouncer {
    /// Starts one that has so many connections to a server.
    ///
    /// # Panics
    /// If it is not installed or does not start.
    pub fn start(server: &PostgresServer, connections: usize) -> Self {
        let port = free_port();
        // It goes away together with the server's.
        let folder = server.folder().join(format!("pgbouncer-{port}"));
        fs::create_dir(&folder).expect("a folder of ours");
        let users = folder.join("users.txt");
        fs::write(&users, format!("\"{USER}\" \"{PASSWORD}\"\n")).expect("a file in it");
        let configuration = format!(
            "[databases]\n* = host=127.0.0.1 port={}\n\
             [pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n\
             auth_type = scram-sha-256\nauth_file = {}\n\
             pool_mode = transaction\ndefault_pool_size = {connections}\nmax_client_conn = 200\n",
            server.port(),
            users.display()
        );
        let file = folder.join("pgbouncer.ini");
        fs::write(&file, configuration).expect("a file in it");
        let user = ServerUser::find();
        user.give(&folder);
        let mut process = user.spawn(binary(), vec![file.display().to_string()]);
        process.wait_until(|| TcpStream::connect(("127.0.0.1", port)).is_ok());
        Self { _process: process, port }
    }

    /// A URL of the server's database that goes through it.
    pub fn url(&self) -> String {
        url("127.0.0.1", self.port)
    }
}

/// Where Debian keeps it, which is not on every user's path.
fn binary() -> PathBuf {
    let debian = PathBuf::from("/usr/sbin/pgbouncer");
    if debian.is_file() { debian } else { PathBuf::from("pgbouncer") }
}
