use std::io::{ErrorKind, Read};

use memchr::{memchr, memchr2};
use sha2::{Digest, Sha256};

use crate::refusal::Problem;

/// A file's bytes as they arrive, digested on the way. What is held of them at
/// a time is what is asked for: a line, an element of a list, or all.
pub(crate) struct Content<'a> {
    source: Box<dyn Read + 'a>,
    digest: Sha256,
    held: Vec<u8>,
    /// How many of the held bytes have been handed out.
    taken: usize,
    ended: bool,
}

impl<'a> Content<'a> {
    /// How much is read at once, at least.
    const CHUNK: usize = 256 * 1024;

    /// The most that a line or an element may have.
    const MAX_HELD: usize = 1 << 30;

    /// The most that a document may have which is held as a whole: what is made
    /// of it takes memory beside it.
    const MAX_WHOLE: usize = 256 << 20;

    pub(crate) fn new(source: impl Read + 'a) -> Self {
        Self {
            source: Box::new(source),
            digest: Sha256::new(),
            held: Vec::new(),
            taken: 0,
            ended: false,
        }
    }

    /// The bytes at hand, at least `length` of them unless the file ends.
    pub(crate) fn peek(&mut self, length: usize) -> Result<&[u8], Problem> {
        while self.at_hand().len() < length && self.read_more()? {}
        Ok(self.at_hand())
    }

    /// Whether the file ends with the bytes at hand.
    pub(crate) fn is_all_at_hand(&self) -> bool {
        self.ended
    }

    /// All the bytes that are left.
    pub(crate) fn rest(&mut self) -> Result<&[u8], Problem> {
        self.rest_up_to(Self::MAX_WHOLE)
    }

    fn rest_up_to(&mut self, max: usize) -> Result<&[u8], Problem> {
        while self.at_hand().len() <= max && self.read_more()? {}
        if self.at_hand().len() > max {
            let max = max >> 20;
            let what = format_args!("as one document it may have {max} MiB, not more");
            return Err(Problem::new(what));
        }
        let from = std::mem::replace(&mut self.taken, self.held.len());
        Ok(&self.held[from..])
    }

    /// The next line, without its end; `None` behind the last one.
    pub(crate) fn line(&mut self) -> Result<Option<&[u8]>, Problem> {
        let mut searched = 0;
        let length = loop {
            let unsearched = &self.at_hand()[searched..];
            if let Some(at) = memchr(b'\n', unsearched) {
                break searched + at;
            }
            searched = self.at_hand().len();
            if !self.read_more()? {
                break searched;
            }
        };
        if length == 0 && self.at_hand().is_empty() {
            return Ok(None);
        }
        let from = self.taken;
        self.taken = (from + length + 1).min(self.held.len());
        Ok(Some(&self.held[from..from + length]))
    }

    /// Takes the bracket that opens a list, and any white space before it.
    pub(crate) fn open_list(&mut self) -> Result<(), Problem> {
        match self.first_visible()? {
            Some(b'[') => {
                self.taken += 1;
                Ok(())
            }
            _ => Err(Problem::new("it is not a list")),
        }
    }

    /// The next element of the opened list, as text that is yet to be parsed;
    /// `None` where the list and with it the file ends. At the file's end, an
    /// element is what there is of it.
    pub(crate) fn element(&mut self, first: bool) -> Result<Option<&[u8]>, Problem> {
        match self.first_visible()? {
            None => return Err(Problem::new("not valid JSON: EOF while parsing a list")),
            Some(b']') => {
                self.taken += 1;
                return self.end_of_list().map(|()| None);
            }
            Some(_) if first => {}
            Some(b',') => self.taken += 1,
            Some(_) => return Err(Problem::new("not valid JSON: expected `,` or `]`")),
        }
        let mut scan = Scan::default();
        let mut scanned = 0;
        let length = loop {
            match scan.end(&self.at_hand()[scanned..]) {
                Some(at) => break scanned + at,
                None => scanned = self.at_hand().len(),
            }
            if !self.read_more()? {
                break scanned;
            }
        };
        let from = self.taken;
        self.taken += length;
        Ok(Some(&self.held[from..from + length]))
    }

    /// The SHA-256 of the file, read to its end.
    pub(crate) fn sha256(mut self) -> Result<[u8; 32], Problem> {
        self.taken = self.held.len();
        while self.read_more()? {
            self.taken = self.held.len();
        }
        Ok(self.digest.finalize().into())
    }

    fn end_of_list(&mut self) -> Result<(), Problem> {
        match self.first_visible()? {
            None => Ok(()),
            Some(_) => Err(Problem::new("not valid JSON: trailing characters after the list")),
        }
    }

    /// Takes white space, and shows the byte that follows; `None` at the end.
    pub(crate) fn first_visible(&mut self) -> Result<Option<u8>, Problem> {
        loop {
            let blank = self.at_hand().iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            self.taken += blank;
            if let Some(byte) = self.at_hand().first() {
                return Ok(Some(*byte));
            }
            if !self.read_more()? {
                return Ok(None);
            }
        }
    }

    fn at_hand(&self) -> &[u8] {
        &self.held[self.taken..]
    }

    /// Reads on; false at the end of the file.
    fn read_more(&mut self) -> Result<bool, Problem> {
        if self.ended {
            return Ok(false);
        }
        self.held.drain(..self.taken);
        self.taken = 0;
        let before = self.held.len();
        if before >= Self::MAX_HELD {
            let max = Self::MAX_HELD >> 20;
            return Err(Problem::new(format_args!("one piece of it is larger than {max} MiB")));
        }
        // By half as much again, so that a long piece is not copied often.
        self.held.resize(before + Self::CHUNK.max(before / 2), 0);
        let read = loop {
            match self.source.read(&mut self.held[before..]) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                read => break read,
            }
        };
        let read = read.map_err(|error| Problem::unreadable(&error));
        self.held.truncate(before + read.as_ref().map_or(0, |length| *length));
        self.digest.update(&self.held[before..]);
        self.ended = read? == 0;
        Ok(!self.ended)
    }
}

/// Finds the end of an element by its brackets and quotes alone: whether it is
/// JSON is for the parser to say.
#[derive(Default)]
struct Scan {
    depth: usize,
    in_string: bool,
    escaped: bool,
}

impl Scan {
    /// How many bytes come before the comma or bracket that ends the element;
    /// `None` if it goes on behind these bytes.
    fn end(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            if self.escaped {
                self.escaped = false;
            } else if self.in_string {
                at += memchr2(b'"', b'\\', &bytes[at..])?;
                self.escaped = bytes[at] == b'\\';
                self.in_string = self.escaped;
            } else {
                match byte {
                    b'"' => self.in_string = true,
                    b'[' | b'{' => self.depth += 1,
                    b']' | b'}' | b',' if self.depth == 0 => return Some(at),
                    b']' | b'}' => self.depth -= 1,
                    _ => {}
                }
            }
            at += 1;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives one byte at a time, so that whatever can be split is.
    struct Trickle<'a>(&'a [u8]);

    impl Read for Trickle<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let length = buffer.len().min(1);
            self.0.read(&mut buffer[..length])
        }
    }

    fn lines(text: &str) -> Vec<String> {
        let mut content = Content::new(Trickle(text.as_bytes()));
        let mut lines = Vec::new();
        while let Some(line) = content.line().unwrap() {
            lines.push(String::from_utf8(line.to_vec()).unwrap());
        }
        lines
    }

    fn elements(text: &str) -> Result<Vec<String>, String> {
        let mut content = Content::new(Trickle(text.as_bytes()));
        content.open_list()?;
        let mut elements = Vec::new();
        while let Some(element) = content.element(elements.is_empty())? {
            elements.push(String::from_utf8(element.to_vec()).unwrap());
        }
        Ok(elements)
    }

    #[test]
    fn lines_come_one_by_one() {
        assert_eq!(lines("a\n\nbc\r\n"), ["a", "", "bc\r"]);
        assert_eq!(lines("a\nb"), ["a", "b"]);
        assert_eq!(lines(""), <[&str; 0]>::default());
    }

    #[test]
    fn elements_end_where_their_brackets_do_not_where_their_strings_say_so() {
        assert_eq!(
            elements(r#" [{"a": [1, "]}\", \\"]}, 2 ,{}] "#).unwrap(),
            [r#"{"a": [1, "]}\", \\"]}"#, " 2 ", "{}"]
        );
        assert_eq!(elements("[ ]").unwrap(), <[&str; 0]>::default());
    }

    #[test]
    fn a_list_that_does_not_end_is_refused() {
        for (list, reason) in [
            ("[1, 2", "EOF while parsing a list"),
            ("[", "EOF while parsing a list"),
            ("[1] 2", "trailing characters"),
            ("[1}", "expected `,` or `]`"),
        ] {
            let problem = elements(list).unwrap_err();
            assert!(problem.contains(reason), "{list}: {problem}");
        }
        assert_eq!(elements("1").unwrap_err(), "it is not a list");
    }

    #[test]
    fn the_digest_is_that_of_all_bytes_however_few_were_looked_at() {
        let bytes = vec![b'x'; 3 * Content::CHUNK];
        let mut content = Content::new(bytes.as_slice());
        content.peek(10).unwrap();
        assert_eq!(content.sha256().unwrap()[..], Sha256::digest(&bytes)[..]);
    }

    #[test]
    fn a_document_is_held_up_to_a_size() {
        const MAX: usize = 1 << 20;
        let rest = |length: u64| {
            let mut content = Content::new(std::io::repeat(b' ').take(length));
            content.rest_up_to(MAX).map(<[u8]>::len).map_err(String::from)
        };
        assert_eq!(rest(MAX as u64), Ok(MAX));
        let refused = Err("as one document it may have 1 MiB, not more".to_owned());
        assert_eq!(rest(MAX as u64 + 1), refused);
        assert_eq!(rest(u64::MAX), refused);
    }

    #[test]
    fn what_cannot_be_read_is_no_fault_of_the_content() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
                Err(std::io::Error::other("the disk is on fire"))
            }
        }
        let problem = Content::new(Broken).line().unwrap_err();
        assert!(matches!(problem, Problem::Unreadable(reason) if reason.contains("on fire")));
    }
}
