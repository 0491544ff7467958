use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Process;
use crate::lasting::on_a_lasting_thread;

/// As whom a server runs that refuses to be run by root: as the user
/// `postgres` where the tests are run by root, else as whoever runs them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ServerUser {
    /// User and group, if they have to change.
    ids: Option<(u32, u32)>,
}

impl ServerUser {
    /// The user for this process.
    pub(crate) fn find() -> Self {
        let myself = fs::metadata("/proc/self").expect("a kernel that tells of its processes");
        Self { ids: (myself.uid() == 0).then(postgres) }
    }

    /// Gives a folder and the files in it to the user.
    pub(crate) fn give(self, folder: &Path) {
        let Some((user, group)) = self.ids else { return };
        let files = fs::read_dir(folder).expect("a folder");
        let files = files.map(|file| file.expect("a file in it").path());
        for path in files.chain([folder.to_owned()]) {
            chown(path, Some(user), Some(group)).expect("root may give files away");
        }
    }

    /// A program to be run as the user.
    pub(crate) fn command(self, program: &Path) -> Command {
        let mut command = self.privileges();
        command.arg(program);
        command
    }

    /// Starts a server as the user, which the kernel ends together with this
    /// process.
    pub(crate) fn spawn(self, program: PathBuf, arguments: Vec<String>) -> Process {
        on_a_lasting_thread(move || {
            let mut command = self.privileges();
            Process::spawn(command.args(["--pdeathsig", "QUIT"]).arg(program).args(arguments))
        })
    }

    /// The beginning of a command that changes user.
    fn privileges(self) -> Command {
        let mut command = Command::new("setpriv");
        if let Some((user, group)) = self.ids {
            command.args(["--reuid", &user.to_string(), "--regid", &group.to_string()]);
            command.arg("--clear-groups");
        }
        // Not every user may be where the tests are run.
        command.current_dir("/");
        command
    }
}

/// User and group of `postgres`, which the Debian package makes.
fn postgres() -> (u32, u32) {
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let ids = users.lines().find_map(|line| {
        let mut fields = line.strip_prefix("postgres:")?.split(':').skip(1);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    });
    ids.expect("there is no user postgres; tests/install installs the package that makes it")
}
