//! Where a request stands in the trace of its caller.

use actix_web::http::header::{HeaderMap, HeaderName};

/// The header that carries it.
pub(crate) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// What the header `traceparent` says: <https://www.w3.org/TR/trace-context>.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TraceContext<'a> {
    /// 32 hexadecimal digits in lower case, not all of them 0.
    pub(crate) trace_id: &'a str,
    /// The span that asks: 16 digits of the same kind.
    pub(crate) parent_id: &'a str,
    /// Whether the caller may have recorded it.
    pub(crate) sampled: bool,
}

impl<'a> TraceContext<'a> {
    /// The context that a request came with, if it came with a valid one.
    pub(crate) fn of(request: &'a HeaderMap) -> Option<Self> {
        Self::parse(request.get(TRACEPARENT)?.to_str().ok()?)
    }

    fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.splitn(5, '-');
        let version = hex(parts.next()?, 2)?;
        let (trace_id, parent_id) = (hex(parts.next()?, 32)?, hex(parts.next()?, 16)?);
        let flags = u8::from_str_radix(hex(parts.next()?, 2)?, 16).ok()?;
        let has_more = parts.next().is_some();
        // Later versions may have more parts, this one has not.
        if version == "ff" || version == "00" && has_more || is_zero(trace_id) || is_zero(parent_id)
        {
            return None;
        }
        Some(Self { trace_id, parent_id, sampled: flags & 1 == 1 })
    }
}

fn hex(text: &str, digits: usize) -> Option<&str> {
    let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    (text.len() == digits && text.bytes().all(is_hex)).then_some(text)
}

fn is_zero(digits: &str) -> bool {
    digits.bytes().all(|digit| digit == b'0')
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const PARENT: &str = "00f067aa0ba902b7";

    #[test]
    fn a_context_is_understood_also_of_a_later_version() {
        for (text, sampled) in [
            (format!("00-{TRACE}-{PARENT}-01"), true),
            (format!("00-{TRACE}-{PARENT}-00"), false),
            (format!("00-{TRACE}-{PARENT}-03"), true),
            (format!("cc-{TRACE}-{PARENT}-01"), true),
            (format!("cc-{TRACE}-{PARENT}-01-what-comes"), true),
        ] {
            let expected = TraceContext { trace_id: TRACE, parent_id: PARENT, sampled };
            assert_eq!(TraceContext::parse(&text), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_context_is_ignored() {
        let (no_trace, no_parent) = ("0".repeat(32), "0".repeat(16));
        for text in [
            String::new(),
            "-".repeat(100),
            TRACE.to_owned(),
            format!("00-{TRACE}-{PARENT}"),
            format!("00-{TRACE}-{PARENT}-01-more"),
            format!("00-{TRACE}-{PARENT}-1"),
            format!("00-{TRACE}-{PARENT}-+1"),
            format!("ff-{TRACE}-{PARENT}-01"),
            format!("00-{no_trace}-{PARENT}-01"),
            format!("00-{TRACE}-{no_parent}-01"),
            format!("00-{}-{PARENT}-01", TRACE.to_uppercase()),
            format!("00-{}-{PARENT}-01", &TRACE[1..]),
            format!("00-{TRACE}-{}\n-01", &PARENT[1..]),
        ] {
            assert_eq!(TraceContext::parse(&text), None, "{text}");
        }
    }
}
