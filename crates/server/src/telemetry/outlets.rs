use std::borrow::Cow;
use std::io::{self, Write};

use tracing_subscriber::fmt::MakeWriter;

use super::line_buffer::LineBuffer;

/// Everywhere that the log goes. An event is one line there, whatever is in it.
#[derive(Clone)]
pub(crate) struct Outlets {
    pub(super) buffers: Vec<LineBuffer>,
    /// Whether escape sequences are wanted. The subscriber escapes those inside
    /// of messages and errors.
    pub(super) coloured: bool,
}

impl Outlets {
    /// How many lines were dropped so far.
    pub(super) fn dropped(&self) -> u64 {
        self.buffers.iter().map(LineBuffer::dropped).sum()
    }

    /// Opens files anew.
    pub(super) fn reopen(&self) {
        self.buffers.iter().for_each(LineBuffer::reopen);
    }
}

impl Write for &Outlets {
    /// The subscriber hands every event over in one piece.
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let line = one_line(event, self.coloured);
        self.buffers.iter().for_each(|buffer| buffer.add(&line));
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Outlets {
    type Writer = &'a Self;

    fn make_writer(&'a self) -> Self::Writer {
        self
    }
}

/// The event as one line: what could end it, or steer a terminal, is spelt out.
fn one_line(event: &[u8], coloured: bool) -> Cow<'_, [u8]> {
    const ESCAPE: u8 = 0x1b;
    let is_harmless = |byte: u8| !byte.is_ascii_control() | coloured & (byte == ESCAPE);
    let text = event.strip_suffix(b"\n").unwrap_or(event);
    // Without a way out, so that many bytes are looked at at once.
    if text.iter().fold(true, |harmless, byte| harmless & is_harmless(*byte)) {
        return event.into();
    }
    let mut line = Vec::with_capacity(event.len() + 16);
    for byte in text {
        match is_harmless(*byte) {
            true => line.push(*byte),
            false => line.extend(byte.escape_ascii()),
        }
    }
    line.push(b'\n');
    line.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_stays_one_line() {
        let forged = b"INFO said\r\nINFO forged\x1b[31m\tred\n";
        assert_eq!(*one_line(forged, false), *b"INFO said\\r\\nINFO forged\\x1b[31m\\tred\n");
        assert_eq!(
            *one_line(b"\x1b[32m INFO\x1b[0m a\nb\n", true),
            *b"\x1b[32m INFO\x1b[0m a\\nb\n"
        );
    }

    #[test]
    fn an_event_without_controls_is_not_copied() {
        let event = "INFO caf\u{e9} \"quoted\"\n".as_bytes();
        assert!(matches!(one_line(event, false), Cow::Borrowed(line) if line == event));
    }
}
