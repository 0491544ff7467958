use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A server's process, which is killed when it is dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    name: String,
}

impl Process {
    /// Starts a program whose words nobody reads.
    ///
    /// # Panics
    /// If it is not installed.
    pub fn spawn(command: &mut Command) -> Self {
        let name = command.get_program().to_string_lossy().into_owned();
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().unwrap_or_else(|error| {
            panic!("{name} does not start ({error}); tests/install installs it")
        });
        Self { child, name }
    }

    /// Waits until `is_ready` says so.
    ///
    /// # Panics
    /// If the process ends, or is not ready after half a minute.
    pub fn wait_until(&mut self, is_ready: impl Fn() -> bool) {
        let begun = Instant::now();
        while !is_ready() {
            let ended = self.child.try_wait().expect("the state of a child");
            assert!(ended.is_none(), "{} ended: {ended:?}", self.name);
            assert!(begun.elapsed() < Duration::from_secs(30), "{} is not ready", self.name);
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Whether it is gone.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("the state of a child").is_some()
    }

    /// The id of the process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it as a crash would (`kill -9`), and waits until it is gone.
    pub fn kill(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }

    /// Sends a signal by name, such as `STOP` or `CONT`.
    ///
    /// # Panics
    /// If it cannot be sent.
    pub fn signal(&self, name: &str) {
        let mut kill = Command::new("kill");
        let sent = kill.args([&format!("-{name}"), &self.id().to_string()]).status();
        assert!(sent.expect("kill is installed").success(), "{name} to {}", self.name);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}
