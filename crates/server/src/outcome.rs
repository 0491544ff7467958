use std::process::ExitCode;

use thiserror::Error;

/// Input that was understood and refused: exit code 3, where other failures
/// are 1 and a command line that makes no sense is 2.
#[derive(Debug, Error)]
#[error("{0}")]
pub(crate) struct Refused(pub(crate) String);

/// Says on stderr what went wrong, in one line, and gives the exit code.
pub(crate) fn exit_code(outcome: anyhow::Result<()>) -> ExitCode {
    let Err(error) = outcome else { return ExitCode::SUCCESS };
    // A reader that closed its end of the pipe has seen all it wanted.
    let broken_pipe = error
        .downcast_ref::<std::io::Error>()
        .is_some_and(|e| e.kind() == std::io::ErrorKind::BrokenPipe);
    if broken_pipe {
        return ExitCode::SUCCESS;
    }
    eprintln!("benchmark-api: {error:#}");
    ExitCode::from(if error.is::<Refused>() { 3 } else { 1 })
}
