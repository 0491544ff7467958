use std::cell::{Cell, RefCell};
use std::error::Error;
use std::fmt::{self, Debug, Write};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chrono::{DateTime, Utc};

use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::FmtContext;
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, Writer};
use tracing_subscriber::registry::LookupSpan;

/// Events as JSON, one a line, their fields beside `timestamp`, `level` and
/// `target`.
///
/// The subscriber's own JSON format makes a map of every event first. With a
/// line per request, that costs more than the rest of a request out of memory.
pub(crate) struct JsonLines;

impl<S, N> FormatEvent<S, N> for JsonLines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut line: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        // Not on the stack, and not borrowed while fields are asked what they say:
        // one of them may log.
        let mut text = TEXT.take();
        text.clear();
        let written = write_event(&mut text, event).and_then(|()| line.write_str(&text));
        TEXT.set(text);
        written
    }
}

thread_local! {
    /// Where the lines of a thread are put together.
    static TEXT: Cell<String> = const { Cell::new(String::new()) };
}

fn write_event(line: &mut String, event: &Event<'_>) -> fmt::Result {
    line.write_str("{\"timestamp\":\"")?;
    write_now(line)?;
    let metadata = event.metadata();
    line.write_str("\",\"level\":\"")?;
    line.write_str(metadata.level().as_str())?;
    line.write_str("\",\"target\":")?;
    write_string(line, metadata.target())?;
    let mut fields = Fields { line, result: Ok(()) };
    event.record(&mut fields);
    fields.result?;
    fields.line.write_str("}\n")
}

/// Writes fields behind one another. A visitor cannot fail, so that the first
/// failure is kept.
struct Fields<'a> {
    line: &'a mut String,
    result: fmt::Result,
}

impl Fields<'_> {
    fn name(&mut self, field: &Field) -> fmt::Result {
        self.line.write_str(",\"")?;
        self.line.write_str(field.name())?;
        self.line.write_str("\":")
    }

    fn write(&mut self, field: &Field, value: impl FnOnce(&mut String) -> fmt::Result) {
        if self.result.is_ok() {
            self.result = self.name(field).and_then(|()| value(self.line));
        }
    }
}

impl Visit for Fields<'_> {
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.write(field, |line| line.write_str(itoa::Buffer::new().format(value)));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.write(field, |line| line.write_str(itoa::Buffer::new().format(value)));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.write(field, |line| write!(line, "{value}"));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        // JSON has no NaN and no infinity.
        self.write(field, |line| match value.is_finite() {
            true => write!(line, "{value}"),
            false => line.write_str("null"),
        });
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.write(field, |line| write_string(line, value));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        let mut words = value.to_string();
        let mut cause = value.source();
        while let Some(error) = cause {
            words = format!("{words}: {error}");
            cause = error.source();
        }
        self.record_str(field, &words);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.write(field, |line| {
            line.write_char('"')?;
            write!(Escaped(line), "{value:?}")?;
            line.write_char('"')
        });
    }
}

/// Writes the present moment to the microsecond, such as
/// `2026-01-31T12:00:00.000000Z`. The second is written out once a second.
fn write_now(line: &mut String) -> fmt::Result {
    thread_local! {
        static SECOND: RefCell<(u64, String)> = const { RefCell::new((u64::MAX, String::new())) };
    }
    #[expect(clippy::disallowed_methods, reason = "the log is part of no use case")]
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    SECOND.with_borrow_mut(|(second, text)| {
        if *second != now.as_secs() {
            *second = now.as_secs();
            let moment = DateTime::<Utc>::from(UNIX_EPOCH + Duration::from_secs(*second));
            *text = moment.format("%Y-%m-%dT%H:%M:%S.").to_string();
        }
        line.write_str(text)
    })?;
    let mut micros = itoa::Buffer::new();
    // The digit in front keeps the zeros.
    line.write_str(&micros.format(1_000_000 + now.subsec_micros())[1..])?;
    line.write_char('Z')
}

fn write_string(line: &mut String, text: &str) -> fmt::Result {
    line.write_char('"')?;
    Escaped(line).write_str(text)?;
    line.write_char('"')
}

/// Writes the inside of a JSON string. Most texts need no escapes and are copied
/// as they are.
struct Escaped<'a>(&'a mut String);

impl Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let is_special = |b: u8| (b < b' ') | (b == b'"') | (b == b'\\') | (b == 0x7f);
        // Without a way out, so that many bytes are looked at at once.
        if !text.bytes().fold(false, |special, byte| special | is_special(byte)) {
            return self.0.write_str(text);
        }
        let quoted = serde_json::to_string(text).map_err(|_| fmt::Error)?;
        self.0.write_str(&quoted[1..quoted.len() - 1])
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn an_event_is_one_line_of_json_whatever_is_in_it() {
        let written = Written::default();
        let writer = written.clone();
        let subscriber = tracing_subscriber::fmt()
            .event_format(JsonLines)
            .with_writer(move || writer.clone())
            .finish();
        tracing::subscriber::with_default(subscriber, || {
            let cause = io::Error::other("disk full");
            let error = &cause as &(dyn Error + 'static);
            let (size, ratio) = (7, f64::NAN);
            tracing::warn!(target: "test", error, size, ratio, path = "a\"b\n\u{1b}[31m", "said");
        });
        let line = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
        assert_eq!(line.matches('\n').count(), 1, "{line:?}");
        let json: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(json["level"], "WARN");
        assert_eq!(json["target"], "test");
        assert_eq!(json["message"], "said");
        assert_eq!(json["error"], "disk full");
        assert_eq!(json["size"], 7);
        assert_eq!(json["ratio"], serde_json::Value::Null);
        assert_eq!(json["path"], "a\"b\n\u{1b}[31m");
        assert!(json["timestamp"].as_str().unwrap().ends_with('Z'));
    }
}
