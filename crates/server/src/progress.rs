use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressStyle};

/// A bar on a terminal; elsewhere a plain line that says what begins.
pub(crate) fn of(what: &'static str, steps: u64) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        eprintln!("{what}: {steps}");
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{msg} {wide_bar} {human_pos}/{human_len} {eta}");
    ProgressBar::new(steps)
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        .with_message(what)
}
