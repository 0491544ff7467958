//! What a caller has already, and which content codings it takes (RFC 9110).

use actix_web::http::header::{self, HeaderMap, HeaderValue};

/// How a body is coded on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coding {
    Identity,
    Gzip,
    Brotli,
}

impl Coding {
    /// The coding's name in `Content-Encoding`, `None` where there is none.
    pub(crate) fn name(self) -> Option<&'static str> {
        match self {
            Self::Identity => None,
            Self::Gzip => Some("gzip"),
            Self::Brotli => Some("br"),
        }
    }

    /// The one of `offered`, the best first, that the caller likes most; no
    /// coding where it takes none of them.
    pub(crate) fn preferred(request: &HeaderMap, offered: &[Self]) -> Self {
        if !request.contains_key(header::ACCEPT_ENCODING) {
            return Self::Identity;
        }
        let accepted = Accepted::read(request);
        let mut best = (Self::Identity, accepted.identity.unwrap_or(0));
        for &coding in offered.iter().rev() {
            let quality = accepted.quality(coding);
            if quality > 0 && quality >= best.1 {
                best = (coding, quality);
            }
        }
        best.0
    }
}

/// The qualities of an `Accept-Encoding`, in thousandths.
#[derive(Default)]
struct Accepted {
    brotli: Option<u16>,
    gzip: Option<u16>,
    identity: Option<u16>,
    any: Option<u16>,
}

impl Accepted {
    fn read(request: &HeaderMap) -> Self {
        let mut accepted = Self::default();
        let lines = request.get_all(header::ACCEPT_ENCODING).filter_map(|line| line.to_str().ok());
        for entry in lines.flat_map(|line| line.split(',')) {
            let (name, parameters) = entry.split_once(';').unwrap_or((entry, ""));
            let slot = match name.trim() {
                name if name.eq_ignore_ascii_case("br") => &mut accepted.brotli,
                name if name.eq_ignore_ascii_case("gzip") => &mut accepted.gzip,
                name if name.eq_ignore_ascii_case("identity") => &mut accepted.identity,
                "*" => &mut accepted.any,
                _ => continue,
            };
            *slot = Some(quality(parameters));
        }
        accepted
    }

    fn quality(&self, coding: Coding) -> u16 {
        let named = match coding {
            Coding::Identity => self.identity,
            Coding::Gzip => self.gzip,
            Coding::Brotli => self.brotli,
        };
        named.or(self.any).unwrap_or(0)
    }
}

/// Whether the caller would rather have this media type than JSON: only who names
/// it. Nearly everybody else says nothing, or `*/*`.
pub(crate) fn prefers(request: &HeaderMap, media_type: &str) -> bool {
    let (_, subtype) = media_type.split_once('/').unwrap_or_default();
    let lines = || request.get_all(header::ACCEPT).map(HeaderValue::as_bytes);
    let names_it = |line: &[u8]| {
        let mut parts = line.windows(subtype.len());
        parts.any(|part| part.eq_ignore_ascii_case(subtype.as_bytes()))
    };
    if !lines().any(names_it) {
        return false;
    }
    // By how precisely a range names JSON: the most precise one counts.
    let (mut liked, mut json) = (0, [None; 3]);
    for entry in lines().filter_map(|line| str::from_utf8(line).ok()).flat_map(|it| it.split(',')) {
        let (range, parameters) = entry.split_once(';').unwrap_or((entry, ""));
        let slot = match range.trim().to_ascii_lowercase().as_str() {
            named if named == media_type => {
                liked = quality(parameters);
                continue;
            }
            "application/json" => &mut json[0],
            "application/*" => &mut json[1],
            "*/*" => &mut json[2],
            _ => continue,
        };
        *slot = Some(quality(parameters));
    }
    let [named, family, anything] = json;
    match named {
        Some(json) => liked > json,
        None => liked > 0 && liked >= family.or(anything).unwrap_or(0),
    }
}

/// The quality that one of the parameters says, such as `q=0.5`: 1 where none
/// does, 0 where it makes no sense.
fn quality(parameters: &str) -> u16 {
    let quality = parameters.split(';').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("q").then(|| value.trim())
    });
    match quality.map(str::parse::<f32>) {
        None => 1000,
        Some(Ok(quality @ 0.0..=1.0)) => (quality * 1000.0) as u16,
        Some(_) => 0,
    }
}

/// Whether the caller has the representation with this entity tag already, by
/// its `If-None-Match`: `*`, or a list compared weakly.
pub(crate) fn is_known(request: &HeaderMap, tag: &[u8]) -> bool {
    let Some(first) = request.get(header::IF_NONE_MATCH) else { return false };
    // Who asks again mostly sends what it was given.
    first.as_bytes() == tag || is_listed(request, tag)
}

fn is_listed(request: &HeaderMap, tag: &[u8]) -> bool {
    request
        .get_all(header::IF_NONE_MATCH)
        .filter_map(|line| line.to_str().ok())
        .any(|line| line.trim() == "*" || entity_tags(line).any(|known| known.as_bytes() == tag))
}

/// The quoted parts of a list of entity tags; a `W/` before one is ignored.
fn entity_tags(list: &str) -> impl Iterator<Item = &str> {
    let mut rest = list;
    std::iter::from_fn(move || {
        let start = rest.find('"')?;
        let end = start + 1 + rest[start + 1..].find('"')?;
        let tag = &rest[start..=end];
        rest = &rest[end + 1..];
        Some(tag)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: [Coding; 2] = [Coding::Brotli, Coding::Gzip];

    fn preferred(accept: &'static str) -> Coding {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(accept));
        Coding::preferred(&headers, &BOTH)
    }

    #[test]
    fn a_caller_that_says_nothing_gets_no_coding() {
        assert_eq!(Coding::preferred(&HeaderMap::new(), &BOTH), Coding::Identity);
    }

    #[test]
    fn the_quality_decides_and_brotli_wins_a_tie() {
        for (accept, coding) in [
            ("gzip, deflate, br", Coding::Brotli),
            ("gzip", Coding::Gzip),
            ("br;q=0.2, gzip;q=0.8", Coding::Gzip),
            ("BR ; Q=0.5", Coding::Brotli),
            ("*", Coding::Brotli),
            ("*;q=0.5, br;q=0", Coding::Gzip),
            ("gzip;q=0.5, identity", Coding::Identity),
            ("gzip;q=0", Coding::Identity),
            ("gzip;q=nonsense", Coding::Identity),
            ("gzip;x=y;q=0", Coding::Identity),
            ("gzip;q=0.5;x=y, br;q=0.2", Coding::Gzip),
            ("gzip;x; q = 0.5 ;, br;q=0.2", Coding::Gzip),
            ("zstd", Coding::Identity),
            ("", Coding::Identity),
        ] {
            assert_eq!(preferred(accept), coding, "{accept}");
        }
    }

    #[test]
    fn the_lines_of_a_header_are_one_list() {
        let mut headers = HeaderMap::new();
        headers.append(header::ACCEPT_ENCODING, HeaderValue::from_static("deflate"));
        headers.append(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        assert_eq!(Coding::preferred(&headers, &BOTH), Coding::Gzip);
    }

    #[test]
    fn what_is_not_offered_is_not_chosen() {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("br, gzip;q=0.1"));
        assert_eq!(Coding::preferred(&headers, &[Coding::Gzip]), Coding::Gzip);
    }

    fn csv(accept: &'static str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
        prefers(&headers, "text/csv")
    }

    #[test]
    fn csv_is_for_who_names_it_and_likes_it_no_less() {
        for accept in [
            "text/csv",
            "TEXT/CSV; header=present",
            "text/csv, */*",
            "text/csv, */*;q=0.1",
            "application/json;q=0.5, text/csv;q=0.9",
            "application/*;q=0.8, text/csv;q=0.9, */*",
            "text/csv; q=0.9; header=present, application/json;q=0.5",
        ] {
            assert!(csv(accept), "{accept}");
        }
        for accept in [
            "",
            "*/*",
            "text/*",
            "application/json",
            "text/csv;q=0",
            "text/csv, application/json",
            "text/csv;q=0.5, */*",
            "text/csv; charset=utf-8; q=0.1, application/json;q=0.9",
            "text/csv-schema",
        ] {
            assert!(!csv(accept), "{accept}");
        }
        assert!(!prefers(&HeaderMap::new(), "text/csv"));
    }

    #[test]
    fn a_page_is_for_browsers() {
        let html = |accept| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
            prefers(&headers, "text/html")
        };
        let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
        assert!(html(browser) && html("text/html"));
        assert!(!html("*/*") && !html("application/json") && !html("application/json, text/html"));
    }

    fn knows(if_none_match: &'static str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::IF_NONE_MATCH, HeaderValue::from_static(if_none_match));
        is_known(&headers, b"\"abc\"")
    }

    #[test]
    fn a_tag_is_known_alone_in_a_list_weakly_or_by_a_star() {
        for known in ["\"abc\"", "W/\"abc\"", "\"x\", W/\"abc\"", "\"a,b\",\"abc\"", "*", " * "] {
            assert!(knows(known), "{known}");
        }
    }

    #[test]
    fn another_tag_is_not_known() {
        for unknown in ["\"abcd\"", "abc", "\"abc", "\"x, abc\"", "\"ABC\"", ""] {
            assert!(!knows(unknown), "{unknown}");
        }
    }
}
